//! A copy of the project in which the source is changed, built and run.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::table::Mutant;

/// What of the project takes part.
const PARTS: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "README.md",
    "src",
    "tests",
    "benches",
    "spec-vectors",
];

/// How long something may run once it is built.
const PATIENCE: Duration = Duration::from_secs(180);

/// What came of running something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    DoesNotBuild,
    Fails,
    /// It was ended after a while.
    Hangs,
    /// And there was something to run.
    Passes,
    /// The tool could not read the vectors, which says nothing about them.
    Unusable,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DoesNotBuild => "does not build",
            Self::Fails => "fails",
            Self::Hangs => "hangs",
            Self::Passes => "passes",
            Self::Unusable => "cannot read the vectors",
        })
    }
}

/// The copy. What is built stays for the next mutant and for the next time.
pub(crate) struct Workshop {
    folder: PathBuf,
    original: PathBuf,
}

impl Workshop {
    /// Brings the copy up to date.
    pub(crate) fn open(original: &Path) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants");
        let mut wanted = BTreeSet::new();
        for part in PARTS {
            gather(original, Path::new(part), &mut wanted);
        }
        let mut found = BTreeSet::new();
        for part in PARTS {
            gather(&folder, Path::new(part), &mut found);
        }
        for path in found.difference(&wanted) {
            fs::remove_file(folder.join(path)).unwrap();
        }
        for path in &wanted {
            put(&folder.join(path), &content(original, path));
        }
        Self {
            folder,
            original: original.to_owned(),
        }
    }

    /// Does something with a mutant in place.
    pub(crate) fn with<T>(&self, mutant: &Mutant, action: impl FnOnce(&Self) -> T) -> T {
        let path = Path::new(&mutant.file);
        let text = String::from_utf8(content(&self.original, path)).unwrap();
        let broken = text.replacen(&mutant.from, &mutant.to, 1);
        put(&self.folder.join(path), broken.as_bytes());
        let result = action(self);
        put(&self.folder.join(path), text.as_bytes());
        result
    }

    /// Builds what is to be run, and runs it.
    pub(crate) fn run(&self, run: &str) -> Outcome {
        let (target, filter) = run.split_once(' ').unwrap_or((run, ""));
        let program = match target {
            "conformance" => self.build(&["build", "--bin", "roomdag"], "roomdag"),
            "lib" => self.build(&["test", "--no-run", "--lib"], "roomdag"),
            // Examples are linked with the library that tests are, of which this is the smallest.
            "doc" => self.build(&["test", "--no-run", "--test", "mutants"], "mutants"),
            target => self.build(&["test", "--no-run", "--test", target], target),
        };
        let Some(program) = program else {
            return Outcome::DoesNotBuild;
        };
        let mut command = if target == "doc" {
            self.cargo(&["test", "--doc", "--", filter])
        } else {
            let mut command = Command::new(&program);
            command.current_dir(&self.folder);
            match target {
                "conformance" => command.args(["conformance", filter, "--format", "json"]),
                _ => command.arg(filter),
            };
            command
        };
        let log = self.folder.join("target/output");
        command
            .stdout(File::create(&log).unwrap())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begin.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
                return Outcome::Hangs;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let output = fs::read(&log).unwrap();
        let output = String::from_utf8_lossy(&output);
        // Tests that are named and not there pass, and so do no tests at all.
        let has_run = target == "conformance" || !output.contains("running 0 tests");
        match (status.success(), has_run) {
            (true, true) => Outcome::Passes,
            (true, false) => panic!("`{run}` runs nothing"),
            (false, _) if target == "conformance" && status.code() == Some(2) => Outcome::Unusable,
            (false, _) => Outcome::Fails,
        }
    }

    /// Builds, and gives the path of the program of that name; `None` if it does not build.
    fn build(&self, args: &[&str], name: &str) -> Option<PathBuf> {
        let mut command = self.cargo(args);
        command.arg("--message-format=json");
        let output = command.stderr(Stdio::null()).output().unwrap();
        if !output.status.success() {
            return None;
        }
        let messages = String::from_utf8(output.stdout).unwrap();
        let mut program = None;
        for line in messages.lines().filter(|line| line.starts_with('{')) {
            let message: serde_json::Value = serde_json::from_str(line).unwrap();
            if message["target"]["name"] == *name {
                program = message["executable"]
                    .as_str()
                    .map(PathBuf::from)
                    .or(program);
            }
        }
        // A library is no program.
        Some(program.unwrap_or_default())
    }

    fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO"));
        command
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", self.folder.join("target"))
            .env("RUSTFLAGS", "--cap-lints=allow");
        // Nobody looks at what is built with a debugger, and the tool is quick enough as it is
        // quickest to build. Tests keep their optimisation: some run on a small stack.
        command
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_PROFILE_TEST_DEBUG", "0");
        let (verb, rest) = args.split_first().unwrap();
        command.arg(verb).arg("--all-features").args(rest);
        command
    }
}

/// The files at or below a path, relative to `root`.
fn gather(root: &Path, path: &Path, files: &mut BTreeSet<PathBuf>) {
    let full = root.join(path);
    if full.is_dir() {
        for entry in fs::read_dir(full).unwrap() {
            gather(root, &path.join(entry.unwrap().file_name()), files);
        }
    } else if full.exists() {
        files.insert(path.to_owned());
    }
}

/// What a file of the copy should hold.
fn content(original: &Path, path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(original.join(path)).unwrap();
    // The copy lies below the project, and is no part of it.
    if path == Path::new("Cargo.toml") && !String::from_utf8_lossy(&bytes).contains("[workspace]") {
        bytes.extend(b"\n[workspace]\n");
    }
    bytes
}

/// Writes a file if that changes it, so that only what changed is built again.
fn put(path: &Path, bytes: &[u8]) {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return;
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

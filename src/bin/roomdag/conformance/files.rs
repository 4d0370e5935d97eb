//! Finding files with known answers, and reading what they ask.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use roomdag::lab::conformance::{
    Case, FileError, Report, RoomFiles, arrivals, case_room, cases, real_room,
};

use crate::failure::Failure;

/// Something to ask.
pub(super) enum Work {
    /// A case.
    Case(Box<Case>),
    /// A room, which is one case for other implementations and many for the built-in engine.
    Room(Box<Case>, RoomPaths),
}

impl Work {
    pub(super) fn case(&self) -> &Case {
        match self {
            Self::Case(case) | Self::Room(case, _) => case,
        }
    }
}

/// What is to be asked of the files at or below the paths, in order; each file once, however often
/// and by whatever paths it is named.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<Work>, Failure> {
    let mut work = Vec::new();
    let mut taken = BTreeSet::new();
    for named in paths {
        for (path, kind) in below(named)? {
            let whole = fs::canonicalize(&path).map_err(|error| unusable(&path, error))?;
            if taken.contains(&whole) {
                continue;
            }
            match kind {
                Kind::Real | Kind::Made => work.push(room(&path, &whole, kind)?),
                Kind::Cases => match read_cases(&path)? {
                    Ok(found) => {
                        work.extend(found.into_iter().map(|case| Work::Case(Box::new(case))));
                    }
                    // A folder may hold other files; one that was named may not.
                    Err(error) if path != *named && is_other(&path, &error) => continue,
                    Err(error) => return Err(unusable(&path, error)),
                },
            }
            taken.insert(whole);
        }
    }
    Ok(work)
}

/// Whether a file in a folder is none of expectations, rather than a broken one: by what it holds, or
/// because its name does not say that it is JSON.
fn is_other(path: &Path, error: &FileError) -> bool {
    match error {
        FileError::Unknown => true,
        FileError::Json(_) => path.extension().is_none(),
        _ => false,
    }
}

fn read_cases(path: &Path) -> Result<Result<Vec<Case>, FileError>, Failure> {
    let beside = |name: &str| fs::read(path.with_file_name(name)).ok();
    let bytes = read(path)?;
    Ok(cases(&bytes, &path.display().to_string(), beside))
}

/// What a file holds, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// `events.ndjson` with `expected.json` beside it.
    Real,
    /// `N.ndjson` with `N.expected.json` beside it.
    Made,
    /// Cases, or something else.
    Cases,
}

/// The files with known answers at or below a path, sorted by name. On a stack: folders may be
/// nested.
fn below(path: &Path) -> Result<Vec<(PathBuf, Kind)>, Failure> {
    let mut found = Vec::new();
    let mut todo = vec![path.to_owned()];
    let mut opened = BTreeSet::new();
    while let Some(at) = todo.pop() {
        if at.is_dir() {
            // A link may lead to where it stands.
            let whole = fs::canonicalize(&at).map_err(|error| unusable(&at, error))?;
            if !opened.insert(whole) {
                continue;
            }
            for entry in fs::read_dir(&at).map_err(|error| unusable(&at, error))? {
                todo.push(entry.map_err(|error| unusable(&at, error))?.path());
            }
        } else if !at.exists() {
            // A folder may hold links to nothing; what was named has to be there.
            if at == path {
                return Err(unusable(&at, "no such file"));
            }
        } else if let Some(kind) = kind(&at) {
            found.push((at, kind));
        }
    }
    found.sort();
    Ok(found)
}

/// Cases are in JSON files, and in files without an ending, as MSC4458 has them.
fn kind(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?;
    if name == "events.ndjson" && path.with_file_name("expected.json").exists() {
        Some(Kind::Real)
    } else if name.ends_with(".ndjson") && path.with_extension("expected.json").exists() {
        Some(Kind::Made)
    } else if name == "expected.json" || name.ends_with(".expected.json") {
        None
    } else {
        let is_cases = path.extension().is_none_or(|ending| ending == "json");
        is_cases.then_some(Kind::Cases)
    }
}

/// The files of a room.
pub(super) struct RoomPaths {
    kind: Kind,
    events: PathBuf,
    expected: PathBuf,
    keys: Option<PathBuf>,
    trace: Option<PathBuf>,
}

/// A room, whose events have this name, and are `whole` in full.
fn room(events: &Path, whole: &Path, kind: Kind) -> Result<Work, Failure> {
    let existing = |path: PathBuf| Some(path).filter(|path| path.exists());
    let paths = if kind == Kind::Real {
        let mut folders = whole.ancestors();
        RoomPaths {
            kind,
            events: events.to_owned(),
            expected: events.with_file_name("expected.json"),
            keys: folders.find_map(|folder| existing(folder.join("server_keys.json"))),
            trace: existing(events.with_file_name("trace.ndjson")),
        }
    } else {
        RoomPaths {
            kind,
            events: events.to_owned(),
            expected: events.with_extension("expected.json"),
            keys: None,
            trace: None,
        }
    };
    let name = paths.events.display().to_string();
    let case = paths.with_files(|files| files.case(&name))?;
    Ok(Work::Room(Box::new(case), paths))
}

impl RoomPaths {
    /// Holds the built-in engine against all that is known of the room.
    pub(super) fn report(&self, orders: Option<u64>) -> Result<Report, Failure> {
        self.with_files(|files| {
            let mut report = match self.kind {
                Kind::Real => real_room(files)?,
                Kind::Made | Kind::Cases => case_room(files)?,
            };
            if let Some(orders) = orders {
                report.add(arrivals(files, orders)?);
            }
            Ok(report)
        })
    }

    fn with_files<T>(
        &self,
        read_as: impl FnOnce(&RoomFiles<'_>) -> Result<T, FileError>,
    ) -> Result<T, Failure> {
        let optional = |path: &Option<PathBuf>| path.as_deref().map(read).transpose();
        let (keys, trace) = (optional(&self.keys)?, optional(&self.trace)?);
        let files = RoomFiles {
            events: &read(&self.events)?,
            expected: &read(&self.expected)?,
            keys: keys.as_deref(),
            trace: trace.as_deref(),
        };
        read_as(&files).map_err(|error| unusable(&self.events, error))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::input(path.display().to_string(), error)
}

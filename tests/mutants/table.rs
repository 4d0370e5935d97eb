//! Reading the lists of mutants, and the files that show the rows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use roomdag::json::{Array, Mode, Object, Value};

/// One change to the source, and what must notice it.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mutant {
    /// The weakness that it brings back.
    pub(crate) row: String,
    pub(crate) file: String,
    pub(crate) from: String,
    pub(crate) to: String,
    run: String,
    /// What the broken build does.
    pub(crate) why: String,
    /// Whether running for ever counts as failing.
    #[serde(default)]
    pub(crate) hangs: bool,
}

impl Mutant {
    /// What must fail: a target and which part of it.
    pub(crate) fn run(&self) -> String {
        match self.run.as_str() {
            "conformance" => format!("conformance spec-vectors/security/{}.json", self.row),
            other => other.to_owned(),
        }
    }
}

/// The subjects of which there are lists of mutants.
pub(crate) fn letters(root: &Path) -> BTreeSet<String> {
    json_files(&root.join("tests/mutants"))
}

/// All mutants, in the order of the rows.
pub(crate) fn mutants(root: &Path) -> Vec<Mutant> {
    let order = crate::rows::all();
    let mut all: Vec<Mutant> = Vec::new();
    for letter in letters(root) {
        let path = root.join(format!("tests/mutants/{letter}.json"));
        let list: Vec<Mutant> = serde_json::from_slice(&fs::read(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for mutant in &list {
            assert_eq!(crate::rows::letter(&mutant.row), letter, "{}", mutant.why);
        }
        all.extend(list);
    }
    all.sort_by_key(|mutant| order.iter().position(|row| *row == mutant.row));
    all
}

/// What shows one row.
#[derive(Debug)]
pub(crate) struct Proof {
    pub(crate) row: String,
    /// How many cases the file has.
    pub(crate) cases: usize,
    /// Tests, by the names that the suite prints, or files with examples that must not compile.
    pub(crate) tests: Vec<String>,
    /// Other vectors that show it.
    pub(crate) vectors: Vec<String>,
}

/// What shows this row, if anything does.
pub(crate) fn proof(root: &Path, row: &str) -> Option<Proof> {
    let path = root.join(format!("spec-vectors/security/{row}.json"));
    let bytes = fs::read(&path).ok()?;
    let json = Object::parse(&bytes, Mode::Lenient)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let texts = |name| {
        let list = json.get(name).and_then(Value::as_array);
        list.into_iter()
            .flat_map(Array::iter)
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    };
    Some(Proof {
        row: json.get("row").and_then(Value::as_str).unwrap().to_owned(),
        cases: json
            .get("cases")
            .and_then(Value::as_array)
            .map_or(0, Array::len),
        tests: texts("tests"),
        vectors: texts("vectors"),
    })
}

/// Every file of `spec-vectors/security`, with its name.
pub(crate) fn proofs(root: &Path) -> Vec<(String, Proof)> {
    json_files(&root.join("spec-vectors/security"))
        .into_iter()
        .map(|row| (row.clone(), proof(root, &row).unwrap()))
        .collect()
}

/// The names of the JSON files in a folder, without their endings.
fn json_files(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(".json").map(str::to_owned)
        })
        .collect()
}

/// Whether there is a test of this name, or for a path, whether that file has an example that must
/// not compile.
pub(crate) fn test_exists(root: &Path, test: &str) -> bool {
    let holds = |path: &str, text: &str| {
        fs::read_to_string(root.join(path)).is_ok_and(|source| source.contains(text))
    };
    if test.contains('/') {
        return holds(test, "```compile_fail");
    }
    let Some((modules, name)) = test.rsplit_once("::") else {
        return false;
    };
    let function = format!("fn {name}(");
    // A module may stand in the file of the one around it.
    let ways = modules.match_indices("::").map(|(at, _)| &modules[..at]);
    ways.chain([modules]).any(|modules| {
        let path = modules.replace("::", "/");
        let unit = path.strip_suffix("/tests").unwrap_or("");
        [
            format!("tests/suite/{path}.rs"),
            format!("tests/{path}.rs"),
            format!("src/{unit}.rs"),
            format!("src/{unit}/mod.rs"),
        ]
        .iter()
        .any(|file| holds(file, &function))
    })
}

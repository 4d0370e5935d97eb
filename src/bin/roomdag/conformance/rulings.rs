//! What the rulings say, by which failures are grouped, and where they show.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use roomdag::json::{Mode, Object, Value};

/// A ruling.
#[derive(Clone)]
pub(super) struct Ruling {
    /// What the specification leaves open.
    pub(super) unclear: String,
    /// What the vectors expect.
    pub(super) ruled: String,
    /// Where it shows: files, in full, each perhaps with the id of a case.
    pub(super) vectors: Vec<(PathBuf, Option<String>)>,
}

/// The rulings that are known, by id.
#[derive(Default)]
pub(super) struct Rulings(BTreeMap<String, Ruling>);

impl Rulings {
    /// Those in the nearest `rulings.json` at or above one of the paths, as vectors have it. Vectors
    /// of others need not have one, so it is no fault if there is none.
    pub(super) fn near(paths: &[PathBuf]) -> Self {
        let found = paths.iter().find_map(|path| {
            let whole = fs::canonicalize(path).ok()?;
            let above = whole.ancestors();
            above
                .map(|folder| folder.join(NAME))
                .find_map(|file| read(&file))
        });
        Self(found.unwrap_or_default())
    }

    pub(super) fn get(&self, id: &str) -> Option<&Ruling> {
        self.0.get(id)
    }
}

fn read(path: &Path) -> Option<BTreeMap<String, Ruling>> {
    let table = Object::parse(&fs::read(path).ok()?, Mode::Lenient).ok()?;
    let rulings = table.iter().filter_map(|(id, entry)| {
        let entry = entry.as_object()?;
        let text = |member| Some(entry.get(member).and_then(Value::as_str)?.to_owned());
        let vectors = entry.get("vectors").and_then(Value::as_array).into_iter();
        let vectors = vectors.flat_map(|vectors| vectors.iter());
        let vectors = vectors.filter_map(|vector| {
            let vector = vector.as_str()?;
            let (file, case) = match vector.split_once('#') {
                Some((file, case)) => (file, Some(case.to_owned())),
                None => (vector, None),
            };
            Some((fs::canonicalize(path.with_file_name(file)).ok()?, case))
        });
        let ruling = Ruling {
            unclear: text("question")?,
            ruled: text("ruling")?,
            vectors: vectors.collect(),
        };
        Some((id.to_owned(), ruling))
    });
    Some(rulings.collect())
}

const NAME: &str = "rulings.json";

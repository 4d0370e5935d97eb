//! What was measured, as it is written to files and read from them: a line of JSON for the
//! surroundings, then one for each cell.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::answer::Difference;

/// Everything that was measured in one go.
#[derive(Serialize, Deserialize)]
pub struct Report {
    pub surroundings: Surroundings,
    pub cells: Vec<Measured>,
}

/// What the figures depend on.
#[derive(Serialize, Deserialize)]
pub struct Surroundings {
    pub date: String,
    pub processor: String,
    pub compiler: String,
    /// The libraries, with their versions.
    pub libraries: Vec<String>,
}

/// A cell: one task on one input.
#[derive(Serialize, Deserialize)]
pub struct Measured {
    pub stage: String,
    pub shape: String,
    pub room_version: String,
    /// What the input is like, for people.
    pub input: String,
    /// The entries of the largest state.
    pub entries: usize,
    pub figures: Vec<Figure>,
}

/// A library in a cell.
#[derive(Serialize, Deserialize)]
pub struct Figure {
    pub library: String,
    /// In how many rounds it was run. Zero if it panicked.
    pub runs: usize,
    /// For one item.
    pub nanoseconds: Option<Spread>,
    /// For one item, in the uncounted run that follows upon another library's. `None` if runs are
    /// so long that each is counted.
    pub cold: Option<Spread>,
    /// To roomdag's time in the same round.
    pub ratio: Option<Spread>,
    /// Where its answer differs from roomdag's.
    pub differences: Vec<Difference>,
}

/// How values are spread.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub struct Spread {
    pub min: f64,
    pub p10: f64,
    pub median: f64,
    pub p90: f64,
}

impl Spread {
    /// `None` of no values.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let last = values.len().checked_sub(1)?;
            values.get((share * last as f64).round() as usize).copied()
        };
        Some(Self {
            min: at(0.0)?,
            p10: at(0.1)?,
            median: at(0.5)?,
            p90: at(0.9)?,
        })
    }
}

impl Report {
    /// As NDJSON.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut lines = serde_json::to_string(&self.surroundings)? + "\n";
        for cell in &self.cells {
            lines += &serde_json::to_string(cell)?;
            lines.push('\n');
        }
        fs::write(path, lines)
    }

    pub fn read(path: &Path) -> io::Result<Self> {
        let text = fs::read_to_string(path)?;
        let mut lines = text.lines();
        let surroundings = serde_json::from_str(lines.next().unwrap_or_default())?;
        let cells = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
        Ok(Self {
            surroundings,
            cells,
        })
    }
}

//! What many rooms were worth together; the statistics of shards add up to those of the whole.

use roomdag::testing::network::{Check, Conditions, Outcome};
use roomdag::version::RoomVersionRules;
use serde::{Deserialize, Serialize};

use crate::console::Console;
use crate::failure::Failure;
use crate::output::Output;
use crate::seeds::Seeds;
use crate::simulate::campaign::Told;
use crate::table::{Cell, Color, Table};

/// What many rooms were worth.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statistics {
    /// What was given; the seeds decided the rest.
    conditions: Conditions,
    /// The seeds, none of which is there twice.
    seeds: Vec<Seeds>,
    pub(super) rooms: usize,
    pub(super) diverged: usize,
    pub(super) total: Outcome,
    versions: Vec<OfVersion>,
    /// By seed, then by room version; of very many the first ones.
    pub(super) failures: Vec<Failed>,
}

/// What the rooms of one version were worth.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfVersion {
    room_version: String,
    rooms: usize,
    diverged: usize,
    outcome: Outcome,
}

/// A room that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failed {
    pub(super) seed: u64,
    pub(super) room_version: String,
    pub(super) check: Check,
    pub(super) step: usize,
    pub(super) what: String,
}

/// Why statistics do not add up.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MergeError {
    #[error("other conditions or room versions were given")]
    Other,
    #[error("seed {0} is there twice")]
    Twice(u64),
    #[error("the seeds are no range")]
    Range,
}

/// Why a file has no statistics.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error("not one JSON object, as statistics are")]
    Shape,
    #[error("no statistics: {0}")]
    Members(serde_json::Error),
}

impl Statistics {
    /// Reads what was printed as JSON.
    pub(super) fn read(text: &[u8]) -> Result<Self, ReadError> {
        let value: serde_json::Value =
            serde_json::from_slice(text).map_err(|_| ReadError::Shape)?;
        if !value.is_object() {
            return Err(ReadError::Shape);
        }
        serde_json::from_slice(text).map_err(ReadError::Members)
    }

    /// Of no rooms yet, of these seeds.
    pub(super) fn new(
        conditions: Conditions,
        versions: &[RoomVersionRules],
        seeds: Option<Seeds>,
    ) -> Self {
        let of_version = |rules: &RoomVersionRules| OfVersion {
            room_version: rules.id.to_owned(),
            rooms: 0,
            diverged: 0,
            outcome: Outcome::default(),
        };
        Self {
            conditions,
            seeds: seeds.into_iter().collect(),
            rooms: 0,
            diverged: 0,
            total: Outcome::default(),
            versions: versions.iter().map(of_version).collect(),
            failures: Vec::new(),
        }
    }

    /// Adds a room.
    pub(super) fn add(&mut self, seed: u64, room_version: &str, told: &Told) {
        let mut versions = self.versions.iter_mut();
        let of_version = versions.find(|row| row.room_version == room_version);
        self.rooms = self.rooms.saturating_add(1);
        let wrong = told.wrong();
        let diverged = usize::from(wrong.is_some());
        self.diverged = self.diverged.saturating_add(diverged);
        let outcome = match told {
            Told::Converged(outcome) => *outcome,
            _ => Outcome::default(),
        };
        self.total.add(&outcome);
        if let Some(row) = of_version {
            row.rooms = row.rooms.saturating_add(1);
            row.diverged = row.diverged.saturating_add(diverged);
            row.outcome.add(&outcome);
        }
        if let Some(wrong) = wrong.filter(|_| self.failures.len() < KEPT) {
            self.failures.push(Failed {
                seed,
                room_version: room_version.to_owned(),
                check: wrong.check,
                step: wrong.step,
                what: wrong.what,
            });
        }
    }

    /// Both together.
    pub(super) fn merged(mut self, other: Self) -> Result<Self, MergeError> {
        let ids = |rows: &[OfVersion]| -> Vec<String> {
            rows.iter().map(|row| row.room_version.clone()).collect()
        };
        let order = ids(&self.versions);
        if self.conditions != other.conditions || order != ids(&other.versions) {
            return Err(MergeError::Other);
        }
        self.seeds = joined(&self.seeds, &other.seeds)?;
        self.rooms = self.rooms.saturating_add(other.rooms);
        self.diverged = self.diverged.saturating_add(other.diverged);
        self.total.add(&other.total);
        for (row, more) in self.versions.iter_mut().zip(&other.versions) {
            row.rooms = row.rooms.saturating_add(more.rooms);
            row.diverged = row.diverged.saturating_add(more.diverged);
            row.outcome.add(&more.outcome);
        }
        self.failures.extend(other.failures);
        let place = |failed: &Failed| order.iter().position(|id| *id == failed.room_version);
        self.failures
            .sort_by_key(|failed| (failed.seed, place(failed)));
        self.failures.truncate(KEPT);
        Ok(self)
    }

    /// A row for each room version.
    pub(super) fn print(&self, out: &mut Output, console: &Console) -> Result<(), Failure> {
        let header = [
            "VERSION",
            "ROOMS",
            "WRONG",
            "EVENTS",
            "REJECTED",
            "SOFT-FAILED",
            "FORGED",
            "LIES",
            "CRASHES",
            "FORGOTTEN",
            "FILLED",
            "REVISIONS",
            "CHECKED",
            "REPLICAS",
        ];
        let mut table = Table::new(&header, console.colors_output());
        let total = OfVersion {
            room_version: "total".into(),
            rooms: self.rooms,
            diverged: self.diverged,
            outcome: self.total,
        };
        for row in self.versions.iter().chain([&total]) {
            let is_good = row.diverged == 0;
            let color = if is_good { Color::Good } else { Color::Bad };
            let outcome = &row.outcome;
            let mut cells = vec![Cell::new(&row.room_version)];
            for (column, number) in [
                row.rooms,
                row.diverged,
                outcome.events,
                outcome.rejected,
                outcome.soft_failed,
                outcome.forged,
                outcome.lies,
                outcome.crashes,
                outcome.forgotten,
                outcome.filled,
                outcome.revisions,
                outcome.checked,
                outcome.replicas,
            ]
            .iter()
            .enumerate()
            {
                let cell = Cell::new(&number.to_string());
                cells.push(if column == 1 { cell.color(color) } else { cell });
            }
            table.row(cells);
        }
        table.print(out)?;
        Ok(())
    }
}

/// The seeds of both: in one range if there is no hole.
fn joined(one: &[Seeds], other: &[Seeds]) -> Result<Vec<Seeds>, MergeError> {
    let pairs = one
        .iter()
        .flat_map(|one| other.iter().map(move |other| (one, other)));
    if let Some(seed) = pairs.filter_map(|(one, other)| one.common(*other)).min() {
        return Err(MergeError::Twice(seed));
    }
    let mut ranges: Vec<Seeds> = one.iter().chain(other).copied().collect();
    ranges.sort_unstable();
    if ranges.iter().any(|range| range.count() == 0) {
        return Err(MergeError::Range);
    }
    let count = ranges.iter().map(|range| range.count());
    let count = count.fold(0_u128, u128::saturating_add);
    let first = ranges.iter().map(|range| range.first()).min();
    let last = ranges.iter().filter_map(|range| range.last()).max();
    let whole = first
        .zip(last)
        .and_then(|(first, last)| Seeds::every(first, last, 1))
        .filter(|whole| whole.count() == count);
    Ok(whole.map_or(ranges, |whole| vec![whole]))
}

/// How many rooms that went wrong are told of.
pub(super) const KEPT: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::{MergeError, joined};
    use crate::seeds::Seeds;

    #[test]
    fn shares_join_to_the_whole_and_none_counts_twice() {
        let share = |from| Seeds::every(from, 11, 3).unwrap();
        let some = joined(&[share(5)], &[share(7)]).unwrap();
        assert_eq!(some, [share(5), share(7)]);
        let whole = Seeds::every(5, 11, 1).unwrap();
        assert_eq!(joined(&some, &[share(6)]), Ok(vec![whole]));
        let twice = joined(&[whole], &[share(6)]);
        assert_eq!(twice, Err(MergeError::Twice(6)));
    }

    #[test]
    fn shares_of_very_many_seeds_are_joined_without_walking_them() {
        let half = |from| Seeds::every(from, u64::MAX, 2).unwrap();
        let whole = Seeds::every(0, u64::MAX, 1).unwrap();
        assert_eq!(joined(&[half(0)], &[half(1)]), Ok(vec![whole]));
    }
}

//! What many rooms were worth together; the statistics of shards add up to those of the whole.

use roomdag::testing::network::{Check, Conditions, Outcome};
use roomdag::version::RoomVersionRules;
use serde::{Deserialize, Serialize};

use crate::console::Console;
use crate::failure::Failure;
use crate::output::Output;
use crate::seeds::Seeds;
use crate::simulate::campaign::Ending;
use crate::simulate::conditions::Steps;
use crate::table::{Cell, Color, Table};

/// What many rooms were worth.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statistics {
    /// The version of the tool that told the stories: another may tell others.
    roomdag: String,
    /// What was given; the seeds decided the rest.
    conditions: Conditions,
    /// The steps that were left out.
    without: Steps,
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
    #[error(
        "other conditions, steps or room versions were given, or the tool is of another version"
    )]
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
        without: Steps,
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
            roomdag: env!("CARGO_PKG_VERSION").to_owned(),
            conditions,
            without,
            seeds: seeds.into_iter().collect(),
            rooms: 0,
            diverged: 0,
            total: Outcome::default(),
            versions: versions.iter().map(of_version).collect(),
            failures: Vec::new(),
        }
    }

    /// Adds a room.
    pub(super) fn add(&mut self, seed: u64, room_version: &str, ending: &Ending) {
        let mut versions = self.versions.iter_mut();
        let of_version = versions.find(|row| row.room_version == room_version);
        self.rooms = self.rooms.saturating_add(1);
        let (outcome, wrong) = match ending {
            Ending::Converged(outcome) => (*outcome, None),
            Ending::Diverged(wrong) => (Outcome::default(), Some(wrong)),
        };
        let diverged = usize::from(wrong.is_some());
        self.diverged = self.diverged.saturating_add(diverged);
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
                what: wrong.what.clone(),
            });
        }
    }

    /// What must be the same for numbers to add up, apart from the room versions.
    fn given(&self) -> (&str, &Conditions, &Steps) {
        (&self.roomdag, &self.conditions, &self.without)
    }

    fn room_versions(&self) -> Vec<String> {
        let rows = self.versions.iter();
        rows.map(|row| row.room_version.clone()).collect()
    }

    /// Both together.
    pub(super) fn merged(mut self, other: Self) -> Result<Self, MergeError> {
        let order = self.room_versions();
        if self.given() != other.given() || order != other.room_versions() {
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

/// The seeds of both, in the same ranges whatever was joined first: what has no hole is one range.
fn joined(one: &[Seeds], other: &[Seeds]) -> Result<Vec<Seeds>, MergeError> {
    let pairs = one
        .iter()
        .flat_map(|one| other.iter().map(move |other| (one, other)));
    if let Some(seed) = pairs.filter_map(|(one, other)| one.common(*other)).min() {
        return Err(MergeError::Twice(seed));
    }
    let mut ranges: Vec<Seeds> = one.iter().chain(other).copied().collect();
    if ranges.iter().any(|range| range.count() == 0) {
        return Err(MergeError::Range);
    }
    ranges.sort_unstable();
    let mut left = ranges.clone();
    left.sort_unstable_by_key(|range| range.last());
    let mut joined = Vec::new();
    for first in ranges {
        if left.contains(&first) {
            let whole = without_hole(first, &left);
            left.retain(|range| {
                range.first() > first.first() && (whole == first || range.last() > whole.last())
            });
            joined.push(whole);
        }
    }
    Ok(joined)
}

/// The longest range without a hole that begins as this one does and that whole ranges make; this
/// one if there is none. No two of the ranges, which are in the order of their ends, have a seed in
/// common: so as many seeds as there is room for, and none beyond, are all of them.
fn without_hole(first: Seeds, ranges: &[Seeds]) -> Seeds {
    let (mut longest, mut count) = (first, 0_u128);
    for range in ranges.iter().filter(|range| range.first() >= first.first()) {
        count = count.saturating_add(range.count());
        let last = range.last();
        let whole = last.and_then(|last| Seeds::every(first.first(), last, 1));
        longest = whole
            .filter(|whole| whole.count() == count)
            .unwrap_or(longest);
    }
    longest
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
    fn ranges_are_the_same_whatever_is_joined_first() {
        fn orders(shards: &[Seeds], order: &mut Vec<Seeds>, all: &mut Vec<Vec<Seeds>>) {
            if order.len() == shards.len() {
                all.push(order.clone());
            }
            for shard in shards {
                if !order.contains(shard) {
                    order.push(*shard);
                    orders(shards, order, all);
                    order.pop();
                }
            }
        }
        let every = |from, last, step| Seeds::every(from, last, step).unwrap();
        for (shards, whole) in [
            (
                vec![every(0, 1, 1), every(6, 7, 1), every(2, 3, 1)],
                vec![every(0, 3, 1), every(6, 7, 1)],
            ),
            // Shares of what lies in the gap of another share, and a hole.
            (
                vec![
                    every(1, 21, 10),
                    every(2, 6, 2),
                    every(3, 5, 2),
                    every(7, 9, 1),
                    every(12, 12, 1),
                ],
                vec![every(1, 21, 10), every(2, 9, 1), every(12, 12, 1)],
            ),
            (
                vec![
                    every(0, 8, 3),
                    every(1, 8, 3),
                    every(2, 8, 3),
                    every(9, 13, 2),
                    every(20, 29, 1),
                ],
                vec![every(0, 8, 1), every(9, 13, 2), every(20, 29, 1)],
            ),
        ] {
            let mut all = Vec::new();
            orders(&shards, &mut Vec::new(), &mut all);
            for order in all {
                let (one, other) = order.split_at(2);
                let mut sum = Vec::new();
                for shard in one {
                    sum = joined(&sum, &[*shard]).unwrap();
                }
                let mut rest = Vec::new();
                for shard in other {
                    rest = joined(&rest, &[*shard]).unwrap();
                }
                assert_eq!(joined(&sum, &rest), Ok(whole.clone()), "{order:?}");
            }
        }
    }

    #[test]
    fn shares_of_very_many_seeds_are_joined_without_walking_them() {
        let half = |from| Seeds::every(from, u64::MAX, 2).unwrap();
        let whole = Seeds::every(0, u64::MAX, 1).unwrap();
        assert_eq!(joined(&[half(0)], &[half(1)]), Ok(vec![whole]));
    }
}

//! What many rooms were worth together; the statistics of shards add up to those of the whole.

use std::collections::BTreeSet;

use roomdag::testing::network::{Check, Conditions, Outcome};
use roomdag::version::RoomVersionRules;
use serde::{Deserialize, Serialize};

use crate::console::Console;
use crate::failure::Failure;
use crate::output::Output;
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
    /// By seed, then by room version.
    pub(super) failures: Vec<Failed>,
}

/// Every `step`-th number from `from` up to, but without, `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seeds {
    from: u64,
    to: u64,
    step: u64,
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

impl Statistics {
    /// Of no rooms yet, of these seeds in ascending order.
    pub(super) fn new(
        conditions: Conditions,
        versions: &[RoomVersionRules],
        seeds: &[u64],
    ) -> Self {
        let of_version = |rules: &RoomVersionRules| OfVersion {
            room_version: rules.id.to_owned(),
            rooms: 0,
            diverged: 0,
            outcome: Outcome::default(),
        };
        Self {
            conditions,
            seeds: Seeds::of(seeds).into_iter().collect(),
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
        if let Some(wrong) = wrong {
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
        self.seeds = Seeds::joined(&self.seeds, &other.seeds)?;
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
        Ok(self)
    }

    /// A row for each room version.
    pub(super) fn print(&self, out: &mut Output, console: &Console) -> Result<(), Failure> {
        let header = [
            "version",
            "rooms",
            "wrong",
            "events",
            "rejected",
            "soft-failed",
            "forged",
            "lies",
            "crashes",
            "forgotten",
            "filled",
            "revisions",
            "checked",
            "replicas",
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

impl Seeds {
    /// These seeds, which are some distance apart.
    fn of(seeds: &[u64]) -> Option<Self> {
        let (from, last) = (*seeds.first()?, *seeds.last()?);
        let second = seeds.get(1).copied();
        let step = second.map_or(1, |second| second.saturating_sub(from));
        Some(Self {
            from,
            to: last.saturating_add(1),
            step,
        })
    }

    fn numbers(self) -> Result<impl Iterator<Item = u64>, MergeError> {
        let step = usize::try_from(self.step).map_err(|_| MergeError::Range)?;
        if step == 0 {
            return Err(MergeError::Range);
        }
        Ok((self.from..self.to).step_by(step))
    }

    /// The seeds of both: in one range if there is no hole.
    fn joined(one: &[Self], other: &[Self]) -> Result<Vec<Self>, MergeError> {
        let mut ranges: Vec<Self> = one.iter().chain(other).copied().collect();
        ranges.sort_unstable();
        let mut all = BTreeSet::new();
        for range in &ranges {
            for seed in range.numbers()? {
                if !all.insert(seed) {
                    return Err(MergeError::Twice(seed));
                }
            }
        }
        let (Some(from), Some(last)) = (all.first().copied(), all.last().copied()) else {
            return Ok(ranges);
        };
        let length = u64::try_from(all.len()).unwrap_or(u64::MAX);
        if last.saturating_sub(from).saturating_add(1) == length {
            let to = last.saturating_add(1);
            return Ok(vec![Self { from, to, step: 1 }]);
        }
        Ok(ranges)
    }
}

#[cfg(test)]
mod tests {
    use super::{MergeError, Seeds};

    #[test]
    fn shares_join_to_the_whole_and_none_counts_twice() {
        let share = |from| Seeds {
            from,
            to: 12,
            step: 3,
        };
        let some = Seeds::joined(&[share(5)], &[share(7)]).unwrap();
        assert_eq!(some, [share(5), share(7)]);
        let whole = Seeds {
            from: 5,
            to: 12,
            step: 1,
        };
        assert_eq!(Seeds::joined(&some, &[share(6)]), Ok(vec![whole]));
        let twice = Seeds::joined(&[whole], &[share(6)]);
        assert_eq!(twice, Err(MergeError::Twice(6)));
    }
}

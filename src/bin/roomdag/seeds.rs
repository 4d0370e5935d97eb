//! Campaigns: which seeds, and which share of them.

use std::str::FromStr;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::console::Console;

/// The seeds of a campaign.
#[derive(Args)]
pub(crate) struct SeedArgs {
    /// One seed
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "seeds")]
    seed: u64,
    /// The seeds from A up to, but without, B
    #[arg(long, value_name = "A..B")]
    seeds: Option<Seeds>,
    /// Of the seeds only the I-th of N equal shares, counted from 1: for the jobs of an array
    #[arg(long, value_name = "I/N", requires = "seeds")]
    shard: Option<Shard>,
}

impl SeedArgs {
    /// The seeds to work on; `None` if the share has none, which the console is told.
    pub(crate) fn all(&self, console: &Console) -> Option<Seeds> {
        let seeds = match self.seeds {
            Some(seeds) => self.shard.map_or(Some(seeds), |shard| shard.of(seeds)),
            None => Seeds::every(self.seed, self.seed, 1),
        };
        if seeds.is_none() {
            console.warn("there are fewer seeds than shares, and none for this one");
        }
        seeds
    }

    /// The seed, where a range of them was not asked for.
    pub(crate) fn single(&self) -> Option<u64> {
        self.seeds.is_none().then_some(self.seed)
    }
}

/// Every `step`-th number from `from` up to, but without, `to`, in ascending order.
///
/// Nothing is held but the bounds, so there may be as many as there are numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seeds {
    from: u64,
    /// Beyond the largest seed, if that is one of them.
    to: u128,
    step: u64,
}

impl Seeds {
    /// Every `step`-th number from `from` to `last`; `None` if there is none.
    pub(crate) fn every(from: u64, last: u64, step: u64) -> Option<Self> {
        let steps = last.checked_sub(from)?.checked_div(step)?;
        let last = from.saturating_add(steps.saturating_mul(step));
        Some(Self {
            from,
            to: u128::from(last).saturating_add(1),
            step: if steps == 0 { 1 } else { step },
        })
    }

    pub(crate) fn first(self) -> u64 {
        self.from
    }

    /// The largest; `None` if there is none.
    pub(crate) fn last(self) -> Option<u64> {
        let last = u64::try_from(self.to.checked_sub(1)?).ok()?;
        let steps = last.checked_sub(self.from)?.checked_div(self.step)?;
        Some(self.from.saturating_add(steps.saturating_mul(self.step)))
    }

    /// How many there are.
    pub(crate) fn count(self) -> u128 {
        let steps = |last: u64| last.saturating_sub(self.from).checked_div(self.step);
        let steps = self.last().and_then(steps);
        steps.map_or(0, |steps| u128::from(steps).saturating_add(1))
    }

    /// The one after `index` others.
    pub(crate) fn nth(self, index: u64) -> Option<u64> {
        let seed = self.from.checked_add(index.checked_mul(self.step)?)?;
        (u128::from(seed) < self.to).then_some(seed)
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = u64> {
        (0..=u64::MAX).map_while(move |index| self.nth(index))
    }

    /// The least seed that is among both.
    pub(crate) fn common(self, other: Self) -> Option<u64> {
        let (dense, sparse) = if self.step < other.step {
            (self, other)
        } else {
            (other, self)
        };
        let start = self.from.max(other.from);
        let before = start
            .saturating_sub(sparse.from)
            .div_ceil(sparse.step.max(1));
        // What is left over by the denser step comes round after as many steps.
        let seeds = (0..dense.step).map_while(|index| sparse.nth(before.checked_add(index)?));
        let is_in_dense = |seed: &u64| {
            let distance = seed.checked_sub(dense.from);
            let rest = distance.and_then(|distance| distance.checked_rem(dense.step));
            rest == Some(0) && u128::from(*seed) < dense.to
        };
        // Where the steps are the same there is one rest only.
        let most = if dense.step == sparse.step {
            1
        } else {
            usize::MAX
        };
        seeds.take(most).find(is_in_dense)
    }
}

impl FromStr for Seeds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bounds = text
            .split_once("..")
            .and_then(|(from, to)| Some((from.parse().ok()?, to.parse::<u64>().ok()?)));
        bounds
            .and_then(|(from, to)| Self::every(from, to.checked_sub(1)?, 1))
            .ok_or("not two numbers A..B of which the first is the smaller one")
    }
}

/// `I/N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shard {
    index: u64,
    of: u64,
}

impl Shard {
    /// Every N-th seed, so that seeds of one kind that stand together are shared out.
    fn of(self, seeds: Seeds) -> Option<Seeds> {
        let first = seeds.nth(self.index.saturating_sub(1))?;
        Seeds::every(first, seeds.last()?, seeds.step.saturating_mul(self.of))
    }
}

impl FromStr for Shard {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text
            .split_once('/')
            .and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((index, of)) if (1..=of).contains(&index) => Ok(Self { index, of }),
            _ => Err("not two numbers I/N with I from 1 to N"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Seeds, Shard};

    fn seeds(from: u64, last: u64, step: u64) -> Seeds {
        Seeds::every(from, last, step).unwrap()
    }

    #[test]
    fn the_shares_are_the_whole_and_have_nothing_in_common() {
        let whole = seeds(5, 11, 1);
        let mut all: Vec<u64> = (1..=3)
            .filter_map(|index| Shard { index, of: 3 }.of(whole))
            .flat_map(Seeds::iter)
            .collect();
        all.sort_unstable();
        assert_eq!(all, (5..12).collect::<Vec<u64>>());
        assert_eq!(Shard { index: 8, of: 8 }.of(whole), None);
    }

    #[test]
    fn every_seed_is_one_and_none_is_held() {
        let largest = seeds(u64::MAX, u64::MAX, 1);
        assert_eq!((largest.count(), largest.nth(0)), (1, Some(u64::MAX)));
        assert_eq!(largest.iter().collect::<Vec<_>>(), [u64::MAX]);
        let most: Seeds = "0..18446744073709551615".parse().unwrap();
        assert_eq!(most.count(), u128::from(u64::MAX));
        assert_eq!(most.iter().next(), Some(0));
        let share = Shard { index: 3, of: 4 }.of(most).unwrap();
        assert_eq!((share.nth(1), share.last()), (Some(6), Some(u64::MAX - 1)));
    }

    #[test]
    fn what_two_ranges_have_in_common_is_found() {
        assert_eq!(seeds(5, 11, 3).common(seeds(7, 11, 3)), None);
        assert_eq!(seeds(5, 11, 3).common(seeds(5, 11, 3)), Some(5));
        assert_eq!(seeds(0, 100, 6).common(seeds(4, 100, 10)), Some(24));
        assert_eq!(seeds(0, 100, 6).common(seeds(3, 100, 10)), None);
        assert_eq!(seeds(0, 9, 1).common(seeds(10, 19, 1)), None);
        assert_eq!(seeds(0, u64::MAX, 1).common(seeds(9, 9, 1)), Some(9));
    }

    #[test]
    fn what_is_no_range_and_no_share_is_refused() {
        for text in ["", "1", "0..0", "2..2", "3..2", "a..b", "1..=2"] {
            assert!(text.parse::<Seeds>().is_err(), "{text}");
        }
        for text in ["", "0/2", "3/2", "1/0", "1"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        assert_eq!("2/2".parse(), Ok(Shard { index: 2, of: 2 }));
    }
}

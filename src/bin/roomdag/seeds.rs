//! Campaigns: which seeds, and which share of them.

use std::ops::Range;
use std::str::FromStr;

use clap::Args;

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
    /// The seeds to work on, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + use<> {
        let all = match self.seeds {
            Some(Seeds { from, to }) => from..to,
            None => self.seed..self.seed.saturating_add(1),
        };
        self.shard.unwrap_or(Shard { index: 1, of: 1 }).of(&all)
    }

    /// How many they are.
    pub(crate) fn count(&self) -> usize {
        self.iter().count()
    }

    /// The seed, where a range of them was not asked for.
    pub(crate) fn single(&self) -> Option<u64> {
        self.seeds.is_none().then_some(self.seed)
    }
}

/// `A..B`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Seeds {
    from: u64,
    to: u64,
}

impl FromStr for Seeds {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bounds = text
            .split_once("..")
            .and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
        match bounds {
            Some((from, to)) if from < to => Ok(Self { from, to }),
            _ => Err("not two numbers A..B of which the first is the smaller one"),
        }
    }
}

/// `I/N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shard {
    index: usize,
    of: usize,
}

impl Shard {
    /// Every N-th seed, so that seeds of one kind that stand together are shared out.
    fn of(self, seeds: &Range<u64>) -> impl Iterator<Item = u64> + use<> {
        let skipped = self.index.saturating_sub(1);
        seeds.clone().skip(skipped).step_by(self.of)
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

    #[test]
    fn the_shares_are_the_whole_and_have_nothing_in_common() {
        let mut all: Vec<u64> = (1..=3)
            .flat_map(|index| Shard { index, of: 3 }.of(&(5..12)))
            .collect();
        all.sort_unstable();
        assert_eq!(all, (5..12).collect::<Vec<u64>>());
    }

    #[test]
    fn what_is_no_range_and_no_share_is_refused() {
        for text in ["", "1", "2..2", "3..2", "a..b", "1..=2"] {
            assert!(text.parse::<Seeds>().is_err(), "{text}");
        }
        for text in ["", "0/2", "3/2", "1/0", "1"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        assert_eq!("2/2".parse(), Ok(Shard { index: 2, of: 2 }));
    }
}

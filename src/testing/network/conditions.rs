//! What the network and the servers of a story are like.

use serde::{Deserialize, Serialize};

use crate::testing::Random;

/// What is given of a story; the seed decides the rest.
///
/// Percentages are those of 100. What is given for one thing changes nothing that the seed decides
/// for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conditions {
    /// How many servers there are that do as they should, at most 50; the first founds the room.
    pub servers: Option<usize>,
    /// How many servers there are besides that lie, at most 20.
    pub hostile: Option<usize>,
    /// How many users each server has, at most 20.
    pub users: Option<usize>,
    /// How many steps there are before the network heals.
    pub steps: Option<usize>,
    /// The latency: a PDU is under way for fewer steps than this, unless it may not overtake a slower
    /// one.
    pub delay: Option<usize>,
    /// Percent of PDUs that are lost.
    pub loss: Option<usize>,
    /// Percent of PDUs that come twice.
    pub repeats: Option<usize>,
    /// Percent of PDUs that may overtake earlier ones from the same server.
    pub reordering: Option<usize>,
    /// Percent of steps at which the network falls in two, or comes together.
    pub partitions: Option<usize>,
    /// Percent of steps at which a server loses its memory and goes on from its disk.
    pub crashes: Option<usize>,
    /// Percent of steps at which a server writes to its disk what has changed.
    pub saves: Option<usize>,
    /// Percent of gaps that a server leaves open at first.
    pub lazy: Option<usize>,
    /// Percent of steps at which a hostile server does something, if there is one.
    pub malice: Option<usize>,
    /// How many servers are not in the room from the beginning.
    pub late: Option<usize>,
    /// A fault that is put into the servers, to see that it is found.
    pub plant: Option<Plant>,
}

/// A fault that is put into servers, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plant {
    /// The second server resolves states by another algorithm.
    Resolution,
    /// No server guards the levels of `notifications`.
    Notifications,
    /// Every server lets whoever wants to set aliases under their server's name.
    Aliases,
    /// Disks lose every write but the first.
    Disk,
    /// No server keeps an event that a notice says is settled.
    Notices,
    /// The second server panics when it rejects an event.
    Panic,
}

/// What the network and the servers of a story are like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) servers: usize,
    pub(super) hostile: usize,
    pub(super) users: usize,
    pub(super) steps: usize,
    pub(super) delay: usize,
    pub(super) loss: usize,
    pub(super) repeats: usize,
    pub(super) reordering: usize,
    pub(super) partitions: usize,
    pub(super) crashes: usize,
    pub(super) saves: usize,
    pub(super) lazy: usize,
    pub(super) malice: usize,
    pub(super) late: usize,
}

impl Weather {
    /// What is given, and for the rest what comes up. Everything is drawn, given or not.
    pub(super) fn of(random: &mut Random, given: &Conditions) -> Self {
        let mut pick = |choices: &[usize]| random.pick(choices).copied().unwrap_or_default();
        let drawn = Self {
            servers: pick(&[2, 3, 4, 4, 5, 6]),
            hostile: pick(&[0, 1, 1, 1, 2, 3]),
            users: pick(&[1, 2, 2, 2, 3]),
            steps: pick(&[20, 25, 30, 35, 40]),
            delay: pick(&[1, 3, 6, 12]),
            loss: pick(&[0, 5, 20, 40]),
            repeats: pick(&[0, 10, 30]),
            reordering: pick(&[0, 50, 100]),
            partitions: pick(&[0, 0, 10, 20]),
            crashes: pick(&[0, 0, 5, 15]),
            saves: pick(&[100, 50, 20, 5]),
            lazy: pick(&[0, 30, 80]),
            malice: pick(&[5, 15, 40]),
            late: pick(&[0, 1, 2, 3]),
        };
        let percent = |given: Option<usize>, drawn: usize| given.unwrap_or(drawn).min(100);
        Self {
            servers: given.servers.unwrap_or(drawn.servers).clamp(1, 50),
            hostile: given.hostile.unwrap_or(drawn.hostile).min(20),
            users: given.users.unwrap_or(drawn.users).clamp(1, 20),
            steps: given.steps.unwrap_or(drawn.steps),
            delay: given.delay.unwrap_or(drawn.delay).max(1),
            loss: percent(given.loss, drawn.loss),
            repeats: percent(given.repeats, drawn.repeats),
            reordering: percent(given.reordering, drawn.reordering),
            partitions: percent(given.partitions, drawn.partitions),
            crashes: percent(given.crashes, drawn.crashes),
            saves: percent(given.saves, drawn.saves),
            lazy: percent(given.lazy, drawn.lazy),
            malice: percent(given.malice, drawn.malice),
            late: given.late.unwrap_or(drawn.late),
        }
    }

    /// How many servers there are, hostile ones included; these have the highest numbers.
    pub(super) fn population(&self) -> usize {
        self.servers.saturating_add(self.hostile)
    }

    /// How many servers join before anything else happens, one a step.
    pub(super) fn early_joins(&self) -> usize {
        let others = self.population().saturating_sub(1);
        others.saturating_sub(self.late)
    }

    /// How many steps there are, those of the early joins among them.
    pub(super) fn all_steps(&self) -> usize {
        self.early_joins().saturating_add(self.steps)
    }

    /// The names of the servers.
    pub(super) fn names(&self) -> Vec<String> {
        let honest = (0..self.servers).map(|at| {
            let letter =
                char::from_u32(0x61_u32.saturating_add(u32::try_from(at % 26).unwrap_or(0)))
                    .unwrap_or('a');
            match at / 26 {
                0 => format!("{letter}.example"),
                round => format!("{letter}{round}.example"),
            }
        });
        let hostile = (0..self.hostile).map(|at| match at {
            0 => "evil.example".to_owned(),
            at => format!("evil{at}.example"),
        });
        honest.chain(hostile).collect()
    }
}

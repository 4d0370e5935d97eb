//! What is given of a story, on the command line.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::str::FromStr;

use clap::ValueEnum;
use clap::builder::RangedU64ValueParser;
use roomdag::testing::network::{Conditions, Plant};
use serde::{Deserialize, Serialize};

/// What is given of a story; the seed decides the rest.
#[derive(clap::Args)]
#[command(next_help_heading = "What the seed decides unless it is given")]
pub(super) struct ConditionArgs {
    /// Servers that do as they should: 1 to 50
    #[arg(long, value_name = "N", value_parser = counts(1, 50))]
    servers: Option<usize>,
    /// Servers besides that lie: 0 to 20
    #[arg(long, value_name = "N", value_parser = counts(0, 20))]
    hostile: Option<usize>,
    /// Users of each server: 1 to 20
    #[arg(long, value_name = "N", value_parser = counts(1, 20))]
    users: Option<usize>,
    /// Steps before the network heals: 0 to 100000
    #[arg(long, value_name = "N", value_parser = counts(0, 100_000))]
    steps: Option<usize>,
    /// The latency; a PDU that waits for none before it arrives in fewer steps: 1 to 100000
    #[arg(long, value_name = "STEPS", value_parser = counts(1, 100_000))]
    delay: Option<usize>,
    /// PDUs that are lost: 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = counts(0, 100))]
    loss: Option<usize>,
    /// PDUs that come twice: 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = counts(0, 100))]
    repeats: Option<usize>,
    /// PDUs that may overtake others: 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = counts(0, 100))]
    reordering: Option<usize>,
    /// Steps at which the network falls in two, or comes together: 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = counts(0, 100))]
    partitions: Option<usize>,
    /// Steps at which a server loses its memory and goes on from its disk: 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = counts(0, 100))]
    crashes: Option<usize>,
    /// Steps at which a server writes to its disk: 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = counts(0, 100))]
    saves: Option<usize>,
    /// Gaps that a server leaves open at first: 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = counts(0, 100))]
    lazy: Option<usize>,
    /// Steps at which a hostile server does something: 0 to 100
    #[arg(long, value_name = "PERCENT", value_parser = counts(0, 100))]
    malice: Option<usize>,
    /// Servers that are not in the room from the beginning: 0 to 70
    #[arg(long, value_name = "N", value_parser = counts(0, 70))]
    late: Option<usize>,
    /// Put a fault into the servers, to see that it is found
    #[arg(long, value_name = "FAULT")]
    plant: Option<PlantArg>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlantArg {
    /// The second server resolves states by another algorithm
    Resolution,
    /// No server guards the levels of `notifications`
    Notifications,
    /// Every server lets whoever wants to set aliases under their server's name, as the rules do
    /// before room version 6: there, nothing shows
    Aliases,
    /// Disks lose every write but the first
    Disk,
    /// No server keeps an event that a notice says is settled
    Notices,
    /// The second server panics when it rejects an event
    Panic,
}

impl ConditionArgs {
    pub(super) fn given(&self) -> Conditions {
        Conditions {
            servers: self.servers,
            hostile: self.hostile,
            users: self.users,
            steps: self.steps,
            delay: self.delay,
            loss: self.loss,
            repeats: self.repeats,
            reordering: self.reordering,
            partitions: self.partitions,
            crashes: self.crashes,
            saves: self.saves,
            lazy: self.lazy,
            malice: self.malice,
            late: self.late,
            plant: self.plant.map(|plant| match plant {
                PlantArg::Resolution => Plant::Resolution,
                PlantArg::Notifications => Plant::Notifications,
                PlantArg::Aliases => Plant::Aliases,
                PlantArg::Disk => Plant::Disk,
                PlantArg::Notices => Plant::Notices,
                PlantArg::Panic => Plant::Panic,
            }),
        }
    }
}

/// The options that give a story these conditions.
pub(super) fn options(given: &Conditions) -> String {
    let mut options = String::new();
    for (name, value) in [
        ("servers", given.servers),
        ("hostile", given.hostile),
        ("users", given.users),
        ("steps", given.steps),
        ("delay", given.delay),
        ("loss", given.loss),
        ("repeats", given.repeats),
        ("reordering", given.reordering),
        ("partitions", given.partitions),
        ("crashes", given.crashes),
        ("saves", given.saves),
        ("lazy", given.lazy),
        ("malice", given.malice),
        ("late", given.late),
    ] {
        if let Some(value) = value {
            let _ = write!(options, " --{name} {value}");
        }
    }
    if let Some(plant) = given.plant {
        options.push_str(match plant {
            Plant::Resolution => " --plant resolution",
            Plant::Notifications => " --plant notifications",
            Plant::Aliases => " --plant aliases",
            Plant::Disk => " --plant disk",
            Plant::Notices => " --plant notices",
            Plant::Panic => " --plant panic",
        });
    }
    options
}

/// Numbers of steps, by commas on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Steps(pub(super) BTreeSet<usize>);

impl FromStr for Steps {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let steps = text.split(',').filter(|step| !step.is_empty());
        Ok(Self(steps.map(str::parse).collect::<Result<_, _>>()?))
    }
}

fn counts(least: u64, most: u64) -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(least..=most)
}

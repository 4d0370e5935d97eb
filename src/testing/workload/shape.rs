//! The shapes of workloads.

use std::fmt;
use std::str::FromStr;

use petgraph::graph::NodeIndex;

use crate::testing::workload::branch::{Branch, Wish, World};
use crate::testing::workload::content::{self, MODERATORS};

/// What a workload is like, and how large. Prints as `shape/size`, and is read from that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Two forks of that many events each, 30 % of them state, in a room of 1,000 members.
    Forks(usize),
    /// Two forks of five state events on the same five keys, at the tip of a room of that many
    /// members: always ten conflicting events.
    Tip(usize),
    /// That many forks of a topic, a name, a profile and a message, in a room of 1,000 members.
    Ways(usize),
    /// That many events on up to five branches that fork and merge all the time, 25 % of them
    /// state, after 200 members have joined.
    Storm(usize),
    /// Three forks of that many steps each in a room of 400 members: the creator bans, demotes and
    /// closes the room, moderators kick and ban, users come and go.
    Duel(usize),
    /// [`Tip`](Self::Tip) in a room of 1,000 members whose power levels have changed that often.
    Mainline(usize),
    /// That many events in all, mostly messages on one branch, seldom on two.
    Calm(usize),
    /// A ladder of that many rungs, each of ten state events that all cite the ten below; its foot
    /// is one state, its top the other.
    Ladder(usize),
}

impl Shape {
    /// Writes the room; the branches are those whose states are to be resolved.
    pub(super) fn build(self, world: &mut World) -> Vec<Branch> {
        match self {
            Self::Forks(events) => {
                let start = world.populated(1_000, 20);
                (0..2)
                    .map(|_| {
                        let mut fork = start.clone();
                        for _ in 0..events {
                            anything(world, &mut fork, 1_000, 30);
                        }
                        fork
                    })
                    .collect()
            }
            Self::Tip(members) => tip(world, members, 20),
            Self::Mainline(levels) => tip(world, 1_000, levels),
            Self::Ways(forks) => ways(world, forks),
            Self::Storm(events) => storm(world, events),
            Self::Duel(steps) => duel(world, steps),
            Self::Calm(events) => calm(world, events),
            Self::Ladder(rungs) => ladder(world, rungs),
        }
    }

    fn parts(self) -> (&'static str, usize) {
        match self {
            Self::Forks(size) => ("forks", size),
            Self::Tip(size) => ("tip", size),
            Self::Ways(size) => ("ways", size),
            Self::Storm(size) => ("storm", size),
            Self::Duel(size) => ("duel", size),
            Self::Mainline(size) => ("mainline", size),
            Self::Calm(size) => ("calm", size),
            Self::Ladder(size) => ("ladder", size),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, size) = self.parts();
        write!(f, "{name}/{size}")
    }
}

/// A text that names no shape and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a workload: expected `shape/size`, such as `tip/1000`")]
pub struct UnknownShape;

impl FromStr for Shape {
    type Err = UnknownShape;

    fn from_str(text: &str) -> Result<Self, UnknownShape> {
        let (name, size) = text.split_once('/').ok_or(UnknownShape)?;
        let size = size.parse().map_err(|_| UnknownShape)?;
        let shapes = [
            Self::Forks(size),
            Self::Tip(size),
            Self::Ways(size),
            Self::Storm(size),
            Self::Duel(size),
            Self::Mainline(size),
            Self::Calm(size),
            Self::Ladder(size),
        ];
        let mut shapes = shapes.into_iter();
        shapes
            .find(|shape| shape.parts().0 == name)
            .ok_or(UnknownShape)
    }
}

/// An event of some kind by somebody; `state` per cent are state events.
fn anything(world: &mut World, branch: &mut Branch, members: usize, state: usize) {
    let somebody = world.random.below(members);
    if !world.random.chance(state) {
        world.message(branch, somebody);
        return;
    }
    let moderator = world.random.below(MODERATORS.saturating_add(1));
    let edition = world.random.below(1_000_000);
    match world.random.below(30) {
        0 | 1 => world.levels(branch, edition, None),
        2..=7 => world.text(branch, moderator, "topic"),
        8..=13 => world.text(branch, moderator, "name"),
        14..=19 => world.profile(branch, members.saturating_add(edition % 10_000), 0),
        _ => world.profile(branch, somebody, edition),
    };
}

fn tip(world: &mut World, members: usize, levels: usize) -> Vec<Branch> {
    let start = world.populated(members, levels);
    (1..=2)
        .map(|fork: usize| {
            let mut branch = start.clone();
            world.text(&mut branch, fork, "topic");
            world.text(&mut branch, fork, "name");
            world.levels(&mut branch, levels.saturating_add(fork), None);
            world.profile(&mut branch, 30, fork);
            world.profile(&mut branch, 31, fork);
            branch
        })
        .collect()
}

fn ways(world: &mut World, forks: usize) -> Vec<Branch> {
    let start = world.populated(1_000, 20);
    (0..forks)
        .map(|fork| {
            let mut branch = start.clone();
            let moderator = (fork % MODERATORS).saturating_add(1);
            world.text(&mut branch, moderator, "topic");
            world.text(&mut branch, moderator, "name");
            world.profile(
                &mut branch,
                (fork % 10).saturating_add(30),
                fork.saturating_add(1),
            );
            world.message(&mut branch, moderator);
            branch
        })
        .collect()
}

fn storm(world: &mut World, events: usize) -> Vec<Branch> {
    let mut branches = vec![world.populated(200, 5)];
    for _ in 0..events {
        let at = world.random.below(branches.len());
        if branches.len() < 5 && world.random.chance(10) {
            branches.extend(branches.get(at).cloned());
        } else if branches.len() > 1 && world.random.chance(10) {
            let one = branches.swap_remove(at);
            let other = branches.swap_remove(world.random.below(branches.len()));
            branches.push(world.merge(&[one, other]));
        }
        let at = world.random.below(branches.len());
        if let Some(branch) = branches.get_mut(at) {
            anything(world, branch, 200, 25);
        }
    }
    branches
}

fn calm(world: &mut World, events: usize) -> Vec<Branch> {
    let members = if events > 20_000 {
        2_000
    } else {
        500.min(events / 2)
    };
    let mut branches = vec![world.populated(members, 20)];
    for _ in members..events {
        if branches.len() == 1 && world.random.below(200) == 0 {
            branches.extend(branches.first().cloned());
        } else if branches.len() == 2 && world.random.chance(10) {
            branches = vec![world.merge(&branches)];
        }
        let at = world.random.below(branches.len());
        if let Some(branch) = branches.get_mut(at) {
            anything(world, branch, members, 6);
        }
    }
    branches
}

fn duel(world: &mut World, steps: usize) -> Vec<Branch> {
    let start = world.populated(400, 5);
    let (mut creator, mut moderators, mut users) = (start.clone(), start.clone(), start);
    for step in 0..steps {
        let target = world.random.below(399).saturating_add(1);
        match step % 4 {
            0 | 1 => world.member(&mut creator, 0, target, "ban"),
            2 => world.levels(
                &mut creator,
                step,
                Some((step % MODERATORS).saturating_add(1)),
            ),
            _ => {
                let rule = if step % 8 == 3 { "invite" } else { "public" };
                world.join_rule(&mut creator, rule)
            }
        };
        let moderator = world.random.below(MODERATORS).saturating_add(1);
        let target = world.random.below(399).saturating_add(1);
        let what = if world.random.chance(50) {
            "ban"
        } else {
            "leave"
        };
        world.member(&mut moderators, moderator, target, what);
        let somebody = world.random.below(399).saturating_add(1);
        match world.random.below(3) {
            0 => world.member(&mut users, somebody, somebody, "leave"),
            1 => world.member(&mut users, somebody, somebody, "join"),
            _ => world.profile(&mut users, somebody, step.saturating_add(1)),
        };
    }
    vec![creator, moderators, users]
}

fn ladder(world: &mut World, rungs: usize) -> Vec<Branch> {
    let mut branch = world.populated(40, 1);
    let mut foot = None;
    let mut below: Vec<NodeIndex> = world.of_type(&branch, "m.room.member");
    below.truncate(10);
    for rung in 0..rungs {
        for side in 0..10 {
            let state_key = side.to_string();
            let wish = Wish {
                sender: 0,
                event_type: "org.example.rung",
                state_key: Some(&state_key),
                content: content::text("rung", rung),
            };
            world.send(&mut branch, wish, Some(&below));
        }
        below = world.of_type(&branch, "org.example.rung");
        foot.get_or_insert_with(|| branch.clone());
    }
    foot.into_iter().chain([branch]).collect()
}

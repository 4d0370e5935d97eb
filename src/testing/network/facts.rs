//! What a replica says of an event, and what another says otherwise.

use std::collections::{BTreeMap, BTreeSet};

use crate::dag::RoomDag;
use crate::event::HashCheck;
use crate::id::EventId;
use crate::replay::{Replay, Status};
use crate::room::{NoRedaction, RedactionOutcome, Room, Standing};
use crate::state::{StateDigest, StateMap};
use crate::testing::network::words;
use crate::timeline::{Quality, Verdict};

/// What all replicas must say of an event.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Facts {
    pub(super) rejected: bool,
    before: Option<StateDigest>,
    after: Option<StateDigest>,
    quality: Option<Quality>,
    content_hash: Option<HashCheck>,
    pub(super) redaction: Option<RedactionOutcome>,
}

impl Facts {
    /// What a room says.
    pub(super) fn of(room: &Room, id: &EventId, digests: &mut Digests) -> Self {
        let before = room.state_before(id);
        let after = room.state_after(id);
        let node = room.dag().node(id);
        let redaction = room.redaction(id);
        Self {
            rejected: room.standing(id) == Some(Standing::Rejected),
            before: before.and_then(|state| digests.of(state.map(), |_| state.digest())),
            after: after.and_then(|state| digests.of(state.map(), |_| state.digest())),
            quality: before.map(|state| state.quality()),
            content_hash: node
                .and_then(|node| room.dag().provenance(node))
                .map(|provenance| provenance.content_hash),
            redaction: redaction.filter(|outcome| {
                *outcome != RedactionOutcome::DoesNotApply(NoRedaction::NotARedaction)
            }),
        }
    }

    /// What a replay says, which knows nothing of redactions; `None` without a verdict.
    pub(super) fn of_replay(replay: &Replay, id: &EventId, digests: &mut Digests) -> Option<Self> {
        let node = replay.dag().node(id)?;
        let mut digest =
            |state: Option<&StateMap>| digests.of(state?, |state| replay.dag().digest(state));
        Some(Self {
            rejected: replay.verdict(node)?.status() == Status::Rejected,
            before: digest(replay.state_before(node)),
            after: digest(replay.state_after(node)),
            quality: Some(Quality::Computed),
            content_hash: Some(HashCheck::Ok),
            redaction: None,
        })
    }

    /// What a room says otherwise of an event than the replay, in words.
    pub(super) fn difference(
        &self,
        of_replay: &Self,
        id: &EventId,
        room: &Room,
        replay: &Replay,
    ) -> String {
        let node = replay.dag().node(id);
        let mut differences = Vec::new();
        if self.rejected != of_replay.rejected {
            differences.push(format!(
                "{id} is {}, in the replay {}",
                judged(self.rejected, room.verdict(id)),
                judged(
                    of_replay.rejected,
                    node.and_then(|node| replay.verdict(node))
                ),
            ));
        }
        let states = [
            (
                "before",
                self.before != of_replay.before,
                room.state_before(id),
                node.and_then(|node| replay.state_before(node)),
            ),
            (
                "after",
                self.after != of_replay.after,
                room.state_after(id),
                node.and_then(|node| replay.state_after(node)),
            ),
        ];
        let mut told: Vec<(&str, String)> = Vec::new();
        for (side, _, has, replayed) in states.into_iter().filter(|(_, differs, ..)| *differs) {
            let has = has.map(|state| entries(room.dag(), state.map()));
            let replayed = replayed.map(|state| entries(replay.dag(), state));
            let what = match (has, replayed) {
                (Some(has), Some(replayed)) => otherwise(&has, &replayed),
                (None, _) => "it is not known".into(),
                (_, None) => "the replay does not know it".into(),
            };
            told.push((side, what));
        }
        match told.as_slice() {
            [(_, before), (_, after)] if before == after => {
                differences.push(format!("the states before and after {id} differ: {after}"));
            }
            told => differences.extend(
                told.iter()
                    .map(|(side, what)| format!("the state {side} {id} differs: {what}")),
            ),
        }
        if self.quality != of_replay.quality {
            let quality = words::quality(self.quality);
            differences.push(format!("the state before {id} is {quality} in the end"));
        }
        if self.content_hash != of_replay.content_hash {
            differences.push(format!("{id} is not there as it was sent, but redacted"));
        }
        differences.join("; ")
    }
}

fn judged(rejected: bool, verdict: Option<&Verdict>) -> String {
    let word = if rejected { "rejected" } else { "accepted" };
    let decision = verdict.and_then(Verdict::objection);
    match decision.filter(|_| rejected) {
        Some(decision) => format!("{word} ({decision})"),
        None => word.into(),
    }
}

/// The entries of a state.
type Entries = BTreeMap<(String, String), EventId>;

fn entries(dag: &RoomDag, state: &StateMap) -> Entries {
    let entry = |(key, node)| {
        let (event_type, state_key) = dag.keys().resolve(key)?;
        let key = (event_type.to_owned(), state_key.to_owned());
        Some((key, dag.id(node)?.clone()))
    };
    state.iter().filter_map(entry).collect()
}

/// The first entries that one state has otherwise than the replay, and how many there are besides.
fn otherwise(has: &Entries, replayed: &Entries) -> String {
    let keys: BTreeSet<_> = has.keys().chain(replayed.keys()).collect();
    let mut differing = keys
        .into_iter()
        .filter(|key| has.get(*key) != replayed.get(*key));
    let word = |id: Option<&EventId>| id.map_or("nothing".to_owned(), ToString::to_string);
    let mut told: Vec<String> = differing
        .by_ref()
        .take(SHOWN)
        .map(|key| {
            let (event_type, state_key) = key;
            let (is, other) = (word(has.get(key)), word(replayed.get(key)));
            format!("{event_type} `{state_key}` is {is}, in the replay {other}")
        })
        .collect();
    match differing.count() {
        0 => {}
        1 => told.push("and one more entry".into()),
        more => told.push(format!("and {more} more entries")),
    }
    told.join(", ")
}

/// The digests of states, each worked out once.
#[derive(Default)]
pub(super) struct Digests(Vec<(StateMap, Option<StateDigest>)>);

impl Digests {
    pub(super) fn of(
        &mut self,
        state: &StateMap,
        digest: impl FnOnce(&StateMap) -> Option<StateDigest>,
    ) -> Option<StateDigest> {
        let known = self.0.iter().rev().find(|(known, _)| known.same(state));
        if let Some((_, known)) = known {
            return *known;
        }
        let digest = digest(state);
        self.0.push((state.clone(), digest));
        digest
    }
}

/// How many entries of a state that differ are told of.
const SHOWN: usize = 3;

#[cfg(test)]
mod tests {
    use super::{Entries, otherwise};
    use crate::id::EventId;

    #[test]
    fn a_state_that_differs_is_told_of_entry_by_entry() {
        let state = |entries: &[(&str, &str)]| -> Entries {
            let entry = |(name, id): &(&str, &str)| {
                let key = ((*name).to_owned(), String::new());
                (key, EventId::from_trusted(*id))
            };
            entries.iter().map(entry).collect()
        };
        let one = state(&[
            ("a", "$1"),
            ("b", "$2"),
            ("c", "$3"),
            ("d", "$4"),
            ("e", "$5"),
        ]);
        let other = state(&[("a", "$1"), ("b", "$6")]);
        assert_eq!(
            otherwise(&one, &other),
            "b `` is $2, in the replay $6, c `` is $3, in the replay nothing, \
             d `` is $4, in the replay nothing, and one more entry"
        );
    }
}

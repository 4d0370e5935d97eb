//! The steps of each resolution of a real room.

use std::collections::BTreeSet;

use petgraph::graph::NodeIndex;

use crate::id::EventId;
use crate::json::Object;
use crate::lab::conformance::fields::{indices, parse, text};
use crate::lab::conformance::rooms::lines;
use crate::lab::conformance::{FileError, Report};
use crate::replay::Replay;
use crate::resolve::{FullConflicted, Options, resolve};
use crate::state::StateMap;
use crate::version::StateResolution;

/// Compares the conflicted set, the auth difference, the subgraph, the full conflicted set, and
/// both orders of each resolution.
pub(super) fn compare(replay: &Replay, ids: &[EventId], trace: &[u8]) -> Result<Report, FileError> {
    let mut report = Report::default();
    for line in lines(trace) {
        let answer = parse(line)?;
        let name = text(&answer, "event_id")?;
        let Some(node) = replay.dag().node(name) else {
            report.compare(name, "resolution", &"a state", &"no such event");
            continue;
        };
        let states: Vec<StateMap> = replay
            .dag()
            .prev_events(node)
            .filter_map(|prev| replay.state_after(prev))
            .cloned()
            .collect();
        let options = Options::of(replay.rules());
        let Ok(resolution) = resolve(replay.dag(), &states, replay.rules(), &options) else {
            report.compare(name, "resolution", &"a state", &"missing events");
            continue;
        };
        let digest = replay
            .dag()
            .digest(&resolution.state)
            .map(|digest| digest.to_string());
        report.compare(
            name,
            "resolved",
            &Some(text(&answer, "resolved")?.to_owned()),
            &digest,
        );
        let found = &resolution.trace;
        let full = |has: fn(&FullConflicted) -> bool| {
            let members = found.full_conflicted.iter().filter(|member| has(member));
            members
                .filter_map(|member| id(replay, member.event))
                .collect::<BTreeSet<_>>()
        };
        let mut sets = vec![
            ("conflicted", full(|member| member.conflicted)),
            ("auth_difference", full(|member| member.auth_difference)),
            ("full_conflicted", full(|_| true)),
        ];
        if options.algorithm == StateResolution::V2_1 {
            sets.push(("conflicted_subgraph", full(|member| member.subgraph)));
        }
        for (field, set) in sets {
            let expected: BTreeSet<&str> = named(&answer, field, ids)?.into_iter().collect();
            report.compare(name, field, &expected, &set);
        }
        let power: Vec<_> = found
            .power_order
            .iter()
            .filter_map(|(e, _)| id(replay, *e))
            .collect();
        let mainline: Vec<_> = found
            .mainline_order
            .iter()
            .filter_map(|(e, _)| id(replay, *e))
            .collect();
        for (field, order) in [("power_order", power), ("mainline_order", mainline)] {
            report.compare(name, field, &named(&answer, field, ids)?, &order);
        }
    }
    Ok(report)
}

/// The ids of the lines that a member of a line of the trace numbers.
fn named<'a>(
    answer: &Object,
    field: &'static str,
    ids: &'a [EventId],
) -> Result<Vec<&'a str>, FileError> {
    let id = |line: usize| ids.get(line).map(EventId::as_str);
    let named = indices(answer, field)?.into_iter().map(id);
    let named: Option<Vec<&str>> = named.collect();
    named.ok_or(FileError::Field { field })
}

fn id(replay: &Replay, node: NodeIndex) -> Option<&str> {
    replay.dag().id(node).map(EventId::as_str)
}

//! A room as a drawing: a lane for each server, time downwards, and what every server says.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::id::EventId;
use crate::room::Standing;
use crate::testing::network::{Chronicle, Told};

/// Draws a room as SVG.
///
/// An event is a dot in the lane of the server that made it; a line leads up to each event that it
/// follows. The squares beside it are what the servers say of it, in the order of the lanes. Events
/// on which servers disagree have a ring. Everything tells more when it is pointed at. The same
/// room gives the same bytes.
#[must_use]
pub fn svg(chronicle: &Chronicle) -> String {
    let lanes = chronicle.servers.len();
    let drawing = Drawing::new(chronicle);
    let width = drawing.lane(lanes).saturating_add(LEGEND);
    let height = drawing
        .row(chronicle.events.len())
        .max(ROW.saturating_mul(9));
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>"
    );
    for (at, server) in chronicle.servers.iter().enumerate() {
        let x = drawing.lane(at);
        let name = escaped(server);
        let _ = writeln!(
            out,
            "<line x1=\"{x}\" y1=\"30\" x2=\"{x}\" y2=\"{height}\" stroke=\"#e4e4e4\"/>\n\
             <text x=\"{x}\" y=\"20\" text-anchor=\"middle\">{name}</text>"
        );
    }
    for (row, event) in chronicle.events.iter().enumerate() {
        drawing.edges(&mut out, row, event);
    }
    for (row, event) in chronicle.events.iter().enumerate() {
        drawing.event(&mut out, row, event);
    }
    legend(&mut out, drawing.lane(lanes));
    out.push_str("</svg>\n");
    out
}

/// Draws a room in the language of Graphviz, in which others may lay it out.
#[must_use]
pub fn dot(chronicle: &Chronicle) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut out =
        String::from("digraph room {\n  rankdir=BT;\n  node [shape=box, style=filled];\n");
    for event in &chronicle.events {
        let (color, _) = word(worst(&event.standings));
        let label = format!("{} · {}", event.title, short(&event.id));
        let (id, label) = (quoted(event.id.as_str()), quoted(&label));
        let width = if event.is_disputed { 3 } else { 1 };
        let _ = writeln!(
            out,
            "  \"{id}\" [label=\"{label}\", fillcolor=\"{color}\", penwidth={width}];"
        );
        for prev in &event.prev_events {
            let _ = writeln!(out, "  \"{id}\" -> \"{}\";", quoted(prev.as_str()));
        }
    }
    out.push_str("}\n");
    out
}

struct Drawing {
    /// The width of a lane: there is a square for each server in it.
    width: usize,
    /// Where events are: their lane and row.
    places: BTreeMap<EventId, (usize, usize)>,
}

impl Drawing {
    fn new(chronicle: &Chronicle) -> Self {
        let squares = chronicle.servers.len().saturating_mul(SQUARE);
        let places = chronicle.events.iter().enumerate();
        let places = places.map(|(row, event)| (event.id.clone(), (event.server, row)));
        Self {
            width: squares.saturating_add(40).max(100),
            places: places.collect(),
        }
    }

    fn lane(&self, at: usize) -> usize {
        at.saturating_mul(self.width).saturating_add(60)
    }

    fn row(&self, at: usize) -> usize {
        let _ = self;
        at.saturating_mul(ROW).saturating_add(50)
    }

    fn edges(&self, out: &mut String, row: usize, event: &Told) {
        let (x, y) = (self.lane(event.server), self.row(row));
        for prev in &event.prev_events {
            let Some((lane, above)) = self.places.get(prev) else {
                continue;
            };
            let (to_x, to_y) = (self.lane(*lane), self.row(*above));
            // Lines within a lane go around what is between.
            let bend = if *lane == event.server && row.abs_diff(*above) > 1 {
                24
            } else {
                0
            };
            let (middle, half) = (x.midpoint(to_x).saturating_sub(bend), y.midpoint(to_y));
            let _ = writeln!(
                out,
                "<path d=\"M {x} {y} Q {middle} {half} {to_x} {to_y}\" fill=\"none\" \
                 stroke=\"#9a9a9a\"/>"
            );
        }
    }

    fn event(&self, out: &mut String, row: usize, event: &Told) {
        let (x, y) = (self.lane(event.server), self.row(row));
        let what = escaped(&format!(
            "{}\n{}\nby {} at step {}",
            event.id, event.title, event.sender, event.step
        ));
        let ring = if event.is_disputed {
            "#d00000"
        } else {
            "#333333"
        };
        let width = if event.is_disputed { 3 } else { 1 };
        let _ = writeln!(
            out,
            "<g><title>{what}</title><circle cx=\"{x}\" cy=\"{y}\" r=\"6\" fill=\"#ffffff\" \
             stroke=\"{ring}\" stroke-width=\"{width}\"/></g>"
        );
        for (at, standing) in event.standings.iter().enumerate() {
            let (color, says) = word(*standing);
            let left = x
                .saturating_add(12)
                .saturating_add(at.saturating_mul(SQUARE));
            let top = y.saturating_sub(4);
            let _ = writeln!(
                out,
                "<rect x=\"{left}\" y=\"{top}\" width=\"7\" height=\"8\" fill=\"{color}\">\
                 <title>server {at}: {says}</title></rect>"
            );
        }
    }
}

fn legend(out: &mut String, x: usize) {
    let all = [
        Some(Standing::Accepted),
        Some(Standing::Provisional),
        Some(Standing::SoftFailed),
        Some(Standing::Rejected),
        Some(Standing::Outlier),
        None,
    ];
    for (at, standing) in all.into_iter().enumerate() {
        let (color, says) = word(standing);
        let top = at.saturating_mul(18).saturating_add(40);
        let (text, base) = (x.saturating_add(14), top.saturating_add(8));
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{top}\" width=\"8\" height=\"8\" fill=\"{color}\"/>\
             <text x=\"{text}\" y=\"{base}\">{says}</text>"
        );
    }
}

/// The worst that a server says of an event.
fn worst(standings: &[Option<Standing>]) -> Option<Standing> {
    let worst_first = [
        Standing::Rejected,
        Standing::SoftFailed,
        Standing::Outlier,
        Standing::Provisional,
        Standing::Accepted,
    ];
    let mut worst_first = worst_first.into_iter();
    worst_first.find(|standing| standings.contains(&Some(*standing)))
}

/// The colour of what a server says, and the word.
fn word(standing: Option<Standing>) -> (&'static str, &'static str) {
    match standing {
        Some(Standing::Accepted) => ("#3a9d5d", "accepted"),
        Some(Standing::Provisional) => ("#9ccc65", "provisional"),
        Some(Standing::SoftFailed) => ("#e6a817", "soft-failed"),
        Some(Standing::Rejected) => ("#d0453e", "rejected"),
        Some(Standing::Outlier) => ("#7a8fb8", "outlier"),
        None => ("#dddddd", "not there, or waiting"),
    }
}

fn short(id: &EventId) -> String {
    id.as_str().chars().take(8).collect()
}

fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        // These have no place in XML.
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
            "\u{fffd}".to_owned()
        }
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

const ROW: usize = 26;
const SQUARE: usize = 9;
const LEGEND: usize = 120;

#[cfg(test)]
mod tests {
    use super::{escaped, worst};
    use crate::room::Standing;

    #[test]
    fn a_rejection_is_the_worst_that_is_said_of_an_event() {
        let (accepted, rejected) = (Some(Standing::Accepted), Some(Standing::Rejected));
        let outlier = Some(Standing::Outlier);
        assert_eq!(worst(&[accepted, outlier, rejected, None]), rejected);
        assert_eq!(worst(&[accepted, outlier]), outlier);
        assert_eq!(worst(&[None, accepted]), accepted);
        assert_eq!(worst(&[None]), None);
    }

    #[test]
    fn what_xml_has_no_place_for_is_replaced_and_nothing_else() {
        assert_eq!(escaped("a\0b\u{b}c\u{ffff}"), "a\u{fffd}b\u{fffd}c\u{fffd}");
        assert_eq!(escaped("\t\r\n\u{85}"), "\t\r\n\u{85}");
        assert_eq!(escaped("<\"&\">"), "&lt;&quot;&amp;&quot;&gt;");
    }
}

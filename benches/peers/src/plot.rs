//! The plot: resolution time against room size.
//!
//! A panel for each room version, both axes logarithmic, each line named at its end. Drawn is the
//! least of all rounds, since noise only ever adds. The colours follow the reader's preference for
//! light or dark.

use std::fmt::Write;

use crate::cells::Stage;
use crate::data::{Measured, Report};
use crate::table::duration;

/// The plot as SVG; `None` without at least two rooms of the shape that is drawn.
pub fn svg(report: &Report) -> Option<String> {
    let is_drawn =
        |cell: &&Measured| cell.stage == Stage::Resolve.name() && cell.shape.starts_with(SHAPE);
    let cells: Vec<&Measured> = report.cells.iter().filter(is_drawn).collect();
    let mut versions: Vec<&str> = cells.iter().map(|cell| &*cell.room_version).collect();
    versions.sort_unstable();
    versions.dedup();
    let axes = Axes::of(&cells)?;
    let mut panels = String::new();
    for (at, version) in versions.iter().enumerate() {
        let of_version = cells.iter().filter(|cell| cell.room_version == *version);
        let panel = axes.panel(version, &of_version.copied().collect::<Vec<_>>());
        let left = at as f64 * PANEL_WIDTH;
        writeln!(panels, "<g transform=\"translate({left} 0)\">{panel}</g>").expect("it is text");
    }
    let width = PANEL_WIDTH * versions.len() as f64;
    let about = &report.surroundings;
    let libraries = about.libraries.iter().filter(|library| {
        let name = library.split(' ').next();
        name.is_some_and(|name| DRAWN.contains(&name))
    });
    let libraries: Vec<&str> = libraries.map(String::as_str).collect();
    let (date, processor, libraries) = (&about.date, &about.processor, libraries.join(", "));
    let source = format!("Least of all rounds. {libraries}. {date}, {processor}.");
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {HEIGHT}\" \
         width=\"{width}\" height=\"{HEIGHT}\" font-family=\"system-ui, sans-serif\" \
         font-size=\"12\">\n\
         <title>Time to resolve ten conflicted events, by size of the room</title>\n\
         <style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{HEIGHT}\"/>\n\
         <text class=\"head\" x=\"{LEFT}\" y=\"26\">Time to resolve ten conflicted events, by size \
         of the room</text>\n\
         {panels}\
         <text class=\"faint\" font-size=\"10\" x=\"{LEFT}\" y=\"{}\">{source}</text>\n\
         </svg>\n",
        HEIGHT - 10.0
    ))
}

/// The range of both axes, as powers of ten.
struct Axes {
    entries: (f64, f64),
    nanoseconds: (f64, f64),
}

impl Axes {
    fn of(cells: &[&Measured]) -> Option<Self> {
        let entries = cells.iter().map(|cell| (cell.entries as f64).log10());
        let figures = cells.iter().flat_map(|cell| &cell.figures);
        let times = figures.filter_map(|figure| Some(figure.nanoseconds?.min.log10()));
        let entries = range(entries)?;
        let nanoseconds = range(times)?;
        (entries.0 < entries.1).then_some(Self {
            entries,
            nanoseconds: (nanoseconds.0.floor(), nanoseconds.1.ceil()),
        })
    }

    fn x(&self, entries: f64) -> f64 {
        let (low, high) = self.entries;
        LEFT + (entries.log10() - low) / (high - low) * (RIGHT - LEFT)
    }

    fn y(&self, nanoseconds: f64) -> f64 {
        let (low, high) = self.nanoseconds;
        BOTTOM - (nanoseconds.log10() - low) / (high - low) * (BOTTOM - TOP)
    }

    fn panel(&self, version: &str, cells: &[&Measured]) -> String {
        let mut text = self.grid(cells);
        writeln!(
            text,
            "<text class=\"sub\" x=\"{LEFT}\" y=\"{}\">Room version {version}</text>",
            TOP - 12.0
        )
        .expect("it is text");
        let lines = self.lines(cells);
        let ends = apart(lines.iter().map(|line| line.end().1).collect());
        for (line, end) in lines.iter().zip(ends) {
            line.draw(end, &mut text);
        }
        text
    }

    /// Ticks at each power of ten of the time, and at each size of a room.
    fn grid(&self, cells: &[&Measured]) -> String {
        let mut text = String::new();
        let (low, high) = self.nanoseconds;
        for power in low as i32..=high as i32 {
            let time = 10_f64.powi(power);
            let (y, label) = (
                self.y(time),
                duration(time).replace(".00", "").replace(".0", ""),
            );
            writeln!(
                text,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>\
                 <text class=\"faint\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 8.0,
                y + 4.0
            )
            .expect("it is text");
        }
        for cell in cells {
            let (x, size) = (self.x(cell.entries as f64), size(cell));
            writeln!(
                text,
                "<path class=\"grid\" d=\"M{x:.1} {BOTTOM}v5\"/>\
                 <text class=\"faint\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{size}</text>",
                BOTTOM + 19.0
            )
            .expect("it is text");
        }
        writeln!(
            text,
            "<text class=\"faint\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">members</text>",
            (LEFT + RIGHT) / 2.0,
            BOTTOM + 36.0
        )
        .expect("it is text");
        text
    }

    /// The libraries that answered in more than one room.
    fn lines<'a>(&self, cells: &[&'a Measured]) -> Vec<Line<'a>> {
        let mut lines: Vec<Line<'a>> = Vec::new();
        for cell in cells {
            for figure in &cell.figures {
                let Some(time) = figure.nanoseconds else {
                    continue;
                };
                let point = (self.x(cell.entries as f64), self.y(time.min));
                match lines.iter_mut().find(|line| line.library == figure.library) {
                    Some(line) => line.points.push(point),
                    None => lines.push(Line {
                        library: &figure.library,
                        points: vec![point],
                    }),
                }
            }
        }
        lines
    }
}

/// A library's times.
struct Line<'a> {
    library: &'a str,
    points: Vec<(f64, f64)>,
}

impl Line<'_> {
    fn end(&self) -> (f64, f64) {
        self.points.last().copied().unwrap_or_default()
    }

    /// Draws the line, and its name at the height `label`.
    fn draw(&self, label: f64, text: &mut String) {
        let class = self.library.replace(' ', "-");
        let points = self.points.iter().map(|(x, y)| format!("{x:.1},{y:.1}"));
        let points = points.collect::<Vec<_>>().join(" ");
        write!(text, "<g class=\"{class}\"><polyline points=\"{points}\"/>").expect("it is text");
        for (x, y) in &self.points {
            write!(text, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>").expect("it is text");
        }
        let (x, library) = (self.end().0 + 10.0, self.library);
        let y = label + 4.0;
        writeln!(
            text,
            "<text class=\"name\" x=\"{x:.1}\" y=\"{y:.1}\">{library}</text></g>"
        )
        .expect("it is text");
    }
}

/// Heights for labels, as near as may be to where they belong and far enough from each other.
fn apart(heights: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by(|one, other| heights[*one].total_cmp(&heights[*other]));
    let mut placed = heights;
    // Half of what is missing up, half of it down, until nothing is missing.
    for _ in 0..100 {
        for pair in order.windows(2) {
            let missing = LINE - (placed[pair[1]] - placed[pair[0]]);
            if missing > 0.0 {
                placed[pair[0]] -= missing / 2.0;
                placed[pair[1]] += missing / 2.0;
            }
        }
    }
    placed
}

fn size(cell: &Measured) -> &str {
    cell.shape.trim_start_matches(SHAPE)
}

fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |range, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// The libraries that resolve states.
const DRAWN: [&str; 3] = ["roomdag", "ruma-state-res", "rezzy"];

/// The shape that differs in size alone.
const SHAPE: &str = "tip/";

const PANEL_WIDTH: f64 = 480.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 380.0;
const TOP: f64 = 70.0;
const BOTTOM: f64 = 365.0;
/// From one label to the next.
const LINE: f64 = 15.0;

const STYLE: &str = "
.paper{fill:#fff}.head{fill:#1f2328;font-size:16px;font-weight:600}
.sub{fill:#1f2328;font-weight:600}.faint{fill:#656d76}.grid{stroke:#d8dee4;fill:none}
polyline{fill:none;stroke-width:2;stroke-linejoin:round}
.roomdag{color:#0969da}.ruma-bare{color:#bf5b04}.ruma-total{color:#8a3a00}
.rezzy-bare{color:#2da44e}.rezzy-total{color:#1a7f37}.rezzy-maps{color:#0b5323}
polyline{stroke:currentColor}circle,.name{fill:currentColor}
.roomdag>text{font-weight:600}.roomdag>polyline{stroke-width:3}
@media (prefers-color-scheme:dark){
.paper{fill:#0d1117}.head,.sub{fill:#e6edf3}.faint{fill:#8d96a0}.grid{stroke:#30363d}
.roomdag{color:#58a6ff}.ruma-bare{color:#f0a35e}.ruma-total{color:#d18616}
.rezzy-bare{color:#7ee787}.rezzy-total{color:#3fb950}.rezzy-maps{color:#2ea043}}
";

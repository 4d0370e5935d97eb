//! The tables that people read.

use std::fmt::Write;

use crate::cells::Stage;
use crate::data::{Figure, Measured, Report, Spread, Surroundings};

/// The report in Markdown: a table for each stage.
pub fn markdown(report: &Report) -> String {
    let mut text = header(&report.surroundings);
    for stage in Stage::ALL {
        let is_of_stage = |cell: &&Measured| cell.stage == stage.name();
        let cells: Vec<&Measured> = report.cells.iter().filter(is_of_stage).collect();
        if !cells.is_empty() {
            text += &table(stage, &cells);
        }
    }
    text
}

fn header(surroundings: &Surroundings) -> String {
    let Surroundings {
        date,
        processor,
        compiler,
        libraries,
    } = surroundings;
    let libraries = libraries.join(", ");
    format!(
        "{date}, {processor}, {compiler}.\n\n{libraries}.\n\n\
         Times are medians of the rounds, in brackets the least and the 90th percentile. \
         A ratio is the median of a library's time to that of roomdag in the same round, in \
         brackets the 10th and 90th percentiles. ✗ n: the answer differs from roomdag's in n \
         keys; ✗ panics: there is none. n =: it took part in so few rounds.\n"
    )
}

fn table(stage: Stage, cells: &[&Measured]) -> String {
    let mut libraries: Vec<&str> = Vec::new();
    for figure in cells.iter().flat_map(|cell| &cell.figures) {
        if !libraries.contains(&figure.library.as_str()) {
            libraries.push(&figure.library);
        }
    }
    let mut text = format!("\n### {}: {}\n\n", stage.name(), stage.describe());
    let input = match stage {
        Stage::Resolve | Stage::Lists | Stage::ListsOfText => "states × entries, conflicted",
        _ => "events",
    };
    writeln!(text, "| room | {input} | {} |", libraries.join(" | ")).expect("it is text");
    writeln!(text, "|---|---|{}", "---|".repeat(libraries.len())).expect("it is text");
    for cell in cells {
        write!(
            text,
            "| {}-v{} | {} |",
            cell.shape, cell.room_version, cell.input
        )
        .expect("it is text");
        let rounds = cell.figures.iter().map(|figure| figure.runs).max();
        for (at, library) in libraries.iter().enumerate() {
            let figure = cell
                .figures
                .iter()
                .find(|figure| figure.library == *library);
            let figure = figure.map_or("–".into(), |figure| {
                let is_reference = at == 0;
                let mut text = shown(figure, is_reference);
                if Some(figure.runs) < rounds && figure.runs > 0 {
                    write!(text, ", n = {}", figure.runs).expect("it is text");
                }
                text
            });
            write!(text, " {figure} |").expect("it is text");
        }
        text.push('\n');
    }
    text
}

/// A figure in few words.
fn shown(figure: &Figure, is_reference: bool) -> String {
    let (Some(time), Some(ratio)) = (figure.nanoseconds, figure.ratio) else {
        return "✗ panics".into();
    };
    let mut text = duration(time.median);
    if is_reference {
        let Spread { min, p90, .. } = time;
        write!(text, " ({}–{})", duration(min), duration(p90)).expect("it is text");
    } else {
        let Spread {
            p10, median, p90, ..
        } = ratio;
        let [p10, median, p90] = [p10, median, p90].map(three_digits);
        write!(text, ", **{median}×** ({p10}–{p90})").expect("it is text");
    }
    if !figure.differences.is_empty() {
        write!(text, " ✗ {}", figure.differences.len()).expect("it is text");
    }
    text
}

/// A cell in a line, for those who wait.
pub fn line(cell: &Measured) -> String {
    let mut text = format!("{}/{}-v{}", cell.stage, cell.shape, cell.room_version);
    for (at, figure) in cell.figures.iter().enumerate() {
        write!(text, "  {}: {}", figure.library, shown(figure, at == 0)).expect("it is text");
    }
    text
}

/// A time in the unit that suits it.
pub fn duration(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "µs"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    format!("{} {unit}", three_digits(value))
}

fn three_digits(value: f64) -> String {
    let decimals = match value {
        v if v < 9.995 => 2,
        v if v < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

//! Measures roomdag beside other libraries that do the same, on the same rooms. See the README.

mod answer;
mod args;
mod cells;
mod data;
mod floors;
mod graph;
mod measure;
mod ours;
mod plot;
mod rezzy;
mod room;
mod ruma;
mod surroundings;
mod table;

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use crate::args::{HELP, Options, Request};
use crate::data::{Measured, Report, Surroundings};

fn main() -> ExitCode {
    let result = match Request::of_process() {
        Ok(Request::Help) => {
            print!("{HELP}");
            Ok(())
        }
        Ok(Request::List) => {
            cells::names().for_each(|name| println!("{name}"));
            Ok(())
        }
        Ok(Request::Figures(options)) => figures(options),
        Err(mistake) => Err(format!("{mistake}; see --help").into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn figures(options: Options) -> Result<(), Box<dyn Error>> {
    let report = match &options.read {
        Some(path) => Report::read(path)?,
        None => measured(&options),
    };
    if report.cells.is_empty() {
        return Err("there is no such cell; see --list".into());
    }
    if let Some(path) = &options.data {
        report.write(path)?;
    }
    match &options.markdown {
        Some(path) => fs::write(path, table::markdown(&report))?,
        None => print!("{}", table::markdown(&report)),
    }
    if let Some(path) = &options.plot {
        let plot =
            plot::svg(&report).ok_or("there is nothing to draw, for want of `resolve/tip`")?;
        fs::write(path, plot)?;
    }
    Ok(())
}

fn measured(options: &Options) -> Report {
    let show = |cell: &Measured| eprintln!("{}", table::line(cell));
    Report {
        surroundings: Surroundings::of_now(options.date.clone()),
        cells: cells::run(&options.selection, options.effort(), show),
    }
}

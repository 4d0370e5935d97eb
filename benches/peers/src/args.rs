//! The command line.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use crate::cells::Selection;
use crate::measure::Effort;

/// What is asked for.
pub enum Request {
    /// `--help`
    Help,
    /// `--list`
    List,
    /// Figures.
    Figures(Options),
}

/// How figures are made and where they go.
#[derive(Default)]
pub struct Options {
    pub selection: Selection,
    rounds: Option<usize>,
    seconds: Option<usize>,
    pub date: Option<String>,
    /// A file of figures that were measured before.
    pub read: Option<PathBuf>,
    pub data: Option<PathBuf>,
    pub markdown: Option<PathBuf>,
    pub plot: Option<PathBuf>,
}

impl Request {
    /// Reads the arguments of the process.
    pub fn of_process() -> Result<Self, String> {
        Self::parse(env::args().skip(1))
    }

    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options::default();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("`{arg}` needs a value"));
            match arg.as_str() {
                "-h" | "--help" => return Ok(Self::Help),
                "--list" => return Ok(Self::List),
                "--quick" => options.selection.is_quick = true,
                "--rounds" => options.rounds = Some(positive(&value()?)?),
                "--seconds" => options.seconds = Some(positive(&value()?)?),
                "--date" => options.date = Some(value()?),
                "--read" => options.read = Some(value()?.into()),
                "--data" => options.data = Some(value()?.into()),
                "--markdown" => options.markdown = Some(value()?.into()),
                "--plot" => options.plot = Some(value()?.into()),
                _ if arg.starts_with('-') => return Err(format!("there is no option `{arg}`")),
                _ if options.selection.filter.is_empty() => options.selection.filter = arg,
                _ => return Err(format!("one filter is enough, `{arg}` is another")),
            }
        }
        Ok(Self::Figures(options))
    }
}

impl Options {
    pub fn effort(&self) -> Effort {
        let (rounds, seconds) = if self.selection.is_quick {
            (5, 2)
        } else {
            (21, 4)
        };
        let seconds = self.seconds.unwrap_or(seconds) as u64;
        Effort {
            rounds: self.rounds.unwrap_or(rounds),
            per_contender: Duration::from_secs(seconds),
        }
    }
}

fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or(format!("`{text}` is not a positive number"))
}

pub const HELP: &str = "\
Measures roomdag beside other libraries on the same rooms, by turns.

Usage: roomdag-peers [OPTIONS] [FILTER]

Arguments:
  [FILTER]         Measure only cells with this in their name, such as `resolve/tip` or `v12`

Options:
      --list           List the names of all cells
      --quick          Measure small rooms only, and in few rounds, for a first impression
      --rounds N       Measure each cell in N rounds [default: 21, with --quick 5]
      --seconds N      Let a library take part in fewer rounds than that, but no fewer than three,
                       if it takes longer than N seconds for a cell [default: 4, with --quick 2];
                       one that takes longer than 20 seconds for a run is measured once
      --markdown FILE  Write the tables to FILE and not to standard output
      --data FILE      Write all figures, and where answers differ, to FILE as NDJSON
      --plot FILE      Draw resolution time against room size to FILE as SVG
      --read FILE      Measure nothing, and take the figures from FILE, which --data wrote
      --date TEXT      Put TEXT into the header instead of today's date
  -h, --help           Print help
";

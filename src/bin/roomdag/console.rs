//! Standard error: warnings, summaries, progress; and when to use colour.

use std::ffi::OsString;
use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use clap::{ColorChoice, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::table::printable;

/// What all verbs have in common.
#[derive(clap::Args)]
pub(crate) struct ConsoleArgs {
    /// Whether to use colour; by default on a terminal, unless `NO_COLOR` is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: When,
    /// Keep quiet on standard error
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// The choice of colour, for what is said before the arguments are understood.
pub(crate) fn asked_color(arguments: impl Iterator<Item = OsString>) -> ColorChoice {
    let mut choice = ColorChoice::Auto;
    let mut is_value = false;
    for argument in arguments {
        let value = match argument.to_str() {
            Some(value) if is_value => Some(value),
            Some(argument) => argument.strip_prefix("--color="),
            None => None,
        };
        choice = match value {
            Some("always") => ColorChoice::Always,
            Some("never") => ColorChoice::Never,
            _ => choice,
        };
        is_value = argument == "--color";
    }
    choice
}

/// Standard error, and the choice of colour.
pub(crate) struct Console {
    quiet: bool,
    color: When,
}

impl Console {
    pub(crate) fn new(args: &ConsoleArgs) -> Self {
        Self {
            quiet: args.quiet,
            color: args.color,
        }
    }

    /// Whether to use colour on standard output.
    pub(crate) fn colors_output(&self) -> bool {
        self.colors(std::io::stdout().is_terminal())
    }

    fn colors(&self, is_terminal: bool) -> bool {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self.color {
            When::Always => true,
            When::Never => false,
            When::Auto => is_terminal && !no_color,
        }
    }

    pub(crate) fn error(&self, text: impl Display) {
        self.line("error: ", "31", &text);
    }

    pub(crate) fn warn(&self, text: impl Display) {
        self.line("warning: ", "33", &text);
    }

    /// A summary, or a hint.
    pub(crate) fn note(&self, text: impl Display) {
        self.line("", "", &text);
    }

    /// Nobody may be there to read it, which is no error.
    fn line(&self, label: &str, color: &str, text: &dyn Display) {
        if self.quiet {
            return;
        }
        let text = text.to_string();
        let text = printable(&text);
        let mut stderr = std::io::stderr().lock();
        let _ = if label.is_empty() || !self.colors(stderr.is_terminal()) {
            writeln!(stderr, "{label}{text}")
        } else {
            writeln!(stderr, "\x1b[{color}m{label}\x1b[0m{text}")
        };
    }

    /// A bar for `total` steps of work, which shows itself once it has taken a second.
    pub(crate) fn progress(&self, what: &'static str, total: usize) -> Progress {
        let shows = !self.quiet && std::io::stderr().is_terminal();
        Progress {
            what,
            total,
            started: shows.then(Instant::now),
            bar: None,
        }
    }
}

/// A progress bar, or none.
pub(crate) struct Progress {
    what: &'static str,
    total: usize,
    /// `None` if it never shows.
    started: Option<Instant>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// So many steps are done.
    pub(crate) fn done(&mut self, done: usize) {
        let Some(started) = self.started else { return };
        let position = u64::try_from(done).unwrap_or(u64::MAX);
        match &self.bar {
            Some(bar) => bar.set_position(position),
            None if started.elapsed() > PATIENCE => {
                let bar = ProgressBar::new(u64::try_from(self.total).unwrap_or(u64::MAX));
                if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
                    bar.set_style(style);
                }
                bar.set_message(self.what);
                bar.set_position(position);
                self.bar = Some(bar);
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// So many things, in words.
pub(crate) fn counted(number: usize, thing: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{ending}")
}

/// For how long work may go on before a bar shows.
const PATIENCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use clap::ColorChoice;

    use super::{asked_color, counted};

    #[test]
    fn the_choice_of_colour_counts_though_the_call_is_wrong() {
        let asked = |text: &str| asked_color(text.split(' ').map(Into::into));
        assert_eq!(asked("roomdag --color never nope"), ColorChoice::Never);
        assert_eq!(asked("roomdag nope --color=always"), ColorChoice::Always);
        assert_eq!(asked("roomdag never --color"), ColorChoice::Auto);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(counted(1, "room"), "1 room");
        assert_eq!(counted(0, "room"), "0 rooms");
    }
}

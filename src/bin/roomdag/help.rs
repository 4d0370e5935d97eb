//! `help`: what the tool and its verbs do.

use std::io::Write;

use clap::CommandFactory;

use crate::Cli;
use crate::failure::{Answer, Failure};
use crate::output::Output;

/// Print what the tool or a verb does, and how to call it
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag help
  roomdag help resolve")]
pub(crate) struct Args {
    /// The verb; the tool, if none is given
    verb: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<Answer, Failure> {
    let verb = args.verb.as_deref();
    let unknown = |verb: &&str| Cli::command().find_subcommand(verb).is_none();
    if let Some(verb) = verb.filter(unknown) {
        return Err(Failure::Call(format!("there is no verb `{verb:.255}`")));
    }
    let asked = ["roomdag"].into_iter().chain(verb).chain(["--help"]);
    let mut out = Output::open();
    // What was asked for comes in the place of arguments.
    if let Err(help) = Cli::command().try_get_matches_from(asked) {
        write!(out, "{}", help.render())?;
    }
    out.finish()?;
    Ok(Answer::Positive)
}

//! The command-line tool: one verb per question about a room.
//!
//! Answers go to standard output and nothing else does; progress, warnings and summaries go to
//! standard error. The exit code is 0 for an answer, 1 for a negative one, and 2 where the call or
//! the input cannot be used.

mod answer;
mod check;
mod completions;
mod conformance;
mod console;
mod dropped;
mod event;
mod failure;
mod generate;
mod help;
mod input;
mod jobs;
mod keygen;
mod man;
mod options;
mod output;
mod redact;
mod replay;
mod resolve;
mod room;
mod seeds;
mod sign;
mod simulate;
mod table;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::console::{Console, ConsoleArgs};
use crate::failure::{Answer, Failure};

/// Answers questions about Matrix rooms: what the state is, which events are allowed, and why.
#[derive(Parser)]
#[command(
    name = "roomdag",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(flatten)]
    console: ConsoleArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Answer(answer::Args),
    Check(check::Args),
    Completions(completions::Args),
    Conformance(conformance::Args),
    Event(event::Args),
    Generate(generate::Args),
    Help(help::Args),
    Keygen(keygen::Args),
    Man(man::Args),
    Redact(redact::Args),
    Resolve(resolve::Args),
    Sign(sign::Args),
    Simulate(Box<simulate::Args>),
}

fn main() -> ExitCode {
    let arguments = Cli::command().color(console::asked_color(std::env::args_os()));
    let cli = arguments.try_get_matches();
    let cli = match cli.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // Help for a reader who has gone is no error.
            let _ = error.print();
            return if error.use_stderr() {
                Failure::exit_code()
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let console = Console::new(&cli.console);
    let answer = match &cli.verb {
        Verb::Answer(args) => answer::run(args),
        Verb::Check(args) => check::run(args, &console),
        Verb::Completions(args) => completions::run(args),
        Verb::Conformance(args) => conformance::run(args, &console),
        Verb::Event(args) => event::run(args, &console),
        Verb::Generate(args) => generate::run(args, &console),
        Verb::Help(args) => help::run(args),
        Verb::Keygen(args) => keygen::run(args, &console),
        Verb::Man(args) => man::run(args),
        Verb::Redact(args) => redact::run(args, &console),
        Verb::Resolve(args) => resolve::run(args, &console),
        Verb::Sign(args) => sign::run(args, &console),
        Verb::Simulate(args) => simulate::run(args, &console),
    };
    match answer {
        Ok(Answer::Positive) => ExitCode::SUCCESS,
        Ok(Answer::Negative) => ExitCode::from(1),
        Err(failure) => {
            console.error(&failure);
            Failure::exit_code()
        }
    }
}

//! `completions`: what a shell needs to complete the tool's arguments.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::Cli;
use crate::failure::{Answer, Failure};
use crate::output::Output;

/// Print a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag completions bash > ~/.local/share/bash-completion/completions/roomdag
  roomdag completions zsh > ~/.zfunc/_roomdag")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<Answer, Failure> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "roomdag", &mut script);
    let mut out = Output::open();
    out.write_all(&script)?;
    out.finish()?;
    Ok(Answer::Positive)
}

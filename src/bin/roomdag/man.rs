//! `man`: the manual pages.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_mangen::Man;

use crate::Cli;
use crate::failure::{Answer, Failure};
use crate::output::Output;

/// Print the manual pages of the tool and its verbs
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag man --dir ~/.local/share/man/man1
  roomdag man | man -l -")]
pub(crate) struct Args {
    /// Write each page into a file of its own in this directory
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<Answer, Failure> {
    let mut tool = Cli::command().disable_help_subcommand(true);
    tool.build();
    let commands: Vec<&Command> = std::iter::once(&tool)
        .chain(tool.get_subcommands())
        .collect();
    if let Some(dir) = &args.dir {
        for command in commands {
            write_page(dir, command)?;
        }
        return Ok(Answer::Positive);
    }
    let mut out = Output::open();
    for command in commands {
        Man::new(command.clone()).render(&mut out)?;
    }
    out.finish()?;
    Ok(Answer::Positive)
}

fn write_page(dir: &Path, command: &Command) -> Result<(), Failure> {
    let man = Man::new(command.clone());
    let path = dir.join(man.get_filename());
    let mut page = Vec::new();
    man.render(&mut page)?;
    std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::File::create(&path))
        .and_then(|mut file| file.write_all(&page))
        .map_err(|error| Failure::input(path.display().to_string(), error))
}

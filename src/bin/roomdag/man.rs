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
    let mut tool = Cli::command();
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
        out.write_all(&page(command)?)?;
    }
    out.finish()?;
    Ok(Answer::Positive)
}

fn write_page(dir: &Path, command: &Command) -> Result<(), Failure> {
    let path = dir.join(Man::new(command.clone()).get_filename());
    let page = page(command)?;
    std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::write(&path, page))
        .map_err(|error| Failure::input(path.display().to_string(), error))
}

/// A page, with the examples in a section of their own and line by line.
fn page(command: &Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let examples = command.get_after_help().map(ToString::to_string);
    let command = command.clone().after_help(None::<&str>);
    Man::new(command).render(&mut page)?;
    let Some(examples) = examples else {
        return Ok(page);
    };
    let lines = examples.lines().filter(|line| *line != "Examples:");
    let examples: String = lines.map(verbatim).collect();
    let section = format!(".SH EXAMPLES\n.nf\n{examples}.fi\n");
    // The version is what pages end with.
    let text = String::from_utf8_lossy(&page).into_owned();
    let (before, after) = text.split_at(text.find(".SH VERSION").unwrap_or(text.len()));
    Ok(format!("{before}{section}{after}").into_bytes())
}

/// A line as it stands, whatever is in it.
fn verbatim(line: &str) -> String {
    let escaped = line.replace('\\', "\\e").replace('-', "\\-");
    // A point or an apostrophe in front would be a request.
    format!("\\&{escaped}\n")
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::page;

    #[test]
    fn examples_stand_line_by_line_in_a_section_of_their_own() {
        let help = "Examples:\n  tool do --it \\\n      .file\n  tool do";
        let page = page(&Command::new("do").version("1").after_help(help)).unwrap();
        let page = String::from_utf8(page).unwrap();
        let lines = "\\&  tool do \\-\\-it \\e\n\\&      .file\n\\&  tool do\n";
        let section = format!(".SH EXAMPLES\n.nf\n{lines}.fi\n");
        let (before, after) = page.split_once(&section).unwrap();
        assert!(
            before.contains(".SH OPTIONS") && after.contains(".SH VERSION"),
            "{page}"
        );
        assert!(!page.contains("EXTRA"));
    }
}

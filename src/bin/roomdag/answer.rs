//! `answer`: the built-in engine as a server of the protocol of the vectors.

use std::io::{BufRead, ErrorKind, Write};

use roomdag::lab::conformance::reply;

use crate::failure::{Answer, Failure};
use crate::output::Output;

/// Answer the questions of the vectors, one a line
///
/// Each line on standard input is a request, and is answered with a line on standard output, as
/// `spec-vectors/protocol.md` describes: `{"id", "question", "room_version", "input"}` is answered
/// with `{"id", "answer"}`, or with `unsupported` or `error` instead of an answer. This is what
/// `conformance --command` asks.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  echo '{\"id\":\"1\",\"question\":\"canonical_json\",\"input\":{\"mode\":\"strict\",\"text\":\"[ 1]\"}}' \\
      | roomdag answer
  roomdag conformance spec-vectors/auth/rules.json --command 'roomdag answer'")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<Answer, Failure> {
    let mut stdin = std::io::stdin().lock();
    let mut out = Output::open();
    let mut line = Vec::new();
    loop {
        line.clear();
        match stdin.read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::input("-", error)),
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        writeln!(out, "{}", reply(&line))?;
        out.flush()?;
        if out.is_closed() {
            break;
        }
    }
    out.finish()?;
    Ok(Answer::Positive)
}

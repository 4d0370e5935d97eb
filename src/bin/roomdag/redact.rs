//! `redact`: what redaction leaves of an event.

use std::io::Write;

use roomdag::pdu;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::{STDIN, read_events};
use crate::output::Output;

/// Print the redacted form of an event, in canonical JSON
///
/// Takes one event, or several as NDJSON, and prints one a line.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag redact spec-vectors/events/example.json --room-version 11
  roomdag redact spec-vectors/events/example.json --room-version 1 | jq .content")]
pub(crate) struct Args {
    /// The event: a file, or `-` for standard input
    #[arg(default_value = STDIN)]
    file: String,
    /// The room version; by default that of the create event, if there is one
    #[arg(long, value_name = "V")]
    room_version: Option<String>,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let (dump, answer) = read_events(&args.file, args.room_version.as_deref(), console)?;
    let mut out = Output::open();
    for event in &dump.events {
        out.write_all(&pdu::redact(&event.json, &dump.rules).to_canonical())?;
        out.write_all(b"\n")?;
    }
    out.finish()?;
    Ok(answer)
}

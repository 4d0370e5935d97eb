//! `sign`: adding hash and signature to an event.

use std::io::Write;

use roomdag::crypto::{SigningKey, hash_and_sign_event};
use roomdag::id::ServerName;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::input::{STDIN, bytes, name, read_events};
use crate::output::Output;

/// Add the content hash and a signature to an event, and print it in canonical JSON
///
/// Takes one event, or several as NDJSON, and prints one a line. Other signatures are kept, other
/// hashes replaced.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag sign --key spec-vectors/events/example.key --server example.org \\
      --room-version 11 spec-vectors/events/example.json
  roomdag sign --key spec-vectors/events/example.key --server example.net \\
      --room-version 11 spec-vectors/events/example.json | jq .signatures")]
pub(crate) struct Args {
    /// The event: a file, or `-` for standard input
    #[arg(default_value = STDIN)]
    file: String,
    /// The signing key: a file with `ed25519 <id> <seed in Base64>`
    #[arg(long, value_name = "KEYFILE")]
    key: String,
    /// The server that signs
    #[arg(long, value_name = "NAME")]
    server: String,
    /// The room version; by default that of the create event, if there is one
    #[arg(long, value_name = "V")]
    room_version: Option<String>,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let text = bytes(&args.key)?;
    let text = String::from_utf8_lossy(&text);
    let key = SigningKey::from_file(&text).map_err(|e| Failure::input(name(&args.key), e))?;
    let server = ServerName::parse(&args.server).map_err(|e| Failure::Call(e.to_string()))?;
    let (dump, answer) = read_events(&args.file, args.room_version.as_deref(), console)?;
    let mut out = Output::open();
    for mut event in dump.events {
        hash_and_sign_event(&mut event.json, &dump.rules, server.as_str(), &key);
        out.write_all(&event.json.to_canonical())?;
        out.write_all(b"\n")?;
    }
    out.finish()?;
    Ok(answer)
}

//! `keygen`: a new signing key.

use std::io::Write;

use roomdag::crypto::SigningKey;
use roomdag::id::KeyId;

use crate::console::Console;
use crate::failure::{Answer, Failure};
use crate::output::Output;

/// Print a new signing key in the form that homeservers use
///
/// The public half goes to standard error.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  roomdag keygen > signing.key
  roomdag keygen --id test1 --quiet")]
pub(crate) struct Args {
    /// The key's id; by default a random one
    #[arg(long, value_name = "ID")]
    id: Option<String>,
}

pub(crate) fn run(args: &Args, console: &Console) -> Result<Answer, Failure> {
    let version = match &args.id {
        Some(id) => id.strip_prefix("ed25519:").unwrap_or(id).to_owned(),
        None => random_version()?,
    };
    let key_id = KeyId::parse(&format!("{}:{version}", KeyId::ED25519));
    let key_id = key_id.map_err(|error| Failure::Call(error.to_string()))?;
    let mut seed = [0; 32];
    fill(&mut seed)?;
    let key = SigningKey::from_seed(key_id, &seed);
    let key = key.map_err(|error| Failure::Call(error.to_string()))?;
    let mut out = Output::open();
    writeln!(out, "{}", key.to_file().trim_end())?;
    out.finish()?;
    console.note(format_args!(
        "public key of `{}`: {}",
        key.key_id(),
        key.verify_key().to_base64(),
    ));
    Ok(Answer::Positive)
}

/// `a_` and four random letters.
fn random_version() -> Result<String, Failure> {
    let mut bytes = [0; 4];
    fill(&mut bytes)?;
    let letter = |byte: &u8| char::from(b'a'.saturating_add(byte % 26));
    Ok(format!(
        "a_{}",
        bytes.iter().map(letter).collect::<String>()
    ))
}

fn fill(bytes: &mut [u8]) -> Result<(), Failure> {
    getrandom::fill(bytes).map_err(|error| Failure::Call(format!("no random bytes: {error}")))
}

//! Which format a file has, by its content.

use crate::json::{Mode, Value};
use crate::lab::conformance::{Case, FileError, borrowed, recorded, uniform};

/// The cases of a file of any format; `name` is what they give as their file, and `beside` has the
/// content of another file in the same folder.
///
/// Whole rooms are folders; see [`RoomFiles::case`](crate::lab::conformance::RoomFiles::case).
///
/// # Errors
///
/// [`FileError`]: the file is of none of the formats, or not as its format says.
pub fn cases(
    bytes: &[u8],
    name: &str,
    mut beside: impl FnMut(&str) -> Option<Vec<u8>>,
) -> Result<Vec<Case>, FileError> {
    // An input of MSC4458 may come first in its file, and begin as any JSON does.
    let value = match Value::parse(bytes, Mode::Lenient) {
        Ok(value) => value,
        Err(error) => {
            let case = borrowed::msc4458(bytes, name).ok_or(error)?;
            return Ok(vec![case]);
        }
    };
    let file = match value {
        Value::Object(file) => file,
        Value::Array(_) => {
            let accepted = beside(ACCEPTED).ok_or(FileError::Unknown)?;
            let accepted_elsewhere = beside(ACCEPTED_ELSEWHERE).ok_or(FileError::Unknown)?;
            return borrowed::ed25519(&value, &accepted, &accepted_elsewhere, name);
        }
        _ => return Err(FileError::Unknown),
    };
    if uniform::is_uniform(&file) {
        return uniform::cases(&file, name);
    }
    if file.contains_key("seed") && file.contains_key("events") {
        return borrowed::spec_examples(&file, name);
    }
    if let Some(cases) = recorded::cases(&file, name)? {
        return Ok(cases);
    }
    // Of this project's own format, but for what is wrong with it.
    if file.contains_key("cases") {
        return uniform::cases(&file, name);
    }
    Err(FileError::Unknown)
}

/// The numbers of the ed25519 cases that verify.
const ACCEPTED: &str = "ed25519-libsodium-accepts.json";
/// The numbers of those that verify elsewhere.
const ACCEPTED_ELSEWHERE: &str = "ed25519-go-accepts.json";

//! Events for the question `format`, built from a plain one.

use crate::crypto::content_hash;
use crate::json::Object;
use crate::lab::conformance::FileError;
use crate::lab::conformance::fields::{object, opt_text, texts};

/// Writes out the event of a `format` input as `text`, the bytes on the wire.
///
/// | member            | what it does                                                            |
/// |-------------------|-------------------------------------------------------------------------|
/// | `event`           | the event itself                                                        |
/// | `base`            | a plain event, from which the others make one                           |
/// | `remove`          | takes these keys away                                                   |
/// | `change`          | sets these keys                                                         |
/// | `hash: "wrong"`   | states the content hash of another event                                |
/// | `hash: "right"`   | states its own                                                          |
/// | `pad_to: n`       | lengthens `content.body` until the canonical JSON has n bytes           |
/// | `spaces: n`       | puts so many spaces in front                                            |
pub(super) fn write_text(input: &mut Object) -> Result<(), FileError> {
    if input.contains_key("text") || input.contains_key("hex") {
        return Ok(());
    }
    let base = if input.contains_key("event") {
        "event"
    } else {
        "base"
    };
    let mut event = object(input, base)?.clone();
    if input.contains_key("remove") {
        for key in texts(input, "remove")? {
            event
                .remove(key)
                .ok_or(FileError::Field { field: "remove" })?;
        }
    }
    if input.contains_key("change") {
        for (key, value) in object(input, "change")? {
            event.insert(key, value.clone());
        }
    }
    state_hash(&mut event, opt_text(input, "hash"))?;
    if let Some(size) = count(input, "pad_to")? {
        pad(&mut event, size)?;
    }
    let spaces = count(input, "spaces")?.unwrap_or(0);
    let text = format!("{}{event}", " ".repeat(spaces));
    for member in [
        "event", "base", "remove", "change", "hash", "pad_to", "spaces",
    ] {
        input.remove(member);
    }
    input.insert("text", text);
    Ok(())
}

fn state_hash(event: &mut Object, which: Option<&str>) -> Result<(), FileError> {
    let hash = match which {
        None => return Ok(()),
        Some("right") => content_hash(event),
        Some("wrong") => {
            let mut other = event.clone();
            other.insert("x", 1);
            content_hash(&other)
        }
        Some(_) => return Err(FileError::Field { field: "hash" }),
    };
    let mut hashes = Object::new();
    hashes.insert("sha256", hash.to_base64());
    event.insert("hashes", hashes);
    Ok(())
}

fn pad(event: &mut Object, size: usize) -> Result<(), FileError> {
    let wrong = || FileError::Field { field: "pad_to" };
    let padded = |missing: usize| Object::from_iter([("body", "x".repeat(missing))]);
    event.insert("content", padded(0));
    let missing = size.checked_sub(event.canonical_len()).ok_or_else(wrong)?;
    if missing > LONGEST {
        return Err(wrong());
    }
    event.insert("content", padded(missing));
    Ok(())
}

fn count(input: &Object, field: &'static str) -> Result<Option<usize>, FileError> {
    let Some(value) = input.get(field) else {
        return Ok(None);
    };
    let count = value.as_i64().and_then(|count| usize::try_from(count).ok());
    let count = count.filter(|count| *count <= LONGEST);
    count.ok_or(FileError::Field { field }).map(Some)
}

/// The longest event that is built.
const LONGEST: usize = 1 << 26;

//! `--jobs`: how much is done at a time.

/// Reads how much is done at a time.
pub(crate) fn jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs @ 1..=256) => Ok(jobs),
        _ => Err("not a number from 1 to 256".to_owned()),
    }
}

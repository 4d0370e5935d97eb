//! What tells that a row is as it was written.

use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::id::RoomId;
use crate::resolve;
use crate::room::checkpoint::rows::{EventRow, FORMAT, Head, StateRow, WaitingRow};
use crate::version::RoomVersionRules;

/// What kind of row a seal is on, so that none passes for one of another kind.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Event,
    Head,
    State,
    Waiting,
}

/// The seal of a row whose own seal is empty: the first half of a SHA-256 over the row's JSON, with
/// the room and the format in front.
fn seal(kind: Kind, room: &RoomId, row: &impl Serialize) -> String {
    // Rows have nothing that JSON could not express.
    let json = serde_json::to_vec(&("roomdag", FORMAT, kind, room, row)).unwrap_or_default();
    half(&json)
}

fn half(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let mut text = String::with_capacity(32);
    for byte in hash.iter().take(16) {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The hash that two rooms have in common if they are judged alike.
pub(super) fn fingerprint(rules: &RoomVersionRules, options: resolve::Options) -> String {
    half(format!("roomdag {ALGORITHMS} {rules:?} {options:?}").as_bytes())
}

/// Rises whenever the library comes to answer a question about a room otherwise than before.
const ALGORITHMS: u32 = 1;

macro_rules! sealed {
    ($($row:ident $kind:ident;)*) => {
        $(impl $row {
            /// Seals the row of a room, as it is.
            ///
            /// For a host that has changed a row itself, as when it moves to another format. The
            /// seal is no signature: whoever can write rows can seal them.
            pub fn seal(&mut self, room: &RoomId) {
                self.seal.clear();
                self.seal = seal(Kind::$kind, room, self);
            }

            /// Whether the row is as it was sealed. It is left without its seal.
            pub(super) fn take_seal(&mut self, room: &RoomId) -> bool {
                let found = std::mem::take(&mut self.seal);
                found == seal(Kind::$kind, room, self)
            }
        })*
    };
}

sealed! {
    EventRow Event;
    Head Head;
    StateRow State;
    WaitingRow Waiting;
}

//! From a PDU to an event, with receipt check 3 and whatever is known of check 2.

use crate::crypto::hash::{hashed_event_id, is_intact, signed_message};
use crate::event::{AuthoriserSigned, Event, HashCheck, Provenance, Signatures};
use crate::id::{EventId, RoomId};
use crate::pdu::content::Content;
use crate::pdu::{Pdu, REDACTION};
use crate::version::{RedactsIn, RoomVersionRules};

/// Makes an event of a PDU without a look at its signatures: for research on rooms whose keys are
/// gone, and for a host that has verified the PDU before. The content hash is checked.
///
/// The event's [`Provenance`] says that nobody looked.
#[must_use]
pub fn unverified(pdu: Pdu, rules: &RoomVersionRules) -> Event {
    // Where the event states its id, nothing asks what the reference hash covers.
    let message = match pdu.stated_event_id() {
        Some(_) => Vec::new(),
        None => signed_message(&pdu, rules),
    };
    event(
        pdu,
        rules,
        message,
        Signatures::Unchecked,
        AuthoriserSigned::Unchecked,
    )
}

/// As [`unverified`], for an event that goes by a name instead of its hash, as those of synthetic
/// scenarios do.
#[must_use]
pub fn unverified_named(pdu: Pdu, id: EventId, rules: &RoomVersionRules) -> Event {
    let mut event = unverified(pdu, rules);
    if !event.states_room_id {
        event.room_id = implied_room_id(&id);
    }
    event.id = id;
    event
}

/// Makes an event of a PDU that the host kept under this id, in the form in which it went on after
/// checks 2 and 3: for reloading a room. Nothing is hashed, and nobody looks at signatures.
///
/// Check 3 may have left the redacted form; that is what the host has kept then, and it counts as
/// intact. [`AuthoriserSigned`] is not known: whoever reloads an event that was judged states the
/// verdict ([`Verdicts::Stated`](crate::replay::Verdicts::Stated)) or verifies it again.
#[must_use]
pub fn stored(pdu: Pdu, id: EventId, rules: &RoomVersionRules) -> Event {
    let provenance = Provenance {
        signatures: Signatures::Unchecked,
        content_hash: HashCheck::Ok,
    };
    with_id(pdu, id, rules, provenance, AuthoriserSigned::Unchecked)
}

/// Check 3: an event whose content hash is wrong is its redacted form.
///
/// `message` is what the reference hash covers, [`signed_message`], if the id is that hash.
pub(super) fn event(
    pdu: Pdu,
    rules: &RoomVersionRules,
    mut message: Vec<u8>,
    signatures: Signatures,
    authoriser_signature: AuthoriserSigned,
) -> Event {
    let id = match pdu.stated_event_id() {
        Some(id) => id.clone(),
        None => hashed_event_id(&message, rules),
    };
    let content_hash = if is_intact(&pdu, &mut message) {
        HashCheck::Ok
    } else {
        HashCheck::Mismatch
    };
    let provenance = Provenance {
        signatures,
        content_hash,
    };
    with_id(pdu, id, rules, provenance, authoriser_signature)
}

fn with_id(
    pdu: Pdu,
    id: EventId,
    rules: &RoomVersionRules,
    provenance: Provenance,
    authoriser_signature: AuthoriserSigned,
) -> Event {
    let is_altered = provenance.content_hash == HashCheck::Mismatch;
    let redacted = is_altered.then(|| pdu.redacted_json(rules));
    let json = redacted.as_ref().unwrap_or(pdu.json());
    let is_state = pdu.state_key().is_some();
    let content = Content::of_canonical(json, pdu.event_type(), is_state, rules);
    let redacts = match rules.redacts {
        _ if pdu.event_type() != REDACTION => None,
        RedactsIn::Event => json.get("redacts"),
        RedactsIn::Content => json
            .get("content")
            .and_then(|content| content.get("redacts")),
    };
    let redacts = redacts.and_then(|id| EventId::parse(&id.as_str()?).ok());
    let room_id = pdu.stated_room_id().cloned();
    Event {
        states_room_id: room_id.is_some(),
        room_id: room_id.unwrap_or_else(|| implied_room_id(&id)),
        id,
        event_type: pdu.event_type,
        state_key: pdu.state_key,
        sender: pdu.sender,
        origin_server_ts: pdu.origin_server_ts,
        depth: pdu.depth,
        prev_events: pdu.prev_events,
        auth_events: pdu.auth_events,
        content,
        redacts,
        authoriser_signature,
        overlong: pdu.overlong,
        provenance,
    }
}

/// The room that a create event makes: its id with the sigil of rooms.
pub(crate) fn implied_room_id(create: &EventId) -> RoomId {
    RoomId::from_trusted(format!("!{}", create.as_str().get(1..).unwrap_or_default()))
}

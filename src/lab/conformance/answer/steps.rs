//! The steps of `receive`: what a step says, and what is done.

use crate::crypto::{KeyRing, Timestamp};
use crate::id::EventId;
use crate::json::{Object, Value};
use crate::lab::conformance::FileError;
use crate::lab::conformance::answer::receipts;
use crate::lab::conformance::fields::{list, object, opt_object, opt_text, text, wire};
use crate::lab::conformance::keys;
use crate::room::{Claim, Members, Room};

/// A room in which steps are taken.
pub(super) struct Stage {
    pub(super) room: Room,
    pub(super) keys: KeyRing,
    pub(super) now: Timestamp,
}

impl Stage {
    /// Takes a step, and says what came of it.
    pub(super) fn take(&mut self, step: &Object) -> Result<Object, FileError> {
        if step.contains_key("now") {
            self.now = keys::now(step);
        }
        if let Some(pdu) = step.get("receive") {
            let bytes = wire(pdu, "receive")?;
            let received = self.room.receive(&bytes, &self.keys, self.now);
            return Ok(receipts::of(&received.receipt, &received.notices));
        }
        if let Some(pdu) = step.get("backfill") {
            let bytes = wire(pdu, "backfill")?;
            let received = self.room.receive_backfilled(&bytes, &self.keys, self.now);
            return Ok(receipts::of(&received.receipt, &received.notices));
        }
        if let Some(claim) = opt_object(step, "claim") {
            return self.claim(claim);
        }
        if let Some(servers) = opt_object(step, "keys") {
            keys::add_keys(&mut self.keys, servers)?;
            let notices = self.room.resume(&self.keys, self.now);
            return Ok(receipts::done(&notices));
        }
        self.overrule(step)
    }

    fn overrule(&mut self, step: &Object) -> Result<Object, FileError> {
        if let Some(id) = opt_text(step, "soft_fail") {
            let is = self.room.soft_fail(&EventId::from_trusted(id));
            return Ok(receipts::standing(is));
        }
        if let Some(id) = opt_text(step, "readmit") {
            let is = self.room.readmit(&EventId::from_trusted(id));
            return Ok(receipts::standing(is));
        }
        if let Some(id) = opt_text(step, "abandon") {
            let _ = self.room.abandon(&EventId::from_trusted(id));
            return Ok(receipts::done(&[]));
        }
        Err(FileError::Field { field: "steps" })
    }

    fn claim(&mut self, claim: &Object) -> Result<Object, FileError> {
        let event = EventId::from_trusted(text(claim, "event")?);
        let (ids, events) = state(claim, "events")?;
        let (_, auth_chain) = state(claim, "auth_chain")?;
        let members = match opt_text(claim, "members") {
            None | Some("complete") => Members::Complete,
            Some("omitted") => Members::Omitted,
            Some(_) => return Err(FileError::Field { field: "members" }),
        };
        let claim = Claim {
            events: events.iter().map(Vec::as_slice).collect(),
            ids,
            auth_chain: auth_chain.iter().map(Vec::as_slice).collect(),
            members,
        };
        let taken = self.room.claim(&event, &claim, &self.keys, self.now);
        Ok(receipts::claimed(&event, &taken))
    }
}

/// The ids and the PDUs of a list, which may be absent.
fn state(claim: &Object, field: &'static str) -> Result<(Vec<EventId>, Vec<Vec<u8>>), FileError> {
    let (mut ids, mut events) = (Vec::new(), Vec::new());
    if !claim.contains_key(field) {
        return Ok((ids, events));
    }
    for entry in list(claim, field)? {
        match entry {
            Value::String(id) => ids.push(EventId::from_trusted(&**id)),
            entry => events.push(wire(entry, field)?),
        }
    }
    Ok((ids, events))
}

/// The servers' keys with which a sequence begins.
pub(super) fn first_keys(input: &Object) -> Result<KeyRing, FileError> {
    keys::key_ring(object(input, "server_keys")?)
}

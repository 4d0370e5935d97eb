//! Events that come again.

use crate::crypto;
use crate::id::UserId;
use crate::json::{Object, Value};
use crate::lab::generate::compose::json;
use crate::lab::generate::world::World;
use crate::pdu::{CREATE, redact};
use crate::version::EventIdFormat;

impl World {
    /// A copy of an event: the same, redacted, altered; or another event of its id.
    pub(super) fn copy(&mut self) {
        let Some(original) = self.earlier() else {
            return;
        };
        let is_create = self
            .dag
            .event(original)
            .is_some_and(|e| e.event_type == CREATE);
        let Some(mut event) = self.json(original).filter(|_| !is_create) else {
            return;
        };
        match self.random.below(6) {
            0 => {}
            1 => event = redact(&event, self.rules()),
            2 => {
                let content = event.get_mut("content").and_then(Value::as_object_mut);
                if let Some(content) = content {
                    content.insert("body", "this is what was said");
                }
            }
            3 => {
                event.insert("unsigned", json(r#"{"age_ts":1,"redacted_because":{}}"#));
            }
            4 if self.rules().event_id == EventIdFormat::Field => {
                let Some(twin) = self.twin(event) else {
                    return;
                };
                event = twin;
            }
            _ => {
                let signatures = event.get_mut("signatures").and_then(Value::as_object_mut);
                if let Some(signatures) = signatures {
                    let signature = Object::from_iter([("ed25519:1", "AAAA")]);
                    signatures.insert("other.example.org", signature);
                }
            }
        }
        self.emit(event.to_canonical());
    }

    /// Another event of the same id, in the same place, by the same sender.
    fn twin(&self, mut event: Object) -> Option<Object> {
        let sender = UserId::parse(event.get("sender")?.as_str()?).ok()?;
        let server = self.cast.server(sender.server_name())?;
        event.remove("signatures");
        let depth = event
            .get("depth")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        event.insert("depth", depth.saturating_sub(1).max(0));
        crypto::hash_and_sign_event(&mut event, self.rules(), server.name.as_str(), &server.key);
        Some(event)
    }
}

//! Stories: signed events of a room, written down as symbolic ones.
//!
//! A `story` is a list of symbolic events. They are written out as they come over federation in the
//! room version, each hashed, and signed by its sender's server, so that one story serves all
//! versions. `$name` stands for the event's id, also in what is expected. Where servers choose the
//! ids, an event may cite one that is told later, or itself.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::crypto::{self, SigningKey};
use crate::id::{KeyId, UserId};
use crate::json::{Mode, Object, Value};
use crate::lab::conformance::fields::{list, object, opt_integer, opt_text, text, texts};
use crate::lab::conformance::{FileError, Question};
use crate::limits::Limits;
use crate::pdu::{CREATE, Pdu};
use crate::version::{
    CreateReference, EventIdFormat, EventReferences, RedactsIn, RoomIdFormat, RoomVersionRules,
};

/// Writes out the story of an input, and gives the ids of its events.
///
/// | member      | what it is                                                                     |
/// |-------------|--------------------------------------------------------------------------------|
/// | `story`     | symbolic events, each after those that it cites                                |
/// | `order`     | the ids in the order in which the events come, if that is another one          |
///
/// For `receive` the first event is the `create` event, and the others are received; or there are
/// `steps`, which name the events that are received and those that are claimed.
///
/// `redacts` of an event is put where the room version looks for it. `room` names the create event
/// of its room, if that is not the first one.
pub(super) fn tell(
    input: &mut Object,
    question: Question,
    rules: &RoomVersionRules,
) -> Result<Names, FileError> {
    let mut telling = Telling {
        rules,
        names: Names::default(),
        hashes: BTreeMap::new(),
        rooms: BTreeMap::new(),
        first: None,
        keys: Object::new(),
    };
    telling.choose_ids(input)?;
    let mut events: BTreeMap<String, Object> = BTreeMap::new();
    let mut order = Vec::new();
    for (position, event) in list(input, "story")?.enumerate() {
        let event = event.as_object().ok_or(WRONG)?;
        let name = text(event, "id")?;
        order.push(name.to_owned());
        let position = i64::try_from(position).map_err(|_| WRONG)?;
        events.insert(name.to_owned(), telling.pdu(name, event, position)?);
    }
    if input.contains_key("order") {
        order = texts(input, "order")?
            .into_iter()
            .map(str::to_owned)
            .collect();
    }
    let told = order.iter().map(|name| events.get(name).cloned());
    let told: Option<Vec<Object>> = told.collect();
    let mut told = told.ok_or(FileError::Field { field: "order" })?.into_iter();
    input.remove("story");
    input.remove("order");
    if question == Question::Receive {
        input.insert("create", told.next().ok_or(WRONG)?);
        let receive = |event| Value::from(Object::from_iter([("receive", event)]));
        let steps = match input.get("steps").and_then(Value::as_array) {
            Some(steps) => steps
                .iter()
                .map(|step| with_events(step, &events))
                .collect(),
            None => told.map(receive).collect::<Vec<_>>(),
        };
        input.insert("steps", steps);
    } else {
        input.insert("events", told.map(Value::from).collect::<Vec<_>>());
    }
    *input = telling.names.put(input)?;
    input.insert("server_keys", telling.keys);
    Ok(telling.names)
}

/// A step with the events that it names.
fn with_events(step: &Value, events: &BTreeMap<String, Object>) -> Value {
    let event = |value: &Value| {
        let named = value.as_str().and_then(|name| events.get(name));
        named.map_or_else(|| value.clone(), |event| event.clone().into())
    };
    let Some(step) = step.as_object() else {
        return step.clone();
    };
    let with_all = |claim: &Object| -> Object {
        let members = claim.iter().map(|(member, value)| match value.as_array() {
            Some(list) => (
                member,
                Value::from(list.iter().map(event).collect::<Vec<_>>()),
            ),
            None => (member, value.clone()),
        });
        members.collect()
    };
    let members = step.iter().map(|(member, value)| match value.as_object() {
        Some(claim) if member == "claim" => (member, with_all(claim).into()),
        _ if ["receive", "backfill"].contains(&member) => (member, event(value)),
        _ => (member, value.clone()),
    });
    members.collect::<Object>().into()
}

/// The ids of the events of a story, by the names that stand for them.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Puts the ids where the names stand.
    pub(super) fn put(&self, object: &Object) -> Result<Object, FileError> {
        if self.0.is_empty() {
            return Ok(object.clone());
        }
        let mut text = object.to_string();
        for (name, id) in &self.0 {
            text = text.replace(&format!("\"{name}\""), &format!("\"{id}\""));
        }
        Ok(Object::parse(text.as_bytes(), Mode::Lenient)?)
    }
}

/// What of a story has been told.
struct Telling<'a> {
    rules: &'a RoomVersionRules,
    names: Names,
    hashes: BTreeMap<String, String>,
    /// The room ids, by the names of the create events.
    rooms: BTreeMap<String, String>,
    first: Option<String>,
    keys: Object,
}

impl Telling<'_> {
    /// The ids that are known before their events are.
    fn choose_ids(&mut self, input: &Object) -> Result<(), FileError> {
        if self.rules.event_id != EventIdFormat::Field {
            return Ok(());
        }
        for event in list(input, "story")? {
            let event = event.as_object().ok_or(WRONG)?;
            let (name, sender) = (text(event, "id")?, text(event, "sender")?);
            let server = sender.split_once(':').map(|(_, server)| server);
            let id = format!("{name}:{}", server.ok_or(WRONG)?);
            self.names.0.insert(name.to_owned(), id);
        }
        Ok(())
    }

    fn pdu(&mut self, name: &str, event: &Object, position: i64) -> Result<Object, FileError> {
        let event_type = text(event, "type")?;
        let sender = UserId::parse(text(event, "sender")?);
        let sender = sender.map_err(|_| FileError::Field { field: "sender" })?;
        let server = sender.server_name();
        let local = name.strip_prefix('$').ok_or(WRONG)?;
        let mut pdu = Object::new();
        pdu.insert("type", event_type);
        pdu.insert("sender", sender.as_str());
        if let Some(state_key) = opt_text(event, "state_key") {
            pdu.insert("state_key", state_key);
        }
        for (member, field) in [("origin_server_ts", "ts"), ("depth", "depth")] {
            pdu.insert(member, opt_integer(event, field).unwrap_or(position));
        }
        pdu.insert("prev_events", self.references(event, "prev", event_type)?);
        pdu.insert("auth_events", self.references(event, "auth", event_type)?);
        let mut content = object(event, "content")?.clone();
        if let Some(target) = event.get("redacts") {
            let named = target.as_str().and_then(|name| self.names.0.get(name));
            let target = named.map_or_else(|| target.clone(), |id| id.as_str().into());
            match self.rules.redacts {
                RedactsIn::Event => pdu.insert("redacts", target),
                RedactsIn::Content => content.insert("redacts", target),
            };
        }
        pdu.insert("content", content);
        if self.rules.event_id == EventIdFormat::Field {
            pdu.insert("event_id", format!("${local}:{server}"));
        }
        self.state_room(&mut pdu, event, local, server)?;
        self.sign(&mut pdu, server)?;
        self.remember(name, &pdu)?;
        Ok(pdu)
    }

    /// What an event cites. Nobody cites what the room id implies.
    fn references(
        &self,
        event: &Object,
        field: &'static str,
        event_type: &str,
    ) -> Result<Vec<Value>, FileError> {
        let cited = if event.contains_key(field) {
            texts(event, field)?
        } else {
            Vec::new()
        };
        let by_room_id = self.rules.auth.create_reference == CreateReference::Forbidden;
        let is_implied =
            |name: &str| field == "auth" && by_room_id && self.rooms.contains_key(name);
        let mut references = Vec::with_capacity(cited.len());
        for name in cited {
            if is_implied(name) && event_type != CREATE {
                continue;
            }
            let (id, hash) = (self.names.0.get(name), self.hashes.get(name));
            let id = Value::from(id.ok_or(FileError::Field { field })?.as_str());
            let hash = hash.map_or(NO_HASH, String::as_str);
            references.push(match self.rules.references {
                EventReferences::Ids => id,
                EventReferences::Pairs => {
                    vec![id, Object::from_iter([("sha256", hash)]).into()].into()
                }
            });
        }
        Ok(references)
    }

    fn state_room(
        &mut self,
        pdu: &mut Object,
        event: &Object,
        local: &str,
        server: &str,
    ) -> Result<(), FileError> {
        let is_create = text(event, "type")? == CREATE;
        let room = match (is_create, self.rules.room_id) {
            (true, RoomIdFormat::CreateHash) => return Ok(()),
            (true, RoomIdFormat::WithServer) => format!("!{local}:{server}"),
            (false, _) => {
                let create = opt_text(event, "room").or(self.first.as_deref());
                let room = create.and_then(|create| self.rooms.get(create));
                room.ok_or(FileError::Field { field: "room" })?.clone()
            }
        };
        pdu.insert("room_id", room);
        Ok(())
    }

    fn sign(&mut self, pdu: &mut Object, server: &str) -> Result<(), FileError> {
        let key_id = KeyId::parse("ed25519:1").map_err(|_| WRONG)?;
        let seed: [u8; 32] = Sha256::digest(server).into();
        let key = SigningKey::from_seed(key_id, &seed).map_err(|_| WRONG)?;
        crypto::hash_and_sign_event(pdu, self.rules, server, &key);
        let public = key.verify_key().to_base64();
        self.keys
            .insert(server, Object::from_iter([("ed25519:1", public)]));
        Ok(())
    }

    fn remember(&mut self, name: &str, pdu: &Object) -> Result<(), FileError> {
        let hash = crypto::reference_hash(pdu, self.rules);
        let parsed = Pdu::from_json(pdu.clone(), self.rules, &Limits::default());
        let parsed = parsed.map_err(|_| WRONG)?;
        let id = crypto::event_id(&parsed, self.rules);
        if parsed.event_type() == CREATE {
            let room = match parsed.stated_room_id() {
                Some(room) => room.as_str().to_owned(),
                None => crypto::implied_room_id(&id).as_str().to_owned(),
            };
            self.rooms.insert(name.to_owned(), room);
            self.first.get_or_insert_with(|| name.to_owned());
        }
        self.names.0.insert(name.to_owned(), id.as_str().to_owned());
        self.hashes.insert(name.to_owned(), hash.to_base64());
        Ok(())
    }
}

const WRONG: FileError = FileError::Field { field: "story" };

/// Stands for the hash of an event that is told later. Nobody looks at it.
const NO_HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::conformance::fields::rules;

    const STORY: &str = r#"{"redaction":"$R","order":["$create","$R","$M"],"story":[
        {"id":"$create","type":"m.room.create","state_key":"","sender":"@a:x","content":{}},
        {"id":"$M","type":"m.room.message","sender":"@a:x","content":{},"prev":["$create"],
         "auth":["$create"]},
        {"id":"$R","type":"m.room.redaction","sender":"@b:y","content":{},"prev":["$create"],
         "redacts":"$M"}]}"#;

    fn told(story: &str, question: Question, version: &str) -> Option<Object> {
        let mut input = Object::parse(story.as_bytes(), Mode::Strict).ok()?;
        tell(&mut input, question, rules(version).ok()?).ok()?;
        Some(input)
    }

    #[test]
    fn a_story_is_told_as_each_version_writes_its_events() {
        for version in ["1", "3", "10", "11", "12"] {
            let input = told(STORY, Question::RedactionApplies, version);
            let input = input.expect("a story");
            let rules = rules(version).expect("a version");
            let events = input.get("events").and_then(Value::as_array);
            let pdus = events.into_iter().flat_map(|events| events.iter());
            let pdus = pdus.filter_map(Value::as_object).cloned();
            let pdus: Result<Vec<Pdu>, _> = pdus
                .map(|pdu| Pdu::from_json(pdu, rules, &Limits::default()))
                .collect();
            let pdus = pdus.expect("events of the version");
            let [_, redaction, message] = pdus.as_slice() else {
                panic!("{} events", pdus.len());
            };
            let ids = [redaction, message].map(|pdu| crypto::event_id(pdu, rules));
            assert_eq!(opt_text(&input, "redaction"), Some(ids[0].as_str()));
            let target = crypto::unverified(redaction.clone(), rules);
            assert_eq!(target.as_ref().redacts, Some(&ids[1]));
        }
    }

    #[test]
    fn a_story_that_cites_what_was_not_told_is_none() {
        for (from, to) in [
            (r#""prev":["$create"]"#, r#""prev":["$later"]"#),
            (r#""order":["$create""#, r#""order":["$nobody""#),
            (r#""id":"$M""#, r#""id":"M""#),
            (r#""sender":"@b:y""#, r#""sender":"b""#),
        ] {
            assert_ne!(STORY.replace(from, to), STORY);
            let told = told(&STORY.replace(from, to), Question::Room, "6");
            assert_eq!(told, None, "{to}");
        }
    }
}

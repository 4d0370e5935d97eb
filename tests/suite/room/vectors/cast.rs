//! The events of a row in one room version, and what is done with them.

use std::collections::BTreeMap;

use roomdag::id::EventId;
use roomdag::json::{Object, Value};
use roomdag::version::RoomVersionRules;

use crate::room::support::{Scribe, Told};

/// Events by names, and plays in which they arrive.
pub(super) struct Cast {
    pub(super) scribe: Scribe,
    names: BTreeMap<String, EventId>,
    parts: Vec<(String, String)>,
    plays: Vec<String>,
}

/// The events that every room begins with, in order.
pub(super) const BEGIN: [&str; 6] = ["create", "alice", "levels", "rules", "bob", "eve"];

impl Cast {
    pub(super) fn new(rules: &RoomVersionRules) -> Self {
        Self::of(Scribe::new(rules))
    }

    fn of(scribe: Scribe) -> Self {
        let begin = scribe.order.clone();
        let mut cast = Self {
            scribe,
            names: BTreeMap::new(),
            parts: Vec::new(),
            plays: Vec::new(),
        };
        for (name, id) in BEGIN.into_iter().zip(begin) {
            cast.name(name, &id);
        }
        cast
    }

    pub(super) fn id(&self, name: &str) -> &EventId {
        self.names.get(name).expect(name)
    }

    pub(super) fn ids(&self, names: &[&str]) -> Vec<EventId> {
        names.iter().map(|name| self.id(name).clone()).collect()
    }

    /// Gives an event that was written a name.
    pub(super) fn name(&mut self, name: &str, id: &EventId) {
        let bytes = self.scribe.bytes(id).to_vec();
        self.part(name, &bytes);
        self.names.insert(name.to_owned(), id.clone());
    }

    /// Gives some bytes a name.
    pub(super) fn part(&mut self, name: &str, bytes: &[u8]) {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        self.parts.push((self.full(name), text));
    }

    /// An event after others, whatever becomes of it.
    pub(super) fn write(&mut self, name: &str, told: &Told<'_>, prev: &[&str]) -> EventId {
        let prev = self.ids(prev);
        let id = self.scribe.write(told, &prev);
        self.name(name, &id);
        id
    }

    pub(super) fn say(&mut self, name: &str, sender: &str, prev: &[&str]) -> EventId {
        self.write(name, &Told::message(sender), prev)
    }

    /// Names are those of the room version, as a file has the events of all of them.
    pub(super) fn full(&self, name: &str) -> String {
        format!("{} {name}", self.scribe.rules.id)
    }

    /// A play that begins with the room's first events.
    pub(super) fn play(&self, title: &'static str) -> Play<'_> {
        let mut play = Play {
            cast: self,
            title,
            steps: Vec::new(),
            receipts: Vec::new(),
            end: Object::new(),
        };
        for name in &BEGIN[1..] {
            play.receive(name, told("accepted"));
        }
        play
    }

    pub(super) fn add(&mut self, play: String) {
        self.plays.push(play);
    }

    pub(super) fn parts(&self) -> Vec<(String, String)> {
        self.parts.clone()
    }

    pub(super) fn cases(self) -> Vec<String> {
        self.plays
    }
}

/// What came of a step.
pub(super) fn told(outcome: &str) -> Object {
    Object::from_iter([("outcome", outcome)])
}

/// An event that the room has, and what it is.
pub(super) fn known(standing: &str) -> Object {
    with(told("known"), "standing", standing)
}

/// What came of a step, and why.
pub(super) fn because(outcome: &str, error: &str) -> Object {
    with(told(outcome), "error", error)
}

/// What came of a step, by which rule.
pub(super) fn by_rule(outcome: &str, error: &str, rule: &str) -> Object {
    with(because(outcome, error), "rule", rule)
}

pub(super) fn with(mut told: Object, member: &str, value: impl Into<Value>) -> Object {
    told.insert(member, value);
    told
}

/// A list of texts.
pub(super) fn texts<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Value {
    let texts = texts.into_iter().map(|text| Value::from(text.as_ref()));
    Value::from(texts.collect::<Vec<_>>())
}

/// Steps, what comes of each, and what the room is in the end.
pub(super) struct Play<'a> {
    cast: &'a Cast,
    title: &'static str,
    steps: Vec<Value>,
    receipts: Vec<Value>,
    end: Object,
}

impl Play<'_> {
    pub(super) fn step(&mut self, step: Object, receipt: Object) {
        self.steps.push(step.into());
        self.receipts.push(receipt.into());
    }

    pub(super) fn receive(&mut self, name: &str, receipt: Object) {
        let step = Object::from_iter([("receive", self.cast.full(name))]);
        self.step(step, receipt);
    }

    /// Events that have to wait for exactly these.
    pub(super) fn waits(&mut self, name: &str, missing: &[&str]) {
        let mut ids = self.cast.ids(missing);
        ids.sort();
        let receipt = with(told("waiting"), "events", texts(&ids));
        self.receive(name, with(receipt, "keys", Vec::<Value>::new()));
    }

    pub(super) fn accept(&mut self, names: &[&str]) {
        for name in names {
            self.receive(name, told("accepted"));
        }
    }

    pub(super) fn claim(&mut self, event: &str, events: &[&str], chain: &[&str], told: Object) {
        let full = |names: &[&str]| texts(names.iter().map(|name| self.cast.full(name)));
        let mut claim = Object::from_iter([("event", self.cast.id(event).as_str())]);
        claim.insert("events", full(events));
        claim.insert("auth_chain", full(chain));
        self.step(Object::from_iter([("claim", claim)]), told);
    }

    /// What the host says of an event, by its id.
    pub(super) fn overrule(&mut self, word: &'static str, event: &str, is: &str) {
        let step = Object::from_iter([(word, self.cast.id(event).as_str())]);
        self.step(step, told(is));
    }

    /// The forward extremities, and the state: that of the beginning with these put in.
    pub(super) fn ends(&mut self, extremities: &[&str], changes: &[&str]) {
        let mut ids = self.cast.ids(extremities);
        ids.sort();
        self.end.insert("extremities", texts(&ids));
        let mut state = BTreeMap::new();
        for name in BEGIN.iter().chain(changes) {
            let id = self.cast.id(name);
            let pdu = self.cast.scribe.pdu(id);
            let key = (
                pdu.event_type().to_owned(),
                pdu.state_key().unwrap().to_owned(),
            );
            state.insert(key, id.as_str().to_owned());
        }
        let rows = state.into_iter().map(|((t, k), id)| texts([t, k, id]));
        self.end.insert("state", rows.collect::<Vec<_>>());
    }

    /// What some events are in the end.
    pub(super) fn verdicts(&mut self, verdicts: &[(&str, &str)]) {
        let verdicts = verdicts.iter();
        let named = verdicts.map(|(name, is)| (self.cast.id(name).as_str(), *is));
        self.end.insert("verdicts", named.collect::<Object>());
    }

    /// The case, as it stands in the file.
    pub(super) fn case(self) -> String {
        let Self {
            cast,
            title,
            steps,
            receipts,
            mut end,
        } = self;
        let version = cast.scribe.rules.id;
        let id = Value::from(format!("{title}, version {version}"));
        let mut input = Object::new();
        input.insert("create", cast.full("create"));
        input.insert("steps", steps);
        end.insert("receipts", receipts);
        format!(
            "    {{ \"id\": {id}, \"room_versions\": [\"{version}\"],\n      \"input\": {},\n      \"expect\": {} }}",
            Value::from(input),
            Value::from(end)
        )
    }
}

//! A play: what arrives, and what becomes of it.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use crate::vectors::generated::receive::world::{World, missing_keys};
use crate::vectors::generated::receive::{CHECKS, page};
use crate::vectors::generated::writer::{Json, list, object};

/// What becomes of an event.
#[derive(Clone)]
pub(super) struct Becomes {
    members: Vec<(&'static str, Json)>,
    /// Events that it waits for.
    events: Vec<&'static str>,
    /// Events that came along and have no place of their own yet.
    outliers: Vec<&'static str>,
    /// Events that this has settled.
    settles: Vec<(&'static str, Becomes)>,
    /// Events that were judged again, with what they were and what they are.
    revises: Vec<(&'static str, &'static str, &'static str)>,
}

fn becomes(outcome: &'static str) -> Becomes {
    Becomes {
        members: vec![("outcome", outcome.into())],
        events: Vec::new(),
        outliers: Vec::new(),
        settles: Vec::new(),
        revises: Vec::new(),
    }
}

pub(super) fn accepted() -> Becomes {
    becomes("accepted")
}

/// Accepted in its redacted form.
pub(super) fn accepted_redacted() -> Becomes {
    accepted().and("content_hash", "mismatch")
}

/// Rejected: by check 4, or by check 5.
pub(super) fn rejected(by: &'static str, rule: &'static str) -> Becomes {
    becomes("rejected").and("error", by).and("rule", rule)
}

pub(super) fn rejected_overlong() -> Becomes {
    becomes("rejected").and("error", "Overlong")
}

pub(super) fn soft_failed(rule: &'static str) -> Becomes {
    becomes("soft_failed")
        .and("error", "CurrentState")
        .and("rule", rule)
}

/// Soft-failed by check 7.
pub(super) fn withheld(error: &'static str) -> Becomes {
    becomes("soft_failed").and("error", error)
}

pub(super) fn dropped(error: &'static str) -> Becomes {
    becomes("dropped").and("error", error)
}

pub(super) fn known(standing: &'static str) -> Becomes {
    becomes("known").and("standing", standing)
}

/// Accepted, until it is known of these users whether they are members.
pub(super) fn provisional(members: &[&'static str]) -> Becomes {
    becomes("provisional").and("members", members.to_vec())
}

pub(super) fn waits_for(events: &[&'static str]) -> Becomes {
    Becomes {
        events: events.to_vec(),
        ..becomes("waiting")
    }
}

pub(super) fn waits() -> Becomes {
    becomes("waiting")
}

pub(super) fn waits_for_keys(servers: &[&str]) -> Becomes {
    becomes("waiting").and("keys", missing_keys(servers))
}

pub(super) fn done() -> Becomes {
    becomes("done")
}

pub(super) fn claimed() -> Becomes {
    becomes("claimed")
}

pub(super) fn refused(error: &'static str) -> Becomes {
    becomes("refused").and("error", error)
}

impl Becomes {
    fn and(mut self, key: &'static str, value: impl Into<Json>) -> Self {
        self.members.push((key, value.into()));
        self
    }

    pub(super) fn settling(mut self, name: &'static str, what: Becomes) -> Self {
        self.settles.push((name, what));
        self
    }

    pub(super) fn bringing(mut self, name: &'static str) -> Self {
        self.outliers.push(name);
        self
    }

    pub(super) fn revising(
        mut self,
        name: &'static str,
        was: &'static str,
        is: &'static str,
    ) -> Self {
        self.revises.push((name, was, is));
        self
    }

    fn json(&self, world: &World, name: Option<&str>) -> Json {
        let mut json = object! {};
        for (key, value) in &self.members {
            json = json.with(key, value.clone());
        }
        let is_dropped = self.members[0].1 == Json::from("dropped");
        let id = name.filter(|_| !is_dropped).map(|name| world.id(name));
        json = json.with_some("event_id", id);
        if !self.events.is_empty() {
            let mut ids: Vec<String> = self.events.iter().map(|name| world.id(name)).collect();
            ids.sort();
            json = json.with("events", ids);
        }
        let notices = self.notices(world);
        if !notices.is_empty() {
            json = json.with("notices", notices);
        }
        json
    }

    fn notices(&self, world: &World) -> Vec<Json> {
        let outliers = self
            .outliers
            .iter()
            .map(|name| object! { "notice" => "outlier", "event_id" => world.id(name) });
        let settled = self.settles.iter().map(|(name, what)| {
            let notice = object! { "notice" => "settled" };
            let Json::Object(members) = what.json(world, Some(name)) else {
                panic!("a receipt is an object");
            };
            members
                .into_iter()
                .fold(notice, |notice, (key, value)| notice.with(&key, value))
        });
        let revised = self.revises.iter().map(|(name, was, is)| {
            let notice = object! { "notice" => "revised", "event_id" => world.id(name) };
            notice.with("was", *was).with("is", *is)
        });
        outliers.chain(settled).chain(revised).collect()
    }
}

/// One case: a sequence of arrivals with what becomes of each, and what the room is in the end.
pub(super) struct Scene {
    id: &'static str,
    spec: String,
    ruling: Option<&'static str>,
    steps: Vec<Json>,
    receipts: Vec<Json>,
    server_keys: Option<Json>,
    now: Option<i64>,
    end: Json,
    also: Option<Json>,
    /// The events that occur.
    pub(super) names: BTreeSet<String>,
}

/// A scene in the making.
pub(super) struct Play<'a> {
    world: &'a World,
    scene: Scene,
}

impl<'a> Play<'a> {
    /// A play after the room's beginning has arrived.
    pub(super) fn new(world: &'a World, id: &'static str) -> Self {
        let play = Self::bare(world, id);
        ["alice", "levels", "rules", "bob"]
            .into_iter()
            .fold(play, |play, name| play.receive(name, accepted()))
    }

    /// A play of which only the create event is there.
    pub(super) fn bare(world: &'a World, id: &'static str) -> Self {
        let scene = Scene {
            id,
            spec: CHECKS.to_owned(),
            ruling: None,
            steps: Vec::new(),
            receipts: Vec::new(),
            server_keys: None,
            now: None,
            end: object! {},
            also: None,
            names: BTreeSet::from(["create".to_owned()]),
        };
        Self { world, scene }
    }

    pub(super) fn ruling(mut self, ruling: &'static str) -> Self {
        self.scene.ruling = Some(ruling);
        self
    }

    /// What the case rests on, if it is not the receipt checks but this section of the room
    /// version's page.
    pub(super) fn section(mut self, section: &str) -> Self {
        self.scene.spec = page(self.world.version, section);
        self
    }

    /// The time of the arrivals.
    pub(super) fn now(mut self, now: i64) -> Self {
        self.scene.now = Some(now);
        self
    }

    pub(super) fn keys(mut self, server_keys: Json) -> Self {
        self.scene.server_keys = Some(server_keys);
        self
    }

    pub(super) fn receive(mut self, name: &str, what: impl Borrow<Becomes>) -> Self {
        let what = what.borrow();
        self.scene.names.insert(name.to_owned());
        let step = object! { "receive" => self.world.given(name) };
        let receipt = what.json(self.world, Some(name));
        self.step(step, receipt, what)
    }

    /// Another step than the arrival of a whole event.
    pub(super) fn other(self, step: Json, what: &Becomes) -> Self {
        let receipt = what.json(self.world, None);
        self.step(step, receipt, what)
    }

    fn step(mut self, step: Json, receipt: Json, what: &Becomes) -> Self {
        let settled = what.settles.iter().map(|(name, _)| (*name).to_owned());
        self.scene.names.extend(settled);
        self.scene.steps.push(step);
        self.scene.receipts.push(receipt);
        self
    }

    /// Names events that occur without arriving.
    pub(super) fn naming(mut self, names: &[&str]) -> Self {
        self.scene
            .names
            .extend(names.iter().map(|name| (*name).to_owned()));
        self
    }

    /// The current state besides the room's beginning, in which these take the place of others of
    /// their keys; and the forward extremities.
    pub(super) fn end(mut self, state: &[&str], extremities: &[&str]) -> Scene {
        let base = ["create", "alice", "levels", "rules", "bob"];
        let mut rows: Vec<[String; 3]> = Vec::new();
        for name in base.iter().chain(state) {
            let row = self.world.row(name);
            rows.retain(|other| other[..2] != row[..2]);
            rows.push(row);
        }
        rows.sort();
        let mut ids: Vec<String> = extremities.iter().map(|name| self.world.id(name)).collect();
        ids.sort();
        let rows = rows.into_iter().map(|[t, k, id]| list![t, k, id]);
        self.scene.end = object! {
            "state" => rows.collect::<Vec<_>>(),
            "extremities" => ids,
        };
        self.scene
    }

    /// As [`end`](Self::end), and the standing of some events.
    pub(super) fn end_with(
        self,
        state: &[&str],
        extremities: &[&str],
        verdicts: &[(&str, &str)],
    ) -> Scene {
        let world = self.world;
        let mut scene = self.end(state, extremities);
        let mut told = object! {};
        for (name, verdict) in verdicts {
            told = told.with(&world.id(name), *verdict);
        }
        scene.end = scene.end.with("verdicts", told);
        scene
    }
}

impl Scene {
    pub(super) fn also_allowed(mut self, answer: Json) -> Self {
        self.also = Some(answer);
        self
    }

    pub(super) fn case(self, world: &World) -> Json {
        let version = world.version.to_string();
        let input = object! { "create" => world.given("create"), "steps" => self.steps };
        let input = input
            .with_some("server_keys", self.server_keys)
            .with_some("now", self.now);
        let expect = object! { "receipts" => self.receipts };
        let Json::Object(end) = self.end else {
            panic!("an end is an object");
        };
        let expect = end
            .into_iter()
            .fold(expect, |expect, (key, value)| expect.with(&key, value));
        let case = object! {
            "id" => format!("{}, version {version}", self.id),
            "room_versions" => list![version.as_str()],
            "spec" => self.spec,
        };
        let case = case.with_some("ruling", self.ruling);
        let case = case.with("input", input).with("expect", expect);
        case.with_some("also_allowed", self.also.map(|also| list![also]))
    }
}

//! `roomdag` is an engine for Matrix rooms: a pure, synchronous library that works out who may do
//! what in a room and what the room's state is, for room versions 1 to 12.
//!
//! In Matrix no server owns a conversation. Every server in a room keeps the whole history as a
//! graph of signed events, and when servers have spoken past each other, each must work out alone,
//! and alike, what came of it. This crate is that computation. It opens no file or connection,
//! reads no clock, starts no thread and logs nothing: bytes, keys and the time go in, values come
//! out, and each value says why.
//!
//! # The way of an event
//!
//! ```text
//! bytes ─ json ─ pdu ─ crypto ─ event ─ dag ─ timeline ─┬─ room    one by one: receipts
//!                 │      │               │      │       └─ replay  all at once: verdicts, states
//!              check 1  checks 2, 3      │      ├─ auth     checks 4, 5, 6
//!                                        │      └─ resolve  S(E)
//!                                        └─ who cites whom
//! ```
//!
//! The checks are those that the specification makes a server perform
//! [on receipt of a PDU][checks]. The modules stand in this order, and each imports only from those
//! before it.
//!
//! | module      | question                                                                    |
//! |-------------|-----------------------------------------------------------------------------|
//! | [`limits`]  | How much is too much?                                                       |
//! | [`id`]      | Is this string an identifier, and of which server?                          |
//! | [`json`]    | Is this canonical JSON, and what are its bytes?                             |
//! | [`version`] | What does this room version decide?                                         |
//! | [`pdu`]     | Is this an event of that version? What is left of it when it is redacted?   |
//! | [`event`]   | What do the rules read of it?                                               |
//! | [`crypto`]  | What is its id, who has signed it, is its content what was hashed?          |
//! | [`auth`]    | May it happen, given this state? Which rule says so?                        |
//! | [`state`]   | A room state, cheap to copy and to compare                                  |
//! | [`dag`]     | Who cites whom?                                                             |
//! | [`resolve`] | These states disagree: which state is it, and why?                          |
//! | [`timeline`] | What is each event worth, and what is the state before and after it?       |
//! | [`replay`]  | All of it: from a room's events to verdicts and states                      |
//! | [`room`]    | The engine that a homeserver holds: from a PDU on the wire to a receipt     |
//!
//! # Two doors
//!
//! A homeserver holds a [`Room`]: it receives PDUs and answers with receipts, builds new events,
//! answers other servers' requests, and goes in and out of the host's storage as plain data. The
//! [embedder's guide](room) has the loop, what a host must keep, the error classes, threads and
//! memory.
//!
//! A host with a store of its own links the stages that it needs; see
//! [single stages](#single-stages). Whoever has all of a room's events at once, as researchers do,
//! [replays](replay) it.
//!
//! # From bytes to the room's state
//!
//! ```
//! use roomdag::limits::Limits;
//! use roomdag::pdu::Pdu;
//! use roomdag::replay::{Replay, ReplayOptions, Status};
//! use roomdag::{crypto, version};
//!
//! # let (create, join, topic) = roomdag_doc::room();
//! // PDUs as they come over federation, in any order.
//! let pdus: [&[u8]; 3] = [&topic, &create, &join];
//! let rules = &version::V11;
//!
//! let mut events = Vec::new();
//! for bytes in pdus {
//!     let pdu = Pdu::parse(bytes, rules, &Limits::default())?; // check 1
//!     // Checks 2 and 3 where the servers' keys are at hand: `crypto::verify`.
//!     events.push(crypto::unverified(pdu, rules));
//! }
//! let room = Replay::run(events, rules, ReplayOptions::of(rules), |_| {}); // checks 4 and 5
//!
//! // Bob never joined, so he may not set the topic.
//! let rejected = room.rejected().next().expect("one event is rejected");
//! let verdict = room.verdict(rejected).expect("it was judged");
//! assert_eq!(verdict.status(), Status::Rejected);
//! let reason = verdict.objection().expect("there is a reason");
//! assert_eq!((reason.rule.name(), reason.number), ("SenderNotJoined", "5"));
//! assert_eq!(reason.to_string(), "The sender is not in the room. (membership leave)");
//!
//! let state = room.current_state()?.state;
//! let creator = room.dag().keys().lookup("m.room.member", "@alice:example.org");
//! assert!(state.get(creator.expect("the key is known")).is_some());
//! # mod roomdag_doc {
//! #     use roomdag::json::{Mode, Object, Value};
//! #     use roomdag::{crypto, version};
//! #     pub fn room() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
//! #         let key = crypto::SigningKey::from_seed(
//! #             roomdag::id::KeyId::parse("ed25519:1").unwrap(), &[1; 32]).unwrap();
//! #         let sign = |json: &str| {
//! #             let mut event = Object::parse(json.as_bytes(), Mode::Strict).unwrap();
//! #             crypto::hash_and_sign_event(&mut event, &version::V11, "example.org", &key);
//! #             let pdu = roomdag::pdu::Pdu::from_json(
//! #                 event.clone(), &version::V11, &Default::default()).unwrap();
//! #             (crypto::event_id(&pdu, &version::V11), event.to_canonical())
//! #         };
//! #         let (c, create) = sign(r#"{"type":"m.room.create","state_key":"","sender":"@alice:example.org",
//! #             "room_id":"!r:example.org","content":{"room_version":"11"},"depth":1,
//! #             "origin_server_ts":1,"prev_events":[],"auth_events":[]}"#);
//! #         let (j, join) = sign(&format!(r#"{{"type":"m.room.member","state_key":"@alice:example.org",
//! #             "sender":"@alice:example.org","room_id":"!r:example.org","content":{{"membership":"join"}},
//! #             "depth":2,"origin_server_ts":2,"prev_events":["{c}"],"auth_events":["{c}"]}}"#));
//! #         let (_, topic) = sign(&format!(r#"{{"type":"m.room.topic","state_key":"",
//! #             "sender":"@bob:example.org","room_id":"!r:example.org","content":{{"topic":"Bob was here"}},
//! #             "depth":3,"origin_server_ts":3,"prev_events":["{j}"],"auth_events":["{c}"]}}"#));
//! #         (create, join, topic)
//! #     }
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Single stages
//!
//! A host with a store of its own links the stages it needs.
//! [`auth::check`] judges one event by any store that implements [`auth::StateView`];
//! [`resolve::resolve`] takes states over a [`dag::RoomDag`], which a host fills from PDUs or from
//! borrowed parts with [`event::Event::trusted`]. A room that was judged before is reloaded with
//! [`crypto::stored`] and [`replay::Verdicts::Stated`]: nothing is hashed or judged again. Room
//! versions that are still being designed are registered under an unstable id with
//! [`version::RoomVersions::with`].
//!
//! # Why the answer is what it is
//!
//! A verdict is a value: an [`auth::Decision`] names its [`auth::Rule`], the rule's number in the
//! room version's printing of the specification, and what it compared. A resolution returns its
//! [`resolve::Trace`]: the conflicted keys, why each event took part, both orders with their sort
//! keys, and each auth check. Where the specification allows two readings, the one that was used is
//! part of the answer ([`resolve::Options`], [`version::Readings`]).
//!
//! # What it does not do
//!
//! It keeps no storage and speaks no protocol. It has no opinion on which events to send or
//! relay. Nothing in it is random but the seeds of hash tables, which no answer depends on.
//!
//! # Features
//!
//! None is on by default. `cli` builds the tool `roomdag`; `lab` the readers of room dumps, the
//! conformance runner and the generator of rooms; `testing` the room builder and the oracle that
//! tests, benches and fuzz targets share; `counting` counts the steps that claims of complexity are
//! about. A feature adds items and never changes an answer.
//!
//! [checks]: https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu

#[cfg(feature = "counting")]
pub mod effort;
#[cfg(not(feature = "counting"))]
mod effort;
pub mod limits;

pub mod id;
pub mod json;

pub mod version;

pub mod pdu;

pub mod event;

pub mod crypto;

pub mod auth;
pub mod state;

pub mod dag;

pub mod resolve;

pub mod timeline;

pub mod replay;
pub mod room;

#[cfg(any(feature = "lab", feature = "testing"))]
mod random;

#[cfg(feature = "lab")]
pub mod lab;

#[cfg(feature = "testing")]
pub mod testing;

pub use crate::auth::{Decision, Rule, StateView};
pub use crate::crypto::{KeyRing, SigningKey, Timestamp};
pub use crate::dag::RoomDag;
pub use crate::event::{Event, EventRef};
pub use crate::id::{EventId, KeyId, RoomId, ServerName, UserId};
pub use crate::json::{Object, Value};
pub use crate::limits::Limits;
pub use crate::pdu::Pdu;
pub use crate::replay::{Replay, ReplayOptions};
pub use crate::resolve::{Resolution, Trace};
pub use crate::room::{Receipt, Room};
pub use crate::state::{KeyIx, StateMap};
pub use crate::timeline::{Status, Verdict};
pub use crate::version::{RoomVersionRules, RoomVersions};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

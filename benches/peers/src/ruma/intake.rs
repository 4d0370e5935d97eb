//! Receipt of PDUs by ruma-signatures, and ruma-state-res's check of their format.

use std::rc::Rc;

use roomdag::testing::workload::Workload;
use ruma_common::CanonicalJsonObject;
use ruma_common::canonical_json::CanonicalJsonValue;
use ruma_common::serde::Base64;
use ruma_signatures::{PublicKeyMap, Verified, content_hash, reference_hash, verify_event};
use ruma_state_res::check_pdu_format;

use crate::answer::Answer;
use crate::measure::Contender;
use crate::room::Room;
use crate::ruma::rules;

const NAME: &str = "ruma";

/// From bytes to verdicts on format and content hash, and the event id.
pub fn unsigned(room: &Rc<Room>) -> Contender {
    let (room, rules) = (Rc::clone(room), rules(&room.workload));
    let run = move |()| {
        let taken_in = room.workload.pdus.iter().map(|bytes| {
            let pdu: CanonicalJsonObject = serde_json::from_slice(bytes).expect("it is JSON");
            check_pdu_format(&pdu, &rules.event_format).expect("it is well-formed");
            let hash = content_hash(&pdu).expect("it can be hashed").encode();
            let matches = stated_hash(&pdu) == Some(&hash);
            (
                matches,
                reference_hash(&pdu, &rules).expect("it can be hashed"),
            )
        });
        taken_in.collect()
    };
    Contender::new(NAME, || (), run, |taken_in: &Vec<_>| verdicts(taken_in))
}

/// As [`unsigned`], and the signature of the sender's server.
pub fn signed(room: &Rc<Room>) -> Contender {
    let (keys, rules) = (keys(&room.workload), rules(&room.workload));
    let room = Rc::clone(room);
    let run = move |()| {
        let taken_in = room.workload.pdus.iter().map(|bytes| {
            let pdu: CanonicalJsonObject = serde_json::from_slice(bytes).expect("it is JSON");
            check_pdu_format(&pdu, &rules.event_format).expect("it is well-formed");
            let verified = verify_event(&keys, &pdu, &rules).expect("it is signed");
            let id = reference_hash(&pdu, &rules).expect("it can be hashed");
            (verified == Verified::All, id)
        });
        taken_in.collect()
    };
    Contender::new(NAME, || (), run, |taken_in: &Vec<_>| verdicts(taken_in))
}

fn stated_hash(pdu: &CanonicalJsonObject) -> Option<&String> {
    let CanonicalJsonValue::Object(hashes) = pdu.get("hashes")? else {
        return None;
    };
    match hashes.get("sha256")? {
        CanonicalJsonValue::String(hash) => Some(hash),
        _ => None,
    }
}

fn keys(workload: &Workload) -> PublicKeyMap {
    let mut keys = PublicKeyMap::new();
    for (server, key_id, key, _) in workload.keys.iter() {
        let of_server = keys.entry(server.as_str().into()).or_default();
        let key = Base64::new(key.as_bytes().to_vec());
        of_server.insert(key_id.as_str().into(), key);
    }
    keys
}

fn verdicts(verdicts: &[(bool, String)]) -> Answer {
    let verdict = |(at, (hash, id)): (usize, &(bool, String))| (at, *hash, format!("${id}"));
    verdicts.iter().enumerate().map(verdict).collect()
}

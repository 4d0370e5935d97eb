//! Readers of dumps, keys and states.

use roomdag::crypto::{KeyStatus, Timestamp};
use roomdag::id::{KeyId, ServerName};
use roomdag::lab::formats::{
    Dump, GivenId, KeysError, Position, ReadError, ReadOptions, Shape, StateListError, read,
    read_keys, read_state_list,
};
use roomdag::version::{KeyValidity, V9, V10, V11};

const CREATE: &str = r#"{"type":"m.room.create","state_key":"","content":{"room_version":"9"}}"#;

fn dump(text: &str) -> Result<Dump, ReadError> {
    read(text.as_bytes(), &ReadOptions::default())
}

#[test]
fn a_file_is_what_its_content_says() {
    let cases = [
        (CREATE.to_owned(), Shape::Lines),
        (CREATE.replace(',', ",\n"), Shape::Lines),
        (format!("{CREATE}\n{CREATE}"), Shape::Lines),
        (format!("[{CREATE}]"), Shape::Array),
        (format!("{{\"events\":[{CREATE}]}}"), Shape::Events),
        (format!("{{\"pdus\":[{CREATE}]}}"), Shape::Response),
        (
            format!("[200, {{\"state\":[{CREATE}],\"auth_chain\":[]}}]"),
            Shape::Response,
        ),
        (
            format!("{{\"tardis_version\":1,\"events\":[{CREATE}]}}"),
            Shape::Scenario,
        ),
        (
            format!("// a room\n{{tardis_version: 1, events: [\n{CREATE}\n]}}"),
            Shape::Scenario,
        ),
        (
            format!("{CREATE}\n{{\"body\":\"tardis_version\"}}"),
            Shape::Lines,
        ),
    ];
    for (text, shape) in cases {
        let dump = dump(&text).unwrap();
        assert_eq!(dump.shape, shape, "{text}");
        assert_eq!(dump.rules, V9, "{text}");
    }
}

#[test]
fn only_a_claimed_state_is_one() {
    let other = r#"{"type":"m.room.name","state_key":""}"#;
    let text = format!("{{\"pdus\":[{other}],\"auth_chain\":[{CREATE}]}}");
    assert_eq!(dump(&text).unwrap().claimed_state, Some(vec![0]));
    let text = format!("{{\"state\":[{CREATE}],\"auth_chain\":[{CREATE}],\"event\":{other}}}");
    let join = dump(&text).unwrap();
    assert_eq!((join.claimed_state, join.joined), (Some(vec![0]), Some(2)));
    assert_eq!(
        dump(&format!("{{\"pdus\":[{CREATE}]}}"))
            .unwrap()
            .claimed_state,
        None
    );
}

#[test]
fn the_room_version_is_found_or_asked_for() {
    let version = |text: &str| dump(text).map(|dump| dump.rules.id);
    assert_eq!(
        version(&CREATE.replace("\"room_version\":\"9\"", "")),
        Ok("1")
    );
    assert_eq!(
        version(&format!(
            "{{\"room_version\":\"11\",\"events\":[{CREATE}]}}"
        )),
        Ok("11")
    );
    assert_eq!(version("{tardis_version: 1, events: []}"), Ok(V10.id));
    assert_eq!(
        version("{\"type\":\"m.room.name\"}"),
        Err(ReadError::NoRoomVersion)
    );
    let id = "x".to_owned();
    let unknown = CREATE.replace("\"9\"", "\"x\"");
    assert_eq!(version(&unknown), Err(ReadError::UnknownRoomVersion { id }));
    let differ = version(&format!("{CREATE}\n{}", CREATE.replace("\"9\"", "\"10\"")));
    let (first, second) = ("10".to_owned(), "9".to_owned());
    assert_eq!(differ, Err(ReadError::RoomVersionsDiffer { first, second }));
    let position = Position::Line(2);
    let number = format!("\n{}", CREATE.replace("\"9\"", "9"));
    assert_eq!(
        version(&number),
        Err(ReadError::RoomVersionNotText { position })
    );
    let position = Position::Event(2);
    let number = CREATE.replace("\"9\"", "9");
    assert_eq!(
        version(&format!("{{tardis_version: 1, events: [5, {number}]}}")),
        Err(ReadError::RoomVersionNotText { position })
    );
    let options = ReadOptions {
        room_version: Some("11".to_owned()),
        ..ReadOptions::default()
    };
    assert_eq!(read(CREATE.as_bytes(), &options).unwrap().rules, V11);
}

#[test]
fn what_a_dump_adds_to_an_event_is_taken_off() {
    let text = CREATE.replacen('{', r#"{"__line":1,"event_id":"$x","#, 1);
    let event = &dump(&text).unwrap().events[0];
    assert_eq!(
        event.json.keys().collect::<Vec<_>>(),
        ["content", "state_key", "type"]
    );
    assert!(matches!(&event.given_id, GivenId::Stated(id) if *id == "$x"));
    // In room versions 1 and 2 the id is part of the event.
    let event = &dump(&text.replace("\"9\"", "\"2\"")).unwrap().events[0];
    assert!(event.json.contains_key("event_id") && event.given_id == GivenId::None);
}

#[test]
fn what_cannot_be_read_is_a_fault_of_its_line() {
    let float = r#"{"event_id":"$f","n":0.5}"#;
    let dump = dump(&format!(
        "{CREATE}\r\n\n{float}\nnothing\n{{\"a\":\"\u{2028}\"}}"
    ))
    .unwrap();
    assert_eq!(dump.events.len(), 2);
    let lines: Vec<_> = dump.faults.iter().map(|fault| fault.position).collect();
    assert_eq!(lines, [Position::Line(3), Position::Line(4)]);
    assert!(
        dump.faults[0]
            .json
            .as_ref()
            .is_some_and(|json| json.contains_key("n"))
    );
    assert!(dump.faults[0].given_id.id().is_some_and(|id| *id == "$f"));
    assert!(dump.faults[1].json.is_none());
}

#[test]
fn brackets_in_strings_and_comments_are_no_depth() {
    let brackets = "[".repeat(200);
    let scenario = |inside: &str| dump(&format!("{{tardis_version: 1, events: [], x: {inside}}}"));
    assert!(scenario(&format!("'{brackets}\\'{brackets}'")).is_ok());
    assert!(scenario(&format!("/* {brackets} */ 1 // '{brackets}\n")).is_ok());
    let deep = format!("// '\u{2028} {brackets}");
    assert_eq!(
        scenario(&deep).unwrap_err(),
        ReadError::TooDeep { limit: 100 }
    );
}

#[test]
fn keys_are_read_and_their_validity_with_them() {
    let key = "l/8jnQIHiY1FPvqniPBqbnZn5onusi2edYJcq/SAdWA";
    let text = format!(
        r#"{{"a":{{"ed25519:plain":"{key}","ed25519:old":{{"key":"{key}","expired_ts":5}},
        "ed25519:now":{{"key":"{key}","valid_until_ts":9}},"other:x":"?"}}}}"#
    );
    let ring = read_keys(text.as_bytes()).unwrap();
    let usable = |key_id: &str, ts| {
        let (server, key_id) = (
            ServerName::parse("a").unwrap(),
            KeyId::parse(key_id).unwrap(),
        );
        let now = Timestamp::from_millis(0);
        let status = ring.lookup(&server, &key_id, ts, now, KeyValidity::Enforced);
        matches!(status, KeyStatus::Usable(_))
    };
    assert!(usable("ed25519:plain", i64::MAX));
    assert!(usable("ed25519:old", 5) && !usable("ed25519:old", 6));
    assert!(usable("ed25519:now", 9) && !usable("ed25519:now", 10));
    assert!(!usable("other:x", 0));
    let wrong = read_keys(br#"{"a":{"ed25519:x":"AAAA"}}"#);
    assert!(matches!(wrong, Err(KeysError::Key { .. })));
    assert!(matches!(read_keys(b"7"), Err(KeysError::Shape { .. })));
    assert!(matches!(read_keys(b"["), Err(KeysError::Json(_))));
}

#[test]
fn a_time_that_is_none_makes_no_key_good_for_ever() {
    let key = "l/8jnQIHiY1FPvqniPBqbnZn5onusi2edYJcq/SAdWA";
    for ts in [r#""9""#, "9.5", "null", "true"] {
        let document = format!(
            r#"{{"server_name":"a","valid_until_ts":{ts},"verify_keys":{{"ed25519:1":"{key}"}}}}"#
        );
        let within = format!(r#"{{"a":{{"ed25519:1":{{"key":"{key}","valid_until_ts":{ts}}}}}}}"#);
        for text in [document, within] {
            let expected = "an integer as `valid_until_ts`";
            let error = read_keys(text.as_bytes()).unwrap_err();
            assert_eq!(error, KeysError::Shape { expected }, "{text}");
        }
    }
}

#[test]
fn what_a_room_says_beside_its_keys_need_not_be_canonical() {
    let key = "l/8jnQIHiY1FPvqniPBqbnZn5onusi2edYJcq/SAdWA";
    let keys = format!(r#"{{"a":{{"ed25519:1":"{key}"}}}}"#);
    let room = |events: &str| format!(r#"{{"events":[{events}],"server_keys":{keys}}}"#);
    let ring = read_keys(room(r#"{"depth":1,"depth":1.5}"#).as_bytes()).unwrap();
    assert_eq!(ring.iter().count(), 1);
    // The keys themselves are read as strictly as ever.
    let twice = room("").replace(r#""ed25519:1""#, r#""ed25519:1":"","ed25519:1""#);
    assert!(matches!(
        read_keys(twice.as_bytes()),
        Err(KeysError::Json(_))
    ));
    let two_lists = room("").replacen('{', r#"{"server_keys":{},"#, 1);
    assert!(matches!(
        read_keys(two_lists.as_bytes()),
        Err(KeysError::Json(_))
    ));
}

#[test]
fn rooms_are_not_taken_for_events() {
    let room = format!(r#"{{"events":[{CREATE}]}}"#);
    let rooms = ReadError::SeveralRooms { rooms: 2 };
    for text in [format!("{room}\n{room}\n"), format!("[{room},{room}]")] {
        assert_eq!(dump(&text).unwrap_err(), rooms, "{text}");
    }
}

#[test]
fn elements_of_one_line_have_places_of_their_own() {
    let dump = dump(&format!(
        r#"{{"pdus":[{CREATE}],"auth_chain":[1,{CREATE}]}}"#
    ))
    .unwrap();
    let element = |list, index| Position::Element {
        line: 1,
        list,
        index,
    };
    let events: Vec<_> = dump.events.iter().map(|event| event.position).collect();
    assert_eq!(events, [element("pdus", 0), element("auth_chain", 1)]);
    assert_eq!(dump.faults[0].position, element("auth_chain", 0));
}

#[test]
fn a_bare_object_is_an_event_where_events_are_expected() {
    let mut options = ReadOptions {
        room_version: Some("9".into()),
        ..ReadOptions::default()
    };
    let bare = br#"{"content":{}}"#;
    assert_eq!(read(bare, &options).unwrap_err(), ReadError::UnknownObject);
    options.bare_events = true;
    assert_eq!(read(bare, &options).unwrap().events.len(), 1);
    let room = format!(r#"{{"events":[{CREATE},{CREATE}]}}"#);
    assert_eq!(read(room.as_bytes(), &options).unwrap().events.len(), 2);
}

#[test]
fn a_state_is_a_list_of_ids_or_of_entries() {
    let ids = read_state_list(br#"["$a","$b"]"#).unwrap();
    assert_eq!(ids[1].event_id, "$b");
    let entry = r#"{"type":"m.x","state_key":"k","event_id":"$a"}"#;
    let entries = read_state_list(format!("{{\"state\":[{entry}]}}").as_bytes()).unwrap();
    assert_eq!(entries[0].key, Some(("m.x".to_owned(), "k".to_owned())));
    assert_eq!(read_state_list(b"{}"), Err(StateListError::NotAList));
    assert_eq!(
        read_state_list(b"[\"$a\",{}]"),
        Err(StateListError::Entry { number: 2 })
    );
}

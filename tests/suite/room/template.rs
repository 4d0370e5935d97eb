//! See `src/room/template.rs`, `src/room/resident.rs` and `src/room/restricted.rs`.

mod attacks;
mod resident;
mod restricted;

use roomdag::json::{Object, Value};
use roomdag::limits::Limits;
use roomdag::room::{
    Assembled, BuildError, Expected, Handshake, Template, TemplateError, template_response,
};
use roomdag::version::{JoinRule, RoomVersionRules, RoomVersions, V1, V2, V8, V10};

use crate::room::draft::{Home, NOW, object, ours, place, received, ring, room_id, stable, user};

const HANDSHAKES: [Handshake; 3] = [Handshake::Join, Handshake::Knock, Handshake::Leave];

/// The server that is asked.
fn theirs() -> Home {
    Home::new("theirs.example", 2)
}

/// Whether a room version knows what a handshake is for.
fn is_known(handshake: Handshake, rules: &RoomVersionRules) -> bool {
    handshake != Handshake::Knock || rules.auth.knows(JoinRule::Knock)
}

fn restricts(handshake: Handshake, rules: &RoomVersionRules) -> bool {
    handshake == Handshake::Join && rules.auth.knows(JoinRule::Restricted)
}

/// Every handshake that every version knows.
fn occasions() -> Vec<(Handshake, RoomVersionRules)> {
    let each = |rules| HANDSHAKES.map(|handshake| (handshake, rules));
    let all = stable().into_iter().flat_map(each);
    all.filter(|(handshake, rules)| is_known(*handshake, rules))
        .collect()
}

/// What an honest server answers. It vouches for joins where it can.
fn honest(handshake: Handshake, rules: &RoomVersionRules) -> Object {
    let vouches = restricts(handshake, rules).then(|| user("@bob:theirs.example"));
    let alice = user("@alice:ours.example");
    let (place, server) = (place(rules), theirs().server);
    template_response(handshake, &alice, &place, vouches.as_ref(), &server, rules).unwrap()
}

/// The answer with a member of its event, or of its event's content, set or taken out.
fn with(response: &Object, path: &str, value: Option<Value>) -> Object {
    let mut response = response.clone();
    let mut target = &mut response;
    let mut names: Vec<&str> = path.split('/').collect();
    let last = names.pop().unwrap();
    for name in names {
        target = target.get_mut(name).and_then(Value::as_object_mut).unwrap();
    }
    match value {
        Some(value) => target.insert(last, value),
        None => target.remove(last),
    };
    response
}

fn parse(
    response: &Object,
    handshake: Handshake,
    rules: &RoomVersionRules,
) -> Result<Template, TemplateError> {
    let expected = Expected {
        handshake,
        room_id: &room_id(rules),
        user: &user("@alice:ours.example"),
        resident: &theirs().server,
    };
    let (versions, limits) = (RoomVersions::stable(), Limits::default());
    Template::parse(&response.to_canonical(), &expected, &versions, &limits)
}

fn profile() -> Object {
    object(r#"{"displayname":"Alice","reason":"hello"}"#)
}

fn build(template: &Template, content: Object) -> Result<Assembled, BuildError> {
    template.build(content, ours().signer(), NOW, &Limits::default())
}

/// The event that we sign when we are answered this.
fn signed(response: &Object, handshake: Handshake, rules: &RoomVersionRules) -> Assembled {
    let template = parse(response, handshake, rules).unwrap();
    build(&template, profile()).unwrap()
}

#[test]
fn the_event_is_ours_but_for_where_it_stands_and_who_vouches() {
    for (handshake, rules) in occasions() {
        let event = signed(&honest(handshake, &rules), handshake, &rules);
        let mut content = profile();
        content.insert("membership", handshake.membership().as_str());
        if restricts(handshake, &rules) {
            let vouches = "@bob:theirs.example";
            content.insert("join_authorised_via_users_server", vouches);
        } else {
            received(&event, &ring(&[&ours()]), &rules);
        }
        let honest = honest(handshake, &rules);
        let offered = honest.get("event").and_then(Value::as_object).unwrap();
        let mut expected = Object::from_iter([
            ("content", Value::from(content)),
            ("origin_server_ts", NOW.millis().into()),
            ("room_id", room_id(&rules).as_str().into()),
            ("sender", "@alice:ours.example".into()),
            ("state_key", "@alice:ours.example".into()),
            ("type", "m.room.member".into()),
        ]);
        for name in ["auth_events", "depth", "prev_events"] {
            expected.insert(name, offered.get(name).unwrap().clone());
        }
        let mut json = event.json().to_object();
        for name in ["event_id", "hashes", "signatures"] {
            json.remove(name);
        }
        assert_eq!(json, expected);
    }
}

#[test]
fn a_response_that_names_no_version_is_of_version_1_or_2_unless_it_is_about_a_knock() {
    for handshake in [Handshake::Join, Handshake::Leave] {
        for rules in [V1, V2] {
            let named = honest(handshake, &rules);
            let unnamed = with(&named, "room_version", None);
            let event = signed(&unnamed, handshake, &rules);
            assert_eq!(event.json(), signed(&named, handshake, &rules).json());
        }
    }
    let unnamed = with(&honest(Handshake::Knock, &V10), "room_version", None);
    let field = "room_version";
    let missing = roomdag::pdu::FormatError::Missing { field };
    let error = parse(&unnamed, Handshake::Knock, &V10).unwrap_err();
    assert_eq!(error, missing.into());
}

#[test]
fn a_version_that_is_not_ours_is_named_in_the_error() {
    for handshake in HANDSHAKES {
        let honest = honest(handshake, &V10);
        for version in ["99", "", "org.example.custom"] {
            let response = with(&honest, "room_version", Some(version.into()));
            let error = parse(&response, handshake, &V10).unwrap_err();
            let version = version.to_owned();
            assert_eq!(error, TemplateError::UnsupportedVersion { version });
        }
        let long = "9".repeat(10_000);
        let response = with(&honest, "room_version", Some(long.into()));
        let error = parse(&response, handshake, &V10).unwrap_err();
        assert!(error.to_string().len() < 400);
    }
}

#[test]
fn nobody_knocks_in_a_version_without_knocking() {
    for rules in stable() {
        let response = honest(Handshake::Knock, &rules);
        let template = parse(&response, Handshake::Knock, &rules);
        if is_known(Handshake::Knock, &rules) {
            assert!(template.is_ok());
        } else {
            let version = rules.id;
            assert_eq!(template, Err(TemplateError::NoKnocking { version }));
        }
    }
}

#[test]
fn our_content_does_not_say_what_the_template_decides() {
    for (handshake, rules) in occasions() {
        let template = parse(&honest(handshake, &rules), handshake, &rules).unwrap();
        for key in ["membership", "join_authorised_via_users_server"] {
            let content = Object::from_iter([(key, "join")]);
            let error = build(&template, content).unwrap_err();
            assert_eq!(error, BuildError::ReservedKey { key });
        }
    }
}

#[test]
fn a_template_for_a_user_of_another_server_is_not_signed() {
    for (handshake, rules) in occasions() {
        let template = parse(&honest(handshake, &rules), handshake, &rules).unwrap();
        let other = Home::new("other.example", 3);
        let event = template.build(profile(), other.signer(), NOW, &Limits::default());
        let foreign = BuildError::ForeignSender {
            sender: user("@alice:ours.example"),
            server: other.server,
        };
        assert_eq!(event, Err(foreign));
    }
}

#[test]
fn depths_beyond_canonical_json_are_read_where_the_version_has_them() {
    let deep = |rules: &RoomVersionRules, depth: i64| {
        let response = with(
            &honest(Handshake::Join, rules),
            "event/depth",
            Some(depth.into()),
        );
        parse(&response, Handshake::Join, rules)
    };
    let event = build(&deep(&V1, i64::MAX).unwrap(), profile()).unwrap();
    assert_eq!(event.pdu().depth(), i64::MAX);
    assert!(matches!(
        deep(&V8, V8.max_depth + 1),
        Err(TemplateError::Format(_))
    ));
    assert!(deep(&V8, V8.max_depth).is_ok());
}

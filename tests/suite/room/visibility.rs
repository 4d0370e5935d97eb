//! See `src/room/visibility.rs`, and how the two contents that it reads are parsed.

use std::cell::Cell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::select;
use roomdag::auth::StateView;
use roomdag::crypto;
use roomdag::event::{Event, EventRef};
use roomdag::json::{Mode, Object, Value};
use roomdag::pdu::content::{Content, HistoryVisibility, Membership, PolicyServer};
use roomdag::pdu::{Pdu, redact};
use roomdag::room::{
    At, JoinedLater, UserView, Viewer, Visibility, VisibilityRule, server_visibility, visibility,
};
use roomdag::testing::rooms::Draft;
use roomdag::version::{RoomVersionRules, RoomVersions, V11};
use roomdag::{Limits, pdu};

const USER: &str = "@bob:b";

/// What the specification's rules make of a state: the rule that decides for a user who did not
/// join later, and for one who did.
#[rustfmt::skip]
const TABLE: [(&str, [(u8, u8); 8]); 6] = [
    // membership         join    invite  knock   leave   ban     odd     absent  none
    ("world_readable", [(1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1)]),
    ("shared",         [(2, 2), (5, 3), (5, 3), (5, 3), (5, 3), (5, 3), (5, 3), (5, 3)]),
    ("invited",        [(2, 2), (4, 4), (5, 5), (5, 5), (5, 5), (5, 5), (5, 5), (5, 5)]),
    ("joined",         [(2, 2), (5, 5), (5, 5), (5, 5), (5, 5), (5, 5), (5, 5), (5, 5)]),
    // Not understood, and not set at all.
    ("members",        [(2, 2), (5, 3), (5, 3), (5, 3), (5, 3), (5, 3), (5, 3), (5, 3)]),
    ("",               [(2, 2), (5, 3), (5, 3), (5, 3), (5, 3), (5, 3), (5, 3), (5, 3)]),
];

/// The contents of the member event, in the columns of the table; the last has no event.
const MEMBERS: [Option<&str>; 8] = [
    Some(r#"{"membership":"join"}"#),
    Some(r#"{"membership":"invite"}"#),
    Some(r#"{"membership":"knock"}"#),
    Some(r#"{"membership":"leave"}"#),
    Some(r#"{"membership":"ban"}"#),
    Some(r#"{"membership":"Join"}"#),
    Some("{}"),
    None,
];

/// A state of the table: its row and its column.
type State = (usize, usize);

fn states() -> impl Iterator<Item = State> + Clone {
    (0..TABLE.len()).flat_map(|row| (0..MEMBERS.len()).map(move |column| (row, column)))
}

/// The rule that decides by one state.
fn rule((row, column): State, later: JoinedLater) -> u8 {
    let (no, yes) = TABLE[row].1[column];
    match later {
        JoinedLater::No => no,
        JoinedLater::Yes => yes,
    }
}

struct Room(BTreeMap<(&'static str, &'static str), Event>);

impl StateView for Room {
    fn get(&self, event_type: &str, state_key: &str) -> Option<EventRef<'_>> {
        let mut events = self.0.iter();
        events
            .find(|((t, key), _)| *t == event_type && *key == state_key)
            .map(|(_, event)| event.as_ref())
    }
}

fn event(event_type: &str, state_key: Option<&str>, content: &str) -> Event {
    let draft = Draft {
        id: "event",
        event_type,
        state_key,
        sender: "@alice:a",
        content,
        origin_server_ts: 1,
        depth: 1,
        prev_events: Vec::new(),
        auth_events: Vec::new(),
    };
    draft.event(&V11)
}

/// Reads a state of the table from a room whose events say so.
fn view((row, column): State) -> UserView {
    let mut room = Room(BTreeMap::new());
    let visibility = TABLE[row].0;
    if !visibility.is_empty() {
        let content = format!(r#"{{"history_visibility":"{visibility}"}}"#);
        let key = ("m.room.history_visibility", "");
        room.0.insert(key, event(key.0, Some(key.1), &content));
    }
    if let Some(content) = MEMBERS[column] {
        let key = ("m.room.member", USER);
        room.0.insert(key, event(key.0, Some(key.1), content));
    }
    // What is said of others and elsewhere has no bearing.
    let other = r#"{"membership":"join","history_visibility":"world_readable"}"#;
    for key in [
        ("m.room.member", "@bob:c"),
        ("m.room.history_visibility", "x"),
    ] {
        room.0.insert(key, event(key.0, Some(key.1), other));
    }
    UserView::of(&room, USER)
}

/// The verdict, and how often it was asked whether the user joined later.
fn seen(event: &Event, before: State, after: State, later: JoinedLater) -> (Visibility, u32) {
    let asked = Cell::new(0);
    let viewer = Viewer {
        user: USER,
        before: view(before),
        after: view(after),
        joined_later: || {
            asked.set(asked.get() + 1);
            later
        },
    };
    let verdict = visibility(&event.as_ref(), viewer);
    (verdict, asked.get())
}

fn verdict(number: u8, at: At) -> Visibility {
    let rule = match number {
        1 => VisibilityRule::WorldReadable,
        2 => VisibilityRule::WasJoined,
        3 => VisibilityRule::SharedAndJoinedLater,
        4 => VisibilityRule::WasInvited,
        _ => return Visibility::Denied,
    };
    Visibility::Visible { rule, at }
}

#[test]
fn an_ordinary_event_is_seen_by_the_state_after_it_as_the_table_says() {
    let ordinary = [
        event("m.room.message", None, "{}"),
        event("m.room.topic", Some(""), "{}"),
        // Like what is special, but not it.
        event("m.room.member", Some("@bob:c"), "{}"),
        event("m.room.member", None, "{}"),
        event("m.room.history_visibility", Some("x"), "{}"),
        event("m.room.history_visibility", Some(USER), "{}"),
        event("m.room.history_visibility", None, "{}"),
    ];
    for event in &ordinary {
        for (before, after) in states().flat_map(|a| states().map(move |b| (a, b))) {
            for later in [JoinedLater::No, JoinedLater::Yes] {
                let expected = verdict(rule(after, later), At::After);
                let asked = u32::from(rule(after, JoinedLater::Yes) == 3);
                assert_eq!(
                    seen(event, before, after, later),
                    (expected, asked),
                    "{before:?} {after:?}"
                );
            }
        }
    }
}

/// The verdict where either state will do: at once by the state after, at once by the one before,
/// and only then by a later join.
fn by_either(before: State, after: State, later: JoinedLater) -> (Visibility, u32) {
    let (a, b) = (rule(after, later), rule(before, later));
    for (number, at) in [(a, At::After), (b, At::Before)] {
        if [1, 2, 4].contains(&number) {
            return (verdict(number, at), 0);
        }
    }
    let mut shared = [(after, At::After), (before, At::Before)].into_iter();
    match shared.find(|(state, _)| rule(*state, JoinedLater::Yes) == 3) {
        Some((state, at)) => (verdict(rule(state, later), at), 1),
        None => (Visibility::Denied, 0),
    }
}

#[test]
fn a_change_of_history_visibility_is_seen_by_the_state_before_or_after() {
    let event = event("m.room.history_visibility", Some(""), "{}");
    for (before, after) in states().flat_map(|a| (0..TABLE.len()).map(move |row| (a, (row, a.1)))) {
        for later in [JoinedLater::No, JoinedLater::Yes] {
            let expected = by_either(before, after, later);
            assert_eq!(
                seen(&event, before, after, later),
                expected,
                "{before:?} {after:?}"
            );
        }
    }
}

#[test]
fn a_user_s_own_membership_is_seen_by_the_state_before_or_after() {
    let event = event("m.room.member", Some(USER), "{}");
    let changes = states().flat_map(|a| (0..MEMBERS.len()).map(move |column| (a, (a.0, column))));
    for (before, after) in changes {
        for later in [JoinedLater::No, JoinedLater::Yes] {
            let expected = by_either(before, after, later);
            assert_eq!(
                seen(&event, before, after, later),
                expected,
                "{before:?} {after:?}"
            );
        }
    }
}

const WORLD_READABLE: usize = 0;
const JOINED: usize = 3;
const JOIN: usize = 0;
const NONE: usize = 7;

/// The specification's own examples.
#[test]
fn whoever_is_not_in_the_room_sees_it_become_world_readable_and_cease_to_be() {
    let event = event("m.room.history_visibility", Some(""), "{}");
    let (open, closed) = ((WORLD_READABLE, NONE), (JOINED, NONE));
    let (opened, _) = seen(&event, closed, open, JoinedLater::No);
    assert_eq!(opened, verdict(1, At::After));
    let (shut, _) = seen(&event, open, closed, JoinedLater::No);
    assert_eq!(shut, verdict(1, At::Before));
}

/// The specification's own examples.
#[test]
fn a_user_always_sees_that_they_join_and_that_they_no_longer_are_joined() {
    let event = event("m.room.member", Some(USER), "{}");
    for row in 0..TABLE.len() {
        for column in 0..MEMBERS.len() {
            for (before, after) in [((row, column), (row, JOIN)), ((row, JOIN), (row, column))] {
                let (verdict, asked) = seen(&event, before, after, JoinedLater::No);
                assert!(verdict.is_visible(), "{before:?} {after:?}");
                assert_eq!(asked, 0);
            }
        }
    }
}

#[test]
fn a_verdict_says_its_rule() {
    let said: Vec<String> = (1..=5)
        .map(|number| verdict(number, At::Before).to_string())
        .collect();
    assert_eq!(
        said,
        [
            "The history was world-readable. (1, by the state before the event)",
            "The user was in the room. (2, by the state before the event)",
            "The history was shared, and the user joined later. (3, by the state before the event)",
            "The history was visible from invitations on, and the user was invited. \
             (4, by the state before the event)",
            "No rule makes the event visible. (5)",
        ]
    );
    for number in 1..=5 {
        let verdict = verdict(number, At::After);
        assert_eq!(verdict.number(), number);
        assert_eq!(verdict.is_visible(), number != 5);
    }
}

#[test]
fn a_server_of_which_nobody_is_named_sees_nothing_and_a_stranger_sees_what_is_open() {
    let event = event("m.room.message", None, "{}");
    let nobody: [Viewer<'_, fn() -> JoinedLater>; 0] = [];
    assert_eq!(
        server_visibility(&event.as_ref(), nobody),
        Visibility::Denied
    );
    let stranger = view((WORLD_READABLE, NONE));
    let viewer = Viewer {
        user: USER,
        before: stranger,
        after: stranger,
        joined_later: || JoinedLater::No,
    };
    let verdict = server_visibility(&event.as_ref(), [viewer]);
    assert_eq!(verdict.number(), 1);
}

fn any_view() -> impl Strategy<Value = UserView> {
    use Membership::{Ban, Invite, Join, Knock, Leave, Unknown};
    let memberships = vec![Ban, Invite, Join, Knock, Leave, Unknown];
    (select(HistoryVisibility::ALL.to_vec()), select(memberships)).prop_map(
        |(history_visibility, membership)| UserView {
            history_visibility,
            membership,
        },
    )
}

fn any_event() -> impl Strategy<Value = Event> {
    select(vec![
        event("m.room.message", None, "{}"),
        event("m.room.history_visibility", Some(""), "{}"),
        event("m.room.member", Some(USER), "{}"),
    ])
}

fn later(joins: bool) -> JoinedLater {
    if joins {
        JoinedLater::Yes
    } else {
        JoinedLater::No
    }
}

proptest! {
    /// A server sees what one of its users sees, and rule 3 is asked only if no other decides.
    #[test]
    fn a_server_sees_what_one_of_its_users_sees(
        event in any_event(),
        users in prop::collection::vec((any_view(), any_view(), any::<bool>()), 0..6),
    ) {
        let asked = Cell::new(0_usize);
        let viewer = |(before, after, joins): &(UserView, UserView, bool)| {
            let (asked, joins) = (&asked, *joins);
            Viewer {
                user: USER,
                before: *before,
                after: *after,
                joined_later: move || {
                    asked.set(asked.get() + 1);
                    later(joins)
                },
            }
        };
        let event = event.as_ref();
        let each: Vec<u8> = users
            .iter()
            .map(|user| visibility(&event, viewer(user)).number())
            .collect();
        asked.set(0);
        let verdict = server_visibility(&event, users.iter().map(viewer));
        prop_assert_eq!(verdict.is_visible(), each.iter().any(|number| *number != 5));
        prop_assert!(!verdict.is_visible() || each.contains(&verdict.number()));
        if each.iter().any(|number| [1, 2, 4].contains(number)) {
            prop_assert_eq!(asked.get(), 0);
        }
    }

    /// Joining later never hides an event, and shows one only if it was shared.
    #[test]
    fn a_later_join_only_ever_shows(event in any_event(), before in any_view(), after in any_view()) {
        let seen = |joins| {
            let joined_later = move || later(joins);
            visibility(&event.as_ref(), Viewer { user: USER, before, after, joined_later })
        };
        let (without, with) = (seen(false), seen(true));
        prop_assert!(with.is_visible() || !without.is_visible());
        prop_assert!(with == without || with.number() == 3);
    }

    /// Where both states count, it is the same which is which.
    #[test]
    fn what_is_seen_by_either_state_is_seen_whichever_comes_first(
        event in any_event(), before in any_view(), after in any_view(), joins: bool,
    ) {
        prop_assume!(event.as_ref().state_key.is_some());
        let seen = |before, after| {
            let joined_later = || later(joins);
            visibility(&event.as_ref(), Viewer { user: USER, before, after, joined_later })
        };
        prop_assert_eq!(seen(before, after).is_visible(), seen(after, before).is_visible());
    }
}

/// The typed content of an event, read from a tree and from canonical text.
#[track_caller]
pub(super) fn content(
    event_type: &str,
    state_key: Option<&str>,
    content: &str,
    rules: &RoomVersionRules,
) -> Content {
    let json = json(event_type, state_key, content, rules);
    let read = Content::of(&json, event_type, state_key.is_some(), rules);
    let pdu = Pdu::from_json(json, rules, &Limits::default()).unwrap();
    assert_eq!(pdu.content(rules), read, "{content}");
    read
}

/// An event of this content, hashed and signed by `a`.
pub(super) fn json(
    event_type: &str,
    state_key: Option<&str>,
    content: &str,
    rules: &RoomVersionRules,
) -> Object {
    let text = r#"{"sender":"@alice:a","room_id":"!r:a","event_id":"$x:a","origin_server_ts":1,
        "depth":5,"prev_events":[],"auth_events":[]}"#;
    let mut json = Object::parse(text.as_bytes(), Mode::Strict).unwrap();
    if !["1", "2"].contains(&rules.id) {
        json.remove("event_id");
    }
    json.insert("type", event_type);
    if let Some(state_key) = state_key {
        json.insert("state_key", state_key);
    }
    let content = Object::parse(content.as_bytes(), Mode::Lenient).unwrap();
    json.insert("content", content);
    crypto::hash_and_sign_event(&mut json, rules, "a", &super::policy::server_key());
    json
}

pub(super) fn all_rules() -> impl Iterator<Item = &'static RoomVersionRules> {
    (1..=12).map(|number| RoomVersions::stable_rules(&number.to_string()).unwrap())
}

#[test]
fn what_is_not_understood_is_shared() {
    use HistoryVisibility::{Invited, Joined, Shared, WorldReadable};
    for (text, visibility) in [
        (r#"{"history_visibility":"world_readable"}"#, WorldReadable),
        (r#"{"history_visibility":"shared"}"#, Shared),
        (r#"{"history_visibility":"invited"}"#, Invited),
        (r#"{"history_visibility":"joined"}"#, Joined),
        (r#"{"history_visibility":"\u006aoined"}"#, Joined),
        (r#"{"history_visibility":"Joined"}"#, Shared),
        (r#"{"history_visibility":"joined "}"#, Shared),
        (r#"{"history_visibility":""}"#, Shared),
        (r#"{"history_visibility":null}"#, Shared),
        (r#"{"history_visibility":3}"#, Shared),
        (r#"{"history_visibility":["joined"]}"#, Shared),
        (r#"{"history_visibility":{"joined":true}}"#, Shared),
        (r#"{"visibility":"joined"}"#, Shared),
        ("{}", Shared),
    ] {
        let read = content("m.room.history_visibility", Some(""), text, &V11);
        assert_eq!(read, Content::HistoryVisibility(visibility), "{text}");
        let message = content("m.room.history_visibility", None, text, &V11);
        assert_eq!(message, Content::Other);
    }
    for visibility in HistoryVisibility::ALL {
        let text = format!(r#"{{"history_visibility":"{visibility}"}}"#);
        let read = content(pdu::HISTORY_VISIBILITY, Some(""), &text, &V11);
        assert_eq!(read, Content::HistoryVisibility(visibility));
    }
}

#[test]
fn a_redacted_event_keeps_its_history_visibility() {
    for rules in all_rules() {
        for visibility in HistoryVisibility::ALL {
            let text = format!(r#"{{"history_visibility":"{visibility}","why":"because"}}"#);
            let full = json(pdu::HISTORY_VISIBILITY, Some(""), &text, rules);
            let redacted = Pdu::from_json(redact(&full, rules), rules, &Limits::default()).unwrap();
            assert!(!redacted.json().as_text().contains("because"));
            assert_eq!(
                redacted.content(rules),
                Content::HistoryVisibility(visibility)
            );
        }
    }
}

/// JSON of any shape, with the names and values that the two contents look for in all places.
fn any_json() -> impl Strategy<Value = String> {
    let key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let names = [
        "via",
        "public_keys",
        "ed25519",
        "history_visibility",
        "a\\n",
        "",
    ];
    let leaf = prop_oneof![
        select(vec![
            "null",
            "true",
            "0",
            "-1",
            "[]",
            "{}",
            "\"\"",
            "1.5",
            "\"a\\ud834\\udd1e\""
        ])
        .prop_map(ToOwned::to_owned),
        select(vec![
            "policy.example.org",
            "a b",
            "[::1]:8448",
            key,
            "joined",
            "\\u006aoined",
            "="
        ])
        .prop_map(|text| format!("\"{text}\"")),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let list = prop::collection::vec(inner.clone(), 0..4);
        let members = prop::collection::btree_map(select(names.to_vec()), inner, 0..5);
        prop_oneof![
            list.prop_map(|list| format!("[{}]", list.join(","))),
            members.prop_map(|members| object_of(&members)),
        ]
    })
}

fn object_of(members: &BTreeMap<&str, String>) -> String {
    let members = members
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

proptest! {
    /// Nothing is too odd to be read, and it is read alike from a tree and from text.
    #[test]
    fn contents_of_any_shape_are_read_alike(
        via in any_json(), keys in any_json(), visibility in any_json(),
        is_state: bool, version in 1..=5_u8,
    ) {
        // Versions that take numbers of all kinds.
        let rules = RoomVersions::stable_rules(&version.to_string()).unwrap();
        let members = [("via", via), ("public_keys", keys), ("history_visibility", visibility)];
        let text = object_of(&members.into_iter().collect());
        let state_key = is_state.then_some("");
        match content(pdu::HISTORY_VISIBILITY, state_key, &text, rules) {
            Content::HistoryVisibility(_) => prop_assert!(is_state),
            other => prop_assert_eq!((other, is_state), (Content::Other, false)),
        }
        match content(pdu::POLICY, state_key, &text, rules) {
            Content::Policy(None) => prop_assert!(is_state),
            Content::Policy(Some(server)) => {
                let PolicyServer { via, key } = *server;
                let event = json(pdu::POLICY, state_key, &text, rules);
                let said = event.get("content").and_then(Value::as_object).unwrap();
                prop_assert_eq!(said.get("via").and_then(Value::as_str), Some(via.as_str()));
                let keys = said.get("public_keys").and_then(Value::as_object);
                let said = keys.and_then(|keys| keys.get("ed25519")?.as_str());
                prop_assert!(is_state && (key.is_none() || said.is_some_and(|key| key.contains("11qYAYK"))));
            }
            other => prop_assert_eq!((other, is_state), (Content::Other, false)),
        }
    }
}

//! `auth/membership.json`: every change of a membership, by everybody, under every join rule.

use crate::vectors::generated::writer::{Json, list, object};
use crate::vectors::generated::{VERSIONS, grouped, in_words, listed, page};

/// One question: may the sender change this membership to that?
#[derive(Clone, Copy)]
struct Cell {
    old: &'static str,
    new: &'static str,
    /// Whether the sender is the target.
    own: bool,
    join_rule: &'static str,
    /// The sender's level against the level that is required, which is the target's too unless
    /// that is the sender.
    power: Power,
}

#[derive(Clone, Copy, PartialEq)]
enum Power {
    Below,
    Equal,
    Above,
}

const OLD: [&str; 6] = ["none", "join", "invite", "knock", "leave", "ban"];
const NEW: [&str; 5] = ["join", "invite", "knock", "leave", "ban"];
const JOIN_RULES: [&str; 6] = [
    "public",
    "invite",
    "knock",
    "restricted",
    "knock_restricted",
    "private",
];
const POWERS: [Power; 3] = [Power::Below, Power::Equal, Power::Above];

/// The clause of the room version's list that decides, and whether it allows: the page's list of
/// rules on `m.room.member`, read from the top.
fn decided(cell: Cell, version: u8) -> (&'static str, bool) {
    match cell.new {
        "join" => join(cell, version),
        "invite" => invite(cell),
        "leave" => leave(cell, version),
        "ban" => ban(cell),
        "knock" if version >= 7 => knock(cell, version),
        // Otherwise, the membership is unknown.
        _ => ("MembershipUnknown", false),
    }
}

fn join(cell: Cell, version: u8) -> (&'static str, bool) {
    let expected = cell.old == "invite" || cell.old == "join";
    // The sender does not match the state key.
    if !cell.own {
        return ("JoinSenderIsNotTarget", false);
    }
    // The sender is banned.
    if cell.old == "ban" {
        return ("JoinBanned", false);
    }
    // The join rule is `invite`, or from version 7 on `knock`.
    let by_invite = cell.join_rule == "invite" || version >= 7 && cell.join_rule == "knock";
    if by_invite && expected {
        return ("JoinWasInvited", true);
    }
    // From version 8 on `restricted`, from version 10 on `knock_restricted`.
    let restricted = version >= 8 && cell.join_rule == "restricted"
        || version >= 10 && cell.join_rule == "knock_restricted";
    if restricted && expected {
        return ("JoinRestrictedMember", true);
    }
    // Nobody is named who would have authorised the join.
    if restricted {
        return ("JoinNoAuthoriser", false);
    }
    if cell.join_rule == "public" {
        return ("JoinPublic", true);
    }
    ("JoinNotPermitted", false)
}

fn invite(cell: Cell) -> (&'static str, bool) {
    if !sender_is_joined(cell) {
        return ("InviteSenderNotJoined", false);
    }
    if cell.old == "join" || cell.old == "ban" {
        return ("InviteTargetInRoom", false);
    }
    if reaches(cell) {
        return ("InviteAllowed", true);
    }
    ("InviteBelowLevel", false)
}

fn leave(cell: Cell, version: u8) -> (&'static str, bool) {
    if cell.own {
        let can_leave = match cell.old {
            "invite" | "join" => true,
            "knock" => version >= 7,
            _ => false,
        };
        let clause = if can_leave {
            "LeaveOwn"
        } else {
            "LeaveNothingToLeave"
        };
        return (clause, can_leave);
    }
    if !sender_is_joined(cell) {
        return ("KickSenderNotJoined", false);
    }
    if cell.old == "ban" && !reaches(cell) {
        return ("UnbanBelowBanLevel", false);
    }
    if reaches(cell) && above_target(cell) {
        return ("KickAllowed", true);
    }
    ("KickNotPermitted", false)
}

fn ban(cell: Cell) -> (&'static str, bool) {
    if !sender_is_joined(cell) {
        return ("BanSenderNotJoined", false);
    }
    if reaches(cell) && above_target(cell) {
        return ("BanAllowed", true);
    }
    ("BanNotPermitted", false)
}

fn knock(cell: Cell, version: u8) -> (&'static str, bool) {
    let enabled =
        cell.join_rule == "knock" || version >= 10 && cell.join_rule == "knock_restricted";
    if !enabled {
        return ("KnockNotEnabled", false);
    }
    if !cell.own {
        return ("KnockSenderIsNotTarget", false);
    }
    if ["ban", "invite", "join"].contains(&cell.old) {
        return ("KnockNotPossible", false);
    }
    ("KnockAllowed", true)
}

/// Where somebody else is the target, the sender is in the room.
fn sender_is_joined(cell: Cell) -> bool {
    !cell.own || cell.old == "join"
}

fn reaches(cell: Cell) -> bool {
    cell.power != Power::Below
}

/// Nobody has more power than they have themselves.
fn above_target(cell: Cell) -> bool {
    !cell.own && cell.power == Power::Above
}

/// The ruling that a cell rests on, if the text alone does not decide it.
fn ruling(cell: Cell, version: u8) -> Option<&'static str> {
    let unknown = match cell.join_rule {
        "private" => true,
        "knock" => version < 7,
        "restricted" => version < 8,
        "knock_restricted" => version < 10,
        _ => false,
    };
    match (cell.own, cell.old, cell.new) {
        (true, "invite" | "join", "join") if unknown => Some("AU-21"),
        (true, "leave", "leave") => Some("AU-19"),
        (false, "ban", "leave") => Some("AU-20"),
        (true, _, "knock")
            if cell.join_rule == "knock_restricted" && (7..10).contains(&version) =>
        {
            Some("AU-27")
        }
        (true, "invite", "knock") if version >= 7 => Some("AU-28"),
        (true, "knock", "knock" | "leave") if version >= 7 => Some("AU-29"),
        (false, "none" | "leave", "leave" | "ban") => Some("AU-55"),
        _ => None,
    }
}

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for new in NEW {
        for own in [true, false] {
            for old in OLD {
                for join_rule in JOIN_RULES {
                    for power in POWERS {
                        cells.push(Cell {
                            old,
                            new,
                            own,
                            join_rule,
                            power,
                        });
                    }
                }
            }
        }
    }
    cells
}

pub(super) fn file() -> String {
    let mut cases = Vec::new();
    for cell in cells() {
        let answers = grouped(VERSIONS, |version| {
            (decided(cell, version), ruling(cell, version))
        });
        let several = answers.len() > 1;
        for (versions, ((rule, allow), ruling)) in answers {
            let id = if several {
                format!("{}, {}", sentence(cell), in_words(&versions))
            } else {
                sentence(cell)
            };
            let last = *versions.last().unwrap();
            let case = object! {
                "id" => id,
                "room_versions" => listed(&versions),
                "spec" => page(last, "authorisation-rules"),
            };
            let case = case.with_some("ruling", ruling);
            let case = case.with("input", input(cell));
            let verdict = if allow { "allow" } else { "reject" };
            cases.push(case.with("expect", object! { "verdict" => verdict, "rule" => rule }));
        }
    }
    let about = "Every change of a membership (from none, join, invite, knock, leave and ban to \
                 join, invite, knock, leave and ban), made by oneself or by another member, under \
                 every join rule, by a sender whose level is below, equal to or above the one that \
                 it takes; the latter is the target's level too, where that is another user.";
    object! {
        "about" => about,
        "question" => "auth",
        "generated" => "membership",
        "given" => given(),
        "cases" => cases,
    }
    .file()
}

fn sentence(cell: Cell) -> String {
    let by = if cell.own { "by oneself" } else { "by another" };
    let power = level_name(cell.power);
    format!(
        "{} to {} {by}, join rule {}, level {power}",
        cell.old, cell.new, cell.join_rule
    )
}

fn level_name(power: Power) -> &'static str {
    match power {
        Power::Below => "below",
        Power::Equal => "equal",
        Power::Above => "above",
    }
}

fn input(cell: Cell) -> Json {
    let mut state = vec![
        "create".to_owned(),
        "creator".to_owned(),
        format!("rule {}", cell.join_rule),
        format!("level {}", level_name(cell.power)),
    ];
    let target = if cell.own { "@sender:a" } else { "@target:a" };
    if !cell.own {
        state.push("sender join".to_owned());
    }
    if cell.old != "none" {
        let name = target.trim_start_matches('@').trim_end_matches(":a");
        state.push(format!("{name} {}", cell.old));
    }
    let event = object! {
        "id" => "$event",
        "type" => "m.room.member",
        "state_key" => target,
        "sender" => "@sender:a",
        "content" => object! { "membership" => cell.new },
    };
    object! { "state" => state, "event" => event }
}

/// The events that the cases name.
fn given() -> Json {
    let event = |id: &str, event_type: &str, state_key: &str, sender: &str, content: Json| {
        object! {
            "id" => format!("${id}"),
            "type" => event_type,
            "state_key" => state_key,
            "sender" => sender,
            "content" => content,
        }
    };
    let creator = "@creator:a";
    let create = object! { "room_version" => "{room_version}", "creator" => creator };
    let member = |user: &str, membership: &str| {
        // An invite and a ban are another's work.
        let sender = match membership {
            "invite" | "ban" => creator,
            _ => user,
        };
        let content = object! { "membership" => membership };
        event("member", "m.room.member", user, sender, content)
    };
    let mut given = object! {
        "create" => event("create", "m.room.create", "", creator, create),
        "creator" => event("creator", "m.room.member", creator, creator, object! { "membership" => "join" }),
    };
    for rule in JOIN_RULES {
        let mut content = object! { "join_rule" => rule };
        if rule.ends_with("restricted") {
            let allow = object! { "type" => "m.room_membership", "room_id" => "!other:a" };
            content = content.with("allow", list![allow]);
        }
        let rules = event("rules", "m.room.join_rules", "", creator, content);
        given = given.with(&format!("rule {rule}"), rules);
    }
    for power in POWERS {
        let level = match power {
            Power::Below => 51,
            Power::Equal => 50,
            Power::Above => 49,
        };
        let content = object! {
            "users" => object! { "@sender:a" => 50, "@target:a" => level },
            "invite" => level,
            "kick" => level,
            "ban" => level,
        };
        let levels = event("levels", "m.room.power_levels", "", creator, content);
        given = given.with(&format!("level {}", level_name(power)), levels);
    }
    for user in ["sender", "target"] {
        for membership in OLD.into_iter().filter(|old| *old != "none") {
            let id = format!("@{user}:a");
            let mut event = member(&id, membership);
            event = event.with("id", format!("${user}"));
            given = given.with(&format!("{user} {membership}"), event);
        }
    }
    given
}

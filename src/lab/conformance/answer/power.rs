//! Small questions: levels and server ACLs.

use crate::json::{Mode, Object, Value};
use crate::lab::conformance::FileError;
use crate::lab::conformance::answer::{NoAnswer, with_readings};
use crate::lab::conformance::fields::{object, opt_text, text};
use crate::pdu::POWER_LEVELS;
use crate::pdu::content::{Content, LevelMap, NamedLevel, StatedLevel};
use crate::room::ServerAcl;
use crate::version::RoomVersionRules;

/// `field` is a property that is a level or a map of levels, and then `entry` the key in it.
pub(super) fn level(input: &Object, rules: &RoomVersionRules) -> Result<Object, NoAnswer> {
    let rules = with_readings(input, rules)?;
    let content = text(input, "content")?;
    let content = Object::parse(content.as_bytes(), Mode::Lenient).map_err(FileError::from)?;
    let parsed = Object::from_iter([("content", content)]);
    let Content::PowerLevels(levels) = Content::of(&parsed, POWER_LEVELS, true, &rules) else {
        return Err(FileError::Field { field: "content" }.into());
    };
    let field = text(input, "field")?;
    let entry = opt_text(input, "entry").unwrap_or_default();
    let stated = match field {
        "users" => in_map(&levels.users, entry),
        "events" => in_map(&levels.events, entry),
        "notifications" => in_map(&levels.notifications, entry),
        _ => {
            let mut named = NamedLevel::ALL.into_iter();
            let named = named.find(|name| name.as_str() == field);
            levels.stated(named.ok_or(FileError::Field { field: "field" })?)
        }
    };
    let mut answer = Object::new();
    let verdict = match stated {
        StatedLevel::Absent => "absent",
        StatedLevel::Null => "null",
        StatedLevel::Malformed => "malformed",
        StatedLevel::Level(level) => {
            answer.insert("level", level.to_string());
            "level"
        }
    };
    answer.insert("verdict", verdict);
    Ok(answer)
}

/// What a map states for a name. Of what is no object nobody can tell.
fn in_map<'a>(map: &'a LevelMap, name: &str) -> &'a StatedLevel {
    if map.is_readable() {
        map.get(name)
    } else {
        &StatedLevel::Malformed
    }
}

pub(super) fn acl(input: &Object) -> Result<Object, NoAnswer> {
    let acl = ServerAcl::of(object(input, "content")?);
    let decision = acl.check(text(input, "server")?);
    let mut answer = Object::new();
    answer.insert("allowed", decision.is_allowed());
    answer.insert("step", Value::from(i64::from(decision.step())));
    Ok(answer)
}

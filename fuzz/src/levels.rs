//! Power levels: their order, and who may change what.

use std::cmp::Ordering;

use roomdag::event::EventRef;
use roomdag::json::{Object, Value};
use roomdag::pdu::content::{Content, Level, LevelMap, NamedLevel, Power, PowerLevels};
use roomdag::testing::{Random, drawn};
use roomdag::version::{GuardedLevelMaps, RoomVersionRules};

/// What is read of three values is totally ordered, and prints as what reads back as the same.
pub fn assert_total_order(random: &mut Random, rules: &RoomVersionRules) {
    let read = (0..3).map(|_| {
        let value = match random.below(3) {
            0 => drawn::value(random, rules.canonical_json),
            1 => Value::from(drawn::text(random)),
            _ => Value::from(drawn::tokens(random)),
        };
        Level::of(&value, rules)
    });
    let read: Option<Vec<Level>> = read.collect();
    let Some([a, b, c]) = read.as_deref() else {
        return;
    };
    assert_eq!(a.cmp(b), b.cmp(a).reverse());
    assert_eq!(a.cmp(b) == Ordering::Equal, a == b);
    assert!(!(a <= b && b <= c) || a <= c);
    let (above, below) = (Power::Level(a.clone()), Power::Level(b.clone()));
    assert_eq!(above.exceeds(&below), above.reaches(&below) && a != b);
    let printed = Object::parse(format!("{{\"a\":{a}}}").as_bytes(), rules.canonical_json);
    let again = printed
        .ok()
        .and_then(|json| Level::of(json.get("a")?, rules));
    assert!(again.is_none_or(|again| again == *a));
}

/// The levels of an event that states any.
pub fn levels_of<'a>(event: &EventRef<'a>) -> Option<&'a PowerLevels> {
    match event.content {
        Content::PowerLevels(levels) => Some(levels),
        _ => None,
    }
}

/// Nothing that `new` changes was above the sender, or is. Of other users, none was even at their
/// level.
pub fn assert_within(
    sender: &str,
    power: &Power,
    old: &PowerLevels,
    new: &PowerLevels,
    rules: &RoomVersionRules,
) {
    let reached = |level: Option<&Level>| {
        level.is_none_or(|level| power.reaches(&Power::Level(level.clone())))
    };
    for name in NamedLevel::ALL {
        let (was, is) = (old.stated(name), new.stated(name));
        assert!(
            was == is || (reached(was.level()) && reached(is.level())),
            "{name:?}"
        );
    }
    let changed = |old: &LevelMap, new: &LevelMap| -> Vec<String> {
        let names = old.differing(new).chain(new.differing(old));
        names.map(|(name, _)| name.to_owned()).collect()
    };
    let mut maps = vec![(&old.events, &new.events)];
    if rules.auth.guarded_level_maps == GuardedLevelMaps::EventsAndNotifications {
        maps.push((&old.notifications, &new.notifications));
    }
    for (old, new) in maps {
        for name in changed(old, new) {
            assert!(reached(old.get(&name).level()), "{name}");
            assert!(reached(new.get(&name).level()), "{name}");
        }
    }
    for user in changed(&old.users, &new.users) {
        let was = old.users.get(&user).level().cloned().map(Power::Level);
        let is_below = was.is_none_or(|was| power.exceeds(&was));
        assert!(user == sender || is_below, "{user}");
        assert!(reached(new.users.get(&user).level()), "{user}");
    }
}

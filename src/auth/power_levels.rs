//! Rule 10: `m.room.power_levels`.

use crate::auth::context::Context;
use crate::auth::{Decision, Rule, StateView};
use crate::pdu::content::{
    Content, LevelDefect, LevelMap, NamedLevel, Power, PowerLevels, StatedLevel,
};
use crate::version::{AbsentLevel, CreatorRule, GuardedLevelMaps};

/// `power` is the sender's.
pub(super) fn check<S: StateView>(cx: &Context<'_, S>, power: Power) -> Decision {
    let Content::PowerLevels(new) = cx.event.content else {
        return cx.decide(Rule::LevelUsersMalformed);
    };
    // 10.1, 10.2, 10.3
    if let Some(defect) = &new.defect {
        return match defect {
            LevelDefect::Named(name) => cx.decide(Rule::LevelsNotIntegers).about(name.as_str()),
            LevelDefect::Map { property, entry } => cx
                .decide(Rule::LevelMapsNotIntegers)
                .about(entry.as_deref().unwrap_or(property)),
            LevelDefect::Users { entry } => cx
                .decide(Rule::LevelUsersMalformed)
                .about(entry.as_deref().unwrap_or("users")),
        };
    }
    // 10.4
    if cx.rules.auth.creator == CreatorRule::SenderAndAdditional
        && let Some((user, _)) = new.users.iter().find(|(user, _)| cx.is_creator(user))
    {
        return cx.decide(Rule::LevelUsersNameCreator).about(user);
    }
    // 10.5
    let old = match cx.power_levels() {
        None => return cx.decide(Rule::LevelsFirst),
        Some((_, Some(old))) => old,
        Some((id, None)) => return cx.decide(Rule::LevelsUnreadable).because_of(Some(id)),
    };
    // 10.6
    if let Some(reject) = named_levels(cx, old, new, &power) {
        return reject;
    }
    // 10.7, 10.8
    let guarded: &[_] = match cx.rules.auth.guarded_level_maps {
        GuardedLevelMaps::Events => &[(&old.events, &new.events)],
        GuardedLevelMaps::EventsAndNotifications => &[
            (&old.events, &new.events),
            (&old.notifications, &new.notifications),
        ],
    };
    if let Some(reject) = level_maps(cx, guarded, &power) {
        return reject;
    }
    // 10.9, 10.10
    if let Some(reject) = users(cx, &old.users, &new.users, &power) {
        return reject;
    }
    // 10.11
    let allowed = cx.decide(Rule::LevelsAllowed);
    allowed.levels(power, cx.required())
}

/// 10.6: the named levels.
fn named_levels<S: StateView>(
    cx: &Context<'_, S>,
    old: &PowerLevels,
    new: &PowerLevels,
    power: &Power,
) -> Option<Decision> {
    for name in NamedLevel::ALL {
        let (current, next) = (old.stated(name), new.stated(name));
        if current.is_malformed() || next.is_malformed() {
            return Some(cx.decide(Rule::LevelsUnreadable).about(name.as_str()));
        }
        if current == next {
            continue;
        }
        let default = match cx.rules.readings.absent_level {
            AbsentLevel::Nothing => None,
            AbsentLevel::Default => Some(name.default_level().into()),
        };
        // 10.6.1, 10.6.2
        for (rule, stated) in [
            (Rule::LevelsCurrentAbove, current),
            (Rule::LevelsNewAbove, next),
        ] {
            let level = stated
                .level()
                .cloned()
                .or_else(|| default.clone())
                .map(Power::Level);
            if let Some(level) = level.filter(|level| !power.reaches(level)) {
                return Some(
                    cx.decide(rule)
                        .about(name.as_str())
                        .levels(power.clone(), level),
                );
            }
        }
    }
    None
}

/// 10.7 and 10.8: the entries of `events` and `notifications`.
fn level_maps<S: StateView>(
    cx: &Context<'_, S>,
    maps: &[(&LevelMap, &LevelMap)],
    power: &Power,
) -> Option<Decision> {
    for (old, new) in maps {
        let entry = old
            .iter()
            .chain(new.iter())
            .find(|(_, level)| level.is_malformed());
        if let Some((name, _)) = entry {
            return Some(cx.decide(Rule::LevelMapsUnreadable).about(name));
        }
        if !old.is_enumerable() || !new.is_enumerable() {
            return Some(cx.decide(Rule::LevelMapsUnreadable));
        }
    }
    let above = |rule: Rule, (name, stated): (&str, &StatedLevel)| {
        let level = stated.level().cloned().map(Power::Level)?;
        let reject = !power.reaches(&level);
        reject.then(|| cx.decide(rule).about(name).levels(power.clone(), level))
    };
    // 10.7.1
    for (old, new) in maps {
        let mut changed = old.differing(new);
        if let Some(reject) = changed.find_map(|entry| above(Rule::LevelMapsCurrentAbove, entry)) {
            return Some(reject);
        }
    }
    // 10.8.1
    for (old, new) in maps {
        let mut changed = new.differing(old);
        if let Some(reject) = changed.find_map(|entry| above(Rule::LevelMapsNewAbove, entry)) {
            return Some(reject);
        }
    }
    None
}

/// 10.9 and 10.10: the entries of `users`.
fn users<S: StateView>(
    cx: &Context<'_, S>,
    old: &LevelMap,
    new: &LevelMap,
    power: &Power,
) -> Option<Decision> {
    let reject = |rule: Rule, user: &str, stated: &StatedLevel| {
        let level = stated
            .level()
            .cloned()
            .map_or(Power::Unreadable, Power::Level);
        cx.decide(rule).about(user).levels(power.clone(), level)
    };
    // 10.9.1
    for (user, current) in old.differing(new) {
        if user == cx.event.sender.as_str() {
            continue;
        }
        let level = current
            .level()
            .cloned()
            .map_or(Power::Unreadable, Power::Level);
        if !power.exceeds(&level) {
            return Some(reject(Rule::LevelUsersCurrentNotBelow, user, current));
        }
    }
    // 10.10.1
    for (user, next) in new.differing(old) {
        let level = next
            .level()
            .cloned()
            .map_or(Power::Unreadable, Power::Level);
        if !power.reaches(&level) {
            return Some(reject(Rule::LevelUsersNewAbove, user, next));
        }
    }
    None
}

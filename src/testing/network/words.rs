//! What is told of a room, in words.

use std::fmt::{Display, Write};

use crate::event::HashCheck;
use crate::room::{
    Members, Missing, NoRedaction, Receipt, RedactionOutcome, RedactionReason, Standing,
};
use crate::testing::network::conditions::Weather;
use crate::testing::network::wish::Wish;
use crate::timeline::Quality;

/// What became of a PDU.
pub(super) fn receipt(receipt: &Receipt) -> String {
    let mut text = match receipt {
        Receipt::Accepted(event) => format!("{} is accepted", event.id),
        Receipt::Provisional { event, members } => format!(
            "{} is accepted until these members are known: {}",
            event.id,
            listed(members)
        ),
        Receipt::SoftFailed { event, because } => {
            format!("{} is soft-failed {because}", event.id)
        }
        Receipt::Rejected { event, because } => format!("{} is rejected {because}", event.id),
        Receipt::Known { event, standing } => format!("{event} is known, and {standing}"),
        Receipt::Dropped(fault) => format!("it is dropped: {fault}"),
        Receipt::Waiting(missing) => waiting(missing),
    };
    let hash = receipt.admitted().map(|event| event.content_hash);
    if hash == Some(HashCheck::Mismatch) {
        text.push_str("; it is redacted, for its content hash is wrong");
    }
    text
}

/// What became of a PDU, if there is a room that takes it.
pub(super) fn receipt_or_none(taken: Option<&Receipt>) -> String {
    taken.map_or_else(|| "there is no room".into(), receipt)
}

/// What should have become of something else.
pub(super) fn unexpected(what: &str, taken: Option<&Receipt>) -> String {
    format!("{what}: {}", receipt_or_none(taken))
}

/// What an event waits for.
pub(super) fn waiting(missing: &Missing) -> String {
    let keys = missing.keys.iter();
    let keys = keys.map(|(server, key)| format!("the key {key} of {server}"));
    let events = missing.events.iter().map(ToString::to_string);
    format!("{} waits for {}", missing.event, listed(events.chain(keys)))
}

/// What became of an event.
pub(super) fn standing(standing: Option<Standing>) -> &'static str {
    match standing {
        Some(Standing::Accepted) => "accepted",
        Some(Standing::Provisional) => "provisional",
        Some(Standing::SoftFailed) => "soft-failed",
        Some(Standing::Rejected) => "rejected",
        Some(Standing::Outlier) => "an outlier",
        None => "not there",
    }
}

/// Where a state is from.
pub(super) fn quality(quality: Option<Quality>) -> &'static str {
    match quality {
        Some(Quality::Computed) => "worked out",
        Some(Quality::Claimed) => "claimed",
        Some(Quality::Partial) => "claimed in part",
        None => "unknown",
    }
}

/// Whether a redaction applies.
pub(super) fn redaction(outcome: &RedactionOutcome) -> String {
    match outcome {
        RedactionOutcome::Applies { target, because } => {
            let because = match because {
                RedactionReason::Power { power, required } => {
                    format!("the sender's power is {power}, and {required} is enough")
                }
                RedactionReason::SameServer => "both are of one server".into(),
                RedactionReason::Rules => "the rules let it in".into(),
            };
            format!("it redacts {target}: {because}")
        }
        RedactionOutcome::TargetUnknown { target } => format!("there is no telling of {target}"),
        RedactionOutcome::DoesNotApply(NoRedaction::NotARedaction) => "it is none".into(),
        RedactionOutcome::DoesNotApply(why) => format!("it redacts nothing: {why}"),
    }
}

/// Which members an answer has.
pub(super) fn members(members: Members) -> &'static str {
    match members {
        Members::Complete => "with all members",
        Members::Omitted => "without the members",
    }
}

/// An event that somebody would like to send.
pub(super) fn wish(wish: &Wish) -> String {
    let mut text = wish.event_type.to_owned();
    if let Some(key) = &wish.state_key {
        let _ = write!(text, " `{key}`");
    }
    if let Some(target) = &wish.redacts {
        let _ = write!(text, " of {target}");
    }
    let _ = write!(text, " {}", wish.content);
    text
}

/// What the network and the servers are like.
pub(super) fn weather(weather: &Weather) -> String {
    let Weather {
        servers,
        hostile,
        users,
        steps,
        delay,
        loss,
        repeats,
        reordering,
        partitions,
        crashes,
        saves,
        lazy,
        malice,
        late,
    } = weather;
    format!(
        "servers {servers}, hostile ones besides {hostile}, users of each {users}, steps {steps}, \
         delay {delay}, late servers {late}; in percent: loss {loss}, repeats {repeats}, \
         reordering {reordering}, partitions {partitions}, crashes {crashes}, saves {saves}, \
         lazy {lazy}, malice {malice}"
    )
}

/// Things, by commas.
pub(super) fn listed<T: Display>(things: impl IntoIterator<Item = T>) -> String {
    let things: Vec<String> = things.into_iter().map(|thing| thing.to_string()).collect();
    match things.as_slice() {
        [] => "nothing".into(),
        things => things.join(", "),
    }
}

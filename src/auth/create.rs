//! Rule 1: `m.room.create`.

use crate::auth::context::Context;
use crate::auth::{Decision, Rule, StateView};
use crate::event::PrevEvents;
use crate::pdu::content::{AdditionalCreators, Content, NamedVersion};
use crate::version::{CreatorRule, RoomIdFormat};

pub(super) fn check<S: StateView>(cx: &Context<'_, S>) -> Decision {
    let event = &cx.event;
    // 1.1
    if event.prev_events != PrevEvents::None {
        return cx.decide(Rule::CreateHasPrevEvents);
    }
    // 1.2
    match cx.rules.room_id {
        RoomIdFormat::WithServer => {
            if event.room_id.server_name() != Some(event.sender.server_name()) {
                return cx
                    .decide(Rule::CreateRoomIdDomain)
                    .about(event.room_id.as_str());
            }
        }
        RoomIdFormat::CreateHash => {
            if event.states_room_id {
                return cx
                    .decide(Rule::CreateHasRoomId)
                    .about(event.room_id.as_str());
            }
        }
    }
    let Content::Create(create) = event.content else {
        return cx.decide(Rule::CreateNoCreator);
    };
    // 1.3
    match &create.room_version {
        NamedVersion::Absent => {}
        NamedVersion::Id(id) if cx.rules.recognises(id) => {}
        NamedVersion::Id(id) => return cx.decide(Rule::CreateUnknownVersion).about(id),
        NamedVersion::NotText => return cx.decide(Rule::CreateUnknownVersion),
    }
    // 1.4
    match cx.rules.auth.creator {
        CreatorRule::Content if !create.has_creator => {
            return cx.decide(Rule::CreateNoCreator);
        }
        CreatorRule::SenderAndAdditional
            if create.additional_creators == AdditionalCreators::Malformed =>
        {
            return cx.decide(Rule::CreateAdditionalCreators);
        }
        _ => {}
    }
    // 1.5
    cx.decide(Rule::CreateAllowed)
}

//! Contents of events that are shared and not copied with them.

use std::sync::Arc;

use ::rezzy::EventContent;
use serde_json::Value;

/// A parsed content. rezzy copies events, and lets its users choose what their content is.
#[derive(Clone, Debug, Default)]
pub struct Content(Arc<Value>);

impl From<Value> for Content {
    fn from(content: Value) -> Self {
        Self(Arc::new(content))
    }
}

/// Asks the parsed content.
macro_rules! ask {
    ($($name:ident($($argument:ident: $type:ty)?) -> $answer:ty;)*) => {
        $(fn $name(&self $(, $argument: $type)?) -> $answer {
            self.0.$name($($argument)?)
        })*
    };
}

impl EventContent for Content {
    ask! {
        get_membership() -> Option<&str>;
        get_join_rule() -> Option<&str>;
        get_user_power_level(user: &str) -> Option<i64>;
        get_event_power_level(event_type: &str) -> Option<i64>;
        get_users_default() -> Option<i64>;
        get_events_default() -> Option<i64>;
        get_state_default() -> Option<i64>;
        get_ban() -> Option<i64>;
        get_kick() -> Option<i64>;
        get_invite() -> Option<i64>;
        get_redact() -> Option<i64>;
        get_creator() -> Option<&str>;
        get_room_version() -> Option<&str>;
        has_additional_creator(sender: &str) -> bool;
        get_join_authorised_via_users_server() -> Option<&str>;
        has_third_party_invite() -> bool;
        get_third_party_invite_token() -> Option<&str>;
        get_third_party_invite_mxid() -> Option<&str>;
        has_third_party_invite_signatures() -> bool;
        find_non_integer_scalar_pl() -> Option<&'static str>;
        find_non_integer_map_pl() -> Option<&'static str>;
        has_non_integer_users_pl(strict: bool) -> bool;
        has_user_in_users(user: &str) -> bool;
    }

    fn visit_event_power_levels<'a>(&'a self, visitor: &mut dyn FnMut(&'a str, i64)) {
        self.0.visit_event_power_levels(visitor);
    }

    fn visit_user_power_levels<'a>(&'a self, visitor: &mut dyn FnMut(&'a str, i64)) {
        self.0.visit_user_power_levels(visitor);
    }

    fn visit_notification_power_levels<'a>(&'a self, visitor: &mut dyn FnMut(&'a str, i64)) {
        self.0.visit_notification_power_levels(visitor);
    }

    fn visit_user_keys<'a>(&'a self, visitor: &mut dyn FnMut(&'a str)) {
        self.0.visit_user_keys(visitor);
    }
}

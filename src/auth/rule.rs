//! The rules by name, with their numbers in each printing of the list.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

use crate::version::Numbering;

/// What a rule does with an event to which it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The event is allowed.
    Allow,
    /// The event is rejected.
    Reject,
}

/// Declares the rules: name, outcome, what it says, and its number in each printing.
macro_rules! rules {
    ($($name:ident $outcome:ident $says:literal $numbers:tt;)*) => {
        /// A clause of the authorisation rules that decides an event.
        ///
        /// The numbers move from one room version to another, so a rule is named by what it says.
        /// Where a clause reads "allow if and only if", its two outcomes are two rules.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $says] $name,)*
        }

        impl Rule {
            /// All of them, in the order of the list.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// What the rule does with an event to which it applies.
            #[must_use]
            pub const fn outcome(self) -> Outcome {
                match self {
                    $(Self::$name => Outcome::$outcome,)*
                }
            }

            /// The rule's name, as in [`Rule`].
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What the rule says, in a sentence.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self {
                    $(Self::$name => $says,)*
                }
            }

            /// Its numbers in the eight printings; `-` where it does not exist.
            const fn numbers(self) -> &'static [&'static str; 8] {
                match self {
                    $(Self::$name => &$numbers,)*
                }
            }
        }
    };
}

#[rustfmt::skip]
rules! {
    //                                                v1–2  v3–5  v6    v7    v8–9  v10   v11   v12
    CreateHasPrevEvents Reject "The create event has `prev_events`."
        ["1.1", "1.1", "1.1", "1.1", "1.1", "1.1", "1.1", "1.1"];
    CreateRoomIdDomain Reject "The domain of the create event's `room_id` is not its sender's."
        ["1.2", "1.2", "1.2", "1.2", "1.2", "1.2", "1.2", "-"];
    CreateHasRoomId Reject "The create event has a `room_id`."
        ["-", "-", "-", "-", "-", "-", "-", "1.2"];
    CreateUnknownVersion Reject "The create event names a room version that is not recognised."
        ["1.3", "1.3", "1.3", "1.3", "1.3", "1.3", "1.3", "1.3"];
    CreateNoCreator Reject "The create event has no `creator`."
        ["1.4", "1.4", "1.4", "1.4", "1.4", "1.4", "-", "-"];
    CreateAdditionalCreators Reject "`additional_creators` is not an array of user ids."
        ["-", "-", "-", "-", "-", "-", "-", "1.4"];
    CreateAllowed Allow "Nothing is wrong with the create event."
        ["1.5", "1.5", "1.5", "1.5", "1.5", "1.5", "1.4", "1.5"];
    CreateSecond Reject "The room already has a create event."
        ["1", "1", "1", "1", "1", "1", "1", "1"];
    RoomIdNotOfCreate Reject "The room id is not that of an accepted create event."
        ["-", "-", "-", "-", "-", "-", "-", "2"];

    AuthEventsDuplicate Reject "Two `auth_events` have the same type and state key."
        ["2.1", "2.1", "2.1", "2.1", "2.1", "2.1", "2.1", "3.1"];
    AuthEventsUnexpected Reject "One of the `auth_events` is none that the event should cite."
        ["2.2", "2.2", "2.2", "2.2", "2.2", "2.2", "2.2", "3.2"];
    AuthEventsRejected Reject "One of the `auth_events` was itself rejected."
        ["2.3", "2.3", "2.3", "2.3", "2.3", "2.3", "2.3", "3.3"];
    AuthEventsNoCreate Reject "No create event is among the `auth_events`."
        ["2.4", "2.4", "2.4", "2.4", "2.4", "2.4", "2.4", "-"];
    AuthEventsOtherRoom Reject "One of the `auth_events` is of another room."
        ["2.5", "2.5", "2.5", "2.5", "2.5", "2.5", "2.5", "3.4"];

    NotFederated Reject "The room does not federate, and the event is from another server."
        ["3", "3", "3", "3", "3", "3", "3", "4"];

    AliasesNoStateKey Reject "`m.room.aliases` has no state key."
        ["4.1", "4.1", "-", "-", "-", "-", "-", "-"];
    AliasesOtherServer Reject "The state key of `m.room.aliases` is not the sender's server."
        ["4.2", "4.2", "-", "-", "-", "-", "-", "-"];
    AliasesAllowed Allow "A server sets its own aliases."
        ["4.3", "4.3", "-", "-", "-", "-", "-", "-"];

    MemberIncomplete Reject "The member event has no user as its state key, or no `membership`."
        ["5.1", "5.1", "4.1", "4.1", "4.1", "4.1", "4.1", "5.1"];
    MemberAuthoriserUnsigned Reject "The server of the authorising user has not signed the event."
        ["-", "-", "-", "-", "4.2.1", "4.2.1", "4.2.1", "5.2.1"];

    JoinFirstMember Allow "Straight after the create event, the creator joins."
        ["5.2.1", "5.2.1", "4.2.1", "4.2.1", "4.3.1", "4.3.1", "4.3.1", "5.3.1"];
    JoinSenderIsNotTarget Reject "Nobody joins for somebody else."
        ["5.2.2", "5.2.2", "4.2.2", "4.2.2", "4.3.2", "4.3.2", "4.3.2", "5.3.2"];
    JoinBanned Reject "A banned user cannot join."
        ["5.2.3", "5.2.3", "4.2.3", "4.2.3", "4.3.3", "4.3.3", "4.3.3", "5.3.3"];
    JoinWasInvited Allow "The user was invited, or is in the room."
        ["5.2.4", "5.2.4", "4.2.4", "4.2.4", "4.3.4", "4.3.4", "4.3.4", "5.3.4"];
    JoinRestrictedMember Allow "The user was invited, or is in the room, which is restricted."
        ["-", "-", "-", "-", "4.3.5.1", "4.3.5.1", "4.3.5.1", "5.3.5.1"];
    JoinNoAuthoriser Reject "No member who may invite has authorised the restricted join."
        ["-", "-", "-", "-", "4.3.5.2", "4.3.5.2", "4.3.5.2", "5.3.5.2"];
    JoinAuthorised Allow "A member who may invite has authorised the restricted join."
        ["-", "-", "-", "-", "4.3.5.3", "4.3.5.3", "4.3.5.3", "5.3.5.3"];
    JoinPublic Allow "Anybody may join a public room."
        ["5.2.5", "5.2.5", "4.2.5", "4.2.5", "4.3.6", "4.3.6", "4.3.6", "5.3.6"];
    JoinNotPermitted Reject "The join rule does not let the user in."
        ["5.2.6", "5.2.6", "4.2.6", "4.2.6", "4.3.7", "4.3.7", "4.3.7", "5.3.7"];

    ThirdPartyTargetBanned Reject "The target of the third-party invite is banned."
        ["5.3.1.1", "5.3.1.1", "4.3.1.1", "4.3.1.1", "4.4.1.1", "4.4.1.1", "4.4.1.1", "5.4.1.1"];
    ThirdPartyNoSigned Reject "The third-party invite has no `signed`."
        ["5.3.1.2", "5.3.1.2", "4.3.1.2", "4.3.1.2", "4.4.1.2", "4.4.1.2", "4.4.1.2", "5.4.1.2"];
    ThirdPartyIncomplete Reject "`signed` lacks `mxid` or `token`."
        ["5.3.1.3", "5.3.1.3", "4.3.1.3", "4.3.1.3", "4.4.1.3", "4.4.1.3", "4.4.1.3", "5.4.1.3"];
    ThirdPartyOtherUser Reject "The third-party invite is for another user."
        ["5.3.1.4", "5.3.1.4", "4.3.1.4", "4.3.1.4", "4.4.1.4", "4.4.1.4", "4.4.1.4", "5.4.1.4"];
    ThirdPartyUnknownToken Reject "No third-party invite in the room's state has this token."
        ["5.3.1.5", "5.3.1.5", "4.3.1.5", "4.3.1.5", "4.4.1.5", "4.4.1.5", "4.4.1.5", "5.4.1.5"];
    ThirdPartyOtherSender Reject "Somebody else sent the third-party invite."
        ["5.3.1.6", "5.3.1.6", "4.3.1.6", "4.3.1.6", "4.4.1.6", "4.4.1.6", "4.4.1.6", "5.4.1.6"];
    ThirdPartyValid Allow "A key of the third-party invite has signed for the user."
        ["5.3.1.7", "5.3.1.7", "4.3.1.7", "4.3.1.7", "4.4.1.7", "4.4.1.7", "4.4.1.7", "5.4.1.7"];
    ThirdPartyUnsigned Reject "No key of the third-party invite has signed for the user."
        ["5.3.1.8", "5.3.1.8", "4.3.1.8", "4.3.1.8", "4.4.1.8", "4.4.1.8", "4.4.1.8", "5.4.1.8"];
    InviteSenderNotJoined Reject "Who is not in the room cannot invite."
        ["5.3.2", "5.3.2", "4.3.2", "4.3.2", "4.4.2", "4.4.2", "4.4.2", "5.4.2"];
    InviteTargetInRoom Reject "The user to invite is in the room, or banned."
        ["5.3.3", "5.3.3", "4.3.3", "4.3.3", "4.4.3", "4.4.3", "4.4.3", "5.4.3"];
    InviteAllowed Allow "The sender reaches the invite level."
        ["5.3.4", "5.3.4", "4.3.4", "4.3.4", "4.4.4", "4.4.4", "4.4.4", "5.4.4"];
    InviteBelowLevel Reject "The sender is below the invite level."
        ["5.3.5", "5.3.5", "4.3.5", "4.3.5", "4.4.5", "4.4.5", "4.4.5", "5.4.5"];

    LeaveOwn Allow "A user leaves, or declines."
        ["5.4.1", "5.4.1", "4.4.1", "4.4.1", "4.5.1", "4.5.1", "4.5.1", "5.5.1"];
    LeaveNothingToLeave Reject "The user has nothing to leave or decline, or is banned."
        ["5.4.1", "5.4.1", "4.4.1", "4.4.1", "4.5.1", "4.5.1", "4.5.1", "5.5.1"];
    KickSenderNotJoined Reject "Who is not in the room cannot remove anybody from it."
        ["5.4.2", "5.4.2", "4.4.2", "4.4.2", "4.5.2", "4.5.2", "4.5.2", "5.5.2"];
    UnbanBelowBanLevel Reject "The sender is below the ban level, and so cannot unban."
        ["5.4.3", "5.4.3", "4.4.3", "4.4.3", "4.5.3", "4.5.3", "4.5.3", "5.5.3"];
    KickAllowed Allow "The sender reaches the kick level, and the target has less power."
        ["5.4.4", "5.4.4", "4.4.4", "4.4.4", "4.5.4", "4.5.4", "4.5.4", "5.5.4"];
    KickNotPermitted Reject "The sender is below the kick level, or not above the target."
        ["5.4.5", "5.4.5", "4.4.5", "4.4.5", "4.5.5", "4.5.5", "4.5.5", "5.5.5"];

    BanSenderNotJoined Reject "Who is not in the room cannot ban anybody from it."
        ["5.5.1", "5.5.1", "4.5.1", "4.5.1", "4.6.1", "4.6.1", "4.6.1", "5.6.1"];
    BanAllowed Allow "The sender reaches the ban level, and the target has less power."
        ["5.5.2", "5.5.2", "4.5.2", "4.5.2", "4.6.2", "4.6.2", "4.6.2", "5.6.2"];
    BanNotPermitted Reject "The sender is below the ban level, or not above the target."
        ["5.5.3", "5.5.3", "4.5.3", "4.5.3", "4.6.3", "4.6.3", "4.6.3", "5.6.3"];

    KnockNotEnabled Reject "The join rule does not allow knocking."
        ["-", "-", "-", "4.6.1", "4.7.1", "4.7.1", "4.7.1", "5.7.1"];
    KnockSenderIsNotTarget Reject "Nobody knocks for somebody else."
        ["-", "-", "-", "4.6.2", "4.7.2", "4.7.2", "4.7.2", "5.7.2"];
    KnockAllowed Allow "The user may knock."
        ["-", "-", "-", "4.6.3", "4.7.3", "4.7.3", "4.7.3", "5.7.3"];
    KnockNotPossible Reject "The user is in the room, invited or banned."
        ["-", "-", "-", "4.6.4", "4.7.4", "4.7.4", "4.7.4", "5.7.4"];

    MembershipUnknown Reject "The membership is none that the room version knows."
        ["5.6", "5.6", "4.6", "4.7", "4.8", "4.8", "4.8", "5.8"];

    SenderNotJoined Reject "The sender is not in the room."
        ["6", "6", "5", "5", "5", "5", "5", "6"];
    ThirdPartyInviteAllowed Allow "The sender of the third-party invite reaches the invite level."
        ["7.1", "7.1", "6.1", "6.1", "6.1", "6.1", "6.1", "7.1"];
    ThirdPartyInviteBelowLevel Reject "The sender of the third-party invite is below the invite level."
        ["7.1", "7.1", "6.1", "6.1", "6.1", "6.1", "6.1", "7.1"];
    BelowRequiredLevel Reject "The sender is below the level that events of this type require."
        ["8", "8", "7", "7", "7", "7", "7", "8"];
    StateKeyOfOther Reject "The state key is a user id, and not the sender's."
        ["9", "9", "8", "8", "8", "8", "8", "9"];

    LevelsNotIntegers Reject "A named level is not an integer."
        ["-", "-", "-", "-", "-", "9.1", "9.1", "10.1"];
    LevelMapsNotIntegers Reject "`events` or `notifications` is not an object of integers."
        ["-", "-", "-", "-", "-", "9.2", "9.2", "10.2"];
    LevelUsersMalformed Reject "`users` is not an object from user ids to levels."
        ["10.1", "10.1", "9.1", "9.1", "9.1", "9.3", "9.3", "10.3"];
    LevelUsersNameCreator Reject "`users` names a creator of the room."
        ["-", "-", "-", "-", "-", "-", "-", "10.4"];
    LevelsFirst Allow "They are the room's first power levels."
        ["10.2", "10.2", "9.2", "9.2", "9.2", "9.4", "9.4", "10.5"];
    LevelsUnreadable Reject "A named level that changes, or did, is not a level."
        ["10.3", "10.3", "9.3", "9.3", "9.3", "9.5", "9.5", "10.6"];
    LevelsCurrentAbove Reject "A named level that changes is above the sender's."
        ["10.3.1", "10.3.1", "9.3.1", "9.3.1", "9.3.1", "9.5.1", "9.5.1", "10.6.1"];
    LevelsNewAbove Reject "A named level becomes higher than the sender's."
        ["10.3.2", "10.3.2", "9.3.2", "9.3.2", "9.3.2", "9.5.2", "9.5.2", "10.6.2"];
    LevelMapsUnreadable Reject "An entry of `events` or `notifications` is not a level."
        ["10.4", "10.4", "9.4", "9.4", "9.4", "9.6", "9.6", "10.7"];
    LevelMapsCurrentAbove Reject "An entry that changes or goes is above the sender's level."
        ["10.4.1", "10.4.1", "9.4.1", "9.4.1", "9.4.1", "9.6.1", "9.6.1", "10.7.1"];
    LevelMapsNewAbove Reject "An entry is new or changes, to above the sender's level."
        ["10.5.1", "10.5.1", "9.5.1", "9.5.1", "9.5.1", "9.7.1", "9.7.1", "10.8.1"];
    LevelUsersCurrentNotBelow Reject "A user whose level changes or goes is not below the sender."
        ["10.6.1", "10.6.1", "9.6.1", "9.6.1", "9.6.1", "9.8.1", "9.8.1", "10.9.1"];
    LevelUsersNewAbove Reject "A user is raised above the sender's level."
        ["10.7.1", "10.7.1", "9.7.1", "9.7.1", "9.7.1", "9.9.1", "9.9.1", "10.10.1"];
    LevelsAllowed Allow "No change of the power levels is beyond the sender."
        ["10.8", "10.8", "9.8", "9.8", "9.8", "9.10", "9.10", "10.11"];

    RedactionByLevel Allow "The sender reaches the redact level."
        ["11.1", "-", "-", "-", "-", "-", "-", "-"];
    RedactionSameDomain Allow "The redaction and its target are from the same server."
        ["11.2", "-", "-", "-", "-", "-", "-", "-"];
    RedactionNotPermitted Reject "The sender is below the redact level, and the target is another server's."
        ["11.3", "-", "-", "-", "-", "-", "-", "-"];

    Allowed Allow "No rule stands against the event."
        ["12", "11", "10", "10", "10", "10", "10", "11"];
}

impl Rule {
    /// The rule's number in one printing of the list; `None` if it is not in that printing.
    #[must_use]
    pub fn number(self, numbering: Numbering) -> Option<&'static str> {
        let printings = Numbering::ALL.iter().zip(self.numbers());
        let (_, number) = printings
            .into_iter()
            .find(|(printing, _)| **printing == numbering)?;
        (*number != "-").then_some(*number)
    }
}

/// As its name.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let mut all = Self::ALL.iter().copied();
        let named = all.find(|rule| rule.name() == name);
        named.ok_or_else(|| D::Error::custom("there is no such rule"))
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

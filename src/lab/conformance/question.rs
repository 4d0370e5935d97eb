//! What can be asked of an implementation, and how its answers are compared.

/// A question; its input and its answer are described in `spec-vectors/protocol.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Which servers an ACL lets in.
    Acl,
    /// What the authorisation rules say of a symbolic event.
    Auth,
    /// The canonical form of some JSON.
    CanonicalJson,
    /// What the authorisation rules say of a PDU.
    Check,
    /// Whether a signature of some bytes is right.
    Ed25519,
    /// The id of an event that is redacted already.
    EventId,
    /// Whether some bytes are an event of the room version.
    Format,
    /// An event's hashes, its id and its redacted form.
    Hashes,
    /// What a property of a power levels event is as a level.
    Level,
    /// What becomes of PDUs that come one after the other.
    Receive,
    /// Whether a redaction applies.
    RedactionApplies,
    /// Which event a redaction names.
    Redacts,
    /// What states resolve to.
    Resolve,
    /// What becomes of all the PDUs of a room, in whatever order they came.
    Room,
    /// What signing makes of an object or an event.
    Sign,
    /// Whether an event is signed by all that must sign it.
    Signatures,
}

/// How a member of an answer is held against the expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// It must be equal.
    Whole,
    /// It must be equal, but may be left out.
    Optional,
    /// Objects in it are compared by those members that are expected. Lists must have the same
    /// length. What [`OPTIONAL_PARTS`] names may be left out.
    Parts,
}

/// Members of the objects inside a member that is compared by [`Compared::Parts`], which an
/// implementation may leave out.
pub const OPTIONAL_PARTS: [&str; 8] = [
    "content_hash",
    "error",
    "events",
    "keys",
    "members",
    "notices",
    "rule",
    "standing",
];

impl Question {
    /// All of them, by name.
    pub const ALL: [Self; 16] = [
        Self::Acl,
        Self::Auth,
        Self::CanonicalJson,
        Self::Check,
        Self::Ed25519,
        Self::EventId,
        Self::Format,
        Self::Hashes,
        Self::Level,
        Self::Receive,
        Self::RedactionApplies,
        Self::Redacts,
        Self::Resolve,
        Self::Room,
        Self::Sign,
        Self::Signatures,
    ];

    /// The question of this name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|question| question.name() == name)
    }

    /// Its name in files and requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Acl => "acl",
            Self::Auth => "auth",
            Self::CanonicalJson => "canonical_json",
            Self::Check => "check",
            Self::Ed25519 => "ed25519",
            Self::EventId => "event_id",
            Self::Format => "format",
            Self::Hashes => "hashes",
            Self::Level => "level",
            Self::Receive => "receive",
            Self::RedactionApplies => "redaction_applies",
            Self::Redacts => "redacts",
            Self::Resolve => "resolve",
            Self::Room => "room",
            Self::Sign => "sign",
            Self::Signatures => "signatures",
        }
    }

    /// Whether it may be asked without a room version: its answer is the same in all of them, or,
    /// of `sign`, if no event is signed.
    #[must_use]
    pub fn is_unversioned(self) -> bool {
        matches!(
            self,
            Self::Acl | Self::CanonicalJson | Self::Ed25519 | Self::Sign
        )
    }

    /// How this member of an answer is compared; `None` if no answer has such a member.
    #[must_use]
    pub fn compared(self, member: &str) -> Option<Compared> {
        let members = self.members().iter();
        let mut found = members.filter(|(name, _)| *name == member);
        found.next().map(|(_, compared)| *compared)
    }

    /// The members of an answer.
    #[must_use]
    pub fn members(self) -> &'static [(&'static str, Compared)] {
        use Compared::{Optional, Parts, Whole};
        match self {
            Self::Acl => &[("allowed", Whole), ("step", Optional)],
            Self::Auth => &[("verdict", Whole), ("rule", Optional), ("number", Optional)],
            Self::CanonicalJson => &[("ok", Whole), ("output", Whole)],
            Self::Check => &[
                ("by_auth_events", Whole),
                ("by_state", Whole),
                ("rules", Optional),
            ],
            Self::Ed25519 => &[("valid", Whole)],
            Self::EventId => &[("event_id", Whole), ("reference_hash", Optional)],
            Self::Format => &[
                ("verdict", Whole),
                ("error", Optional),
                ("overlong", Optional),
                ("content_hash", Optional),
            ],
            Self::Hashes => &[
                ("content_hash", Whole),
                ("reference_hash", Whole),
                ("event_id", Whole),
                ("redacted", Whole),
            ],
            Self::Level => &[("verdict", Whole), ("level", Optional)],
            Self::Receive => &[
                ("opened", Whole),
                ("receipts", Parts),
                ("verdicts", Parts),
                ("state", Whole),
                ("extremities", Whole),
            ],
            Self::RedactionApplies => &[("applies", Whole), ("because", Optional)],
            Self::Redacts => &[("redacts", Whole)],
            Self::Resolve => &[
                ("state", Whole),
                ("missing", Whole),
                ("conflicted", Optional),
                ("full_conflicted", Optional),
                ("power_order", Optional),
                ("mainline", Optional),
                ("mainline_order", Optional),
                ("checks", Optional),
                ("reported", Optional),
            ],
            Self::Room => &[
                ("verdicts", Parts),
                ("state", Whole),
                ("extremities", Whole),
            ],
            Self::Sign => &[("signed", Whole)],
            Self::Signatures => &[("verdict", Whole), ("error", Optional)],
        }
    }
}

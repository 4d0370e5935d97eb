//! What a server ACL says of a server.

use std::fmt;
use std::sync::Arc;

use crate::id::truncated;
use crate::room::acl::ServerAcl;

/// What a room's server ACL says of a server, and why: which of the specification's five steps
/// decided.
///
/// Patterns are spelt as they are in the ACL. Where several of a list match, one without wildcards
/// is named rather than another, and the first rather than a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum AclDecision {
    /// Step 1: allowed, because the room has no ACL.
    NoAcl,
    /// Step 2: denied, because its name is an IP literal.
    IpLiteral,
    /// Step 3: denied by a pattern of `deny`.
    Denied {
        /// The pattern.
        pattern: Arc<str>,
    },
    /// Step 4: allowed by a pattern of `allow`.
    Allowed {
        /// The pattern.
        pattern: Arc<str>,
    },
    /// Step 5: denied, because no pattern of `allow` matches it.
    NotListed,
    /// Step 5: denied, as every server is, because `allow` has no pattern.
    NobodyAllowed {
        /// Why it has none.
        because: EmptyAllow,
    },
}

impl AclDecision {
    /// Decides about a server in a room that may have no ACL.
    pub fn of(acl: Option<&ServerAcl>, server: &str) -> Self {
        acl.map_or(Self::NoAcl, |acl| acl.check(server))
    }

    /// Whether the server may take part in the room.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        match self {
            Self::NoAcl | Self::Allowed { .. } => true,
            Self::IpLiteral
            | Self::Denied { .. }
            | Self::NotListed
            | Self::NobodyAllowed { .. } => false,
        }
    }

    /// The number of the step that decided, from 1 to 5.
    #[must_use]
    pub fn step(&self) -> u8 {
        match self {
            Self::NoAcl => 1,
            Self::IpLiteral => 2,
            Self::Denied { .. } => 3,
            Self::Allowed { .. } => 4,
            Self::NotListed | Self::NobodyAllowed { .. } => 5,
        }
    }
}

/// A sentence. The pattern is cut to 255 bytes.
impl fmt::Display for AclDecision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |pattern: &str| truncated(pattern).escape_debug().to_string();
        match self {
            Self::NoAcl => f.write_str("The room has no server ACL."),
            Self::IpLiteral => f.write_str("The server ACL denies servers named by an IP address."),
            Self::Denied { pattern } => write!(f, "The server ACL denies `{}`.", quoted(pattern)),
            Self::Allowed { pattern } => write!(f, "The server ACL allows `{}`.", quoted(pattern)),
            Self::NotListed => f.write_str("The server ACL does not allow this server."),
            Self::NobodyAllowed { because } => {
                write!(f, "The server ACL allows no server: {because}.")
            }
        }
    }
}

/// Why the `allow` list of a server ACL has no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyAllow {
    /// There is none, as in an event that was redacted.
    Missing,
    /// It is not a list.
    NotAList,
    /// It is a list without a string in it.
    NoStrings,
}

impl fmt::Display for EmptyAllow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "`allow` is missing, as it is once the event is redacted",
            Self::NotAList => "`allow` is not a list",
            Self::NoStrings => "`allow` has no string in it",
        })
    }
}

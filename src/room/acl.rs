//! Server access control lists: which servers may take part in a room.
//!
//! An ACL is a matter of the network, not of the room's history: no authorisation rule reads it,
//! and what is part of the room stays part of it. So it is asked at the door, for every PDU, and
//! has to be cheap there: names are looked up, and globs never go back further than one star.
//!
//! Reads [`id`](crate::id), [`json`](crate::json).
//! Spec: <https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl>

// How addresses are spelt, and no sockets.
use core::net::Ipv6Addr;
use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use crate::effort::{self, Step};
use crate::id::{UserId, truncated};
use crate::json::{Object, Value};

/// A room's server ACL, compiled: read once, asked about any number of servers.
///
/// Two servers stand behind a PDU that arrives in a transaction, and an ACL that is asked about
/// one of them is walked around by way of the other. Ask about both, for each PDU:
///
/// - the server that sent the request, which its signature proves, with [`check`](Self::check);
/// - the server of the event's sender, with [`check_sender`](Self::check_sender).
///
/// For EDUs of a room, and for the other requests that are [to be protected][door], it is the
/// server that sent them. Events that are fetched to fill a gap are not asked about by sender: they
/// may be older than the ACL, which takes nothing out of the room.
///
/// Every content makes an ACL, and one that makes no sense closes the room: a list that is missing
/// or is none is empty, and without a pattern in `allow` nobody is allowed. That is also what
/// becomes of an ACL that is redacted. Entries that are not strings are ignored, and
/// `allow_ip_literals` is `true` where it is not a boolean.
///
/// ```
/// use roomdag::json::{Mode, Object};
/// use roomdag::room::ServerAcl;
///
/// let content = br#"{"allow": ["*"], "deny": ["*.evil.com", "evil.com"]}"#;
/// let acl = ServerAcl::of(&Object::parse(content, Mode::Strict)?);
/// let decision = acl.check("EVIL.com:8448");
/// assert!(!decision.is_allowed());
/// assert_eq!(decision.to_string(), "The server ACL denies `evil.com`.");
/// # Ok::<(), roomdag::json::ParseError>(())
/// ```
///
/// Spec: [`m.room.server_acl`](https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl).
///
/// [door]: https://spec.matrix.org/v1.19/server-server-api/#server-access-control-lists-acls
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerAcl {
    ip_literals: IpLiterals,
    deny: Patterns,
    allow: Patterns,
    empty_allow: Option<EmptyAllow>,
}

impl ServerAcl {
    /// Reads the content of the `m.room.server_acl` event with the empty state key.
    ///
    /// Takes memory in proportion to the content, and O(n log n) comparisons of its n entries.
    #[must_use]
    pub fn of(content: &Object) -> Self {
        let ip_literals = match content.get("allow_ip_literals").and_then(Value::as_bool) {
            Some(false) => IpLiterals::Denied,
            Some(true) | None => IpLiterals::Allowed,
        };
        let deny = Patterns::of(content.get("deny"));
        let allow = Patterns::of(content.get("allow"));
        let empty_allow = allow.is_empty().then(|| match content.get("allow") {
            None => EmptyAllow::Missing,
            Some(Value::Array(_)) => EmptyAllow::NoStrings,
            Some(_) => EmptyAllow::NotAList,
        });
        Self {
            ip_literals,
            deny,
            allow,
            empty_allow,
        }
    }

    /// Decides about a server by its name, with or without a port.
    ///
    /// - The port never matters. What is compared is the host: what stands before the first colon,
    ///   or as far as the closing bracket. A pattern is taken as it stands, so one that names a
    ///   port matches nothing.
    /// - In a pattern `*` is any number of characters and `?` is one code point. Everything else is
    ///   itself, in either case of the letters A to Z; server names have no others.
    /// - IP literals are four numbers up to 255, of one to three digits, with dots between them;
    ///   whatever begins with a bracket; and IPv6 addresses without one. `999.0.0.1` is a DNS name.
    /// - Any string is decided about, for the steps ask for no more. Whether it is a server name at
    ///   all is for [`ServerName`](crate::id::ServerName) to say.
    ///
    /// Takes O(log n) comparisons for n patterns without wildcards, and for each of the others at
    /// most its length times that of the host.
    ///
    /// Spec: [globs](https://spec.matrix.org/v1.19/appendices/#glob-style-matching).
    pub fn check(&self, server: &str) -> AclDecision {
        // 2
        if self.ip_literals == IpLiterals::Denied && is_ip_literal(server) {
            return AclDecision::IpLiteral;
        }
        let host = host(server);
        // 3
        if let Some(pattern) = self.deny.matching(host) {
            return AclDecision::Denied { pattern };
        }
        // 4
        if let Some(pattern) = self.allow.matching(host) {
            return AclDecision::Allowed { pattern };
        }
        // 5
        self.empty_allow.map_or(AclDecision::NotListed, |because| {
            AclDecision::NobodyAllowed { because }
        })
    }

    /// Decides about the server of an event's sender, as [`check`](Self::check) does.
    pub fn check_sender(&self, sender: &UserId) -> AclDecision {
        self.check(sender.server_name())
    }

    /// Why this ACL shuts everybody out, if it has nothing in `allow`.
    #[must_use]
    pub fn empty_allow(&self) -> Option<EmptyAllow> {
        self.empty_allow
    }
}

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IpLiterals {
    Allowed,
    Denied,
}

/// The strings of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Patterns {
    /// Those without wildcards, in caseless order, each once.
    exact: Box<[Arc<str>]>,
    /// The others, in the order of the list.
    globs: Box<[Arc<str>]>,
}

impl Patterns {
    fn of(list: Option<&Value>) -> Self {
        let entries = list.and_then(Value::as_array).into_iter().flatten();
        let (globs, mut exact): (Vec<_>, Vec<_>) = entries
            .filter_map(Value::as_str)
            .map(Arc::from)
            .partition(|pattern: &Arc<str>| pattern.contains(['*', '?']));
        // Stable, so that of two spellings the first is kept.
        exact.sort_by(|a, b| caseless(a, b));
        exact.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        Self {
            exact: exact.into(),
            globs: globs.into(),
        }
    }

    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.globs.is_empty()
    }

    fn matching(&self, host: &str) -> Option<Arc<str>> {
        let found = self.exact.binary_search_by(|pattern| {
            effort::step(Step::Glob);
            caseless(pattern, host)
        });
        let exact = found.ok().and_then(|at| self.exact.get(at));
        let pattern = exact.or_else(|| self.globs.iter().find(|glob| matches(glob, host)))?;
        Some(Arc::clone(pattern))
    }
}

/// The order of texts whose letters A to Z are taken for a to z.
fn caseless(a: &str, b: &str) -> Ordering {
    let folded = |byte: u8| byte.to_ascii_lowercase();
    a.bytes().map(folded).cmp(b.bytes().map(folded))
}

/// Whether the whole of `text` matches `glob`.
///
/// A `*` first stands for nothing. Where the text does not go on as the glob does, the last `*`
/// takes one character more, and earlier ones are never tried again: a shorter match before it
/// leaves it all the choices that a longer one would. So each `*` goes through the text once.
fn matches(glob: &str, text: &str) -> bool {
    let (mut glob, mut text) = (glob.chars(), text.chars());
    let mut star = None;
    loop {
        effort::step(Step::Glob);
        let (mut glob_after, mut text_after) = (glob.clone(), text.clone());
        match (glob_after.next(), text_after.next()) {
            (None, None) => return true,
            (Some('*'), _) if glob_after.as_str().is_empty() => return true,
            (Some('*'), _) => {
                star = Some((glob_after.clone(), text.clone()));
                glob = glob_after;
            }
            (Some(wanted), Some(found)) if wanted == '?' || wanted.eq_ignore_ascii_case(&found) => {
                (glob, text) = (glob_after, text_after);
            }
            // What is left of the glob needs a character, and to start later leaves it fewer.
            (Some(_), None) => return false,
            (_, Some(_)) => {
                let Some((after_star, taken)) = &mut star else {
                    return false;
                };
                taken.next();
                (glob, text) = (after_star.clone(), taken.clone());
            }
        }
    }
}

/// The name without its port.
fn host(server: &str) -> &str {
    let host = if server.starts_with('[') {
        server.split_inclusive(']').next()
    } else {
        server.split(':').next()
    };
    host.unwrap_or(server)
}

/// Whether a server is named by an address. Brackets occur nowhere else in the grammar of server
/// names; without them an IPv6 address is no server name, but should one come by it is an address.
fn is_ip_literal(server: &str) -> bool {
    server.starts_with('[') || is_ipv4(host(server)) || server.parse::<Ipv6Addr>().is_ok()
}

/// Unlike [`Ipv4Addr`](core::net::Ipv4Addr) this allows leading zeros, as the grammar of server
/// names does.
fn is_ipv4(host: &str) -> bool {
    let is_octet = |part: &str| {
        part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit()) && part.parse::<u8>().is_ok()
    };
    host.split('.').count() == 4 && host.split('.').all(is_octet)
}

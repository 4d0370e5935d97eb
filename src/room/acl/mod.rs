//! Server access control lists: which servers may take part in a room.
//!
//! An ACL is a matter of the network, not of the room's history: no authorisation rule reads it,
//! and what is part of the room stays part of it. So it is asked at the door, for every PDU, and
//! has to be cheap there: names are looked up, and globs never go back further than one star.
//!
//! Reads [`id`](crate::id), [`json`](crate::json).
//! Spec: <https://spec.matrix.org/v1.19/client-server-api/#mroomserver_acl>

mod decision;
mod glob;

pub use self::decision::{AclDecision, EmptyAllow};

// How addresses are spelt, and no sockets.
use core::net::Ipv6Addr;

use crate::id::{EventId, UserId};
use crate::json::{Object, Value};
use crate::pdu::SERVER_ACL;
use crate::room::Room;
use crate::room::acl::glob::Patterns;

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

impl Room {
    /// The event that holds the room's server ACL, by the current state; `None` if there is no ACL.
    ///
    /// The host has its content: what it compiles of it is good until this names another event, or
    /// the event is [redacted](Room::redactions_of).
    #[must_use]
    pub fn server_acl(&self) -> Option<&EventId> {
        let state = self.current_state().ok()?;
        Some(state.get(SERVER_ACL, "")?.id)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IpLiterals {
    Allowed,
    Denied,
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

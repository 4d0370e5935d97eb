//! Server names.

use crate::id::MAX_ID_BYTES;
use crate::id::error::{IdError, check_length, truncated};
use crate::id::newtype::string_id;

string_id! {
    /// The name of a homeserver: a DNS name or an IP address, perhaps with a port.
    ///
    /// Compared byte by byte: `matrix.org` and `MATRIX.ORG` are two servers.
    ///
    /// Spec: [server name](https://spec.matrix.org/v1.19/appendices/#server-name).
    ServerName
}

impl ServerName {
    /// Reads a server name.
    ///
    /// # Errors
    ///
    /// - [`IdError::TooLong`]: more than 255 bytes.
    /// - [`IdError::ServerName`]: not in the grammar.
    pub fn parse(name: &str) -> Result<Self, IdError> {
        check_length(name)?;
        if !Self::is_valid(name) {
            return Err(IdError::ServerName {
                name: truncated(name),
            });
        }
        Ok(Self(name.into()))
    }

    /// Whether `name` is a server name of at most 255 bytes.
    ///
    /// The grammar's character classes decide. An octet above 255 makes no address, though it would
    /// fit the grammar's `IPv4address`; so `999.0.0.1` is read as a DNS name, as on the network.
    #[must_use]
    pub fn is_valid(name: &str) -> bool {
        if name.len() > MAX_ID_BYTES {
            return false;
        }
        let (host_is_valid, rest) = if let Some(literal) = name.strip_prefix('[') {
            let Some((address, rest)) = literal.split_once(']') else {
                return false;
            };
            (is_ipv6_like(address), rest)
        } else {
            let end = name.bytes().position(|byte| byte == b':');
            let (host, rest) = name
                .split_at_checked(end.unwrap_or(name.len()))
                .unwrap_or_default();
            (is_dns_like(host), rest)
        };
        host_is_valid && (rest.is_empty() || rest.strip_prefix(':').is_some_and(is_port))
    }
}

/// IPv4 addresses are spelt with the same characters, so they need no case of their own.
fn is_dns_like(host: &str) -> bool {
    !host.is_empty()
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

fn is_ipv6_like(address: &str) -> bool {
    (2..=45).contains(&address.len())
        && address
            .bytes()
            .all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.')
}

fn is_port(port: &str) -> bool {
    (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit())
}

//! Every bound that a host can set, named, with its default and its reason.

/// The bounds within which the library works.
///
/// The defaults are the specification's where it states one. A host may lower or raise any of
/// them; it should know that servers which disagree on a limit disagree on a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of raw input that are looked at, before anything is parsed. Whitespace and escapes
    /// may make an event longer on the wire than in canonical JSON. Default: 1 MiB.
    pub input_bytes: usize,
    /// Bytes of a whole event in canonical JSON, signatures and `unsigned` included.
    /// Default: 65,536 ([size limits](https://spec.matrix.org/v1.19/client-server-api/#size-limits)).
    pub pdu_bytes: usize,
    /// Arrays and objects inside one another. Default: unlimited; the work needs no stack.
    pub json_depth: usize,
    /// Entries in `prev_events`. Default: 20.
    pub prev_events: usize,
    /// Entries in `auth_events`. Default: 10.
    pub auth_events: usize,
    /// Signatures of one server that are verified on one event. Default: 8.
    pub signatures_per_server: usize,
    /// Resolutions that a replay remembers. Default: 1,024.
    pub remembered_resolutions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            input_bytes: 1 << 20,
            pdu_bytes: 65_536,
            json_depth: usize::MAX,
            prev_events: 20,
            auth_events: 10,
            signatures_per_server: 8,
            remembered_resolutions: 1_024,
        }
    }
}

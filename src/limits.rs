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
    /// Resolutions that a replay or a room remembers. Default: 1,024.
    pub remembered_resolutions: usize,
    /// Events that wait for others, or for keys, in a room. Default: 10,000.
    pub waiting_events: usize,
    /// Bytes of the events that wait in a room. Default: 64 MiB.
    pub waiting_bytes: usize,
    /// Forward extremities of a room; an event that would be one more is soft-failed.
    /// Default: 10,000.
    pub extremities: usize,
    /// Distinct states after the forward extremities, all of which are resolved whenever they
    /// change; an event that would bring one more is soft-failed. Default: 256.
    pub extremity_states: usize,
    /// Entries in the `prev_events` of an event that a room builds. Default: 10.
    pub built_prev_events: usize,
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
            waiting_events: 10_000,
            waiting_bytes: 64 << 20,
            extremities: 10_000,
            extremity_states: 256,
            built_prev_events: 10,
        }
    }
}

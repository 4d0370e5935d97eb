//! What must not compile: each example that is refused stands beside one that differs from it in
//! one place and is not.

/// An event is made by [`verify`](crate::crypto::verify), or by a function that says in its name
/// that nobody has looked; a PDU does not turn into one by itself.
///
/// ```
/// fn insert(dag: &mut roomdag::dag::RoomDag, event: roomdag::Event) {
///     let _ = dag.insert(event);
/// }
/// ```
///
/// ```compile_fail
/// fn insert(dag: &mut roomdag::dag::RoomDag, event: roomdag::Pdu) {
///     let _ = dag.insert(event);
/// }
/// ```
///
/// ```compile_fail
/// fn insert(dag: &mut roomdag::dag::RoomDag, event: roomdag::Pdu) {
///     let _ = dag.insert(event.into());
/// }
/// ```
///
/// ```compile_fail
/// fn judge(event: &roomdag::Pdu, state: &impl roomdag::auth::StateView) {
///     let _ = roomdag::auth::check(&event.as_ref(), state, &roomdag::version::V11);
/// }
/// ```
///
/// ```
/// fn judge(event: &roomdag::Event, state: &impl roomdag::auth::StateView) {
///     let _ = roomdag::auth::check(&event.as_ref(), state, &roomdag::version::V11);
/// }
/// ```
struct PduIsNoEvent;

/// A room takes the bytes that came, and looks at them itself.
///
/// ```
/// use roomdag::crypto::{KeyRing, Timestamp};
///
/// fn receive(room: &mut roomdag::Room, event: &[u8], keys: &KeyRing, now: Timestamp) {
///     let _ = room.receive(event, keys, now);
/// }
/// ```
///
/// ```compile_fail
/// use roomdag::crypto::{KeyRing, Timestamp};
///
/// fn receive(room: &mut roomdag::Room, event: roomdag::Pdu, keys: &KeyRing, now: Timestamp) {
///     let _ = room.receive(&event, keys, now);
/// }
/// ```
///
/// ```compile_fail
/// use roomdag::crypto::{KeyRing, Timestamp};
///
/// fn receive(room: &mut roomdag::Room, event: roomdag::Event, keys: &KeyRing, now: Timestamp) {
///     let _ = room.receive(&event, keys, now);
/// }
/// ```
struct RoomTakesBytes;

/// There is no event without a check that went well, and none to be changed afterwards.
///
/// ```
/// use roomdag::crypto::{KeyRing, Timestamp, verify};
///
/// fn check(pdu: roomdag::Pdu, keys: &KeyRing, now: Timestamp) -> Option<roomdag::Event> {
///     verify(pdu, &roomdag::version::V11, keys, now, &roomdag::Limits::default()).ok()
/// }
/// ```
///
/// ```compile_fail
/// use roomdag::crypto::{KeyRing, Timestamp, verify};
///
/// fn check(pdu: roomdag::Pdu, keys: &KeyRing, now: Timestamp) -> roomdag::Event {
///     verify(pdu, &roomdag::version::V11, keys, now, &roomdag::Limits::default())
/// }
/// ```
///
/// ```compile_fail
/// fn rename(event: &mut roomdag::Event, id: roomdag::EventId) {
///     event.id = id;
/// }
/// ```
struct EventIsChecked;

/// Who adds a key says how long it is good for.
///
/// ```
/// use roomdag::crypto::{KeyRing, Validity, VerifyKey};
///
/// fn add(ring: &mut KeyRing, server: roomdag::ServerName, id: roomdag::KeyId, key: VerifyKey) {
///     let _ = ring.insert(server, id, key, Validity::Until(0));
/// }
/// ```
///
/// ```compile_fail
/// use roomdag::crypto::{KeyRing, Validity, VerifyKey};
///
/// fn add(ring: &mut KeyRing, server: roomdag::ServerName, id: roomdag::KeyId, key: VerifyKey) {
///     let _ = ring.insert(server, id, key, Validity::default());
/// }
/// ```
///
/// ```compile_fail
/// use roomdag::crypto::{KeyRing, Validity, VerifyKey};
///
/// fn add(ring: &mut KeyRing, server: roomdag::ServerName, id: roomdag::KeyId, key: VerifyKey) {
///     let _ = ring.insert(server, id, key);
/// }
/// ```
struct ValidityIsStated;

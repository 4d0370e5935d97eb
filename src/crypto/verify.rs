//! Receipt checks 2 and 3: from a PDU to an event.

use std::collections::BTreeSet;

use crate::crypto::hash::signed_message;
use crate::crypto::signers::{RequiredSigner, SignerRole, required_signers};
use crate::crypto::unverified::event;
use crate::crypto::{JsonSignatureError, KeyRing, KeyStatus, Signature, Timestamp, VerifyKey};
use crate::event::{AuthoriserSigned, Event, Signatures};
use crate::id::{KeyId, ServerName, truncated};
use crate::json::RawValue;
use crate::limits::Limits;
use crate::pdu::Pdu;
use crate::version::RoomVersionRules;

/// Checks the signatures and the content hash of a PDU, and makes an event of it.
///
/// Servers sign the redacted form, so a redacted copy verifies as well as the original. If the
/// content hash is wrong the event is its redacted form from here on, which the event's
/// [`Provenance`](crate::event::Provenance) tells. Which servers must sign comes from the event and `rules`, which keys exist
/// from `keys`; nothing is fetched and no clock is read: `now` bounds how long a key is believed.
///
/// Of each server that must sign, at least one signature must be by a key that `keys` has and that
/// was valid, and every signature by such a key must be right. Other signatures are ignored, those
/// of [policy servers](POLICY_SERVER_KEY) always.
///
/// # Errors
///
/// [`VerifyError`], with everything that is wrong: the event is to be dropped, or, if what is
/// wrong is [`SignatureError::NoUsableKey`] alone, to be verified again once the keys are there.
///
/// Spec: [validating hashes and signatures][spec].
///
/// [spec]: https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
pub fn verify(
    pdu: Pdu,
    rules: &RoomVersionRules,
    keys: &KeyRing,
    now: Timestamp,
    limits: &Limits,
) -> Result<Event, VerifyError> {
    let message = signed_message(&pdu, rules);
    let signatures = pdu.json().get("signatures");
    let mut errors = Vec::new();
    if !signatures.is_some_and(RawValue::is_object) {
        let server = pdu.sender().server_name().into();
        errors.push(SignatureError::Unsigned { server });
    }
    let mut authoriser = AuthoriserSigned::Unchecked;
    for signer in required_signers(&pdu, rules) {
        let check = Check {
            pdu: &pdu,
            signatures,
            rules,
            keys,
            now,
            limits,
            message: &message,
        };
        match check.signer(&signer) {
            Ok(()) if signer.role == SignerRole::Authoriser => authoriser = AuthoriserSigned::Valid,
            Ok(()) => {}
            // A server that must sign for two reasons, or without any signatures at all.
            Err(error) if errors.contains(&error) => {}
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(event(pdu, rules, message, Signatures::Valid, authoriser))
    } else {
        Err(VerifyError { errors })
    }
}

/// Checks that a policy server has signed an event with the key that the room's state names for it.
///
/// Such a signature is no part of checks 2 and 3, and says nothing about the event's sender, even
/// where both are of one server. It covers the redacted form, so a redacted copy has it too.
///
/// # Errors
///
/// - [`JsonSignatureError::Missing`]: `server` has no signature called [`POLICY_SERVER_KEY`].
/// - [`JsonSignatureError::Malformed`]: it is not 64 bytes in Base64.
/// - [`JsonSignatureError::Invalid`]: it does not verify.
///
/// Spec: [validating policy server signatures][spec].
///
/// [spec]: https://spec.matrix.org/v1.19/server-server-api/#validating-policy-server-signatures
pub fn verify_policy_signature(
    pdu: &Pdu,
    server: &ServerName,
    key: &VerifyKey,
    rules: &RoomVersionRules,
) -> Result<(), JsonSignatureError> {
    let signatures = pdu.json().get("signatures");
    let text = signatures
        .and_then(|servers| servers.get(server.as_str())?.get(POLICY_SERVER_KEY))
        .ok_or(JsonSignatureError::Missing)?;
    let signature = text.as_str().and_then(|text| Signature::from_base64(&text));
    let signature = signature.ok_or(JsonSignatureError::Malformed)?;
    if key.verify(&signed_message(pdu, rules), &signature) {
        Ok(())
    } else {
        Err(JsonSignatureError::Invalid)
    }
}

/// The key id of every policy server's ed25519 key.
///
/// Spec: [validating policy server signatures][spec].
///
/// [spec]: https://spec.matrix.org/v1.19/server-server-api/#validating-policy-server-signatures
pub const POLICY_SERVER_KEY: &str = "ed25519:policy_server";

/// Why an event was dropped at receipt check 2.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct VerifyError {
    /// What is wrong, for each server that must sign and did not; nothing twice.
    pub errors: Vec<SignatureError>,
}

impl VerifyError {
    /// The keys that would settle the matter: server and key id, each once, sorted. Empty if no
    /// key can.
    #[must_use]
    pub fn missing_keys(&self) -> Vec<(ServerName, KeyId)> {
        let mut missing = BTreeSet::new();
        for error in &self.errors {
            match error {
                SignatureError::NoUsableKey { server, keys } => {
                    missing.extend(keys.iter().map(|key| (server.clone(), key.clone())));
                }
                _ => return Vec::new(),
            }
        }
        missing.into_iter().collect()
    }
}

/// What is wrong with the signatures of one server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// A server must sign, but what should name it names none.
    #[error("no server is named that could sign as its {role}")]
    NoSigner {
        /// The reason for which it must.
        role: SignerRole,
    },
    /// The server has not signed at all, or not in a way that is understood.
    #[error("`{server}` has not signed")]
    Unsigned {
        /// The server, cut to 255 bytes.
        server: Box<str>,
    },
    /// It has signed only with keys that are unknown or were not valid at the time.
    #[error("`{server}` has signed, but not with a known key that was valid")]
    NoUsableKey {
        /// The server.
        server: ServerName,
        /// The keys that it signed with and that are unknown; those that are known not to have
        /// been valid are left out.
        keys: Vec<KeyId>,
    },
    /// A signature is wrong.
    #[error("the signature of `{server}` by `{key}` is wrong")]
    Invalid {
        /// The server.
        server: ServerName,
        /// The key.
        key: KeyId,
    },
}

struct Check<'a> {
    pdu: &'a Pdu,
    signatures: Option<RawValue<'a>>,
    rules: &'a RoomVersionRules,
    keys: &'a KeyRing,
    now: Timestamp,
    limits: &'a Limits,
    message: &'a [u8],
}

impl Check<'_> {
    fn signer(&self, required: &RequiredSigner) -> Result<(), SignatureError> {
        let name = required.server.as_deref().ok_or(SignatureError::NoSigner {
            role: required.role,
        })?;
        let unsigned = || SignatureError::Unsigned {
            server: truncated(name).into(),
        };
        let server = ServerName::parse(name).map_err(|_| unsigned())?;
        let mut has_signed = false;
        let mut verified = 0_usize;
        let mut unknown = Vec::new();
        let signatures = self.signatures.and_then(|servers| servers.get(name));
        for (key_id, signature) in signatures.into_iter().flat_map(RawValue::members) {
            let Ok(key_id) = KeyId::parse(&key_id) else {
                continue;
            };
            if key_id.algorithm() != "ed25519" || key_id.as_str() == POLICY_SERVER_KEY {
                continue;
            }
            has_signed = true;
            let (ts, validity) = (self.pdu.origin_server_ts(), self.rules.key_validity);
            let key = match self.keys.lookup(&server, &key_id, ts, self.now, validity) {
                KeyStatus::Usable(key) => key,
                KeyStatus::Unknown => {
                    unknown.push(key_id);
                    continue;
                }
                KeyStatus::Expired => continue,
            };
            if verified >= self.limits.signatures_per_server {
                break;
            }
            let signature = signature
                .as_str()
                .and_then(|text| Signature::from_base64(&text));
            if !signature.is_some_and(|signature| key.verify(self.message, &signature)) {
                return Err(SignatureError::Invalid {
                    server,
                    key: key_id,
                });
            }
            verified = verified.saturating_add(1);
        }
        match (has_signed, verified) {
            (false, _) => Err(unsigned()),
            (true, 0) => Err(SignatureError::NoUsableKey {
                server,
                keys: unknown,
            }),
            (true, _) => Ok(()),
        }
    }
}

//! Invites to people of whom only an address is known.

use crate::crypto::sign_json;
use crate::json::{Object, Value};
use crate::lab::generate::compose::{Twist, Wish};
use crate::lab::generate::scenes::words;
use crate::lab::generate::world::{Branch, World};
use crate::pdu::{MEMBER, THIRD_PARTY_INVITE};

impl World {
    /// An address is invited, and a user comes who has it; or says so.
    pub(super) fn invite_by_address(&mut self, branch: &mut Branch) {
        let host = self.joined(branch);
        let token = self.letters(32);
        let Some(content) = self.pending_invite() else {
            return;
        };
        let pending = Wish::state(host, THIRD_PARTY_INVITE, &token, content);
        if !self.send(branch, &pending) {
            return;
        }
        let kind = self.random.below(20);
        if kind == 0 {
            // It is taken back.
            let revoked = Wish::state(host, THIRD_PARTY_INVITE, &token, Object::new());
            self.send(branch, &revoked);
        }
        let user = self.newcomer();
        let name = self.cast.user(user);
        let (of_whom, token) = match kind {
            1 => (self.cast.user(user.saturating_add(1)), token),
            2 => (name.clone(), self.letters(32)),
            _ => (name.clone(), token),
        };
        let Some(mut signed) = self.word(of_whom.as_str(), &token) else {
            return;
        };
        match kind {
            3 => {
                // The signature is that of another word.
                signed.insert("org.example.added", true);
            }
            4 => {
                signed.remove("signatures");
            }
            5 => {
                signed.remove("token");
            }
            _ => {}
        }
        let mut invite = Object::from_iter([("display_name", Value::from("s…@e…"))]);
        if kind != 6 {
            invite.insert("signed", signed);
        }
        let mut content = Object::from_iter([("membership", "invite")]);
        content.insert("third_party_invite", invite);
        let sender = if kind == 7 { self.joined(branch) } else { host };
        let invite = Wish::state(sender, MEMBER, name.as_str(), content);
        self.force(branch, &invite, &Twist::default());
        let profile = words::profile(self, user);
        self.send(branch, &Wish::state(user, MEMBER, name.as_str(), profile));
    }

    /// The content of a third-party invite: which key the address's owner will come with.
    fn pending_invite(&self) -> Option<Object> {
        let key = self.cast.identity.as_ref()?.key.verify_key().to_base64();
        let url = "https://id.example.org/_matrix/identity/v2/pubkey/isvalid";
        let listed = [
            ("key_validity_url", Value::from(url)),
            ("public_key", key.as_str().into()),
        ];
        let listed = Object::from_iter(listed);
        Some(Object::from_iter([
            ("display_name", Value::from("s…@e…")),
            ("key_validity_url", url.into()),
            ("public_key", key.into()),
            ("public_keys", vec![Value::from(listed)].into()),
        ]))
    }

    /// The identity server's word that a user is who was invited.
    fn word(&self, user: &str, token: &str) -> Option<Object> {
        let identity = self.cast.identity.as_ref()?;
        let mut signed = Object::from_iter([("mxid", user), ("token", token)]);
        sign_json(&mut signed, identity.name.as_str(), &identity.key);
        Some(signed)
    }
}

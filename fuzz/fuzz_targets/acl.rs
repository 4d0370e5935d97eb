//! A server ACL decides as its five steps say, written out over lists and with globs by their
//! definition, whatever its content, for the server in either case and with any port.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::json::{Mode, Object};
use roomdag::room::ServerAcl;
use roomdag::testing::{Random, drawn};
use roomdag::version::V12;
use roomdag_fuzz::acl::{is_allowed, server};

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    let content = if random.chance(30) {
        let text = random.clone().into_bytes();
        let Ok(content) = Object::parse(&text, Mode::Lenient) else {
            return;
        };
        content
    } else {
        drawn::content(&mut random, "m.room.server_acl", &V12)
    };
    let acl = ServerAcl::of(&content);
    for _ in 0..4 {
        let server = server(&mut random);
        let decision = acl.check(&server);
        assert_eq!(
            decision.is_allowed(),
            is_allowed(&content, &server),
            "{server}: {decision}"
        );
        assert_eq!(
            acl.check(&server.to_ascii_uppercase()).step(),
            decision.step()
        );
        if !server.contains(':') {
            assert_eq!(acl.check(&format!("{server}:8448")), decision);
        }
    }
});

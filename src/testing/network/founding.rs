//! How a story begins: the servers, their keys, and the room.

use crate::crypto::Validity;
use crate::id::RoomId;
use crate::json::Object;
use crate::limits::Limits;
use crate::pdu::content::Membership;
use crate::pdu::{JOIN_RULES, POWER_LEVELS};
use crate::resolve;
use crate::room::{Founding, Room, Setup, create_event};
use crate::testing::network::server::Server;
use crate::testing::network::wish::{self, Wish};
use crate::testing::network::{Plant, Simulation, Step};
use crate::version::{
    AliasRule, GuardedLevelMaps, RoomIdFormat, RoomVersionRules, RoomVersions, StateResolution,
};

impl Simulation {
    /// The servers and the room.
    pub(super) fn found(&mut self) -> Step {
        let limits = Limits {
            built_prev_events: self.random.pick(&[10, 10, 2]).copied().unwrap_or(10),
            waiting_events: self.random.pick(&[10_000, 10_000, 3]).copied().unwrap_or(3),
            remembered_resolutions: self.random.pick(&[1_024, 0]).copied().unwrap_or(0),
            ..Limits::default()
        };
        let names = self.weather.names();
        for (number, name) in names.iter().enumerate() {
            let setup = Setup {
                versions: self.versions()?,
                limits,
                resolve: self.resolution(number),
                ..Setup::default()
            };
            let mut server = Server::new(name, number, self.weather.users, setup)?;
            server.plant = self.plant;
            self.servers.push(server);
        }
        // Some learn late of a key of somebody's.
        let ignorant = self.random.below(names.len().saturating_mul(3));
        let other = self.random.below(names.len());
        for at in 0..names.len() {
            for of in 0..names.len() {
                // The founder's key is what nobody can do without.
                if at != ignorant || of != other || of == 0 || of == at {
                    self.introduce(at, of)?;
                }
            }
        }
        self.create()
    }

    /// How a server resolves states, if not as the room version has it.
    fn resolution(&self, server: usize) -> Option<resolve::Options> {
        let algorithm = match self.rules.state_resolution {
            StateResolution::V1 => StateResolution::V2,
            StateResolution::V2 { .. } => StateResolution::V1,
        };
        let other = resolve::Options {
            algorithm,
            ..resolve::Options::of(&self.rules)
        };
        (self.plant == Some(Plant::Resolution) && server == 1).then_some(other)
    }

    /// The room versions that the servers know.
    fn versions(&self) -> Step<RoomVersions> {
        let mut rules = self.rules;
        if RoomVersions::stable_rules(rules.id) == Some(&rules) {
            return Ok(RoomVersions::stable());
        }
        let auth = &mut rules.auth;
        match self.plant {
            Some(Plant::Notifications) => auth.guarded_level_maps = GuardedLevelMaps::Events,
            Some(Plant::Aliases) => auth.aliases = AliasRule::OwnServer,
            Some(Plant::Disk | Plant::Notices | Plant::Panic | Plant::Resolution) | None => {}
        }
        let versions = RoomVersions::stable().with(rules);
        versions.map_err(|error| error.to_string())
    }

    /// Tells a server the key of another.
    pub(super) fn introduce(&mut self, at: usize, of: usize) -> Step {
        let other = self.server(of)?;
        let (name, id, key) = (
            other.name.clone(),
            other.key.key_id().clone(),
            other.key.verify_key(),
        );
        let ring = &mut self.server(at)?.ring;
        let inserted = ring.insert(name, id, key, Validity::Forever);
        inserted.map_err(|error| error.to_string())
    }

    fn create(&mut self) -> Step {
        let (rules, now) = (self.rules, self.now());
        let is_shared = self.random.chance(50);
        let founder = self.server(0)?;
        let creator = founder.first_user()?;
        let founding = Founding {
            creator: creator.clone(),
            room_id: match rules.room_id {
                RoomIdFormat::WithServer => Some(RoomId::from_trusted("!room:a.example")),
                RoomIdFormat::CreateHash => None,
            },
            content: wish::creation(is_shared, &rules),
            event_id: None,
            origin_server_ts: now,
        };
        let created = create_event(founding, founder.signer(), &rules, &founder.setup.limits)
            .map_err(|error| error.to_string())?;
        let bytes = created.json().as_bytes().to_vec();
        let (room, receipt) = Room::open(&bytes, &founder.setup, &founder.ring, now)
            .map_err(|error| error.to_string())?;
        let admitted = receipt.admitted().ok_or("the create event is not kept")?;
        let id = admitted.id.clone();
        founder.kept.insert(id.clone(), bytes.clone());
        founder.live.insert(id.clone());
        self.room_id = room.id().clone();
        self.server(0)?.room = Some(room);
        self.create.clone_from(&bytes);
        self.record(id, bytes, 0);
        let levels = wish::first_levels(&creator, &rules);
        let public = Object::from_iter([("join_rule", "public")]);
        for wish in [
            Wish::member(&creator, &creator, Membership::Join),
            Wish::state(&creator, POWER_LEVELS, "", levels),
            Wish::state(&creator, JOIN_RULES, "", public),
        ] {
            if let Some(error) = self.send(0, &wish)? {
                return Err(format!("the room cannot be set up: {error}"));
            }
        }
        // What there is from the beginning is on the disk.
        self.server(0)?.save(None);
        Ok(())
    }
}

/// The rules of a story: with a name of their own, if servers are to have them in another version.
pub(super) fn planted(rules: RoomVersionRules, plant: Option<Plant>) -> RoomVersionRules {
    match plant {
        Some(Plant::Notifications | Plant::Aliases) => RoomVersionRules {
            id: "planted",
            ..rules
        },
        Some(Plant::Disk | Plant::Notices | Plant::Panic | Plant::Resolution) | None => rules,
    }
}

//! The story, in every room version and over many seeds.

use std::collections::BTreeSet;

use roomdag::json::{Mode, Object};
use roomdag::room::{Draft, Members, Room, Standing};
use roomdag::version::{CreatorRule, RoomVersionRules, RoomVersions};
use roomdag::{EventId, UserId};

use crate::world::World;

/// The users; the first of each server stays in the room.
struct Users {
    alice: UserId,
    bob: UserId,
    dave: UserId,
    carol: UserId,
    eve: UserId,
}

fn users() -> Users {
    let user = |id| UserId::parse(id).unwrap();
    Users {
        alice: user("@alice:one.example"),
        bob: user("@bob:two.example"),
        dave: user("@dave:two.example"),
        carol: user("@carol:three.example"),
        eve: user("@eve:three.example"),
    }
}

fn state(sender: &UserId, event_type: &str, state_key: &str, content: &str) -> Draft {
    let content = Object::parse(content.as_bytes(), Mode::Strict).unwrap();
    Draft::state(sender.clone(), event_type, state_key, content)
}

fn member(sender: &UserId, target: &UserId, membership: &str) -> Draft {
    let content = format!(r#"{{"membership":"{membership}"}}"#);
    state(sender, "m.room.member", target.as_str(), &content)
}

/// What the room's moderators and members do to each other.
fn something(world: &mut World, server: usize, users: &Users) {
    let Users {
        alice,
        bob,
        dave,
        carol,
        eve,
    } = users;
    let (moderator, member_) = match server {
        0 => (alice, alice),
        1 => (bob, dave),
        _ => (carol, eve),
    };
    let number = world.random.below(1_000);
    let topic = format!(r#"{{"topic":"{number}"}}"#);
    let levels = format!(
        r#"{{"users":{{"{bob}":{}}},"events":{{"m.room.topic":{}}}}}"#,
        [0, 50, 50].get(number % 3).unwrap(),
        [0, 50].get(number % 2).unwrap(),
    );
    let visibility = ["shared", "joined", "invited", "world_readable"][number % 4];
    let visibility = format!(r#"{{"history_visibility":"{visibility}"}}"#);
    let draft = match world.random.below(12) {
        0 | 1 => member(moderator, eve, "ban"),
        2 => member(moderator, dave, "leave"),
        3 => member(moderator, eve, "leave"),
        4 => member(member_, member_, "join"),
        5 => state(moderator, "m.room.topic", "", &topic),
        6 => state(member_, "m.room.name", "", r#"{"name":"here"}"#),
        7 => state(moderator, "m.room.power_levels", "", &levels),
        8 => state(moderator, "m.room.history_visibility", "", &visibility),
        _ => {
            world.message(server, member_);
            return;
        }
    };
    world.say(server, &draft);
}

fn story(rules: &RoomVersionRules, seed: u64) -> World {
    let mut world = World::new(rules, seed);
    let users = users();
    let Users {
        alice,
        bob,
        dave,
        carol,
        eve,
    } = &users;

    // A room of three servers.
    let now = world.now();
    world.servers[0].found(alice, rules, now).unwrap();
    assert!(world.say(0, &member(alice, alice, "join")));
    // Room versions with infinite creators do not list them.
    let listed = if rules.auth.creator == CreatorRule::SenderAndAdditional {
        format!(r#"{{"users":{{"{bob}":50}}}}"#)
    } else {
        format!(r#"{{"users":{{"{alice}":100,"{bob}":50}}}}"#)
    };
    assert!(world.say(0, &state(alice, "m.room.power_levels", "", &listed)));
    assert!(world.say(
        0,
        &state(alice, "m.room.join_rules", "", r#"{"join_rule":"public"}"#)
    ));
    let members = match seed % 2 {
        0 => Members::Complete,
        _ => Members::Omitted,
    };
    for (server, user) in [(1, bob), (2, carol)] {
        let now = world.now();
        let mut joining = world.servers.remove(server);
        world.servers[0]
            .let_in(&mut joining, user, members, now)
            .unwrap();
        world.servers.insert(server, joining);
        world.deliver();
    }
    assert!(world.say(1, &member(dave, dave, "join")));
    assert!(world.say(2, &member(eve, eve, "join")));
    world.deliver();
    for _ in 0..4 {
        let server = world.random.below(3);
        something(&mut world, server, &users);
    }

    // The third goes down with something left to send; the others go on, and lose each other.
    world.part(2, 0);
    world.part(2, 1);
    world.message(2, carol);
    world.stop(2);
    world.part(0, 1);
    for _ in 0..6 {
        let server = world.random.below(2);
        something(&mut world, server, &users);
    }
    world.heal();
    world.deliver();
    for _ in 0..3 {
        let server = world.random.below(2);
        something(&mut world, server, &users);
    }
    world.deliver();

    // It comes back from its file. The others have given up sending it all but their last.
    world.message(0, alice);
    for server in [0, 1] {
        world.servers[server].store.give_up(2);
    }
    world.start(2);
    if seed.is_multiple_of(3) {
        // Nobody hands out events at first, only a state.
        for (_, pdu) in world.servers[0].store.outbox(2) {
            let _ = world.hand_over(2, &pdu);
        }
        world.believe(2, 0);
        world.message(2, carol);
    }
    world.deliver();

    // Those who came later read what was before, and everybody who is left has a last word.
    for server in [1, 2] {
        world.backfill(server, 0);
    }
    for _ in 0..8 {
        world.deliver();
        let tips: BTreeSet<Vec<EventId>> = (0..3)
            .map(|server| room(&world, server).extremities())
            .collect();
        if tips.len() == 1 && tips.iter().all(|tips| tips.len() == 1) {
            break;
        }
        for (server, user) in [(0, alice), (1, bob), (2, carol)] {
            assert!(world.message(server, user), "{user} is in the room");
        }
    }
    world
}

fn room(world: &World, server: usize) -> &Room {
    world.servers[server].room()
}

/// Everything that servers have to agree on; whether an event was soft-failed is not.
fn answers(room: &Room) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for node in room.dag().events() {
        let id = room.dag().id(node).unwrap();
        let rejected = room.standing(id) == Some(Standing::Rejected);
        let before = room.state_before(id).and_then(|state| state.digest());
        let after = room.state_after(id).and_then(|state| state.digest());
        lines.push(format!("{id} {rejected} {before:?} {after:?}"));
    }
    lines.sort();
    let current = room.current_state().unwrap().digest();
    lines.push(format!("{:?} {current:?}", room.extremities()));
    lines
}

/// The standing of each event, too, which a server agrees on with itself.
fn own_answers(room: &Room) -> Vec<String> {
    let mut lines = answers(room);
    for node in room.dag().events() {
        let id = room.dag().id(node).unwrap();
        lines.push(format!("{id} {:?}", room.standing(id)));
    }
    lines
}

/// A server that loads only what it takes to go on says something, and all accept it.
fn goes_on_from_a_part(world: &mut World, server: usize, name: &str) {
    let (part, rounds) = world.servers[server].store.part_of_room();
    assert!(rounds <= 4, "{rounds} rounds, {name}");
    let whole = room(world, server);
    assert!(
        part.dag().len() < world.servers[server].store.events(),
        "{name}"
    );
    assert_eq!(part.extremities(), whole.extremities(), "{name}");
    let digest = |room: &Room| room.current_state().unwrap().digest();
    assert_eq!(digest(&part), digest(whole), "{name}");
    let Users {
        alice, bob, carol, ..
    } = users();
    let user = [alice, bob, carol][server].clone();
    let pdu = world.speak_through(server, part, &user);
    for server in 0..3 {
        let receipt = world.hand_over(server, &pdu);
        assert_eq!(receipt.standing(), Some(Standing::Accepted), "{name}");
    }
}

fn tell(versions: &[&str]) {
    let seeds = std::env::var("ROOMDAG_SEEDS").ok();
    let seeds: u64 = seeds.map_or(6, |seeds| seeds.parse().unwrap());
    let mut kills = 0;
    for version in versions {
        let rules = RoomVersions::stable_rules(version).unwrap();
        for seed in 0..seeds {
            let mut world = story(rules, seed);
            let first = answers(room(&world, 0));
            for server in 0..3 {
                let name = format!("server {server}, version {version}, seed {seed}");
                assert_eq!(room(&world, server).waiting().count(), 0, "{name}");
                assert_eq!(answers(room(&world, server)), first, "{name}");
                // And so it is on disk.
                let live = own_answers(room(&world, server));
                world.start(server);
                assert_eq!(own_answers(room(&world, server)), live, "{name}");
            }
            for server in 0..3 {
                let name = format!("server {server}, version {version}, seed {seed}");
                goes_on_from_a_part(&mut world, server, &name);
            }
            kills += world.kills;
        }
    }
    assert!(kills > 10, "only {kills} processes were killed");
}

#[test]
fn servers_agree_after_one_was_down_in_room_versions_1_to_4() {
    tell(&["1", "2", "3", "4"]);
}

#[test]
fn servers_agree_after_one_was_down_in_room_versions_5_to_8() {
    tell(&["5", "6", "7", "8"]);
}

#[test]
fn servers_agree_after_one_was_down_in_room_versions_9_to_12() {
    tell(&["9", "10", "11", "12"]);
}

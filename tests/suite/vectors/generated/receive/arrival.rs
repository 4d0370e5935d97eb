//! Orders of arrival, repetitions, and gaps.

use serde_json::json;

use crate::vectors::generated::receive::play::{
    Play, Scene, accepted, dropped, known, waits, waits_for,
};
use crate::vectors::generated::receive::world::{World, by_alice, by_bob};

pub(super) fn events(world: &mut World) {
    let body = |body: &str| json!({"body": body});
    world.add("first", by_alice(&["bob"]), body("1"));
    world.add("second", by_bob(&["first"]), body("2"));
    world.add("third", by_alice(&["second"]), body("3"));
    world.add("left", by_alice(&["bob"]), body("left"));
    world.add("right", by_bob(&["bob"]), body("right"));
    world.add("merge", by_alice(&["left", "right"]), body("merge"));
    if world.version < 3 {
        let other = world.signed("first", by_alice(&["bob"]), &body("another 1"));
        world.put("another first", other);
        let other = world.signed("second", by_bob(&["first"]), &body("another 2"));
        world.put("another second", other);
    }
}

pub(super) fn scenes(world: &World) -> Vec<Scene> {
    let mut scenes = orders(world);
    if world.version < 3 {
        scenes.extend(of_one_id(world));
    }
    scenes
}

/// Where servers choose the ids, two events may have the same.
fn of_one_id(world: &World) -> [Scene; 2] {
    [
        Play::new(world, "of two events of one id the one that is known stays")
            .receive("first", accepted())
            .receive("another first", dropped("OtherEvent"))
            .receive("second", accepted())
            .end(&[], &["second"]),
        Play::new(world, "of two events of one id the one that waits stays")
            .receive("second", waits_for(&["first"]))
            .receive("another second", dropped("OtherEvent"))
            .receive("first", accepted().settling("second", accepted()))
            .end(&[], &["second"]),
    ]
}

fn orders(world: &World) -> Vec<Scene> {
    let chain = |id| Play::new(world, id);
    let both = accepted()
        .settling("second", accepted())
        .settling("third", accepted());
    vec![
        chain("a chain in order: 1, 2, 3")
            .receive("first", accepted())
            .receive("second", accepted())
            .receive("third", accepted())
            .end(&[], &["third"]),
        chain("a chain in another order: 1, 3, 2")
            .receive("first", accepted())
            .receive("third", waits_for(&["second"]))
            .receive("second", accepted().settling("third", accepted()))
            .end(&[], &["third"]),
        chain("a chain in another order: 2, 1, 3")
            .receive("second", waits_for(&["first"]))
            .receive("first", accepted().settling("second", accepted()))
            .receive("third", accepted())
            .end(&[], &["third"]),
        chain("a chain in another order: 2, 3, 1")
            .receive("second", waits_for(&["first"]))
            .receive("third", waits())
            .receive("first", &both)
            .end(&[], &["third"]),
        chain("a chain in another order: 3, 1, 2")
            .receive("third", waits_for(&["second"]))
            .receive("first", accepted())
            .receive("second", accepted().settling("third", accepted()))
            .end(&[], &["third"]),
        chain("a chain backwards: 3, 2, 1")
            .receive("third", waits_for(&["second"]))
            .receive("second", waits_for(&["first"]))
            .receive("first", &both)
            .end(&[], &["third"]),
        backwards(world),
        chain("two events after one, and one after both")
            .receive("left", accepted())
            .receive("right", accepted())
            .receive("merge", accepted())
            .end(&[], &["merge"]),
        chain("two events after one are both extremities")
            .receive("right", accepted())
            .receive("left", accepted())
            .end(&[], &["left", "right"]),
        chain("one of two is missing")
            .receive("left", accepted())
            .receive("merge", waits_for(&["right"]))
            .end_with(&[], &["left"], &[("merge", "waiting")]),
        chain("both are missing, and come")
            .receive("merge", waits_for(&["left", "right"]))
            .receive("right", accepted())
            .receive("left", accepted().settling("merge", accepted()))
            .end(&[], &["merge"]),
        chain("an event that comes again changes nothing")
            .receive("first", accepted())
            .receive("first", known("accepted"))
            .receive("second", accepted())
            .receive("first", known("accepted"))
            .receive("alice", known("accepted"))
            .receive("create", known("accepted"))
            .end(&[], &["second"]),
        chain("an event that waits and comes again waits once")
            .receive("second", waits_for(&["first"]))
            .receive("second", waits_for(&["first"]))
            .receive("first", accepted().settling("second", accepted()))
            .end(&[], &["second"]),
    ]
}

fn backwards(world: &World) -> Scene {
    let all = accepted()
        .settling("levels", accepted())
        .settling("rules", accepted())
        .settling("bob", accepted());
    Play::bare(world, "the room's beginning from its end")
        .receive("bob", waits_for(&["levels", "rules"]))
        .receive("rules", waits())
        .receive("levels", waits_for(&["alice"]))
        .receive("alice", all)
        .end(&[], &["bob"])
}

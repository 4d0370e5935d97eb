//! State resolution v1, v2 and v2.1 find what the definitions say, with either reading of the auth
//! difference: state, conflicted events, auth difference, subgraph and both orders. The order of
//! states is noise, and what one state resolves to is that state.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roomdag::resolve::{AuthDifference, MissingEvents, Options, resolve};
use roomdag::testing::oracle::Oracle;
use roomdag::testing::rooms::{Disagreement, found, named};
use roomdag::testing::{Random, drawn};
use roomdag::version::StateResolution;

fuzz_target!(|bytes: &[u8]| {
    let mut random = Random::of_bytes(bytes);
    let rules = drawn::rules(&mut random);
    let readings = [AuthDifference::Inclusive, AuthDifference::Exclusive];
    let options = Options {
        auth_difference: *random.pick(&readings).unwrap(),
        missing: MissingEvents::Absent,
        ..Options::of(rules)
    };
    let is_v1 = rules.state_resolution == StateResolution::V1;
    let room = if random.chance(50) || is_v1 {
        Disagreement::drawn(&mut random, 30, rules)
    } else {
        let count = random.below(4);
        drawn::wild(&mut random, 20, count, rules)
    };
    let (dag, mut maps) = room.to_dag();
    let resolution = resolve(&dag, &maps, rules, &options).expect("nothing is missing");
    let oracle = Oracle {
        events: &room.events,
        rules,
        options,
    };
    assert_eq!(found(&dag, &resolution), oracle.resolve(&room.states));
    let turn = 1.min(maps.len());
    maps.rotate_left(turn);
    let turned = resolve(&dag, &maps, rules, &options).expect("nothing is missing");
    assert_eq!(turned.state, resolution.state);
    for (map, state) in maps.iter().zip(room.states.iter().cycle().skip(1)) {
        let alone = resolve(&dag, std::slice::from_ref(map), rules, &options);
        assert_eq!(
            &named(&dag, &alone.expect("nothing is missing").state),
            state
        );
    }
});

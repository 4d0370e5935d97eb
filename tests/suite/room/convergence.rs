//! See `src/testing/network/`. The long campaign is the tool's:
//! `roomdag simulate --seeds 0..10000`.

use roomdag::testing::network::{Outcome, simulate};
use roomdag::version::RoomVersions;

/// How many rooms are simulated, all versions together; `ROOMDAG_ROOMS` sets another number.
fn rooms() -> u64 {
    std::env::var("ROOMDAG_ROOMS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(2_000)
}

/// Simulates the share of these room versions.
fn converge(versions: [&str; 3]) {
    let mut sum = Outcome::default();
    let each = rooms().div_ceil(12);
    for version in versions {
        let rules = RoomVersions::stable_rules(version).unwrap();
        for seed in 0..each {
            match simulate(seed, rules) {
                Ok(outcome) => sum.add(&outcome),
                Err(divergence) => panic!("{divergence}"),
            }
        }
    }
    // The rooms must be worth it: in most of them something happens that is not plain.
    let rooms = usize::try_from(each * 3).unwrap();
    for (what, least, found) in [
        ("events", rooms * 20, sum.events),
        ("crashes", rooms / 4, sum.crashes),
        ("events that crashes took", rooms, sum.forgotten),
        ("equivocations", rooms / 4, sum.equivocations),
        ("withheld events", rooms / 10, sum.withheld),
        ("PDUs that nobody may take", rooms / 4, sum.refused),
        ("events held to the laws", rooms * 50, sum.checked),
        ("rejected events", rooms, sum.rejected),
        ("soft-failed events", rooms / 2, sum.soft_failed),
        ("gaps that were filled", rooms * 5, sum.filled),
        ("claims", rooms, sum.claims),
        ("lies", rooms / 20, sum.lies),
        ("joins with partial state", rooms, sum.partial_joins),
        ("revised verdicts", rooms * 3, sum.revisions),
        ("replicas", rooms * 4, sum.replicas),
        ("rooms that ended in one event", rooms / 10 * 8, sum.merged),
    ] {
        assert!(
            found >= least || rooms < 300,
            "{found} {what} in {rooms} rooms: {sum:?}"
        );
    }
}

#[test]
fn replicas_converge_in_versions_1_to_3() {
    converge(["1", "2", "3"]);
}

#[test]
fn replicas_converge_in_versions_4_to_6() {
    converge(["4", "5", "6"]);
}

#[test]
fn replicas_converge_in_versions_7_to_9() {
    converge(["7", "8", "9"]);
}

#[test]
fn replicas_converge_in_versions_10_to_12() {
    converge(["10", "11", "12"]);
}

#[test]
fn replicas_converge_where_chance_seldom_leads() {
    for (seed, version) in [
        (1303, "3"),  // Two claimed states rest on each other, and one holds what is rejected.
        (4825, "2"),  // An intact copy is evicted, and the redacted one stays.
        (7709, "10"), // A copy takes the last place from another copy of the same event.
        (8312, "12"), // There is no place to wait for an event that came with a claim before.
    ] {
        let rules = RoomVersions::stable_rules(version).unwrap();
        if let Err(divergence) = simulate(seed, rules) {
            panic!("{divergence}");
        }
    }
}

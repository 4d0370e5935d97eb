//! What the benches share.

use roomdag::testing::workload::{Shape, Workload};
use roomdag::version::{RoomVersionRules, V11, V12};

/// Room versions with the two algorithms that rooms are made with today.
pub(crate) const VERSIONS: [&RoomVersionRules; 2] = [&V11, &V12];

/// A workload for each shape and room version, made one after the other and not kept.
pub(crate) fn workloads(shapes: &[Shape]) -> impl Iterator<Item = Workload> {
    let each = |shape: &Shape| VERSIONS.map(|rules| (*shape, rules));
    let rooms: Vec<(Shape, &RoomVersionRules)> = shapes.iter().flat_map(each).collect();
    rooms
        .into_iter()
        .map(|(shape, rules)| Workload::new(shape, rules))
}

//! Events beside each other, in numbers: what each costs, and where the room says that it is
//! enough.

use std::collections::BTreeSet;

use roomdag::effort::counted;
use roomdag::id::EventId;
use roomdag::limits::Limits;
use roomdag::room::{Receipt, SoftFailure};
use roomdag::timeline::Withheld;
use roomdag::version::{V1, V11, V12};

use crate::bounds::size;
use crate::room::support::{BOB, Scribe, Told};

/// By default a room has at most 10,000 forward extremities. What is beyond is kept, soft-failed,
/// and not one that was there before goes.
#[test]
fn siblings_beyond_the_limit_are_kept_aside_and_none_is_pruned() {
    for rules in [V1, V11, V12] {
        let most = size(300, 10_000);
        let limits = Limits {
            extremities: most,
            ..Limits::default()
        };
        assert_eq!(Limits::default().extremities, 10_000);
        let mut scribe = Scribe::new(&rules);
        let mut room = scribe.open_within(limits);
        scribe.feed_all(&mut room, &scribe.order[1..]);
        let tip = scribe.room.extremities();
        let auth = scribe.auth(&Told::message(BOB), &tip);
        let mut first: BTreeSet<EventId> = BTreeSet::new();
        let (mut least, mut greatest) = (u64::MAX, 0);
        for at in 0..size(1_000, 100_000) {
            let event = scribe.craft(&Told::message(BOB), &tip, &auth);
            let bytes = event.json().as_bytes();
            let (receipt, effort) = counted(|| scribe.give(&mut room, bytes));
            if at < most {
                assert!(matches!(receipt, Receipt::Accepted(_)), "{receipt:?}");
                first.insert(event.id().clone());
            } else {
                let because = SoftFailure::Withheld(Withheld::Extremities);
                assert!(
                    matches!(&receipt, Receipt::SoftFailed { because: found, .. } if *found == because),
                    "{receipt:?}"
                );
            }
            if at > 1 {
                least = least.min(effort.total());
                greatest = greatest.max(effort.total());
            }
        }
        assert!(room.extremities().into_iter().eq(first));
        assert!(greatest <= 2 * least, "{least} to {greatest}");
    }
}

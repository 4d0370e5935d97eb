//! What a computation does, counted.
//!
//! The documentation says how costs grow. Time is too noisy to hold it to that, so with the
//! feature `counting` the steps that the claims are about are counted, on each thread apart;
//! without it nothing is. No answer depends on the counts.

/// A step that is worth counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "counting"),
    expect(unreachable_pub, reason = "public where steps are counted")
)]
pub enum Step {
    /// An event was held against the authorisation rules.
    Check,
    /// An entry of `auth_events` was followed, in either direction.
    Citation,
    /// An event was put together from what the graph keeps of it.
    Event,
    /// A pattern of a server ACL, or a character of one, was held against a server name.
    Glob,
    /// A jump or a step was taken down the power levels.
    Jump,
    /// A string was looked up in a table.
    Lookup,
    /// A node of a state map was visited.
    Node,
    /// A signature was held against a key.
    Signature,
}

/// Counts a step, where steps are counted.
#[inline]
pub(crate) fn step(step: Step) {
    #[cfg(feature = "counting")]
    counting::step(step);
    #[cfg(not(feature = "counting"))]
    let _ = step;
}

#[cfg(feature = "counting")]
pub use self::counting::{Effort, counted};

#[cfg(feature = "counting")]
mod counting {
    use std::cell::Cell;

    use crate::effort::Step;

    thread_local! {
        static COUNTS: Cell<[u64; 8]> = const { Cell::new([0; 8]) };
    }

    pub(super) fn step(step: Step) {
        COUNTS.with(|counts| {
            let mut now = counts.get();
            if let Some(count) = now.get_mut(step as usize) {
                *count = count.saturating_add(1);
            }
            counts.set(now);
        });
    }

    /// How often each step was taken.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Effort([u64; 8]);

    impl Effort {
        /// How often this step was taken.
        #[must_use]
        pub fn of(&self, step: Step) -> u64 {
            self.0.get(step as usize).copied().unwrap_or_default()
        }

        /// How many steps were taken.
        #[must_use]
        pub fn total(&self) -> u64 {
            self.0.iter().sum()
        }
    }

    /// Runs a computation and counts its steps.
    pub fn counted<T>(run: impl FnOnce() -> T) -> (T, Effort) {
        let before = COUNTS.with(Cell::get);
        let answer = run();
        let mut after = COUNTS.with(Cell::get);
        for (after, before) in after.iter_mut().zip(before) {
            *after = after.saturating_sub(before);
        }
        (answer, Effort(after))
    }
}

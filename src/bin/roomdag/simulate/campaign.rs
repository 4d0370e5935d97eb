//! Many rooms at a time, and their answers in order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::Builder;

use roomdag::testing::network::{Check, Outcome, Story};
use serde::{Serialize, Serializer};

use crate::failure::Failure;

/// What came of one room.
#[derive(Debug)]
pub(super) enum Ending {
    /// All servers hold the same.
    Converged(Outcome),
    /// They do not, or something else went wrong.
    Diverged(Wrong),
}

/// What went wrong in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Wrong {
    pub(super) check: Check,
    pub(super) step: usize,
    pub(super) what: String,
}

impl Ending {
    /// Tells a story, to its end or to where it goes wrong.
    pub(super) fn of(story: &Story) -> Self {
        match story.tell() {
            Ok(outcome) => Self::Converged(outcome),
            Err(divergence) => Self::Diverged(Wrong {
                check: divergence.check,
                step: divergence.step,
                what: divergence.what,
            }),
        }
    }
}

impl Serialize for Ending {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Converged(outcome) => map.serialize_entry("converged", outcome)?,
            Self::Diverged(wrong) => map.serialize_entry("wrong", wrong)?,
        }
        map.end()
    }
}

/// Works on `count` pieces, after which `work` has none, `jobs` at a time, and hands each answer
/// over in the order of the pieces. What has been begun is ended when no more answers are wanted.
/// Where the system has no more threads, fewer are worked on.
pub(super) fn run<T: Send>(
    count: u128,
    jobs: usize,
    work: impl Fn(u64) -> Option<T> + Sync,
    mut take: impl FnMut(T) -> Result<ControlFlow<()>, Failure>,
) -> Result<(), Failure> {
    let (next, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let (answers, incoming) = mpsc::channel();
        let mut threads = 0_usize;
        for _ in 0..jobs.min(usize::try_from(count).unwrap_or(usize::MAX)) {
            let answers = answers.clone();
            let (next, is_over, work) = (&next, &is_over, &work);
            let work_off = move || {
                while !is_over.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(answer) = work(at) else { return };
                    if answers.send((at, answer)).is_err() {
                        return;
                    }
                }
            };
            if Builder::new().spawn_scoped(scope, work_off).is_err() {
                break;
            }
            threads = threads.saturating_add(1);
        }
        drop(answers);
        if threads == 0 {
            for answer in (0..).map_while(&work) {
                if take(answer)?.is_break() {
                    break;
                }
            }
            return Ok(());
        }
        let (mut early, mut due) = (BTreeMap::new(), 0_u64);
        for (at, answer) in incoming {
            early.insert(at, answer);
            while let Some(answer) = early.remove(&due) {
                let taken = take(answer);
                if !matches!(taken, Ok(ControlFlow::Continue(()))) {
                    is_over.store(true, Ordering::Relaxed);
                    return taken.map(|_| ());
                }
                due = due.saturating_add(1);
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::run;
    use crate::failure::Failure;

    #[test]
    fn answers_come_in_order_whoever_is_faster() {
        let mut taken = Vec::new();
        let work = |at: u64| {
            let left = 20_u64.checked_sub(at).filter(|left| *left > 0)?;
            std::thread::sleep(std::time::Duration::from_micros(left * 50));
            Some(at * 2)
        };
        run(20, 3, work, |answer| {
            taken.push(answer);
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        assert_eq!(taken, (0..20).map(|at| at * 2).collect::<Vec<_>>());
    }

    #[test]
    fn work_without_end_ends_when_answers_are_not_wanted() {
        let full = |()| Err(Failure::Call("full".into()));
        assert!(run(u128::MAX, 1, |_| Some(()), full).is_err());
        let enough = |()| Ok(ControlFlow::Break(()));
        assert!(run(u128::MAX, 1, |_| Some(()), enough).is_ok());
    }
}

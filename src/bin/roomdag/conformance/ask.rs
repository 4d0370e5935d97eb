//! Asking everything, with several engines at once.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread::Builder;

use super::files::Work;
use super::outcome::{Engine, Outcome};
use crate::console::Progress;
use crate::failure::Failure;

/// Asks one case after the other of whichever engine is free. The outcomes are in the order of the
/// cases, and end with the failure that is one too many; how many engines there are does not matter.
/// Where the system has no more threads or processes, fewer engines do it, and at least the first,
/// which must be ready.
pub(super) fn ask(
    work: &[Work],
    engines: Vec<Engine>,
    max_failures: Option<usize>,
    progress: &mut Progress,
) -> Result<Vec<Outcome>, Failure> {
    let jobs = engines.len();
    let queue = Queue {
        work,
        next: AtomicUsize::new(0),
        is_stopped: AtomicBool::new(false),
        engines: Mutex::new(engines.into_iter()),
    };
    let mut tally = Tally {
        outcomes: std::iter::repeat_with(|| None).take(work.len()).collect(),
        done: 0,
        failed: 0,
        max_failures,
        progress,
    };
    std::thread::scope(|scope| {
        let (tell, told) = channel();
        let mut threads = 0_usize;
        for _ in 0..jobs {
            let (tell, queue) = (tell.clone(), &queue);
            let ask = move || queue.work_off(|index, outcome| tell.send((index, outcome)).is_ok());
            if Builder::new().spawn_scoped(scope, ask).is_err() {
                break;
            }
            threads = threads.saturating_add(1);
        }
        drop(tell);
        if threads == 0 {
            let mut failure = None;
            queue.work_off(|index, outcome| {
                failure = tally.take(index, outcome, &queue).err();
                failure.is_none()
            });
            return failure.map_or(Ok(()), Err);
        }
        for (index, outcome) in told {
            tally.take(index, outcome, &queue)?;
        }
        Ok(())
    })?;
    let asked = tally.outcomes.into_iter().map_while(|outcome| outcome);
    Ok(up_to(asked, max_failures))
}

/// The cases that are still to be asked, and the engines that nobody asks yet.
struct Queue<'a> {
    work: &'a [Work],
    next: AtomicUsize,
    is_stopped: AtomicBool,
    engines: Mutex<std::vec::IntoIter<Engine>>,
}

impl Queue<'_> {
    /// Asks an engine until nothing is left, or nobody listens any more.
    fn work_off(&self, mut tell: impl FnMut(usize, Result<Outcome, Failure>) -> bool) {
        let engine = self.engines.lock().ok().and_then(|mut left| left.next());
        let Some(mut engine) = engine else { return };
        if !engine.is_ready() {
            return;
        }
        // INVARIANT: what is taken is asked, so what was asked is always the beginning.
        while !self.is_stopped.load(Ordering::Relaxed) {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(work) = self.work.get(index) else {
                return;
            };
            if !tell(index, engine.ask(work)) {
                return;
            }
        }
    }
}

/// What came of the cases so far.
struct Tally<'a> {
    outcomes: Vec<Option<Outcome>>,
    done: usize,
    failed: usize,
    max_failures: Option<usize>,
    progress: &'a mut Progress,
}

impl Tally<'_> {
    fn take(
        &mut self,
        index: usize,
        outcome: Result<Outcome, Failure>,
        queue: &Queue<'_>,
    ) -> Result<(), Failure> {
        let outcome = outcome?;
        if outcome.is_failure() {
            self.failed = self.failed.saturating_add(1);
        }
        if self.max_failures.is_some_and(|most| self.failed >= most) {
            queue.is_stopped.store(true, Ordering::Relaxed);
        }
        if let Some(slot) = self.outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
        self.done = self.done.saturating_add(1);
        self.progress.done(self.done);
        Ok(())
    }
}

/// The outcomes up to so many failures.
fn up_to(outcomes: impl Iterator<Item = Outcome>, max_failures: Option<usize>) -> Vec<Outcome> {
    let mut left = max_failures.unwrap_or(usize::MAX);
    let mut kept = Vec::new();
    for outcome in outcomes {
        if left == 0 {
            break;
        }
        if outcome.is_failure() {
            left = left.saturating_sub(1);
        }
        kept.push(outcome);
    }
    kept
}

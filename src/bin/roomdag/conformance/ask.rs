//! Asking everything, with several engines at once.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use super::files::Work;
use super::outcome::{Engine, Outcome};
use crate::console::Progress;
use crate::failure::Failure;

/// Asks one case after the other of whichever engine is free. The outcomes are in the order of the
/// cases, and end with the failure that is one too many; how many engines there are does not matter.
pub(super) fn ask(
    work: &[Work],
    engines: Vec<Engine>,
    max_failures: Option<usize>,
    progress: &mut Progress,
) -> Result<Vec<Outcome>, Failure> {
    let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut outcomes: Vec<Option<Outcome>> =
        std::iter::repeat_with(|| None).take(work.len()).collect();
    std::thread::scope(|scope| {
        let (tell, told) = channel();
        for mut engine in engines {
            let (tell, next, stop) = (tell.clone(), &next, &stop);
            scope.spawn(move || {
                // INVARIANT: what is taken is asked, so what was asked is always the beginning.
                while !stop.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(work) = work.get(index) else { return };
                    if tell.send((index, engine.ask(work))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(tell);
        let (mut done, mut failed) = (0_usize, 0_usize);
        for (index, outcome) in told {
            let outcome = outcome?;
            if outcome.is_failure() {
                failed = failed.saturating_add(1);
            }
            if max_failures.is_some_and(|most| failed >= most) {
                stop.store(true, Ordering::Relaxed);
            }
            if let Some(slot) = outcomes.get_mut(index) {
                *slot = Some(outcome);
            }
            done = done.saturating_add(1);
            progress.done(done);
        }
        Ok::<(), Failure>(())
    })?;
    let asked = outcomes.into_iter().map_while(|outcome| outcome);
    Ok(up_to(asked, max_failures))
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

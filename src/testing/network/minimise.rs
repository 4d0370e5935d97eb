//! The shortest story that still fails the same check.

use crate::testing::network::{Check, Divergence, Simulation, Story};

/// What came of making a story shorter.
#[derive(Clone, Debug)]
pub struct Minimised {
    /// How it goes wrong in the shortest story that was found.
    pub divergence: Divergence,
    /// The steps that are left of it.
    pub steps: Vec<usize>,
    /// The stories that were tried.
    pub trials: usize,
}

impl Story {
    /// Leaves out all the steps without which the story still fails the same [`Check`], in whatever
    /// words: first many at a time, then fewer, in the end one by one. A panic is a failed check like
    /// any other.
    ///
    /// `None` if it does not go wrong. At most `trials` stories are tried; the same story gives the
    /// same answer.
    #[must_use]
    pub fn minimised(&self, trials: usize) -> Option<Minimised> {
        let (whole, Err((check, _))) = Simulation::run(self, None) else {
            return None;
        };
        let all: Vec<usize> = (1..=whole.last)
            .filter(|step| !self.without.contains(step))
            .collect();
        let mut search = Search {
            story: self.clone(),
            last: whole.last,
            check,
            left: trials,
        };
        // What is behind the step at which it goes wrong is of no matter, unless it is the end.
        let until: Vec<usize> = all
            .iter()
            .copied()
            .filter(|step| *step <= whole.steps)
            .collect();
        let kept = if search.goes_wrong(&until) {
            until
        } else {
            all
        };
        let kept = search.reduce(kept);
        let divergence = search.story_of(&kept).tell().err()?;
        Some(Minimised {
            divergence: *divergence,
            steps: kept,
            trials: trials.saturating_sub(search.left),
        })
    }
}

struct Search {
    story: Story,
    last: usize,
    check: Check,
    left: usize,
}

impl Search {
    /// The story of these steps only.
    fn story_of(&self, kept: &[usize]) -> Story {
        let without = (1..=self.last)
            .filter(|step| !kept.contains(step))
            .collect();
        self.story.clone().without(without)
    }

    /// Whether the story of these steps fails the same check.
    fn goes_wrong(&mut self, kept: &[usize]) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left = self.left.saturating_sub(1);
        let told = Simulation::run(&self.story_of(kept), None);
        matches!(told, (_, Err((check, _))) if check == self.check)
    }

    /// The steps that have to stay.
    fn reduce(&mut self, mut kept: Vec<usize>) -> Vec<usize> {
        let mut size = kept.len().div_ceil(2);
        while size > 0 && self.left > 0 {
            let before = kept.len();
            let mut at = 0_usize;
            while at < kept.len() {
                let end = at.saturating_add(size).min(kept.len());
                let mut fewer = kept.clone();
                fewer.drain(at..end);
                if self.goes_wrong(&fewer) {
                    kept = fewer;
                } else {
                    at = end;
                }
            }
            let is_shorter = kept.len() < before;
            size = if size == 1 && is_shorter { 1 } else { size / 2 };
        }
        kept
    }
}

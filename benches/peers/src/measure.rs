//! Measuring: several libraries on one input, by turns.
//!
//! Machines are seldom quiet and never equally fast for long. So what is taken is the processor
//! time of the thread, which no library leaves; the libraries take turns within each round, each
//! round starts with another of them, and a library's time is compared with that of roomdag in the
//! same round.

use std::hint::black_box;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use cpu_time::ThreadTime;

use crate::answer::Answer;
use crate::data::{Figure, Spread};

/// A library at one task. The first of a cell is the one that the others are compared with.
pub struct Contender {
    name: &'static str,
    task: Box<dyn Task>,
}

impl Contender {
    /// `set_up` makes the input of a run and `read` looks at its output; only `run` is timed.
    pub fn new<I, O>(
        name: &'static str,
        set_up: impl FnMut() -> I + 'static,
        run: impl FnMut(I) -> O + 'static,
        read: impl Fn(&O) -> Answer + 'static,
    ) -> Self {
        let task = Box::new(Steps { set_up, run, read });
        Self { name, task }
    }
}

trait Task {
    fn time(&mut self) -> Duration;
    fn answer(&mut self) -> (Duration, Answer);
}

struct Steps<S, R, A> {
    set_up: S,
    run: R,
    read: A,
}

impl<I, O, S, R, A> Steps<S, R, A>
where
    S: FnMut() -> I,
    R: FnMut(I) -> O,
{
    fn once(&mut self) -> (Duration, O) {
        let input = black_box((self.set_up)());
        let start = ThreadTime::now();
        let output = black_box((self.run)(input));
        (start.elapsed(), output)
    }
}

impl<I, O, S, R, A> Task for Steps<S, R, A>
where
    S: FnMut() -> I,
    R: FnMut(I) -> O,
    A: Fn(&O) -> Answer,
{
    fn time(&mut self) -> Duration {
        self.once().0
    }

    fn answer(&mut self) -> (Duration, Answer) {
        let (time, output) = self.once();
        (time, (self.read)(&output))
    }
}

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Effort {
    /// How many rounds, at most.
    pub rounds: usize,
    /// How long one library may take for one cell, if that leaves it a few rounds.
    pub per_contender: Duration,
}

/// Measures one cell. `items` is what a run's time is divided by.
pub fn measure(contenders: Vec<Contender>, items: usize, effort: Effort) -> Vec<Figure> {
    let mut entrants: Vec<Entrant> = contenders.into_iter().map(Entrant::new).collect();
    let reference = entrants.first().and_then(|first| first.answer.clone());
    for entrant in &mut entrants {
        entrant.plan(effort);
    }
    let count = entrants.len();
    let mut latest = None;
    for round in 0..effort.rounds {
        let mut times = vec![None; count];
        for turn in 0..count {
            let at = (round + turn) % count;
            times[at] = entrants[at].take_turn(round);
        }
        latest = times.first().copied().flatten().or(latest);
        for (entrant, time) in entrants.iter_mut().zip(times) {
            let Some(time) = time else { continue };
            entrant.times.push(time / items as f64);
            entrant.ratios.extend(latest.map(|latest| time / latest));
        }
    }
    let figures = entrants.into_iter().map(|entrant| {
        let answers = reference.as_ref().zip(entrant.answer.as_ref());
        Figure {
            library: entrant.name.into(),
            runs: entrant.times.len(),
            nanoseconds: Spread::of(entrant.times),
            cold: Spread::of(
                entrant
                    .cold
                    .iter()
                    .map(|time| time / items as f64)
                    .collect(),
            ),
            ratio: Spread::of(entrant.ratios),
            differences: answers
                .map_or(Vec::new(), |(expected, found)| expected.differences(found)),
        }
    });
    figures.collect()
}

/// A contender with what has been measured of it.
struct Entrant {
    name: &'static str,
    task: Box<dyn Task>,
    /// `None` if it panicked. It is not run again then.
    answer: Option<Answer>,
    /// How long a run takes, as far as is known before the rounds.
    expected: Duration,
    /// Runs in a row; their mean is the round's time.
    repeats: u32,
    /// It takes its turn in every so many rounds.
    stride: usize,
    /// Its first runs of rounds, where that is not the only one.
    cold: Vec<f64>,
    times: Vec<f64>,
    ratios: Vec<f64>,
}

impl Entrant {
    /// Runs the task once: to warm up, to see how long it takes, and for its answer.
    fn new(contender: Contender) -> Self {
        let Contender { name, mut task } = contender;
        let (first, answer) = match quietly(|| task.answer()) {
            Some((first, answer)) => (first, Some(answer)),
            None => (Duration::MAX, None),
        };
        Self {
            name,
            task,
            answer,
            expected: first,
            repeats: 1,
            stride: 1,
            cold: Vec::new(),
            times: Vec::new(),
            ratios: Vec::new(),
        }
    }

    /// Settles how often it runs.
    fn plan(&mut self, effort: Effort) {
        if self.expected < PATIENCE {
            let again = (0..FEW).map(|_| self.task.time()).min();
            self.expected = again.map_or(self.expected, |again| again.min(self.expected));
        }
        let seconds = self.expected.as_secs_f64().max(1e-9);
        self.repeats = (SHORTEST.as_secs_f64() / seconds)
            .clamp(1.0, 10_000.0)
            .ceil() as u32;
        let per_round = seconds * f64::from(self.repeats);
        let affordable = (effort.per_contender.as_secs_f64() / per_round) as usize;
        let least = if self.expected > LONGEST { 1 } else { FEW };
        let rounds = affordable.max(least).min(effort.rounds).max(1);
        self.stride = effort.rounds.div_ceil(rounds);
    }

    /// The mean time of its runs in this round, in nanoseconds.
    fn take_turn(&mut self, round: usize) -> Option<f64> {
        if self.answer.is_none() || !round.is_multiple_of(self.stride) {
            return None;
        }
        if self.repeats > 1 {
            // Caches and allocator are as the library before has left them.
            self.cold.push(self.task.time().as_secs_f64() * 1e9);
        }
        let total: Duration = (0..self.repeats).map(|_| self.task.time()).sum();
        Some(total.as_secs_f64() * 1e9 / f64::from(self.repeats))
    }
}

/// `None` if the task panics, of which nothing is printed.
fn quietly<T>(task: impl FnOnce() -> T) -> Option<T> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let result = panic::catch_unwind(AssertUnwindSafe(task)).ok();
    panic::set_hook(hook);
    result
}

/// Runs are repeated until a round's runs take that long.
const SHORTEST: Duration = Duration::from_millis(2);

/// What takes less than this is run a few times more before it is settled how long it takes.
const PATIENCE: Duration = Duration::from_millis(100);

/// What takes longer than this is run once more after warming up and not again.
const LONGEST: Duration = Duration::from_secs(20);

/// Rounds that everything else gets, however long it takes.
const FEW: usize = 3;

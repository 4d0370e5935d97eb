//! Another implementation: a program that is asked one question a line.

use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use roomdag::lab::conformance::{Case, Reply, ReplyError};

use super::running::{GRACE, LONGEST, NoLine, Running};

/// How a program is started, and how long it may take for an answer.
#[derive(Clone)]
pub(super) struct Program {
    command: String,
    words: Vec<String>,
    timeout: Duration,
    trial: Arc<Trial>,
}

/// Whether the program is of any use, as all who ask it have found together.
#[derive(Default)]
struct Trial {
    /// It has given a reply.
    is_good: AtomicBool,
    /// How often it has not, before it gave one.
    broken: AtomicUsize,
    /// It is given up.
    is_over: AtomicBool,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("the program cannot be started: {0}")]
    Start(std::io::Error),
    #[error("the program gave no answer within {} s{}", .within.as_secs_f64(), told(.said))]
    Silent { within: Duration, said: Vec<String> },
    #[error("the program ended without an answer ({}){}", ended(.status.as_ref()), told(.said))]
    Ended {
        status: Option<ExitStatus>,
        said: Vec<String>,
    },
    #[error("{error}: `{}`{}", cut(.line), told(.said))]
    Reply {
        error: ReplyError,
        line: Vec<u8>,
        said: Vec<String>,
    },
    #[error("the reply is longer than {} MiB{}", LONGEST >> 20, told(.said))]
    TooLong { said: Vec<String> },
    #[error("the program is given up")]
    GivenUp,
}

fn ended(status: Option<&ExitStatus>) -> String {
    status.map_or("it closed its output".to_owned(), ToString::to_string)
}

/// The last lines on standard error.
fn told(said: &[String]) -> String {
    if said.is_empty() {
        return String::new();
    }
    let lines = said.iter().map(|line| cut(line.as_bytes()));
    let lines: Vec<String> = lines.collect();
    format!("; it last said `{}`", lines.join(" / "))
}

/// The beginning of a line.
fn cut(line: &[u8]) -> String {
    let line = line.get(..SHOWN.saturating_mul(4)).unwrap_or(line);
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end();
    let mut shown: String = line.chars().take(SHOWN).collect();
    if line.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

impl Program {
    /// The program of a command line, in which quotes and backslashes mean what they do in a
    /// shell; `None` if there is none.
    pub(super) fn new(command: &str, timeout: Duration) -> Option<Self> {
        let words = words(command)?;
        (!words.is_empty()).then(|| Self {
            command: command.to_owned(),
            words,
            timeout,
            trial: Arc::default(),
        })
    }
}

impl Trial {
    /// Takes note of a good reply, or of a broken one; whether the program is to be given up.
    fn note(&self, is_good: bool) -> bool {
        if is_good {
            self.is_good.store(true, Ordering::Relaxed);
        } else if !self.is_good.load(Ordering::Relaxed) {
            let before = self.broken.fetch_add(1, Ordering::Relaxed);
            if before.saturating_add(1) >= PATIENCE {
                self.is_over.store(true, Ordering::Relaxed);
                return true;
            }
        }
        false
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

/// A program that runs, or will when it is asked.
pub(super) struct Asked {
    program: Program,
    running: Option<Running>,
}

/// That a program is of no use, with the last that was wrong.
#[derive(Debug, thiserror::Error)]
#[error("`{command}` has replied to none of the first {PATIENCE} requests: {trouble}")]
pub(super) struct Hopeless {
    command: String,
    trouble: Trouble,
}

impl Asked {
    pub(super) fn new(program: &Program) -> Self {
        Self {
            program: program.clone(),
            running: None,
        }
    }

    /// Asks for the answer to a case. After any trouble the program is started anew for the next
    /// one, since nobody knows what it will say next; unless it never gave a reply at all.
    pub(super) fn ask(&mut self, case: &Case) -> Result<Result<Reply, Trouble>, Hopeless> {
        let mut request = case.request().to_canonical();
        request.push(b'\n');
        let reply = self.reply(request, &case.address());
        let is_hopeless = match &reply {
            Ok(_) => self.program.trial.note(true),
            Err(Trouble::GivenUp) => false,
            Err(_) => self.program.trial.note(false),
        };
        match reply {
            Err(trouble) if is_hopeless => Err(Hopeless {
                command: self.program.command.clone(),
                trouble,
            }),
            reply => Ok(reply),
        }
    }

    /// Starts the program, so that one that is not there is noticed before anything is asked.
    pub(super) fn start(&mut self) -> Result<(), Trouble> {
        if self.running.is_none() {
            self.running = Some(Running::start(&self.program.words).map_err(Trouble::Start)?);
        }
        Ok(())
    }

    fn reply(&mut self, request: Vec<u8>, id: &str) -> Result<Reply, Trouble> {
        if self.program.trial.is_over() {
            return Err(Trouble::GivenUp);
        }
        self.start()?;
        let Some(mut running) = self.running.take() else {
            return Err(Trouble::GivenUp);
        };
        running.send(request);
        let started = Instant::now();
        let within = self.program.timeout;
        loop {
            let left = within.saturating_sub(started.elapsed());
            match running.line(left.min(SLICE)) {
                Ok(line) => match Reply::parse(&line, id) {
                    Ok(reply) => {
                        self.running = Some(running);
                        return Ok(reply);
                    }
                    Err(error) => {
                        let said = running.kill();
                        return Err(Trouble::Reply { error, line, said });
                    }
                },
                Err(NoLine::Ended) => {
                    let status = running.status(GRACE);
                    let said = running.kill();
                    return Err(Trouble::Ended { status, said });
                }
                Err(NoLine::TooLong) => {
                    let said = running.kill();
                    return Err(Trouble::TooLong { said });
                }
                Err(NoLine::Silent) if self.program.trial.is_over() => {
                    running.kill();
                    return Err(Trouble::GivenUp);
                }
                Err(NoLine::Silent) if left.is_zero() => {
                    let said = running.kill();
                    return Err(Trouble::Silent { within, said });
                }
                Err(NoLine::Silent) => {}
            }
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.end();
        }
    }
}

/// The words of a command line; `None` if a quote does not end.
fn words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().push(chars.next()?),
            (Some('"'), '\\') => {
                let next = chars.next()?;
                let word = word.get_or_insert_default();
                if !matches!(next, '$' | '`' | '"' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// How many broken replies in a row, from the first on, are enough to give a program up.
const PATIENCE: usize = 5;
/// How long to wait before looking whether the program is given up.
const SLICE: Duration = Duration::from_millis(50);
/// How much is shown of a line, in characters.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_command_line_is_split_as_a_shell_does() {
        for (command, expected) in [
            ("a b  c", &["a", "b", "c"][..]),
            ("sh -c 'a | b \"c\"'", &["sh", "-c", "a | b \"c\""]),
            (r#"a"b c"d\ e "\"" ''"#, &["ab cd e", "\"", ""]),
            (r#""a\nb\\c\$" a\nb '\\'"#, &[r"a\nb\c$", "anb", r"\\"]),
            ("  ", &[]),
        ] {
            assert_eq!(words(command).unwrap(), expected, "{command}");
        }
        for command in ["'a", "\"a", "a\\"] {
            assert_eq!(words(command), None, "{command}");
        }
    }
}

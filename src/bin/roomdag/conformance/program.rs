//! Another implementation: a program that is asked one question a line.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use roomdag::lab::conformance::{Case, Reply, ReplyError};

/// How a program is started, and how long it may take for an answer.
#[derive(Clone)]
pub(super) struct Program {
    words: Vec<String>,
    timeout: Duration,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("the program cannot be started: {0}")]
    Start(std::io::Error),
    #[error("the program gave no answer within {} s", .0.as_secs_f64())]
    Silent(Duration),
    #[error("the program ended without an answer ({})", ended(.0.as_ref()))]
    Ended(Option<ExitStatus>),
    #[error(transparent)]
    Reply(#[from] ReplyError),
}

fn ended(status: Option<&ExitStatus>) -> String {
    status.map_or("it closed its output".to_owned(), ToString::to_string)
}

impl Program {
    /// The program of a command line, in which quotes and backslashes mean what they do in a
    /// shell; `None` if there is none.
    pub(super) fn new(command: &str, timeout: Duration) -> Option<Self> {
        let words = words(command)?;
        (!words.is_empty()).then_some(Self { words, timeout })
    }
}

/// A program that runs, or will when it is asked.
pub(super) struct Asked {
    program: Program,
    running: Option<Running>,
}

struct Running {
    child: Child,
    requests: Sender<Vec<u8>>,
    lines: Receiver<Vec<u8>>,
}

impl Asked {
    pub(super) fn new(program: &Program) -> Self {
        Self {
            program: program.clone(),
            running: None,
        }
    }

    /// Asks for the answer to a case. After any trouble the program is started anew for the next
    /// one, since nobody knows what it will say next.
    pub(super) fn ask(&mut self, case: &Case) -> Result<Reply, Trouble> {
        let mut request = case.request().to_canonical();
        request.push(b'\n');
        let reply = self.exchange(request);
        let reply = reply.and_then(|line| Ok(Reply::parse(&line, &case.address())?));
        if reply.is_err() {
            self.stop(Duration::ZERO);
        }
        reply
    }

    /// Starts the program, so that one that is not there is noticed before anything is asked.
    pub(super) fn start(&mut self) -> Result<(), Trouble> {
        if self.running.is_none() {
            self.running = Some(Running::start(&self.program.words).map_err(Trouble::Start)?);
        }
        Ok(())
    }

    fn exchange(&mut self, request: Vec<u8>) -> Result<Vec<u8>, Trouble> {
        self.start()?;
        let Some(running) = &mut self.running else {
            return Err(Trouble::Ended(None));
        };
        // If nobody takes it, the program has ended, which shows in its output.
        let _ = running.requests.send(request);
        match running.lines.recv_timeout(self.program.timeout) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => Err(Trouble::Silent(self.program.timeout)),
            Err(RecvTimeoutError::Disconnected) => {
                Err(Trouble::Ended(status(&mut running.child, GRACE)))
            }
        }
    }

    /// Ends the program: its input ends, and if it takes that long, it is killed.
    fn stop(&mut self, grace: Duration) {
        let Some(running) = self.running.take() else {
            return;
        };
        let Running {
            mut child,
            requests,
            lines,
        } = running;
        drop(requests);
        drop(lines);
        if status(&mut child, grace).is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.stop(GRACE);
    }
}

impl Running {
    fn start(words: &[String]) -> std::io::Result<Self> {
        let (program, args) = words.split_first().ok_or(std::io::ErrorKind::NotFound)?;
        let mut child = Command::new(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (requests, todo) = channel();
        let (done, lines) = channel();
        if let Some(stdin) = child.stdin.take() {
            // Apart, so that a program that does not read is a silent one, too.
            std::thread::spawn(move || write(stdin, &todo));
        }
        if let Some(stdout) = child.stdout.take() {
            std::thread::spawn(move || read(stdout, &done));
        }
        Ok(Self {
            child,
            requests,
            lines,
        })
    }
}

fn write(mut stdin: ChildStdin, todo: &Receiver<Vec<u8>>) {
    for request in todo {
        if stdin
            .write_all(&request)
            .and_then(|()| stdin.flush())
            .is_err()
        {
            return;
        }
    }
}

fn read(stdout: ChildStdout, done: &Sender<Vec<u8>>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let read = stdout.by_ref().take(LONGEST).read_until(b'\n', &mut line);
        if !matches!(read, Ok(1..)) || done.send(line).is_err() {
            return;
        }
    }
}

/// How a program ended, if it does within this time.
fn status(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if started.elapsed() < within => std::thread::sleep(PAUSE),
            _ => return None,
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
            (None | Some('"'), '\\') => word.get_or_insert_default().push(chars.next()?),
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

/// How long a program may take to end.
const GRACE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(2);
/// The longest reply, in bytes.
const LONGEST: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_command_line_is_split_as_a_shell_does() {
        for (command, expected) in [
            ("a b  c", &["a", "b", "c"][..]),
            ("sh -c 'a | b \"c\"'", &["sh", "-c", "a | b \"c\""]),
            (r#"a"b c"d\ e "\"" ''"#, &["ab cd e", "\"", ""]),
            ("  ", &[]),
        ] {
            assert_eq!(words(command).unwrap(), expected, "{command}");
        }
        for command in ["'a", "\"a", "a\\"] {
            assert_eq!(words(command), None, "{command}");
        }
    }
}

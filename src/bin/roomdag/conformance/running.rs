//! A program that runs: its three streams, and its end.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::{Duration, Instant};

/// A program that runs, with all that it has started.
pub(super) struct Running {
    child: Child,
    /// `None` once its input has ended.
    requests: Option<Sender<Vec<u8>>>,
    lines: Receiver<Line>,
    said: Said,
}

/// The end of what a program has written to standard error, which is passed through as well.
struct Said {
    tail: Arc<Mutex<VecDeque<u8>>>,
    /// Disconnected once there is nothing more to come.
    ended: Receiver<()>,
}

/// What a program has written.
enum Line {
    Whole(Vec<u8>),
    TooLong,
}

/// Why there is no line.
pub(super) enum NoLine {
    /// Not in time.
    Silent,
    /// Nor ever.
    Ended,
    /// None that ends.
    TooLong,
}

impl Running {
    /// Starts a program, of the words of its command line, in a process group of its own.
    pub(super) fn start(words: &[String]) -> std::io::Result<Self> {
        let (program, args) = words.split_first().ok_or(std::io::ErrorKind::NotFound)?;
        let mut command = Command::new(program);
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let (requests, todo) = channel();
        let (done, lines) = channel();
        let (end, ended) = channel();
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (stderr, kept) = (child.stderr.take(), Arc::clone(&tail));
        let running = Self {
            child,
            requests: Some(requests),
            lines,
            said: Said { tail, ended },
        };
        // Apart, so that a program that does not read is a silent one, too.
        let threads = apart(stdin, move |stdin| write(stdin, &todo))
            .and_then(|()| apart(stdout, move |stdout| read(stdout, &done)))
            .and_then(|()| apart(stderr, move |stderr| pass_through(stderr, &kept, &end)));
        match threads {
            Ok(()) => Ok(running),
            Err(error) => {
                running.kill();
                Err(error)
            }
        }
    }

    /// Hands over a request. If nobody takes it, the program has ended, which shows in its output.
    pub(super) fn send(&self, request: Vec<u8>) {
        if let Some(requests) = &self.requests {
            let _ = requests.send(request);
        }
    }

    /// The next line that the program writes.
    pub(super) fn line(&self, within: Duration) -> Result<Vec<u8>, NoLine> {
        match self.lines.recv_timeout(within) {
            Ok(Line::Whole(line)) => Ok(line),
            Ok(Line::TooLong) => Err(NoLine::TooLong),
            Err(RecvTimeoutError::Timeout) => Err(NoLine::Silent),
            Err(RecvTimeoutError::Disconnected) => Err(NoLine::Ended),
        }
    }

    /// How the program ended, if it does within this time.
    pub(super) fn status(&mut self, within: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if started.elapsed() < within => std::thread::sleep(PAUSE),
                _ => return None,
            }
        }
    }

    /// Ends the program, and what it has started. Returns the last lines that it wrote to standard
    /// error.
    pub(super) fn kill(mut self) -> Vec<String> {
        kill_group(&self.child);
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.said.lines()
    }

    /// Lets the program end by the end of its input, or kills it if it takes too long.
    pub(super) fn end(mut self) {
        self.requests = None;
        if self.status(GRACE).is_none() {
            self.kill();
        }
    }
}

/// Ends everything in the process group that the program is the first of.
#[cfg(unix)]
fn kill_group(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let id = i32::try_from(child.id()).ok();
    if let Some(group) = id.and_then(Pid::from_raw) {
        // Nobody may be left in it.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// Elsewhere only the program itself is ended.
#[cfg(not(unix))]
fn kill_group(_: &Child) {}

impl Said {
    fn lines(&self) -> Vec<String> {
        // What the program has written may still be on its way.
        let _ = self.ended.recv_timeout(REST);
        let Ok(tail) = self.tail.lock() else {
            return Vec::new();
        };
        let bytes: Vec<u8> = tail.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let lines = text
            .lines()
            .map(str::trim_end)
            .filter(|line| !line.is_empty());
        let lines: Vec<&str> = lines.collect();
        let first = lines.len().saturating_sub(LINES);
        lines
            .iter()
            .skip(first)
            .map(|line| (*line).to_owned())
            .collect()
    }
}

/// Serves a stream in a thread of its own, of which the system may have none left.
fn apart<T: Send + 'static>(
    stream: Option<T>,
    serve: impl FnOnce(T) + Send + 'static,
) -> std::io::Result<()> {
    let Some(stream) = stream else { return Ok(()) };
    Builder::new().spawn(move || serve(stream))?;
    Ok(())
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

fn read(stdout: ChildStdout, done: &Sender<Line>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        // With its end, which does not count.
        let most = LONGEST.saturating_add(1);
        let read = stdout.by_ref().take(most).read_until(b'\n', &mut line);
        let line = match read {
            Ok(1..) if line.len() as u64 == most && !line.ends_with(b"\n") => Line::TooLong,
            Ok(1..) => Line::Whole(line),
            _ => return,
        };
        let is_last = matches!(line, Line::TooLong);
        if done.send(line).is_err() || is_last {
            return;
        }
    }
}

/// `end` is dropped when there is nothing more.
fn pass_through(mut stderr: ChildStderr, tail: &Mutex<VecDeque<u8>>, end: &Sender<()>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stderr.read(&mut buffer) {
        let bytes = buffer.get(..count).unwrap_or_default();
        // Nobody may be there to read it, which is no error.
        let _ = std::io::stderr().write_all(bytes);
        if let Ok(mut tail) = tail.lock() {
            tail.extend(bytes);
            let excess = tail.len().saturating_sub(KEPT);
            tail.drain(..excess);
        }
    }
    let _ = end.send(());
}

/// How long a program may take to end.
pub(super) const GRACE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(2);
/// How long to wait for the rest of what was written to standard error.
const REST: Duration = Duration::from_secs(1);
/// The longest reply, in bytes.
pub(super) const LONGEST: u64 = 64 << 20;
/// How much of standard error is kept, in bytes and lines.
const KEPT: usize = 4096;
const LINES: usize = 3;

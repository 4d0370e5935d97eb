//! Standard output: the answer, and in which form.

use std::io::{BufWriter, ErrorKind, IsTerminal, StdoutLock, Write};

use clap::ValueEnum;
use serde::Serialize;

use crate::failure::Failure;

/// In which form an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One JSON document a line
    Ndjson,
}

impl Format {
    /// A table on a terminal, and `otherwise` elsewhere.
    pub(crate) fn default_or(otherwise: Self) -> Self {
        if std::io::stdout().is_terminal() {
            Self::Table
        } else {
            otherwise
        }
    }
}

/// The option for it, of verbs whose answer is one document.
#[derive(clap::Args)]
pub(crate) struct FormatArgs {
    /// The form of the answer; by default a table on a terminal and JSON otherwise
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

/// The option for it, of verbs whose answer is a list.
#[derive(clap::Args)]
pub(crate) struct ListFormatArgs {
    /// The form of the answer; by default a table on a terminal and NDJSON otherwise; JSON is an
    /// array of the same
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

impl ListFormatArgs {
    /// The form that was asked for; else a table on a terminal, and NDJSON elsewhere.
    pub(crate) fn or_ndjson(&self) -> Format {
        self.format
            .unwrap_or_else(|| Format::default_or(Format::Ndjson))
    }
}

impl FormatArgs {
    /// The form that was asked for; else a table on a terminal, and JSON elsewhere.
    pub(crate) fn or_json(&self) -> Format {
        self.format
            .unwrap_or_else(|| Format::default_or(Format::Json))
    }
}

/// Standard output. That the reader goes away is no error: what follows is then not written.
pub(crate) struct Output {
    stdout: BufWriter<StdoutLock<'static>>,
    closed: bool,
}

impl Output {
    pub(crate) fn open() -> Self {
        Self {
            stdout: BufWriter::new(std::io::stdout().lock()),
            closed: false,
        }
    }

    /// Whether the reader is gone, so that there is no need to go on.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Prints a JSON document on a line of its own, or, for people who read JSON, on several.
    pub(crate) fn json(&mut self, value: &impl Serialize, format: Format) -> Result<(), Failure> {
        let text = match format {
            Format::Ndjson => serde_json::to_string(value),
            Format::Json | Format::Table => serde_json::to_string_pretty(value),
        };
        let text = text.map_err(std::io::Error::other)?;
        writeln!(self, "{text}")?;
        Ok(())
    }

    /// Prints documents one a line, or as one array.
    pub(crate) fn json_each<T: Serialize>(
        &mut self,
        values: impl IntoIterator<Item = T>,
        format: Format,
    ) -> Result<(), Failure> {
        let mut separator = "[";
        for value in values {
            let text = serde_json::to_string(&value).map_err(std::io::Error::other)?;
            if format == Format::Ndjson {
                writeln!(self, "{text}")?;
            } else {
                write!(self, "{separator}\n{text}")?;
                separator = ",";
            }
            if self.is_closed() {
                break;
            }
        }
        match (format, separator) {
            (Format::Ndjson, _) => {}
            (_, "[") => writeln!(self, "[]")?,
            _ => writeln!(self, "\n]")?,
        }
        Ok(())
    }

    /// Writes what is still to be written.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        self.flush()?;
        Ok(())
    }

    fn unless_closed<T>(&mut self, result: std::io::Result<T>, gone: T) -> std::io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(gone)
            }
            result => result,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let written = self.stdout.write(bytes);
        self.unless_closed(written, bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let flushed = self.stdout.flush();
        self.unless_closed(flushed, ())
    }
}

//! How far a command is, on standard error.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// How often a line comes where nobody looks at a terminal.
const LINES: Duration = Duration::from_secs(10);

/// What is shown to whom.
#[derive(Debug)]
pub(super) enum Progress {
    /// Nothing, to programs.
    Silent,
    /// A line now and then, to logs: the last one came then.
    Lines(Instant),
    /// One line that changes, to people. Goes when it is dropped.
    Bar,
}

impl Progress {
    pub(super) fn new(json: bool) -> Self {
        match (json, io::stderr().is_terminal()) {
            (true, _) => Self::Silent,
            (false, false) => Self::Lines(Instant::now()),
            (false, true) => Self::Bar,
        }
    }

    /// Shows what is being done before there is something to count.
    pub(super) fn say(&self, doing: &str) {
        if matches!(self, Self::Bar) {
            draw(doing);
        }
    }

    /// Shows how far it is; `bar` is what people see before the text.
    pub(super) fn show(&mut self, bar: &str, text: &str) {
        match self {
            Self::Silent => {}
            Self::Lines(last) if last.elapsed() < LINES => {}
            Self::Lines(last) => {
                *last = Instant::now();
                let _ = writeln!(io::stderr(), "{text}"); // the work goes on all the same
            }
            Self::Bar => draw(&format!("{bar}{text}")),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.say("");
    }
}

/// Writes over the line; what a narrow terminal has no room for is cut off, not wrapped.
fn draw(line: &str) {
    let mut out = io::stderr().lock();
    let _ = write!(out, "\r\x1b[2K\x1b[?7l{line}\x1b[?7h").and_then(|()| out.flush());
}

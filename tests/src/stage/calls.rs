//! A process of a function that is called: one event after another, each measured.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Result;
use super::function::{Caller, Function};

/// After so long without an answer the function is taken for dead.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the process is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A function that waits for calls.
#[derive(Debug)]
pub struct Called {
    function: Function,
    calls: Calls,
}

/// What a call answered and took.
#[derive(Debug)]
pub struct Answer {
    pub status: u64,
    pub body: Value,
    /// Until the answer was there.
    pub wall: Duration,
    /// Of the process, until it asked for its next event.
    pub cpu: Duration,
}

impl Called {
    /// Starts the function and waits until it asks for its first event.
    pub fn start(binary: &Path, environment: &[(&str, String)]) -> Result<Self> {
        let calls = Calls::default();
        let function = Function::start(binary, environment, calls.clone())?;
        let mut called = Self { function, calls };
        called.wait(|state| state.idle)?;
        Ok(called)
    }

    /// Starts the function with an event that waits for it already; its start counts as part of the call.
    pub fn start_with(
        binary: &Path,
        environment: &[(&str, String)],
        event: String,
    ) -> Result<(Self, Answer)> {
        let calls = Calls::default();
        calls.change(|state| state.event = Some(event));
        let started = Instant::now();
        let function = Function::start(binary, environment, calls.clone())?;
        let mut called = Self { function, calls };
        let (answered, answer) = called.answer()?;
        let cpu = called.function.cpu()?;
        Ok((called, Answer::read(&answer, answered - started, cpu)?))
    }

    /// Calls the function.
    pub fn call(&mut self, event: String) -> Result<Answer> {
        let before = self.function.threads()?;
        let started = Instant::now();
        self.calls.change(|state| (state.event, state.idle) = (Some(event), false));
        let (answered, answer) = self.answer()?;
        let after = self.function.threads()?;
        let taken = |(thread, time): (&String, &Duration)| {
            time.saturating_sub(before.get(thread).copied().unwrap_or_default())
        };
        Answer::read(&answer, answered - started, after.iter().map(taken).sum())
    }

    /// The most memory that it ever had, in bytes.
    pub fn peak(&self) -> Result<u64> {
        self.function.peak()
    }

    /// Waits until the answer is there and the function has nothing left to do.
    fn answer(&mut self) -> Result<(Instant, Vec<u8>)> {
        self.wait(|state| state.idle && state.answer.is_some())?;
        let answer = self.calls.state().answer.take().ok_or("no answer")?;
        answer.1.map(|body| (answer.0, body)).map_err(Into::into)
    }

    fn wait(&mut self, so: impl Fn(&State) -> bool) -> Result<()> {
        let since = Instant::now();
        loop {
            {
                let state = self.calls.state();
                if so(&state) || matches!(state.answer, Some((_, Err(_)))) {
                    return Ok(());
                }
                drop(self.calls.0.1.wait_timeout(state, LOOK));
            }
            self.function.check()?;
            if since.elapsed() > PATIENCE {
                return Err("the function says nothing".into());
            }
        }
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        self.calls.change(|state| state.over = true);
    }
}

impl Answer {
    fn read(sent: &[u8], wall: Duration, cpu: Duration) -> Result<Self> {
        let mut reply: Value = serde_json::from_slice(sent)?;
        let body = serde_json::from_str(reply["body"].take().as_str().unwrap_or("null")).unwrap_or_default();
        Ok(Self { status: reply["statusCode"].as_u64().unwrap_or_default(), body, wall, cpu })
    }
}

/// The events of one process. Cheap to clone.
#[derive(Debug, Clone, Default)]
struct Calls(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    /// Whether the process asks for an event.
    idle: bool,
    event: Option<String>,
    answer: Option<(Instant, std::result::Result<Vec<u8>, String>)>,
    over: bool,
}

impl Calls {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.1.notify_all();
    }
}

impl Caller for Calls {
    fn next(&self) -> Option<String> {
        self.change(|state| state.idle = true);
        let mut state = self.state();
        loop {
            if state.over {
                return None;
            }
            if let Some(event) = state.event.take() {
                state.idle = false;
                return Some(event);
            }
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn answer(&self, answer: std::result::Result<&[u8], &[u8]>) {
        let answered = Instant::now();
        let answer = match answer {
            Ok(body) => Ok(body.to_vec()),
            Err(body) => Err(String::from_utf8_lossy(body).into_owned()),
        };
        self.change(|state| state.answer = Some((answered, answer)));
    }
}

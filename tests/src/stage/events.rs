//! What the bucket says, waiting for processes of the import function: a queue that gives each message to one of them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::function::Caller;
use super::{BUCKET, Result};

/// A message of the queue, as Lambda hands it over.
const MESSAGE: &str = include_str!("../../../events/import-file.json");
/// How often a message is delivered before the run counts as failed.
const TRIES: u32 = 5;
/// After so long without any answer the function is taken for dead. An event is worked on for 240 s at most.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often the processes are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// The queue. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Events(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Event>,
    /// Messages that a process has and has not answered.
    taken: usize,
    /// How often a process asked for a message.
    asked: usize,
    answered: usize,
    open: bool,
    /// Which processes the messages are for; those of earlier turns get none.
    turn: usize,
    failure: Option<String>,
}

/// An object that was put.
#[derive(Debug, Clone)]
struct Event {
    key: String,
    e_tag: String,
    tries: u32,
}

impl Event {
    /// What the function gets.
    fn message(&self) -> Result<String> {
        let mut event: Value = serde_json::from_str(MESSAGE)?;
        let body = event["Records"][0]["body"].as_str().unwrap_or_default();
        let mut said: Value = serde_json::from_str(&body.replace("__BUCKET__", BUCKET))?;
        said["Records"][0]["s3"]["object"]["key"] = json!(self.key);
        said["Records"][0]["s3"]["object"]["eTag"] = json!(self.e_tag);
        event["Records"][0]["body"] = json!(said.to_string());
        Ok(event.to_string())
    }
}

impl Events {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.0.1.notify_all();
    }

    /// Waits until it is so, as long as `alive` says that it may become so and something happens now and then.
    fn wait(&self, alive: &mut dyn FnMut() -> Result<()>, so: impl Fn(&State) -> bool) -> Result<()> {
        let (mut seen, mut since) = (0, Instant::now());
        loop {
            {
                let state = self.state();
                if so(&state) {
                    return Ok(());
                }
                if let Some(failure) = &state.failure {
                    return Err(failure.clone().into());
                }
                if state.answered != seen {
                    (seen, since) = (state.answered, Instant::now());
                }
                drop(self.0.1.wait_timeout(state, LOOK));
            }
            alive()?;
            if since.elapsed() > PATIENCE {
                return Err("the function says nothing".into());
            }
        }
    }

    pub(super) fn add(&self, key: String, e_tag: String) {
        self.change(|state| state.waiting.push_back(Event { key, e_tag, tries: 0 }));
    }

    /// Whether no message waits.
    pub fn is_empty(&self) -> bool {
        self.state().waiting.is_empty()
    }

    /// The next message, when there is one; none when the turn is over.
    fn take(&self, turn: usize) -> Option<Event> {
        self.change(|state| state.asked += usize::from(state.turn == turn));
        let mut state = self.state();
        loop {
            if state.turn != turn {
                return None;
            }
            let next = if state.open { state.waiting.pop_front() } else { None };
            if next.is_some() {
                state.taken += 1;
                return next;
            }
            state = self.0.1.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A process has answered; a message that was not handled comes again.
    fn answer(&self, event: Event, handled: bool) {
        self.change(|state| {
            state.taken -= 1;
            state.answered += 1;
            let event = Event { tries: event.tries + 1, ..event };
            match (handled, event.tries) {
                (true, _) => {}
                (false, TRIES..) => state.failure = Some(format!("{} is not handled", event.key)),
                (false, _) => state.waiting.push_back(event),
            }
        });
    }

    fn fail(&self, why: String) {
        self.change(|state| state.failure = Some(why));
    }

    /// Begins a turn: what a process of it asks with.
    pub(super) fn begin(&self) -> Turn {
        let mut state = self.state();
        (state.turn, state.asked, state.open) = (state.turn + 1, 0, false);
        Turn { events: self.clone(), turn: state.turn }
    }

    /// Waits until so many processes have started and ask for their first message.
    pub(super) fn await_processes(
        &self,
        processes: usize,
        alive: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        self.wait(alive, |state| state.asked >= processes)
    }

    /// Delivers until no message is left.
    pub(super) fn deliver(&self, alive: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        self.change(|state| state.open = true);
        self.wait(alive, |state| state.waiting.is_empty() && state.taken == 0)
    }

    /// Ends the turn, and lets go of who waits for a message.
    pub(super) fn end(&self) {
        self.change(|state| (state.turn, state.taken) = (state.turn + 1, 0));
    }
}

/// The messages of a turn.
#[derive(Debug, Clone)]
pub(super) struct Turn {
    events: Events,
    turn: usize,
}

impl Turn {
    /// Those that one process works on, one after another.
    pub(super) fn process(&self) -> Messages {
        Messages { turn: self.clone(), event: Arc::default() }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Messages {
    turn: Turn,
    event: Arc<Mutex<Option<Event>>>,
}

impl Messages {
    fn event(&self) -> MutexGuard<'_, Option<Event>> {
        self.event.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller for Messages {
    fn next(&self) -> Option<String> {
        let Turn { events, turn } = &self.turn;
        let event = events.take(*turn)?;
        let message = event.message().map_err(|error| events.fail(error.to_string())).ok()?;
        *self.event() = Some(event);
        Some(message)
    }

    fn answer(&self, answer: std::result::Result<&[u8], &[u8]>) {
        match (self.event().take(), answer) {
            (Some(event), Ok(answer)) => {
                let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
                let handled = answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty);
                self.turn.events.answer(event, handled);
            }
            (_, Ok(answer) | Err(answer)) => {
                self.turn.events.fail(String::from_utf8_lossy(answer).into_owned());
            }
        }
    }
}

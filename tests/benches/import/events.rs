//! What the bucket says, waiting for the processes of the function: a queue that gives each message to one of them.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{BUCKET, Result};

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
pub(crate) struct Events(Arc<(Mutex<State>, Condvar)>);

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Event>,
    /// Messages that a process has and has not answered.
    taken: usize,
    /// How often a process asked for a message.
    asked: usize,
    answered: usize,
    open: bool,
    over: bool,
    failure: Option<String>,
}

/// An object that was put.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) key: String,
    pub(crate) e_tag: String,
    tries: u32,
}

impl Event {
    /// The event that the function gets.
    pub(crate) fn message(&self) -> Result<String> {
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

    pub(crate) fn add(&self, key: String, e_tag: String) {
        self.change(|state| state.waiting.push_back(Event { key, e_tag, tries: 0 }));
    }

    /// The next message, when there is one; none when all is over.
    pub(crate) fn take(&self) -> Option<Event> {
        self.change(|state| state.asked += 1);
        let mut state = self.state();
        loop {
            if state.over {
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
    pub(crate) fn answer(&self, event: Event, handled: bool) {
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

    pub(crate) fn fail(&self, why: String) {
        self.change(|state| state.failure = Some(why));
    }

    /// Waits until so many processes have started and ask for their first message.
    pub(crate) fn await_processes(
        &self,
        processes: usize,
        alive: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        self.wait(alive, |state| state.asked >= processes)
    }

    /// Delivers until no message is left.
    pub(crate) fn deliver(&self, alive: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        self.change(|state| state.open = true);
        self.wait(alive, |state| state.waiting.is_empty() && state.taken == 0)
    }

    /// Lets go of who waits for a message.
    pub(crate) fn end(&self) {
        self.change(|state| state.over = true);
    }
}

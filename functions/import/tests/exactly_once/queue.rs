//! A queue of what the bucket tells, and the processes that read it one after another.

use std::collections::VecDeque;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::engines::{BUCKET, Came, Engines};
use super::process::{Outcome, Process, Stop};

/// Most deliveries of one message; more than that, and it will never be handled.
const MOST: usize = 10;
/// What S3 encodes of a key, before it makes `+` of each space.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b' ').remove(b'*').remove(b'-').remove(b'.').remove(b'/').remove(b'_');

/// A message for each object that comes.
pub(crate) struct Queue {
    engines: Arc<Engines>,
    waiting: VecDeque<(Came, usize)>,
    /// How many objects it has told of.
    told: usize,
    /// Where its next processes end.
    stops: VecDeque<Stop>,
    process: Option<Process>,
    /// A message that comes again does so before those that came meanwhile; half of all queues are so.
    again_first: bool,
    /// Whether a process was killed.
    pub(crate) killed: bool,
}

impl Queue {
    /// A queue of what comes from now on, whose first processes end there.
    pub(crate) fn new(engines: &Arc<Engines>, stops: Vec<Stop>) -> Self {
        let (engines, told) = (Arc::clone(engines), engines.came_after(0).len());
        let again_first = stops.first().is_some_and(|stop| stop.after.is_multiple_of(2));
        let (waiting, stops) = (VecDeque::new(), stops.into());
        Self { engines, waiting, told, stops, process: None, again_first, killed: false }
    }

    /// Delivers messages until none waits, and whether there was any.
    pub(crate) async fn deliver(&mut self) -> bool {
        let mut any = false;
        loop {
            self.listen();
            let Some((came, tries)) = self.waiting.pop_front() else { return any };
            any = true;
            let mut process = match self.process.take() {
                Some(process) => process,
                None => Process::start(&self.engines, self.stops.pop_front()).await,
            };
            let outcome = process.deliver(event(&came)).await;
            if outcome == Outcome::Killed {
                self.killed = true;
            } else {
                self.process = Some(process);
            }
            if outcome != Outcome::Handled {
                assert!(tries < MOST, "{} is never handled", came.key);
                self.listen();
                match self.again_first {
                    true => self.waiting.push_front((came, tries + 1)),
                    false => self.waiting.push_back((came, tries + 1)),
                }
            }
        }
    }

    fn listen(&mut self) {
        let came = self.engines.came_after(self.told);
        self.told += came.len();
        self.waiting.extend(came.into_iter().map(|came| (came, 1)));
    }
}

/// As S3 says it and SQS delivers it.
fn event(came: &Came) -> String {
    let key = utf8_percent_encode(&came.key, ENCODED).to_string().replace(' ', "+");
    let record = json!({
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "eTag": came.tag}},
    });
    let message = json!({
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "body": json!({ "Records": [record] }).to_string(),
        "eventSource": "aws:sqs",
    });
    json!({ "Records": [message] }).to_string()
}

//! Events of the bucket: what S3 puts into a queue for each object that comes, and how a function gets it.
//!
//! - `watched`: the bucket's files, watched
//! - `journal`: what outlives a kill
//! - `message`: what a function reads
//! - `functions`: who reads

mod functions;
mod journal;
mod message;
mod watched;

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leadline::App;
use tokio::sync::Notify;

use self::functions::Function;
use self::journal::{Entry, Journal};
use self::message::TEST_EVENT;
use crate::gateway::GatewayError;
use crate::template::{Notification, Template};

pub use self::message::Message;
pub(crate) use self::watched::Watched;

/// From which failure on a message is spoken of.
const SUSPICIOUS: u32 = 5;

/// Messages that wait for a function. Those taken out are still in the journal, until one is handled. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queue(Arc<State>);

#[derive(Debug)]
struct State {
    journal: Journal,
    /// How keys begin, and who reads of them.
    readers: Vec<(String, Function)>,
    waiting: Mutex<VecDeque<Message>>,
    added: Notify,
}

impl Queue {
    /// The queue of the template's notifications, with its journal in this folder.
    pub fn open(folder: &Path, template: &Template) -> Result<Self, GatewayError> {
        let reader = |Notification { prefix, function }: &Notification| match functions::find(function) {
            Some(function) => Ok((prefix.clone(), function)),
            None => Err(GatewayError::UnknownFunction(function.clone())),
        };
        let readers: Result<_, GatewayError> = template.notifications.iter().map(reader).collect();
        Ok(Self::of(folder, readers?))
    }

    fn of(folder: &Path, readers: Vec<(String, Function)>) -> Self {
        let journal = Journal::new(folder);
        Self(Arc::new(State { journal, readers, waiting: Mutex::default(), added: Notify::new() }))
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many messages wait.
    pub fn count(&self) -> usize {
        self.waiting().len()
    }

    /// Adds a message to those that wait, or one that was taken out again.
    pub fn add(&self, message: Message) {
        self.waiting().push_back(message);
        self.0.added.notify_one();
    }

    /// Takes out the message that has waited longest.
    pub fn take(&self) -> Option<Message> {
        self.waiting().pop_front()
    }

    /// The same, as soon as there is one. For one at a time.
    pub(crate) async fn next(&self) -> Message {
        loop {
            if let Some(message) = self.take() {
                return message;
            }
            self.0.added.notified().await; // at once if there was one meanwhile
        }
    }

    /// Gives a message to its function; whether it was handled, and so is gone for good.
    pub async fn deliver(&self, app: &Arc<App>, message: &Message) -> bool {
        let handled = match self.reader(message.key()) {
            Some(function) => functions::invoke(function, Arc::clone(app), message.event()).await,
            None => true, // the template asks for it no more
        };
        if handled {
            self.0.journal.remove(message.id());
        } else if message.received() >= SUSPICIOUS {
            let (id, org, received) = (message.id(), message.org(), message.received());
            tracing::error!(message_id = %id, org_id = %org, received, "a message fails again and again");
        }
        handled
    }

    /// Whether anybody reads of this object. A folder is an object to S3 only.
    fn watches(&self, key: &str) -> bool {
        !key.ends_with('/') && self.reader(key).is_some()
    }

    fn reader(&self, key: &str) -> Option<Function> {
        self.0.readers.iter().find(|(prefix, _)| key.starts_with(prefix)).map(|(_, function)| *function)
    }

    /// Adds the message that S3 begins with.
    async fn begin(&self, bucket: &str) -> io::Result<()> {
        let Some((prefix, _)) = self.0.readers.first() else { return Ok(()) };
        let entry = Entry::new(TEST_EVENT, prefix);
        self.0.journal.announce(&entry).await?;
        self.add(Message::test(entry, bucket));
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use leadline::auth::{Auth, Secret};
    use leadline::{Clock, Store, aws};
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::functions::Handle;
    use super::*;

    /// An app that reaches nothing.
    pub(crate) fn app() -> Arc<App> {
        let nowhere = aws::local_config("http://127.0.0.1:1", "us-east-1", "key", "secret");
        let secret = Secret::new(vec![b'x'; 32]).unwrap();
        let store = Store::new(aws::client(&nowhere), "none");
        Arc::new(App::new(store, Auth::hs256(&secret, None, None), Clock::system()))
    }

    /// A queue of imports. Its function fails at a message's first delivery, panics at the second and handles the
    /// third.
    pub(crate) fn queue(folder: &Path) -> Queue {
        let handle: Handle = |_, event| Box::pin(read(event));
        Queue::of(folder, vec![("imports/".to_owned(), ("reads", handle))])
    }

    async fn read(event: Value) -> serde_json::Result<Value> {
        let message = &event["Records"][0];
        Ok(match message["attributes"]["ApproximateReceiveCount"].as_str() {
            Some("1") => json!({ "batchItemFailures": [{ "itemIdentifier": message["messageId"] }] }),
            Some("2") => panic!("as the test asked"),
            _ => json!({ "batchItemFailures": [] }),
        })
    }

    #[tokio::test]
    async fn a_message_is_in_the_journal_until_it_is_handled() {
        let folder = TempDir::new().unwrap();
        let (app, queue) = (app(), queue(folder.path()));
        let journal = || fs::read_dir(folder.path()).unwrap().count();
        queue.begin("bucket").await.unwrap();
        let message = queue.next().await;

        let first = queue.deliver(&app, &message).await;
        let second = queue.deliver(&app, &message).await;
        assert_eq!((first, second, journal()), (false, false, 1));

        assert!(queue.deliver(&app, &message).await);
        assert_eq!((queue.count(), journal()), (0, 0));
    }

    #[test]
    fn a_reader_is_found_by_how_a_key_begins() {
        let queue = queue(Path::new("events"));

        assert!(queue.watches("imports/a.csv") && queue.watches("imports/x/a.csv"));
        assert!(!queue.watches("imports/x/") && !queue.watches("results/imports/a.csv"));
    }

    #[test]
    fn the_functions_of_the_template_that_ships_are_known() {
        let queue = Queue::open(Path::new("events"), &Template::shipped().unwrap()).unwrap();

        assert!(
            queue.watches("imports/a.csv") && queue.watches("chunks/a") && !queue.watches("attachments/a")
        );
    }
}

//! Requests that wait until a test lets them through.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::oneshot;

use super::reads;

/// Where requests about the list index wait until they are let through one by one.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    waiting: Arc<Mutex<Vec<Waiting>>>,
}

/// What a request at a gate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aim {
    reads: bool,
    rows: bool,
    manifest: bool,
}

impl Aim {
    /// Whether nothing comes of it which of two requests is first.
    pub fn commutes(self, other: Self) -> bool {
        let meet = (self.rows && other.rows) || (self.manifest && other.manifest);
        !meet || (self.reads && other.reads)
    }
}

#[derive(Debug)]
struct Waiting {
    operation: String,
    aim: Aim,
    pass: oneshot::Sender<()>,
}

impl Gate {
    /// The requests that wait; of one client always in the same order.
    pub fn waiting(&self) -> Vec<Aim> {
        self.requests().iter().map(|waiting| waiting.aim).collect()
    }

    /// Lets the request through that is at this place of [`Gate::waiting`].
    pub fn open(&self, place: usize) {
        let waiting = self.requests().remove(place);
        waiting.pass.send(()).expect("a request waits as long as it takes");
    }

    pub(super) async fn pass(&self, operation: &str, body: &Value) {
        let text = body.to_string();
        let (rows, manifest) = (text.contains("#INDEX#"), text.contains("#SEGMENTS"));
        if !rows && !manifest {
            return;
        }
        let (pass, passed) = oneshot::channel();
        let aim = Aim { reads: reads(operation), rows, manifest };
        {
            let mut requests = self.requests();
            requests.push(Waiting { operation: operation.to_owned(), aim, pass });
            requests.sort_by(|one, other| one.operation.cmp(&other.operation));
        }
        passed.await.expect("gates are kept");
    }

    fn requests(&self) -> MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

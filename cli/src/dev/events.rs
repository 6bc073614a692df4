//! Deliveries: the queue of the bucket's events, emptied into the functions as Lambda does it for SQS.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use leadline::{App, BoxError};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::running::{Running, stopped};
use crate::events::{Message, Queue};

/// Most deliveries at a time.
const AT_ONCE: usize = 4;
/// How long a message rests that failed; after each failure twice as long, up to [`LONGEST_REST`].
const REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);
/// Longest wait at the end for deliveries in flight. What is left comes again after the next start.
const PATIENCE: Duration = Duration::from_secs(3);

/// Delivers messages until it is stopped, each until its function has handled it.
pub(super) fn serve(queue: Queue, app: Arc<App>) -> Running {
    Running::start(|stop| run(queue, app, stop))
}

async fn run(queue: Queue, app: Arc<App>, stop: oneshot::Receiver<()>) -> Result<(), BoxError> {
    let mut stop = pin!(stopped(stop));
    let (mut delivering, mut resting) = (JoinSet::new(), JoinSet::new());
    loop {
        tokio::select! {
            () = &mut stop => break,
            message = queue.next(), if delivering.len() < AT_ONCE => {
                delivering.spawn(deliver(queue.clone(), Arc::clone(&app), message));
            }
            Some(ended) = delivering.join_next() => {
                if let Ok(Some(failed)) = ended {
                    resting.spawn(rest(failed));
                }
            }
            Some(Ok(rested)) = resting.join_next() => queue.add(rested),
        }
    }
    let _ = tokio::time::timeout(PATIENCE, async { while delivering.join_next().await.is_some() {} }).await;
    Ok(())
}

/// The message, if it is to come again.
async fn deliver(queue: Queue, app: Arc<App>, message: Message) -> Option<Message> {
    let handled = queue.deliver(&app, &message).await;
    (!handled).then_some(message)
}

async fn rest(failed: Message) -> Message {
    tokio::time::sleep(pause(failed.received())).await;
    failed
}

fn pause(failures: u32) -> Duration {
    REST.saturating_mul(1 << failures.saturating_sub(1).min(5)).min(LONGEST_REST)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Instant;

    use tempfile::TempDir;

    use super::*;
    use crate::bucket::Bucket;
    use crate::events::tests::{app, queue};

    #[tokio::test]
    async fn a_message_comes_again_until_it_is_handled() {
        let home = TempDir::new().unwrap();
        let folder = home.path().join("events");
        let queue = queue(&folder);
        let keys = ("key", "secret");
        let bucket = Bucket::open(&home.path().join("s3"), "bucket", keys, queue.clone()).unwrap();
        bucket.recover().await.unwrap();
        let begun = Instant::now();

        let deliveries = serve(queue, app());
        while fs::read_dir(&folder).unwrap().count() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(30), "it was not handled");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }

        assert!(begun.elapsed() >= pause(1) + pause(2));
        deliveries.stop().await.unwrap();
    }

    #[test]
    fn each_rest_is_twice_as_long_up_to_half_a_minute() {
        let pauses = [1, 2, 3, 4, 5, 6, 100].map(|failures| pause(failures).as_secs());

        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
    }
}

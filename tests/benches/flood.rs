//! A flood of posts against the limit of a capture key: how many are stored, and how long senders wait.
//!
//! `cargo bench -p leadline-tests` posts 5,000 leads from 50 addresses, one after another from each, with a key that
//! takes 100 a minute, while the clock of the limit stands still. The table is in this process, 10 ms away.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has failed")]

use std::time::{Duration, Instant};

use futures::future::join_all;
use leadline::domain::NewApiKey;
use leadline_tests::TestApp;
use serde_json::json;

const ADDRESSES: usize = 50;
const POSTS: usize = 100;
const LIMIT: u32 = 100;

#[tokio::main]
async fn main() {
    let app = TestApp::start().await;
    app.stop_clock();
    let org = app.org("Acme").await;
    let new = NewApiKey { limit_per_minute: Some(LIMIT), ..NewApiKey::default() };
    let (_, key) = app.key(org, new).await;
    let path = format!("/api/leads/create-from-site/?apikey={key}");

    let flood = (0..ADDRESSES).map(|address| {
        let (visitor, path) = (app.anyone().from(&format!("198.51.100.{address}")), path.as_str());
        async move {
            let mut answers = Vec::new();
            for post in 0..POSTS {
                let lead = json!({"last_name": "Visitor", "phone": format!("+49 {address} 30{post:05}")});
                let start = Instant::now();
                let answer = visitor.post(path, lead).await;
                answers.push((answer.status.as_u16(), start.elapsed()));
            }
            answers
        }
    });
    let start = Instant::now();
    let answers = join_all(flood).await.concat();
    let took = start.elapsed();

    let stored = app.stored("#LEAD#", "LEAD");
    println!("{} posts in {:.1} s, {stored} leads stored\n", answers.len(), took.as_secs_f64());
    println!("| answer | posts | median | 95 % | slowest |");
    println!("| --- | --- | --- | --- | --- |");
    for status in [201, 429] {
        let mut times: Vec<_> =
            answers.iter().filter(|(is, _)| *is == status).map(|(_, time)| *time).collect();
        times.sort_unstable();
        let [median, most, slowest] = [50, 95, 100].map(|percent| percentile(&times, percent).as_millis());
        println!("| {status} | {} | {median} ms | {most} ms | {slowest} ms |", times.len());
    }
    let others = answers.iter().filter(|(status, _)| ![201, 429].contains(status)).count();
    assert_eq!((stored, others), (usize::try_from(LIMIT).unwrap(), 0));
}

/// The time within which so many of a hundred were answered; they are in order.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let at = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(at).copied().unwrap_or_default()
}

//! Capture from websites as browsers, programs and the owners of keys meet it.

mod bodies;
mod cors;
mod form_post;
mod human;
mod limits;
mod script;

use std::sync::atomic::{AtomicUsize, Ordering};

use leadline_tests::Answer;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::prelude::*;

const FORM: &str = "application/x-www-form-urlencoded";
const PATH: &str = "/api/leads/create-from-site/";

/// Where a website posts that has this key.
fn site(key: &str) -> String {
    format!("{PATH}?apikey={key}")
}

/// A lead that is the repeat of no other.
fn lead() -> Value {
    static NEXT: AtomicUsize = AtomicUsize::new(1_000_000);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    json!({"last_name": "Visitor", "phone": format!("+49 30 {n}")})
}

/// A lead with these fields more.
fn lead_with(more: &Value) -> Value {
    let mut lead = lead();
    lead.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    lead
}

/// How many leads there are.
fn stored(app: &TestApp) -> usize {
    app.stored("#LEAD#", "LEAD")
}

/// Fields as a browser encodes them.
fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    let fields = fields.iter().map(|(name, value)| format!("{}={}", encode(*name), encode(*value)));
    fields.collect::<Vec<_>>().join("&")
}

/// Posts the fields in each of the three ways that a body can be.
async fn three_ways(client: &Client<'_>, path: &str, fields: &[(&str, &str)]) -> [Answer; 3] {
    let object = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
    [
        client.post(path, Value::Object(object.collect())).await,
        client.send("POST", path, FORM, form(fields)).await,
        client.multipart(path, fields, &[]).await,
    ]
}

#[tokio::test]
async fn a_key_in_the_query_counts_before_the_header_and_that_before_the_body() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let (good, bad) = (key.as_str(), "ll_nonsense");

    for (query, header, body, status) in [
        (good, "", "", 201),
        ("", good, "", 201),
        ("", "", good, 201),
        (good, bad, bad, 201),
        ("", good, bad, 201),
        (bad, good, good, 403),
        ("", bad, good, 403),
        ("", "", bad, 403),
        ("", "", "", 403),
    ] {
        let client = app.anyone().with("x-api-key", header);
        let fields = [("last_name", "A"), ("phone", "12345"), ("apikey", body)];
        for answer in three_ways(&client, &site(query), &fields).await {
            assert_eq!(answer.status, status, "{query} {header} {body}: {}", answer.text);
            if status == 403 {
                assert_eq!(answer.body["message"], "this API key is not valid");
            }
        }
    }
}

#[tokio::test]
async fn no_answer_and_nothing_that_is_shown_of_a_key_holds_its_secret() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (id, key) = app.key(admin.org, NewApiKey::default()).await;
    let page = app.anyone().with("accept", "text/html").with("referer", "https://shop.example/contact");

    let good = three_ways(&page, PATH, &[("last_name", "A"), ("phone", "12345"), ("apikey", &key)]).await;
    let bad = three_ways(&page, &site(&key), &[("last_name", "A"), ("email", "x")]).await;
    let shown = serde_json::to_string(&app.app.store.find_key(admin.org, id).await.unwrap()).unwrap();
    let listed = serde_json::to_string(&app.app.store.keys(admin.org).await.unwrap()).unwrap();

    for answer in good.iter().chain(&bad) {
        assert!(!answer.text.contains(&key), "{}", answer.text);
    }
    assert!(!shown.contains(&key) && !listed.contains(&key), "{shown} {listed}");
    assert_eq!(app.mentions(&key), 0, "the table does not hold it either");
}

#[tokio::test(start_paused = true)]
async fn the_last_use_of_a_key_is_written_once_an_hour() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.stop_clock();
    let (id, key) = app.key(admin.org, NewApiKey::default()).await;
    let shown = async || app.app.store.find_key(admin.org, id).await.unwrap().unwrap().last_used_on;
    let units = async |later: Duration| {
        app.pass(later);
        app.engine.traffic();
        let answer = app.anyone().post(&site(&key), lead()).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        app.engine.traffic().write_units
    };
    let never = shown().await;

    let first = app.now();
    let at_first = units(Duration::zero()).await;
    let soon = units(Duration::minutes(30)).await;
    let almost = units(Duration::minutes(29)).await;
    let meanwhile = shown().await;
    let after_an_hour = units(Duration::minutes(2)).await;
    let second = app.now();
    let then = units(Duration::minutes(1)).await;

    assert_eq!(never, None);
    assert_eq!(meanwhile, Some(first));
    assert_eq!(shown().await, Some(second));
    assert_eq!(app.app.store.keys(admin.org).await.unwrap()[0].last_used_on, Some(second));
    assert_eq!((almost, then), (soon, soon), "nothing more is written within the hour");
    assert!(at_first > soon && after_an_hour > soon, "{at_first} {soon} {after_an_hour}");
}

#[tokio::test(start_paused = true)]
async fn fifty_first_uses_at_once_are_one_last_use() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.stop_clock();
    let (id, key) = app.key(admin.org, NewApiKey::default()).await;

    let (site, visitor) = (site(&key), app.anyone());
    let answers = futures::future::join_all((0..50).map(|_| visitor.post(&site, lead()))).await;

    assert!(answers.iter().all(|answer| answer.status == 201), "{}", answers[0].text);
    let shown = app.app.store.find_key(admin.org, id).await.unwrap().unwrap();
    assert_eq!(shown.last_used_on, Some(app.now()));
}

#[tokio::test]
async fn a_key_was_last_used_by_any_secret_it_ever_had() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.stop_clock();
    let (id, old) = app.key(admin.org, NewApiKey::default()).await;
    let shown = async || app.app.store.find_key(admin.org, id).await.unwrap().unwrap().last_used_on;
    let first = app.now();
    app.anyone().post(&site(&old), lead()).await;

    let new = leadline::auth::ApiSecret::generate().unwrap();
    app.app.store.rotate_key(admin.org, id, new.hash(), app.now()).await.unwrap();
    let rotated = shown().await;
    app.pass(Duration::hours(2));
    app.anyone().post(&site(new.reveal()), lead()).await;
    let by_the_new = shown().await;
    app.pass(Duration::hours(2));
    app.anyone().post(&site(&old), lead()).await;
    let fourth = first + Duration::hours(4);
    assert_eq!(shown().await, Some(fourth));
    app.app.store.revoke_key(admin.org, id, app.now()).await.unwrap();
    assert_eq!(shown().await, Some(fourth), "revoked");

    assert_eq!(rotated, Some(first));
    assert_eq!(by_the_new, Some(first + Duration::hours(2)));
}

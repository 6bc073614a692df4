//! When the table is not well.

use crate::prelude::*;

#[tokio::test]
async fn a_table_that_throttles_for_a_moment_is_not_noticed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (operation, fault) in [
        ("GetItem", Fault::Throttled),
        ("BatchGetItem", Fault::Unprocessed),
        ("TransactWriteItems", Fault::Throttled),
        ("TransactWriteItems", Fault::Conflict),
        ("TransactWriteItems", Fault::Conflict),
    ] {
        app.engine.fail(operation, fault);
    }

    let made = admin
        .post("/api/leads/", json!({"first_name": "A", "last_name": "B", "email": "a@example.com"}))
        .await;

    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(app.stored("#LEAD#", "LEAD"), 1);
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_there_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.engine.fail("TransactWriteItems", Fault::AnswerLost);

    let made = admin
        .post("/api/leads/", json!({"first_name": "A", "last_name": "B", "email": "a@example.com"}))
        .await;

    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(app.stored("#LEAD#", "LEAD"), 1);
    assert_eq!(app.app.store.counts(admin.org).await.unwrap().open, 1);
    assert_eq!(admin.get("/api/leads/").await.body["open_leads"][0]["id"], made.body["id"]);
}

#[tokio::test(start_paused = true)]
async fn a_table_that_goes_on_throttling_is_503() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for _ in 0..20 {
        app.engine.fail("GetItem", Fault::Throttled);
    }

    let answer = admin.get("/api/leads/companies/").await;

    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.body["code"], "unavailable");
}

#[tokio::test]
async fn a_broken_table_is_500_and_says_nothing_of_the_inside() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.lose_the_table();

    let answer = admin.get("/api/leads/companies/").await;

    assert_eq!(answer.status, 500, "{}", answer.text);
    assert_eq!(answer.body["message"], "something went wrong on our side");
    assert!(
        !answer.text.to_lowercase().contains("table") && !answer.text.contains("dynamo"),
        "{}",
        answer.text
    );
}

//! The same request again, and the same bytes.

use crate::imports::{counts, leads, send, send_by_bucket, send_by_link, shown};
use crate::prelude::*;

/// Nothing in these rows tells one lead from another.
const CSV: &str = "First name,Surname\nAda,Lovelace\nAda,Lovelace\n";

#[tokio::test]
async fn a_request_with_an_idempotency_key_is_done_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let keyed = admin.with("idempotency-key", "k1");

    let first = send(&keyed, "leads.csv", CSV, &[]).await;
    let again = send(&keyed, "leads.csv", CSV, &[]).await;
    let other_bytes = send(&keyed, "leads.csv", "Name\nGrace Hopper\n", &[]).await;
    let other_options = send(&keyed, "leads.csv", CSV, &[("on_duplicate", "create")]).await;
    let other_key =
        send(&admin.with("idempotency-key", "k2"), "leads.csv", "Name\nGrace Hopper\n", &[]).await;

    assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 200), "{}", again.text);
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    assert_eq!(again.body, first.body);
    for other in [other_bytes, other_options] {
        assert_eq!((other.status.as_u16(), &other.body["code"]), (409, &json!("conflict")), "{}", other.text);
    }
    assert_eq!((other_key.status.as_u16(), counts(&other_key.body)), (200, [1, 0, 0, 0]));
    assert_eq!(leads(&admin).await.len(), 3);
    assert_eq!(admin.get("/api/leads/upload/").await.body["imports"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_idempotency_key_is_used_up_by_an_import_and_by_nothing_less() {
    let app = TestApp::start().await;
    let admin = app.admin().await.with("idempotency-key", "k");

    let wrong = send(&admin, "leads.csv", CSV, &[("on_duplicate", "replace")]).await;
    let dry = send(&admin, "leads.csv", CSV, &[("dry_run", "true")]).await;
    let unreadable = send(&admin, "leads.csv", "Shoe size\n38\n", &[]).await;
    let again = send(&admin, "leads.csv", "Shoe size\n38\n", &[]).await;
    let mended = send(&admin, "leads.csv", CSV, &[]).await;

    let statuses = [&wrong, &dry, &unreadable, &again, &mended].map(|answer| answer.status.as_u16());
    assert_eq!(statuses, [400, 200, 400, 400, 409]);
    assert_eq!(again.body["errors"], unreadable.body["errors"]);
    assert_eq!(app.stored("LEAD", ""), 0);
}

#[tokio::test]
async fn the_same_bytes_are_imported_once_whatever_their_name_and_door() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let colleague = app.member(admin.org, Role::Admin).await;
    let first = send(&admin, "leads.csv", CSV, &[]).await;

    let same = send(&admin, "leads.csv", CSV, &[]).await;
    let renamed = send(&colleague, "other.csv", CSV, &[("tags", "new")]).await;
    let linked = send_by_link(&admin, "leads.csv", CSV, &[]).await;
    let dropped = send_by_bucket(&admin, "leads.csv", CSV, &[]).await;
    let elsewhere = send(&rival, "leads.csv", CSV, &[]).await;

    assert_eq!((counts(&first.body), &first.body["repeat_of"]), ([2, 0, 0, 0], &Value::Null));
    assert_eq!((same.status.as_u16(), renamed.status.as_u16()), (200, 200));
    for import in [&same.body, &renamed.body, &linked, &dropped] {
        assert_eq!(import["repeat_of"], json!(first.id()), "{import}");
        assert_eq!((&import["status"], counts(import)), (&json!("success"), [0; 4]));
        assert_eq!((&import["progress"], &import["errors"]), (&json!(100), &json!([])));
    }
    assert_eq!(leads(&admin).await.len(), 2);
    assert_eq!((&elsewhere.body["repeat_of"], leads(&rival).await.len()), (&Value::Null, 2));
}

#[tokio::test]
async fn what_came_by_any_door_is_known_to_the_others() {
    let app = TestApp::start().await;
    let (one, two) = (app.admin().await, app.admin().await);

    let linked = send_by_link(&one, "leads.csv", CSV, &[]).await;
    let dropped = send_by_bucket(&two, "leads.csv", CSV, &[]).await;
    let again = [send(&one, "a.csv", CSV, &[]).await, send(&two, "b.csv", CSV, &[]).await];

    for (first, again) in [linked, dropped].iter().zip(again) {
        assert_eq!((counts(first), counts(&again.body)), ([2, 0, 0, 0], [0; 4]));
        assert_eq!(again.body["repeat_of"], first["id"]);
    }
}

#[tokio::test]
async fn the_same_bytes_are_imported_again_on_demand_or_in_another_way() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let first = send(&admin, "leads.csv", CSV, &[]).await;

    let demanded = send(&admin, "leads.csv", CSV, &[("again", "true")]).await;
    let created = send(&admin, "leads.csv", CSV, &[("on_duplicate", "create")]).await;
    let updated = send_by_link(&admin, "leads.csv", CSV, &[("on_duplicate", "update")]).await;
    let dropped = send_by_bucket(&admin, "leads.csv", CSV, &[("again", "true")]).await;
    let repeated = send(&admin, "leads.csv", CSV, &[]).await;
    let created_twice =
        send(&admin, "leads.csv", CSV, &[("on_duplicate", "create"), ("again", "false")]).await;

    for import in [&demanded.body, &created.body, &updated, &dropped] {
        assert_eq!((counts(import), &import["repeat_of"]), ([2, 0, 0, 0], &Value::Null), "{import}");
    }
    assert_eq!(repeated.body["repeat_of"], json!(first.id()));
    assert_eq!(created_twice.body["repeat_of"], json!(created.id()));
    assert_eq!(leads(&admin).await.len(), 10);
}

#[tokio::test]
async fn a_file_that_could_not_be_read_is_no_repeat() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let answers = [
        send(&admin, "leads.csv", "Shoe\n38\n", &[]).await,
        send(&admin, "leads.csv", "Shoe\n38\n", &[]).await,
    ];

    assert_eq!(answers[0].status, 400);
    assert_eq!(answers[1].body["errors"], answers[0].body["errors"]);
    let imports = admin.get("/api/leads/upload/").await.body["imports"].clone();
    let states: Vec<_> = imports.as_array().unwrap().iter().map(|import| &import["status"]).collect();
    assert_eq!(states, ["failed", "failed"]);
    let failed = shown(&admin, imports[0]["id"].as_str().unwrap()).await;
    assert_eq!((&failed["repeat_of"], failed["error"].is_string()), (&Value::Null, true));
}

#[tokio::test]
async fn a_file_that_failed_for_its_options_can_come_again() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let nobody = [("assigned_to", "nobody@users.example")];

    let failed = send(&admin, "leads.csv", CSV, &nobody).await;
    let mended = send(&admin, "leads.csv", CSV, &[]).await;

    assert_eq!(failed.status, 400, "{}", failed.text);
    assert_eq!((mended.status.as_u16(), &mended.body["repeat_of"]), (200, &Value::Null), "{}", mended.text);
    assert_eq!((counts(&mended.body), leads(&admin).await.len()), ([2, 0, 0, 0], 2));
}

#[tokio::test]
async fn a_file_whose_import_was_taken_back_can_come_again() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let first = send(&admin, "leads.csv", CSV, &[]).await;

    let undone = admin.delete(&format!("/api/leads/upload/{}/", first.id())).await;
    let again = send(&admin, "leads.csv", CSV, &[]).await;

    assert_eq!((undone.status.as_u16(), &undone.body["status"]), (200, &json!("undone")), "{}", undone.text);
    assert_eq!((counts(&again.body), &again.body["repeat_of"]), ([2, 0, 0, 0], &Value::Null));
    assert_eq!(leads(&admin).await.len(), 2);
}

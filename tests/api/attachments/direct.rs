//! Files that their sender puts straight into the bucket.

use super::{FILE, an_hour_and_a_file_later, attach, download, names, object, open};
use crate::prelude::*;

#[tokio::test]
async fn a_file_sent_to_the_bucket_is_shown_when_it_is_there() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;

    let asked =
        admin.post(&lead, json!({"file_name": "../é.mp4", "size": 5, "content_type": "video/mp4"})).await;
    let (id, upload) = (asked.id(), &asked.body["upload"]);
    let file = format!("/api/leads/attachment/{id}/");
    let early = admin.post(&lead, json!({ "upload_id": id })).await;
    let (none, no_link) = (admin.get(&lead).await, admin.get(&file).await);
    let said = admin.post(&lead, json!({"comment": "It is on its way."})).await;
    let (put, ..) = app.put(upload["url"].as_str().unwrap(), &upload["headers"], "hello").await;
    let shown = admin.get(&lead).await.body["attachments"].clone();
    let confirmed = admin.post(&lead, json!({ "upload_id": id })).await;
    let again = admin.post(&lead, json!({ "upload_id": id })).await;

    assert_eq!(asked.status, 201, "{}", asked.text);
    assert_eq!(upload["method"], "PUT");
    assert!(upload["url"].as_str().unwrap().contains("X-Amz-Expires=3600&"), "{upload}");
    let expires: chrono::DateTime<chrono::Utc> = asked.body["expires_on"].as_str().unwrap().parse().unwrap();
    assert!((Duration::minutes(59)..=Duration::minutes(60)).contains(&(expires - app.now())), "{expires}");
    assert_eq!((early.status.as_u16(), &early.body["code"]), (409, &json!("conflict")), "{}", early.text);
    assert_eq!((&none.body["attachments"], no_link.status.as_u16()), (&json!([]), 404));
    assert_eq!(said.body["attachments"], json!([]));
    assert_eq!(put, 200);
    for (field, value) in [
        ("id", json!(id)),
        ("file_name", json!("../é.mp4")),
        ("size", json!(5)),
        ("content_type", json!("video/mp4")),
    ] {
        assert_eq!(shown[0][field], value, "{field}");
    }
    for confirmed in [confirmed, again] {
        assert_eq!(confirmed.status, 201, "{}", confirmed.text);
        assert_eq!(confirmed.body["attachment"], shown[0]);
        assert_eq!(confirmed.body["attachments"], shown);
        assert_eq!(confirmed.body["comment"], Value::Null);
    }
    let (kind, name, content) = download(&admin, &shown[0]).await;
    assert_eq!((&*kind, &*name, &*content), ("video/mp4", "../é.mp4", &b"hello"[..]));
    assert_eq!(admin.delete(&file).await.status, 204);
    assert_eq!(app.bucket.objects(), [""; 0]);
}

#[tokio::test]
async fn a_file_in_the_bucket_is_found_by_its_link_and_by_the_next_comment() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let mut ids = Vec::new();
    for name in ["one.txt", "two.txt"] {
        let asked = admin.post(&lead, json!({"file_name": name, "size": 2})).await;
        let upload = &asked.body["upload"];
        let (put, ..) = app.put(upload["url"].as_str().unwrap(), &upload["headers"], "hi").await;
        assert_eq!(put, 200);
        ids.push(asked.id());
    }

    let link = admin.get(&format!("/api/leads/attachment/{}/", ids[0])).await;
    let said = admin.post(&lead, json!({"comment": "Both are there."})).await;

    assert_eq!(link.status, 302, "{}", link.text);
    assert_eq!(&*app.fetch(link.header("location")).await.2, b"hi");
    assert_eq!(names(&said.body["attachments"]), ["two.txt", "one.txt"]);
    assert_eq!(said.body["new_attachments"], json!([]), "this request brought none");
}

#[tokio::test]
async fn the_bucket_takes_only_what_was_announced() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let body = json!({"file_name": "a.txt", "size": 2, "content_type": "text/plain"});
    let upload = admin.post(&lead, body).await.body["upload"].clone();
    let url = upload["url"].as_str().unwrap();
    let other_kind = json!({"content-type": "text/html"});

    assert_eq!(app.put(url, &upload["headers"], "hi!").await.0, 403, "of another size");
    assert_eq!(app.put(url, &other_kind, "hi").await.0, 403, "of another kind");
    let elsewhere = url.replace("/attachments/", "/imports/");
    assert_eq!(app.put(&elsewhere, &upload["headers"], "hi").await.0, 403, "to another place");

    assert_eq!(app.bucket.objects(), [""; 0]);
    assert_eq!(admin.get(&lead).await.body["attachments"], json!([]));
    assert_eq!(app.put(url, &upload["headers"], "hi").await.0, 200);
}

#[tokio::test]
async fn an_upload_says_name_and_size() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;

    for (size, status) in [
        (json!(0), 400),
        (json!(1), 201),
        (json!(104_857_600), 201),
        (json!(104_857_601), 400),
        (json!(-1), 400),
        (json!(1.5), 400),
        (json!("many"), 400),
    ] {
        let answer = admin.post(&lead, json!({"file_name": "a.txt", "size": size})).await;
        assert_eq!(answer.status, status, "{size} {}", answer.text);
        assert_eq!(answer.body["errors"]["size"][0].is_string(), status == 400, "{}", answer.text);
    }
    for (name, status) in
        [("字".repeat(255), 201), ("字".repeat(256), 400), ("a\r\nx-evil: 1.txt".to_owned(), 400)]
    {
        let answer = admin.post(&lead, json!({"file_name": name, "size": 1})).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_eq!(answer.body["errors"]["file_name"][0].is_string(), status == 400, "{}", answer.text);
    }
    for (unknown, status) in [(json!("x"), 400), (json!(app.app.ids.user(app.now())), 409)] {
        let answer = admin.post(&lead, json!({ "upload_id": unknown })).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert_eq!(admin.get(&lead).await.body["attachments"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_not_finished_is_gone_after_a_week() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let upload = admin.post(&lead, json!({"file_name": "a.txt", "size": 1})).await.id();

    app.pass(Duration::days(8));
    let admin = admin.renewed();
    let other = open(&admin).await;
    let kept = attach(&admin, &other, FILE).await;

    assert_eq!(app.mentions(&upload), 0);
    assert_eq!(app.bucket.objects(), [object(&admin, &kept)]);
    assert_eq!(admin.get(&format!("/api/leads/attachment/{upload}/")).await.status, 404);
    assert_eq!(admin.get(&lead).await.body["attachments"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn an_upload_to_a_lead_deleted_meanwhile_leaves_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let asked = admin.post(&lead, json!({"file_name": "a.txt", "size": 2})).await;
    let upload = &asked.body["upload"];

    assert_eq!(admin.delete(&lead).await.status, 204);
    let (put, ..) = app.put(upload["url"].as_str().unwrap(), &upload["headers"], "hi").await;
    let late = admin.get(&format!("/api/leads/attachment/{}/", asked.id())).await;
    app.pass(Duration::days(8));
    let new = an_hour_and_a_file_later(&admin).await;

    assert_eq!((put.as_u16(), late.status.as_u16()), (200, 404));
    assert_eq!(app.bucket.objects(), [new]);
    assert_eq!(app.mentions(&asked.id()), 0);
    assert_eq!(app.mentions(lead.split('/').nth(3).unwrap()), 0);
}

#[tokio::test(start_paused = true)]
async fn an_upload_asked_for_again_under_its_key_is_one() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let keyed = admin.with("idempotency-key", "k");
    let body = json!({"file_name": "a.txt", "size": 2});

    let first = keyed.post(&lead, body.clone()).await;
    let again = keyed.post(&lead, body).await;
    let upload = &again.body["upload"];
    let (put, ..) = app.put(upload["url"].as_str().unwrap(), &upload["headers"], "hi").await;

    assert_eq!((again.status, &again.text, put.as_u16()), (first.status, &first.text, 200));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(names(&admin.get(&lead).await.body["attachments"]), ["a.txt"]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_has_arrived_is_not_replaced_by_its_link() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let asked = admin.post(&lead, json!({"file_name": "a.txt", "size": 5})).await;
    let (url, headers) = (asked.body["upload"]["url"].as_str().unwrap(), &asked.body["upload"]["headers"]);

    let first = app.put(url, headers, "first").await.0;
    let second = app.put(url, headers, "other").await.0;

    assert_eq!((first.as_u16(), second.as_u16()), (200, 412));
    let link = admin.get(&format!("/api/leads/attachment/{}/", asked.id())).await;
    assert_eq!(app.fetch(link.header("location")).await.2, "first");
}

#[tokio::test(start_paused = true)]
async fn a_lead_awaits_at_most_twenty_uploads() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let upload = json!({"file_name": "a.txt", "size": 5});
    for _ in 0..20 {
        assert_eq!(admin.post(&lead, upload.clone()).await.status, 201);
    }

    let one_more = admin.post(&lead, upload.clone()).await;
    app.pass(Duration::days(7));
    let later = admin.renewed().post(&lead, upload).await;

    assert_eq!(one_more.status, 400);
    assert!(one_more.body["errors"]["file_name"][0].is_string(), "{}", one_more.text);
    assert_eq!(later.status, 201, "{}", later.text);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_arrived_and_was_never_looked_at_is_kept() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (lead, other) = (open(&admin).await, open(&admin).await);
    let asked = admin.post(&lead, json!({"file_name": "a.txt", "size": 5})).await;
    let upload = &asked.body["upload"];
    assert_eq!(app.put(upload["url"].as_str().unwrap(), &upload["headers"], "hello").await.0, 200);

    app.pass(Duration::days(2));
    let admin = admin.renewed();
    assert_eq!(admin.post(&other, json!({"comment": "Something else."})).await.status, 201);
    app.pass(Duration::days(30));

    let shown = admin.renewed().get(&lead).await;
    assert_eq!(shown.body["attachments"][0]["file_name"], "a.txt", "{}", shown.text);
    assert_eq!(app.bucket.objects().len(), 1);
    assert_eq!(app.stored("#CHORES", ""), 0);
}

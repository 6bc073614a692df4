//! Files sent to the bucket by a link.

use chrono::DateTime;

use super::{counts, leads, send_by_link, shown};
use crate::prelude::*;

const PATH: &str = "/api/leads/upload/";
const CSV: &str = "First name,Surname,E-mail\nAda,Lovelace,ada@example.com\nGrace,Hopper,grace@\n";

/// What is asked for to send a file.
fn asked(name: &str, content: &str) -> Value {
    json!({ "file_name": name, "size": content.len() })
}

/// Sends the content as the answer says; the bucket's status.
async fn put(client: &Client<'_>, answer: &Value, content: &str) -> u16 {
    let upload = &answer["upload"];
    let (status, ..) =
        client.app.put(upload["url"].as_str().unwrap(), &upload["headers"], content.to_owned()).await;
    status.as_u16()
}

#[tokio::test]
async fn a_file_sent_by_a_link_is_imported_once_it_is_there() {
    let app = TestApp::start().await;
    app.stop_clock();
    let user = app.member(app.org("Acme").await, Role::User).await;

    let answer = user.post(PATH, asked("leads.csv", CSV)).await;
    let before = shown(&user, &answer.id()).await;
    let nothing_waits = app.messages();
    let status = put(&user, &answer.body, CSV).await;
    let there = shown(&user, &answer.id()).await;
    app.deliver().await;
    let after = shown(&user, &answer.id()).await;

    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("location"), format!("{PATH}{}/", answer.id()));
    let upload = &answer.body["upload"];
    assert_eq!(
        (&upload["method"], upload["headers"]["content-length"].as_str()),
        (&json!("PUT"), Some(&*CSV.len().to_string()))
    );
    let until = DateTime::parse_from_rfc3339(answer.body["expires_on"].as_str().unwrap()).unwrap();
    assert_eq!((until.to_utc() - app.now()).num_minutes(), 60);
    assert_eq!((nothing_waits, status), (0, 200));
    for import in [before, there] {
        assert_eq!((&import["status"], &import["progress"]), (&json!("awaiting"), &json!(0)));
        assert_eq!((counts(&import), &import["finished_on"]), ([0; 4], &Value::Null));
        assert_eq!((&import["file_name"], &import["errors"]), (&json!("leads.csv"), &json!([])));
    }
    assert_eq!(
        (&after["status"], &after["progress"], counts(&after)),
        (&json!("success"), &json!(100), [1, 1, 0, 0])
    );
    assert_eq!((&after["errors"][0]["row"], &after["created_by"]["id"]), (&json!(3), &json!(user.user)));
    let leads = leads(&user).await;
    assert_eq!((leads.len(), &leads[0]["created_by"]), (1, &json!(user.user)));
    assert_eq!(app.messages(), 0);
}

#[tokio::test]
async fn the_bucket_takes_what_was_announced_and_takes_it_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let answer = admin.post(PATH, asked("leads.csv", CSV)).await;

    let longer = put(&admin, &answer.body, &format!("{CSV}Alan,Turing,\n")).await;
    let shorter = put(&admin, &answer.body, &CSV[..CSV.len() - 1]).await;
    let mut elsewhere = answer.body.clone();
    let url = elsewhere["upload"]["url"]
        .as_str()
        .unwrap()
        .replace(&answer.id(), "0195d7a0-0000-7000-8000-000000000001");
    elsewhere["upload"]["url"] = json!(url);
    let elsewhere = put(&admin, &elsewhere, CSV).await;
    let waits = app.messages();
    let right = put(&admin, &answer.body, CSV).await;
    let again = put(&admin, &answer.body, CSV).await;
    app.deliver().await;

    assert_eq!([longer, shorter, elsewhere, right, again], [403, 403, 403, 200, 412]);
    assert_eq!(waits, 0);
    assert_eq!(counts(&shown(&admin, &answer.id()).await), [1, 1, 0, 0]);
}

#[tokio::test]
async fn name_and_size_are_checked_before_a_link_is_given() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let long = "n".repeat(256);

    for (asked, field) in [
        (json!({ "file_name": "a.csv", "size": 0 }), "size"),
        (json!({ "file_name": "a.csv", "size": -1 }), "size"),
        (json!({ "file_name": "a.csv", "size": 1.5 }), "size"),
        (json!({ "file_name": "a.csv", "size": "many" }), "size"),
        (json!({ "file_name": "a.csv", "size": 500_000_001 }), "size"),
        (json!({ "file_name": "a.csv" }), "size"),
        (json!({ "size": 5 }), "leads_file"),
        (json!({ "file_name": " ", "size": 5 }), "leads_file"),
        (json!({ "file_name": long, "size": 5 }), "file_name"),
        (json!({ "file_name": "a\nb.csv", "size": 5 }), "file_name"),
        (json!({ "file_name": ["a.csv"], "size": 5 }), "file_name"),
        (json!({ "file_name": "a.csv", "size": 5, "on_duplicate": "replace" }), "on_duplicate"),
    ] {
        let answer = admin.post(PATH, asked.clone()).await;

        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (400, &json!("invalid")), "{asked}");
        assert_eq!(answer.body["errors"].as_object().unwrap().keys().collect::<Vec<_>>(), [field], "{asked}");
    }
    assert_eq!(admin.get(PATH).await.body["imports"], json!([]));

    let largest = admin.post(PATH, json!({ "file_name": &long[1..], "size": 500_000_000 })).await;
    let as_text = admin.post(PATH, json!({ "file_name": "a.csv", "size": "5" })).await;
    let as_form = admin.multipart(PATH, &[("file_name", "a.csv"), ("size", "5")], &[]).await;
    for answer in [largest, as_text, as_form] {
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
}

#[tokio::test]
async fn a_file_keeps_its_name_whatever_is_in_it() {
    let app = TestApp::start().await;
    for name in [
        "Zoë's \"leads\" 100% + #1 & more?.csv",
        " two  spaces .csv",
        "名簿 (最新).csv",
        "no ending",
        "a/b/c.csv",
        "back\\slash.csv",
        "100%2F.csv",
        "leads.csv/",
        "~!@$^*()_=[]{}|;:,<>`.csv",
    ] {
        let admin = app.admin().await;

        let import = send_by_link(&admin, name, CSV, &[]).await;

        assert_eq!((&import["file_name"], &import["status"]), (&json!(name), &json!("success")), "{import}");
        assert_eq!((counts(&import), leads(&admin).await.len()), ([1, 1, 0, 0], 1), "{name}");
    }
}

#[tokio::test]
async fn a_name_leads_to_no_other_place() {
    let app = TestApp::start().await;
    for name in ["../../leads.csv", "..", ".", "/leads.csv", "a//b.csv", "./leads.csv"] {
        let admin = app.admin().await;

        let import = send_by_link(&admin, name, CSV, &[]).await;

        assert_eq!((&import["file_name"], &import["status"]), (&json!(name), &json!("success")), "{import}");
        let id = import["id"].as_str().unwrap();
        let own = format!("imports/{}/{id}/", admin.org);
        let objects = app.bucket.objects();
        let files: Vec<_> =
            objects.iter().filter(|key| key.starts_with("imports/") && key.contains(id)).collect();
        assert!(files.len() == 1 && files[0].starts_with(&own), "{name}: {objects:?}");
    }
}

#[tokio::test]
async fn options_asked_for_with_the_link_count_when_the_file_comes() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let colleague = app.member(admin.org, Role::User).await;
    admin.open_lead("Lovelace", json!({ "email": "ada@example.com" })).await;
    let mut asked = asked("leads.csv", CSV);
    let options = json!({
        "on_duplicate": "create", "default_source": "Trade Show", "tags": ["Fair", "vip"],
        "assigned_to": [colleague.user], "dry_run": false, "again": true,
    });
    asked.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());

    let answer = admin.post(PATH, asked).await;
    put(&admin, &answer.body, CSV).await;
    app.deliver().await;
    let import = shown(&admin, &answer.id()).await;

    assert_eq!((&import["on_duplicate"], counts(&import)), (&json!("create"), [1, 1, 0, 0]));
    let leads = leads(&admin).await;
    assert_eq!((leads.len(), &leads[0]["source"]), (2, &json!("Trade Show")));
    assert_eq!(
        (&leads[0]["tags"], &leads[0]["assigned_to"]),
        (&json!(["Fair", "vip"]), &json!([colleague.user]))
    );
}

#[tokio::test]
async fn a_link_asked_for_again_by_its_idempotency_key_is_of_the_same_import() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let keyed = admin.with("idempotency-key", "k");

    let first = keyed.post(PATH, asked("leads.csv", CSV)).await;
    app.pass(Duration::seconds(2));
    let again = keyed.post(PATH, asked("leads.csv", CSV)).await;
    let other = keyed.post(PATH, asked("other.csv", CSV)).await;
    let file = ("leads_file", "leads.csv", "text/csv", CSV.as_bytes());
    let as_file = keyed.multipart(PATH, &[], &[file]).await;
    let put = [put(&admin, &again.body, CSV).await, put(&admin, &first.body, CSV).await];
    app.deliver().await;
    let late = keyed.post(PATH, asked("leads.csv", CSV)).await;

    assert_eq!([&first, &again, &late].map(|answer| answer.status.as_u16()), [201; 3]);
    assert_eq!((again.id(), late.id()), (first.id(), first.id()));
    let replayed = [&first, &again, &late].map(|answer| answer.header("idempotent-replayed"));
    assert_eq!(replayed, ["", "true", "true"]);
    assert_eq!([other.status.as_u16(), as_file.status.as_u16()], [409, 409]);
    assert_eq!(put, [200, 412]);
    assert_eq!(admin.get(PATH).await.body["imports"].as_array().unwrap().len(), 1);
    assert_eq!((counts(&shown(&admin, &first.id()).await), leads(&admin).await.len()), ([1, 1, 0, 0], 1));
}

#[tokio::test]
async fn a_file_that_never_comes_is_awaited_and_one_that_cannot_be_read_fails() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let never = admin.post(PATH, asked("leads.csv", CSV)).await;
    app.pass(Duration::hours(2));
    let admin = admin.renewed();
    app.deliver().await;
    let awaited = shown(&admin, &never.id()).await;
    let undone = admin.delete(&format!("{PATH}{}/", never.id())).await;
    let unreadable = send_by_link(&admin, "leads.xlsx", "PK\x03\x04 and no more", &[]).await;

    assert_eq!((&awaited["status"], &awaited["progress"]), (&json!("awaiting"), &json!(0)));
    assert_eq!((undone.status.as_u16(), &undone.body["code"]), (409, &json!("conflict")), "{}", undone.text);
    assert_eq!((&unreadable["status"], &unreadable["progress"]), (&json!("failed"), &json!(100)));
    assert!(unreadable["error"].as_str().is_some_and(|error| error.contains("workbook")), "{unreadable}");
    assert_eq!((counts(&unreadable), &unreadable["errors_file"]), ([0; 4], &Value::Null));
    assert!(unreadable["finished_on"].is_string());
}

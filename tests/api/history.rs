//! What happened to a lead, as `GET /api/leads/{pk}/` tells it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::prelude::*;

/// Where a history goes on.
fn after(lead: &str, cursor: &str) -> String {
    format!("{lead}?history_cursor={}", utf8_percent_encode(cursor, NON_ALPHANUMERIC))
}

fn versions(history: &Value) -> Vec<u64> {
    history.as_array().unwrap().iter().map(|event| event["version"].as_u64().unwrap()).collect()
}

/// The whole history, page by page, and how long each page was.
async fn whole(client: &Client<'_>, lead: &str) -> (Vec<u64>, Vec<usize>) {
    let (mut path, mut seen, mut pages) = (lead.to_owned(), Vec::new(), Vec::new());
    loop {
        let page = client.get(&path).await;
        assert_eq!(page.status, 200, "{}", page.text);
        pages.push(versions(&page.body["history"]).len());
        seen.extend(versions(&page.body["history"]));
        match page.body["history_cursor"].as_str() {
            Some(cursor) => path = after(lead, cursor),
            None => return (seen, pages),
        }
    }
}

#[tokio::test]
async fn a_history_begins_with_what_was_sent_to_the_api() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin
        .open_lead(
            "Lovelace",
            json!({"city": "London", "opportunity_amount": 5, "tags": ["VIP"], "assigned_to": [admin.user], "phone": ""}),
        )
        .await;

    let shown = admin.get(&format!("/api/leads/{}/", lead.id())).await;

    let history = shown.body["history"].as_array().unwrap();
    assert_eq!(history.len(), 1);
    assert_eq!(shown.body["history_cursor"], Value::Null);
    let event = &history[0];
    for (field, value) in [
        ("version", json!(1)),
        ("action", json!("created")),
        ("on", lead.body["created_on"].clone()),
        ("door", json!("api")),
        (
            "by",
            json!({"id": admin.user, "email": format!("{}@users.example", admin.user), "name": "Some One"}),
        ),
    ] {
        assert_eq!(event[field], value, "{field}");
    }
    for (field, to) in [
        ("first_name", json!("Test")),
        ("last_name", json!("Lovelace")),
        ("city", json!("London")),
        ("status", json!("assigned")),
        ("opportunity_amount", json!("5.00")),
        ("tags", json!(["VIP"])),
        ("assigned_to", json!([admin.user])),
    ] {
        assert_eq!(event["changes"][field], json!({"from": null, "to": to}), "{field}");
    }
    for none in ["phone", "email", "teams", "id", "org", "created_on", "version"] {
        assert!(event["changes"].get(none).is_none(), "{none}");
    }
}

#[tokio::test]
async fn a_lead_from_a_site_was_created_by_nobody_through_the_site() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let site = format!("/api/leads/create-from-site/?apikey={key}");
    let lead =
        app.anyone().post(&site, json!({"last_name": "Hopper", "email": "grace@example.com"})).await.id();
    let path = format!("/api/leads/{lead}/");

    admin.patch(&path, json!({"city": "Arlington"})).await;
    let history = admin.get(&path).await.body["history"].clone();

    assert_eq!(versions(&history), [2, 1]);
    assert_eq!(history[1]["action"], "created");
    assert_eq!((&history[1]["door"], &history[1]["by"]), (&json!("site"), &Value::Null));
    assert_eq!(history[1]["changes"]["last_name"], json!({"from": null, "to": "Hopper"}));
    assert_eq!(history[1]["changes"]["email"], json!({"from": null, "to": "grace@example.com"}));
    assert_eq!((&history[0]["door"], &history[0]["by"]["id"]), (&json!("api"), &json!(admin.user)));
}

#[tokio::test]
async fn each_change_tells_who_changed_what_from_what_to_what() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = app.member(admin.org, Role::User).await;
    let lead =
        admin.open_lead("L", json!({"assigned_to": [ada.user], "tags": ["a"], "state": "Lazio"})).await;
    let path = format!("/api/leads/{}/", lead.id());

    let mut changed = Vec::new();
    for (who, body) in [
        (&ada, json!({"city": "Rome"})),
        (&admin, json!({"city": "Oslo", "state": "", "opportunity_amount": "7.5"})),
        (&ada, json!({"tags": ["a", "b"], "status": "in process"})),
        (&admin, json!({"tags": [], "city": null})),
    ] {
        app.pass(Duration::seconds(1));
        let answer = who.patch(&path, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        changed.push(answer.body["updated_on"].clone());
    }
    let history = admin.get(&path).await.body["history"].clone();

    assert_eq!(versions(&history), [5, 4, 3, 2, 1]);
    for (n, who, changes) in [
        (0, &ada, json!({"city": {"from": null, "to": "Rome"}})),
        (
            1,
            &admin,
            json!({
                "city": {"from": "Rome", "to": "Oslo"}, "state": {"from": "Lazio", "to": null},
                "opportunity_amount": {"from": null, "to": "7.50"},
            }),
        ),
        (
            2,
            &ada,
            json!({
                "tags": {"from": ["a"], "to": ["a", "b"]},
                "status": {"from": "assigned", "to": "in process"},
            }),
        ),
    ] {
        let event = &history[3 - n];
        assert_eq!(event["changes"], changes, "{n}");
        assert_eq!((&event["action"], &event["door"]), (&json!("changed"), &json!("api")));
        assert_eq!(event["by"]["id"], json!(who.user));
        assert_eq!(event["on"], changed[n]);
    }
    assert_eq!(history[0]["changes"]["city"], json!({"from": "Oslo", "to": null}));
    assert_eq!(history[0]["changes"]["tags"]["from"], json!(["a", "b"]));
}

#[tokio::test]
async fn what_changes_nothing_is_no_event() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("L", json!({"city": "Rome", "email": "a@example.com", "tags": ["a"]})).await;
    let path = format!("/api/leads/{}/", lead.id());
    let before = admin.get(&path).await.body["history"].clone();

    for body in [
        json!({}),
        json!({"city": "Rome"}),
        json!({"city": " Rome ", "email": "a@example.com", "tags": ["A"]}),
        json!({"id": "x", "created_by": "x", "version": 9, "unknown": 1}),
        json!({"comment": "Hm."}),
    ] {
        assert_eq!(admin.patch(&path, body).await.status, 200);
    }
    let said =
        admin.multipart(&path, &[("comment", "Hm.")], &[("attachment", "a.txt", "text/plain", b"a")]).await;
    let refused = admin.patch(&path, json!({"city": "Oslo", "email": "no"})).await;

    assert_eq!((said.status.as_u16(), refused.status.as_u16()), (201, 400));
    assert_eq!(admin.get(&path).await.body["history"], before);
}

#[tokio::test]
async fn a_conversion_is_an_event_of_its_own_and_the_last() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("L", json!({"email": "a@example.com"})).await;
    let path = format!("/api/leads/{}/", lead.id());

    let body = json!({"status": "converted", "account_name": "Acme"});
    let converted = admin.patch(&path, body.clone()).await;
    let again = admin.patch(&path, body).await;
    let refused = admin.patch(&path, json!({"city": "Rome"})).await;
    let history = admin.get(&path).await.body["history"].clone();

    let statuses = [&converted, &again, &refused].map(|answer| answer.status.as_u16());
    assert_eq!(statuses, [200, 200, 400], "{} {}", converted.text, again.text);
    assert_eq!(versions(&history), [2, 1]);
    assert_eq!(history[0]["action"], "converted");
    assert_eq!(history[0]["by"]["id"], json!(admin.user));
    assert_eq!(history[0]["changes"]["status"], json!({"from": "assigned", "to": "converted"}));
    assert_eq!(history[0]["changes"]["account_name"], json!({"from": null, "to": "Acme"}));
}

#[tokio::test(start_paused = true)]
async fn a_history_of_120_changes_is_told_in_pages_without_gap_or_repeat() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Busy", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());
    for n in 0..120 {
        assert_eq!(admin.patch(&path, json!({"city": n.to_string()})).await.status, 200);
    }

    let (seen, pages) = whole(&admin, &path).await;

    assert!(seen.iter().copied().eq((1..=121).rev()), "{seen:?}");
    assert_eq!(pages[..2], [50, 50]);
}

#[tokio::test(start_paused = true)]
async fn a_change_between_two_pages_moves_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Busy", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());
    for n in 0..60 {
        admin.patch(&path, json!({"city": n.to_string()})).await;
    }

    let first = admin.get(&path).await;
    admin.patch(&path, json!({"city": "Rome"})).await;
    let second = admin.get(&after(&path, first.body["history_cursor"].as_str().unwrap())).await;

    assert!(versions(&first.body["history"]).into_iter().eq((12..=61).rev()));
    assert!(versions(&second.body["history"]).into_iter().eq((1..=11).rev()));
    assert_eq!(second.body["history_cursor"], Value::Null);
}

/// The table gives a megabyte at a time, and an answer has an end too.
#[tokio::test(start_paused = true)]
async fn long_changes_are_told_without_gap_or_repeat() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Wordy", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());
    for n in 0..60 {
        let long = format!("{n:05}{}", "字".repeat(9_995));
        assert_eq!(admin.patch(&path, json!({"description": long})).await.status, 200);
    }

    let (seen, _) = whole(&admin, &path).await;

    assert!(seen.iter().copied().eq((1..=61).rev()), "{seen:?}");
}

#[tokio::test(start_paused = true)]
async fn changes_made_at_once_are_events_one_after_another() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Busy", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());

    let fields = ["city", "state", "street", "industry", "postcode"];
    let changes = fields.map(|field| admin.patch(&path, json!({ field: field })));
    futures::future::join_all(changes).await;
    let history = admin.get(&path).await.body["history"].clone();

    assert_eq!(versions(&history), [6, 5, 4, 3, 2, 1]);
    for field in fields {
        let told = history.as_array().unwrap().iter().filter(|event| event["changes"][field].is_object());
        assert_eq!(told.count(), 1, "{field}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_was_lost_is_told_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("L", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());
    app.engine.fail("TransactWriteItems", Fault::AnswerLost);

    let changed = admin.patch(&path, json!({"city": "Rome"})).await;

    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(versions(&admin.get(&path).await.body["history"]), [2, 1]);
}

#[tokio::test]
async fn a_cursor_that_was_never_given_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("L", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());

    for cursor in ["x", "-1", "1.5", "\0", "💩", "CHANGE#0000000002", &"A".repeat(2_000)] {
        let answer = admin.get(&after(&path, cursor)).await;

        assert_eq!(answer.status, 400, "{cursor}: {}", answer.text);
        assert!(answer.body["errors"]["history_cursor"][0].is_string(), "{}", answer.text);
    }
}

#[tokio::test]
async fn nobody_writes_history_but_by_changing_the_lead() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let forged = json!([{"version": 1, "action": "created", "by": null, "door": "site", "changes": {}}]);
    let lead = admin.open_lead("L", json!({"history": forged, "history_cursor": "x"})).await;
    let path = format!("/api/leads/{}/", lead.id());
    let before = admin.get(&path).await;

    let patched = admin.patch(&path, json!({"history": forged, "changes": {}, "door": "import"})).await;
    let emptied = admin.send("PUT", &path, "application/x-www-form-urlencoded", "history=&by=&on=").await;
    let said = admin.post(&path, json!({"comment": "Hm.", "history": forged})).await;

    assert_eq!([&patched, &emptied, &said].map(|answer| answer.status.as_u16()), [200, 200, 201]);
    assert_eq!(patched.header("etag"), before.header("etag"));
    assert_eq!(admin.get(&path).await.body["history"], before.body["history"]);
    assert_eq!(before.body["history"][0]["door"], "api");
    for method in ["PATCH", "DELETE", "POST"] {
        let answer = admin.send(method, &format!("{path}history/"), "application/json", "{}").await;
        assert!([404, 405].contains(&answer.status.as_u16()), "{method} {}", answer.status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deleted_lead_leaves_no_history() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Gone", json!({})).await.id();
    let path = format!("/api/leads/{lead}/");
    for n in 0..130 {
        admin.patch(&path, json!({"city": n.to_string()})).await;
    }

    assert_eq!(admin.delete(&path).await.status, 204);

    assert_eq!(app.mentions(&lead), 0);
}

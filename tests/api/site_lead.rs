//! `POST /api/leads/create-from-site/`.

use crate::prelude::*;

const FORM: &str = "application/x-www-form-urlencoded";

async fn capture(app: &TestApp, key: &str, body: &str) -> leadline_tests::Answer {
    app.anyone()
        .send("POST", &format!("/api/leads/create-from-site/?apikey={key}"), FORM, body.to_owned())
        .await
}

#[tokio::test]
async fn a_form_becomes_a_lead_that_is_in_the_list() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let new = NewApiKey {
        owner: Some(admin.user),
        source: Some("Landing page".to_owned()),
        ..NewApiKey::default()
    };
    let (_, key) = app.key(admin.org, new).await;

    let lead = capture(
        &app,
        &key,
        "name=Ada+King+Lovelace&email=Ada%40Example.com&message=Hello&utm_source=ads&apikey=x",
    )
    .await;

    assert_eq!(lead.status, 201, "{}", lead.text);
    for (field, value) in [
        ("first_name", json!("Ada King")),
        ("last_name", json!("Lovelace")),
        ("email", json!("Ada@Example.com")),
        ("description", json!("Hello")),
        ("source", json!("Landing page")),
        ("assigned_to", json!([admin.user])),
        ("created_from_site", json!(true)),
        ("created_by", Value::Null),
        ("org", json!(admin.org)),
    ] {
        assert_eq!(lead.body[field], value, "{field}");
    }
    assert_eq!(lead.body["attribution"]["utm_source"], "ads");
    let list = admin.get("/api/leads/?email=ada@example.com").await;
    assert_eq!(list.body["open_leads"], json!([lead.body]));
    assert_eq!(list.body["contacts"][0]["email"], "Ada@Example.com");
    assert_eq!(lead.body["contacts"], json!([list.body["contacts"][0]["id"]]));
}

#[tokio::test]
async fn the_key_may_be_in_query_header_or_body() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let path = "/api/leads/create-from-site";

    let query =
        app.anyone().post(&format!("{path}?apikey={key}"), json!({"last_name": "A", "phone": "112"})).await;
    let header =
        app.anyone().with("x-api-key", &key).post(path, json!({"last_name": "B", "phone": "112 1"})).await;
    let body = app.anyone().post(path, json!({"last_name": "C", "phone": "112 2", "apikey": key})).await;

    assert_eq!([query.status, header.status, body.status].map(|status| status.as_u16()), [201; 3]);
    assert!(body.body.get("apikey").is_none());
}

#[tokio::test]
async fn a_wrong_key_is_refused_in_the_same_words_whatever_is_wrong() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (id, revoked) = app.key(admin.org, NewApiKey::default()).await;
    app.app.store.revoke_key(admin.org, id, app.now()).await.unwrap();

    for key in ["", "nonsense", "ll_0000000000000000", &revoked] {
        let answer = capture(&app, key, "last_name=X&email=x%40example.com").await;

        assert_eq!(answer.status, 403);
        assert_eq!(answer.body["message"], "this API key is not valid");
    }
    assert_eq!(app.stored("#LEAD#", ""), 0);
}

#[tokio::test]
async fn a_rotated_key_lets_both_secrets_in_for_a_day() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (id, old) = app.key(admin.org, NewApiKey::default()).await;
    let new = leadline::auth::ApiSecret::generate().unwrap();
    app.app.store.rotate_key(admin.org, id, new.hash(), app.now()).await.unwrap();

    let during = [
        capture(&app, &old, "last_name=A&phone=111").await,
        capture(&app, new.reveal(), "last_name=B&phone=222").await,
    ];
    app.pass(Duration::hours(25));
    let after = [
        capture(&app, &old, "last_name=C&phone=333").await,
        capture(&app, new.reveal(), "last_name=D&phone=444").await,
    ];

    assert_eq!(during.map(|answer| answer.status.as_u16()), [201, 201]);
    assert_eq!(after.map(|answer| answer.status.as_u16()), [403, 201]);
}

#[tokio::test]
async fn a_lead_needs_a_name_and_a_way_to_answer() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;

    for (body, errors) in [
        ("email=a%40example.com", json!({"last_name": ["is required"]})),
        ("last_name=A", json!({"email": ["an e-mail or a phone is required"]})),
        ("last_name=A&email=no", json!({"email": ["must be an e-mail address, such as ada@example.com"]})),
    ] {
        let answer = capture(&app, &key, body).await;

        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.body["errors"], errors, "{body}");
    }
}

#[tokio::test]
async fn the_same_capture_within_ten_minutes_is_the_same_lead() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let body = "last_name=A&email=a%40example.com&message=hi";

    let first = capture(&app, &key, body).await;
    app.pass(Duration::minutes(9));
    let again = capture(&app, &key, "last_name=A&email=A%40EXAMPLE.com&message=hi").await;
    let other = capture(&app, &key, "last_name=A&email=a%40example.com&message=more").await;
    app.pass(Duration::minutes(2));
    let later = capture(&app, &key, body).await;

    assert_eq!((again.status.as_u16(), again.id()), (201, first.id()));
    assert_ne!(other.id(), first.id());
    assert_ne!(later.id(), first.id());
    assert_eq!(app.stored("#LEAD#", "LEAD"), 3);
    assert_eq!(app.stored("#CONTACTS", ""), 1, "one e-mail is one contact");
}

#[tokio::test]
async fn thirty_equal_captures_at_once_are_one_lead_and_one_contact() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;

    let all = (0..30).map(|_| capture(&app, &key, "last_name=A&email=a%40example.com"));
    let all = futures::future::join_all(all).await;

    assert!(all.iter().all(|answer| answer.status == 201 && answer.id() == all[0].id()), "{}", all[0].text);
    assert_eq!(app.stored("#LEAD#", "LEAD"), 1);
    assert_eq!(app.stored("#CONTACTS", ""), 1);
}

#[tokio::test]
async fn a_post_from_another_site_is_refused_when_the_key_names_its_own() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let new = NewApiKey { origins: vec!["https://Shop.example/".to_owned()], ..NewApiKey::default() };
    let (_, key) = app.key(admin.org, new).await;
    let path = format!("/api/leads/create-from-site/?apikey={key}");
    let lead = json!({"last_name": "A", "phone": "12345"});

    let right = app.anyone().with("origin", "https://shop.example").post(&path, lead.clone()).await;
    let wrong = app.anyone().with("origin", "https://evil.example").post(&path, lead.clone()).await;
    let server = app.anyone().post(&path, lead).await;

    assert_eq!([right.status, wrong.status, server.status].map(|status| status.as_u16()), [201, 403, 201]);
}

#[tokio::test]
async fn a_lead_without_first_name_can_be_worked_on() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let lead = capture(&app, &key, "name=Madonna&phone=12345").await;

    let changed = admin.patch(&format!("/api/leads/{}/", lead.id()), json!({"city": "Bay City"})).await;

    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(changed.body["title"], "Madonna");
    assert_eq!(changed.body["first_name"], Value::Null);
}

#[tokio::test]
async fn a_repeat_shows_what_was_sent_and_nothing_that_is_stored() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let first = capture(&app, &key, "last_name=A&email=a%40example.com&phone=555123&city=Oslo").await;
    admin.patch(&format!("/api/leads/{}/", first.id()), json!({"tags": ["internal"]})).await;

    let stranger = capture(&app, &key, "last_name=X&email=a%40example.com").await;

    assert_eq!((stranger.status.as_u16(), stranger.id()), (201, first.id()));
    for secret in ["555123", "Oslo", "internal"] {
        assert!(!stranger.text.contains(secret), "{}", stranger.text);
    }
}

#[tokio::test]
async fn a_stranger_does_not_learn_whom_the_organisation_knows() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    admin.open_lead("A", json!({"email": "a@example.com", "account_name": "Acme"})).await;
    let sent = |email, company, trap| {
        format!("last_name=X&email={email}&account_name={company}&website_url_confirm={trap}")
    };

    let known = capture(&app, &key, &sent("a%40example.com", "ACME", "")).await;
    let unknown = capture(&app, &key, &sent("b%40example.com", "Other", "")).await;
    let trapped = capture(&app, &key, &sent("a%40example.com", "ACME", "x")).await;

    for answer in [&known, &unknown, &trapped] {
        for id in [&answer.body["contacts"][0], &answer.body["company"]] {
            let version = &id.as_str().unwrap()[14..15];
            assert_eq!(version, "4", "a random id, which does not say since when: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_name_is_said_of_what_was_sent() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let path = format!("/api/leads/create-from-site/?apikey={key}");
    let long = "x".repeat(256);

    for (name, problem) in [
        (json!(format!("{long} y")), "must be at most 255 characters"),
        (json!(format!("y {long}")), "must be at most 255 characters"),
        (json!("a\u{1}b c"), "must not hold control characters"),
    ] {
        let refused = app.anyone().post(&path, json!({"name": name, "phone": "12345"})).await;
        assert_eq!(refused.body["errors"], json!({"name": [problem]}), "{}", refused.text);
    }
    let number = app.anyone().post(&path, json!({"name": 5, "phone": "12345"})).await;
    assert_eq!(number.body["last_name"], "5", "{}", number.text);
}

#[tokio::test]
async fn an_owner_who_has_left_gets_nothing_and_no_lead_is_lost() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let owner = app.member(admin.org, Role::User).await;
    let (_, key) = app.key(admin.org, NewApiKey { owner: Some(owner.user), ..NewApiKey::default() }).await;

    let before = capture(&app, &key, "last_name=A&phone=11111").await;
    app.app.store.deactivate_user(admin.org, owner.user).await.unwrap();
    let after = capture(&app, &key, "last_name=B&phone=22222").await;

    assert_eq!(before.body["assigned_to"], json!([owner.user]));
    assert_eq!((after.status.as_u16(), &after.body["assigned_to"]), (201, &json!([])));
}

#[tokio::test]
async fn a_deactivated_membership_no_longer_makes_the_organisation_doubtful() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let other = app.org("Other").await;
    let user =
        leadline::domain::User::new(admin.user, other, "a@x.example", None, Role::User, app.now()).unwrap();
    app.app.store.insert_user(&user).await.unwrap();

    app.app.store.deactivate_user(other, admin.user).await.unwrap();

    assert_eq!(app.app.store.orgs_of(admin.user).await.unwrap(), [admin.org]);
}

#[tokio::test(start_paused = true)]
async fn a_key_revoked_while_it_is_rotated_stays_revoked() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (id, old) = app.key(admin.org, NewApiKey::default()).await;
    let new = leadline::auth::ApiSecret::generate().unwrap();

    let (store, now) = (&app.app.store, app.now());
    let (revoked, _) =
        tokio::join!(store.revoke_key(admin.org, id, now), store.rotate_key(admin.org, id, new.hash(), now));

    assert!(revoked.is_ok(), "whoever comes first");
    for secret in [&old, new.reveal()] {
        assert_eq!(capture(&app, secret, "last_name=A&phone=11111").await.status, 403);
    }
}

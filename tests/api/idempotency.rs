//! `Idempotency-Key`.

use crate::prelude::*;

#[tokio::test]
async fn a_repeat_answers_the_first_answer_and_does_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let keyed = admin.with("idempotency-key", "k1");
    let site = format!("/api/leads/create-from-site/?apikey={key}");

    for (path, body, pk, sk) in [
        ("/api/leads/", json!({"first_name": "A", "last_name": "B"}), "#LEAD#", "LEAD"),
        ("/api/leads/companies/", json!({"name": "Acme"}), "#COMPANY#", "COMPANY"),
        (&site, json!({"last_name": "S", "phone": "12345"}), "#LEAD#", "LEAD"),
    ] {
        let before = app.stored(pk, sk);
        let first = keyed.post(path, body.clone()).await;
        let again = keyed.post(path, body).await;

        assert_eq!(first.status, 201, "{}", first.text);
        assert_eq!((again.status, &again.text), (first.status, &first.text));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(first.header("idempotent-replayed"), "");
        assert_eq!(again.header("location"), first.header("location"));
        assert_eq!(again.header("etag"), first.header("etag"));
        assert_eq!(app.stored(pk, sk), before + 1);
    }
}

#[tokio::test]
async fn a_key_is_for_one_body_one_caller_one_route_and_one_day() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let other = app.member(admin.org, Role::Admin).await;
    let body = json!({"first_name": "A", "last_name": "B", "name": "C"});
    let first = admin.with("idempotency-key", "k").post("/api/leads/", body.clone()).await;

    let another = admin
        .with("idempotency-key", "k")
        .post("/api/leads/", json!({"first_name": "A", "last_name": "X"}))
        .await;
    let caller = other.with("idempotency-key", "k").post("/api/leads/", body.clone()).await;
    let route = admin.with("idempotency-key", "k").post("/api/leads/companies/", body.clone()).await;
    let long = admin.with("idempotency-key", &"k".repeat(256)).post("/api/leads/", body.clone()).await;
    app.pass(Duration::hours(24) + Duration::seconds(1));
    let fresh = Client { headers: app.credentials(admin.user, admin.org), ..admin.clone() };
    let later = fresh.with("idempotency-key", "k").post("/api/leads/", body).await;

    assert_eq!((another.status.as_u16(), &another.body["code"]), (409, &json!("conflict")));
    assert_eq!(caller.status, 201);
    assert_ne!(caller.id(), first.id());
    assert_eq!(route.status, 201);
    assert_eq!(long.body["errors"], json!({"Idempotency-Key": ["must be 1 to 255 characters"]}));
    assert_eq!(later.status, 201);
    assert_ne!(later.id(), first.id());
}

#[tokio::test]
async fn twenty_repeats_at_once_make_one_lead() {
    let app = TestApp::start().await;
    let admin = app.admin().await.with("idempotency-key", "k");

    let all = (0..20).map(|_| admin.post("/api/leads/", json!({"first_name": "A", "last_name": "B"})));
    let all = futures::future::join_all(all).await;

    assert!(all.iter().all(|answer| answer.status == 201 && answer.id() == all[0].id()));
    assert_eq!(all.iter().filter(|answer| answer.header("idempotent-replayed") == "true").count(), 19);
    assert_eq!(app.stored("#LEAD#", "LEAD"), 1);
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let app = TestApp::start().await;
    let admin = app.admin().await.with("idempotency-key", "k");

    let bad = admin.post("/api/leads/", json!({"first_name": "A"})).await;
    let good = admin.post("/api/leads/", json!({"first_name": "A", "last_name": "B"})).await;

    assert_eq!([bad.status, good.status].map(|status| status.as_u16()), [400, 201]);
}

//! Which pages may post, and read what is answered.

use leadline_tests::Answer;

use super::{FORM, PATH, form, lead, lead_with, site, stored};
use crate::prelude::*;

const SHOP: &str = "https://shop.example";

/// All that the answer says to browsers about other origins.
fn cors(answer: &Answer) -> Vec<(&str, &str)> {
    let headers = answer.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let mut headers: Vec<_> = headers.filter(|(name, _)| name.starts_with("access-control-")).collect();
    headers.sort_unstable();
    headers
}

/// A page of this origin may read the answer.
fn assert_readable(answer: &Answer, origin: &str) {
    let said = [
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", "Retry-After, Location, Idempotent-Replayed"),
    ];
    assert_eq!(cors(answer), said, "{} {}", answer.status, answer.text);
    assert_eq!(answer.header("vary"), "Origin", "{}", answer.status);
}

async fn preflight(client: &Client<'_>, path: &str) -> Answer {
    let client = client.with("access-control-request-method", "POST");
    let client = client.with("access-control-request-headers", "content-type,idempotency-key");
    client.send("OPTIONS", path, "", "").await
}

/// A key of an organisation of its own, for these origins.
async fn key_for(app: &TestApp, origins: &[&str]) -> String {
    let origins = origins.iter().map(ToString::to_string).collect();
    app.key(app.admin().await.org, NewApiKey { origins, ..NewApiKey::default() }).await.1
}

#[tokio::test]
async fn a_page_of_the_keys_origins_may_post_and_read_the_answer() {
    let app = TestApp::start().await;
    let key = key_for(&app, &["https://Shop.example/", "http://localhost:8080"]).await;

    for origin in [SHOP, "http://localhost:8080"] {
        let answer = app.anyone().with("origin", origin).post(&site(&key), lead()).await;

        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_readable(&answer, origin);
    }
}

#[tokio::test]
async fn a_key_without_origins_takes_any_even_none() {
    let app = TestApp::start().await;
    let key = key_for(&app, &[]).await;

    for origin in [SHOP, "http://192.0.2.7:3000", "null"] {
        let page = app.anyone().with("origin", origin);
        let (asked, posted) = (preflight(&page, &site(&key)).await, page.post(&site(&key), lead()).await);

        assert_eq!([asked.status, posted.status].map(|status| status.as_u16()), [204, 201]);
        assert_eq!(asked.header("access-control-allow-origin"), origin);
        assert_readable(&posted, origin);
    }
    let server = app.anyone().post(&site(&key), lead()).await;
    assert_eq!((server.status.as_u16(), cors(&server)), (201, vec![]), "no browser");
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused_and_cannot_read_that() {
    let app = TestApp::start().await;
    let key = key_for(&app, &[SHOP]).await;

    for origin in [
        "https://evil.example",
        "null",
        "http://shop.example",
        "https://shop.example:8443",
        "https://www.shop.example",
        "https://shop.example.evil.example",
        "https://evilshop.example",
        "https://shop.example, https://evil.example",
    ] {
        let page = app.anyone().with("origin", origin);
        let answers = [
            preflight(&page, &site(&key)).await,
            page.post(&site(&key), lead()).await,
            page.post(&site(&key), json!({"email": "x"})).await,
            page.post(&site(&key), lead_with(&json!({"website_url_confirm": "x"}))).await,
            page.send("POST", &site(&key), FORM, form(&[("last_name", "A"), ("phone", "12345")])).await,
        ];

        for answer in answers {
            assert_eq!(answer.status, 403, "{origin}: {}", answer.text);
            assert!(cors(&answer).is_empty(), "{origin}");
        }
    }
    assert_eq!(stored(&app), 0);
}

#[tokio::test]
async fn a_preflight_says_what_a_page_may_send() {
    let app = TestApp::start().await;
    let key = key_for(&app, &[SHOP]).await;
    let page = app.anyone().with("origin", SHOP);

    for path in [PATH, PATH.trim_end_matches('/')] {
        let answer = preflight(&page, &format!("{path}?apikey={key}")).await;

        assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
        for (name, value) in [
            ("access-control-allow-origin", SHOP),
            ("access-control-allow-methods", "POST"),
            ("access-control-allow-headers", "Content-Type, Idempotency-Key, X-Api-Key"),
            ("access-control-max-age", "600"),
            ("vary", "Origin"),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
}

#[tokio::test]
async fn a_preflight_without_a_key_that_is_valid_is_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (id, revoked) = app.key(admin.org, NewApiKey::default()).await;
    let (_, good) = app.key(admin.org, NewApiKey::default()).await;
    let page = app.anyone().with("origin", SHOP);
    let before = preflight(&page, &site(&revoked)).await;
    app.app.store.revoke_key(admin.org, id, app.now()).await.unwrap();

    assert_eq!(before.status, 204);
    for path in [PATH.to_owned(), site(""), site("nonsense"), site(&revoked), format!("{PATH}?key={good}")] {
        let answers = [preflight(&page, &path).await, page.post(&path, lead()).await];

        for answer in answers {
            assert_eq!(answer.status, 403, "{path}");
            assert!(cors(&answer).is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn errors_too_can_be_read_by_the_page() {
    let app = TestApp::start().await;
    let key = key_for(&app, &[SHOP]).await;
    let page = app.anyone().with("origin", SHOP);
    let keyed = page.with("idempotency-key", "k");
    keyed.post(&site(&key), lead()).await;
    let path = site(&key);

    for (status, answer) in [
        (400, page.post(&path, json!({"email": "x"})).await),
        (400, page.send("POST", &path, "application/json", "{").await),
        (400, page.send("POST", &path, FORM, "last_name=%ff").await),
        (400, page.with("idempotency-key", &"k".repeat(256)).post(&path, lead()).await),
        (409, keyed.post(&path, lead()).await),
        (413, page.send("POST", &path, "application/json", vec![b' '; 1024 * 1024 + 1]).await),
        (415, page.send("POST", &path, "text/plain", "x").await),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_readable(&answer, SHOP);
    }
}

#[tokio::test]
async fn a_page_is_told_that_it_must_wait() {
    let app = TestApp::start().await;
    app.stop_clock();
    let admin = app.admin().await;
    let new = NewApiKey { origins: vec![SHOP.to_owned()], limit_per_minute: Some(1), ..NewApiKey::default() };
    let (_, key) = app.key(admin.org, new).await;
    let page = app.anyone().with("origin", SHOP);

    for _ in 0..3 {
        assert_eq!(preflight(&page, &site(&key)).await.status, 204, "which takes no token");
    }
    let first = page.post(&site(&key), lead()).await;
    let second = page.post(&site(&key), lead()).await;

    assert_eq!([first.status, second.status].map(|status| status.as_u16()), [201, 429]);
    assert_readable(&second, SHOP);
    assert_eq!(preflight(&page, &site(&key)).await.status, 204);
}

#[tokio::test]
async fn a_success_that_stores_nothing_looks_the_same_to_the_page() {
    let app = TestApp::start().await;
    let key = key_for(&app, &[SHOP]).await;
    let page = app.anyone().with("origin", SHOP);

    let trapped = page.post(&site(&key), lead_with(&json!({"website_url_confirm": "x"}))).await;

    assert_eq!(trapped.status, 201, "{}", trapped.text);
    assert_readable(&trapped, SHOP);
}

#[tokio::test]
async fn a_repeat_is_for_the_origin_that_asks_now() {
    let app = TestApp::start().await;
    let key = key_for(&app, &[]).await;
    let (one, two) = (app.anyone().with("origin", "https://one.example"), app.anyone().with("origin", SHOP));
    let (with_key, without) = (lead(), lead());

    let first = one.with("idempotency-key", "k").post(&site(&key), with_key.clone()).await;
    let replayed = two.with("idempotency-key", "k").post(&site(&key), with_key).await;
    let sent = one.post(&site(&key), without.clone()).await;
    let repeated = two.post(&site(&key), without).await;

    assert_eq!((replayed.id(), repeated.id()), (first.id(), sent.id()));
    assert_eq!(replayed.header("idempotent-replayed"), "true");
    for answer in [&replayed, &repeated] {
        assert_eq!(answer.status, 201);
        assert_readable(answer, SHOP);
    }
    assert_eq!(stored(&app), 2);
}

#[tokio::test]
async fn a_page_may_show_its_key_in_header_or_body_too() {
    let app = TestApp::start().await;
    let key = key_for(&app, &[SHOP]).await;
    let (page, evil) =
        (app.anyone().with("origin", SHOP), app.anyone().with("origin", "https://evil.example"));
    let fields = [("last_name", "A"), ("phone", "12345"), ("apikey", key.as_str())];

    for answer in [
        page.with("x-api-key", &key).post(PATH, lead()).await,
        page.post(PATH, lead_with(&json!({ "apikey": key }))).await,
        page.send("POST", PATH, FORM, form(&fields)).await,
        page.multipart(PATH, &fields, &[]).await,
    ] {
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_readable(&answer, SHOP);
    }
    for answer in [
        evil.with("x-api-key", &key).post(PATH, lead()).await,
        evil.post(PATH, lead_with(&json!({ "apikey": key }))).await,
    ] {
        assert_eq!((answer.status.as_u16(), cors(&answer)), (403, vec![]));
    }
}

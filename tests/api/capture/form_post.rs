//! Forms that a browser posts by itself: redirects, pages, and the field that only programs fill.

use leadline_tests::Answer;

use super::{FORM, PATH, form, lead, lead_with, site, stored, three_ways};
use crate::prelude::*;

/// What browsers say when a form of a page is posted.
const ACCEPT: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const THANKS: &str = "https://shop.example/thanks?from=form";
const GOOD: [(&str, &str); 2] = [("last_name", "Visitor"), ("phone", "+49 30 12345")];

async fn key(app: &TestApp) -> String {
    let redirects = vec!["https://shop.example/other".to_owned(), THANKS.to_owned()];
    app.key(app.admin().await.org, NewApiKey { redirects, ..NewApiKey::default() }).await.1
}

/// A browser that posts forms by itself, in this language.
fn browser<'a>(app: &'a TestApp, language: &str) -> Client<'a> {
    app.anyone().with("accept", ACCEPT).with("accept-language", language)
}

async fn post(client: &Client<'_>, path: &str, fields: &[(&str, &str)]) -> Answer {
    client.send("POST", path, FORM, form(fields)).await
}

fn with<'a>(fields: &[(&'a str, &'a str)], name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    [fields, &[(name, value)]].concat()
}

fn assert_page(answer: &Answer, status: u16, language: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.text.to_ascii_lowercase().starts_with("<!doctype html>"), "{}", answer.text);
    assert!(answer.text.contains(&format!("lang=\"{language}\"")), "{}", answer.text);
}

#[tokio::test]
async fn a_form_goes_on_to_a_redirect_of_the_keys_list_and_json_does_not() {
    let app = TestApp::start().await;
    let key = key(&app).await;

    for client in [app.anyone(), browser(&app, "en")] {
        let [json, form, parts] = three_ways(&client, &site(&key), &with(&GOOD, "redirect", THANKS)).await;

        assert_eq!(json.status, 201, "{}", json.text);
        for answer in [form, parts] {
            assert_eq!((answer.status.as_u16(), answer.header("location")), (303, THANKS), "{}", answer.text);
        }
    }
    assert_eq!(stored(&app), 1, "the others are repeats");
}

#[tokio::test]
async fn a_form_sent_again_goes_on_too_and_says_that_it_was_done() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let visitor = app.anyone().with("idempotency-key", "once");

    let first = post(&visitor, &site(&key), &with(&GOOD, "redirect", THANKS)).await;
    let again = post(&visitor, &site(&key), &with(&GOOD, "redirect", THANKS)).await;

    assert_eq!((first.status.as_u16(), first.header("idempotent-replayed")), (303, ""));
    assert_eq!((again.status.as_u16(), again.header("idempotent-replayed")), (303, "true"));
    assert_eq!((again.header("location"), stored(&app)), (THANKS, 1));
}

#[tokio::test]
async fn a_redirect_that_is_not_exactly_one_of_the_list_is_ignored() {
    let app = TestApp::start().await;
    let key = key(&app).await;

    for (n, redirect) in [
        "https://evil.example/",
        "//evil.example/",
        "javascript:alert(1)",
        "https://shop.example/thanks",
        "https://shop.example/thanks?from=form&more=1",
        "https://shop.example/thanks?from=form#top",
        "https://shop.example/thanks?from=form/",
        "https://SHOP.example/thanks?from=form",
        "http://shop.example/thanks?from=form",
        "https://shop.example/thanks?from=form\r\nset-cookie: a=b",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let phone = format!("+49 30 {n:05}");
        let fields = [("last_name", "A"), ("phone", phone.as_str()), ("redirect", redirect)];
        let answer = post(&app.anyone(), &site(&key), &fields).await;

        assert_eq!(answer.status, 201, "{redirect}: {}", answer.text);
        assert_eq!(answer.header("location"), format!("/api/leads/{}/", answer.id()), "{redirect}");
        assert_eq!(answer.header("set-cookie"), "");
    }
    let other = app.key(app.admin().await.org, NewApiKey::default()).await.1;
    let answer = post(&app.anyone(), &site(&other), &with(&GOOD, "redirect", THANKS)).await;
    assert_eq!(answer.status, 201, "another key's list");
}

#[tokio::test]
async fn only_a_success_goes_on_to_the_redirect() {
    let app = TestApp::start().await;
    app.stop_clock();
    let new =
        NewApiKey { redirects: vec![THANKS.to_owned()], limit_per_minute: Some(1), ..NewApiKey::default() };
    let (_, key) = app.key(app.admin().await.org, new).await;
    let visitor = app.anyone();

    let invalid = post(&visitor, &site(&key), &[("last_name", "A"), ("redirect", THANKS)]).await;
    let stranger = post(&visitor, &site("nonsense"), &with(&GOOD, "redirect", THANKS)).await;
    let taken = post(&visitor, &site(&key), &with(&GOOD, "redirect", THANKS)).await;
    let late = [("last_name", "A"), ("phone", "55555"), ("redirect", THANKS)];
    let late = post(&visitor, &site(&key), &late).await;

    let statuses = [&invalid, &stranger, &taken, &late].map(|answer| answer.status.as_u16());
    assert_eq!(statuses, [400, 403, 303, 429]);
    assert_eq!(invalid.header("location"), "");
}

#[tokio::test]
async fn the_field_that_people_do_not_see_stores_nothing_and_seems_to_succeed() {
    let app = TestApp::start().await;
    app.stop_clock();
    let new = NewApiKey { limit_per_minute: Some(1), ..NewApiKey::default() };
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, new).await;
    let fields = with(&GOOD, "website_url_confirm", "https://spam.example");

    let trapped = three_ways(&app.anyone(), &site(&key), &fields).await;
    let found = admin.get(&format!("/api/leads/{}/", trapped[0].id())).await;
    let before = (stored(&app), app.mentions("+49 30 12345"), app.mentions("spam.example"));
    let real = app.anyone().post(&site(&key), lead()).await;

    assert_eq!(before, (0, 0, 0));
    assert_eq!(found.status, 404);
    assert_eq!(real.status, 201, "no token was taken: {}", real.text);
    let names = |answer: &Answer| {
        let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort_unstable();
        let fields: Vec<_> = answer.body.as_object().unwrap().keys().cloned().collect();
        (headers, fields)
    };
    for answer in &trapped {
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(names(answer), names(&real), "it looks like a success");
        assert_eq!(answer.header("location"), format!("/api/leads/{}/", answer.id()));
        assert_eq!(answer.body["last_name"], "Visitor");
    }
    assert_ne!(trapped[0].id(), trapped[1].id());
}

#[tokio::test]
async fn the_trap_is_whatever_is_not_blank() {
    let app = TestApp::start().await;
    let key = key(&app).await;

    for (value, trapped) in [
        (json!("x"), true),
        (json!(1), true),
        (json!(true), true),
        (json!(["x", "y"]), true),
        (json!({"a": 1}), true),
        (json!(""), false),
        (json!("  \t"), false),
        (Value::Null, false),
    ] {
        let before = stored(&app);
        let answer = app.anyone().post(&site(&key), lead_with(&json!({"website_url_confirm": value}))).await;

        assert_eq!(answer.status, 201, "{value}: {}", answer.text);
        assert_eq!(stored(&app) == before, trapped, "{value}");
    }
    let before = stored(&app);
    let twice = with(&with(&GOOD, "website_url_confirm", ""), "website_url_confirm", "x");
    assert_eq!(post(&app.anyone(), &site(&key), &twice).await.status, 201);
    assert_eq!(stored(&app), before, "filled once of twice");
}

#[tokio::test]
async fn a_trap_does_not_hide_what_any_form_would_be_refused_for() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let keyed = app.anyone().with("idempotency-key", &"k".repeat(256));

    for trap in ["", "x"] {
        let answer = keyed.post(&site(&key), lead_with(&json!({"website_url_confirm": trap}))).await;

        assert_eq!(answer.body["errors"]["Idempotency-Key"][0], "must be 1 to 255 characters", "{trap}");
    }
}

#[tokio::test]
async fn a_trapped_form_gets_the_redirect_or_the_page_of_a_success() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let browser = browser(&app, "en");
    let fields = with(&GOOD, "website_url_confirm", "x");

    let redirected = post(&browser, &site(&key), &with(&fields, "redirect", THANKS)).await;
    let trapped = post(&browser, &site(&key), &fields).await;
    let before = stored(&app);
    let real = post(&browser, &site(&key), &GOOD).await;

    assert_eq!((redirected.status.as_u16(), redirected.header("location")), (303, THANKS));
    assert_page(&trapped, 201, "en");
    assert_eq!(trapped.text, real.text, "the pages are the same");
    assert_eq!((before, stored(&app)), (0, 1));
}

#[tokio::test]
async fn a_browser_gets_a_page_of_thanks_in_its_language() {
    let app = TestApp::start().await;
    let key = key(&app).await;

    for (language, page) in [
        ("", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("DE-de", "de"),
        ("en-US,en;q=0.9,de;q=0.8", "en"),
        ("fr-FR,fr;q=0.9", "en"),
        ("*", "en"),
        ("nonsense;;q=x,,", "en"),
    ] {
        let answer = post(&browser(&app, language), &site(&key), &GOOD).await;

        assert_page(&answer, 201, page);
        let (says, not) = if page == "de" { ("Dank", "Thank") } else { ("Thank", "Dank") };
        assert!(answer.text.contains(says) && !answer.text.contains(not), "{language}: {}", answer.text);
    }
}

#[tokio::test]
async fn only_a_browsers_own_form_gets_a_page() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let browser = browser(&app, "en");

    for client in
        [app.anyone(), app.anyone().with("accept", "*/*"), browser.with("accept", "application/json")]
    {
        for answer in three_ways(&client, &site(&key), &GOOD).await {
            assert_eq!((answer.status.as_u16(), answer.header("content-type")), (201, "application/json"));
            assert!(!answer.id().is_empty());
        }
    }
    let [json, form, parts] = three_ways(&browser, &site(&key), &GOOD).await;
    assert_eq!(json.header("content-type"), "application/json");
    assert_page(&form, 201, "en");
    assert_page(&parts, 201, "en");
}

#[tokio::test]
async fn a_page_of_errors_lists_each_and_leads_back() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let back = "https://shop.example/contact?a=1&b=2";
    let fields = [("email", "nobody"), ("country", "Atlantis")];

    let english = post(&browser(&app, "en").with("referer", back), &site(&key), &fields).await;
    let german = post(&browser(&app, "de").with("referer", back), &site(&key), &fields).await;

    assert_page(&english, 400, "en");
    for says in [
        "must be an e-mail address, such as ada@example.com",
        "must be a country: an ISO 3166-1 code or its English name",
        "is required",
    ] {
        assert!(english.text.contains(says), "{says}: {}", english.text);
    }
    assert_page(&german, 400, "de");
    for page in [&english, &german] {
        assert!(page.text.contains("href=\"https://shop.example/contact?a=1&amp;b=2\""), "{}", page.text);
    }
    assert_eq!(stored(&app), 0);
}

#[tokio::test]
async fn other_failures_are_pages_too_with_their_own_status() {
    let app = TestApp::start().await;
    app.stop_clock();
    let new = NewApiKey {
        limit_per_minute: Some(1),
        origins: vec!["https://shop.example".to_owned()],
        ..NewApiKey::default()
    };
    let (_, key) = app.key(app.admin().await.org, new).await;
    let browser = browser(&app, "de");
    let taken = post(&browser, &site(&key), &GOOD).await;

    let late = post(&browser, &site(&key), &[("last_name", "A"), ("phone", "55555")]).await;
    let stranger = post(&browser, &site("nonsense"), &GOOD).await;
    let keyless = post(&browser, PATH, &GOOD).await;
    let elsewhere = post(&browser.with("origin", "https://evil.example"), &site(&key), &GOOD).await;
    let large = browser.send("POST", &site(&key), FORM, vec![b'a'; 1024 * 1024 + 1]).await;
    let broken = browser.send("POST", &site(&key), FORM, "last_name=%ff").await;

    assert_page(&taken, 201, "de");
    for (answer, status) in
        [(&late, 429), (&stranger, 403), (&keyless, 403), (&elsewhere, 403), (&large, 413), (&broken, 400)]
    {
        assert_page(answer, status, "de");
    }
    assert_eq!(late.header("retry-after"), "60");
}

#[tokio::test]
async fn nothing_that_was_sent_becomes_part_of_a_page_unescaped() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let script = "<script>alert(1)</script>\"'&";
    let fields = [
        ("last_name", script),
        ("email", script),
        ("message", script),
        ("contacts", script),
        ("tags", script),
        ("status", script),
        ("redirect", script),
        (script, script),
    ];

    for referer in [
        "https://shop.example/\"><script>alert(1)</script>",
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "JAVASCRIPT:alert(1)//http",
    ] {
        let visitor = browser(&app, "en").with("referer", referer).with("origin", "null");
        let invalid = post(&visitor, &site(&key), &fields).await;
        let good = post(&visitor, &site(&key), &[("last_name", script), ("phone", "12345")]).await;
        let stranger = post(&visitor, &format!("{PATH}?{}", form(&[("apikey", script)])), &GOOD).await;

        assert_page(&invalid, 400, "en");
        assert!(invalid.text.contains("&lt;script&gt;"), "the bad contact is named: {}", invalid.text);
        assert_page(&good, 201, "en");
        for page in [invalid, good, stranger] {
            let text = page.text.to_ascii_lowercase();
            assert!(!text.contains("<script"), "{text}");
            assert!(!text.contains("href=\"javascript") && !text.contains("href=\"data"), "{text}");
        }
    }
}

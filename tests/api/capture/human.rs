//! Proof that a person sent the form.

mod verifier;

use std::collections::BTreeMap;
use std::time::Duration as StdDuration;

use leadline::domain::{Captcha, WhenDown};
use leadline_tests::{Answer, CAPTCHA_SECRET};

use super::{FORM, form, lead, lead_with, site, stored, three_ways};
use crate::prelude::*;
use verifier::{Says, Verifier};

const PASSED: Says =
    Says::Answer("200 OK", r#"{"success": true, "hostname": "shop.example", "error-codes": []}"#);
const REFUSED: Says =
    Says::Answer("400 Bad Request", r#"{"success": false, "error-codes": ["invalid-input-response"]}"#);
const FAILED: Says = Says::Answer("200 OK", r#"{"success": false, "error-codes": ["timeout-or-duplicate"]}"#);
/// Nobody listens here.
const DOWN: &str = "http://127.0.0.1:9/verify";
const TOKEN_FIELDS: [&str; 4] =
    ["cf-turnstile-response", "h-captcha-response", "g-recaptcha-response", "captcha"];

/// A key whose posts need a proof that this verifier takes.
async fn guarded(app: &TestApp, verify_url: &str, when_down: WhenDown) -> String {
    let captcha = Captcha { verify_url: verify_url.to_owned(), when_down };
    let new = NewApiKey { captcha: Some(captcha), ..NewApiKey::default() };
    app.key(app.admin().await.org, new).await.1
}

fn proven(token: &str) -> Value {
    lead_with(&json!({ "cf-turnstile-response": token }))
}

/// The answer refuses the proof, and says so where a form shows it.
fn assert_unproven(answer: &Answer) {
    assert_eq!((answer.status.as_u16(), &answer.body["code"]), (400, &json!("invalid")), "{}", answer.text);
    let fields: Vec<_> = answer.body["errors"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["captcha"], "{}", answer.text);
}

#[tokio::test]
async fn whom_the_verifier_passes_is_let_in() {
    let app = TestApp::start().await;
    let verifier = Verifier::start(PASSED).await;
    let key = guarded(&app, &verifier.url, WhenDown::Refuse).await;

    let answer = app.anyone().from("198.51.100.7").post(&site(&key), proven("a token+/=&")).await;

    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.body["tags"], json!([]));
    assert_eq!(stored(&app), 1);
    let asked = verifier.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].head.starts_with("post /turnstile/v0/siteverify http/1.1"), "{}", asked[0].head);
    assert!(asked[0].head.contains("content-type: application/x-www-form-urlencoded"), "{}", asked[0].head);
    let sent = [("remoteip", "198.51.100.7"), ("response", "a token+/=&"), ("secret", CAPTCHA_SECRET)];
    let sent = sent.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(asked[0].form, BTreeMap::from(sent));
}

#[tokio::test]
async fn the_token_may_be_in_the_field_of_any_of_them() {
    let app = TestApp::start().await;
    let verifier = Verifier::start(PASSED).await;
    let key = guarded(&app, &verifier.url, WhenDown::Refuse).await;

    for (n, field) in TOKEN_FIELDS.into_iter().enumerate() {
        let phones = [1, 2, 3].map(|way| format!("+49 30 100{n}{way}"));
        let fields = |way: usize| [("last_name", "A"), ("phone", phones[way].as_str()), (field, "token")];
        let json = fields(0).map(|(name, value)| (name.to_owned(), json!(value)));
        let visitor = app.anyone();

        for answer in [
            visitor.post(&site(&key), Value::Object(json.into_iter().collect())).await,
            visitor.send("POST", &site(&key), FORM, form(&fields(1))).await,
            visitor.multipart(&site(&key), &fields(2), &[]).await,
        ] {
            assert_eq!(answer.status, 201, "{field}: {}", answer.text);
        }
    }

    assert_eq!(stored(&app), 12);
    let asked = verifier.asked();
    assert_eq!(asked.len(), 12);
    assert!(asked.iter().all(|asked| asked.form["response"] == "token"));
    assert!(asked.iter().all(|asked| asked.form["remoteip"] == "203.0.113.7"));
    assert_eq!(app.mentions("token\""), 0, "tokens are not kept");
}

#[tokio::test]
async fn whom_the_verifier_fails_is_not_let_in() {
    for (when_down, says) in
        [(WhenDown::Admit, FAILED), (WhenDown::Refuse, FAILED), (WhenDown::Admit, REFUSED)]
    {
        let app = TestApp::start().await;
        let verifier = Verifier::start(says).await;
        let key = guarded(&app, &verifier.url, when_down).await;
        let lead = proven("made up");

        let failed = app.anyone().post(&site(&key), lead.clone()).await;
        let before = stored(&app);
        verifier.say(PASSED);
        let passed = app.anyone().post(&site(&key), lead).await;

        assert_unproven(&failed);
        assert_eq!((before, passed.status.as_u16(), stored(&app)), (0, 201, 1));
        assert_eq!(verifier.asked().len(), 2);
    }
}

#[tokio::test]
async fn without_a_token_nobody_is_asked_and_none_is_taken() {
    let app = TestApp::start().await;
    app.stop_clock();
    let verifier = Verifier::start(PASSED).await;
    let captcha = Captcha { verify_url: verifier.url.clone(), when_down: WhenDown::Admit };
    let new = NewApiKey { captcha: Some(captcha), limit_per_minute: Some(1), ..NewApiKey::default() };
    let (_, key) = app.key(app.admin().await.org, new).await;
    let (visitor, path) = (app.anyone(), site(&key));

    let mut answers = three_ways(&visitor, &path, &[("last_name", "A"), ("phone", "12345")]).await.to_vec();
    for token in [json!(""), json!("  "), Value::Null, json!({})] {
        answers.push(visitor.post(&path, lead_with(&json!({ "captcha": token }))).await);
    }
    answers.push(visitor.post(&path, lead_with(&json!({"captcha-response": "x"}))).await);

    answers.iter().for_each(assert_unproven);
    assert_eq!((verifier.asked().len(), stored(&app)), (0, 0));
    let good = visitor.post(&path, proven("token")).await;
    assert_eq!(good.status, 201, "no token of the limit was taken: {}", good.text);
}

#[tokio::test]
async fn a_lead_that_is_wrong_anyway_or_trapped_is_not_verified() {
    let app = TestApp::start().await;
    let verifier = Verifier::start(PASSED).await;
    let key = guarded(&app, &verifier.url, WhenDown::Admit).await;
    let visitor = app.anyone();

    let wrong = visitor.post(&site(&key), json!({"last_name": "A", "captcha": "token"})).await;
    let trapped = lead_with(&json!({"website_url_confirm": "x", "captcha": "token"}));
    let trapped = visitor.post(&site(&key), trapped).await;

    assert_eq!([wrong.status, trapped.status].map(|status| status.as_u16()), [400, 201]);
    assert_eq!((verifier.asked().len(), stored(&app)), (0, 0));
}

#[tokio::test]
async fn a_key_without_a_verifier_asks_for_no_proof() {
    let app = TestApp::start().await;
    let (_, key) = app.key(app.admin().await.org, NewApiKey::default()).await;

    let answer = app.anyone().post(&site(&key), lead()).await;

    assert_eq!(answer.status, 201, "{}", answer.text);
}

#[tokio::test]
async fn while_the_verifier_is_down_a_lead_is_let_in_and_marked_or_sent_away() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let verifier = Verifier::start(PASSED).await;
    let nonsense = [
        Says::Answer("500 Internal Server Error", r#"{"success": true}"#),
        Says::Answer("503 Service Unavailable", ""),
        Says::Answer("404 Not Found", "<h1>not here</h1>"),
        Says::Answer("400 Bad Request", r#"{"success": false}"#),
        Says::Answer("400 Bad Request", r#"{"success": false, "error-codes": ["invalid-input-secret"]}"#),
        Says::Answer("429 Too Many Requests", r#"{"success": false, "error-codes": ["bad-request"]}"#),
        Says::Answer("302 Found", ""),
        Says::Answer("200 OK", ""),
        Says::Answer("200 OK", "<html>busy</html>"),
        Says::Answer("200 OK", "[]"),
        Says::Answer("200 OK", "{}"),
        Says::Answer("200 OK", r#"{"success": "true"}"#),
        Says::Answer("200 OK", r#"{"success": true"#),
    ];
    let cases = nonsense.map(|says| (Some(says), verifier.url.as_str()));

    for (says, url) in cases.into_iter().chain([(None, DOWN)]) {
        says.into_iter().for_each(|says| verifier.say(says));
        let key = async |when_down| {
            let captcha = Captcha { verify_url: url.to_owned(), when_down };
            let new = NewApiKey { captcha: Some(captcha), ..NewApiKey::default() };
            app.key(admin.org, new).await.1
        };
        let (admits, refuses) = (key(WhenDown::Admit).await, key(WhenDown::Refuse).await);
        let page = app.anyone().with("origin", "https://shop.example");
        let (before, sent) = (stored(&app), lead_with(&json!({"captcha": "token", "tags": ["VIP"]})));
        let case = match says {
            Some(Says::Answer(status, body)) => format!("{status} {body}"),
            _ => "nobody is there".to_owned(),
        };

        let refused = page.post(&site(&refuses), sent.clone()).await;
        let meanwhile = stored(&app);
        let admitted = page.post(&site(&admits), sent).await;

        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (503, &json!("unavailable")), "{case}");
        assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1, "{case}");
        assert_eq!(refused.header("access-control-allow-origin"), "https://shop.example", "{case}");
        assert_eq!(admitted.status, 201, "{case}: {}", admitted.text);
        assert_eq!((meanwhile, stored(&app)), (before, before + 1), "{case}");
        let lead = admin.get(&format!("/api/leads/{}/", admitted.id())).await;
        assert_eq!(lead.body["lead_obj"]["tags"], json!(["VIP", "unverified"]), "{case}");
    }
    let marked = admin.get("/api/leads/?tags=unverified").await;
    assert_eq!(marked.body["open_leads_count"], 14);
}

#[tokio::test]
async fn nobody_waits_for_a_verifier_that_does_not_answer() {
    let app = TestApp::start().await;
    let (silent, halting) = (Verifier::start(Says::Nothing).await, Verifier::start(Says::Head).await);
    let mut keys = Vec::new();
    for verifier in [&silent, &halting] {
        for when_down in [WhenDown::Admit, WhenDown::Refuse] {
            keys.push(guarded(&app, &verifier.url, when_down).await);
        }
    }
    let visitor = &app.anyone();

    let posts = keys.iter().map(|key| async move { visitor.post(&site(key), proven("token")).await });
    let answers = futures::future::join_all(posts);
    // The gateway gives up after 29 s; the function long before.
    let answers = tokio::time::timeout(StdDuration::from_secs(25), answers).await.unwrap();

    let statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses, [201, 503, 201, 503]);
    assert_eq!((stored(&app), app.stored("", "TAG#unverified")), (2, 2));
    assert_eq!((silent.asked().len(), halting.asked().len()), (2, 2), "each is asked once");
}

#[tokio::test]
async fn a_verifier_that_sends_us_elsewhere_or_says_too_much_is_taken_for_one_that_is_down() {
    let app = TestApp::start().await;
    let elsewhere = Verifier::start(PASSED).await;
    let found: &str = format!("302 Found\r\nlocation: {}", elsewhere.url).leak();
    let large: &str = format!(r#"{{"success": true, "padding": "{}"}}"#, "x".repeat(256 * 1024)).leak();

    for says in [Says::Answer(found, ""), Says::Answer("200 OK", large)] {
        let verifier = Verifier::start(says).await;
        let key = guarded(&app, &verifier.url, WhenDown::Refuse).await;
        let answer = app.anyone().post(&site(&key), proven("token")).await;

        assert_eq!(answer.status, 503, "{}", answer.text);
        assert_eq!(verifier.asked().len(), 1);
    }
    assert_eq!((elsewhere.asked().len(), stored(&app)), (0, 0));
}

#[tokio::test]
async fn who_was_sent_away_may_come_again_with_the_same_key() {
    let app = TestApp::start().await;
    let verifier = Verifier::start(Says::Answer("500 No", "")).await;
    let key = guarded(&app, &verifier.url, WhenDown::Refuse).await;
    let visitor = app.anyone().with("idempotency-key", "k");
    let sent = proven("token");

    let away = visitor.post(&site(&key), sent.clone()).await;
    verifier.say(PASSED);
    let again = visitor.post(&site(&key), sent).await;

    assert_eq!([away.status, again.status].map(|status| status.as_u16()), [503, 201]);
    assert_eq!(again.header("idempotent-replayed"), "");
    assert_eq!(stored(&app), 1);
}

#[tokio::test]
async fn a_repeat_is_answered_without_asking_again() {
    let app = TestApp::start().await;
    let verifier = Verifier::start(PASSED).await;
    let key = guarded(&app, &verifier.url, WhenDown::Refuse).await;
    let visitor = app.anyone();
    let keyed = visitor.with("idempotency-key", "k");
    let (with_key, without) = (proven("one"), proven("two"));
    let mut anew = without.clone();
    anew["cf-turnstile-response"] = json!("three");

    let first = keyed.post(&site(&key), with_key.clone()).await;
    let sent = visitor.post(&site(&key), without.clone()).await;
    let asked = verifier.asked().len();
    verifier.say(FAILED); // as it does of a token that was used
    let replayed = keyed.post(&site(&key), with_key).await;
    let repeated = visitor.post(&site(&key), without).await;
    let repeated_anew = visitor.post(&site(&key), anew.clone()).await;
    let asked_again = verifier.asked().len();
    app.pass(Duration::minutes(11));
    let much_later = visitor.post(&site(&key), anew).await;

    assert_eq!((first.status.as_u16(), sent.status.as_u16()), (201, 201));
    assert_eq!((replayed.status, &replayed.text), (first.status, &first.text));
    assert_eq!(replayed.header("idempotent-replayed"), "true");
    assert_eq!((repeated.status.as_u16(), repeated.id()), (201, sent.id()));
    assert_eq!((repeated_anew.status.as_u16(), repeated_anew.id()), (201, sent.id()));
    assert_eq!((asked, asked_again), (2, 2));
    assert_unproven(&much_later);
    assert_eq!((verifier.asked().len(), stored(&app)), (3, 2));
}

#[tokio::test]
async fn a_flood_over_the_limit_does_not_reach_the_verifier() {
    let app = TestApp::start().await;
    app.stop_clock();
    let verifier = Verifier::start(PASSED).await;
    let captcha = Captcha { verify_url: verifier.url.clone(), when_down: WhenDown::Refuse };
    let new = NewApiKey { captcha: Some(captcha), limit_per_address: Some(3), ..NewApiKey::default() };
    let (_, key) = app.key(app.admin().await.org, new).await;

    let mut statuses = Vec::new();
    for _ in 0..8 {
        statuses.push(app.anyone().post(&site(&key), proven("token")).await.status.as_u16());
    }

    assert_eq!(statuses, [201, 201, 201, 429, 429, 429, 429, 429]);
    assert_eq!(verifier.asked().len(), 3);
}

#[tokio::test]
async fn the_secret_of_the_verifier_is_in_no_answer() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let verifier = Verifier::start(PASSED).await;
    let keys = [(verifier.url.as_str(), WhenDown::Admit), (DOWN, WhenDown::Admit), (DOWN, WhenDown::Refuse)];
    let mut shown = Vec::new();

    for (verify_url, when_down) in keys {
        let captcha = Captcha { verify_url: verify_url.to_owned(), when_down };
        let new = NewApiKey { captcha: Some(captcha), ..NewApiKey::default() };
        let (id, key) = app.key(admin.org, new).await;
        let page = app.anyone().with("accept", "text/html").with("origin", "https://shop.example");
        let fields = [("last_name", "A"), ("phone", "12345"), ("captcha", "token")];
        let answers = three_ways(&page, &site(&key), &fields).await;
        shown.extend(answers.map(|answer| format!("{:?} {}", answer.headers, answer.text)));
        verifier.say(FAILED);
        let answer = page.post(&site(&key), proven("token")).await;
        shown.push(format!("{:?} {}", answer.headers, answer.text));
        verifier.say(PASSED);
        let script = page.get(&format!("/api/leads/form.js?key={key}")).await;
        shown.push(script.text);
        let store = &app.app.store;
        let rotated = leadline::auth::ApiSecret::generate().unwrap();
        let rotated = store.rotate_key(admin.org, id, rotated.hash(), app.now()).await.unwrap();
        let found = store.find_key(admin.org, id).await.unwrap().unwrap();
        assert_eq!(found.key.captcha.as_ref().map(|captcha| captcha.verify_url.as_str()), Some(verify_url));
        shown.push(format!("{} {found:?} {rotated:?}", serde_json::to_string(&found).unwrap()));
    }
    let listed = app.app.store.keys(admin.org).await.unwrap();
    shown.push(format!("{} {listed:?}", serde_json::to_string(&listed).unwrap()));

    assert!(shown.iter().all(|text| !text.contains(CAPTCHA_SECRET)), "{shown:#?}");
}

#[tokio::test]
async fn the_secret_of_the_verifier_goes_along_when_the_key_is_rotated() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let verifier = Verifier::start(PASSED).await;
    let captcha = Captcha { verify_url: verifier.url.clone(), when_down: WhenDown::Refuse };
    let new = NewApiKey { captcha: Some(captcha), ..NewApiKey::default() };
    let (id, old) = app.key(admin.org, new).await;
    let new = leadline::auth::ApiSecret::generate().unwrap();
    app.app.store.rotate_key(admin.org, id, new.hash(), app.now()).await.unwrap();

    for key in [old.as_str(), new.reveal()] {
        let answer = app.anyone().post(&site(key), proven("token")).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }

    assert!(verifier.asked().iter().all(|asked| asked.form["secret"] == CAPTCHA_SECRET));
    assert_eq!(verifier.asked().len(), 2);
}

//! What browsers are told not to do with answers, and what `docs/security.md` says of all this.

use std::fs;
use std::path::{Path, PathBuf};

use leadline_tests::Answer;

use crate::prelude::*;

/// What every answer says that has nothing of its own to say there.
const HEADERS: [(&str, &str); 5] = [
    ("cache-control", "no-store"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
];

/// Those of the headers that an answer has otherwise.
fn otherwise(answer: &Answer) -> Vec<&'static str> {
    let differs = |(name, value): &(&'static str, &str)| answer.header(name) != *value;
    HEADERS.iter().filter(|header| differs(header)).map(|(name, _)| *name).collect()
}

#[tokio::test]
async fn every_answer_tells_browsers_to_keep_and_to_run_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let site = format!("/api/leads/create-from-site/?apikey={key}");
    let lead = json!({"first_name": "Ada", "last_name": "L", "email": "ada@example.com"});
    let once = admin.with("idempotency-key", "1");
    let made = once.post("/api/leads/", lead.clone()).await;
    let path = format!("/api/leads/{}/", made.id());
    let file = ("attachment", "a.html", "text/html", b"<script>alert(1)</script>".as_slice());
    let added = admin.multipart(&path, &[], &[file]).await;
    let attachment = added.body["attachment"]["id"].as_str().unwrap();

    for (answer, status) in [
        (&made, 201),
        (&once.post("/api/leads/", lead.clone()).await, 201),
        (&admin.get(&path).await, 200),
        (&admin.get("/api/leads/?format=csv").await, 200),
        (&admin.get(&format!("/api/leads/attachment/{attachment}/")).await, 302),
        (&admin.post(&site, lead).await, 201),
        (&admin.send("OPTIONS", &site, "", "").await, 204),
        (&admin.delete(&path).await, 204),
        (&admin.post("/api/leads/", json!({})).await, 400),
        (&app.anyone().get("/api/leads/").await, 401),
        (&admin.get("/nothing/").await, 404),
        (&admin.send("PUT", "/api/leads/", "", "").await, 405),
    ] {
        assert_eq!((answer.status.as_u16(), otherwise(answer)), (status, vec![]), "{}", answer.text);
    }
    app.lose_the_table();
    let broken = admin.get("/api/leads/").await;
    assert_eq!((broken.status.as_u16(), otherwise(&broken)), (500, vec![]));
}

#[tokio::test]
async fn a_page_may_have_its_style_and_a_script_may_be_kept_and_no_more() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let browser = app.anyone().with("accept", "text/html");

    let script = browser.get("/api/leads/form.js").await;
    let body = "last_name=L&email=ada%40example.com";
    let path = format!("/api/leads/create-from-site/?apikey={key}");
    let page = browser.send("POST", &path, "application/x-www-form-urlencoded", body).await;

    assert_eq!((script.status.as_u16(), otherwise(&script)), (200, vec!["cache-control"]));
    assert_eq!((page.status.as_u16(), otherwise(&page)), (201, vec!["content-security-policy"]));
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"), "{policy}");
}

#[tokio::test]
async fn what_was_attached_is_saved_and_never_shown() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("L", json!({})).await;
    let page = b"<script>alert(1)</script>".as_slice();
    let file = ("attachment", "page.html", "text/html", page);
    let added = admin.multipart(&format!("/api/leads/{}/", lead.id()), &[], &[file]).await;
    let attachment = added.body["attachment"]["id"].as_str().unwrap();

    let link = admin.get(&format!("/api/leads/attachment/{attachment}/")).await;
    let (status, headers, body) = app.fetch(link.header("location")).await;

    assert_eq!((status.as_u16(), body.as_ref()), (200, page));
    let disposition = headers["content-disposition"].to_str().unwrap();
    assert!(disposition.starts_with("attachment; filename"), "{disposition}");
}

/// The names of tests that a page mentions: what is in code, in small letters, and a sentence.
fn tests_in(page: &str) -> Vec<&str> {
    let is_test = |code: &&str| {
        let plain =
            code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        plain && code.matches('_').count() >= 3
    };
    page.split('`').skip(1).step_by(2).filter(is_test).collect()
}

/// All code of a folder, one file after another.
fn code(folder: &Path) -> String {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| match path.extension() {
        _ if path.is_dir() && !path.ends_with("target") && !path.ends_with("node_modules") => code(&path),
        Some(kind) if kind == "rs" => fs::read_to_string(path).unwrap(),
        _ => String::new(),
    };
    entries.map(read).collect()
}

#[test]
fn the_page_on_security_names_for_every_threat_a_test_that_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let code: String =
        ["cli", "functions", "openapi", "shared", "tests"].map(|room| code(&root.join(room))).concat();

    let missing: Vec<_> =
        tests_in(&page).into_iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    let threats: Vec<&str> = page.split("\n### API").skip(1).collect();
    let bare: Vec<_> = threats.iter().filter(|threat| tests_in(threat).is_empty()).collect();

    assert!(missing.is_empty(), "no such test: {missing:#?}");
    assert_eq!((threats.len(), bare.len()), (10, 0), "{bare:#?}");
}

//! `GET /api/leads/form.js`: the script of forms on websites.

use crate::prelude::*;

const PATH: &str = "/api/leads/form.js";

#[tokio::test]
async fn the_script_is_small_public_and_asks_for_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let visitor = app.anyone();
    app.engine.traffic();

    let script = visitor.get(&format!("{PATH}?key={key}")).await;
    let others = [
        visitor.get(PATH).await,
        visitor.get(&format!("{PATH}?key=nonsense")).await,
        visitor.get(&format!("{PATH}?key=%22%3B%3C/script%3E")).await,
        visitor.with("origin", "https://shop.example").get(&format!("{PATH}?key={key}")).await,
        visitor.with("origin", "null").get(&format!("{PATH}?key={key}")).await,
    ];

    assert_eq!(script.status, 200, "{}", script.text);
    for (name, value) in [
        ("content-type", "text/javascript; charset=utf-8"),
        ("cache-control", "public, max-age=300"),
        ("access-control-allow-origin", "*"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("x-content-type-options", "nosniff"),
        ("set-cookie", ""),
    ] {
        assert_eq!(script.header(name), value, "{name}");
        for other in &others {
            assert_eq!(other.header(name), value, "{name}");
        }
    }
    assert!(script.bytes.len() < 10_000, "{} bytes", script.bytes.len());
    assert!(script.text.contains("create-from-site") && script.text.contains("website_url_confirm"));
    assert!(!script.text.contains(&key));
    for other in &others {
        assert_eq!((other.status.as_u16(), &other.text), (200, &script.text), "the same for everyone");
        assert_eq!(other.header("etag"), script.header("etag"));
    }
    assert_eq!(app.engine.traffic().requests, 0, "the table is not asked");
}

#[tokio::test]
async fn a_browser_that_has_the_script_is_not_sent_it_again() {
    let app = TestApp::start().await;
    let first = app.anyone().get(PATH).await;
    let tag = first.header("etag");
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 2, "{tag}");

    for (known, status) in [
        (tag.to_owned(), 304),
        (format!("W/{tag}"), 304),
        (format!("\"other\", {tag}"), 304),
        ("\"other\"".to_owned(), 200),
        ("nonsense".to_owned(), 200),
    ] {
        let again = app.anyone().with("if-none-match", &known).get(PATH).await;

        assert_eq!(again.status, status, "{known}");
        assert_eq!(again.text.is_empty(), status == 304, "{known}");
        for name in ["etag", "cache-control", "access-control-allow-origin"] {
            assert_eq!(again.header(name), first.header(name), "{known}: {name}");
        }
    }
}

#[tokio::test]
async fn the_script_is_only_fetched() {
    let app = TestApp::start().await;

    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let answer = app.anyone().send(method, PATH, "application/json", "{}").await;

        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET"), "{method}");
    }
}

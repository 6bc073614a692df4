//! `/api/schema/` and `/api/docs/`.

use leadctl::gateway::TrailingSlash;
use leadline::auth::{Auth, Secret};

use crate::prelude::*;

#[tokio::test]
async fn anybody_gets_the_document_and_the_page_with_and_without_the_slash() {
    for slash in [TrailingSlash::Ignored, TrailingSlash::Distinct] {
        let auth = Auth::hs256(&Secret::new(leadline_tests::SECRET.to_vec()).unwrap(), None, None);
        let app = TestApp::start_with(auth, slash).await;
        for (path, kind) in [("/api/schema", "application/json"), ("/api/docs", "text/html; charset=utf-8")] {
            for end in ["", "/"] {
                let answer = app.anyone().get(&format!("{path}{end}")).await;

                assert_eq!(answer.status, 200, "{slash:?} {path}{end}: {}", answer.text);
                assert_eq!(answer.header("content-type"), kind);
                assert_eq!(answer.header("cache-control"), "public, max-age=300");
                assert_eq!(answer.header("x-content-type-options"), "nosniff");
            }
        }
    }
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let app = TestApp::start().await;

    for path in ["/api/schema/", "/api/docs/"] {
        let first = app.anyone().get(path).await;
        let again = app.anyone().with("if-none-match", first.header("etag")).get(path).await;
        let other = app.anyone().with("if-none-match", "\"other\"").get(path).await;

        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{path}");
        assert_eq!(again.header("etag"), first.header("etag"));
        assert_eq!((other.status.as_u16(), other.text), (200, first.text), "{path}");
    }
}

#[tokio::test]
async fn the_page_runs_no_script_and_fetches_nothing_from_elsewhere() {
    let app = TestApp::start().await;

    let page = app.anyone().get("/api/docs/").await;

    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'self'; script-src 'none';"), "{policy}");
    for part in ["<script", "<link", "<img", "src=", "@import", "url(", "href=\"http"] {
        assert!(!page.text.contains(part), "{part}");
    }
}

#[tokio::test]
async fn other_methods_and_paths_below_are_refused() {
    let app = TestApp::start().await;

    for path in ["/api/schema/", "/api/docs"] {
        for method in ["POST", "HEAD", "OPTIONS", "DELETE"] {
            let answer = app.anyone().send(method, path, "", "").await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, "GET"), "{method} {path}");
        }
    }
    for path in ["/api/schema/x/", "/api/docs/x", "/api/docs//"] {
        assert_eq!(app.anyone().get(path).await.status, 404, "{path}");
    }
}

//! Paths and methods.

use std::collections::{BTreeMap, BTreeSet};

use leadctl::gateway::TrailingSlash;
use leadctl::template::Template;
use leadline::auth::{Auth, Secret};
use leadline::web::ROUTES;

use crate::prelude::*;

#[test]
fn the_template_and_the_code_name_the_same_routes() {
    let mut deployed = BTreeMap::<String, BTreeSet<String>>::new();
    for route in Template::shipped().unwrap().routes.iter().filter(|route| route.path != "$default") {
        let path = route.path.trim_end_matches("/{proxy+}").to_owned();
        deployed.entry(path).or_default().insert(route.method.clone());
    }

    let known = ROUTES.iter().map(|(path, methods)| (*path, methods.to_vec()));
    // These say themselves what is not allowed.
    let about = lead_schema::ROUTES.iter().map(|(path, _)| (*path, vec!["ANY"]));
    let known = known.chain(about).map(|(path, methods)| {
        (path.to_owned(), methods.into_iter().map(str::to_owned).collect::<BTreeSet<_>>())
    });

    assert_eq!(deployed, known.collect());
}

#[tokio::test]
async fn a_method_that_is_not_there_is_405_with_those_that_are() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let id = admin.open_lead("L", json!({})).await.id();

    for (method, path, allow) in [
        ("DELETE", "/api/leads/".to_owned(), "GET, POST"),
        ("PUT", "/api/leads".to_owned(), "GET, POST"),
        ("HEAD", format!("/api/leads/{id}/"), "GET, POST, PUT, PATCH, DELETE"),
        ("GET", format!("/api/leads/comment/{id}/"), "PUT, PATCH, DELETE"),
        ("POST", format!("/api/leads/comment/{id}/"), "PUT, PATCH, DELETE"),
        ("PUT", format!("/api/leads/attachment/{id}"), "GET, DELETE"),
        ("POST", format!("/api/leads/attachment/{id}/"), "GET, DELETE"),
        ("GET", "/api/leads/create-from-site/".to_owned(), "POST, OPTIONS"),
        ("POST", "/api/leads/form.js".to_owned(), "GET"),
        ("DELETE", "/api/leads/companies/".to_owned(), "GET, POST"),
        ("POST", format!("/api/leads/company/{id}/"), "GET, PUT, PATCH, DELETE"),
    ] {
        let answer = admin.send(method, &path, "application/json", "{}").await;

        assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text);
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
        assert_eq!(answer.body["code"], "method_not_allowed");
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_is_404_as_json() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    for path in [
        "/",
        "/api",
        "/api/leads/x/y/z/",
        "/favicon.ico",
        "/api/leads//",
        "/api/leads/company/",
        "/api/leads/%2e%2e/",
    ] {
        let answer = admin.get(path).await;

        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        assert_eq!(answer.body["code"], "not_found", "{path}");
        assert_eq!(answer.body["error"], true, "{path}");
    }
}

#[tokio::test]
async fn a_slash_at_the_end_makes_no_difference_however_the_gateway_reads_it() {
    for slash in [TrailingSlash::Ignored, TrailingSlash::Distinct] {
        let auth = Auth::hs256(&Secret::new(leadline_tests::SECRET.to_vec()).unwrap(), None, None);
        let app = TestApp::start_with(auth, slash).await;
        let admin = app.admin().await;
        let (_, key) = app.key(admin.org, NewApiKey::default()).await;
        for end in ["", "/"] {
            let lead = json!({"first_name": "A", "last_name": "B", "phone": format!("12345{end}")});
            let made = admin.post(&format!("/api/leads{end}"), lead.clone()).await;
            let site = admin.post(&format!("/api/leads/create-from-site{end}?apikey={key}"), lead).await;
            let company =
                admin.post(&format!("/api/leads/companies{end}"), json!({"name": format!("C{end}")})).await;
            assert_eq!(
                [made.status, site.status, company.status].map(|status| status.as_u16()),
                [201; 3],
                "{slash:?} {end}"
            );
            for path in [
                "/api/leads".to_owned(),
                format!("/api/leads/{}", made.id()),
                "/api/leads/companies".to_owned(),
                format!("/api/leads/company/{}", company.id()),
            ] {
                assert_eq!(admin.get(&format!("{path}{end}")).await.status, 200, "{slash:?} {path}{end}");
            }
            assert_eq!(admin.delete(&format!("/api/leads/company/{}{end}", company.id())).await.status, 204);
        }
    }
}

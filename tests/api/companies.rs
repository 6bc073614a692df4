//! `/api/leads/companies/` and `/api/leads/company/{pk}/`.

use crate::prelude::*;

#[tokio::test]
async fn a_company_is_made_shown_changed_and_deleted() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let made = admin
        .post(
            "/api/leads/companies/",
            json!({"name": "Acme", "industry": "Energy", "website": "acme.example"}),
        )
        .await;
    let path = format!("/api/leads/company/{}/", made.id());
    let late = admin.with("if-match", "\"7\"").patch(&path, json!({"name": "Late"})).await;
    let changed =
        admin.with("if-match", "\"1\"").patch(&path, json!({"name": "ACME", "website": null})).await;
    let shown = admin.get(&path).await;
    let lead = admin.open_lead("L", json!({"account_name": "acme"})).await;
    let gone = admin.delete(&path).await;

    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(late.status, 412);
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(made.header("location"), path);
    assert_eq!(
        changed.body,
        json!({"id": made.id(), "name": "ACME", "industry": "Energy", "website": null, "created_from_lead": null})
    );
    assert_eq!(shown.body, changed.body);
    assert_eq!(lead.body["company"], made.id());
    assert_eq!(gone.status, 204);
    assert_eq!(admin.get(&path).await.status, 404);
    assert_eq!(
        admin.get(&format!("/api/leads/{}/", lead.id())).await.body["lead_obj"]["account_name"],
        "acme"
    );
}

#[tokio::test]
async fn a_name_is_taken_once_whatever_its_case() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let first = admin.post("/api/leads/companies/", json!({"name": "Acme"})).await;
    let other = admin.post("/api/leads/companies/", json!({"name": "Other"})).await;

    let again = admin.post("/api/leads/companies/", json!({"name": " ACME "})).await;
    let renamed = admin.patch(&format!("/api/leads/company/{}/", other.id()), json!({"name": "acme"})).await;
    let blank = admin.post("/api/leads/companies/", json!({"name": " "})).await;

    for answer in [again, renamed] {
        assert_eq!(answer.status, 409);
        assert_eq!(answer.body["code"], "conflict");
        assert_eq!(answer.body["id"], first.id());
    }
    assert_eq!(blank.body["errors"], json!({"name": ["must not be blank"]}));
}

#[tokio::test]
async fn companies_are_listed_by_name_a_page_at_a_time() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for name in ["delta", "Alpha", "charlie", "Bravo", "echo"] {
        admin.post("/api/leads/companies/", json!({ "name": name })).await;
    }

    let list = admin.get("/api/leads/companies/?limit=2&offset=2").await;

    let names: Vec<&str> =
        list.body["companies"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["charlie", "delta"]);
    assert!(list.body["next"].as_str().unwrap().ends_with("/api/leads/companies/?limit=2&offset=4"));
    assert!(list.body["previous"].as_str().unwrap().ends_with("limit=2&offset=0"));
    assert_eq!(admin.get("/api/leads/companies/?limit=2&offset=4").await.body["next"], Value::Null);
}

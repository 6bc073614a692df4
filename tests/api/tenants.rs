//! Another organisation's anything is as if it did not exist.

use crate::prelude::*;

#[tokio::test]
async fn nothing_of_another_organisation_can_be_read_or_changed() {
    let app = TestApp::start().await;
    let (acme, rival) = (app.admin().await, app.admin().await);
    let team = app.team(acme.org, &[]).await;
    let contact = app.contact(acme.org, "c@example.com").await;
    let lead = acme
        .open_lead(
            "Secret",
            json!({"account_name": "Secret Ltd", "tags": ["secret"], "source": "secret source"}),
        )
        .await;
    let lead_path = format!("/api/leads/{}/", lead.id());
    let company_path = format!("/api/leads/company/{}/", lead.body["company"].as_str().unwrap());
    let before = acme.get(&lead_path).await.text;

    for path in [&lead_path, &company_path] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let answer =
                rival.send(method, path, "application/json", "{\"city\": \"X\", \"name\": \"X\"}").await;
            assert_eq!(answer.status, 404, "{method} {path}");
        }
    }
    for (field, id) in
        [("assigned_to", json!(acme.user)), ("teams", json!(team)), ("contacts", json!(contact.id))]
    {
        let answer =
            rival.post("/api/leads/", json!({"first_name": "A", "last_name": "B", field: [id]})).await;
        let problem = format!("{}: there is none in this organisation", id.as_str().unwrap());
        assert_eq!(answer.body["errors"], json!({ field: [problem] }));
    }
    let list = rival.get("/api/leads/").await;
    assert_eq!(list.body["open_leads_count"], 0);
    assert!(!list.text.to_lowercase().contains("secret"), "{}", list.text);
    assert!(!rival.get("/api/leads/companies/").await.text.contains("Secret"));
    let made = rival.post("/api/leads/companies/", json!({"name": "Secret Ltd"})).await;
    assert_eq!(made.status, 201, "a name taken elsewhere is free here");
    assert_eq!(acme.get(&lead_path).await.text, before);
}

#[tokio::test]
async fn the_header_of_another_organisation_opens_nothing() {
    let app = TestApp::start().await;
    let (acme, rival) = (app.admin().await, app.admin().await);
    let lead = acme.open_lead("Secret", json!({})).await;
    let intruder = rival.with("organization-id", &acme.org.to_string());

    for (method, path) in [
        ("GET", "/api/leads/".to_owned()),
        ("POST", "/api/leads/".to_owned()),
        ("GET", format!("/api/leads/{}/", lead.id())),
        ("PATCH", format!("/api/leads/{}/", lead.id())),
        ("DELETE", format!("/api/leads/{}/", lead.id())),
        ("GET", "/api/leads/companies/".to_owned()),
        ("POST", "/api/leads/companies/".to_owned()),
    ] {
        let answer = intruder
            .send(
                method,
                &path,
                "application/json",
                "{\"first_name\":\"A\",\"last_name\":\"B\",\"name\":\"C\"}",
            )
            .await;
        assert_eq!(answer.status, 403, "{method} {path}");
        assert!(!answer.text.contains("Secret"));
    }
    assert_eq!(app.stored("#LEAD#", "LEAD"), 1);
}

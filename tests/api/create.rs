//! `POST /api/leads/`.

use crate::prelude::*;

#[tokio::test]
async fn a_lead_comes_back_with_all_that_was_sent_and_all_that_was_made() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    let team = app.team(admin.org, &[]).await;
    let contact = app.contact(admin.org, "grace@example.com").await;

    let created = admin
        .post(
            "/api/leads/",
            json!({
                "title": "Enterprise Software License", "first_name": " John ", "last_name": "Smith",
                "email": "John.Smith@Example.com", "phone": "+1-555-123-4567", "status": "in process",
                "source": "Referral", "account_name": "Acme Corp", "website": "https://acme.example",
                "description": "Interested in 50 seats", "opportunity_amount": 75000, "address_line": "1 Main St",
                "street": "Suite 5", "city": "San Francisco", "state": "CA", "postcode": "94105",
                "country": "United States", "industry": "Computer Software", "probability": 60,
                "close_date": "2027-03-31", "contacts": [contact.id], "assigned_to": [user.user],
                "teams": [team], "tags": ["enterprise", "Priority", "ENTERPRISE"],
                "id": "x", "org": "x", "created_by": "x", "converted_account": "x", "not_ours": "x",
            }),
        )
        .await;

    assert_eq!(created.status, 201, "{}", created.text);
    let lead = &created.body;
    assert_eq!(created.header("location"), format!("/api/leads/{}/", created.id()));
    assert_eq!(created.header("etag"), "\"1\"");
    assert_eq!(created.header("content-type"), "application/json");
    for (field, value) in [
        ("title", json!("Enterprise Software License")),
        ("first_name", json!("John")),
        ("email", json!("John.Smith@Example.com")),
        ("phone", json!("+1-555-123-4567")),
        ("status", json!("in process")),
        ("opportunity_amount", json!("75000.00")),
        ("country", json!("US")),
        ("probability", json!(60)),
        ("close_date", json!("2027-03-31")),
        ("contacts", json!([contact.id])),
        ("assigned_to", json!([user.user])),
        ("teams", json!([team])),
        ("tags", json!(["enterprise", "Priority"])),
        ("created_by", json!(admin.user)),
        ("org", json!(admin.org)),
        ("created_from_site", json!(false)),
        ("converted_account", Value::Null),
        ("attribution", Value::Null),
    ] {
        assert_eq!(lead[field], value, "{field}");
    }
    assert!(lead["company"].is_string());
    assert!(lead["created_on"].as_str().unwrap().ends_with('Z'));
    assert!(lead.get("not_ours").is_none());
    let shown = admin.get(&format!("/api/leads/{}/", created.id())).await;
    assert_eq!(shown.body["lead_obj"], *lead);
}

#[tokio::test]
async fn every_kind_of_body_makes_the_same_lead() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let json =
        json!({"first_name": "Zoë", "last_name": "O'Neil", "opportunity_amount": 0.1, "tags": ["a b", "c"]});
    let form = "first_name=Zo%C3%AB&last_name=O%27Neil&opportunity_amount=0.1&tags=a+b&tags=c";
    let array =
        "first_name=Zo%C3%AB&last_name=O%27Neil&opportunity_amount=0.1&tags=%5B%22a+b%22%2C%22c%22%5D";
    let parts = [
        ("first_name", "Zoë"),
        ("last_name", "O'Neil"),
        ("opportunity_amount", "0.1"),
        ("tags", "a b"),
        ("tags", "c"),
    ];
    let multipart: String = parts
        .iter()
        .map(|(name, value)| {
            format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect();

    let mut made = vec![admin.post("/api/leads/", json).await];
    for (kind, body) in [
        ("application/x-www-form-urlencoded", form.to_owned()),
        ("application/x-www-form-urlencoded; charset=utf-8", array.to_owned()),
        ("multipart/form-data; boundary=XX", format!("{multipart}--XX--\r\n")),
    ] {
        made.push(admin.send("POST", "/api/leads", kind, body).await);
    }

    for answer in made {
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.body["first_name"], "Zoë");
        assert_eq!(answer.body["last_name"], "O'Neil");
        assert_eq!(answer.body["title"], "Zoë O'Neil");
        assert_eq!(answer.body["opportunity_amount"], "0.10");
        assert_eq!(answer.body["tags"], json!(["a b", "c"]));
    }
}

#[tokio::test]
async fn an_account_name_makes_one_company_whatever_its_case() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let first = admin.open_lead("One", json!({"account_name": "Straße AG"})).await;
    let second = admin.open_lead("Two", json!({"account_name": "STRASSE ag"})).await;

    assert_eq!(first.body["company"], second.body["company"]);
    let companies = admin.get("/api/leads/companies/").await.body["companies"].clone();
    assert_eq!(companies.as_array().unwrap().len(), 1);
    assert_eq!(companies[0]["name"], "Straße AG");
    assert_eq!(companies[0]["created_from_lead"], first.body["id"]);
}

#[tokio::test]
async fn a_tag_keeps_the_spelling_it_was_first_given() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.open_lead("One", json!({"tags": ["VIP"]})).await;

    let second = admin.open_lead("Two", json!({"tags": ["vip", "new"]})).await;

    assert_eq!(second.body["tags"], json!(["VIP", "new"]));
    let list = admin.get("/api/leads/").await;
    assert_eq!(list.body["tags"], json!(["new", "VIP"]));
}

#[tokio::test]
async fn fifty_leads_at_once_of_one_new_company_make_one_company_and_right_counts() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let leads = (0..50).map(|n| {
        admin.open_lead("Same", json!({"account_name": "One Ltd", "tags": ["t"], "title": n.to_string()}))
    });
    let leads = futures::future::join_all(leads).await;

    let company = &leads[0].body["company"];
    assert!(leads.iter().all(|lead| lead.body["company"] == *company));
    assert_eq!(app.stored("#COMPANY#", "COMPANY"), 1);
    let list = admin.get("/api/leads/?fields=leads").await;
    assert_eq!(list.body["open_leads_count"], 50);
    assert_eq!(app.app.store.counts(admin.org).await.unwrap().open, 50);
}

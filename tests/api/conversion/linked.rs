//! Accounts and contacts that are there already.

use super::{accounts, became, blamed, convert, counts, made, path, ripe};
use crate::prelude::*;

#[tokio::test]
async fn the_contact_of_the_email_is_linked_and_no_other_made() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let contact = app.contact(admin.org, "ONE@Example.com").await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let site = format!("/api/leads/create-from-site/?apikey={key}");
    let captured = admin.post(&site, json!({"last_name": "Two", "email": "two@example.com"})).await;

    let converted = admin.open_lead("One", ripe("one")).await;
    let converted = convert(&admin, &converted, json!({})).await;
    let from_site = convert(&admin, &captured, json!({"account_name": "Two Ltd"})).await;

    assert_eq!(*became(&converted)[1], json!(contact.id));
    assert_eq!(json!([became(&from_site)[1]]), captured.body["contacts"]);
    assert_eq!(made(&app, admin.org).await, [2, 2, 1]);
    let shown = admin.get(&path(&converted)).await;
    assert_eq!(shown.body["conversion"]["contact"]["first_name"], "Con", "it stays as it is");
}

#[tokio::test]
async fn an_account_of_that_name_stands_in_the_way_whatever_its_case() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let first = admin
        .open_lead(
            "First",
            json!({"account_name": "Straße AG", "email": "a@example.com", "status": "converted"}),
        )
        .await;
    let second = json!({"account_name": "STRASSE ag", "email": "b@example.com", "opportunity_amount": 5});
    let lead = admin.open_lead("Second", second.clone()).await;
    let (before, stored) = (admin.get(&path(&lead)).await.text, app.stored("", ""));

    let changed = convert(&admin, &lead, json!({"city": "Oslo"})).await;
    let mut new = second;
    new["first_name"] = json!("A");
    new["last_name"] = json!("B");
    new["auto_convert"] = json!(true);
    let created = admin.post("/api/leads/", new).await;

    for answer in [changed, created] {
        assert_eq!(answer.status, 409, "{}", answer.text);
        assert_eq!(answer.body["code"], "conflict");
        assert_eq!(answer.body["id"], *became(&first)[0]);
    }
    assert_eq!(admin.get(&path(&lead)).await.text, before);
    assert_eq!(app.stored("", ""), stored);
    assert_eq!(counts(&app, admin.org).await, [1, 0, 1]);
}

#[tokio::test]
async fn an_account_is_linked_when_the_client_says_so() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let first = admin
        .open_lead("First", json!({"account_name": "Acme", "email": "a@example.com", "status": "converted"}))
        .await;
    let account = became(&first)[0].as_str().unwrap();
    let mut leads = vec![first.id()];

    for (n, name, link) in [
        (1, "ACME", json!({"link_account": true})),
        (2, "Acme", json!({"link_account": "true"})),
        (3, "acme", json!({"account_id": account})),
        (4, "Other name", json!({"account_id": account})),
    ] {
        let lead =
            json!({"account_name": name, "email": format!("{n}@example.com"), "opportunity_amount": n});
        let lead = admin.open_lead("Next", lead).await;
        let linked = convert(&admin, &lead, link.clone()).await;

        assert_eq!(linked.status, 200, "{link}: {}", linked.text);
        assert_eq!(*became(&linked)[0], account, "{link}");
        leads.push(lead.id());
    }
    let made_so = json!({
        "account_name": "Acme", "email": "5@example.com", "auto_convert": true, "account_id": account,
    });
    leads.push(admin.open_lead("Next", made_so).await.id());
    let new =
        json!({"account_name": "New", "email": "6@example.com", "status": "converted", "link_account": true});
    let new = admin.open_lead("New", new).await;

    assert_ne!(*became(&new)[0], account, "nothing to link, so it is made");
    let accounts = accounts(&app, admin.org).await;
    let acme = accounts.iter().find(|known| known["id"] == account).unwrap();
    let mut linked: Vec<&str> =
        acme["leads"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    linked.sort_unstable();
    assert_eq!(linked, leads, "ids sort by time");
    assert_eq!((accounts.len(), &acme["name"]), (2, &json!("Acme")));
    assert_eq!(acme["created_from_lead"], first.id());
}

#[tokio::test]
async fn an_account_that_is_not_ours_cannot_be_linked() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let mut theirs = ripe("theirs");
    theirs["status"] = json!("converted");
    let theirs = rival.open_lead("Theirs", theirs).await;
    let lead = admin.open_lead("Ours", ripe("ours")).await;
    let (before, stored) = (admin.get(&path(&lead)).await.text, app.stored("", ""));

    for id in [became(&theirs)[0].clone(), json!("0195d7a0-0000-7000-8000-000000000001"), json!("x")] {
        let answer = convert(&admin, &lead, json!({"account_id": id})).await;

        assert_eq!(answer.status, 400, "{id}: {}", answer.text);
        assert_eq!(blamed(&answer), ["account_id"], "{id}");
    }
    assert_eq!(admin.get(&path(&lead)).await.text, before);
    assert_eq!(app.stored("", ""), stored);
    let same_name = convert(&admin, &lead, json!({"account_name": "theirs Ltd"})).await;
    assert_eq!(same_name.status, 200, "a name taken elsewhere is free here: {}", same_name.text);
}

#[tokio::test]
async fn who_links_an_account_of_others_sees_no_more_of_it_than_its_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    let lead = json!({"email": "a@example.com", "account_name": "Secret Ltd", "description": "Not for all.", "status": "converted"});
    admin.open_lead("Theirs", lead).await;

    let own = json!({"email": "b@example.com", "account_name": "secret ltd", "status": "converted", "link_account": true});
    let own = user.open_lead("Own", own).await;

    let path = format!("/api/leads/{}/", own.id());
    let (seen, whole) = (user.get(&path).await, admin.get(&path).await);
    let id = &own.body["converted_account"];
    assert_eq!(seen.body["conversion"]["account"], json!({"id": id, "name": "Secret Ltd"}));
    assert_eq!(whole.body["conversion"]["account"]["description"], "Not for all.");
}

//! `GET /api/leads/`.

mod export;
mod filters;
mod folds;
mod orders;

use crate::prelude::*;

fn names(list: &Value, which: &str) -> Vec<String> {
    let leads = list[which].as_array().unwrap();
    leads.iter().map(|lead| lead["last_name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn open_and_closed_leads_are_listed_apart_newest_first() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (name, status) in
        [("A", "assigned"), ("B", "closed"), ("C", "in process"), ("D", "recycled"), ("E", "closed")]
    {
        admin.open_lead(name, json!({ "status": status })).await;
    }

    let list = admin.get("/api/leads/").await;

    assert_eq!(list.status, 200);
    assert_eq!(names(&list.body, "open_leads"), ["D", "C", "A"]);
    assert_eq!(names(&list.body, "closed_leads"), ["E", "B"]);
    assert_eq!(list.body["open_leads_count"], 3);
    assert_eq!(list.body["closed_leads_count"], 2);
    assert_eq!(list.body["per_page"], 10);
    assert_eq!(list.body["page_number"], 1);
    for nothing in ["next", "previous", "next_cursor"] {
        assert_eq!(list.body[nothing], Value::Null, "{nothing}");
    }
    assert_eq!(list.body["countries"].as_array().unwrap().len(), 249);
    assert_eq!(list.body["status"], json!(["assigned", "in process", "converted", "recycled", "closed"]));
    assert_eq!(list.body["users"][0]["id"], json!(admin.user));
}

#[tokio::test]
async fn every_filter_chooses_and_counts_exactly() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    admin.open_lead("Lovelace", json!({"first_name": "Ada", "title": "Analytical Engine", "city": "London", "email": "ada@example.com", "source": "Referral", "tags": ["vip", "math"], "assigned_to": [user.user]})).await;
    admin.open_lead("Hopper", json!({"first_name": "Grace", "city": "New York", "email": "grace@navy.example", "source": "Cold Call", "status": "in process", "tags": ["navy"]})).await;
    admin.open_lead("Straße", json!({"first_name": "Éva", "city": "Köln", "source": "Fairs, Paris", "status": "closed", "assigned_to": [user.user, admin.user]})).await;

    for (query, open, closed) in [
        ("name=ADA", vec!["Lovelace"], vec![]),
        ("name=ada+love", vec!["Lovelace"], vec![]),
        ("name=o", vec!["Hopper", "Lovelace"], vec![]),
        ("name=STRASSE", vec![], vec!["Straße"]),
        ("name=e%CC%81va", vec![], vec!["Straße"]),
        ("title=engine", vec!["Lovelace"], vec![]),
        ("title=grace+h", vec!["Hopper"], vec![]),
        ("city=york", vec!["Hopper"], vec![]),
        ("city=K%C3%96LN", vec![], vec!["Straße"]),
        ("email=NAVY", vec!["Hopper"], vec![]),
        ("source=referral", vec!["Lovelace"], vec![]),
        ("source=refer", vec![], vec![]),
        ("source=referral&source=cold+call", vec!["Hopper", "Lovelace"], vec![]),
        ("source=referral,cold%20call", vec!["Hopper", "Lovelace"], vec![]),
        ("source=Fairs,%20Paris", vec![], vec!["Straße"]),
        ("status=in%20process,closed", vec!["Hopper"], vec!["Straße"]),
        ("tags=VIP", vec!["Lovelace"], vec![]),
        ("tags=vip,navy", vec!["Hopper", "Lovelace"], vec![]),
        (&*format!("assigned_to={}", user.user), vec!["Lovelace"], vec!["Straße"]),
        (&*format!("assigned_to={}&name=ada&tags=vip&city=lon", user.user), vec!["Lovelace"], vec![]),
        ("name=ada&city=york", vec![], vec![]),
        ("name=", vec!["Hopper", "Lovelace"], vec!["Straße"]),
    ] {
        let list = admin.get(&format!("/api/leads/?{query}")).await;

        assert_eq!(list.status, 200, "{query} {}", list.text);
        assert_eq!(names(&list.body, "open_leads"), open, "{query}");
        assert_eq!(names(&list.body, "closed_leads"), closed, "{query}");
        assert_eq!(list.body["open_leads_count"], open.len(), "{query}");
        assert_eq!(list.body["closed_leads_count"], closed.len(), "{query}");
    }
}

#[tokio::test]
async fn pages_link_to_each_other_and_keep_the_filters() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for n in 0..7 {
        admin.open_lead(&format!("L{n}"), json!({"city": "Köln"})).await;
    }
    admin.open_lead("Elsewhere", json!({"city": "Bonn"})).await;

    let (mut path, mut seen) = ("/api/leads/?city=k%C3%B6ln&limit=3".to_owned(), Vec::new());
    let mut numbers = Vec::new();
    let last = loop {
        let list = admin.get(&path).await;
        assert_eq!(list.body["open_leads_count"], 7);
        seen.extend(names(&list.body, "open_leads"));
        numbers.push(list.body["page_number"].as_u64().unwrap());
        match list.body["next"].as_str() {
            Some(next) => path = next.split_once("leads.example").unwrap().1.to_owned(),
            None => break list,
        }
    };

    assert_eq!(seen, ["L6", "L5", "L4", "L3", "L2", "L1", "L0"]);
    assert_eq!(numbers, [1, 2, 3]);
    assert!(last.body["previous"].as_str().unwrap().ends_with("/api/leads/?city=k%C3%B6ln&limit=3&offset=3"));
}

#[tokio::test]
async fn a_user_sees_and_counts_only_their_own() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    let team = app.team(admin.org, &[user.user]).await;
    admin.open_lead("Theirs", json!({})).await;
    admin.open_lead("Assigned", json!({"assigned_to": [user.user]})).await;
    admin.open_lead("Team", json!({"teams": [team], "status": "closed"})).await;
    user.open_lead("Created", json!({})).await;

    let before = user.get("/api/leads/").await;
    app.app.store.remove_member(admin.org, team, user.user).await.unwrap();
    let after = user.get("/api/leads/").await;

    assert_eq!(names(&before.body, "open_leads"), ["Created", "Assigned"]);
    assert_eq!(names(&before.body, "closed_leads"), ["Team"]);
    assert_eq!(before.body["open_leads_count"], 2);
    assert_eq!(after.body["closed_leads_count"], 0);
    assert_eq!(admin.get("/api/leads/").await.body["open_leads_count"], 3);
}

#[tokio::test]
async fn a_change_is_in_the_next_list() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Before", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());

    admin.patch(&path, json!({"last_name": "After", "status": "closed"})).await;
    let changed = admin.get("/api/leads/?name=after").await;
    admin.delete(&path).await;
    let gone = admin.get("/api/leads/").await;

    assert_eq!(names(&changed.body, "closed_leads"), ["After"]);
    assert_eq!(changed.body["open_leads_count"], 0);
    assert_eq!(gone.body["closed_leads_count"], 0);
}

#[tokio::test]
async fn many_rows_are_read_to_the_end_for_a_filter_and_not_without_one() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for batch in 0..60 {
        let leads = (0..50).map(|n| {
            let status = if batch == 59 { "closed" } else { "assigned" };
            let more = json!({"status": status, "title": format!("{batch} {n} {}", "x".repeat(240)), "email": format!("{batch}.{n}@{}.example", "y".repeat(60))});
            admin.open_lead("Many", more)
        });
        if batch == 59 {
            app.engine.traffic();
            let none_closed = admin.get("/api/leads/?fields=leads").await;
            assert_eq!(none_closed.body["open_leads_count"], 2950);
            assert_eq!(none_closed.body["closed_leads_count"], 0);
            assert_eq!(
                app.engine.traffic().requests,
                6,
                "rights, counts, a page of rows, manifest; leads, manifest"
            );
        }
        futures::future::join_all(leads).await;
    }

    app.engine.traffic();
    let all = admin.get("/api/leads/?fields=leads").await;
    assert_eq!(app.engine.traffic().requests, 6);
    let some = admin.get("/api/leads/?fields=leads&title=7%2049").await;

    assert_eq!(all.body["open_leads_count"], 2950);
    assert_eq!(all.body["closed_leads_count"], 50);
    assert_eq!(app.engine.traffic().requests, 7, "one page of rows more");
    assert_eq!(some.body["open_leads_count"], 6); // 7, 17, 27, 37, 47, 57
    let counts = app.app.store.counts(admin.org).await.unwrap();
    assert_eq!((counts.open, counts.closed), (2950, 50));
}

#[tokio::test]
async fn only_the_leads_are_there_when_only_they_are_asked_for() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let list = admin.get("/api/leads/?fields=leads").await;

    let names: Vec<&String> = list.body.as_object().unwrap().keys().collect();
    assert!(!names.iter().any(|name| ["users", "countries", "tags"].contains(&name.as_str())), "{names:?}");
}

//! Filters beside those of texts, and facets.

use super::names;
use crate::prelude::*;

#[tokio::test]
async fn a_search_looks_in_name_title_email_account_and_phone() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    admin
        .open_lead(
            "Lovelace",
            json!({"title": "Engine 5551", "email": "ada@example.com", "assigned_to": [user.user]}),
        )
        .await;
    admin
        .open_lead(
            "Hopper",
            json!({"account_name": "Groß & Söhne", "phone": "+1 (555) 12-34", "city": "Engine"}),
        )
        .await;
    admin
        .open_lead("Turing", json!({"phone": "020 7946 0000", "description": "engine", "status": "closed"}))
        .await;

    for (query, open, closed) in [
        ("search=ENGINE", vec!["Lovelace"], vec![]),
        ("search=test%20hop", vec!["Hopper"], vec![]),
        ("search=GROSS", vec!["Hopper"], vec![]),
        ("search=example.com", vec!["Lovelace"], vec![]),
        ("search=5551234", vec!["Hopper"], vec![]),
        ("search=555-1234", vec!["Hopper"], vec![]),
        ("search=5551", vec!["Hopper", "Lovelace"], vec![]),
        ("search=%2B1%20(555)", vec!["Hopper"], vec![]),
        ("search=79460", vec![], vec!["Turing"]),
        ("search=test&status=closed", vec![], vec!["Turing"]),
        ("search=engine&title=hop", vec![], vec![]),
        ("search=%20", vec!["Hopper", "Lovelace"], vec!["Turing"]),
    ] {
        let list = admin.get(&format!("/api/leads/?{query}")).await;

        assert_eq!(names(&list.body, "open_leads"), open, "{query}");
        assert_eq!(names(&list.body, "closed_leads"), closed, "{query}");
        assert_eq!(list.body["open_leads_count"], open.len(), "{query}");
    }
    let theirs = user.get("/api/leads/?search=5551").await;
    assert_eq!(names(&theirs.body, "open_leads"), ["Lovelace"]);
}

#[tokio::test]
async fn bounds_of_time_and_amount_are_those_of_what_is_shown() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.stop_clock();
    admin.open_lead("Old", json!({"opportunity_amount": "99.99"})).await;
    app.pass(Duration::milliseconds(1));
    let new = admin.open_lead("New", json!({"opportunity_amount": "100"})).await;
    let shown = new.body["created_on"].as_str().unwrap();
    let day = &shown[..10];

    for (query, open) in [
        (format!("created_after={shown}"), vec!["New"]),
        (format!("created_before={shown}"), vec!["Old"]),
        (format!("created_after={day}"), vec!["New", "Old"]),
        (format!("created_before={day}"), vec![]),
        (format!("created_after={}%2B00:00", shown.trim_end_matches('Z')), vec!["New"]),
        (format!("created_after={}+00:00", shown.trim_end_matches('Z')), vec!["New"]),
        ("amount_min=100".to_owned(), vec!["New"]),
        ("amount_max=99.99".to_owned(), vec!["Old"]),
        ("amount_min=99.99&amount_max=100.00".to_owned(), vec!["New", "Old"]),
        ("amount_min=100.01".to_owned(), vec![]),
        (format!("amount_min=1&created_before={shown}&name=ol"), vec!["Old"]),
    ] {
        let list = admin.get(&format!("/api/leads/?{query}")).await;
        assert_eq!(names(&list.body, "open_leads"), open, "{query}");
    }
}

#[tokio::test]
async fn facets_count_the_values_of_what_matches() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    let more =
        json!({"source": "Trade Show", "tags": ["VIP", "Math"], "city": "köln", "assigned_to": [user.user]});
    admin.open_lead("A", more).await;
    let more = json!({"source": "TRADE SHOW", "tags": ["vip"], "city": "Köln", "status": "closed"});
    admin.open_lead("B", more).await;
    let more = json!({"source": "Referral", "city": "Bonn", "tags": ["math"], "account_name": "C", "email": "c@example.com", "status": "converted"});
    admin.open_lead("C", more).await;

    let all =
        admin.get("/api/leads/?fields=leads&facets=status,source,tags,assigned_to&facets=city&limit=1").await;
    let some = admin.get("/api/leads/?facets=tags,city&name=a&fields=leads").await;
    let converted = admin.get("/api/leads/?facets=source,status&status=converted&fields=leads").await;
    let theirs = user.get("/api/leads/?facets=status,source&fields=leads").await;
    let none = admin.get("/api/leads/?facets=").await;

    let one = |value: &str, count: usize| json!({"value": value, "count": count});
    assert_eq!(
        all.body["facets"],
        json!({
            "status": [one("assigned", 1), one("closed", 1)],
            "source": [one("Trade Show", 2)],
            "tags": [one("VIP", 2), one("Math", 1)],
            "assigned_to": [one(&user.user.to_string(), 1)],
            "city": [one("Köln", 2)],
        })
    );
    assert_eq!(all.body["facets_truncated"], json!([]));
    let expected = json!({"tags": [one("Math", 1), one("VIP", 1)], "city": [one("köln", 1)]});
    assert_eq!(some.body["facets"], expected);
    let expected = json!({"source": [one("Referral", 1)], "status": [one("converted", 1)]});
    assert_eq!(converted.body["facets"], expected);
    let expected = json!({"status": [one("assigned", 1)], "source": [one("Trade Show", 1)]});
    assert_eq!(theirs.body["facets"], expected);
    assert!(none.body.get("facets").is_none() && none.body.get("facets_truncated").is_none());
}

//! `ordering`, cursors and far offsets.

use super::names;
use crate::prelude::*;

async fn some_leads(admin: &Client<'_>) {
    for (name, amount, status) in [
        ("Berg", "100", "assigned"),
        ("ångström", "", "assigned"),
        ("Zuse", "20.50", "assigned"),
        ("abel", "100.00", "assigned"),
        ("Young", "7", "closed"),
        ("Xu", "", "closed"),
    ] {
        admin.open_lead(name, json!({"opportunity_amount": amount, "status": status})).await;
    }
}

#[tokio::test]
async fn leads_come_in_the_order_that_is_asked_for() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    some_leads(&admin).await;
    let zuse = admin.get("/api/leads/?name=zuse").await.body["open_leads"][0]["id"].clone();
    app.pass(Duration::seconds(1));
    admin.patch(&format!("/api/leads/{}/", zuse.as_str().unwrap()), json!({"city": "Berlin"})).await;

    for (ordering, open, closed) in [
        ("", ["abel", "Zuse", "ångström", "Berg"], ["Xu", "Young"]),
        ("-created_on", ["abel", "Zuse", "ångström", "Berg"], ["Xu", "Young"]),
        ("created_on", ["Berg", "ångström", "Zuse", "abel"], ["Young", "Xu"]),
        ("last_name", ["abel", "Berg", "Zuse", "ångström"], ["Xu", "Young"]),
        ("-last_name", ["ångström", "Zuse", "Berg", "abel"], ["Young", "Xu"]),
        ("opportunity_amount", ["Zuse", "abel", "Berg", "ångström"], ["Young", "Xu"]),
        ("-opportunity_amount", ["abel", "Berg", "Zuse", "ångström"], ["Young", "Xu"]),
        ("-updated_on", ["Zuse", "abel", "ångström", "Berg"], ["Xu", "Young"]),
    ] {
        let list = admin.get(&format!("/api/leads/?ordering={ordering}")).await;

        assert_eq!(names(&list.body, "open_leads"), open, "{ordering}");
        assert_eq!(names(&list.body, "closed_leads"), closed, "{ordering}");
        assert_eq!(list.body["next_cursor"], Value::Null);
    }
    let last = admin.get("/api/leads/?ordering=updated_on&limit=1&offset=3").await;
    assert_eq!(names(&last.body, "open_leads"), ["Zuse"]);
}

/// Follows `next` from one page to the other; the names of both lists.
async fn follow(admin: &Client<'_>, mut path: String) -> [Vec<String>; 2] {
    let mut seen = [Vec::new(), Vec::new()];
    loop {
        let list = admin.get(&path).await;
        assert_eq!(list.status, 200, "{}", list.text);
        seen[0].extend(names(&list.body, "open_leads"));
        seen[1].extend(names(&list.body, "closed_leads"));
        assert_eq!(list.body["open_leads_count"], 4);
        match (list.body["next"].as_str(), list.body["next_cursor"].as_str()) {
            (Some(next), Some(_)) => path = next.split_once("leads.example").unwrap().1.to_owned(),
            (None, None) => return seen,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn pages_by_cursor_go_through_both_lists_in_every_order() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    some_leads(&admin).await;

    for field in ["created_on", "updated_on", "opportunity_amount", "last_name"] {
        for ordering in [field.to_owned(), format!("-{field}")] {
            let path = format!("/api/leads/?fields=leads&ordering={ordering}");
            let whole = admin.get(&path).await.body;
            let first = admin.get(&format!("{path}&limit=1")).await.body;
            let cursor = first["next_cursor"].as_str().unwrap();

            let by_offset = follow(&admin, format!("{path}&limit=1")).await;
            let by_cursor = follow(&admin, format!("{path}&limit=1&cursor={cursor}")).await;

            let all = ["open_leads", "closed_leads"].map(|list| names(&whole, list));
            assert_eq!(by_offset, all, "{ordering}");
            assert_eq!(by_cursor, [&all[0][1..], &all[1][1..]], "{ordering}");
        }
    }
}

#[tokio::test]
async fn a_page_after_a_cursor_repeats_and_skips_nothing_while_leads_arrive() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    some_leads(&admin).await;
    let first = admin.get("/api/leads/?limit=2").await.body;
    let shown = first["open_leads"][1]["id"].as_str().unwrap();

    admin.open_lead("New", json!({})).await;
    admin.delete(&format!("/api/leads/{shown}/")).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = admin.get(&format!("/api/leads/?limit=2&cursor={cursor}")).await;

    assert_eq!(names(&first, "open_leads"), ["abel", "Zuse"]);
    assert_eq!(names(&second.body, "open_leads"), ["ångström", "Berg"]);
    assert_eq!(names(&second.body, "closed_leads"), Vec::<String>::new());
    assert_eq!(second.body["open_leads_count"], 4);
    for nothing in ["next", "previous", "next_cursor", "page_number"] {
        assert_eq!(second.body[nothing], Value::Null, "{nothing}");
    }
}

#[tokio::test]
async fn a_cursor_works_with_filters_for_a_user_and_for_converted_leads() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    for n in 0..5 {
        let more = json!({"assigned_to": [user.user], "account_name": format!("A{n}"), "email": "a@example.com", "status": "converted"});
        admin.open_lead(&format!("C{n}"), more).await;
        admin.open_lead(&format!("O{n}"), json!({"assigned_to": [user.user]})).await;
        admin.open_lead("Other", json!({})).await;
    }

    let path = "/api/leads/?limit=2&ordering=last_name&status=converted,assigned";
    let (mut open, mut converted, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = user.get(&format!("{path}&cursor={cursor}")).await.body;
        assert_eq!((&page["open_leads_count"], &page["converted_leads_count"]), (&json!(5), &json!(5)));
        open.extend(names(&page, "open_leads"));
        converted.extend(names(&page, "converted_leads"));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }

    assert_eq!(open, ["O0", "O1", "O2", "O3", "O4"]);
    assert_eq!(converted, ["C0", "C1", "C2", "C3", "C4"]);
}

#[tokio::test]
async fn what_is_no_order_cursor_or_bound_is_told_all_at_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    some_leads(&admin).await;
    let list = admin.get("/api/leads/?limit=1&ordering=last_name").await.body;
    let cursor = list["next_cursor"].as_str().unwrap();

    let bad = admin
        .get("/api/leads/?ordering=age&created_after=yesterday&created_before=2026-13-01&amount_min=x&amount_max=-1&facets=status,colour&limit=0&status=new")
        .await;
    let fields = bad.body["errors"].as_object().unwrap();

    assert_eq!(bad.status, 400);
    let named: Vec<&str> = fields.keys().map(String::as_str).collect();
    let expected = [
        "amount_max",
        "amount_min",
        "created_after",
        "created_before",
        "facets",
        "limit",
        "ordering",
        "status",
    ];
    assert_eq!(named, expected);
    assert_eq!(fields["facets"], json!(["must be any of: status, source, tags, assigned_to, city"]));
    for (query, field) in [
        (format!("cursor={cursor}"), "cursor"),
        (format!("cursor={cursor}&ordering=-last_name"), "cursor"),
        (format!("cursor={cursor}&ordering=last_name&offset=1"), "cursor"),
        (format!("cursor={}&ordering=last_name", &cursor[..cursor.len() - 4]), "cursor"),
        (format!("cursor={}", "A".repeat(5_000)), "cursor"),
        ("offset=100000&limit=1&ordering=last_name".to_owned(), "offset"),
        ("offset=100000001".to_owned(), "offset"),
    ] {
        let refused = admin.get(&format!("/api/leads/?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
        assert_eq!(
            refused.body["errors"].as_object().unwrap().keys().collect::<Vec<_>>(),
            [field],
            "{query}"
        );
    }
    for good in ["offset=99999&limit=1&ordering=last_name", "offset=100000000", "ordering=&cursor=&facets="] {
        assert_eq!(admin.get(&format!("/api/leads/?{good}")).await.status, 200, "{good}");
    }
}

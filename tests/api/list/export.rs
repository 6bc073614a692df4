//! All leads as a file.

use leadctl::role;

use super::names;
use crate::prelude::*;

const CSV: &str = "/api/leads/?format=csv";

/// The lines of a file without line breaks in its cells, its last names.
fn last_names(file: &str) -> Vec<&str> {
    let header: Vec<&str> = file.lines().next().unwrap().trim_start_matches('\u{feff}').split(',').collect();
    let at = header.iter().position(|name| *name == "last_name").unwrap();
    file.lines().skip(1).map(|line| line.split(',').nth(at).unwrap()).collect()
}

/// Sends a file of leads in; how many rows were imported, failed, skipped, updated.
async fn import(client: &Client<'_>, file: &[u8], on_duplicate: &str) -> [u64; 4] {
    let fields = [("on_duplicate", on_duplicate), ("again", "true")];
    let sent = client
        .multipart("/api/leads/upload/", &fields, &[("leads_file", "leads.csv", "text/csv", file)])
        .await;
    assert_eq!(sent.status, 200, "{}", sent.text);
    ["imported_count", "failed_count", "skipped_count", "updated_count"]
        .map(|name| sent.body[name].as_u64().unwrap_or_else(|| panic!("{}", sent.text)))
}

#[tokio::test]
async fn all_leads_that_match_are_in_the_file_in_the_order_that_is_asked_for() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    for n in 0..12 {
        let status = if n % 3 == 0 { "closed" } else { "assigned" };
        admin.open_lead(&format!("L{n:02}"), json!({"status": status, "city": "Köln"})).await;
    }
    admin.open_lead("Elsewhere", json!({"assigned_to": [user.user], "opportunity_amount": 5})).await;
    let more = json!({"status": "converted", "account_name": "C", "email": "c@example.com"});
    admin.open_lead("Converted", more).await;

    let file = admin.get(&format!("{CSV}&city=k%C3%B6ln&ordering=-last_name&limit=2&offset=3")).await;
    let converted = admin.get(&format!("{CSV}&status=converted")).await;
    let theirs = user.with("accept", "text/csv, application/json;q=0.9").get("/api/leads/").await;
    let all = admin.with("accept", "text/html, text/csv;q=0.5").get("/api/leads/").await;
    let json = admin.with("accept", "text/csv").get("/api/leads/?format=json").await;
    let usual = admin.with("accept", "*/*").get("/api/leads/").await;
    let neither = admin.get("/api/leads/?format=xml").await;

    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    let today = app.now().format("%Y-%m-%d");
    assert_eq!(file.header("content-disposition"), format!("attachment; filename=\"leads-{today}.csv\""));
    assert!(file.text.starts_with("\u{feff}title,first_name,last_name,email,"), "{}", file.text);
    let expected: Vec<String> = (0..12).rev().map(|n| format!("L{n:02}")).collect();
    assert_eq!(last_names(&file.text), expected);
    assert_eq!(last_names(&converted.text), ["Converted"]);
    assert_eq!(last_names(&theirs.text), ["Elsewhere"]);
    assert_eq!(last_names(&all.text).len(), 13);
    assert!(theirs.text.contains(&format!("{}@users.example", user.user)) && theirs.text.contains(",5.00,"));
    for list in [json, usual] {
        assert_eq!(names(&list.body, "open_leads").len(), 9);
    }
    assert_eq!(neither.body["errors"], json!({"format": ["must be json or csv"]}));
}

/// What a lead holds that a file can bring in.
fn values(lead: &Value) -> Value {
    let mut lead = lead.clone();
    for own in [
        "id",
        "created_on",
        "updated_on",
        "created_by",
        "contacts",
        "teams",
        "created_from_site",
        "attribution",
    ] {
        lead.as_object_mut().unwrap().remove(own);
    }
    lead
}

#[tokio::test]
async fn what_was_exported_goes_back_in_unchanged() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (ann, bob) = (app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await);
    for lead in [
        json!({"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com"}),
        json!({
            "title": "=1+1", "first_name": "'@Éva", "last_name": "-O'Neil, \"Jr\"", "email": "=eva@example.com",
            "phone": "+1 (555) 12-34", "status": "in process", "source": "Fairs, Paris", "account_name": "@Home; Ltd",
            "website": "https://example.com/?a=1,2", "opportunity_amount": "75000.10", "address_line": "+ 2nd floor",
            "description": "=cmd|' /C calc'!A0\nTwo lines; \"quoted\", and\ttabs\r\nand a third", "street": "'5th Ave",
            "city": "Köln", "state": "NRW", "postcode": "01234", "country": "Germany", "industry": "Retail",
            "probability": 0, "close_date": "2028-02-29", "assigned_to": [bob.user, ann.user],
            "tags": ["VIP, gold", "a;b", "say \"hi\"", "=x", "\"q", "plain"],
        }),
        json!({"first_name": "C", "last_name": "D", "email": "d@example.com", "status": "closed", "tags": ["=y"]}),
        json!({"first_name": "R", "last_name": "S", "email": "s@example.com", "status": "recycled", "phone": "-123"}),
    ] {
        let made = admin.post("/api/leads/", lead).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let before = admin.get("/api/leads/?fields=leads").await.body;
    let file = admin.get(CSV).await;

    let updated = import(&admin, &file.bytes, "update").await;
    let unchanged = admin.get("/api/leads/?fields=leads").await.body;
    let again = admin.get(CSV).await;
    let created = import(&admin, &file.bytes, "create").await;
    let after = admin.get("/api/leads/?fields=leads").await.body;

    assert_eq!((updated[0], updated[1]), (0, 0));
    assert_eq!(unchanged, before);
    assert_eq!(again.text, file.text);
    assert_eq!(created, [4, 0, 0, 0]);
    for (list, count) in [("open_leads", 3), ("closed_leads", 1)] {
        let all =
            |lists: &Value| -> Vec<Value> { lists[list].as_array().unwrap().iter().map(values).collect() };
        let (mut old, mut both) = (all(&before), all(&after));
        assert_eq!((old.len(), both.len()), (count, 2 * count));
        let key = |lead: &Value| lead["last_name"].to_string();
        old.sort_by_key(key);
        both.sort_by_key(key);
        for (n, lead) in both.iter().enumerate() {
            assert_eq!(lead, &old[n / 2]);
        }
    }
}

#[tokio::test]
async fn a_file_too_large_for_an_answer_is_in_the_bucket() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let description = "\u{1f600}".repeat(10_000);
    let last_name: Vec<String> = (0..126).map(|n| format!("L{n}")).collect();
    let leads = last_name.iter().map(|name| admin.open_lead(name, json!({"description": description})));
    futures::future::join_all(leads).await;

    let answer = admin.get(CSV).await;
    let objects = app.bucket.objects();
    let fetched = app.fetch(answer.header("location")); // a link may do what its signer may
    let (status, headers, file) = role::run("lead-list", fetched).await;
    let small = admin.get(&format!("{CSV}&name=L1")).await;

    assert_eq!(answer.status, 303, "{}", answer.text);
    assert_eq!(objects.len(), 1);
    assert!(objects[0].starts_with(&format!("exports/{}/", admin.org)), "{objects:?}");
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment; filename=\"leads-"));
    let file = String::from_utf8(file.to_vec()).unwrap();
    assert_eq!((last_names(&file).len(), file.len() > 5_000_000), (126, true));
    assert_eq!((small.status.as_u16(), app.bucket.objects().len()), (200, 1));
}

#[tokio::test(start_paused = true)]
async fn an_export_that_takes_too_long_is_told_before_the_gateway_gives_up() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.open_lead("L", json!({})).await;

    let late = async {
        tokio::time::sleep(std::time::Duration::from_millis(15)).await;
        tokio::time::advance(std::time::Duration::from_secs(21)).await;
    };
    let (answer, ()) = tokio::join!(admin.get(CSV), late);

    assert_eq!(answer.status, 413, "{}", answer.text);
    assert_eq!(answer.body["code"], "too_large");
    assert!(answer.body["message"].as_str().unwrap().contains("created_after"), "{}", answer.text);
}

//! What each operation costs: requests one after another, requests, read and write units. The same
//! numbers stand in `docs/access-patterns.md`; one that grows is a bill that grows.

use leadline::domain::Rules;
use leadline_tests::{File, TRIP};
use tokio::time::Instant;

use crate::prelude::*;

/// Rounds one after another, requests, read units, write units.
type Cost = (u128, u32, f64, f64);

async fn cost<T>(app: &TestApp, operation: impl Future<Output = T>) -> (T, Cost) {
    app.engine.traffic();
    let start = Instant::now();
    let answer = operation.await;
    let rounds = start.elapsed().as_millis() / TRIP.as_millis();
    let traffic = app.engine.traffic();
    (answer, (rounds, traffic.requests, traffic.read_units, traffic.write_units))
}

/// The chart has a row for each of these.
fn compare<const N: usize>(costs: [(&str, Cost); N]) {
    let chart = include_str!("../../docs/access-patterns.md");
    let row = |(name, (rounds, requests, reads, writes)): (&str, Cost)| {
        format!("| {name} | {rounds} | {requests} | {reads} | {writes} |")
    };
    let rows = costs.map(row);
    let wrong: Vec<&String> = rows.iter().filter(|row| !chart.contains(row.as_str())).collect();
    assert!(wrong.is_empty(), "the chart does not say: {wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn every_operation_costs_what_the_chart_says() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let site = format!("/api/leads/create-from-site/?apikey={key}");
    let lead = json!({"first_name": "Ada", "last_name": "Lovelace", "email": "ada@example.com", "phone": "+1 555 1234567", "city": "London"});

    let (made, create) = cost(&app, admin.post("/api/leads/", lead.clone())).await;
    let (_, plain) =
        cost(&app, admin.post("/api/leads/", json!({"first_name": "A", "last_name": "B"}))).await;
    let (_, capture) = cost(&app, admin.post(&site, lead.clone())).await;
    let (_, repeat) = cost(&app, admin.post(&site, lead)).await;
    let path = format!("/api/leads/{}/", made.id());
    let (_, detail) = cost(&app, admin.get(&path)).await;
    let (_, update) = cost(&app, admin.patch(&path, json!({"city": "Paris"}))).await;
    let (_, list) = cost(&app, admin.get("/api/leads/")).await;
    let (_, leads_only) = cost(&app, admin.get("/api/leads/?fields=leads&name=ada")).await;
    let (_, companies) = cost(&app, admin.get("/api/leads/companies/")).await;
    let (_, delete) = cost(&app, admin.delete(&path)).await;

    compare([
        ("create", create),
        ("create without e-mail", plain),
        ("site-lead", capture),
        ("site-lead, repeated", repeat),
        ("detail", detail),
        ("update", update),
        ("list", list),
        ("list, fields=leads", leads_only),
        ("companies", companies),
        ("delete", delete),
    ]);
    assert!(create.0 <= 3 && capture.0 <= 3 && detail.0 <= 2 && list.0 <= 2);
}

#[tokio::test(start_paused = true)]
async fn a_detail_of_a_lead_with_many_people_takes_two_rounds() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut users = Vec::new();
    for _ in 0..60 {
        users.push(app.member(admin.org, Role::User).await.user);
    }
    let contact = app.contact(admin.org, "c@example.com").await;
    let lead = admin.open_lead("L", json!({"assigned_to": users, "contacts": [contact.id]})).await;

    let (shown, (rounds, ..)) = cost(&app, admin.get(&format!("/api/leads/{}/", lead.id()))).await;

    assert_eq!(shown.body["assigned_to"].as_array().unwrap().len(), 60);
    assert_eq!(rounds, 2);
}

#[tokio::test(start_paused = true)]
async fn what_happens_to_a_lead_costs_what_the_chart_says() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    let other = app.member(admin.org, Role::User).await;
    let lead = admin.open_lead("L", json!({"email": "l@example.com", "account_name": "L Ltd"})).await;
    let path = format!("/api/leads/{}/", lead.id());
    let file: File<'_> = ("attachment", "a.txt", "text/plain", b"hello");

    let (said, comment) = cost(&app, admin.post(&path, json!({"comment": "Called."}))).await;
    let comment_path = format!("/api/leads/comment/{}/", said.body["comment"]["id"].as_str().unwrap());
    let (_, edit) = cost(&app, admin.patch(&comment_path, json!({"comment": "Called twice."}))).await;
    let (_, uncomment) = cost(&app, admin.delete(&comment_path)).await;
    let (kept, attach) = cost(&app, admin.multipart(&path, &[], &[file])).await;
    let file_path = kept.body["attachment"]["file_path"].as_str().unwrap();
    let (_, download) = cost(&app, admin.get(file_path)).await;
    let (_, unattach) = cost(&app, admin.delete(file_path)).await;
    let (_, assign) = cost(&app, admin.patch(&path, json!({"assigned_to": [user.user]}))).await;
    let (done, convert) =
        cost(&app, admin.patch(&path, json!({"status": "converted", "opportunity_amount": "5"}))).await;
    assert_eq!(done.status, 200, "{}", done.text);
    let (_, converted) = cost(&app, admin.get(&path)).await;
    let mut by_rule = Vec::new();
    for strategy in ["round_robin", "least_loaded"] {
        let rules = json!([{"assign": {"users": [user.user, other.user], "strategy": strategy}}]);
        let rules = Rules::parse(&rules.to_string()).unwrap();
        app.app.store.set_rules(admin.org, &rules, app.now()).await.unwrap();
        let lead = json!({"first_name": "A", "last_name": "B"});
        by_rule.push(cost(&app, admin.post("/api/leads/", lead)).await.1);
    }

    compare([
        ("comment", comment),
        ("comment, edited", edit),
        ("comment, deleted", uncomment),
        ("attachment of 5 bytes", attach),
        ("attachment, downloaded", download),
        ("attachment, deleted", unattach),
        ("update that assigns", assign),
        ("conversion with opportunity", convert),
        ("detail, converted", converted),
        ("create, round robin", by_rule[0]),
        ("create, least loaded", by_rule[1]),
    ]);
}

#[tokio::test(start_paused = true)]
async fn an_import_costs_what_the_chart_says() {
    let app = TestApp::start().await;
    let chart = include_str!("../../docs/access-patterns.md");
    let csv = |phone: &str| {
        let row = |n: usize| {
            let company = n / 20;
            format!("Ada{n},Lovelace,ada{n}@example.com,{phone}{n:07},Company {company},London,GB,VIP;navy\n")
        };
        let rows: String = (0..1_000).map(row).collect();
        format!("first name,last name,email,phone,company,city,country,tags\n{rows}")
    };
    let (first, changed) = (csv("+1 555 "), csv("+1 666 "));
    let (creating, skipping) = (app.admin().await, app.admin().await);
    let mut rows = Vec::new();
    for (name, client, content, on_duplicate, counted) in [
        ("create", &creating, &first, "create", "imported_count"),
        ("skip, all new", &skipping, &first, "skip", "imported_count"),
        ("skip, all known", &skipping, &changed, "skip", "skipped_count"),
        ("update, all changed", &skipping, &changed, "update", "updated_count"),
    ] {
        let file = ("leads_file", "leads.csv", "text/csv", content.as_bytes());
        let (options, files) = ([("on_duplicate", on_duplicate)], [file]);
        let send = client.multipart("/api/leads/upload/", &options, &files);
        let (answer, (_, requests, reads, writes)) = cost(&app, send).await;
        assert_eq!(answer.body[counted], 1_000, "{}", answer.text);
        rows.push(format!("| {name} | {requests} | {reads} | {writes} |"));
        assert!(
            writes / 1_000.0
                <= match on_duplicate {
                    "create" => 4.0,
                    "skip" => 8.0,
                    _ => 12.0,
                },
            "{name}: {writes}"
        );
    }

    let wrong: Vec<&String> = rows.iter().filter(|row| !chart.contains(row.as_str())).collect();
    assert!(wrong.is_empty(), "the chart does not say: {wrong:#?}");
}

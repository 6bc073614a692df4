//! What is told of requests and messages: a line of the log for each, and the metrics in it.

use leadline_tests::{Answer, METRICS};

use crate::prelude::*;

/// The lines since they were last asked for.
fn lines(app: &TestApp) -> Vec<Value> {
    app.log().iter().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one line there is.
fn line(app: &TestApp) -> Value {
    let lines = lines(app);
    let [line] = lines.as_slice() else { panic!("not one line: {lines:?}") };
    line.clone()
}

/// What a line counts, which must be in the format that CloudWatch reads; null if nothing.
fn counted(line: &Value) -> Value {
    let Some(embedded) = line.get("_aws") else { return Value::Null };
    let directive = &embedded["CloudWatchMetrics"][0];
    let metrics = directive["Metrics"].as_array().unwrap();
    let names: Vec<&str> = metrics.iter().map(|metric| metric["Name"].as_str().unwrap()).collect();
    let units: Vec<Value> = names.iter().map(|name| json!({"Name": name, "Unit": "Count"})).collect();
    let expected = json!({
        "Timestamp": embedded["Timestamp"].as_u64().unwrap(),
        "CloudWatchMetrics": [{"Namespace": METRICS, "Dimensions": [[]], "Metrics": units}],
    });
    assert_eq!(embedded, &expected);
    names
        .into_iter()
        .map(|name| (name.to_owned(), line[name].clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// What the line of a request counts.
async fn after(app: &TestApp, request: impl Future<Output = Answer>) -> Value {
    request.await;
    counted(&line(app))
}

#[tokio::test]
async fn a_request_is_one_line_that_says_what_it_was_and_what_it_cost() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Lovelace", json!({"email": "ada@example.com"})).await;
    assert_eq!(line(&app)["cold_start"], true);
    app.engine.traffic();

    let answer = admin.get(&format!("/api/leads/{}/", lead.id())).await;

    let (line, traffic) = (line(&app), app.engine.traffic());
    assert_eq!(
        line,
        json!({
            "timestamp": line["timestamp"].as_str().unwrap(), "level": "INFO", "message": "done",
            "request_id": answer.header("apigw-requestid"), "org_id": admin.org.to_string(),
            "route": "/api/leads/{pk}", "method": "GET", "status": 200, "ms": line["ms"].as_u64().unwrap(),
            "table_requests": traffic.requests, "read_units": line["read_units"], "write_units": line["write_units"],
            "cold_start": false,
        })
    );
    assert!(traffic.requests > 0 && traffic.read_units > 0.0);
    assert_eq!(line["read_units"].as_f64(), Some(traffic.read_units));
    assert_eq!(line["write_units"].as_f64(), Some(traffic.write_units));
}

#[tokio::test]
async fn what_is_tried_again_counts_again_and_what_is_written_counts_as_written() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.engine.traffic();
    app.engine.fail("GetItem", Fault::Throttled);

    admin.open_lead("Lovelace", json!({"email": "ada@example.com"})).await;

    let (line, traffic) = (line(&app), app.engine.traffic());
    assert_eq!(line["table_requests"], traffic.requests);
    assert_eq!(line["read_units"].as_f64(), Some(traffic.read_units));
    assert_eq!(line["write_units"].as_f64(), Some(traffic.write_units));
    assert!(traffic.write_units > 0.0);
}

#[tokio::test]
async fn requests_at_the_same_time_have_a_line_each_with_their_own_numbers() {
    let app = TestApp::start().await;
    let (acme, rival) = (app.admin().await, app.admin().await);
    app.engine.traffic();

    let (list, companies) = tokio::join!(acme.get("/api/leads/"), rival.get("/api/leads/companies/"));

    let lines = lines(&app);
    let of = |id: &str| lines.iter().find(|line| line["request_id"] == id).unwrap();
    let (list, companies) = (of(list.header("apigw-requestid")), of(companies.header("apigw-requestid")));
    assert_eq!(
        (lines.len(), &list["route"], &companies["route"]),
        (2, &json!("/api/leads"), &json!("/api/leads/companies"))
    );
    assert_eq!(
        (&list["org_id"], &companies["org_id"]),
        (&json!(acme.org.to_string()), &json!(rival.org.to_string()))
    );
    assert_eq!(companies["table_requests"], 2);
    assert_eq!(list["table_requests"], app.engine.traffic().requests - 2);
}

#[tokio::test]
async fn nothing_that_a_client_sent_is_in_the_log() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let lead = json!({
        "first_name": "Zebedee", "last_name": "Quux", "email": "zebedee@quux.example", "phone": "+49 30 7654321",
        "description": "Hopp hopp", "title": "Zauber", "tags": ["Zirkus"], "account_name": "Quux KG",
    });
    let made = admin.post("/api/leads/", lead.clone()).await;
    let nosy = admin
        .with("x-amzn-trace-id", "Root=zebedee@quux.example")
        .with("user-agent", "Zebedee")
        .with("referer", "https://quux.example/");

    nosy.post(&format!("/api/leads/create-from-site/?apikey={key}&name=Zebedee"), lead.clone()).await;
    nosy.post("/api/leads/create-from-site/?apikey=zirkus", lead).await;
    nosy.get("/api/leads/?email=zebedee%40quux.example&search=7654321&name=Quux").await;
    nosy.get("/api/leads/zebedee@quux.example/").await;
    nosy.get("/Zebedee/Quux/").await;
    nosy.send("ZEBEDEE", "/api/leads/", "", "").await;
    nosy.patch(&format!("/api/leads/{}/", made.id()), json!({"email": "zebedee at quux"})).await;
    nosy.multipart(
        &format!("/api/leads/{}/", made.id()),
        &[("comment", "Zebedee, hopp")],
        &[("attachment", "Zebedee Quux.txt", "text/plain", b"Zauber")],
    )
    .await;
    let file = b"Name,E-mail\nZebedee Quux,zebedee.2@quux.example\nZebedee,zebedee at quux\n";
    nosy.multipart("/api/leads/upload/", &[], &[("leads_file", "Zebedee Quux.csv", "text/csv", file)]).await;
    app.drop_object(&format!("imports/{}/Zebedee Quux.csv", admin.org), file.as_slice(), &[]).await;
    app.deliver().await;
    app.lose_the_table();
    nosy.get("/api/leads/?name=Zebedee").await;

    let log = app.log();
    assert!(log.len() >= 13, "{log:#?}");
    for line in log {
        let told = line.to_lowercase();
        for word in
            ["zebedee", "quux", "7654321", "hopp", "zauber", "zirkus", "?", "%40", "@", &key.to_lowercase()]
        {
            assert!(!told.contains(word), "{word} is in {line}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_and_a_method_of_ones_own_are_told_without_their_words() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    admin.get("/api/nothing/").await;
    admin.send("ADA", "/api/leads/", "", "").await;

    let lines = lines(&app);
    assert_eq!(lines.iter().map(|line| &line["status"]).collect::<Vec<_>>(), [404, 405]);
    assert_eq!((lines[0].get("route"), &lines[1]["method"]), (None, &json!("other")));
}

#[tokio::test]
async fn leads_are_counted_by_the_door_they_came_through_and_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let site = format!("/api/leads/create-from-site/?apikey={key}");
    let lead =
        json!({"first_name": "Ada", "last_name": "L", "email": "ada@example.com", "account_name": "Acme"});
    let with = |more: Value| {
        let mut lead = lead.clone();
        lead.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        lead
    };
    let (created, captured) = (json!({"Created": 1}), json!({"Captured": 1}));
    let made = admin.post("/api/leads/", lead.clone()).await;
    assert_eq!(counted(&line(&app)), created);
    let path = format!("/api/leads/{}/", made.id());

    let (once, asked) = (admin.with("idempotency-key", "1"), with(json!({"email": "c@example.com"})));
    assert_eq!(after(&app, once.post("/api/leads/", asked.clone())).await, created);
    assert_eq!(after(&app, once.post("/api/leads/", asked)).await, Value::Null);
    assert_eq!(after(&app, admin.post("/api/leads/", json!({}))).await, Value::Null);
    assert_eq!(after(&app, admin.get("/api/leads/")).await, Value::Null);
    let at_once = with(json!({"account_name": "Other", "email": "b@example.com", "status": "converted"}));
    let both = json!({"Created": 1, "Converted": 1});
    assert_eq!(after(&app, admin.post("/api/leads/", at_once)).await, both);
    let convert = json!({"status": "converted"});
    assert_eq!(after(&app, admin.patch(&path, json!({"city": "Paris"}))).await, Value::Null);
    assert_eq!(after(&app, admin.patch(&path, convert.clone())).await, json!({"Converted": 1}));
    assert_eq!(after(&app, admin.patch(&path, convert)).await, Value::Null);
    assert_eq!(after(&app, admin.post(&site, lead.clone())).await, captured);
    assert_eq!(after(&app, admin.post(&site, lead.clone())).await, Value::Null);
    let trapped = with(json!({"website_url_confirm": "x", "email": "d@example.com"}));
    assert_eq!(after(&app, admin.post(&site, trapped)).await, Value::Null);
}

#[tokio::test]
async fn rows_that_became_leads_are_counted_by_request_and_by_message() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let file = b"Name,E-mail\nAda King,ada@example.com\nBob,bob@\nEve Adams,eve@example.com\nEve Adams,eve@example.com\n";

    admin.multipart("/api/leads/upload/", &[], &[("leads_file", "leads.csv", "text/csv", file)]).await;
    assert_eq!(counted(&line(&app)), json!({"Imported": 2}));
    app.deliver().await;
    assert!(lines(&app).iter().all(|line| counted(line).is_null()), "what the request did is not done again");

    let key = format!("imports/{}/more.csv", admin.org);
    app.drop_object(&key, "Name,E-mail\nDan Brown,dan@example.com\n", &[]).await;
    app.deliver().await;

    let lines = lines(&app);
    let told: Vec<_> = lines.iter().map(|line| (&line["route"], &line["outcome"], counted(line))).collect();
    let (file, piece) = (json!("imports/{org}/{name}"), json!("chunks/{org}/{import}/{name}"));
    let done = json!("done");
    assert_eq!(told, [(&file, &done, Value::Null), (&piece, &done, json!({"Imported": 1}))]);
    for line in &lines {
        assert_eq!(line["org_id"], admin.org.to_string());
        assert!(line["message_id"].is_string() && line["table_requests"].as_u64() > Some(0), "{line}");
        assert!(line.get("status").or(line.get("method")).is_none(), "{line}");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_and_refusals_of_too_many_are_counted() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let limit = NewApiKey { limit_per_minute: Some(1), ..NewApiKey::default() };
    let (_, key) = app.key(admin.org, limit).await;
    let site = format!("/api/leads/create-from-site/?apikey={key}");
    admin.post(&site, json!({"last_name": "A", "phone": "+49 30 1000001"})).await;
    app.log();

    let refused = admin.post(&site, json!({"last_name": "B", "phone": "+49 30 1000002"})).await;
    assert_eq!((refused.status.as_u16(), counted(&line(&app))), (429, json!({"Throttled": 1})));

    let key = format!("imports/{}/leads.csv", admin.org);
    app.drop_object(&key, "Name,E-mail\nAda,ada@example.com\n", &[]).await;
    app.engine.fail("GetItem", Fault::Broken);
    assert!(!app.deliver_one().await);
    let failed = line(&app);
    assert_eq!((&failed["outcome"], counted(&failed)), (&json!("failed"), json!({"Failed": 1})));

    app.lose_the_table();
    let broken = admin.get("/api/leads/").await;
    assert_eq!((broken.status.as_u16(), counted(&line(&app))), (500, json!({"Failed": 1})));
}

#[tokio::test]
async fn a_request_that_is_traced_says_by_which_id() {
    let app = TestApp::start().await;
    let id = "1-5759e988-bd862e3fe1be46a994272793";
    let admin = app.admin().await.with("x-amzn-trace-id", &format!("Root={id};Sampled=1"));

    admin.get("/api/leads/").await;

    assert_eq!(line(&app)["trace_id"], id);
}

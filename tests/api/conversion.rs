//! Leads that become an account, a contact and an opportunity.

mod linked;
mod once;

use leadline::domain::OrgId;
use leadline_tests::Answer;

use crate::prelude::*;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// What a conversion needs, and an amount.
fn ripe(name: &str) -> Value {
    json!({
        "account_name": format!("{name} Ltd"), "email": format!("{name}@example.com"),
        "opportunity_amount": "75000.00",
    })
}

fn path(lead: &Answer) -> String {
    format!("/api/leads/{}/", lead.id())
}

/// Converts a lead by a change; `more` is changed with it.
async fn convert(client: &Client<'_>, lead: &Answer, more: Value) -> Answer {
    let mut body = json!({"status": "converted"});
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    client.patch(&path(lead), body).await
}

/// The ids of what a lead became.
fn became(lead: &Answer) -> [&Value; 3] {
    ["converted_account", "converted_contact", "converted_opportunity"].map(|field| &lead.body[field])
}

/// The fields that are blamed.
fn blamed(answer: &Answer) -> Vec<&str> {
    let mut fields: Vec<&str> =
        answer.body["errors"].as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    fields
}

async fn accounts(app: &TestApp, org: OrgId) -> Vec<Value> {
    app.app.store.accounts(org).await.unwrap().iter().map(|account| json!(account)).collect()
}

async fn opportunities(app: &TestApp, org: OrgId) -> Vec<Value> {
    app.app.store.opportunities(org).await.unwrap().iter().map(|opportunity| json!(opportunity)).collect()
}

/// How many accounts, contacts and opportunities there are.
async fn made(app: &TestApp, org: OrgId) -> [usize; 3] {
    let contacts = app.app.store.contacts(org).await.unwrap();
    [accounts(app, org).await.len(), contacts.len(), opportunities(app, org).await.len()]
}

/// The counted leads: open, closed, converted.
async fn counts(app: &TestApp, org: OrgId) -> [i64; 3] {
    let counts = app.app.store.counts(org).await.unwrap();
    [counts.open, counts.closed, counts.converted]
}

fn names(list: &Answer, which: &str) -> Vec<String> {
    let leads = list.body[which].as_array().unwrap();
    leads.iter().map(|lead| lead["last_name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_new_lead_is_converted_at_once_by_its_status_or_by_the_switch() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    for (name, field, value) in [
        ("one", "status", json!("converted")),
        ("two", "auto_convert", json!(true)),
        ("three", "auto_convert", json!("true")),
    ] {
        let mut body = ripe(name);
        body[field] = value;
        let lead = admin.open_lead("Okafor", body).await;
        let shown = admin.get(&path(&lead)).await;

        assert_eq!(lead.body["status"], "converted", "{name}");
        assert_eq!(lead.header("location"), path(&lead));
        assert!(lead.body["converted_on"].as_str().unwrap().ends_with('Z'));
        assert_eq!(shown.body["lead_obj"], lead.body);
        for (what, id) in ["account", "contact", "opportunity"].into_iter().zip(became(&lead)) {
            assert!(id.is_string(), "{name} {what}");
            assert_eq!(shown.body["conversion"][what]["id"], *id, "{name} {what}");
        }
    }
    assert_eq!(made(&app, admin.org).await, [3, 3, 3]);
    assert_eq!(counts(&app, admin.org).await, [0, 0, 3]);
}

#[tokio::test]
async fn a_lead_is_converted_by_patch_and_by_put() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    for (name, method, kind, body) in [
        ("one", "PATCH", JSON, r#"{"status": "converted"}"#),
        ("two", "PUT", JSON, r#"{"auto_convert": true}"#),
        ("three", "PATCH", FORM, "auto_convert=on"),
        ("four", "PUT", FORM, "status=converted"),
    ] {
        let lead = admin.open_lead("Okafor", ripe(name)).await;
        let before = admin.get(&path(&lead)).await;
        let converted = admin.send(method, &path(&lead), kind, body).await;
        let after = admin.get(&path(&lead)).await;

        assert_eq!(converted.status, 200, "{name}: {}", converted.text);
        assert_eq!(converted.body["status"], "converted", "{name}");
        assert_eq!(converted.header("etag"), "\"2\"", "{name}");
        assert_eq!(before.body["conversion"], Value::Null, "{name}");
        assert_eq!(after.body["lead_obj"], converted.body, "{name}");
        assert_eq!(after.body["conversion"]["account"]["id"], *became(&converted)[0], "{name}");
    }
    assert_eq!(made(&app, admin.org).await, [4, 4, 4]);
}

#[tokio::test]
async fn what_is_made_holds_what_the_lead_holds() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    let team = app.team(admin.org, &[]).await;
    let lead = admin
        .open_lead(
            "Okafor",
            json!({
                "first_name": "Maria", "title": "Fleet tracking", "email": "Maria@Okafor.example",
                "phone": "+44 20 7946 0000", "account_name": "Okafor Logistics",
                "website": "https://okafor.example", "description": "40 lorries",
                "opportunity_amount": "75000.00", "probability": 60, "close_date": "2027-03-31",
                "address_line": "1 Dock Road", "street": "Unit 5", "city": "London",
                "state": "Greater London", "postcode": "E16 2AB", "country": "GB",
                "tags": ["VIP", "fleet"], "teams": [team], "assigned_to": [user.user],
            }),
        )
        .await;

    let converted = convert(&admin, &lead, json!({"city": "Bristol", "opportunity_amount": 80000})).await;

    assert_eq!(converted.status, 200, "{}", converted.text);
    assert_eq!(converted.body["city"], "Bristol");
    let shown = admin.get(&path(&lead)).await.body["conversion"].clone();
    let [account, contact, opportunity] = became(&converted);
    let (accounts, opportunities) = (accounts(&app, admin.org).await, opportunities(&app, admin.org).await);
    let account_holds = json!({
        "id": account, "name": "Okafor Logistics", "website": "https://okafor.example",
        "phone": "+44 20 7946 0000", "email": "Maria@Okafor.example", "address_line": "1 Dock Road",
        "street": "Unit 5", "city": "Bristol", "state": "Greater London", "postcode": "E16 2AB",
        "country": "GB", "description": "40 lorries", "tags": ["VIP", "fleet"], "teams": [team],
        "assigned_to": [user.user], "created_from_lead": lead.id(),
    });
    let opportunity_holds = json!({
        "id": opportunity, "title": "Fleet tracking", "amount": "80000.00", "probability": 60,
        "close_date": "2027-03-31", "account": account, "contact": contact, "lead": lead.id(),
    });
    for (what, stored, holds) in
        [("account", &accounts[0], account_holds), ("opportunity", &opportunities[0], opportunity_holds)]
    {
        for (field, value) in holds.as_object().unwrap() {
            assert_eq!(shown[what][field], *value, "{what} {field}");
            assert_eq!(stored[field], *value, "{what} {field}, stored");
        }
        assert_eq!(shown[what]["created_on"], converted.body["converted_on"], "{what}");
    }
    for (field, value) in [
        ("id", contact.clone()),
        ("first_name", json!("Maria")),
        ("last_name", json!("Okafor")),
        ("email", json!("Maria@Okafor.example")),
        ("phone", json!("+44 20 7946 0000")),
    ] {
        assert_eq!(shown["contact"][field], value, "contact {field}");
    }
    assert_eq!(accounts[0]["leads"], json!([lead.id()]));
}

#[tokio::test]
async fn without_an_amount_there_is_no_opportunity() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Okafor", ripe("one")).await;

    let converted = convert(&admin, &lead, json!({"opportunity_amount": null})).await;

    assert_eq!(converted.status, 200, "{}", converted.text);
    assert_eq!(*became(&converted)[2], Value::Null);
    let shown = admin.get(&path(&lead)).await;
    assert_eq!(shown.body["conversion"]["opportunity"], Value::Null);
    assert_eq!(made(&app, admin.org).await, [1, 1, 0]);
}

#[tokio::test]
async fn a_new_lead_that_cannot_be_converted_is_not_stored() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let before = app.stored("", "");

    for (how, mut body, missing) in [
        ("status", json!({}), vec!["account_name", "email"]),
        ("auto_convert", json!({}), vec!["account_name", "email"]),
        ("status", json!({"email": "a@example.com", "account_name": " "}), vec!["account_name"]),
        ("auto_convert", json!({"account_name": "Acme", "phone": "12345"}), vec!["email"]),
        ("status", json!({"email": "x", "city": "x".repeat(256)}), vec!["account_name", "city", "email"]),
    ] {
        body["first_name"] = json!("A");
        body["last_name"] = json!("B");
        body[how] = if how == "status" { json!("converted") } else { json!(true) };
        let answer = admin.post("/api/leads/", body).await;

        assert_eq!(answer.status, 400, "{}", answer.text);
        assert_eq!(answer.body["code"], "invalid");
        assert_eq!(blamed(&answer), missing, "{}", answer.text);
    }
    assert_eq!(app.stored("", ""), before);
}

#[tokio::test]
async fn a_lead_that_cannot_be_converted_stays_as_it_was() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Bare", json!({"email": "bare@example.com"})).await;
    let (before, stored) = (admin.get(&path(&lead)).await.text, app.stored("", ""));

    let unnamed = convert(&admin, &lead, json!({"city": "Oslo"})).await;
    let cleared = convert(&admin, &lead, json!({"email": "", "tags": ["new"]})).await;

    assert_eq!((unnamed.status.as_u16(), blamed(&unnamed)), (400, vec!["account_name"]));
    assert_eq!((cleared.status.as_u16(), blamed(&cleared)), (400, vec!["account_name", "email"]));
    assert_eq!(admin.get(&path(&lead)).await.text, before);
    assert_eq!(app.stored("", ""), stored);
    let mended = convert(&admin, &lead, json!({"account_name": "Acme"})).await;
    assert_eq!(mended.status, 200, "{}", mended.text);
}

#[tokio::test]
async fn a_website_converts_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let site = format!("/api/leads/create-from-site/?apikey={key}");
    let capture = |how: &str, value: &str| {
        let mut body = ripe("one");
        body["last_name"] = json!("Visitor");
        body[how] = json!(value);
        body
    };

    let status = app.anyone().post(&site, capture("status", "converted")).await;
    let switch = app.anyone().post(&site, capture("auto_convert", "true")).await;

    assert_eq!((status.status.as_u16(), blamed(&status)), (400, vec!["status"]));
    assert_eq!((switch.status.as_u16(), &switch.body["status"]), (201, &json!("assigned")));
    assert_eq!(made(&app, admin.org).await, [0, 1, 0], "the contact of the capture");
}

#[tokio::test]
async fn a_converted_lead_takes_comments_and_no_other_change() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Okafor", ripe("one")).await;
    admin.post(&path(&lead), json!({"comment": "before"})).await;
    let attached = admin
        .multipart(&path(&lead), &[], &[("attachment", "offer.txt", "text/plain", b"offer".as_slice())])
        .await;
    assert_eq!(attached.status, 201, "{}", attached.text);
    let converted = convert(&admin, &lead, json!({})).await;

    for change in [
        json!({"status": "assigned"}),
        json!({"status": "closed"}),
        json!({"city": "Oslo"}),
        json!({"status": "converted", "city": "Oslo"}),
        json!({"account_name": null}),
        json!({"tags": ["new"]}),
        json!({"assigned_to": [admin.user]}),
    ] {
        let refused = admin.patch(&path(&lead), change.clone()).await;

        assert_eq!(refused.status, 400, "{change}: {}", refused.text);
        assert_eq!(blamed(&refused), ["status"], "{change}");
    }
    let file = [("lead_attachment", "late.txt", "text/plain", b"late".as_slice())];
    let late = admin.multipart(&path(&lead), &[], &file).await;
    let comment = admin.post(&path(&lead), json!({"comment": "after"})).await;

    assert_eq!((late.status.as_u16(), blamed(&late)), (400, vec!["lead_attachment"]));
    assert_eq!(comment.status, 201, "{}", comment.text);
    let shown = admin.get(&path(&lead)).await;
    assert_eq!(shown.body["lead_obj"], converted.body);
    assert_eq!(shown.body["comments"][0]["comment"], "after");
    assert_eq!(shown.body["comments"][1]["comment"], "before");
    assert_eq!(shown.body["attachments"][0]["file_name"], "offer.txt");
    assert_eq!(shown.body["attachments"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn converted_leads_are_counted_and_listed_only_when_asked_for() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    for (name, city, status, assigned) in [
        ("Open", "Oslo", "assigned", vec![]),
        ("Shut", "Oslo", "closed", vec![]),
        ("North", "Oslo", "assigned", vec![user.user]),
        ("South", "Rome", "closed", vec![]),
    ] {
        let mut lead = ripe(name);
        lead["city"] = json!(city);
        lead["status"] = json!(status);
        lead["assigned_to"] = json!(assigned);
        let lead = admin.open_lead(name, lead).await;
        if ["North", "South"].contains(&name) {
            assert_eq!(convert(&admin, &lead, json!({})).await.status, 200);
        }
    }

    let plain = admin.get("/api/leads/").await;
    assert_eq!(names(&plain, "open_leads"), ["Open"]);
    assert_eq!(names(&plain, "closed_leads"), ["Shut"]);
    assert_eq!(plain.body["open_leads_count"], 1);
    assert_eq!(plain.body["closed_leads_count"], 1);
    assert!(plain.body.get("converted_leads").is_none() && plain.body.get("converted_leads_count").is_none());
    assert_eq!(counts(&app, admin.org).await, [1, 1, 2]);
    for (who, query, converted, count, others) in [
        (&admin, "status=converted", vec!["South", "North"], 2, 0),
        (&admin, "status=converted&fields=leads", vec!["South", "North"], 2, 0),
        (&admin, "status=converted,assigned", vec!["South", "North"], 2, 1),
        (&admin, "status=converted&limit=1&offset=1", vec!["North"], 2, 0),
        (&admin, "status=converted&city=oslo", vec!["North"], 1, 0),
        (&admin, "status=converted&name=sou", vec!["South"], 1, 0),
        (&admin, "status=converted&city=bonn", vec![], 0, 0),
        (&user, "status=converted", vec!["North"], 1, 0),
    ] {
        let list = who.get(&format!("/api/leads/?{query}")).await;

        assert_eq!(list.status, 200, "{query}: {}", list.text);
        assert_eq!(names(&list, "converted_leads"), converted, "{query}");
        assert_eq!(list.body["converted_leads_count"], count, "{query}");
        assert_eq!(list.body["open_leads_count"], others, "{query}");
        assert_eq!(list.body["closed_leads_count"], 0, "{query}");
    }
    let first = admin.get("/api/leads/?status=converted&limit=1").await;
    assert!(first.body["next"].is_string(), "converted leads have pages too");
}

#[tokio::test]
async fn the_history_tells_of_the_conversion() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Okafor", ripe("one")).await;

    convert(&admin, &lead, json!({"city": "Oslo"})).await;

    let history = admin.get(&path(&lead)).await.body["history"].clone();
    let person =
        json!({"id": admin.user, "email": format!("{}@users.example", admin.user), "name": "Some One"});
    for (field, value) in
        [("version", json!(2)), ("action", json!("converted")), ("by", person), ("door", json!("api"))]
    {
        assert_eq!(history[0][field], value, "{field}");
    }
    assert_eq!(history[0]["changes"]["status"], json!({"from": "assigned", "to": "converted"}));
    assert_eq!(history[0]["changes"]["city"], json!({"from": null, "to": "Oslo"}));
    assert_eq!(history[1]["action"], "created");
    assert_eq!(history.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_lead_is_converted_by_those_who_may_edit_it_and_as_they_saw_it() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let (assignee, other) =
        (app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await);
    let mut lead = ripe("one");
    lead["assigned_to"] = json!([assignee.user]);
    let lead = admin.open_lead("Okafor", lead).await;
    admin.patch(&path(&lead), json!({"city": "Oslo"})).await;

    for (who, status) in [
        (&rival, 404),
        (&other, 403),
        (&assignee.with("if-match", "\"1\""), 412),
        (&assignee.with("if-match", "\"2\""), 200),
    ] {
        assert_eq!(convert(who, &lead, json!({})).await.status, status);
    }
    assert_eq!(made(&app, admin.org).await, [1, 1, 1]);
}

#[tokio::test]
async fn a_deleted_converted_lead_leaves_what_it_became() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Okafor", ripe("one")).await;
    convert(&admin, &lead, json!({})).await;

    assert_eq!(admin.delete(&path(&lead)).await.status, 204);

    assert_eq!(admin.get(&path(&lead)).await.status, 404);
    assert_eq!(admin.get("/api/leads/?status=converted").await.body["converted_leads_count"], 0);
    assert_eq!(counts(&app, admin.org).await, [0, 0, 0]);
    assert_eq!(made(&app, admin.org).await, [1, 1, 1]);
}

//! What must agree in the table: broken behind everybody's back, found, mended, and sound again.

mod broken;

use std::collections::BTreeSet;
use std::time::Duration as Wait;

use leadline::doctor::{Doctor, Finding};
use leadline::domain::OrgId;
use leadline::store::Folded;

use crate::prelude::*;

const TABLE: &str = "leadline";

fn doctor(app: &TestApp, org: OrgId) -> Doctor<'_> {
    let pause = Wait::from_millis(1);
    Doctor::new(&app.app.store, app.app.files.as_ref(), &app.app.clock, org).pausing(pause)
}

/// The kinds of what is found, each once.
fn kinds(findings: &[Finding]) -> BTreeSet<String> {
    findings.iter().map(|finding| json!(finding.kind).as_str().unwrap().to_owned()).collect()
}

fn told(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{} {finding}", json!(finding.kind))).collect()
}

async fn examine(client: &Client<'_>) -> Vec<Finding> {
    let report = doctor(client.app, client.org).examine(&mut |_| {}).await.unwrap();
    assert_eq!(report.unsettled, [""; 0]);
    report.findings
}

fn items(app: &TestApp) -> Vec<Value> {
    app.engine.items(TABLE)
}

fn text<'v>(item: &'v Value, name: &str) -> &'v str {
    item[name]["S"].as_str().unwrap_or_default()
}

/// The first item whose keys contain these.
#[track_caller]
fn item(app: &TestApp, pk: &str, sk: &str) -> Value {
    let items = items(app);
    let found = items.iter().find(|item| text(item, "PK").contains(pk) && text(item, "SK").contains(sk));
    found.unwrap_or_else(|| panic!("nothing at {pk} {sk}")).clone()
}

/// The packs of an organisation.
fn packs(app: &TestApp) -> Vec<Value> {
    items(app).into_iter().filter(|item| !item["p"].is_null()).collect()
}

async fn import(client: &Client<'_>, csv: &str, options: &[(&str, &str)]) -> Value {
    let file = ("leads_file", "leads.csv", "text/csv", csv.as_bytes());
    let answer = client.multipart("/api/leads/upload/", options, &[file]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    client.app.pass(Duration::seconds(1));
    answer.body
}

fn csv(rows: std::ops::Range<usize>) -> String {
    let mut csv = "first name,last name,email,tags,company\n".to_owned();
    rows.for_each(|n| csv += &format!("Lead,No {n},{n}@example.com,fair,Acme\n"));
    csv
}

async fn capture(client: &Client<'_>, secret: &str, name: &str) -> Value {
    let body = json!({"last_name": name, "email": format!("{name}@site.example"), "message": name});
    let answer =
        client.app.anyone().post(&format!("/api/leads/create-from-site/?apikey={secret}"), body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body
}

/// Everything that happens to leads, once at least.
async fn live(admin: &Client<'_>) {
    let ada = admin.app.member(admin.org, Role::User).await;
    let (_, secret) = admin.app.key(admin.org, NewApiKey::default()).await;
    let path = |lead: &Value| format!("/api/leads/{}/", lead["id"].as_str().unwrap());
    capture(admin, &secret, "Visitor").await;
    let ripe = json!({
        "account_name": "Engines Ltd", "email": "Ripe@example.com", "opportunity_amount": "75000.00",
        "assigned_to": [ada.user], "tags": ["VIP"], "source": "Referral",
    });
    let ripe = admin.open_lead("Ripe", ripe).await.body;
    assert_eq!(admin.patch(&path(&ripe), json!({"status": "converted"})).await.status, 200);
    for (name, status) in [("Open", "in process"), ("Closed", "closed"), ("Gone", "assigned")] {
        let more = json!({"email": "same@example.com", "assigned_to": [ada.user], "status": status});
        let lead = admin.open_lead(name, more).await.body;
        let file = [("attachment", "a.txt", "text/plain", &b"hello"[..])];
        let answer = admin.multipart(&path(&lead), &[("comment", "Look.")], &file).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        admin.patch(&path(&lead), json!({"city": "Rome", "email": format!("{name}@example.com")})).await;
    }
    import(admin, &csv(0..120), &[("on_duplicate", "skip")]).await;
    import(admin, &csv(60..130), &[("on_duplicate", "create")]).await;
    let back = import(admin, &csv(100..200), &[("on_duplicate", "update"), ("default_source", "Fair")]).await;
    let list = admin.get("/api/leads/?limit=100&fields=leads").await.body;
    let leads = list["open_leads"].as_array().unwrap();
    for (n, lead) in leads.iter().enumerate().take(40) {
        let answer = match n % 4 {
            0 => admin.delete(&path(lead)).await,
            1 => admin.patch(&path(lead), json!({"status": "closed", "email": ""})).await,
            2 => {
                admin
                    .patch(&path(lead), json!({"assigned_to": [ada.user, admin.user], "tags": ["new"]}))
                    .await
            }
            _ => admin.post(&path(lead), json!({"comment": "Called."})).await,
        };
        assert!(answer.status.is_success(), "{}", answer.text);
    }
    let answer = admin.delete(&format!("/api/leads/upload/{}/", back["id"].as_str().unwrap())).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let gone = admin.open_lead("Last", json!({"email": "last@example.com"})).await.body;
    assert_eq!(admin.delete(&path(&gone)).await.status, 204);
}

#[tokio::test]
async fn nothing_is_found_after_a_mixed_life() {
    let app = TestApp::start().await;
    let (admin, other) = (app.admin().await, app.admin().await);
    live(&admin).await;
    other.open_lead("Else", json!({"email": "same@example.com"})).await;

    let report = doctor(&app, admin.org).examine(&mut |_| {}).await.unwrap();

    assert_eq!(told(&report.findings), [""; 0]);
    let leads = app.stored(&format!("ORG#{}#LEAD#", admin.org), "LEAD");
    assert_eq!((report.checked.leads, report.checked.comments > 2), (u64::try_from(leads).unwrap(), true));
}

async fn fold(client: &Client<'_>) {
    let (app, store) = (client.app, &client.app.app.store);
    let version = store.manifest(client.org).await.unwrap().version;
    assert_ne!(store.fold(client.org, version, app.now()).await.unwrap(), Folded::Nothing);
}

#[tokio::test]
async fn what_is_folded_agrees_and_a_segment_that_is_lost_is_made_up_for() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, secret) = app.key(admin.org, NewApiKey::default()).await;
    live(&admin).await;
    fold(&admin).await;
    assert_eq!(told(&examine(&admin).await), [""; 0]);
    write(&admin, &secret, 1).await;
    assert_eq!(told(&examine(&admin).await), [""; 0]);
    fold(&admin).await;
    let list = "/api/leads/?limit=100&counts=true";
    let before = admin.get(list).await.body;
    let folded = items(&app).into_iter().find(|item| text(item, "SK") == "LEAD").unwrap();
    let row =
        json!({"PK": {"S": format!("ORG#{}#INDEX#00", admin.org)}, "SK": folded["id"], "r": {"B": "AQID"}});
    app.engine.put(TABLE, &row);
    assert_eq!(kinds(&examine(&admin).await), ["row_unreadable".to_owned()].into());
    app.engine.remove(TABLE, &row);
    let manifest = app.app.store.manifest(admin.org).await.unwrap();
    let objects: Vec<String> = manifest.segments.into_iter().map(|of| of.object).collect();
    objects.iter().for_each(|object| app.bucket.damage(object, |_| None));

    let found = examine(&admin).await;
    let mended = doctor(&app, admin.org).repair(&mut |_| {}).await.unwrap();

    assert_eq!((kinds(&found), found.len()), (["segment_lost".to_owned()].into(), objects.len()));
    assert_eq!((told(&mended.report.findings), mended.repaired.len()), (vec![], objects.len()));
    assert_eq!(admin.get(list).await.body, before);
    fold(&admin).await;
    assert_eq!((told(&examine(&admin).await), admin.get(list).await.body), (vec![], before));
}

#[tokio::test]
async fn leads_that_a_killed_run_wrote_are_removed_once_their_import_is_over() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    import(&admin, &csv(0..10), &[]).await;
    let leads = items(&app).into_iter().filter(|item| text(item, "SK") == "LEAD").collect::<Vec<_>>();
    let mut stray = leads[3].clone();
    let id = text(&stray, "id").to_owned();
    let other =
        format!("{}{:04x}", &id[..id.len() - 4], u16::from_str_radix(&id[id.len() - 4..], 16).unwrap() ^ 1);
    stray["id"] = json!({"S": &other});
    stray["PK"] = json!({"S": text(&stray, "PK").replace(&id, &other)});
    app.engine.put(TABLE, &stray);

    let found = examine(&admin).await;
    let mended = doctor(&app, admin.org).repair(&mut |_| {}).await.unwrap();

    assert_eq!((kinds(&found), found[0].id.as_str()), ([String::from("lead_unlisted")].into(), &*other));
    assert_eq!((told(&mended.report.findings), mended.repaired.len()), (vec![], 1));
    assert_eq!(app.stored("#LEAD#", "LEAD"), 10);
}

#[tokio::test]
async fn what_a_deleted_lead_left_is_removed_by_a_chore() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Short", json!({})).await.body;
    let path = format!("/api/leads/{}/", lead["id"].as_str().unwrap());
    admin.post(&path, json!({"comment": "Hello."})).await;
    let comment = item(&app, "#LEAD#", "COMMENT#");
    let pointer = item(&app, "#COMMENT#", "COMMENT");
    assert_eq!(admin.delete(&path).await.status, 204);
    for item in [&comment, &pointer] {
        app.engine.put(TABLE, item);
    }

    let mended = doctor(&app, admin.org).repair(&mut |_| {}).await.unwrap();
    app.pass(Duration::seconds(1));
    admin.open_lead("Next", json!({})).await;
    admin.post("/api/leads/", json!({"first_name": "A", "last_name": "B"})).await;
    let next = admin.open_lead("Next", json!({})).await.body;
    admin.post(&format!("/api/leads/{}/", next["id"].as_str().unwrap()), json!({"comment": "Hi."})).await;

    assert_eq!(kinds(&mended.repaired), ["remains".to_owned()].into());
    let left = app.stored(&format!("#LEAD#{}", lead["id"].as_str().unwrap()), "");
    assert_eq!((left, app.stored(text(&pointer, "PK"), "")), (0, 0));
    assert_eq!(told(&examine(&admin).await), [""; 0]);
}

#[tokio::test]
async fn a_chore_that_nobody_does_is_found_and_done() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Waits", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());
    let answer =
        admin.post(&path, json!({"file_name": "a.txt", "size": 5, "content_type": "text/plain"})).await;
    assert_eq!((answer.status.as_u16(), app.stored("#CHORES", "")), (201, 1), "{}", answer.text);
    assert_eq!(told(&examine(&admin).await), [""; 0]);
    app.pass(Duration::days(9));

    let found = examine(&admin).await;
    let mended = doctor(&app, admin.org).repair(&mut |_| {}).await.unwrap();

    assert_eq!(kinds(&found), ["chore".to_owned()].into());
    assert_eq!((told(&mended.report.findings), app.stored("#CHORES", "")), (vec![], 0));
}

/// Writers that go on while somebody looks and mends.
async fn write(admin: &Client<'_>, secret: &str, writer: usize) {
    let path = |lead: &Value| format!("/api/leads/{}/", lead["id"].as_str().unwrap());
    for n in 0..25 {
        let email = format!("{}@example.com", n % 7);
        let lead =
            admin.open_lead(&format!("Writer {writer} {n}"), json!({"email": email, "tags": ["busy"]})).await;
        capture(admin, secret, &format!("W{writer}x{n}")).await;
        let answer = match n % 3 {
            0 => {
                admin.patch(&path(&lead.body), json!({"status": "closed", "assigned_to": [admin.user]})).await
            }
            1 => admin.patch(&path(&lead.body), json!({"email": format!("moved{n}@example.com")})).await,
            _ => admin.delete(&path(&lead.body)).await,
        };
        assert!(answer.status.is_success(), "{}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_in_use_has_no_findings() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, secret) = app.key(admin.org, NewApiKey::default()).await;
    live(&admin).await;
    let look = async {
        for _ in 0..12 {
            let report = doctor(&app, admin.org).examine(&mut |_| {}).await.unwrap();
            assert_eq!(told(&report.findings), [""; 0]);
        }
    };

    let file = csv(300..500);
    let import = import(&admin, &file, &[("on_duplicate", "update")]);
    tokio::join!(look, write(&admin, &secret, 1), write(&admin, &secret, 2), import);

    assert_eq!(told(&examine(&admin).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn writers_beside_a_repair_are_not_harmed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, secret) = app.key(admin.org, NewApiKey::default()).await;
    live(&admin).await;
    for (n, item) in items(&app).iter().enumerate() {
        let (pk, sk) = (text(item, "PK"), text(item, "SK"));
        let named = ["#INDEX#", "#COUNT", "#LOAD#", "#EMAIL#", "#NAMES"].iter().any(|part| pk.contains(part));
        let is_pack = !item["p"].is_null();
        if (named && n % 3 == 0 && !is_pack && !sk.is_empty()) || (is_pack && n % 2 == 0) {
            app.engine.remove(TABLE, item);
        }
    }

    let repair = async {
        for _ in 0..3 {
            doctor(&app, admin.org).repair(&mut |_| {}).await.unwrap();
        }
    };
    tokio::join!(repair, write(&admin, &secret, 1), write(&admin, &secret, 2));

    let mended = doctor(&app, admin.org).repair(&mut |_| {}).await.unwrap();
    assert_eq!(told(&mended.report.findings), [""; 0]);
    assert_eq!(told(&examine(&admin).await), [""; 0]);
}

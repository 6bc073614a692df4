//! Imports taken back.

mod again;
mod restored;

use leadline_tests::Answer;

use super::{counts, csv, drop_file, imports, in_step, send, send_by_bucket, shown, slowly};
use crate::prelude::*;

fn upload(import: &Value) -> String {
    format!("/api/leads/upload/{}/", import["id"].as_str().unwrap())
}

fn path(lead: &Value) -> String {
    format!("/api/leads/{}/", lead["id"].as_str().unwrap())
}

/// Imports a file in a request.
async fn import(client: &Client<'_>, csv: &str, options: &[(&str, &str)]) -> Value {
    let answer = send(client, "leads.csv", csv, options).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    client.app.pass(Duration::seconds(1));
    answer.body
}

/// Takes an import back; how many leads were removed, restored, left, and the reasons of those left.
async fn undo(client: &Client<'_>, import: &Value) -> ([u64; 3], Vec<(Value, String)>) {
    let answer = client.delete(&upload(import)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.body["status"], "undone");
    undone(&answer.body)
}

/// The same of an import that was taken back.
fn undone(import: &Value) -> ([u64; 3], Vec<(Value, String)>) {
    let undo = &import["undo"];
    let left = undo["left"].as_array().unwrap().iter();
    let left = left.map(|left| (left["id"].clone(), left["reason"].as_str().unwrap().to_owned()));
    let counts = ["removed_count", "restored_count", "left_count"].map(|name| undo[name].as_u64().unwrap());
    (counts, left.collect())
}

#[tokio::test]
async fn the_leads_go_and_the_file_may_come_again() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = app.member(admin.org, Role::User).await;
    admin.open_lead("Before", json!({"email": "3@example.com", "assigned_to": [ada.user]})).await;
    let file = csv(230).replace("email\n", "email,company,tags,owner\n");
    let file = file.replace(".com\n", &format!(".com,Acme,VIP,{}\n", ada.user)) + "Bad,,,,,\n";
    let first = import(&ada, &file, &[]).await;
    assert_eq!((counts(&first), &first["undo"]), ([229, 1, 1, 0], &Value::Null));

    let answer = admin.delete(&upload(&first)).await;

    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!((&answer.body["status"], undone(&answer.body)), (&json!("undone"), ([229, 0, 0], vec![])));
    for field in ["id", "row_count", "imported_count", "errors", "created_by", "finished_on", "progress"] {
        assert_eq!(answer.body[field], first[field], "{field}");
    }
    let left = in_step(&admin).await;
    assert_eq!((left.len(), &left[0]["last_name"]), (1, &json!("Before")));
    let companies = admin.get("/api/leads/companies/").await.body["companies"].clone();
    assert_eq!((companies[0]["name"].clone(), companies.as_array().unwrap().len()), (json!("Acme"), 1));
    // What says that they are gone goes when the index is folded, and packs before what lies over them.
    for version in 0..2 {
        app.app.store.fold(admin.org, version, app.now()).await.unwrap();
    }
    assert_eq!(app.stored("#INDEX#", ""), 0);
    assert_eq!(app.mentions("229@example.com"), 0);
    let again = import(&admin, &file, &[]).await;
    assert_eq!((counts(&again), &again["repeat_of"]), ([229, 1, 1, 0], &Value::Null));
    let repeat = import(&admin, &file, &[]).await;
    assert_eq!(repeat["repeat_of"], again["id"]);
    assert_eq!(in_step(&admin).await.len(), 230);
    assert_eq!(undo(&admin, &again).await.0, [229, 0, 0]);
}

#[tokio::test]
async fn leads_on_which_somebody_worked_stay_and_are_told() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let file = csv(130).replace("email\n", "email,company\n").replace(".com\n", ".com,Acme\n");
    let import = import(&admin, &file, &[]).await;
    let all = in_step(&admin).await;
    let mut worked = Vec::new();
    for (n, change) in [
        (0, json!({"city": "Rome"})),
        (1, json!({"status": "closed"})),
        (40, json!({"status": "converted"})),
        (129, json!({"assigned_to": [admin.user]})),
    ] {
        let answer = admin.patch(&path(&all[n]), change).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        worked.push(n);
    }
    assert_eq!(admin.post(&path(&all[50]), json!({"comment": "Call!"})).await.status, 201);
    let file = ("attachment", "a.txt", "text/plain", &b"a file"[..]);
    assert_eq!(admin.multipart(&path(&all[90]), &[], &[file]).await.status, 201);
    worked.extend([50, 90]);
    assert_eq!(admin.delete(&path(&all[60])).await.status, 204);
    // Changed and changed back: somebody worked on it all the same.
    for city in ["Rome", ""] {
        assert_eq!(admin.patch(&path(&all[70]), json!({"city": city})).await.status, 200);
    }
    worked.push(70);

    let ([removed, restored, count], left) = undo(&admin, &import).await;

    assert_eq!((removed, restored, count), (122, 0, 7));
    let mut expected: Vec<&str> = worked.iter().map(|n| all[*n]["id"].as_str().unwrap()).collect();
    let mut found: Vec<&str> = left.iter().map(|(id, _)| id.as_str().unwrap()).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
    assert!(left.iter().all(|(_, reason)| reason == "somebody worked on it since"), "{left:?}");
    assert_eq!(in_step(&admin).await.len(), 7);
    let comments = admin.get(&path(&all[50])).await.body["comments"].clone();
    assert_eq!(comments.as_array().unwrap().len(), 1);
    let shown = shown(&admin, import["id"].as_str().unwrap()).await;
    assert_eq!(undone(&shown), ([122, 0, 7], left));
    let listed = imports(&admin).await[0].clone();
    assert_eq!((&listed["undo"]["left_count"], &listed["undo"]["left"]), (&json!(7), &json!([])));
    for n in worked {
        let answer = admin.delete(&path(&all[n])).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
    }
    assert_eq!(in_step(&admin).await.len(), 0);
}

#[tokio::test]
async fn only_an_admin_takes_back_and_only_what_is_over_and_wrote_something() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = app.member(admin.org, Role::User).await;
    let own = import(&ada, &csv(3), &[]).await;
    let repeat = import(&admin, &csv(3), &[]).await;
    send(&admin, "bad.csv", "no such header\nat all\n", &[]).await;
    let failed = imports(&admin).await[0].clone();
    app.pass(Duration::seconds(1));
    let dry = send_by_bucket(&admin, "dry.csv", csv(4), &[("dry-run", "true")]).await;
    app.pass(Duration::seconds(1));
    let awaiting = admin.post("/api/leads/upload/", json!({"file_name": "a.csv", "size": 5})).await.body;
    app.pass(Duration::seconds(1));
    drop_file(&admin, "leads.csv", csv(5), &[]).await;
    assert!(app.deliver_one().await);
    let processing = imports(&admin).await[0].clone();
    assert_eq!((&failed["status"], &processing["status"]), (&json!("failed"), &json!("processing")));

    let status =
        async |client: &Client<'_>, import: &Value| client.delete(&upload(import)).await.status.as_u16();

    assert_eq!(status(&ada, &own).await, 403);
    for import in [&repeat, &failed, &dry, &awaiting, &processing] {
        let answer: Answer = admin.delete(&upload(import)).await;
        assert_eq!((answer.status.as_u16(), &answer.body["code"]), (409, &json!("conflict")), "{import}");
    }
    assert_eq!(in_step(&admin).await.len(), 3);
    app.deliver().await;
    assert_eq!((status(&admin, &processing).await, status(&admin, &own).await), (200, 200));
    assert_eq!((status(&ada, &own).await, in_step(&admin).await.len()), (403, 0));
    assert_eq!(status(&admin, &json!({"id": admin.org})).await, 404);
}

#[tokio::test]
async fn taking_back_twice_answers_the_same() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let import = import(&admin, &csv(3), &[]).await;
    let all = in_step(&admin).await;
    admin.patch(&path(&all[1]), json!({"city": "Rome"})).await;

    let first = admin.delete(&upload(&import)).await;
    admin.patch(&path(&all[1]), json!({"city": "Oslo"})).await;
    let second = admin.delete(&upload(&import)).await;

    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    assert_eq!(first.body, second.body);
    assert_eq!(undone(&second.body).0, [2, 0, 1]);
}

#[tokio::test]
async fn imports_that_began_in_the_same_moment_are_taken_back_each_for_itself() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.stop_clock();
    let mut made = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let file = csv(200).replace("@", &format!("@{name}."));
        made.push(send(&admin, "leads.csv", file, &[]).await.body);
    }

    for (n, import) in made.iter().enumerate() {
        let answer = admin.delete(&upload(import)).await;
        assert_eq!((answer.status.as_u16(), undone(&answer.body).0), (200, [200, 0, 0]), "{n}");
        assert_eq!(in_step(&admin).await.len(), 600 - n * 200);
    }
}

#[tokio::test]
async fn a_lead_that_shares_its_email_keeps_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.contact(admin.org, "1@example.com").await;
    let first = import(&admin, &csv(3), &[]).await;
    let second = import(&admin, &csv(3), &[("on_duplicate", "create")]).await;
    let own = admin.open_lead("Own", json!({"email": "2@example.com"})).await;

    assert_eq!(undo(&admin, &second).await.0, [3, 0, 0]);
    assert_eq!(in_step(&admin).await.len(), 4);
    assert_eq!(undo(&admin, &first).await.0, [3, 0, 0]);

    let left = in_step(&admin).await;
    assert_eq!((left.len(), &left[0]["id"]), (1, &json!(own.id())));
    let rest = import(&admin, &csv(3), &[]).await;
    assert_eq!(counts(&rest), [2, 0, 1, 0]);
}

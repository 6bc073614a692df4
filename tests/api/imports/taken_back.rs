//! Imports taken back.

use super::{counts, leads, send};
use crate::prelude::*;

const CSV: &str = "First name,Last name,E-mail,Company\n\
    Ada,Lovelace,ada@example.com,Acme\nAlan,Turing,alan@example.com,Acme\n\
    Grace,Hopper,grace@example.com,Navy\nEdsger,Dijkstra,edsger@example.com,\n";

async fn lead_of(client: &Client<'_>, first_name: &str) -> Value {
    leads(client).await.into_iter().find(|lead| lead["first_name"] == first_name).unwrap()
}

#[tokio::test]
async fn leads_go_but_for_those_that_somebody_worked_on() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let import = format!("/api/leads/upload/{}/", send(&admin, "leads.csv", CSV, &[]).await.id());
    let (ada, alan) = (lead_of(&admin, "Ada").await, lead_of(&admin, "Alan").await);
    let path = |lead: &Value| format!("/api/leads/{}/", lead["id"].as_str().unwrap());
    admin.patch(&path(&ada), json!({"city": "London"})).await;
    admin.post(&path(&alan), json!({"comment": "Called."})).await;
    let grace = lead_of(&admin, "Grace").await;
    admin.delete(&path(&grace)).await;

    let undone = admin.delete(&import).await;

    assert_eq!(undone.status, 200, "{}", undone.text);
    let undo = &undone.body["undo"];
    assert_eq!(undone.body["status"], "undone");
    assert_eq!(
        (&undo["removed_count"], &undo["restored_count"], &undo["left_count"]),
        (&json!(1), &json!(0), &json!(2))
    );
    let left: Vec<&Value> = undo["left"].as_array().unwrap().iter().map(|left| &left["id"]).collect();
    assert_eq!(left, [&ada["id"], &alan["id"]]);
    let list = admin.get("/api/leads/?fields=leads").await;
    assert_eq!(
        (&list.body["open_leads_count"], list.body["open_leads"].as_array().unwrap().len()),
        (&json!(2), 2)
    );
    assert_eq!((app.stored("#LEAD#", "LEAD"), app.stored("#EMAIL#", "EMAIL")), (2, 2));
    assert_eq!(admin.delete(&import).await.body["undo"], *undo, "said again");
    assert_eq!(admin.get(&import).await.body["undo"], *undo);

    let again = send(&admin, "leads.csv", CSV, &[]).await;
    assert_eq!((&again.body["repeat_of"], counts(&again.body)), (&Value::Null, [2, 0, 2, 0]));
}

#[tokio::test]
async fn what_was_overwritten_comes_back_but_for_what_was_changed_since() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    send(&admin, "leads.csv", CSV, &[]).await;
    let update = "E-mail,City,Phone,Tags\nada@example.com,Paris,+33 111,new\nalan@example.com,Rome,+39 222,new\n\
        new@example.com,Bonn,+49 333,\n";
    let import = send(&admin, "update.csv", update, &[("on_duplicate", "update")]).await;
    assert_eq!(counts(&import.body), [0, 1, 0, 2], "{}", import.text);
    let alan = lead_of(&admin, "Alan").await;
    admin.patch(&format!("/api/leads/{}/", alan["id"].as_str().unwrap()), json!({"city": "Oslo"})).await;

    let undone = admin.delete(&format!("/api/leads/upload/{}/", import.id())).await;

    let undo = &undone.body["undo"];
    assert_eq!(
        (&undo["removed_count"], &undo["restored_count"], &undo["left_count"]),
        (&json!(0), &json!(1), &json!(1))
    );
    assert_eq!(undo["left"][0]["id"], alan["id"]);
    let (ada, alan) = (lead_of(&admin, "Ada").await, lead_of(&admin, "Alan").await);
    assert_eq!((&ada["city"], &ada["phone"], &ada["tags"]), (&Value::Null, &Value::Null, &json!([])));
    assert_eq!((&alan["city"], &alan["phone"], &alan["tags"]), (&json!("Oslo"), &Value::Null, &json!([])));
}

#[tokio::test]
async fn an_import_that_made_a_lead_and_changed_it_takes_both_back() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let csv = "First name,Last name,E-mail,City\nAda,Lovelace,ada@example.com,Paris\nAda,King,ADA@example.com,Rome\n";
    let import = send(&admin, "leads.csv", csv, &[("on_duplicate", "update")]).await;
    assert_eq!((counts(&import.body), leads(&admin).await[0]["city"].clone()), ([1, 0, 0, 1], json!("Rome")));

    let undone = admin.delete(&format!("/api/leads/upload/{}/", import.id())).await;

    assert_eq!(
        (&undone.body["undo"]["removed_count"], &undone.body["undo"]["left_count"]),
        (&json!(1), &json!(0))
    );
    assert_eq!((leads(&admin).await.len(), app.stored("#LEAD#", "")), (0, 0));
}

#[tokio::test]
async fn only_an_admin_takes_back_and_only_what_is_over_and_wrote() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    let import = send(&user, "leads.csv", CSV, &[]).await.id();
    let repeated = send(&admin, "again.csv", CSV, &[]).await.id();
    let awaited = admin.post("/api/leads/upload/", json!({"file_name": "a.csv", "size": 5})).await.id();
    let path = |id: &str| format!("/api/leads/upload/{id}/");

    assert_eq!(user.delete(&path(&import)).await.status, 403);
    assert_eq!(admin.delete(&path(&repeated)).await.status, 409);
    assert_eq!(admin.delete(&path(&awaited)).await.status, 409);
    assert_eq!(app.admin().await.delete(&path(&import)).await.status, 404);
    assert_eq!(leads(&admin).await.len(), 4);
}

#[tokio::test]
async fn an_undo_that_is_cut_off_anywhere_goes_on_to_the_same_end() {
    let rows: String = (0..12).map(|n| format!("A{n},B,a{n}@example.com\n")).collect();
    let csv = format!("First name,Last name,E-mail\n{rows}");
    for after in 0.. {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let path = format!("/api/leads/upload/{}/", send(&admin, "leads.csv", &csv, &[]).await.id());
        app.deliver().await;
        app.cut_off(after);
        admin.delete(&path).await;
        let cut = app.reconnect();

        let undone = admin.delete(&path).await;

        assert_eq!(undone.body["status"], "undone", "{after}: {}", undone.text);
        assert_eq!(undone.body["undo"]["removed_count"], 12, "{after}");
        app.app.store.fold(admin.org, 0, app.now()).await.unwrap();
        let stored = [app.stored("#LEAD#", ""), app.stored("#EMAIL#", ""), app.stored("#INDEX#", "")];
        assert_eq!(stored, [0, 0, 0], "{after}");
        assert_eq!(admin.get("/api/leads/?fields=leads").await.body["open_leads_count"], 0, "{after}");
        if !cut {
            break;
        }
    }
}

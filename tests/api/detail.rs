//! `/api/leads/{pk}/`.

use crate::prelude::*;

#[tokio::test]
async fn a_lead_is_shown_with_the_people_around_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let team = app.team(admin.org, &[]).await;
    let contact = app.contact(admin.org, "c@example.com").await;
    let lead = admin
        .open_lead("Shown", json!({"city": "Oslo", "country": "NO", "assigned_to": [admin.user], "teams": [team], "contacts": [contact.id], "source": "Own Source", "tags": ["t"]}))
        .await;

    let shown = admin.get(&format!("/api/leads/{}", lead.id())).await;

    assert_eq!(shown.status, 200);
    assert_eq!(shown.header("etag"), "\"1\"");
    assert_eq!(shown.body["lead_obj"]["id"], lead.body["id"]);
    assert_eq!(shown.body["address_obj"]["city"], "Oslo");
    assert_eq!(shown.body["assigned_to"][0]["id"], json!(admin.user));
    assert_eq!(shown.body["teams"][0]["name"], "Sales");
    assert_eq!(shown.body["contacts"][0]["email"], "c@example.com");
    assert_eq!(shown.body["users"][0]["name"], "Some One");
    assert_eq!(shown.body["users_mention"][0]["id"], json!(admin.user));
    assert_eq!(shown.body["comments"], json!([]));
    assert_eq!(shown.body["tags"], json!(["t"]));
    let sources = shown.body["source"].as_array().unwrap();
    assert!(sources.contains(&json!("Own Source")) && sources.contains(&json!("Website Form")));
}

#[tokio::test]
async fn put_and_patch_change_only_what_is_sent() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin
        .open_lead(
            "Kept",
            json!({"city": "Oslo", "email": "a@example.com", "tags": ["a", "b"], "opportunity_amount": "5"}),
        )
        .await;
    let path = format!("/api/leads/{}/", lead.id());

    let patched =
        admin.patch(&path, json!({"city": null, "tags": ["c"], "created_by": "x", "id": "x"})).await;
    let put = admin.send("PUT", &path, "application/x-www-form-urlencoded", "email=&first_name=New").await;
    let same = admin.patch(&path, json!({"first_name": "New"})).await;

    assert_eq!(patched.status, 200, "{}", patched.text);
    assert_eq!(patched.body["city"], Value::Null);
    assert_eq!(patched.body["tags"], json!(["c"]));
    assert_eq!(patched.body["email"], "a@example.com");
    assert_eq!(patched.body["id"], lead.body["id"]);
    assert_eq!(patched.header("etag"), "\"2\"");
    assert_eq!(put.body["email"], Value::Null);
    assert_eq!(put.body["title"], "New Kept");
    assert_eq!(put.body["opportunity_amount"], "5.00");
    assert_eq!(same.header("etag"), put.header("etag"), "nothing changed, so nothing was written");
    assert_eq!(admin.get(&path).await.body["lead_obj"], put.body);
}

#[tokio::test]
async fn a_change_that_names_a_version_is_made_only_to_that() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("V", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());
    admin.patch(&path, json!({"city": "Oslo"})).await;

    let late = admin.with("if-match", "\"1\"").patch(&path, json!({"city": "Rome"})).await;
    let gone = admin.with("if-match", "\"1\"").delete(&path).await;
    let right = admin.with("if-match", "\"9\", \"2\"").patch(&path, json!({"city": "Rome"})).await;
    let any = admin.with("if-match", "*").delete(&path).await;

    assert_eq!((late.status.as_u16(), &late.body["code"]), (412, &json!("precondition_failed")));
    assert_eq!(gone.status, 412);
    assert_eq!(right.status, 200);
    assert_eq!(any.status, 204);
}

#[tokio::test]
async fn changes_made_at_once_are_all_kept() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Busy", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());

    let fields = ["city", "state", "street", "industry", "postcode"];
    let changes = fields.map(|field| admin.patch(&path, json!({ field: field })));
    for answer in futures::future::join_all(changes).await {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }

    let shown = admin.get(&path).await;
    for field in fields {
        assert_eq!(shown.body["lead_obj"][field], field);
    }
    assert_eq!(shown.header("etag"), "\"6\"");
}

#[tokio::test]
async fn a_dozen_clients_that_change_one_lead_all_the_time_are_all_served() {
    let app = TestApp::start().await;
    let admin = &app.admin().await;
    let lead = admin.open_lead("Hot", json!({})).await;
    let path = &format!("/api/leads/{}/", lead.id());

    let clients = (0..12).map(|client| async move {
        for change in 0..8 {
            let answer = admin.patch(path, json!({"city": format!("{client}-{change}")})).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    });
    futures::future::join_all(clients).await;

    assert_eq!(admin.get(path).await.header("etag"), "\"97\"");
}

#[tokio::test]
async fn a_lead_put_back_as_it_is_shown_is_not_changed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead =
        admin.open_lead("B", json!({"first_name": "A", "email": "a@example.com", "tags": ["x"]})).await;
    let path = format!("/api/leads/{}/", lead.id());
    let shown = admin.get(&path).await.body["lead_obj"].clone();

    let put = admin.send("PUT", &path, "application/json", shown.to_string()).await;
    let renamed = admin.patch(&path, json!({"last_name": "C"})).await;
    let titled = admin.patch(&path, json!({"title": "Deal"})).await;

    assert_eq!((put.status.as_u16(), put.header("etag")), (200, "\"1\""), "{}", put.text);
    assert_eq!(renamed.body["title"], "A C", "its title is still made of the names");
    assert_eq!(titled.body["title"], "Deal");
}

#[tokio::test]
async fn a_deleted_lead_leaves_nothing_behind() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Gone", json!({"email": "gone@example.com"})).await;
    let path = format!("/api/leads/{}/", lead.id());

    assert_eq!(admin.delete(&path).await.status, 204);

    assert_eq!(admin.get(&path).await.status, 404);
    assert_eq!(admin.delete(&path).await.status, 404);
    assert_eq!(app.stored("#INDEX#", ""), 1, "that it is gone, until the index is folded");
    app.app.store.fold(admin.org, 0, app.now()).await.unwrap();
    for (pk, sk) in [("#LEAD#", ""), ("#INDEX#", ""), ("#EMAIL#", "")] {
        assert_eq!(app.stored(pk, sk), 0, "{pk}");
    }
    assert_eq!(app.app.store.counts(admin.org).await.unwrap().open, 0);
}

#[tokio::test]
async fn a_renamed_company_is_not_made_again_by_another_change() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("L", json!({"account_name": "Old Name"})).await;
    let company = lead.body["company"].as_str().unwrap();
    admin.patch(&format!("/api/leads/company/{company}/"), json!({"name": "New Name"})).await;

    let changed = admin.patch(&format!("/api/leads/{}/", lead.id()), json!({"city": "Oslo"})).await;

    assert_eq!(changed.body["company"], company);
    assert_eq!(app.stored("#COMPANY#", "COMPANY"), 1);
}

#[tokio::test]
async fn rights_follow_role_and_relation() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (creator, assignee) =
        (app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await);
    let (mate, other) = (app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await);
    let team = app.team(admin.org, &[mate.user]).await;

    for (who, see, edit, delete) in [
        (&admin, 200, 200, 204),
        (&creator, 200, 200, 204),
        (&assignee, 200, 200, 403),
        (&mate, 200, 200, 403),
        (&other, 403, 403, 403),
    ] {
        let lead = creator.open_lead("R", json!({"assigned_to": [assignee.user], "teams": [team]})).await;
        let path = format!("/api/leads/{}/", lead.id());

        assert_eq!(who.get(&path).await.status, see);
        assert_eq!(who.patch(&path, json!({"city": "X"})).await.status, edit);
        assert_eq!(who.send("PUT", &path, "application/json", "{\"city\": \"Y\"}").await.status, edit);
        assert_eq!(who.delete(&path).await.status, delete);
    }
}

#[tokio::test]
async fn leads_of_one_email_deleted_at_once_leave_nothing_of_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut paths = Vec::new();
    for _ in 0..6 {
        let lead = admin.open_lead("Twin", json!({"email": "twin@example.com"})).await;
        paths.push(format!("/api/leads/{}/", lead.id()));
    }

    let gone = futures::future::join_all(paths.iter().map(|path| admin.delete(path))).await;

    assert!(gone.iter().all(|answer| answer.status == 204));
    assert_eq!(app.stored("#EMAIL#", ""), 0);
}

#[tokio::test]
async fn a_blank_status_leaves_the_one_there_is() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("C", json!({"status": "closed"})).await;

    let changed =
        admin.patch(&format!("/api/leads/{}/", lead.id()), json!({"status": null, "city": "Oslo"})).await;

    assert_eq!(changed.body["status"], "closed");
}

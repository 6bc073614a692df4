//! Who may bring files in, and who sees what became of them.

use leadline_tests::Answer;

use super::{counts, csv, drop_file, imports, in_step, leads, send, send_by_link, shown};
use crate::prelude::*;

fn path(import: &Value) -> String {
    format!("/api/leads/upload/{}/", import["id"].as_str().unwrap())
}

/// What each of these answers to a look at an import and to taking it back.
async fn answers(clients: &[&Client<'_>], path: &str) -> Vec<[u16; 2]> {
    let mut answers = Vec::new();
    for client in clients {
        let both: [Answer; 2] = [client.get(path).await, client.delete(path).await];
        answers.push(both.map(|answer| answer.status.as_u16()));
    }
    answers
}

fn ids(imports: &[Value]) -> Vec<&Value> {
    imports.iter().map(|import| &import["id"]).collect()
}

#[tokio::test]
async fn every_member_may_import_and_sees_the_leads_that_they_brought() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [ada, other] = [app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await];

    let sent = send(&ada, "leads.csv", csv(2), &[]).await;
    let by_link = send_by_link(&ada, "more.csv", csv(5), &[]).await;

    assert_eq!(sent.status, 200, "{}", sent.text);
    assert_eq!((counts(&sent.body), counts(&by_link)), ([2, 0, 0, 0], [3, 0, 2, 0]));
    let person = json!({"id": ada.user, "email": format!("{}@users.example", ada.user), "name": "Some One"});
    assert_eq!((&sent.body["created_by"], &by_link["created_by"]), (&person, &person));
    let own = leads(&ada).await;
    assert_eq!(own.len(), 5);
    assert!(own.iter().all(|lead| lead["created_by"] == json!(ada.user)));
    assert_eq!((leads(&other).await.len(), in_step(&admin).await.len()), (0, 5));
}

#[tokio::test]
async fn a_user_sees_their_own_imports_and_an_admin_all() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [ada, bob] = [app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await];
    let own = send(&ada, "ada.csv", csv(1), &[]).await.body;
    app.pass(Duration::seconds(1));
    let others = send(&bob, "bob.csv", csv(2), &[]).await.body;
    app.pass(Duration::seconds(1));
    drop_file(&admin, "nobody.csv", csv(3), &[]).await;
    app.deliver().await;

    let (of_ada, of_bob, all) = (imports(&ada).await, imports(&bob).await, imports(&admin).await);

    assert_eq!((ids(&of_ada), ids(&of_bob)), (vec![&own["id"]], vec![&others["id"]]));
    assert_eq!(ids(&all), [&all[0]["id"], &others["id"], &own["id"]]);
    assert_eq!((&all[0]["created_by"], &all[0]["file_name"]), (&Value::Null, &json!("nobody.csv")));
    assert_eq!(answers(&[&ada, &bob, &admin], &path(&own)).await, [[200, 403], [403, 403], [200, 200]]);
    assert_eq!(answers(&[&ada, &bob], &path(&all[0])).await, [[403, 403], [403, 403]]);
}

#[tokio::test]
async fn pages_of_a_users_imports_hold_only_theirs() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = app.member(admin.org, Role::User).await;
    let mut own = Vec::new();
    for n in 1..=3 {
        own.push(send(&ada, "ada.csv", csv(n), &[]).await.body["id"].clone());
        app.pass(Duration::seconds(1));
        send(&admin, "admin.csv", csv(10 + n), &[]).await;
        app.pass(Duration::seconds(1));
    }

    let first = ada.get("/api/leads/upload/?limit=2").await;
    let second = ada.get(first.body["next"].as_str().unwrap()).await;

    let shown = |page: &Answer| page.body["imports"].as_array().unwrap().len();
    assert_eq!((shown(&first), shown(&second)), (2, 1));
    assert_eq!(first.body["imports"][0]["id"], own[2]);
    assert_eq!((&second.body["imports"][0]["id"], &second.body["next"]), (&own[0], &Value::Null));
}

#[tokio::test]
async fn another_organisations_imports_are_not_there() {
    let app = TestApp::start().await;
    let [acme, rival] = [app.admin().await, app.admin().await];
    let import = send(&acme, "leads.csv", csv(2), &[]).await.body;

    let found = answers(&[&rival], &path(&import)).await;

    assert_eq!(found, [[404, 404]]);
    assert_eq!((imports(&rival).await.len(), leads(&rival).await.len()), (0, 0));
    assert_eq!(shown(&acme, import["id"].as_str().unwrap()).await["status"], "success");
    let guest = acme.with("organization-id", &rival.org.to_string());
    assert_eq!(send(&guest, "leads.csv", csv(2), &[]).await.status, 403);
    assert_eq!(guest.get("/api/leads/upload/").await.status, 403);
    assert_eq!(in_step(&rival).await.len(), 0);
}

#[tokio::test]
async fn who_has_no_token_or_is_no_longer_active_gets_nowhere() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let gone = app.member(admin.org, Role::User).await;
    let import = send(&gone, "leads.csv", csv(2), &[]).await.body;
    app.app.store.deactivate_user(admin.org, gone.user).await.unwrap();
    let stranger = admin.with("authorization", "");

    for (client, status) in [(&stranger, 401), (&gone, 403)] {
        let sent = send(client, "leads.csv", csv(1), &[]).await;
        let link = client.post("/api/leads/upload/", json!({"file_name": "a.csv", "size": 1})).await;
        let list = client.get("/api/leads/upload/").await;
        assert_eq!([sent.status, link.status, list.status].map(|status| status.as_u16()), [status; 3]);
        assert_eq!(answers(&[client], &path(&import)).await, [[status; 2]]);
        assert_eq!(sent.header("www-authenticate").is_empty(), status != 401);
    }
    assert_eq!((imports(&admin).await.len(), in_step(&admin).await.len()), (1, 2));
}

#[tokio::test]
async fn the_key_of_an_object_alone_says_whose_it_is() {
    let app = TestApp::start().await;
    let [acme, rival] = [app.admin().await, app.admin().await];
    let waiting =
        acme.post("/api/leads/upload/", json!({"file_name": "a.csv", "size": csv(1).len()})).await.id();

    let org = acme.org.to_string();
    let metadata = [("organization-id", &*org), ("org", &*org)];
    drop_file(&rival, "leads.csv", csv(2), &metadata).await;
    drop_file(&rival, &format!("{waiting}/file"), csv(3), &[]).await;
    app.deliver().await;

    assert_eq!((in_step(&acme).await.len(), in_step(&rival).await.len()), (0, 3));
    assert_eq!(shown(&acme, &waiting).await["status"], "awaiting");
    assert_eq!(imports(&rival).await.len(), 2);
}

#[tokio::test]
async fn an_idempotency_key_is_its_senders_own() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = app.member(admin.org, Role::User).await;
    let [by_admin, by_ada] = [&admin, &ada].map(|client| client.with("idempotency-key", "one"));

    let first = send(&by_admin, "a.csv", csv(2), &[]).await;
    let second = send(&by_ada, "a.csv", csv(3), &[]).await;
    let third = send(&by_ada, "a.csv", csv(3), &[]).await;

    assert_eq!([&first, &second, &third].map(|sent| sent.status.as_u16()), [200; 3], "{}", second.text);
    assert_ne!(first.id(), second.id());
    assert_eq!((third.id(), third.header("idempotent-replayed")), (second.id(), "true"));
    assert_eq!(in_step(&admin).await.len(), 3);
}

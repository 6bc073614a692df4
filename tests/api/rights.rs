//! Who may do what to a lead and what hangs on it.

use crate::prelude::*;

/// See, edit, comment, attach, edit a comment, delete a comment, download, delete a file, delete the lead.
type Statuses = [u16; 9];

const ADMIN: Statuses = [200, 200, 201, 201, 200, 204, 302, 204, 204];
const CREATOR: Statuses = [200, 200, 201, 201, 403, 403, 302, 403, 204];
const AUTHOR: Statuses = [200, 200, 201, 201, 200, 204, 302, 204, 403];
const COLLEAGUE: Statuses = [200, 200, 201, 201, 403, 403, 302, 403, 403];
const UNRELATED: Statuses = [403; 9];
const STRANGER: Statuses = [404; 9];

const FILE: leadline_tests::File<'_> = ("attachment", "a.txt", "text/plain", b"a");

#[tokio::test(start_paused = true)]
async fn rights_follow_role_and_relation() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let [creator, assignee, author, mate, former, other] = [
        app.member(admin.org, Role::User).await,
        app.member(admin.org, Role::User).await,
        app.member(admin.org, Role::User).await,
        app.member(admin.org, Role::User).await,
        app.member(admin.org, Role::User).await,
        app.member(admin.org, Role::User).await,
    ];
    let team = app.team(admin.org, &[mate.user, former.user]).await;
    app.team(admin.org, &[other.user]).await;
    app.app.store.remove_member(admin.org, team, former.user).await.unwrap();

    for (case, who, expected) in [
        ("an ADMIN", &admin, ADMIN),
        ("who created the lead", &creator, CREATOR),
        ("to whom it is assigned", &assignee, COLLEAGUE),
        ("a member of its team", &mate, COLLEAGUE),
        ("who wrote the comment and sent the file", &author, AUTHOR),
        ("who was a member of its team", &former, UNRELATED),
        ("somebody else of the organisation", &other, UNRELATED),
        ("an ADMIN of another organisation", &rival, STRANGER),
    ] {
        let assigned = json!({"assigned_to": [assignee.user, author.user], "teams": [team]});
        let lead = creator.open_lead("R", assigned).await.id();
        let lead = format!("/api/leads/{lead}/");
        let said = author.multipart(&lead, &[("comment", "Mine.")], &[FILE]).await;
        let comment = format!("/api/leads/comment/{}/", said.body["comment"]["id"].as_str().unwrap());
        let file = said.body["attachment"]["file_path"].as_str().unwrap();

        let statuses = [
            who.get(&lead).await,
            who.patch(&lead, json!({"city": "X"})).await,
            who.post(&lead, json!({"comment": "Too."})).await,
            who.multipart(&lead, &[], &[FILE]).await,
            who.patch(&comment, json!({"comment": "Other."})).await,
            who.delete(&comment).await,
            who.get(file).await,
            who.delete(file).await,
            who.delete(&lead).await,
        ]
        .map(|answer| answer.status.as_u16());

        assert_eq!(statuses, expected, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_is_not_done() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let other = app.member(admin.org, Role::User).await;
    let lead = format!("/api/leads/{}/", admin.open_lead("Mine", json!({})).await.id());
    let said = admin.multipart(&lead, &[("comment", "Mine.")], &[FILE]).await;
    let comment = format!("/api/leads/comment/{}/", said.body["comment"]["id"].as_str().unwrap());
    let file = said.body["attachment"]["file_path"].as_str().unwrap();
    let before = (admin.get(&lead).await.text, app.bucket.objects());

    for who in [&other, &rival] {
        for refused in [
            who.get(&lead).await,
            who.patch(&lead, json!({"city": "X"})).await,
            who.multipart(&lead, &[("comment", "Too.")], &[FILE]).await,
            who.post(&lead, json!({"file_name": "a.txt", "size": 1})).await,
            who.patch(&comment, json!({"comment": "Other."})).await,
            who.delete(&comment).await,
            who.get(file).await,
            who.delete(file).await,
            who.delete(&lead).await,
        ] {
            assert!([403, 404].contains(&refused.status.as_u16()), "{}", refused.text);
            assert!(!refused.text.contains("Mine") && refused.header("location").is_empty());
        }
    }

    assert_eq!((admin.get(&lead).await.text, app.bucket.objects()), before);
}

#[tokio::test]
async fn who_leaves_the_team_no_longer_sees_its_leads() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mate = app.member(admin.org, Role::User).await;
    let team = app.team(admin.org, &[mate.user]).await;
    let lead = admin.open_lead("Team's", json!({"teams": [team], "tags": ["hush"], "source": "hush"})).await;
    let lead = format!("/api/leads/{}/", lead.id());
    let said = admin.multipart(&lead, &[("comment", "Ours.")], &[FILE]).await;
    let file = said.body["attachment"]["file_path"].as_str().unwrap();
    assert_eq!(mate.get("/api/leads/").await.body["open_leads_count"], 1);
    assert_eq!(mate.get(&lead).await.body["comments"][0]["comment"], "Ours.");

    app.app.store.remove_member(admin.org, team, mate.user).await.unwrap();

    let list = mate.get("/api/leads/").await;
    assert_eq!((&list.body["open_leads"], &list.body["open_leads_count"]), (&json!([]), &json!(0)));
    assert_eq!(
        (&list.body["tag_counts"]["hush"], &list.body["source_counts"]["hush"]),
        (&json!(0), &json!(0))
    );
    for refused in
        [mate.get(&lead).await, mate.post(&lead, json!({"comment": "Mine?"})).await, mate.get(file).await]
    {
        assert_eq!(refused.status, 403);
        assert!(!refused.text.contains("Ours"));
    }
}

#[tokio::test]
async fn who_joins_the_team_or_is_assigned_may_at_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    let team = app.team(admin.org, &[]).await;
    let lead = format!("/api/leads/{}/", admin.open_lead("L", json!({"teams": [team]})).await.id());
    assert_eq!(user.get(&lead).await.status, 403);

    app.app.store.add_member(admin.org, team, user.user).await.unwrap();
    let as_mate = user.post(&lead, json!({"comment": "As a mate."})).await;
    app.app.store.remove_member(admin.org, team, user.user).await.unwrap();
    admin.patch(&lead, json!({"assigned_to": [user.user]})).await;
    let as_assignee = user.post(&lead, json!({"comment": "As the assignee."})).await;
    admin.patch(&lead, json!({"assigned_to": []})).await;
    let as_nobody = user.post(&lead, json!({"comment": "As nobody."})).await;

    let statuses = [as_mate, as_assignee, as_nobody].map(|answer| answer.status.as_u16());
    assert_eq!(statuses, [201, 201, 403]);
}

#[tokio::test]
async fn without_a_token_nothing_of_it_opens() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = format!("/api/leads/{}/", admin.open_lead("L", json!({})).await.id());
    let said = admin.multipart(&lead, &[("comment", "Mine.")], &[FILE]).await;
    let comment = format!("/api/leads/comment/{}/", said.body["comment"]["id"].as_str().unwrap());
    let file = said.body["attachment"]["file_path"].as_str().unwrap();

    for (method, path) in [
        ("POST", &*lead),
        ("PUT", &*comment),
        ("PATCH", &*comment),
        ("DELETE", &*comment),
        ("GET", file),
        ("DELETE", file),
    ] {
        let answer = app.anyone().send(method, path, "application/json", "{\"comment\": \"X\"}").await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    let (status, ..) = app.fetch(&format!("http://s3.example/leadline/{}", app.bucket.objects()[0])).await;
    assert_eq!(status, 403, "nor in the bucket itself");
}

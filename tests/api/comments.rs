//! Comments: `POST /api/leads/{pk}/`, `/api/leads/comment/{pk}/`.

use crate::prelude::*;

const FORM: &str = "application/x-www-form-urlencoded";

async fn open(client: &Client<'_>) -> String {
    format!("/api/leads/{}/", client.open_lead("Talked about", json!({})).await.id())
}

/// Says something on a lead; the comment's path.
async fn comment(client: &Client<'_>, lead: &str, text: &str) -> String {
    let answer = client.post(lead, json!({ "comment": text })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    format!("/api/leads/comment/{}/", answer.body["comment"]["id"].as_str().unwrap())
}

fn texts(comments: &Value) -> Vec<&str> {
    comments.as_array().unwrap().iter().map(|comment| comment["comment"].as_str().unwrap()).collect()
}

fn person(client: &Client<'_>) -> Value {
    json!({"id": client.user, "email": format!("{}@users.example", client.user), "name": "Some One"})
}

#[tokio::test]
async fn comments_are_shown_newest_first() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("L", json!({})).await.id();
    let path = format!("/api/leads/{lead}/");

    let first = admin.post(&path, json!({"comment": "First."})).await;
    let second = admin.post(&path, json!({"comment": " Second,\nin <b>two</b> lines. "})).await;
    let shown = admin.get(&path).await;

    assert_eq!(first.status, 201, "{}", first.text);
    let comment = &first.body["comment"];
    let expected = json!({
        "id": comment["id"], "lead": lead, "comment": "First.", "commented_by": person(&admin),
        "commented_on": comment["commented_on"], "updated_on": null, "mentions": [],
    });
    assert_eq!(*comment, expected);
    assert!(comment["commented_on"].as_str().unwrap().ends_with('Z'));
    for (files, none) in
        [("attachment", Value::Null), ("new_attachments", json!([])), ("attachments", json!([]))]
    {
        assert_eq!(first.body[files], none, "{files}");
    }
    assert_eq!(second.body["comment"], second.body["comments"][0]);
    assert_eq!(texts(&second.body["comments"]), ["Second,\nin <b>two</b> lines.", "First."]);
    assert_eq!(shown.body["comments"], second.body["comments"]);
}

#[tokio::test(start_paused = true)]
async fn many_comments_come_all_and_in_order_on_as_many_pages_as_it_takes() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = open(&admin).await;
    let long = "字".repeat(10_000);

    for n in 0..90 {
        comment(&admin, &path, &format!("{n} {}", &long[..3 * 9_990])).await;
    }
    let (mut numbers, mut pages, mut cursor) = (Vec::new(), 0, json!(""));
    while let Some(position) = cursor.as_str() {
        let page = admin.get(&format!("{path}?comments_cursor={position}")).await;
        numbers.extend(
            texts(&page.body["comments"]).iter().map(|text| text.split_once(' ').unwrap().0.to_owned()),
        );
        pages += 1;
        cursor = page.body["comments_cursor"].clone();
    }

    assert_eq!(pages, 2);
    assert!(numbers.iter().cloned().eq((0..90).rev().map(|n| n.to_string())), "{numbers:?}");
}

#[tokio::test(start_paused = true)]
async fn comments_made_at_once_are_all_kept() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = open(&admin).await;

    let all = futures::future::join_all((0..10).map(|n| comment(&admin, &path, ["a", "b"][n % 2]))).await;

    assert_eq!(all.len(), 10);
    assert_eq!(texts(&admin.get(&path).await.body["comments"]).len(), 10);
}

#[tokio::test]
async fn an_edited_comment_says_when() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = open(&admin).await;
    let edit = comment(&admin, &path, "Befor").await;
    comment(&admin, &path, "Later.").await;
    let before = admin.get(&path).await.body["comments"][1].clone();

    app.pass(Duration::seconds(2));
    let put = admin.send("PUT", &edit, "application/json", "{\"comment\": \"Before\"}").await;
    let patched = admin.send("PATCH", edit.trim_end_matches('/'), FORM, "comment=Before.").await;

    assert_eq!((put.status.as_u16(), &put.body["comment"]), (200, &json!("Before")), "{}", put.text);
    assert_eq!(patched.status, 200, "{}", patched.text);
    let mut expected = before;
    expected["comment"] = json!("Before.");
    expected["updated_on"] = patched.body["updated_on"].clone();
    assert_eq!(patched.body, expected);
    assert!(patched.body["updated_on"].as_str().unwrap() > expected["commented_on"].as_str().unwrap());
    let shown = admin.get(&path).await;
    assert_eq!(texts(&shown.body["comments"]), ["Later.", "Before."]);
    assert_eq!(shown.body["comments"][1], patched.body);
}

#[tokio::test]
async fn a_deleted_comment_is_gone() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = open(&admin).await;
    comment(&admin, &path, "Stays.").await;
    let gone = comment(&admin, &path, "Goes.").await;
    let id = gone.split('/').nth(4).unwrap().to_owned();

    let deleted = admin.delete(&gone).await;

    assert_eq!((deleted.status.as_u16(), &*deleted.text), (204, ""));
    assert_eq!(admin.delete(&gone).await.status, 404);
    assert_eq!(admin.patch(&gone, json!({"comment": "Again."})).await.status, 404);
    assert_eq!(texts(&admin.get(&path).await.body["comments"]), ["Stays."]);
    assert_eq!(app.mentions(&id), 0);
}

#[tokio::test]
async fn a_comment_is_1_to_10000_characters() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = open(&admin).await;
    let edit = comment(&admin, &path, "Here.").await;
    let long = |n| json!("字".repeat(n));

    for (text, problem) in [
        (long(10_001), "must be at most 10000 characters"),
        (json!("a\0b"), "must not hold control characters"),
        (json!(["a", "b"]), "must be a single text or number"),
    ] {
        for answer in [
            admin.post(&path, json!({"comment": text})).await,
            admin.patch(&edit, json!({"comment": text})).await,
        ] {
            assert_eq!(answer.body["errors"], json!({"comment": [problem]}), "{}", answer.text);
        }
    }
    for blank in [json!({}), json!({"comment": null}), json!({"comment": ""}), json!({"comment": " \n "})] {
        for answer in [admin.post(&path, blank.clone()).await, admin.patch(&edit, blank).await] {
            assert_eq!(answer.status, 400);
            assert!(answer.body["errors"]["comment"][0].is_string(), "{}", answer.text);
        }
    }
    let padded = format!(" {}\n", long(10_000).as_str().unwrap());
    let longest = admin.post(&path, json!({"comment": padded})).await;
    assert_eq!(longest.status, 201);
    assert_eq!(longest.body["comment"]["comment"], long(10_000));
    assert_eq!(texts(&longest.body["comments"]).len(), 2);
}

#[tokio::test]
async fn a_mention_is_an_active_member_by_e_mail_in_any_case() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let (ada, left) = (app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await);
    app.app.store.deactivate_user(admin.org, left.user).await.unwrap();
    let path = open(&admin).await;
    let at = |client: &Client<'_>| format!("@{}@users.example", client.user);

    for (text, mentions) in [
        (at(&ada), vec![&ada]),
        (at(&ada).to_uppercase(), vec![&ada]),
        (format!("({}), see {}. {}!", at(&ada), at(&admin), at(&ada).to_uppercase()), vec![&ada, &admin]),
        (at(&left), vec![]),
        (at(&rival), vec![]),
        (format!("@nobody@users.example, mail {}@users.example", ada.user), vec![]),
        ("@ @@ @ada".to_owned(), vec![]),
    ] {
        let answer = admin.post(&path, json!({ "comment": text })).await;

        let mentions: Vec<Value> = mentions.into_iter().map(person).collect();
        assert_eq!(answer.status, 201, "{text}: {}", answer.text);
        assert_eq!(answer.body["comment"]["mentions"], json!(mentions), "{text}");
        assert_eq!(answer.body["comment"]["comment"], json!(text));
    }
    let shown = admin.get(&path).await;
    let may_be: Vec<&Value> =
        shown.body["users_mention"].as_array().unwrap().iter().map(|user| &user["id"]).collect();
    assert!(may_be.contains(&&json!(ada.user)) && !may_be.contains(&&json!(left.user)));
}

#[tokio::test]
async fn an_edit_reads_the_mentions_anew() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (ada, bob) = (app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await);
    let path = open(&admin).await;
    let edit = comment(&admin, &path, &format!("@{}@users.example", ada.user)).await;

    let other = admin.patch(&edit, json!({"comment": format!("@{}@users.example?", bob.user)})).await;
    let none = admin.patch(&edit, json!({"comment": "Nobody."})).await;

    assert_eq!(other.body["mentions"], json!([person(&bob)]), "{}", other.text);
    assert_eq!(none.body["mentions"], json!([]));
}

#[tokio::test]
async fn a_comment_of_somebody_who_left_still_names_them() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = app.member(admin.org, Role::User).await;
    let path = open(&ada).await;
    let edit = comment(&ada, &path, "Mine.").await;

    app.app.store.deactivate_user(admin.org, ada.user).await.unwrap();

    assert_eq!(admin.get(&path).await.body["comments"][0]["commented_by"], person(&ada));
    assert_eq!(ada.patch(&edit, json!({"comment": "Still mine."})).await.status, 403);
    assert_eq!(admin.delete(&edit).await.status, 204);
}

#[tokio::test]
async fn every_kind_of_body_makes_the_same_comment() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = open(&admin).await;

    let made = [
        admin.post(&path, json!({"comment": "Für & wider"})).await,
        admin.send("POST", &path, FORM, "comment=F%C3%BCr+%26+wider").await,
        admin.multipart(&path, &[("comment", "Für & wider")], &[]).await,
        admin.multipart(&path, &[("comment", "Für & wider")], &[("attachment", "", "text/plain", b"")]).await,
    ];

    for answer in made {
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert_eq!(answer.body["comment"]["comment"], "Für & wider");
        assert_eq!(answer.body["new_attachments"], json!([]));
    }
}

#[tokio::test]
async fn a_comment_sent_again_under_its_key_is_one_comment() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (path, other) = (open(&admin).await, open(&admin).await);
    let keyed = admin.with("idempotency-key", "k");
    let body = json!({"comment": "Once."});

    let first = keyed.post(&path, body.clone()).await;
    let again = keyed.post(&path, body.clone()).await;
    let another = keyed.post(&path, json!({"comment": "Twice."})).await;
    let elsewhere = keyed.post(&other, body).await;

    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!((another.status.as_u16(), &another.body["code"]), (409, &json!("conflict")));
    assert_eq!(elsewhere.header("idempotent-replayed"), "", "another lead is another request");
    assert_eq!(texts(&admin.get(&path).await.body["comments"]), ["Once."]);
}

#[tokio::test]
async fn a_converted_lead_takes_comments_but_no_files() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let path = open(&admin).await;
    let early = comment(&admin, &path, "Before.").await;
    let converted = admin
        .patch(&path, json!({"status": "converted", "account_name": "Acme", "email": "a@example.com"}))
        .await;
    assert_eq!(converted.status, 200, "{}", converted.text);

    let said = comment(&admin, &path, "After.").await;
    let file = admin.multipart(&path, &[], &[("lead_attachment", "a.txt", "text/plain", b"a")]).await;
    let both =
        admin.multipart(&path, &[("comment", "And.")], &[("attachment", "a.txt", "text/plain", b"a")]).await;
    let upload = admin.post(&path, json!({"file_name": "a.txt", "size": 1})).await;

    assert_eq!(admin.patch(&early, json!({"comment": "Long before."})).await.status, 200);
    assert_eq!(admin.delete(&said).await.status, 204);
    assert_eq!(file.status, 400, "{}", file.text);
    assert!(file.body["errors"]["lead_attachment"][0].is_string(), "{}", file.text);
    assert!(both.body["errors"]["attachment"][0].is_string(), "{}", both.text);
    assert_eq!(upload.status, 400, "{}", upload.text);
    let shown = admin.get(&path).await;
    assert_eq!(texts(&shown.body["comments"]), ["Long before."]);
    assert_eq!(shown.body["attachments"], json!([]));
    assert_eq!(app.bucket.objects(), [""; 0]);
}

#[tokio::test]
async fn a_comment_of_another_organisation_or_of_none_is_not_found() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let path = open(&admin).await;
    let theirs = comment(&admin, &path, "Secret.").await;
    let unknown = format!("/api/leads/comment/{}/", app.app.ids.user(app.now()));

    for (client, path) in [
        (&rival, &*theirs),
        (&admin, &*unknown),
        (&admin, "/api/leads/comment/x/"),
        (&admin, &*path.replace("/leads/", "/leads/comment/")),
    ] {
        for method in ["PUT", "PATCH", "DELETE"] {
            let answer = client.send(method, path, "application/json", "{\"comment\": \"Mine.\"}").await;
            assert_eq!(answer.status, 404, "{method} {path} {}", answer.text);
        }
    }
    assert_eq!(rival.post(&path, json!({"comment": "Mine."})).await.status, 404);
    assert_eq!(admin.post("/api/leads/x/", json!({"comment": "Mine."})).await.status, 404);
    assert_eq!(texts(&admin.get(&path).await.body["comments"]), ["Secret."]);
}

#[tokio::test]
async fn a_deleted_lead_takes_its_comments_along() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Gone", json!({})).await.id();
    let path = format!("/api/leads/{lead}/");
    let mut comments = Vec::new();
    for _ in 0..3 {
        comments.push(comment(&admin, &path, "Said.").await);
    }

    assert_eq!(admin.delete(&path).await.status, 204);

    for comment in comments {
        assert_eq!(admin.patch(&comment, json!({"comment": "Again."})).await.status, 404);
    }
    assert_eq!(admin.post(&path, json!({"comment": "Late."})).await.status, 404);
    assert_eq!(app.mentions(&lead), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lead_with_more_comments_than_a_transaction_holds_can_be_deleted() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Gone", json!({})).await.id();
    let path = format!("/api/leads/{lead}/");
    for n in 0..120 {
        comment(&admin, &path, &n.to_string()).await;
    }

    assert_eq!(admin.delete(&path).await.status, 204);

    assert_eq!(admin.get(&path).await.status, 404);
    assert_eq!(app.mentions(&lead), 0);
}

#[tokio::test(start_paused = true)]
async fn a_comment_made_while_its_lead_is_deleted_is_not_left_behind() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    for late in 0..6 {
        let lead = admin.open_lead("Gone", json!({})).await.id();
        let path = format!("/api/leads/{lead}/");
        let delete = async {
            tokio::time::sleep(leadline_tests::TRIP * late).await;
            admin.delete(&path).await
        };

        let (said, gone) = tokio::join!(admin.post(&path, json!({"comment": "Wait!"})), delete);

        assert_eq!(gone.status, 204, "{}", gone.text);
        assert!([201, 404].contains(&said.status.as_u16()), "{}", said.text);
        assert_eq!(app.mentions(&lead), 0, "{late}");
    }
}

//! What a sender asks for besides: in a request, or on an object.

use super::{counts, leads, send, send_by_bucket, send_by_link, shown};
use crate::prelude::*;

const PATH: &str = "/api/leads/upload/";

/// One field of the leads, from top to bottom.
async fn column(client: &Client<'_>, name: &str) -> Vec<Value> {
    leads(client).await.iter().rev().map(|lead| lead[name].clone()).collect()
}

fn email(client: &Client<'_>) -> String {
    format!("{}@users.example", client.user)
}

#[tokio::test]
async fn every_wrong_option_of_a_request_is_told_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (source, tag) = ("s".repeat(65), "t".repeat(65));
    let options = [
        ("on_duplicate", "replace"),
        ("default_source", source.as_str()),
        ("tags", tag.as_str()),
        ("assigned_to", "ada"),
        ("dry_run", "maybe"),
        ("again", "perhaps"),
    ];
    let mut asked = json!({ "file_name": "leads.csv", "size": 9 });
    options.iter().for_each(|(name, value)| asked[*name] = json!(value));

    let sent = send(&admin, "leads.csv", "Name\nAda Lovelace\n", &options).await;
    let link = admin.post(PATH, asked).await;

    let expected = json!({
        "on_duplicate": ["must be skip, create or update"],
        "default_source": ["must be at most 64 characters"],
        "tags": ["each tag must be at most 64 characters"],
        "assigned_to": ["ada: must be the id or the e-mail of a user"],
        "dry_run": ["must be true or false"],
        "again": ["must be true or false"],
    });
    for answer in [sent, link] {
        assert_eq!((answer.status.as_u16(), &answer.body["errors"]), (400, &expected));
    }
    assert_eq!(admin.get(PATH).await.body["imports"], json!([]));
    assert_eq!((app.bucket.objects().len(), app.stored("LEAD", "")), (0, 0));
}

#[tokio::test]
async fn a_source_of_the_options_is_for_rows_without_one() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let csv = "Name,Source\nA A,\nB B,Referral\nC C, \n";

    let import = send(&admin, "leads.csv", csv, &[("default_source", " Trade Show ")]).await.body;

    assert_eq!(counts(&import), [3, 0, 0, 0]);
    assert_eq!(column(&admin, "source").await, ["Trade Show", "Referral", "Trade Show"]);
    let list = admin.get("/api/leads/").await;
    assert!(list.body["source_list"].as_array().unwrap().contains(&json!("Trade Show")), "{}", list.text);
}

#[tokio::test]
async fn tags_of_the_options_come_after_those_of_the_row_as_first_spelled() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.open_lead("Known", json!({ "tags": ["VIP"] })).await;
    let full = (1..=50).map(|n| format!("t{n}")).collect::<Vec<_>>().join(";");
    let csv = format!("Name,Tags\nA A,\nB B,fair; Navy\nC C,vip; \nD D,{full}\n");

    let import = send(&admin, "leads.csv", csv, &[("tags", "Fair; vip,vip")]).await.body;

    assert_eq!(counts(&import), [4, 0, 0, 0], "{import}");
    let tags = column(&admin, "tags").await;
    // Whichever row is first spells a tag that nobody knew.
    assert_eq!(tags[1..4], [json!(["Fair", "VIP"]), json!(["Fair", "Navy", "VIP"]), json!(["VIP", "Fair"])]);
    let last = tags[4].as_array().unwrap();
    assert_eq!((last.len(), &last[0], &last[49]), (50, &json!("t1"), &json!("VIP")));
    let known = admin.get("/api/leads/?tags=FAIR&fields=leads").await;
    assert_eq!(known.body["open_leads_count"], 3, "{}", known.text);
}

#[tokio::test]
async fn leads_whose_row_names_nobody_go_to_whom_the_options_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (one, two) = (app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await);
    let csv = format!("Name,Owner\nA A,\nB B,{}\n", email(&two));
    let both = format!("{}; {}", one.user, email(&two).to_uppercase());
    let (one_id, two_email) = (one.user.to_string(), email(&two));
    let again = ("again", "true");

    let import = send(&admin, "leads.csv", &csv, &[("assigned_to", &both)]).await.body;
    let repeated =
        send(&admin, "leads.csv", &csv, &[("assigned_to", &one_id), ("assigned_to", &two_email), again])
            .await;
    let dropped =
        send_by_bucket(&admin, "leads.csv", &csv, &[("assigned-to", &both), ("again", "true")]).await;

    assert_eq!([&import, &repeated.body, &dropped].map(counts), [[2, 0, 0, 0]; 3]);
    let assigned = column(&admin, "assigned_to").await;
    for pair in assigned.chunks(2) {
        assert_eq!(pair, [json!([one.user, two.user]), json!([two.user])]);
    }
    assert_eq!(
        (assigned.len(), one.get("/api/leads/").await.body["open_leads_count"].as_u64()),
        (6, Some(3))
    );
}

#[tokio::test]
async fn an_assignee_who_is_no_active_member_fails_the_file_through_every_door() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let gone = app.member(admin.org, Role::User).await;
    app.app.store.deactivate_user(admin.org, gone.user).await.unwrap();
    let (rival, gone) = (email(&rival), gone.user.to_string());
    let csv = "Name\nAda Lovelace\n";

    for name in ["nobody@users.example", &rival, &gone] {
        let both = format!("{}; {name}", admin.user);
        let sent = send(&admin, "leads.csv", csv, &[("assigned_to", &both)]).await;
        let dry = send(&admin, "leads.csv", csv, &[("assigned_to", &both), ("dry_run", "true")]).await;
        let linked = send_by_link(&admin, "leads.csv", csv, &[("assigned_to", &both)]).await;
        let dropped = send_by_bucket(&admin, "leads.csv", csv, &[("assigned-to", &both)]).await;

        let problem = format!("assigned_to: {name}: there is no such active member");
        for answer in [sent, dry] {
            assert_eq!(answer.status, 400, "{}", answer.text);
            let problem = format!("{name}: there is no such active member");
            assert_eq!(answer.body["errors"], json!({ "assigned_to": [problem] }));
        }
        for import in [linked, dropped] {
            assert_eq!((&import["status"], &import["error"]), (&json!("failed"), &json!(problem)));
        }
    }
    assert_eq!(app.stored("LEAD", ""), 0);
    let right = send(&admin, "leads.csv", csv, &[("assigned_to", &email(&admin))]).await;
    assert_eq!((counts(&right.body), &right.body["repeat_of"]), ([1, 0, 0, 0], &Value::Null));
}

#[tokio::test]
async fn metadata_of_an_object_is_read_with_hyphens_whatever_its_case() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let csv = "Name,E-mail\nAda Lovelace,ada@example.com\nAda Lovelace,ada@example.com\n";
    let options = [
        ("on-duplicate", "create"),
        ("Default-Source", "Trade Show"),
        ("tags", "fair; new,old"),
        ("colour", "blue"),
    ];

    let import = send_by_bucket(&admin, "leads.csv", csv, &options).await;

    assert_eq!((&import["on_duplicate"], counts(&import)), (&json!("create"), [2, 0, 0, 0]), "{import}");
    assert_eq!((&import["created_by"], &import["file_name"]), (&Value::Null, &json!("leads.csv")));
    assert_eq!(column(&admin, "source").await, ["Trade Show", "Trade Show"]);
    assert_eq!(column(&admin, "tags").await[0], json!(["fair", "new", "old"]));
}

#[tokio::test]
async fn a_wrong_word_on_an_object_fails_its_import_and_the_file_can_come_again() {
    let app = TestApp::start().await;
    let csv = "Name\nAda Lovelace\n";
    let long = "s".repeat(65);
    for (name, value, problem) in [
        ("on-duplicate", "replace", "on_duplicate: must be skip, create or update"),
        ("dry-run", "maybe", "dry_run: must be true or false"),
        ("again", "maybe", "again: must be true or false"),
        ("assigned-to", "ada", "assigned_to: ada: must be the id or the e-mail of a user"),
        ("default-source", &long, "default_source: must be at most 64 characters"),
        ("tags", &long, "tags: each tag must be at most 64 characters"),
    ] {
        let admin = app.admin().await;

        let failed = send_by_bucket(&admin, "leads.csv", csv, &[(name, value)]).await;
        let mended = send_by_bucket(&admin, "mended.csv", csv, &[]).await;

        assert_eq!((&failed["status"], &failed["error"]), (&json!("failed"), &json!(problem)));
        assert_eq!((counts(&failed), &failed["progress"]), ([0; 4], &json!(100)));
        assert_eq!((counts(&mended), &mended["repeat_of"]), ([1, 0, 0, 0], &Value::Null), "{name}");
        assert_eq!((leads(&admin).await.len(), app.messages()), (1, 0));
    }
}

/// A file with good rows, bad ones, one that is there, and two of one e-mail.
const MIXED: &str = "First name,Surname,E-mail,Company,Tags,Status,Owner,Shoe size\n\
    Ada,Lovelace,ADA@example.com,Acme,new,,,38\n\
    Grace,Hopper,grace@example.com,Navy Ltd,navy,,,39\n\
    Alan,Turing,alan@,,,,,40\n\
    Grace,Murray,Grace@Example.com,,,closed,,41\n\
    ,Nobody,nobody@example.com,,,,,\n\
    Kurt,Own,kurt@example.com,,,,who@users.example,\n\
    Emmy,Noether,,,,converted,,\n\
    Emmy,Noether,,,,,,\n";

/// Tries [`MIXED`] through every door, then imports it: that gives the same counts.
async fn try_and_import(mode: &str, expected: [u64; 4]) {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let known = admin.open_lead("Known", json!({ "email": "ada@example.com" })).await;
    let options = [("on_duplicate", mode), ("tags", "fair"), ("dry_run", "true")];
    let hyphenated = [("on-duplicate", mode), ("tags", "fair"), ("dry-run", "true")];
    let items = || ["LEAD", "COMPAN", "TAG", "EMAIL", "CONTENT", "HISTORY"].map(|part| app.stored(part, ""));
    let before = items();

    let sent = send(&admin, "leads.csv", MIXED, &options).await;
    let after_sent = (items(), admin.get(PATH).await.body["imports"].clone(), app.bucket.objects());
    let linked = send_by_link(&admin, "leads.csv", MIXED, &options).await;
    let dropped = send_by_bucket(&admin, "leads.csv", MIXED, &hyphenated).await;
    let after = items();
    let unchanged = admin.get(&format!("/api/leads/{}/", known.id())).await;
    let real = send(&admin, "leads.csv", MIXED, &options[..2]).await;

    assert_eq!(sent.status, 200, "{}", sent.text);
    assert_eq!(after_sent, (before, json!([]), Vec::new()));
    assert_eq!((after, unchanged.header("etag")), (before, "\"1\""));
    assert_eq!((&sent.body["id"], &sent.body["errors_file"]), (&Value::Null, &Value::Null));
    assert_eq!(real.status, 200, "{}", real.text);
    let real = shown(&admin, &real.id()).await;
    assert_eq!((&real["repeat_of"], counts(&real)), (&Value::Null, expected), "{real}");
    for dry in [&sent.body, &linked, &dropped] {
        let state = ["dry_run", "status", "progress", "row_count"].map(|name| &dry[name]);
        assert_eq!(state, [&json!(true), &json!("success"), &json!(100), &json!(8)]);
        assert_eq!(counts(dry), expected);
        for name in ["errors", "ignored_columns", "on_duplicate", "file_name", "error", "repeat_of", "undo"] {
            assert_eq!(dry[name], real[name], "{name}");
        }
    }
}

#[tokio::test]
async fn a_dry_run_tells_through_every_door_what_an_import_would_do_and_stores_nothing() {
    try_and_import("skip", [2, 4, 2, 0]).await;
    try_and_import("create", [4, 4, 0, 0]).await;
}

#[tokio::test]
async fn a_dry_run_tells_what_an_update_would_do() {
    try_and_import("update", [2, 4, 0, 2]).await;
}

#[tokio::test]
async fn a_dry_run_of_an_unreadable_file_fails_and_leaves_nothing_of_a_request() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let dry = ("dry_run", "true");

    let sent = send(&admin, "leads.csv", "Shoe size\n38\n", &[dry]).await;
    let nothing = (admin.get(PATH).await.body["imports"].clone(), app.bucket.objects());
    let linked = send_by_link(&admin, "leads.csv", "Shoe size\n38\n", &[dry]).await;

    assert_eq!((sent.status.as_u16(), nothing), (400, (json!([]), Vec::new())));
    assert_eq!(linked["status"], "failed");
    assert_eq!(linked["error"], sent.body["errors"]["leads_file"][0]);
    assert_eq!(app.stored("LEAD", ""), 0);
}

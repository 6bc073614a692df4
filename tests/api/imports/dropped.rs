//! Files that an operator puts into the bucket.

mod listed;
mod pieces;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider, SharedHttpClient};

use super::{counts, csv, drop_file, imports, in_step, leads, report, send, send_by_bucket, shown};
use crate::prelude::*;

/// The bucket as operators see it.
fn bucket(app: &TestApp) -> aws_sdk_s3::Client {
    let credentials = Credentials::new("tests", "no secret", None, None, "tests");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(SharedHttpClient::new(app.bucket.clone()))
        .endpoint_url("http://s3.example")
        .build();
    leadline::aws::bucket_client(&config)
}

async fn read(app: &TestApp, key: &str) -> String {
    let object = bucket(app).get_object().bucket("leadline").key(key).send().await.unwrap();
    String::from_utf8(object.body.collect().await.unwrap().to_vec()).unwrap()
}

/// The objects whose keys begin so, without that.
fn below(app: &TestApp, prefix: &str) -> Vec<String> {
    app.bucket.objects().iter().filter_map(|key| Some(key.strip_prefix(prefix)?.to_owned())).collect()
}

#[tokio::test]
async fn a_file_may_have_any_name_and_lie_in_any_folder() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let names = [
        "leads.csv",
        "2026/August/leads.csv",
        "Neue Leads für März.csv",
        "a+b=c & 50% (1).csv",
        "%20+%2B",
        "no name extension",
        "имена 名前.xlsx",
        "0195d7a0-0000-7000-8000-000000000001/file",
        "…/.csv",
    ];

    for (n, name) in names.iter().enumerate() {
        app.pass(Duration::seconds(1));
        drop_file(&admin, name, csv(n + 1), &[]).await;
    }
    app.deliver().await;

    let listed = imports(&admin).await;
    assert_eq!((listed.len(), app.messages()), (names.len(), 0));
    let mut found: Vec<&str> = listed.iter().map(|import| import["file_name"].as_str().unwrap()).collect();
    let mut expected = names.map(|name| name.rsplit('/').next().unwrap()).to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    for import in &listed {
        assert_eq!((&import["status"], &import["created_by"]), (&json!("success"), &Value::Null), "{import}");
    }
    let all = in_step(&admin).await;
    assert_eq!(all.len(), names.len());
    assert!(all.iter().all(|lead| lead["created_by"].is_null()));
}

#[tokio::test]
async fn a_file_of_nothing_fails_and_a_folder_is_no_file() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for folder in ["", "2026/", "2026/August/"] {
        drop_file(&admin, folder, "", &[]).await;
    }
    drop_file(&admin, "empty.csv", "", &[]).await;

    app.deliver().await;

    let listed = imports(&admin).await;
    assert_eq!((listed.len(), app.messages()), (1, 0));
    let import = shown(&admin, listed[0]["id"].as_str().unwrap()).await;
    assert_eq!((&import["status"], &import["row_count"]), (&json!("failed"), &json!(0)));
    assert!(import["error"].as_str().unwrap().contains("empty"), "{import}");
    assert_eq!(in_step(&admin).await.len(), 0);
}

#[tokio::test]
async fn what_lies_below_no_organisation_is_passed_over() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.deliver().await;
    let before = app.engine.items("leadline");
    let stranger = app.anyone();
    let org = admin.org.to_string();

    for key in [
        format!("imports/{}/leads.csv", stranger.org),
        "imports/acme/leads.csv".to_owned(),
        "imports/leads.csv".to_owned(),
        format!("imports//{org}/leads.csv"),
        format!("leads/{org}/leads.csv"),
        format!("chunks/{org}/000000"),
        format!("chunks/{org}/{}/000000", stranger.org),
        format!("chunks/{org}/{}/go-on", stranger.org),
    ] {
        app.drop_object(&key, csv(3), &[]).await;
    }
    app.deliver().await;

    assert_eq!(app.messages(), 0);
    let new = app.engine.items("leadline").into_iter().filter(|item| !before.contains(item));
    assert_eq!(new.collect::<Vec<_>>(), [Value::Null; 0]);
}

#[tokio::test]
async fn a_file_that_is_gone_before_its_message_comes_is_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    drop_file(&admin, "leads.csv", csv(3), &[]).await;
    let key = format!("imports/{}/leads.csv", admin.org);
    bucket(&app).delete_object().bucket("leadline").key(key).send().await.unwrap();

    app.deliver().await;

    assert_eq!((app.messages(), imports(&admin).await.len(), in_step(&admin).await.len()), (0, 0, 0));
}

#[tokio::test]
async fn a_file_put_over_another_is_an_import_of_its_own() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let first = send_by_bucket(&admin, "leads.csv", csv(3), &[]).await;
    app.pass(Duration::seconds(1));
    let second = send_by_bucket(&admin, "leads.csv", csv(5), &[]).await;
    app.pass(Duration::seconds(1));
    let same = send_by_bucket(&admin, "leads.csv", csv(5), &[]).await;

    assert_ne!(first["id"], second["id"]);
    assert_eq!((counts(&first), counts(&second)), ([3, 0, 0, 0], [2, 0, 3, 0]));
    assert_eq!((same["id"].clone(), imports(&admin).await.len()), (second["id"].clone(), 2));
    assert_eq!(in_step(&admin).await.len(), 5);
}

#[tokio::test]
async fn a_file_put_over_one_that_nobody_has_read_is_imported_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    drop_file(&admin, "leads.csv", csv(3).replace("@", "@first."), &[("on-duplicate", "create")]).await;
    drop_file(&admin, "leads.csv", csv(5), &[("on-duplicate", "create")]).await;

    app.deliver().await;

    assert_eq!(in_step(&admin).await.len(), 5);
    let listed = imports(&admin).await;
    let repeats = listed.iter().filter(|import| !import["repeat_of"].is_null()).count();
    assert_eq!((listed.len(), repeats), (2, 1));
}

#[tokio::test]
async fn metadata_says_how_a_file_is_imported() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await.user;
    let email = format!("{user}@users.example");
    send(&admin, "first.csv", csv(1), &[]).await;
    let metadata = [
        ("On-Duplicate", "create"),
        ("default-source", "Trade Show"),
        ("tags", "fair;VIP"),
        ("assigned-to", &email),
        ("comment", "not looked at"),
    ];

    let import = send_by_bucket(&admin, "leads.csv", csv(2), &metadata).await;
    app.pass(Duration::seconds(1));
    let again =
        send_by_bucket(&admin, "2.csv", csv(2), &[("again", "true"), ("on-duplicate", "create")]).await;
    app.pass(Duration::seconds(1));
    let repeat = send_by_bucket(&admin, "3.csv", csv(2), &[("on-duplicate", "create")]).await;

    assert_eq!((counts(&import), &import["on_duplicate"]), ([2, 0, 0, 0], &json!("create")));
    assert_eq!((counts(&again), &again["repeat_of"]), ([2, 0, 0, 0], &Value::Null));
    assert_eq!((counts(&repeat), &repeat["repeat_of"]), ([0, 0, 0, 0], &import["id"]));
    let all = in_step(&admin).await;
    assert_eq!(all.len(), 5);
    for lead in &all[2..4] {
        assert_eq!((&lead["source"], &lead["tags"]), (&json!("Trade Show"), &json!(["fair", "VIP"])));
        assert_eq!(lead["assigned_to"], json!([user]));
    }
}

#[tokio::test]
async fn a_dry_run_from_the_bucket_leaves_its_result_and_nothing_else() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let file = csv(3) + "Bad,Address,nowhere\n";

    let dry = send_by_bucket(&admin, "leads.csv", &file, &[("dry-run", "true")]).await;
    app.pass(Duration::seconds(1));
    let result =
        read(&app, &format!("results/{}/{}/result.json", admin.org, dry["id"].as_str().unwrap())).await;
    let leads = in_step(&admin).await.len();
    let real = send_by_bucket(&admin, "again.csv", &file, &[]).await;

    assert_eq!(
        (&dry["status"], &dry["dry_run"], counts(&dry), leads),
        (&json!("success"), &json!(true), [3, 1, 0, 0], 0)
    );
    let result: Value = serde_json::from_str(&result).unwrap();
    assert_eq!((&result["errors"], &result["imported_count"]), (&dry["errors"], &json!(3)));
    assert_eq!((dry["errors_file"].clone(), counts(&real)), (Value::Null, [3, 1, 0, 0]));
    assert_eq!(
        below(&app, &format!("results/{}/{}/", admin.org, dry["id"].as_str().unwrap())),
        ["result.json"]
    );
}

#[tokio::test]
async fn a_wrong_option_fails_the_file_which_may_come_again_with_a_right_one() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    for (name, value, problem) in [
        ("on-duplicate", "replace", "on_duplicate: must be skip, create or update"),
        ("dry-run", "maybe", "dry_run: must be true or false"),
        ("assigned-to", "ada", "assigned_to: ada: must be the id or the e-mail of a user"),
        ("assigned-to", "ada@example.com", "assigned_to: ada@example.com: there is no such active member"),
    ] {
        app.pass(Duration::seconds(1));
        let import = send_by_bucket(&admin, &format!("{name} {value}.csv"), csv(2), &[(name, value)]).await;
        assert_eq!((&import["status"], &import["error"]), (&json!("failed"), &json!(problem)), "{import}");
        assert_eq!(import["row_count"], 0);
    }
    app.pass(Duration::seconds(1));
    assert_eq!((in_step(&admin).await.len(), app.messages()), (0, 0));
    let import = send_by_bucket(&admin, "right.csv", csv(2), &[]).await;
    assert_eq!((counts(&import), &import["repeat_of"]), ([2, 0, 0, 0], &Value::Null));
}

#[tokio::test]
async fn the_result_lies_in_the_bucket_and_its_errors_can_be_mended_and_put_back() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let file = "First name;Surname;E-mail;Größe\nAda;Lovelace;ada@example.com;38\nGrace;Hopper;nowhere;39\n";

    let import = send_by_bucket(&admin, "leads.csv", file, &[]).await;

    let id = import["id"].as_str().unwrap();
    let folder = format!("results/{}/{id}/", admin.org);
    assert_eq!(below(&app, &folder), ["errors.csv", "result.json"]);
    let result: Value = serde_json::from_str(&read(&app, &format!("{folder}result.json")).await).unwrap();
    for field in [
        "id",
        "status",
        "file_name",
        "row_count",
        "imported_count",
        "failed_count",
        "errors",
        "ignored_columns",
    ] {
        assert_eq!(result[field], import[field], "{field}");
    }
    let errors = read(&app, &format!("{folder}errors.csv")).await;
    assert_eq!(errors, report(&admin, &import).await);
    let problem = "email: must be an e-mail address, such as ada@example.com";
    assert_eq!(
        errors,
        format!("\u{feff}First name,Surname,E-mail,Größe,error\nGrace,Hopper,nowhere,39,\"{problem}\"\n")
    );

    app.pass(Duration::seconds(1));
    let still_bad = errors.replace("nowhere", "no where");
    let second = send_by_bucket(&admin, "errors.csv", &still_bad, &[]).await;
    assert_eq!((counts(&second), &second["ignored_columns"]), ([0, 1, 0, 0], &json!(["Größe", "error"])));
    let errors = report(&admin, &second).await;
    assert_eq!(errors, still_bad);

    app.pass(Duration::seconds(1));
    // Where an operator puts it who only changes the first word of its key.
    let third =
        send_by_bucket(&admin, &format!("{id}/errors.csv"), errors.replace("no where", "g@example.com"), &[])
            .await;
    assert_eq!((counts(&third), in_step(&admin).await.len()), ([1, 0, 0, 0], 2));
}

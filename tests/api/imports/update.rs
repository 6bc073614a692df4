//! `on_duplicate=update`: rows that change the leads that are there.

use leadline_tests::Answer;

use super::{counts, csv, drop_file, in_step, leads, report, send, send_by_bucket};
use crate::prelude::*;

const UPDATE: [(&str, &str); 1] = [("on_duplicate", "update")];

fn path(lead: &Answer) -> String {
    format!("/api/leads/{}/", lead.id())
}

/// Sends a file that changes leads; what became of it.
async fn update(client: &Client<'_>, csv: &str) -> Value {
    let answer = send(client, "leads.csv", csv, &UPDATE).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body
}

/// What a lead is now.
async fn now(client: &Client<'_>, lead: &Answer) -> Answer {
    let answer = client.get(&path(lead)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

fn person(client: &Client<'_>) -> Value {
    json!({"id": client.user, "email": format!("{}@users.example", client.user), "name": "Some One"})
}

#[tokio::test]
async fn only_cells_that_are_filled_change_a_lead() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = app.member(admin.org, Role::User).await;
    let before = json!({
        "email": "ada@example.com", "phone": "555 0100", "city": "London", "tags": ["VIP", "navy"],
        "source": "Referral", "account_name": "Acme", "assigned_to": [admin.user], "probability": 10,
    });
    let lead = admin.open_lead("Lovelace", before).await;
    let csv = format!(
        "email,first name,phone,city,tags,company,owner,probability\n\
         ADA@example.com,,,Rome,new; vip,Initech,{}@users.example,20\n",
        ada.user
    );

    let import = update(&admin, &csv).await;

    assert_eq!((counts(&import), &import["errors"]), ([0, 0, 0, 1], &json!([])));
    let shown = now(&admin, &lead).await.body["lead_obj"].clone();
    for (field, value) in [
        ("first_name", json!("Test")),
        ("last_name", json!("Lovelace")),
        ("email", json!("ADA@example.com")),
        ("phone", json!("555 0100")),
        ("city", json!("Rome")),
        ("tags", json!(["new", "VIP"])),
        ("source", json!("Referral")),
        ("account_name", json!("Initech")),
        ("assigned_to", json!([ada.user])),
        ("probability", json!(20)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    assert_ne!(shown["company"], lead.body["company"]);
    in_step(&admin).await;
}

#[tokio::test]
async fn what_a_lead_has_and_its_row_does_not_name_stays() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let before = json!({
        "email": "ada@example.com", "tags": ["VIP"], "source": "Referral", "account_name": "Acme Ltd",
    });
    let lead = admin.open_lead("Lovelace", before).await;

    let import = update(&admin, "email,city\nada@example.com,Rome\n").await;

    assert_eq!(counts(&import), [0, 0, 0, 1], "{import}");
    let shown = now(&admin, &lead).await.body["lead_obj"].clone();
    let mut expected = lead.body.clone();
    (expected["city"], expected["updated_on"]) = (json!("Rome"), shown["updated_on"].clone());
    for (field, value) in shown.as_object().unwrap() {
        assert_eq!(expected[field], *value, "{field}");
    }
}

#[tokio::test]
async fn the_options_are_for_new_leads_only() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Lovelace", json!({"email": "ada@example.com", "tags": ["old"]})).await;
    let csv = "first name,last name,email\nAda,King,ada@example.com\nNew,One,new@example.com\n";
    let user = admin.user.to_string();
    let options = [("default_source", "Fair"), ("tags", "fair"), ("assigned_to", &*user), UPDATE[0]];

    let import = send(&admin, "leads.csv", csv, &options).await;

    assert_eq!(counts(&import.body), [1, 0, 0, 1], "{}", import.text);
    let all = leads(&admin).await;
    let [new, changed] = [&all[0], &all[1]];
    assert_eq!(
        (&new["source"], &new["tags"], &new["assigned_to"]),
        (&json!("Fair"), &json!(["fair"]), &json!([user]))
    );
    assert_eq!((&changed["id"], &changed["last_name"]), (&json!(lead.id()), &json!("King")));
    assert_eq!((&changed["source"], &changed["tags"]), (&Value::Null, &json!(["old"])));
    assert_eq!(changed["assigned_to"], json!([]));
}

#[tokio::test]
async fn a_change_is_told_in_the_history_and_makes_a_new_version() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Lovelace", json!({"email": "ada@example.com", "city": "London"})).await;
    let unchanged = admin.open_lead("Hopper", json!({"email": "grace@example.com", "city": "Rome"})).await;
    let csv = "email,city,last name\nada@example.com,Rome,King\ngrace@example.com,Rome,\n";

    let import = update(&admin, csv).await;
    drop_file(&admin, "more.csv", "email,city\nada@example.com,Oslo\n", &[("on-duplicate", "update")]).await;
    app.deliver().await;

    assert_eq!(counts(&import), [0, 0, 0, 2]);
    let shown = now(&admin, &lead).await;
    assert_ne!(shown.header("etag"), lead.header("etag"));
    assert_eq!(now(&admin, &unchanged).await.header("etag"), unchanged.header("etag"));
    let history = &shown.body["history"];
    let changes =
        json!({"city": {"from": "London", "to": "Rome"}, "last_name": {"from": "Lovelace", "to": "King"}});
    assert_eq!((&history[1]["changes"], &history[1]["by"]), (&changes, &person(&admin)));
    assert_eq!((&history[1]["action"], &history[1]["version"]), (&json!("changed"), &json!(2)));
    let changes = json!({"city": {"from": "Rome", "to": "Oslo"}});
    assert_eq!((&history[0]["changes"], &history[0]["by"]), (&changes, &Value::Null));
    assert_eq!([&history[0]["door"], &history[1]["door"], &history[2]["door"]], ["import", "import", "api"]);
    let stale = admin.with("if-match", lead.header("etag"));
    assert_eq!(stale.patch(&path(&lead), json!({"city": "Paris"})).await.status, 412);
    let fresh = admin.with("if-match", shown.header("etag"));
    assert_eq!(fresh.patch(&path(&lead), json!({"city": "Paris"})).await.status, 200);
}

#[tokio::test]
async fn a_converted_lead_fails_its_row_and_is_as_it_was() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ripe = json!({"email": "ripe@example.com", "account_name": "Ripe", "auto_convert": true});
    let ripe = admin.open_lead("Ripe", ripe).await;
    let csv = "E-mail;Last name;Town\nnew@example.com;;Rome\nripe@example.com;Changed;Rome\n";

    let import = update(&admin, csv).await;

    assert_eq!(counts(&import), [0, 2, 0, 0]);
    assert_eq!(
        import["errors"][2],
        json!({
            "row": 3, "field": "email", "column": "E-mail", "value": "ripe@example.com",
            "error": "its lead is converted and can no longer change",
        })
    );
    assert_eq!(now(&admin, &ripe).await.header("etag"), ripe.header("etag"));
    let report = report(&admin, &import).await;
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], "\u{feff}E-mail,Last name,Town,error");
    assert_eq!(lines[1], "new@example.com,,Rome,first_name: is required; last_name: is required");
    assert_eq!(
        lines[2],
        "ripe@example.com,Changed,Rome,email: its lead is converted and can no longer change"
    );
}

#[tokio::test]
async fn rows_of_one_email_are_applied_one_after_the_other_after_all_others() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let there = admin.open_lead("There", json!({"email": "there@example.com"})).await;
    let csv = "first name,last name,email,city,tags\n\
        ,,there@example.com,One,\n\
        New,Lead,new@example.com,One,a\n\
        ,,New@example.com,Two,\n\
        ,,there@example.com,Two,b\n\
        ,,new@example.com,,c\n\
        ,,there@example.com,Three,\n\
        Other,Lead,other@example.com,One,\n";

    let import = update(&admin, csv).await;

    assert_eq!((counts(&import), &import["row_count"]), ([2, 0, 0, 5], &json!(7)));
    let all = in_step(&admin).await;
    let of = |email: &str| {
        all.iter().find(|lead| lead["email"].as_str().unwrap().eq_ignore_ascii_case(email)).unwrap()
    };
    assert_eq!(
        (&of("there@example.com")["city"], &of("there@example.com")["tags"]),
        (&json!("Three"), &json!(["b"]))
    );
    assert_eq!(
        (&of("new@example.com")["city"], &of("new@example.com")["tags"]),
        (&json!("Two"), &json!(["c"]))
    );
    let history = now(&admin, &there).await.body["history"].clone();
    let cities: Vec<&Value> =
        history.as_array().unwrap().iter().map(|event| &event["changes"]["city"]["to"]).collect();
    assert_eq!(cities, [&json!("Three"), &json!("Two"), &json!("One"), &Value::Null]);
}

#[tokio::test]
async fn the_last_row_of_an_email_stays_however_the_pieces_of_a_file_come() {
    for delivery in 0..2 {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let mut file = csv(1_990).replace("email\n", "email,city\n").replace(".com\n", ".com,First\n");
        for city in ["Second", "Third", "Last"] {
            (0..20).for_each(|n| file += &format!(",,{n}@example.com,{city}\n"));
        }
        drop_file(&admin, "leads.csv", file, &[("on-duplicate", "update")]).await;

        assert!(app.deliver_one().await);
        app.shuffle_messages();
        if delivery == 0 {
            app.deliver().await
        } else {
            app.deliver_twice_at_once().await
        }
        app.deliver().await;

        let import = super::imports(&admin).await[0].clone();
        assert_eq!((counts(&import), &import["status"]), ([1_990, 0, 0, 60], &json!("success")));
        let all = in_step(&admin).await;
        let last = all.iter().filter(|lead| lead["city"] == "Last").count();
        assert_eq!((all.len(), last), (1_990, 20), "{delivery}");
    }
}

#[tokio::test]
async fn leads_whose_namesakes_went_are_looked_up_once_and_known_from_then_on() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut file = "email,city\n".to_owned();
    for n in 0..30 {
        for city in ["First", "Second"] {
            let fields = json!({"email": format!("{n}@example.com"), "city": city});
            let lead = admin.open_lead("Twice", fields).await;
            if city == "Second" {
                assert_eq!(admin.delete(&format!("/api/leads/{}/", lead.id())).await.status, 204);
            }
        }
        file += &format!("{n}@example.com,Rome\n");
    }
    app.engine.traffic();

    let import = update(&admin, &file).await;
    let first = app.engine.traffic().requests;
    let again = update(&admin, &file.replace("Rome", "Oslo")).await;
    let then = app.engine.traffic().requests;

    assert_eq!((counts(&import), counts(&again)), ([0, 0, 0, 30], [0, 0, 0, 30]));
    // Of each group the list index and its manifest, then the leads; one by one it would be 60.
    assert!(first - then <= 12, "{first} {then}");
    assert!(in_step(&admin).await.iter().all(|lead| lead["city"] == "Oslo"));
}

#[tokio::test]
async fn a_user_changes_only_leads_that_they_may_edit() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = app.member(admin.org, Role::User).await;
    let team = app.team(admin.org, &[ada.user]).await;
    admin.open_lead("Others", json!({"email": "others@example.com"})).await;
    admin.open_lead("Assigned", json!({"email": "assigned@example.com", "assigned_to": [ada.user]})).await;
    admin.open_lead("Team", json!({"email": "team@example.com", "teams": [team]})).await;
    ada.open_lead("Own", json!({"email": "own@example.com"})).await;
    let csv = "email,city\nothers@example.com,Rome\nassigned@example.com,Rome\nteam@example.com,Rome\n\
        own@example.com,Rome\n";

    let import = update(&ada, csv).await;
    let by_bucket =
        send_by_bucket(&admin, "l.csv", csv.replace("Rome", "Oslo"), &[("on-duplicate", "update")]).await;

    assert_eq!((counts(&import), counts(&by_bucket)), ([0, 1, 0, 3], [0, 0, 0, 4]));
    let error = &import["errors"][0];
    assert_eq!((&error["row"], &error["error"]), (&json!(2), &json!("its lead is not yours")));
}

#[tokio::test]
async fn the_lead_that_has_the_email_now_is_found_wherever_it_moved() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut ids = Vec::new();
    for n in 0..4 {
        let lead = admin.open_lead(&format!("No {n}"), json!({"email": "shared@example.com"})).await;
        ids.push(lead.id());
        app.pass(Duration::seconds(1));
    }
    let import = async |city: &str| {
        let import = update(&admin, &format!("email,city\nSHARED@example.com,{city}\n")).await;
        let all = leads(&admin).await;
        let changed: Vec<Value> =
            all.iter().filter(|lead| lead["city"] == city).map(|lead| lead["id"].clone()).collect();
        (counts(&import), changed)
    };

    assert_eq!(import("Newest").await, ([0, 0, 0, 1], vec![json!(ids[3])]));
    assert_eq!(admin.delete(&format!("/api/leads/{}/", ids[3])).await.status, 204);
    assert_eq!(import("Deleted").await, ([0, 0, 0, 1], vec![json!(ids[2])]));
    let other = json!({"email": "other@example.com"});
    assert_eq!(admin.patch(&format!("/api/leads/{}/", ids[2]), other).await.status, 200);
    assert_eq!(import("Moved").await, ([0, 0, 0, 1], vec![json!(ids[1])]));
    for id in &ids[..2] {
        assert_eq!(admin.delete(&format!("/api/leads/{id}/")).await.status, 204);
    }
    assert_eq!(import("Gone").await, ([0, 1, 0, 0], vec![]));
    in_step(&admin).await;
}

#[tokio::test]
async fn rows_without_names_may_bring_many_tags_a_source_and_a_company() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    send(&admin, "leads.csv", csv(8), &[]).await;
    let mut file = "email,tags,source,company\n".to_owned();
    for n in 0..8 {
        let tags: Vec<String> = (0..30).map(|tag| format!("tag {n} {tag}")).collect();
        file += &format!("{n}@example.com,{},Source {n},Company {n}\n", tags.join(";"));
    }

    let import = update(&admin, &file).await;

    assert_eq!(counts(&import), [0, 0, 0, 8], "{import}");
    let all = in_step(&admin).await;
    assert!(
        all.iter().all(|lead| lead["tags"].as_array().unwrap().len() == 30 && lead["company"].is_string())
    );
    assert_eq!(admin.get("/api/leads/companies/").await.body["companies"].as_array().unwrap().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_lead_that_changes_while_its_row_is_loaded_has_both_changes() {
    for late in 0..14 {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let lead = admin.open_lead("Lovelace", json!({"email": "ada@example.com", "city": "London"})).await;
        let change = async {
            tokio::time::sleep(leadline_tests::TRIP * late).await;
            admin.patch(&path(&lead), json!({"phone": "555 0100", "city": "Oslo"})).await
        };

        let (import, changed) = tokio::join!(update(&admin, "email,city\nada@example.com,Rome\n"), change);

        assert_eq!((counts(&import), changed.status.as_u16()), ([0, 0, 0, 1], 200), "{late}");
        let lead = &in_step(&admin).await[0];
        assert_eq!(lead["phone"], "555 0100", "{late}");
        assert!(["Rome", "Oslo"].contains(&lead["city"].as_str().unwrap()), "{late}");
    }
}

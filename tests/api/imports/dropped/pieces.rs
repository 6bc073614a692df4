//! Files of several pieces, and who gets their leads.

use std::collections::BTreeMap;

use leadline::domain::{Rules, UserId};

use super::{below, counts, csv, drop_file, imports, in_step, leads, report, send, send_by_bucket, shown};
use crate::prelude::*;

/// Sets one rule for all leads that satisfy `when`.
async fn set_rule(client: &Client<'_>, users: &[UserId], strategy: &str, when: Value) {
    let rules = json!([{"when": when, "assign": {"users": users, "strategy": strategy}}]).to_string();
    let rules = Rules::parse(&rules).unwrap();
    client.app.app.store.set_rules(client.org, &rules, client.app.now()).await.unwrap();
}

/// How many leads each user has; null: nobody has them.
fn shares(leads: &[Value]) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for lead in leads {
        *shares.entry(lead["assigned_to"][0].to_string()).or_default() += 1;
    }
    shares
}

#[tokio::test]
async fn a_large_file_is_loaded_in_pieces_and_tells_how_far_it_is() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.deliver().await;
    let mut file = "first name,last name,email\n".to_owned();
    for n in 0..5_000 {
        let email = if n % 1_000 == 7 { "nowhere".to_owned() } else { format!("{n}@example.com") };
        file += &format!("Lead,No {n},{email}\n");
    }
    drop_file(&admin, "leads.csv", &file, &[]).await;

    assert!(app.deliver_one().await);
    let id = imports(&admin).await[0]["id"].as_str().unwrap().to_owned();
    let pieces = below(&app, &format!("chunks/{}/{id}/", admin.org));
    let mut steps = vec![shown(&admin, &id).await];
    while app.messages() > 0 {
        assert!(app.deliver_one().await);
        steps.push(shown(&admin, &id).await);
    }
    steps.dedup_by_key(|step| step["progress"].clone()); // the list index is folded when all is loaded

    assert_eq!(pieces, ["000000", "000001", "000002"]);
    let told: Vec<_> = steps
        .iter()
        .map(|it| {
            (
                it["status"].as_str().unwrap(),
                it["progress"].as_u64().unwrap(),
                it["row_count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [("processing", 0, 0), ("processing", 40, 2_000), ("processing", 80, 4_000), ("success", 100, 5_000)]
    );
    let errors: Vec<usize> = steps.iter().map(|step| step["errors"].as_array().unwrap().len()).collect();
    assert_eq!(errors, [0, 2, 4, 5]);
    assert_eq!((&steps[1]["errors"][1]["row"], &steps[1]["errors_file"]), (&json!(1_009), &Value::Null));
    assert_eq!((&steps[1]["finished_on"], counts(&steps[3])), (&Value::Null, [4_995, 5, 0, 0]));
    assert_eq!(report(&admin, &steps[3]).await.lines().count(), 6);
    let all = in_step(&admin).await;
    assert_eq!(all.len(), 4_995);
    let numbers: Vec<usize> =
        all.iter().map(|lead| lead["last_name"].as_str().unwrap()[3..].parse().unwrap()).collect();
    assert!(numbers.is_sorted_by(|a, b| a > b), "the last row is the newest");
}

#[tokio::test]
async fn turns_are_taken_exactly() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [ada, bob, eve] = [
        app.member(admin.org, Role::User).await.user,
        app.member(admin.org, Role::User).await.user,
        app.member(admin.org, Role::User).await.user,
    ];
    set_rule(&admin, &[ada, bob, eve], "round_robin", json!({"door": "import"})).await;
    send(&admin, "first.csv", csv(30), &[]).await;
    let mut file = csv(330).replace("email\n", "email,owner\n").replace(".com\n", ".com,\n");
    file += &format!("Own,Lead,own@example.com,{ada}\nBad,,,\n");

    let import = send_by_bucket(&admin, "leads.csv", &file, &[]).await;

    assert_eq!(counts(&import), [301, 1, 30, 0]);
    let all = in_step(&admin).await;
    let share = |user: UserId| shares(&all)[&json!(user).to_string()];
    assert_eq!([share(ada), share(bob), share(eve)], [111, 110, 110]);
    let of_api = admin.open_lead("By the API", json!({})).await;
    assert_eq!(of_api.body["assigned_to"], json!([]));
}

#[tokio::test]
async fn whoever_has_the_fewest_gets_the_next() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [busy, idle] =
        [app.member(admin.org, Role::User).await.user, app.member(admin.org, Role::User).await.user];
    for _ in 0..20 {
        admin.open_lead("Before", json!({"assigned_to": [busy]})).await;
    }
    set_rule(&admin, &[busy, idle], "least_loaded", json!({})).await;

    let import = send_by_bucket(&admin, "leads.csv", csv(280), &[]).await;

    assert_eq!(counts(&import), [280, 0, 0, 0]);
    let shares = shares(&in_step(&admin).await);
    assert_eq!([busy, idle].map(|user| shares[&json!(user).to_string()]), [150, 150]);
}

#[tokio::test]
async fn rules_are_asked_only_for_rows_that_name_nobody_and_by_what_the_row_says() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [ada, bob] =
        [app.member(admin.org, Role::User).await.user, app.member(admin.org, Role::User).await.user];
    set_rule(&admin, &[ada], "all", json!({"city": "Rome", "source": "Fair"})).await;
    let csv = format!("first name,last name,city,owner\nA,1,Rome,\nA,2,Oslo,\nA,3,Rome,{bob}\n");

    let import = send_by_bucket(&admin, "leads.csv", csv, &[("default-source", "Fair")]).await;

    assert_eq!(counts(&import), [3, 0, 0, 0]);
    let assigned: Vec<Value> = leads(&admin).await.iter().map(|lead| lead["assigned_to"].clone()).collect();
    assert_eq!(assigned, [json!([bob]), json!([]), json!([ada])]);
}

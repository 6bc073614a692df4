//! Imported leads in the lists, where several share one item, and what is changed later lies over that.

use super::{csv, in_step, leads, send, send_by_bucket};
use crate::prelude::*;

/// The last names of a page of a list.
async fn names(client: &Client<'_>, list: &str, query: &str) -> Vec<String> {
    let page = client.get(&format!("/api/leads/?fields=leads&{query}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let leads = page.body[list].as_array().unwrap();
    leads.iter().map(|lead| lead["last_name"].as_str().unwrap().to_owned()).collect()
}

fn path(lead: &Value) -> String {
    format!("/api/leads/{}/", lead["id"].as_str().unwrap())
}

#[tokio::test]
async fn imported_leads_are_in_the_next_list_with_every_filter() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = app.member(admin.org, Role::User).await;
    let mut csv = "name,email,city,tags,source,status,owner\n".to_owned();
    for n in 0..300 {
        let (city, tag) = (["Rome", "Oslo", "Lima"][n % 3], ["", "VIP"][n % 2]);
        let (status, owner) =
            (["", "closed"][n / 290], if n < 5 { ada.user.to_string() } else { String::new() });
        csv += &format!("Lead No{n},{n}@example.com,{city},{tag},Source {},{status},{owner}\n", n % 4);
    }

    send_by_bucket(&admin, "leads.csv", csv, &[]).await;

    for (query, open, closed) in [
        ("", 290, 10),
        ("city=ROME", 97, 3),
        ("tags=vip", 145, 5),
        ("source=source%201", 73, 2),
        ("name=no29", 1, 10),
        ("email=7@", 29, 1),
        ("status=closed", 0, 10),
        ("title=lead%20no1", 111, 0),
        (&*format!("assigned_to={}", ada.user), 5, 0),
        ("city=rome&tags=vip", 48, 2),
        ("city=nowhere", 0, 0),
    ] {
        let page = admin.get(&format!("/api/leads/?limit=3&{query}")).await.body;
        assert_eq!(
            (&page["open_leads_count"], &page["closed_leads_count"]),
            (&json!(open), &json!(closed)),
            "{query}"
        );
        assert_eq!(page["open_leads"].as_array().unwrap().len(), open.min(3), "{query}");
    }
    assert_eq!(names(&admin, "open_leads", "limit=3").await, ["No289", "No288", "No287"]);
    assert_eq!(names(&admin, "open_leads", "limit=3&offset=200").await, ["No89", "No88", "No87"]);
    assert_eq!(names(&admin, "closed_leads", "limit=2&offset=8").await, ["No291", "No290"]);
    assert_eq!(leads(&ada).await.len(), 5);
    in_step(&admin).await;
}

#[tokio::test]
async fn leads_that_change_later_are_listed_as_they_are_now() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [ada, bob] = [app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await];
    admin.open_lead("Before", json!({})).await;
    app.pass(Duration::seconds(1));
    send(&admin, "leads.csv", csv(250), &[]).await;
    app.pass(Duration::seconds(1));
    admin.open_lead("After", json!({})).await;
    let all = leads(&admin).await;
    // By place in the list: the first of a pack, its last, in between, and the rest of the world.
    let ripe = json!({"status": "converted", "account_name": "Ripe"});
    for (n, change) in [
        (1, json!({"last_name": "Changed"})),
        (2, json!({"status": "closed"})),
        (3, json!({"assigned_to": [ada.user]})),
        (100, json!({"email": "moved@example.com"})),
        (101, json!({"tags": ["VIP"], "city": "Rome"})),
        (102, json!({"status": "closed", "last_name": "Shut"})),
        (150, ripe),
        (250, json!({"assigned_to": [ada.user, bob.user]})),
    ] {
        let answer = admin.patch(&path(&all[n]), change).await;
        assert_eq!(answer.status, 200, "{n} {}", answer.text);
    }
    for n in [4, 5, 103, 249] {
        assert_eq!(admin.delete(&path(&all[n])).await.status, 204, "{n}");
    }
    for (n, change) in [
        (2, json!({"status": "assigned"})),
        (3, json!({"assigned_to": [bob.user]})),
        (101, json!({"city": "Oslo"})),
    ] {
        assert_eq!(admin.patch(&path(&all[n]), change).await.status, 200);
    }

    let now = in_step(&admin).await;

    let gone = [4, 5, 103, 249];
    let expected: Vec<&Value> =
        (0..252).filter(|n| !gone.contains(n) && ![102, 150].contains(n)).map(|n| &all[n]["id"]).collect();
    let open: Vec<&Value> = now[..246].iter().map(|lead| &lead["id"]).collect();
    assert_eq!(open, expected);
    let mut paged = Vec::new();
    for offset in (0..246).step_by(7) {
        paged.extend(names(&admin, "open_leads", &format!("limit=7&offset={offset}")).await);
    }
    let in_one: Vec<String> =
        now[..246].iter().map(|lead| lead["last_name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(paged, in_one);
    assert_eq!((&*paged[1], names(&admin, "closed_leads", "").await), ("Changed", vec!["Shut".to_owned()]));
    for (client, query, count) in [
        (&admin, "email=moved", 1),
        (&admin, "tags=vip", 1),
        (&admin, "city=oslo", 1),
        (&admin, "city=rome", 0),
        (&admin, "name=changed", 1),
        (&ada, "", 1),
        (&bob, "", 2),
        (&bob, "city=oslo", 0),
    ] {
        assert_eq!(
            client.get(&format!("/api/leads/?{query}")).await.body["open_leads_count"],
            count,
            "{query}"
        );
    }
}

#[tokio::test]
async fn pages_cross_the_packs_of_several_imports() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.stop_clock(); // so that all of them began in the same moment
    for name in ["one", "two", "three"] {
        let file = csv(100).replace("No ", &format!("{name} ")).replace("@", &format!("@{name}."));
        send(&admin, "leads.csv", file, &[]).await;
    }
    let all = in_step(&admin).await;
    for lead in all.iter().step_by(3) {
        assert_eq!(admin.delete(&path(lead)).await.status, 204);
    }

    let now = in_step(&admin).await;

    assert_eq!((all.len(), now.len()), (300, 200));
    let mut next = Some("/api/leads/?fields=leads&limit=17".to_owned());
    let mut paged = Vec::new();
    while let Some(path) = next {
        let page = admin.get(&path).await.body;
        paged.extend(page["open_leads"].as_array().unwrap().clone());
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(paged, now);
}

#[tokio::test]
async fn the_history_of_an_imported_lead_begins_with_its_import() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let person =
        json!({"id": admin.user, "email": format!("{}@users.example", admin.user), "name": "Some One"});

    send(&admin, "sent.csv", csv(1), &[]).await;
    app.pass(Duration::seconds(1));
    send_by_bucket(&admin, "dropped.csv", csv(2), &[]).await;

    let leads = leads(&admin).await;
    for (lead, by, name) in [(&leads[0], Value::Null, "No 1"), (&leads[1], person, "No 0")] {
        let history = admin.get(&path(lead)).await.body["history"].clone();
        assert_eq!(history.as_array().unwrap().len(), 1);
        let event = &history[0];
        assert_eq!(
            (&event["door"], &event["action"], &event["by"]),
            (&json!("import"), &json!("created"), &by)
        );
        assert_eq!((&event["changes"]["last_name"]["to"], &event["on"]), (&json!(name), &lead["created_on"]));
        assert_eq!(admin.patch(&path(lead), json!({"city": "Rome"})).await.status, 200);
        let history = admin.get(&path(lead)).await.body["history"].clone();
        assert_eq!((&history[0]["door"], &history[1]), (&json!("api"), event));
    }
}

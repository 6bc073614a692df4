//! Tags and sources: one whatever its case, and how many leads have each.

use futures::future::join_all;
use leadline_tests::Answer;

use crate::prelude::*;

const FORM: &str = "application/x-www-form-urlencoded";

/// What a list counts of each tag or source that any lead has.
fn counts(list: &Answer, which: &str) -> Value {
    let mut counts = list.body[which].as_object().unwrap().clone();
    counts.retain(|_, count| *count != 0);
    Value::Object(counts)
}

async fn counted(client: &Client<'_>, which: &str, name: &str) -> u64 {
    counts(&client.get("/api/leads/").await, which)[name].as_u64().unwrap_or_default()
}

/// How many leads the caller's list counts for a tag.
async fn tagged(client: &Client<'_>, tag: &str) -> u64 {
    counted(client, "tag_counts", tag).await
}

/// How many leads the caller's list counts for a source.
async fn from(client: &Client<'_>, source: &str) -> u64 {
    counted(client, "source_counts", source).await
}

fn path(lead: &Answer) -> String {
    format!("/api/leads/{}/", lead.id())
}

fn numbered(tags: usize) -> Vec<String> {
    (0..tags).map(|n| format!("tag {n}")).collect()
}

#[tokio::test]
async fn a_tag_is_one_whatever_its_case_and_the_door() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let site = format!("/api/leads/create-from-site/?apikey={key}");

    let first = admin.open_lead("One", json!({"tags": ["Größe XL", "VIP"]})).await;
    let second = admin.open_lead("Two", json!({"tags": ["GRÖSSE xl", "vip", "Vip"]})).await;
    let captured = app
        .anyone()
        .send("POST", &site, FORM, "last_name=Three&phone=11111&tags=vIP&tags=GR%C3%B6sse+XL")
        .await;
    let parts = [("first_name", "A"), ("last_name", "Four"), ("tags", r#"["größe xl", "ViP"]"#)];
    let form = admin.multipart("/api/leads/", &parts, &[]).await;
    let changed = admin.open_lead("Five", json!({})).await;
    let changed = admin.patch(&path(&changed), json!({"tags": ["vip", "größe XL"]})).await;

    assert_eq!(first.body["tags"], json!(["Größe XL", "VIP"]));
    assert_eq!(second.body["tags"], json!(["Größe XL", "VIP"]));
    assert_eq!(captured.body["tags"], json!(["VIP", "Größe XL"]), "{}", captured.text);
    assert_eq!(form.body["tags"], json!(["Größe XL", "VIP"]), "{}", form.text);
    assert_eq!(changed.body["tags"], json!(["VIP", "Größe XL"]), "{}", changed.text);
    let list = admin.get("/api/leads/?tags=gr%C3%B6sse%20xl").await;
    assert_eq!(list.body["open_leads_count"], 5);
    assert_eq!(list.body["tags"], json!(["Größe XL", "VIP"]));
    assert_eq!(counts(&list, "tag_counts"), json!({"Größe XL": 5, "VIP": 5}));
}

#[tokio::test(start_paused = true)]
async fn a_tag_first_given_by_many_at_once_has_one_spelling() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let spellings = ["vip", "VIP", "Vip", "vIP", "viP"];
    let leads = join_all(spellings.map(|tag| admin.open_lead("L", json!({"tags": [tag]})))).await;

    assert!(leads.iter().all(|lead| lead.body["tags"] == leads[0].body["tags"]));
    let list = admin.get("/api/leads/").await;
    assert_eq!(list.body["tags"], leads[0].body["tags"]);
    assert_eq!(tagged(&admin, list.body["tags"][0].as_str().unwrap()).await, 5);
}

#[tokio::test]
async fn a_tag_of_another_organisation_spells_nothing_here() {
    let app = TestApp::start().await;
    let (acme, rival) = (app.admin().await, app.admin().await);
    acme.open_lead("One", json!({"tags": ["VIP"], "source": "Trade fair"})).await;

    let theirs = rival.open_lead("Two", json!({"tags": ["vip"], "source": "TRADE FAIR"})).await;

    assert_eq!(theirs.body["tags"], json!(["vip"]));
    let list = rival.get("/api/leads/").await;
    assert_eq!(counts(&list, "tag_counts"), json!({"vip": 1}));
    assert_eq!(counts(&list, "source_counts"), json!({"TRADE FAIR": 1}));
    assert_eq!((tagged(&acme, "VIP").await, from(&acme, "Trade fair").await), (1, 1));
}

#[tokio::test]
async fn the_counts_follow_every_change_at_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let more = json!({
        "tags": ["VIP", "new"], "source": "Trade fair", "account_name": "Acme", "email": "a@example.com",
    });

    let lead = admin.open_lead("One", more).await;
    assert_eq!((tagged(&admin, "VIP").await, from(&admin, "Trade fair").await), (1, 1), "created");

    let other = admin.open_lead("Two", json!({"tags": ["vip"], "source": "trade FAIR"})).await;
    assert_eq!((tagged(&admin, "VIP").await, from(&admin, "Trade fair").await), (2, 2), "another created");

    admin.patch(&path(&lead), json!({"tags": ["old", "vip"], "source": "Radio"})).await;
    assert_eq!((tagged(&admin, "VIP").await, from(&admin, "Trade fair").await), (2, 1), "changed");
    assert_eq!((tagged(&admin, "new").await, tagged(&admin, "old").await), (0, 1), "changed");
    assert_eq!(from(&admin, "Radio").await, 1, "changed");

    admin.patch(&path(&lead), json!({"status": "closed"})).await;
    assert_eq!((tagged(&admin, "VIP").await, from(&admin, "Radio").await), (2, 1), "closed counts too");

    admin.patch(&path(&other), json!({"tags": [], "source": null})).await;
    assert_eq!((tagged(&admin, "VIP").await, from(&admin, "Trade fair").await), (1, 0), "cleared");

    let converted = admin.patch(&path(&lead), json!({"status": "converted"})).await;
    assert_eq!(converted.status, 200, "{}", converted.text);
    assert_eq!((tagged(&admin, "VIP").await, from(&admin, "Radio").await), (0, 0), "converted");

    let last = admin.open_lead("Three", json!({"tags": ["Vip"], "source": "radio"})).await;
    assert_eq!(
        (tagged(&admin, "VIP").await, from(&admin, "Radio").await),
        (1, 1),
        "the first spelling stays"
    );

    admin.delete(&path(&last)).await;
    assert_eq!((tagged(&admin, "VIP").await, from(&admin, "Radio").await), (0, 0), "deleted");
}

#[tokio::test]
async fn the_counts_are_of_all_leads_whatever_the_filters_and_the_page() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for (city, status) in [("Oslo", "assigned"), ("Oslo", "closed"), ("Rome", "recycled")] {
        let lead = json!({"city": city, "status": status, "tags": ["VIP"], "source": "Referral"});
        admin.open_lead("L", lead).await;
    }

    for query in
        ["", "city=oslo", "city=bonn", "tags=none", "status=closed", "status=converted", "limit=1&offset=2"]
    {
        let list = admin.get(&format!("/api/leads/?{query}")).await;

        assert_eq!(counts(&list, "tag_counts"), json!({"VIP": 3}), "{query}");
        assert_eq!(counts(&list, "source_counts"), json!({"Referral": 3}), "{query}");
    }
    let bare = admin.get("/api/leads/?fields=leads").await;
    assert!(bare.body.get("tag_counts").is_none() && bare.body.get("source_counts").is_none());
}

#[tokio::test]
async fn a_user_counts_only_what_they_see() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    let team = app.team(admin.org, &[user.user]).await;
    for mut lead in
        [json!({}), json!({"assigned_to": [user.user]}), json!({"teams": [team], "status": "closed"})]
    {
        lead["tags"] = json!(["VIP"]);
        lead["source"] = json!("Referral");
        admin.open_lead("L", lead).await;
    }
    admin.open_lead("Theirs", json!({"tags": ["secret"], "source": "Secret source"})).await;
    user.open_lead("Own", json!({"tags": ["own", "vip"]})).await;

    let theirs = user.get("/api/leads/").await;
    app.app.store.remove_member(admin.org, team, user.user).await.unwrap();

    assert_eq!(theirs.body["tag_counts"]["VIP"], 3);
    assert_eq!(theirs.body["tag_counts"]["own"], 1);
    assert_eq!(theirs.body["source_counts"]["Referral"], 2);
    assert_eq!((tagged(&user, "secret").await, from(&user, "Secret source").await), (0, 0));
    assert_eq!((tagged(&user, "VIP").await, from(&user, "Referral").await), (2, 1), "no longer in the team");
    assert_eq!((tagged(&admin, "VIP").await, from(&admin, "Referral").await), (4, 3));
    assert_eq!((tagged(&admin, "secret").await, from(&admin, "Secret source").await), (1, 1));
}

#[tokio::test]
async fn a_source_is_counted_once_whatever_its_case_by_the_name_that_the_list_offers() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) =
        app.key(admin.org, NewApiKey { source: Some("trade FAIR".to_owned()), ..NewApiKey::default() }).await;
    for source in ["referral", "REFERRAL", "Trade fair", "TRADE FAIR", "Messe Größe", "MESSE GRÖSSE"] {
        admin.open_lead("L", json!({ "source": source })).await;
    }
    let site = format!("/api/leads/create-from-site/?apikey={key}");
    app.anyone().post(&site, json!({"last_name": "Visitor", "phone": "12345"})).await;

    let list = admin.get("/api/leads/").await;

    let offered = list.body["source_list"].as_array().unwrap();
    assert_eq!(counts(&list, "source_counts"), json!({"Referral": 2, "Trade fair": 3, "Messe Größe": 2}));
    assert!(
        list.body["source_counts"].as_object().unwrap().keys().all(|name| offered.contains(&json!(name)))
    );
    for (query, count) in [("Referral", 2), ("trade%20fair", 3)] {
        let found = admin.get(&format!("/api/leads/?source={query}")).await;
        assert_eq!(found.body["open_leads_count"], count, "{query}");
    }
}

#[tokio::test]
async fn fifty_tags_are_taken_and_counted_and_fifty_one_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let body = |tags: Vec<String>| json!({"first_name": "A", "last_name": "B", "tags": tags});
    let mut doubled = numbered(50);
    doubled.push("TAG 0".to_owned());

    let fifty = admin.post("/api/leads/", body(numbered(50))).await;
    let spelled_twice = admin.post("/api/leads/", body(doubled)).await;
    let one_more = admin.post("/api/leads/", body(numbered(51))).await;
    let changed = admin.patch(&path(&fifty), json!({"tags": numbered(51)})).await;

    assert_eq!(fifty.status, 201, "{}", fifty.text);
    assert_eq!(fifty.body["tags"], json!(numbered(50)));
    assert_eq!(spelled_twice.body["tags"], json!(numbered(50)), "{}", spelled_twice.text);
    for refused in [one_more, changed] {
        assert_eq!(refused.status, 400);
        assert_eq!(refused.body["errors"], json!({"tags": ["must be at most 50 tags"]}));
    }
    let list = admin.get("/api/leads/").await;
    let counts = counts(&list, "tag_counts");
    let counts = counts.as_object().unwrap();
    assert_eq!(counts.len(), 50);
    assert!(counts.values().all(|count| *count == 2), "{counts:?}");
}

//! Assignment rules: who gets a lead that arrives without anybody.

mod written;

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use leadline::domain::{Door, LeadDetails, OrgId, Rules, TeamId, UserId};
use leadline::store::Assignment;
use leadline::web;
use leadline_tests::Answer;

use crate::prelude::*;

/// A rule that chooses among users.
fn among(users: &[UserId], strategy: &str, when: &Value) -> Value {
    json!({"when": when, "assign": {"users": users, "strategy": strategy}})
}

/// A rule for every lead, that chooses among a team.
fn team_rule(team: TeamId, strategy: &str) -> Value {
    json!({"when": {}, "assign": {"team": team, "strategy": strategy}})
}

async fn set(app: &TestApp, org: OrgId, rules: &[Value]) {
    let rules = Rules::parse(&json!(rules).to_string()).unwrap();
    app.app.store.set_rules(org, &rules, app.now()).await.unwrap();
}

async fn members<const N: usize>(app: &TestApp, org: OrgId) -> [UserId; N] {
    let mut members = Vec::new();
    for _ in 0..N {
        members.push(app.member(org, Role::User).await.user);
    }
    members.try_into().unwrap()
}

async fn capture(app: &TestApp, key: &str, n: usize) -> Answer {
    let lead = json!({"last_name": "Visitor", "email": format!("{n}@example.com")});
    app.anyone().post(&format!("/api/leads/create-from-site/?apikey={key}"), lead).await
}

fn assigned(lead: &Answer) -> Vec<UserId> {
    serde_json::from_value(lead.body["assigned_to"].clone()).unwrap()
}

/// The one user who got the lead.
fn assignee(lead: &Answer) -> UserId {
    match assigned(lead).as_slice() {
        [user] => *user,
        _ => panic!("not one user: {}", lead.text),
    }
}

/// A lead of this source that is not stored.
fn details(source: &str) -> LeadDetails {
    let lead = json!({"first_name": "A", "last_name": "B", "source": source});
    LeadDetails::open(Door::Api, &web::read_json(lead.to_string().as_bytes()).unwrap()).unwrap()
}

/// Who gets so many leads, one after another.
async fn in_turn(client: &Client<'_>, leads: usize) -> Vec<UserId> {
    let mut users = Vec::new();
    for _ in 0..leads {
        users.push(assignee(&client.open_lead("L", json!({})).await));
    }
    users
}

#[tokio::test(start_paused = true)]
async fn each_condition_looks_at_its_field() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [user] = members(&app, admin.org).await;

    for (when, lead, holds) in [
        (json!({}), json!({}), true),
        (json!({"source": "Referral"}), json!({"source": "REFERRAL"}), true),
        (json!({"source": "Referral"}), json!({"source": "Referrals"}), false),
        (json!({"source": "Referral"}), json!({}), false),
        (json!({"source": ["Cold Call", "referral"]}), json!({"source": "Referral"}), true),
        (json!({"source": ["Cold Call", "Referral"]}), json!({"source": "Trade Show"}), false),
        (json!({"country": "US"}), json!({"country": "United States"}), true),
        (json!({"country": "usa"}), json!({"country": "us"}), true),
        (json!({"country": "Germany"}), json!({"country": "DE"}), true),
        (json!({"country": ["FR", "DE"]}), json!({"country": "DEU"}), true),
        (json!({"country": "US"}), json!({"country": "GB"}), false),
        (json!({"country": "US"}), json!({}), false),
        (json!({"state": "CA"}), json!({"state": "ca"}), true),
        (json!({"state": ["CA", "NV"]}), json!({"state": "NV"}), true),
        (json!({"state": "CA"}), json!({"state": "California"}), false),
        (json!({"city": "Weißenburg"}), json!({"city": "WEISSENBURG"}), true),
        (json!({"city": ["Oslo", "Rome"]}), json!({"city": "rome"}), true),
        (json!({"city": "York"}), json!({"city": "New York"}), false),
        (json!({"postcode_prefix": "94"}), json!({"postcode": "94105"}), true),
        (json!({"postcode_prefix": "94105"}), json!({"postcode": 94105}), true),
        (json!({"postcode_prefix": "sw1"}), json!({"postcode": "SW1A 1AA"}), true),
        (json!({"postcode_prefix": ["10", "94"]}), json!({"postcode": "94105"}), true),
        (json!({"postcode_prefix": "94"}), json!({"postcode": "10094"}), false),
        (json!({"postcode_prefix": "94105"}), json!({"postcode": "94"}), false),
        (json!({"postcode_prefix": "94"}), json!({}), false),
        (json!({"industry": "Energy"}), json!({"industry": "energy"}), true),
        (json!({"industry": ["Banking", "Energy"]}), json!({"industry": "Banking"}), true),
        (json!({"industry": "Energy"}), json!({"industry": "Legal"}), false),
        (json!({"email_domain": "example.com"}), json!({"email": "Ada@EXAMPLE.com"}), true),
        (json!({"email_domain": ["a.example", "B.example"]}), json!({"email": "x@b.example"}), true),
        (json!({"email_domain": "example.com"}), json!({"email": "ada@notexample.com"}), false),
        (json!({"email_domain": "example.com"}), json!({"email": "example.com@other.example"}), false),
        (json!({"email_domain": "example.com"}), json!({}), false),
        (json!({"tag": "VIP"}), json!({"tags": ["new", "vip"]}), true),
        (json!({"tag": ["gold", "new"]}), json!({"tags": ["NEW"]}), true),
        (json!({"tag": "VIP"}), json!({"tags": ["VIPs"]}), false),
        (json!({"tag": "VIP"}), json!({}), false),
        (json!({"amount_at_least": "1000.00"}), json!({"opportunity_amount": "1000"}), true),
        (json!({"amount_at_least": "1000.00"}), json!({"opportunity_amount": "999.99"}), false),
        (json!({"amount_at_least": 0.1}), json!({"opportunity_amount": 0.1}), true),
        (json!({"amount_at_least": "0"}), json!({}), false),
        (json!({"amount_at_most": "1000.00"}), json!({"opportunity_amount": 1000}), true),
        (json!({"amount_at_most": "1000.00"}), json!({"opportunity_amount": "1000.01"}), false),
        (json!({"amount_at_most": "1000.00"}), json!({}), false),
        (json!({"amount_at_least": "5", "amount_at_most": "5"}), json!({"opportunity_amount": "5"}), true),
        (json!({"door": "api"}), json!({}), true),
        (json!({"door": ["site", "api"]}), json!({}), true),
        (json!({"door": ["site", "import"]}), json!({}), false),
        (json!({"source": "Referral", "city": "Oslo"}), json!({"source": "Referral", "city": "Oslo"}), true),
        (json!({"source": "Referral", "city": "Oslo"}), json!({"source": "Referral"}), false),
        (json!({"source": "Referral", "city": "Oslo"}), json!({"city": "Oslo"}), false),
    ] {
        set(&app, admin.org, &[among(&[user], "all", &when)]).await;
        let got = admin.open_lead("L", lead.clone()).await;

        let expected = if holds { vec![user] } else { Vec::new() };
        assert_eq!(assigned(&got), expected, "{when} of {lead}");
    }
}

#[tokio::test]
async fn the_first_rule_that_holds_wins() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [oslo, referred, anyone] = members(&app, admin.org).await;
    let rules = [
        among(&[oslo], "all", &json!({"city": "Oslo"})),
        among(&[referred], "all", &json!({"source": "Referral"})),
        among(&[anyone], "all", &json!({})),
    ];
    set(&app, admin.org, &rules).await;

    for (lead, who) in [
        (json!({"city": "Oslo", "source": "Referral"}), oslo),
        (json!({"city": "Rome", "source": "Referral"}), referred),
        (json!({"city": "Rome"}), anyone),
    ] {
        assert_eq!(assignee(&admin.open_lead("L", lead.clone()).await), who, "{lead}");
    }
}

#[tokio::test]
async fn each_door_has_its_own_rule_where_rules_say_so() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [by_site, by_api, by_import, owner] = members(&app, admin.org).await;
    let (_, key) = app.key(admin.org, NewApiKey { owner: Some(owner), ..NewApiKey::default() }).await;
    let rules = [
        among(&[by_site], "all", &json!({"door": "site"})),
        among(&[by_api], "all", &json!({"door": "api"})),
        among(&[by_import], "all", &json!({"door": "import"})),
    ];
    set(&app, admin.org, &rules).await;

    let site = capture(&app, &key, 1).await;
    let api = admin.open_lead("L", json!({})).await;
    let import = app.app.store.try_rules(admin.org, &details("Referral"), Door::Import).await.unwrap();

    assert_eq!(assigned(&site), [by_site], "the rule comes before the key's owner");
    assert_eq!(assigned(&api), [by_api]);
    assert_eq!(import, Some(Assignment { rule: 3, assigned_to: vec![by_import] }));
}

#[tokio::test]
async fn where_no_rule_holds_the_keys_owner_gets_it_and_from_the_api_nobody() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [owner, other] = members(&app, admin.org).await;
    let (_, key) = app.key(admin.org, NewApiKey { owner: Some(owner), ..NewApiKey::default() }).await;
    set(&app, admin.org, &[among(&[other], "all", &json!({"city": "Oslo"}))]).await;

    let site = capture(&app, &key, 1).await;
    let api = admin.open_lead("L", json!({})).await;

    assert_eq!(assigned(&site), [owner]);
    assert!(assigned(&api).is_empty(), "{}", api.text);
}

#[tokio::test]
async fn whoever_the_client_names_gets_it_and_takes_no_turn() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [one, two, named] = members(&app, admin.org).await;
    set(&app, admin.org, &[among(&[one, two], "round_robin", &json!({}))]).await;

    let before = in_turn(&admin, 1).await;
    let sent = admin.open_lead("L", json!({"assigned_to": [named]})).await;
    let blank = admin.open_lead("L", json!({"assigned_to": []})).await;
    let cleared = admin.patch(&format!("/api/leads/{}/", sent.id()), json!({"assigned_to": []})).await;
    let after = in_turn(&admin, 1).await;

    assert_eq!(assigned(&sent), [named]);
    assert_ne!(assignee(&blank), before[0], "an empty list names nobody, so it is the next one's turn");
    assert!(assigned(&cleared).is_empty(), "rules are for leads that arrive");
    assert_eq!(after, before);
}

#[tokio::test]
async fn all_means_everybody_who_is_active() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [one, two, three] = members(&app, admin.org).await;
    set(&app, admin.org, &[among(&[one, two, three], "all", &json!({}))]).await;

    let everybody = admin.open_lead("L", json!({})).await;
    app.app.store.deactivate_user(admin.org, two).await.unwrap();
    let the_rest = admin.open_lead("L", json!({})).await;

    assert_eq!(BTreeSet::from_iter(assigned(&everybody)), BTreeSet::from([one, two, three]));
    assert_eq!(BTreeSet::from_iter(assigned(&the_rest)), BTreeSet::from([one, three]));
}

#[tokio::test]
async fn turns_go_round_and_on_whatever_the_door() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let users: [UserId; 3] = members(&app, admin.org).await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    set(&app, admin.org, &[among(&users, "round_robin", &json!({}))]).await;

    let mut turns = in_turn(&admin, 3).await;
    for n in 0..3 {
        turns.push(assignee(&capture(&app, &key, n).await));
    }

    assert_eq!(BTreeSet::from_iter(turns[..3].iter()), BTreeSet::from_iter(users.iter()));
    assert_eq!(turns[3..], turns[..3]);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_leads_at_once_go_round_evenly() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let users: [UserId; 3] = members(&app, admin.org).await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    set(&app, admin.org, &[among(&users, "round_robin", &json!({}))]).await;

    let leads = join_all((0..200).map(|n| capture(&app, &key, n))).await;

    let mut shares = BTreeMap::<UserId, usize>::new();
    for lead in &leads {
        assert_eq!(lead.status, 201, "{}", lead.text);
        *shares.entry(assignee(lead)).or_default() += 1;
    }
    assert_eq!(shares.values().sum::<usize>(), 200);
    assert!(users.iter().all(|user| (66..=68).contains(&shares[user])), "{shares:?}");
    for user in users {
        let list = admin.get(&format!("/api/leads/?fields=leads&assigned_to={user}")).await;
        assert_eq!(list.body["open_leads_count"], shares[&user]);
    }
}

#[tokio::test]
async fn a_lead_sent_again_takes_no_second_turn() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let users: [UserId; 2] = members(&app, admin.org).await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    set(&app, admin.org, &[among(&users, "round_robin", &json!({}))]).await;
    let keyed = admin.with("idempotency-key", "k");

    let first = keyed.open_lead("L", json!({})).await;
    let replay = keyed.open_lead("L", json!({})).await;
    let second = capture(&app, &key, 1).await;
    let repeat = capture(&app, &key, 1).await;
    let third = admin.open_lead("L", json!({})).await;

    assert_eq!(replay.text, first.text);
    assert_ne!(assignee(&second), assignee(&first));
    assert_eq!(repeat.id(), second.id());
    assert_eq!(assignee(&third), assignee(&first));
}

#[tokio::test]
async fn the_least_loaded_gets_the_next() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let users: [UserId; 3] = members(&app, admin.org).await;
    for user in [users[0], users[0], users[1]] {
        admin.open_lead("L", json!({"assigned_to": [user]})).await;
    }
    admin.open_lead("L", json!({"assigned_to": users, "status": "closed"})).await;
    set(&app, admin.org, &[among(&users, "least_loaded", &json!({}))]).await;

    let first = in_turn(&admin, 1).await;
    let next_two = in_turn(&admin, 2).await;
    let then = in_turn(&admin, 9).await;

    assert_eq!(first, [users[2]], "two, one, none");
    assert_eq!(BTreeSet::from_iter(next_two), BTreeSet::from([users[1], users[2]]), "two, one, one");
    for user in users {
        assert_eq!(then.iter().filter(|got| **got == user).count(), 3, "all have two, so each gets three");
    }
}

#[tokio::test(start_paused = true)]
async fn the_load_falls_when_a_lead_is_closed_converted_deleted_or_given_away() {
    for way in ["closed", "converted", "deleted", "given away", "given to nobody"] {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let [one, two] = members(&app, admin.org).await;
        set(&app, admin.org, &[among(&[one, two], "least_loaded", &json!({}))]).await;
        let mut paths = Vec::new();
        for (n, user) in [one, one, one, two, two].into_iter().enumerate() {
            let lead = json!({
                "assigned_to": [user], "account_name": format!("Company {n}"),
                "email": format!("{n}@example.com"),
            });
            paths.push(format!("/api/leads/{}/", admin.open_lead("L", lead).await.id()));
        }
        let before = in_turn(&admin, 1).await;

        let answer = match way {
            "closed" => admin.patch(&paths[0], json!({"status": "closed"})).await,
            "converted" => admin.patch(&paths[0], json!({"status": "converted"})).await,
            "deleted" => admin.delete(&paths[0]).await,
            "given away" => admin.patch(&paths[0], json!({"assigned_to": [two]})).await,
            _ => admin.patch(&paths[0], json!({"assigned_to": []})).await,
        };

        assert!(answer.status.is_success(), "{way}: {}", answer.text);
        assert_eq!(before, [two], "{way}: three and two");
        assert_eq!(in_turn(&admin, 1).await, [one], "{way}: two, and three or four");
    }
}

#[tokio::test]
async fn the_load_rises_when_a_lead_is_opened_again_or_taken_over() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [one, two] = members(&app, admin.org).await;
    set(&app, admin.org, &[among(&[one, two], "least_loaded", &json!({}))]).await;
    let closed = admin.open_lead("L", json!({"assigned_to": [one], "status": "closed"})).await;
    let unowned = admin.open_lead("L", json!({"assigned_to": [one], "status": "closed"})).await;
    admin
        .patch(&format!("/api/leads/{}/", unowned.id()), json!({"assigned_to": [], "status": "recycled"}))
        .await;
    admin.open_lead("L", json!({"assigned_to": [two]})).await;

    admin.patch(&format!("/api/leads/{}/", closed.id()), json!({"status": "in process"})).await;
    admin.patch(&format!("/api/leads/{}/", unowned.id()), json!({"assigned_to": [one]})).await;

    assert_eq!(in_turn(&admin, 1).await, [two], "two and one");
}

#[tokio::test]
async fn whoever_has_left_is_passed_over() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [one, gone, two, last] = members(&app, admin.org).await;

    for strategy in ["round_robin", "least_loaded"] {
        let [gone] = if strategy == "round_robin" { [gone] } else { members(&app, admin.org).await };
        set(&app, admin.org, &[among(&[one, gone, two], strategy, &json!({}))]).await;
        app.app.store.deactivate_user(admin.org, gone).await.unwrap();
        let got = in_turn(&admin, 6).await;

        assert_eq!(BTreeSet::from_iter(got), BTreeSet::from([one, two]), "{strategy}");
    }
    let rules = [among(&[one, two], "round_robin", &json!({})), among(&[last], "least_loaded", &json!({}))];
    set(&app, admin.org, &rules).await;
    for user in [one, two] {
        app.app.store.deactivate_user(admin.org, user).await.unwrap();
    }
    assert_eq!(
        in_turn(&admin, 2).await,
        [last, last],
        "nobody left of the first rule, so the next one counts"
    );
}

#[tokio::test]
async fn rules_of_people_who_have_all_left_count_as_none() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let [gone, owner] = members(&app, admin.org).await;
    let (_, key) = app.key(admin.org, NewApiKey { owner: Some(owner), ..NewApiKey::default() }).await;
    let rules = ["all", "round_robin", "least_loaded"].map(|strategy| among(&[gone], strategy, &json!({})));
    set(&app, admin.org, &rules).await;

    app.app.store.deactivate_user(admin.org, gone).await.unwrap();

    assert_eq!(assigned(&capture(&app, &key, 1).await), [owner]);
    assert!(assigned(&admin.open_lead("L", json!({})).await).is_empty());
}

#[tokio::test]
async fn a_team_is_its_members_at_the_time() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let store = &app.app.store;

    for strategy in ["round_robin", "least_loaded", "all"] {
        let [one, two, three] = members(&app, admin.org).await;
        let team = app.team(admin.org, &[one, two]).await;
        let nobody = among(&[admin.user], "all", &json!({}));
        set(&app, admin.org, &[team_rule(team, strategy), nobody]).await;
        let got = async || {
            let mut got = BTreeSet::new();
            for _ in 0..4 {
                got.extend(assigned(&admin.open_lead("L", json!({})).await));
            }
            got
        };

        assert_eq!(got().await, BTreeSet::from([one, two]), "{strategy}");
        store.remove_member(admin.org, team, one).await.unwrap();
        assert_eq!(got().await, BTreeSet::from([two]), "{strategy}, one has left it");
        store.add_member(admin.org, team, three).await.unwrap();
        assert!(got().await.contains(&three), "{strategy}, one has joined it");
        store.deactivate_user(admin.org, two).await.unwrap();
        assert_eq!(got().await, BTreeSet::from([three]), "{strategy}, one is inactive");
        store.remove_member(admin.org, team, three).await.unwrap();
        assert_eq!(got().await, BTreeSet::from([admin.user]), "{strategy}, nobody is left");
    }
}

//! Rules as they are written down: what can be meant, what can be set, what it would do.

use leadline::domain::{Door, Rules, UserId};
use leadline::store::RulesRefused;

use super::{among, assigned, details, members, set};
use crate::prelude::*;

const UNKNOWN: &str = "0195d7a0-0000-7000-8000-000000000001";

#[tokio::test]
async fn rules_that_name_nobody_we_know_are_not_set() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let [user, gone] = members(&app, admin.org).await;
    app.app.store.deactivate_user(admin.org, gone).await.unwrap();
    let their_team = app.team(rival.org, &[]).await;
    let good = among(&[user], "all", &json!({}));
    set(&app, admin.org, std::slice::from_ref(&good)).await;

    for (targets, field, id) in [
        (json!({"users": [user, UNKNOWN], "strategy": "all"}), "users", UNKNOWN.to_owned()),
        (json!({"users": [gone], "strategy": "round_robin"}), "users", gone.to_string()),
        (json!({"users": [rival.user], "strategy": "all"}), "users", rival.user.to_string()),
        (json!({"team": UNKNOWN, "strategy": "least_loaded"}), "team", UNKNOWN.to_owned()),
        (json!({"team": their_team, "strategy": "all"}), "team", their_team.to_string()),
    ] {
        let rules = json!([good, {"when": {}, "assign": targets}]);
        let rules = Rules::parse(&rules.to_string()).unwrap();
        let refused = app.app.store.set_rules(admin.org, &rules, app.now()).await.unwrap_err();

        let RulesRefused::Unknown(errors) = &refused else { panic!("{refused:?}") };
        let text = errors.to_string();
        assert!(errors.has(field) && text.contains(&id) && !text.contains(&user.to_string()), "{text}");
    }
    assert_eq!(json!(app.app.store.rules(admin.org).await.unwrap()), json!([good]), "they stay as they were");
}

#[tokio::test]
async fn rules_are_replaced_as_a_whole_and_belong_to_one_organisation() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let rule = among(&[admin.user], "all", &json!({"country": "US"}));

    let before = app.app.store.rules(admin.org).await.unwrap();
    set(&app, admin.org, std::slice::from_ref(&rule)).await;
    let during = app.app.store.rules(admin.org).await.unwrap();
    let theirs = rival.open_lead("L", json!({"country": "US"})).await;
    let ours = admin.open_lead("L", json!({"country": "US"})).await;
    set(&app, admin.org, &[]).await;

    assert!(before.is_empty());
    assert_eq!(json!(during), json!([rule]));
    assert_eq!((assigned(&ours), assigned(&theirs)), (vec![admin.user], vec![]));
    assert!(app.app.store.rules(admin.org).await.unwrap().is_empty());
    assert!(assigned(&admin.open_lead("L", json!({"country": "US"})).await).is_empty());
}

#[tokio::test]
async fn trying_rules_tells_who_is_next_and_takes_no_turn() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let users: [UserId; 3] = members(&app, admin.org).await;
    let rules = [
        among(&[admin.user], "all", &json!({"city": "Oslo"})),
        among(&users, "round_robin", &json!({"source": "Referral"})),
    ];
    set(&app, admin.org, &rules).await;
    let (referred, stranger) = (details("Referral"), details("Cold Call"));

    for _ in 0..4 {
        let first = app.app.store.try_rules(admin.org, &referred, Door::Api).await.unwrap().unwrap();
        let again = app.app.store.try_rules(admin.org, &referred, Door::Api).await.unwrap().unwrap();
        let lead = admin.open_lead("L", json!({"source": "Referral"})).await;

        assert_eq!((first.rule, &first.assigned_to), (2, &assigned(&lead)));
        assert_eq!(again, first);
    }
    assert_eq!(app.app.store.try_rules(admin.org, &stranger, Door::Api).await.unwrap(), None);
}

#[test]
fn a_rule_that_cannot_be_meant_is_refused_by_its_number_and_field() {
    let all = json!({"users": [UNKNOWN], "strategy": "all"});
    let good = json!({"when": {"city": "Oslo"}, "assign": all});

    for (field, bad) in [
        ("priority", json!({"when": {}, "assign": all, "priority": 1})),
        ("when", json!({"when": "always", "assign": all})),
        ("colour", json!({"when": {"colour": "red"}, "assign": all})),
        ("City", json!({"when": {"City": "Oslo"}, "assign": all})),
        ("source", json!({"when": {"source": {"is": "Referral"}}, "assign": all})),
        ("source", json!({"when": {"source": []}, "assign": all})),
        ("country", json!({"when": {"country": "Atlantis"}, "assign": all})),
        ("country", json!({"when": {"country": ["US", "ZZ"]}, "assign": all})),
        ("door", json!({"when": {"door": "window"}, "assign": all})),
        ("amount_at_least", json!({"when": {"amount_at_least": "ten"}, "assign": all})),
        ("amount_at_least", json!({"when": {"amount_at_least": "-1"}, "assign": all})),
        ("amount_at_most", json!({"when": {"amount_at_most": "1.005"}, "assign": all})),
        ("assign", json!({"when": {}})),
        ("assign", json!({"when": {}, "assign": [UNKNOWN]})),
        ("weight", json!({"when": {}, "assign": {"users": [UNKNOWN], "strategy": "all", "weight": 1}})),
        ("strategy", json!({"when": {}, "assign": {"users": [UNKNOWN], "strategy": "random"}})),
        ("strategy", json!({"when": {}, "assign": {"users": [UNKNOWN]}})),
        ("users", json!({"when": {}, "assign": {"users": [], "strategy": "all"}})),
        ("users", json!({"when": {}, "assign": {"users": [UNKNOWN, UNKNOWN], "strategy": "all"}})),
        ("users", json!({"when": {}, "assign": {"users": ["ada"], "strategy": "all"}})),
        ("users", json!({"when": {}, "assign": {"strategy": "all"}})),
        ("team", json!({"when": {}, "assign": {"users": [UNKNOWN], "team": UNKNOWN, "strategy": "all"}})),
        ("team", json!({"when": {}, "assign": {"team": "sales", "strategy": "all"}})),
    ] {
        let refused = Rules::parse(&json!([good, bad]).to_string());

        let text = refused.expect_err(field).to_string();
        assert!(text.contains("rule 2") && text.contains(field), "{field}: {text}");
    }
    for nonsense in ["", "{", "{}", "null", "[1]"] {
        assert!(Rules::parse(nonsense).is_err(), "{nonsense}");
    }
}

#[test]
fn every_bad_rule_is_told_at_once() {
    let bad = json!([
        {"when": {"country": "Atlantis"}, "assign": {"users": [UNKNOWN], "strategy": "random"}},
        {"when": {"door": "window"}, "assign": {"users": [UNKNOWN], "strategy": "all"}},
    ]);

    let text = Rules::parse(&bad.to_string()).unwrap_err().to_string();

    for part in ["rule 1", "country", "strategy", "rule 2", "door"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn there_are_at_most_a_hundred_rules() {
    let rule = json!({"when": {}, "assign": {"users": [UNKNOWN], "strategy": "all"}});
    let rules = |n: usize| Rules::parse(&json!(vec![rule.clone(); n]).to_string());

    let most = rules(100);
    let more = rules(101);

    assert_eq!(json!(most.unwrap()).as_array().unwrap().len(), 100);
    assert!(more.unwrap_err().to_string().contains("100"));
    assert!(rules(0).unwrap().is_empty());
}

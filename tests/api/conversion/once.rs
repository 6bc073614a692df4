//! A lead is converted as a whole and once, whatever happens at the same time.

use futures::future::join_all;

use super::{FORM, accounts, became, convert, counts, made, path, ripe};
use crate::prelude::*;

#[tokio::test]
async fn converting_again_answers_the_same_and_makes_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Okafor", ripe("one")).await;
    let first = convert(&admin, &lead, json!({})).await;
    let stored = app.stored("", "");

    let again = convert(&admin, &lead, json!({})).await;
    let switch = admin.send("PUT", &path(&lead), FORM, "auto_convert=true").await;
    let with_link = convert(&admin, &lead, json!({"link_account": true, "email": "one@example.com"})).await;

    for answer in [again, switch, with_link] {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.body, first.body);
        assert_eq!(answer.header("etag"), first.header("etag"));
    }
    assert_eq!(app.stored("", ""), stored);
}

#[tokio::test(start_paused = true)]
async fn fifty_requests_at_once_or_close_together_convert_a_lead_once() {
    for apart in [0, 1] {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let lead = admin.open_lead("Okafor", ripe("one")).await;
        let (admin, lead) = (&admin, &lead);

        let requests = (0..50).map(|n| async move {
            tokio::time::sleep(std::time::Duration::from_millis(n * apart)).await;
            convert(admin, lead, json!({})).await
        });
        let answers = join_all(requests).await;

        for answer in &answers {
            assert_eq!(answer.status, 200, "{apart} ms apart: {}", answer.text);
            assert_eq!(became(answer), became(&answers[0]), "{apart} ms apart");
        }
        assert_eq!(made(&app, admin.org).await, [1, 1, 1]);
        assert_eq!(counts(&app, admin.org).await, [0, 0, 1]);
        assert_eq!(admin.get(&path(lead)).await.body["history"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_leads_of_one_new_account_name_at_once_one_makes_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut leads = Vec::new();
    for (n, name) in ["Acme", "ACME"].into_iter().enumerate() {
        let lead =
            json!({"account_name": name, "email": format!("{n}@example.com"), "opportunity_amount": 5});
        leads.push(admin.open_lead(&n.to_string(), lead).await);
    }

    let answers = join_all(leads.iter().map(|lead| convert(&admin, lead, json!({})))).await;

    let (won, lost): (Vec<_>, Vec<_>) =
        leads.iter().zip(answers).partition(|(_, answer)| answer.status == 200);
    let ([(_, won)], [(lead, lost)]) = (won.as_slice(), lost.as_slice()) else { panic!("{won:?} {lost:?}") };
    assert_eq!((lost.status.as_u16(), &lost.body["id"]), (409, became(won)[0]));
    assert_eq!(made(&app, admin.org).await, [1, 1, 1]);
    assert_eq!(counts(&app, admin.org).await, [1, 0, 1]);
    let linked = convert(&admin, lead, json!({"link_account": true})).await;
    assert_eq!(became(&linked)[0], became(won)[0]);
}

#[tokio::test(start_paused = true)]
async fn leads_of_one_new_email_converted_at_once_share_one_contact() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut leads = Vec::new();
    for n in 0..5 {
        let lead = json!({"account_name": format!("Company {n}"), "email": "ada@example.com"});
        leads.push(admin.open_lead("Lovelace", lead).await);
    }

    let answers = join_all(leads.iter().map(|lead| convert(&admin, lead, json!({})))).await;

    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(became(answer)[1], became(&answers[0])[1]);
    }
    assert_eq!(made(&app, admin.org).await, [5, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn leads_of_one_new_account_name_that_link_it_at_once_share_it() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut leads = Vec::new();
    for n in 0..5 {
        let lead = json!({"account_name": "Acme", "email": format!("{n}@example.com")});
        leads.push(admin.open_lead("Next", lead).await);
    }

    let link = json!({"link_account": true});
    let answers = join_all(leads.iter().map(|lead| convert(&admin, lead, link.clone()))).await;

    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(became(answer)[0], became(&answers[0])[0]);
    }
    assert_eq!(made(&app, admin.org).await, [1, 5, 0]);
    assert_eq!(accounts(&app, admin.org).await[0]["leads"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_conversion_is_one_transaction() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Okafor", ripe("one")).await;

    // The first transaction is done and its answer lost; whatever is sent after it is refused.
    app.engine.fail("TransactWriteItems", Fault::AnswerLost);
    app.engine.fail("TransactWriteItems", Fault::Broken);
    convert(&admin, &lead, json!({})).await;

    let shown = admin.get(&path(&lead)).await;
    assert_eq!(shown.body["lead_obj"]["status"], "converted");
    for (what, field) in [
        ("account", "converted_account"),
        ("contact", "converted_contact"),
        ("opportunity", "converted_opportunity"),
    ] {
        assert_eq!(shown.body["conversion"][what]["id"], shown.body["lead_obj"][field], "{what}");
    }
    assert_eq!(shown.body["history"][0]["action"], "converted");
    assert_eq!(made(&app, admin.org).await, [1, 1, 1]);
    assert_eq!(counts(&app, admin.org).await, [0, 0, 1]);
    let list = admin.get("/api/leads/?status=converted").await;
    assert_eq!((&list.body["open_leads_count"], &list.body["converted_leads_count"]), (&json!(0), &json!(1)));
}

#[tokio::test(start_paused = true)]
async fn a_table_that_fails_for_a_moment_converts_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    for (n, fault) in [Fault::AnswerLost, Fault::Conflict, Fault::Throttled].into_iter().enumerate() {
        let lead = admin.open_lead("Okafor", ripe(&n.to_string())).await;
        app.engine.fail("TransactWriteItems", fault);
        let converted = convert(&admin, &lead, json!({})).await;
        app.engine.fail("TransactWriteItems", fault);
        let mut body = ripe(&format!("new-{n}"));
        body["status"] = json!("converted");
        let created = admin.open_lead("New", body).await;

        assert_eq!(converted.status, 200, "{fault:?}: {}", converted.text);
        assert!(became(&converted).iter().chain(&became(&created)).all(|id| id.is_string()), "{fault:?}");
        let all = i64::try_from(2 * (n + 1)).unwrap();
        assert_eq!(made(&app, admin.org).await, [2 * (n + 1); 3], "{fault:?}");
        assert_eq!(counts(&app, admin.org).await, [0, 0, all], "{fault:?}");
    }
}

#[tokio::test]
async fn a_conversion_that_the_table_refuses_leaves_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("Okafor", ripe("one")).await;
    let (before, stored) = (admin.get(&path(&lead)).await.text, app.stored("", ""));

    app.engine.fail("TransactWriteItems", Fault::Broken);
    let refused = convert(&admin, &lead, json!({"city": "Oslo"})).await;

    assert_eq!(refused.status, 500, "{}", refused.text);
    assert_eq!(admin.get(&path(&lead)).await.text, before);
    assert_eq!(app.stored("", ""), stored);
}

#[tokio::test(start_paused = true)]
async fn a_converting_post_sent_again_with_its_key_converts_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let keyed = admin.with("idempotency-key", "k");
    let mut body = ripe("one");
    body["auto_convert"] = json!(true);

    let first = keyed.open_lead("Okafor", body.clone()).await;
    let again = keyed.open_lead("Okafor", body.clone()).await;
    body["account_name"] = json!("Other");
    let other = admin.with("idempotency-key", "other");
    let at_once = join_all((0..10).map(|_| other.open_lead("Okafor", body.clone()))).await;

    assert_eq!(again.text, first.text);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert!(at_once.iter().all(|answer| answer.text == at_once[0].text));
    assert_eq!(made(&app, admin.org).await, [2, 1, 2]);
    assert_eq!(counts(&app, admin.org).await, [0, 0, 2]);
}

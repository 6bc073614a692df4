//! Requests and events that end half-way, or come twice.

use super::leads;
use crate::prelude::*;

fn csv(rows: usize) -> String {
    let row = |n: usize| format!("A{n},B,a{n}@example.com,Company {},VIP\n", n / 7);
    format!("First name,Last name,E-mail,Company,Tags\n{}", (0..rows).map(row).collect::<String>())
}

/// So many leads, each in the list, with its e-mail, counted; no lead that is not.
async fn assert_leads(app: &TestApp, admin: &Client<'_>, count: usize, when: &str) {
    let leads = leads(admin).await;
    let mut emails: Vec<&str> = leads.iter().map(|lead| lead["email"].as_str().unwrap()).collect();
    emails.sort_unstable();
    emails.dedup();
    assert_eq!((leads.len(), emails.len()), (count, count), "{when}");
    if count < 500 {
        // More than one page of the table is not looked at behind the product's back.
        let stored = (app.stored("#LEAD#", "LEAD"), app.stored("#EMAIL#", "EMAIL"));
        assert_eq!(stored, (count, count), "{when}");
    }
    let list = admin.get("/api/leads/?limit=1").await;
    assert_eq!(list.body["open_leads_count"], count, "{when}");
}

#[tokio::test]
async fn a_request_that_ends_anywhere_loses_nothing_once_the_file_is_kept() {
    let file = csv(20);
    for after in 0.. {
        let app = TestApp::start().await;
        let admin = app.admin().await.with("idempotency-key", "file-1");
        let part = [("leads_file", "leads.csv", "text/csv", file.as_bytes())];
        app.cut_off(after);
        admin.multipart("/api/leads/upload/", &[], &part).await;
        let cut = app.reconnect();

        let again = admin.multipart("/api/leads/upload/", &[], &part).await;
        app.pass(Duration::minutes(2));
        app.deliver().await;

        assert!(again.status.is_success(), "{after}: {}", again.text);
        let import = admin.renewed().get(&format!("/api/leads/upload/{}/", again.id())).await;
        assert_eq!(import.body["imported_count"], 20, "{after}: {}", import.text);
        assert_eq!(import.body["status"], "success", "{after}");
        assert_leads(&app, &admin.renewed(), 20, &format!("cut off after {after}")).await;
        if !cut {
            break;
        }
    }
}

#[tokio::test]
async fn events_that_come_twice_at_the_same_moment_and_in_any_order_make_each_row_a_lead_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.drop_object(&format!("imports/{}/leads.csv", admin.org), csv(2_050), &[]).await;

    while app.messages() > 0 {
        app.shuffle_messages();
        app.deliver_twice_at_once().await;
    }

    let list = admin.get("/api/leads/upload/").await;
    assert_eq!(list.body["imports"].as_array().unwrap().len(), 1);
    let import = &list.body["imports"][0];
    assert_eq!((&import["status"], &import["imported_count"]), (&json!("success"), &json!(2_050)));
    assert_leads(&app, &admin, 2_050, "twice").await;
}

#[tokio::test]
async fn two_imports_of_the_same_leads_at_once_make_each_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for name in ["a.csv", "b.csv"] {
        let key = format!("imports/{}/{name}", admin.org);
        app.drop_object(&key, csv(300), &[("again", "true")]).await;
    }

    while app.messages() > 0 {
        app.deliver_twice_at_once().await;
    }

    let imports = admin.get("/api/leads/upload/").await;
    let sum = |name: &str| {
        let all = imports.body["imports"].as_array().unwrap();
        all.iter().map(|import| import[name].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!((sum("imported_count"), sum("skipped_count")), (300, 300), "{}", imports.text);
    assert_leads(&app, &admin, 300, "both").await;
}

#[tokio::test]
async fn a_table_that_is_busy_or_loses_answers_delays_and_loses_nothing() {
    for operation in ["BatchWriteItem", "TransactWriteItems", "UpdateItem", "BatchGetItem", "Query"] {
        for fault in [Fault::Throttled, Fault::AnswerLost] {
            let app = TestApp::start().await;
            let admin = app.admin().await;
            app.drop_object(&format!("imports/{}/leads.csv", admin.org), csv(110), &[]).await;
            (0..7).for_each(|_| app.engine.fail_after(operation, 1, fault));

            app.deliver().await;
            app.engine.mend();
            app.deliver().await;

            let import = &admin.get("/api/leads/upload/").await.body["imports"][0];
            assert_eq!(import["imported_count"], 110, "{operation} {fault:?}: {import}");
            assert_leads(&app, &admin, 110, &format!("{operation} {fault:?}")).await;
        }
    }
}

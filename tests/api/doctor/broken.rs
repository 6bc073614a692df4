//! Each way in which a table can be wrong.

use std::collections::BTreeSet;

use super::{TABLE, doctor, examine, item, items, kinds, live, packs, text, told};
use crate::prelude::*;

/// One way to break a table: what it is, how it is done, and the kinds that are found then.
type Break = (&'static str, fn(&TestApp), &'static [&'static str]);

fn row_of(app: &TestApp, over: bool) -> Value {
    let items = items(app);
    let row = items.iter().find(|item| !item["r"].is_null() && item["o"].is_null() != over);
    row.expect("there is such a row").clone()
}

fn change(app: &TestApp, mut item: Value, name: &str, value: Value) {
    item[name] = value;
    app.engine.put(TABLE, &item);
}

const BREAKS: [Break; 24] = [
    ("a row is gone", |app| app.engine.remove(TABLE, &row_of(app, false)), &["row_missing"]),
    (
        "a row is another's",
        |app| change(app, row_of(app, false), "r", row_of(app, true)["r"].clone()),
        &["row_differs"],
    ),
    (
        "a row is of an unknown format",
        |app| change(app, row_of(app, false), "r", json!({"B": "AQID"})),
        &["row_unreadable"],
    ),
    ("a row over a pack is gone", |app| app.engine.remove(TABLE, &row_of(app, true)), &["row_differs"]),
    (
        "a row over a pack lies over none",
        |app| {
            let mut row = row_of(app, true);
            row.as_object_mut().unwrap().remove("o");
            app.engine.put(TABLE, &row);
        },
        &["row_twice"],
    ),
    (
        "a deletion is forgotten",
        |app| {
            let is_row = |item: &&Value| text(item, "PK").contains("#INDEX#") && item["p"].is_null();
            for item in items(app).iter().filter(is_row).filter(|item| item["r"].is_null()) {
                app.engine.remove(TABLE, item);
            }
        },
        &["row_orphaned"],
    ),
    (
        "a row outlives its lead",
        |app| {
            let mut row = row_of(app, false);
            row["SK"] = json!({"S": "01900000-0000-7000-8000-000000000001"});
            app.engine.put(TABLE, &row);
        },
        &["row_orphaned"],
    ),
    ("a pack is gone", |app| app.engine.remove(TABLE, packs(app).last().unwrap()), &["row_missing"]),
    (
        "a pack is damaged",
        |app| change(app, packs(app)[0].clone(), "p", json!({"B": "AgMF"})),
        &["pack_unreadable", "row_missing"],
    ),
    (
        "a pack is there twice",
        |app| {
            let mut pack = packs(app)[0].clone();
            let id = text(&pack, "SK").to_owned();
            pack["SK"] = json!({"S": format!("{}0000", &id[..id.len() - 4])});
            app.engine.put(TABLE, &pack);
        },
        &["row_twice"],
    ),
    (
        "a counter is off",
        |app| change(app, item(app, "#COUNT", ""), "open_leads", json!({"N": "7000"})),
        &["count"],
    ),
    (
        "the counters are gone",
        |app| {
            for item in items(app).iter().filter(|item| text(item, "PK").contains("#COUNT")) {
                app.engine.remove(TABLE, item);
            }
        },
        &["count"],
    ),
    (
        "a load is off",
        |app| {
            let mut load = item(app, "#LOAD#", "");
            let user = load.as_object().unwrap().keys().find(|name| name.len() == 32).unwrap().clone();
            load[&user] = json!({"N": "-3"});
            app.engine.put(TABLE, &load);
        },
        &["load"],
    ),
    ("an e-mail is gone", |app| app.engine.remove(TABLE, &item(app, "#EMAIL#70@", "")), &["email"]),
    (
        "an e-mail counts too many",
        |app| change(app, item(app, "#EMAIL#70@", ""), "leads", json!({"N": "9"})),
        &["email"],
    ),
    (
        "an e-mail is nobody's",
        |app| {
            let mut email = item(app, "#EMAIL#70@", "");
            email["PK"] = json!({"S": text(&email, "PK").replace("70@", "nobody@")});
            app.engine.put(TABLE, &email);
        },
        &["email"],
    ),
    (
        "an e-mail has no last lead",
        |app| {
            let mut email = item(app, "#EMAIL#70@", "");
            email.as_object_mut().unwrap().remove("last_lead");
            app.engine.put(TABLE, &email);
        },
        &["email"],
    ),
    (
        "a contact is not named",
        |app| {
            let mut email = item(app, "#EMAIL#visitor@", "");
            email.as_object_mut().unwrap().remove("contact");
            app.engine.put(TABLE, &email);
        },
        &["contact_unnamed"],
    ),
    ("a contact is gone", |app| app.engine.remove(TABLE, &item(app, "#CONTACTS", "")), &["contact_gone"]),
    (
        "pointers are gone",
        |app| {
            app.engine.remove(TABLE, &item(app, "#COMMENT#", "COMMENT"));
            app.engine.remove(TABLE, &item(app, "#FILE#", "FILE"));
        },
        &["pointer_missing"],
    ),
    (
        "a comment and a file are gone",
        |app| {
            app.engine.remove(TABLE, &item(app, "#LEAD#", "COMMENT#"));
            app.engine.remove(TABLE, &item(app, "#LEAD#", "FILE#"));
        },
        &["pointer_orphaned"],
    ),
    (
        "names are gone",
        |app| {
            app.engine.remove(TABLE, &item(app, "#NAMES", "TAG#fair"));
            app.engine.remove(TABLE, &item(app, "#NAMES", "SOURCE#referral"));
        },
        &["name_missing"],
    ),
    (
        "companies and accounts stand once",
        |app| {
            app.engine.remove(TABLE, &item(app, "#COMPANIES", "acme"));
            app.engine.remove(TABLE, &item(app, "#ACCOUNT#", "ACCOUNT"));
        },
        &["account_gone", "copy_missing"],
    ),
    (
        "an account knows no lead, and one that is not there",
        |app| {
            let mut became = item(app, "#ACCOUNT_LEADS", "");
            app.engine.remove(TABLE, &became);
            became["SK"] = json!({"S": text(&became, "SK").replace('7', "8")});
            became["lead"] = json!({"S": "01900000-0000-7000-8000-000000000001"});
            app.engine.put(TABLE, &became);
        },
        &["conversion_missing", "conversion_orphaned"],
    ),
];

#[tokio::test]
async fn what_is_broken_is_named_and_mended() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    live(&admin).await;
    let list = "/api/leads/?limit=100&counts=true";
    for (what, break_it, expected) in BREAKS {
        let mut before = admin.get(list).await.body;
        break_it(&app);

        let found = examine(&admin).await;
        let mended = doctor(&app, admin.org).repair(&mut |_| {}).await.unwrap();

        let expected: BTreeSet<String> = expected.iter().map(|kind| (*kind).to_owned()).collect();
        assert_eq!(kinds(&found), expected, "{what}: {:?}", told(&found));
        assert!(!told(&found).iter().any(|line| line.contains('@')), "{what}: {:?}", told(&found));
        assert_eq!(told(&mended.report.findings), [""; 0], "{what}");
        assert!(kinds(&mended.repaired).is_superset(&expected), "{what}: {:?}", told(&mended.repaired));
        let mut after = admin.get(list).await.body;
        for list in [&mut before, &mut after] {
            list["contacts"].take(); // one that is gone stays so
        }
        assert_eq!(after, before, "{what}");
    }
}

//! What an import changed is as before, but for what was changed since.

use super::{import, in_step, path, undo};
use crate::prelude::*;

const UPDATE: [(&str, &str); 1] = [("on_duplicate", "update")];

/// A lead as it is shown, without what every change changes.
async fn lead(client: &Client<'_>, path: &str) -> Value {
    let mut lead = client.get(path).await.body["lead_obj"].clone();
    lead["updated_on"] = Value::Null;
    lead
}

#[tokio::test]
async fn every_field_is_as_before() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let ada = app.member(admin.org, Role::User).await;
    let before = json!({
        "email": "Ada@example.com", "phone": "555 0100", "city": "London", "tags": ["VIP", "navy"],
        "source": "Referral", "account_name": "Acme", "assigned_to": [ada.user], "probability": 10,
        "opportunity_amount": "75000.00", "status": "in process", "close_date": "2028-02-29",
    });
    admin.open_lead("Full", before).await;
    admin.open_lead("Blank", json!({"email": "blank@example.com"})).await;
    let all = in_step(&admin).await;
    let mut was = Vec::new();
    for one in &all {
        was.push(lead(&admin, &path(one)).await);
    }
    let row = format!(
        "555 0199,Rome,new;tags,Fair,Initech,{},20,1.5,recycled,2029-01-01,King,Title,DE,a text,Energy",
        admin.user
    );
    let csv = format!(
        "email,phone,city,tags,source,company,owner,probability,amount,status,close date,last name,title,\
         country,description,industry\nADA@EXAMPLE.COM,{row}\nblank@example.com,{row}\n"
    );
    let import = import(&admin, &csv, &UPDATE).await;
    assert_eq!(import["updated_count"], 2, "{import}");

    let (counts, left) = undo(&admin, &import).await;

    assert_eq!((counts, left.len()), ([0, 2, 0], 0), "{left:?}");
    for (one, was) in all.iter().zip(&was) {
        let now = lead(&admin, &path(one)).await;
        for (field, value) in was.as_object().unwrap() {
            assert_eq!(now[field], *value, "{field}");
        }
        let history = admin.get(&path(one)).await.body["history"].clone();
        assert_eq!((&history[0]["version"], &history[0]["door"]), (&json!(3), &json!("api")));
        assert_eq!(history[0]["by"]["id"], json!(admin.user));
        for (field, change) in history[1]["changes"].as_object().unwrap() {
            let back = json!({"from": change["to"], "to": change["from"]});
            assert_eq!(history[0]["changes"][field], back, "{field}");
        }
    }
    in_step(&admin).await;
}

#[tokio::test]
async fn what_was_changed_since_stays() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let emails = ["changed", "other", "back", "deleted", "converted", "same"];
    let mut leads = Vec::new();
    for email in emails {
        let fields = json!({
            "email": format!("{email}@example.com"), "city": "London", "phone": "555 0100", "account_name": email,
        });
        leads.push(format!("/api/leads/{}/", admin.open_lead(email, fields).await.id()));
    }
    let mut csv = "email,city,phone\n".to_owned();
    emails.iter().for_each(|email| csv += &format!("{email}@example.com,Rome,555 0199\n"));
    csv += "same@example.com,Rome,\n";
    let import = import(&admin, &csv, &UPDATE).await;
    assert_eq!(import["updated_count"], 7);
    for (n, change) in [
        (0, json!({"city": "Oslo"})),
        (1, json!({"state": "Lazio"})),
        (2, json!({"city": "London"})),
        (4, json!({"status": "converted"})),
    ] {
        let answer = admin.patch(&leads[n], change).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!(admin.delete(&leads[3]).await.status, 204);

    let (counts, mut left) = undo(&admin, &import).await;

    let mut shown = Vec::new();
    for n in [0, 1, 2, 4, 5] {
        let lead = lead(&admin, &leads[n]).await;
        shown.push(["city", "phone", "state"].map(|field| lead[field].as_str().unwrap_or("").to_owned()));
    }
    assert_eq!(
        shown,
        [
            ["Oslo", "555 0100", ""],
            ["London", "555 0100", "Lazio"],
            ["London", "555 0100", ""],
            ["Rome", "555 0199", ""],
            ["London", "555 0100", ""],
        ]
    );
    left.sort_by(|a, b| a.1.cmp(&b.1));
    let reasons: Vec<(String, &str)> = left
        .iter()
        .map(|(id, reason)| (format!("/api/leads/{}/", id.as_str().unwrap()), &**reason))
        .collect();
    assert_eq!(
        reasons,
        [(leads[0].clone(), "it was changed since"), (leads[4].clone(), "it was converted since")]
    );
    assert_eq!(counts, [0, 3, 2]);
    in_step(&admin).await;
}

#[tokio::test]
async fn leads_that_the_import_made_and_changed_go_too() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    admin.open_lead("There", json!({"email": "there@example.com", "city": "London"})).await;
    let csv = "first name,last name,email,city\n\
        New,One,one@example.com,Rome\nNew,Two,two@example.com,Rome\nNew,Three,three@example.com,Rome\n\
        ,,one@example.com,Oslo\n,,one@example.com,Paris\n,,two@example.com,Oslo\n\
        ,,there@example.com,Rome\n,,there@example.com,Oslo\n,,three@example.com,Rome\n";
    let import = import(&admin, csv, &UPDATE).await;
    assert_eq!((&import["imported_count"], &import["updated_count"]), (&json!(3), &json!(6)));
    let two = in_step(&admin).await[1].clone();
    assert_eq!(admin.patch(&path(&two), json!({"phone": "555 0100"})).await.status, 200);

    let (counts, left) = undo(&admin, &import).await;

    let worked_on = (two["id"].clone(), "somebody worked on it since".to_owned());
    assert_eq!((counts, left), ([2, 2, 1], vec![worked_on]));
    let all = in_step(&admin).await;
    let mut cities: Vec<&str> = all.iter().map(|lead| lead["city"].as_str().unwrap()).collect();
    cities.sort_unstable();
    assert_eq!((all.len(), cities), (2, vec!["London", "Oslo"]));
}

#[tokio::test]
async fn what_it_named_before_and_is_no_longer_there_is_left() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let gone = app.member(admin.org, Role::User).await;
    let fields = json!({"email": "ada@example.com", "city": "London", "assigned_to": [gone.user]});
    let before = admin.open_lead("Lovelace", fields).await;
    let csv = format!("email,city,owner\nada@example.com,Rome,{}\n", admin.user);
    let import = import(&admin, &csv, &UPDATE).await;
    app.app.store.deactivate_user(admin.org, gone.user).await.unwrap();

    let (counts, left) = undo(&admin, &import).await;

    assert_eq!(counts, [0, 0, 1]);
    assert_eq!(left, [(json!(before.id()), "it named what is no longer there".to_owned())]);
    in_step(&admin).await;
}

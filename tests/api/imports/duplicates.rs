//! Rows whose e-mail is there already: among the leads, or earlier in the file.

use super::{counts, csv, drop_file, imports, in_step, leads, send, send_by_bucket, shown};
use crate::prelude::*;

const MODES: [&str; 3] = ["skip", "create", "update"];

/// The last names of the leads, newest first.
async fn last_names(client: &Client<'_>) -> Vec<String> {
    leads(client).await.iter().map(|lead| lead["last_name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_row_is_skipped_added_or_changes_the_lead_with_its_email_whatever_the_case() {
    let csv = "first name,last name,email\n\
        Ada,King,ADA@Example.COM\n\
        Alan,Turing,Alan@example.com\n\
        Alan,Mathison,alan@EXAMPLE.com\n";

    for (mode, expected, names) in [
        ("", [1, 0, 2, 0], vec!["Turing", "Lovelace"]),
        ("skip", [1, 0, 2, 0], vec!["Turing", "Lovelace"]),
        ("create", [3, 0, 0, 0], vec!["Mathison", "Turing", "King", "Lovelace"]),
        ("update", [1, 0, 0, 2], vec!["Mathison", "King"]),
    ] {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        admin.open_lead("Lovelace", json!({"email": "Ada@example.com"})).await;
        app.pass(Duration::seconds(1));

        let import = send(&admin, "leads.csv", csv, &[("on_duplicate", mode)]).await.body;

        assert_eq!((counts(&import), &import["row_count"]), (expected, &json!(3)), "{mode}");
        assert_eq!(last_names(&admin).await, names, "{mode}");
        in_step(&admin).await;
    }
}

#[tokio::test]
async fn a_bad_row_does_not_stand_for_a_good_one_that_comes_later() {
    let csv = "first name,last name,email,probability\n\
        ,,dup@example.com,\n\
        Bad,Too,dup@example.com,200\n\
        Good,One,dup@example.com,50\n\
        Good,Two,Dup@example.com,60\n";

    for (mode, expected, names) in [
        ("skip", [1, 2, 1, 0], vec!["One"]),
        ("create", [2, 2, 0, 0], vec!["Two", "One"]),
        ("update", [1, 2, 0, 1], vec!["Two"]),
    ] {
        let app = TestApp::start().await;
        let admin = app.admin().await;

        let import = send(&admin, "leads.csv", csv, &[("on_duplicate", mode)]).await.body;

        assert_eq!((counts(&import), &import["row_count"]), (expected, &json!(4)), "{mode} {import}");
        assert_eq!(last_names(&admin).await, names, "{mode}");
        let rows: Vec<_> = import["errors"].as_array().unwrap().iter().map(|error| &error["row"]).collect();
        assert_eq!(rows, [2, 2, 3], "{mode}");
    }
}

#[tokio::test]
async fn closed_and_converted_leads_count_as_there() {
    let csv = "first name,last name,email\nA,Closed,closed@example.com\nA,Ripe,ripe@example.com\n";
    for (mode, expected) in [("skip", [0, 0, 2, 0]), ("create", [2, 0, 0, 0]), ("update", [0, 1, 0, 1])] {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let closed = json!({"email": "closed@example.com", "status": "closed"});
        admin.open_lead("Closed", closed).await;
        let ripe = json!({"email": "ripe@example.com", "account_name": "Ripe", "auto_convert": true});
        admin.open_lead("Ripe", ripe).await;

        let import = send(&admin, "leads.csv", csv, &[("on_duplicate", mode)]).await.body;

        assert_eq!(counts(&import), expected, "{mode} {import}");
        in_step(&admin).await;
    }
}

#[tokio::test]
async fn leads_without_an_email_are_always_new() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut before = 0;

    for mode in MODES {
        let csv = format!("first name,last name,email,city\nA,B,,{mode}\nA,B,,{mode}\nA,B, ,{mode}\n");
        let import = send(&admin, "leads.csv", csv, &[("on_duplicate", mode)]).await.body;

        assert_eq!(counts(&import), [3, 0, 0, 0], "{mode}");
        before += 3;
        assert_eq!(in_step(&admin).await.len(), before, "{mode}");
    }
}

#[tokio::test]
async fn only_leads_of_the_same_organisation_that_have_the_email_now_count() {
    let app = TestApp::start().await;
    let [admin, rival] = [app.admin().await, app.admin().await];
    rival.open_lead("Rival", json!({"email": "0@example.com"})).await;
    app.contact(admin.org, "1@example.com").await;
    let gone = admin.open_lead("Gone", json!({"email": "2@example.com"})).await;
    let moved = admin.open_lead("Moved", json!({"email": "3@example.com"})).await;
    assert_eq!(admin.delete(&format!("/api/leads/{}/", gone.id())).await.status, 204);
    let patch = json!({"email": "4@example.com"});
    assert_eq!(admin.patch(&format!("/api/leads/{}/", moved.id()), patch).await.status, 200);

    let import = send(&admin, "leads.csv", csv(5), &[]).await.body;

    assert_eq!(counts(&import), [4, 0, 1, 0]);
    assert_eq!((in_step(&admin).await.len(), in_step(&rival).await.len()), (5, 1));
}

#[tokio::test]
async fn an_email_of_an_earlier_piece_of_the_file_counts_too() {
    for (mode, expected, leads) in [("skip", [2_050, 0, 50, 0], 2_050), ("update", [2_050, 0, 0, 50], 2_050)]
    {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let mut csv = csv(2_050);
        (0..50).for_each(|n| csv += &format!("Again,No {n},{}@EXAMPLE.com\n", n * 41));

        let import = send_by_bucket(&admin, "leads.csv", csv, &[("on-duplicate", mode)]).await;

        assert_eq!((counts(&import), &import["row_count"]), (expected, &json!(2_100)), "{mode}");
        let all = in_step(&admin).await;
        assert_eq!(all.len(), leads, "{mode}");
        let again = all.iter().filter(|lead| lead["first_name"] == "Again").count();
        assert_eq!(again, if mode == "skip" { 0 } else { 50 }, "{mode}");
    }
}

#[tokio::test]
async fn many_rows_of_one_email_are_counted_one_by_one() {
    let mut csv = "first name,last name,email\n".to_owned();
    (0..60).for_each(|n| csv += &format!("Same,No {n},same@example.com\n"));

    for (mode, expected, leads) in
        [("skip", [1, 0, 59, 0], 1), ("create", [60, 0, 0, 0], 60), ("update", [1, 0, 0, 59], 1)]
    {
        let app = TestApp::start().await;
        let admin = app.admin().await;

        let import = send(&admin, "leads.csv", &csv, &[("on_duplicate", mode)]).await;

        assert_eq!(import.status, 200, "{}", import.text);
        assert_eq!(counts(&import.body), expected, "{mode}");
        let all = in_step(&admin).await;
        assert_eq!(all.len(), leads, "{mode}");
        assert_eq!(all[0]["last_name"], if mode == "skip" { "No 0" } else { "No 59" });
    }
}

#[tokio::test]
async fn of_two_files_at_once_with_the_same_emails_one_makes_each_lead() {
    for mode in ["skip", "update"] {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        for name in ["one.csv", "two.csv"] {
            drop_file(&admin, name, csv(260), &[("again", "true"), ("on-duplicate", mode)]).await;
        }

        app.deliver_twice_at_once().await;
        app.deliver().await;

        assert_eq!(in_step(&admin).await.len(), 260, "{mode}");
        let (mut made, mut there) = (0, 0);
        for import in imports(&admin).await {
            let import = shown(&admin, import["id"].as_str().unwrap()).await;
            assert_eq!(
                (&import["status"], &import["row_count"]),
                (&json!("success"), &json!(260)),
                "{import}"
            );
            let [imported, failed, skipped, updated] = counts(&import);
            assert_eq!(failed, 0);
            (made, there) = (made + imported, there + skipped + updated);
        }
        assert_eq!((made, there), (260, 260), "{mode}");
    }
}

#[tokio::test]
async fn the_counts_are_those_of_all_rows() {
    let mut file = csv(40);
    file += "Bad,,bad@example.com\nSecond,Five,5@example.com\nNo,Mail,\n\nBad,Address,nowhere\n";
    for (mode, expected) in [("skip", [31, 2, 11, 0]), ("create", [42, 2, 0, 0]), ("update", [31, 2, 0, 11])]
    {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        send(&admin, "first.csv", csv(10), &[]).await;

        let import = send(&admin, "leads.csv", &file, &[("on_duplicate", mode)]).await.body;

        assert_eq!((counts(&import), &import["row_count"]), (expected, &json!(44)), "{mode} {import}");
        in_step(&admin).await;
    }
}

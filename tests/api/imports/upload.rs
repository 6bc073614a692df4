//! Files sent in a request.

mod again;
mod rows;

use super::{counts, leads, report, send, shown};
use crate::prelude::*;

const PATH: &str = "/api/leads/upload/";

#[tokio::test]
async fn good_rows_become_leads_and_bad_ones_are_told() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let csv = "First name,Surname,E-mail,Company,Amount,Tags,Shoe size\n\
        Ada,Lovelace,ada@example.com,Acme Ltd,1000.5,VIP; navy,38\n\
        Grace,Hopper,not an address,Acme Ltd,,,39\n\
        Alan,Turing,alan@example.com,ACME ltd,,vip,40\n";

    let answer = send(&admin, "leads.csv", csv, &[("default_source", "Trade Show")]).await;

    assert_eq!(answer.status, 200, "{}", answer.text);
    let import = &answer.body;
    assert_eq!((&import["status"], counts(import)), (&json!("success"), [2, 1, 0, 0]));
    assert_eq!((&import["row_count"], &import["progress"]), (&json!(3), &json!(100)));
    assert_eq!(import["ignored_columns"], json!(["Shoe size"]));
    assert_eq!(
        import["errors"],
        json!([{
            "row": 3, "field": "email", "column": "E-mail", "value": "not an address",
            "error": "must be an e-mail address, such as ada@example.com",
        }])
    );
    let leads = leads(&admin).await;
    assert_eq!(leads.len(), 2);
    assert_eq!((&leads[0]["first_name"], &leads[1]["first_name"]), (&json!("Alan"), &json!("Ada")));
    assert_eq!(leads[1]["opportunity_amount"], "1000.50");
    assert_eq!((&leads[0]["tags"], &leads[1]["tags"]), (&json!(["VIP"]), &json!(["VIP", "navy"])));
    assert_eq!(leads[0]["company"], leads[1]["company"]);
    assert_eq!((&leads[0]["source"], &leads[0]["created_by"]), (&json!("Trade Show"), &json!(admin.user)));
    let companies = admin.get("/api/leads/companies/").await;
    assert_eq!(companies.body["companies"][0]["created_from_lead"], leads[1]["id"]);
    assert_eq!(companies.body["companies"].as_array().unwrap().len(), 1);

    let (status, _, report) = app.fetch(import["errors_file"].as_str().unwrap()).await;
    assert_eq!(status, 200);
    let report = String::from_utf8(report.to_vec()).unwrap();
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines[0], "\u{feff}First name,Surname,E-mail,Company,Amount,Tags,Shoe size,error");
    let problem = "email: must be an e-mail address, such as ada@example.com";
    assert_eq!(lines[1..], [format!("Grace,Hopper,not an address,Acme Ltd,,,39,\"{problem}\"")]);
}

#[tokio::test]
async fn an_import_whose_result_is_gone_is_still_shown() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let import =
        send(&admin, "leads.csv", "Name,E-mail\nAda Lovelace,ada@example.com\nAlan Turing,none\n", &[]).await;
    let id = import.id();
    assert_eq!(import.body["errors"].as_array().unwrap().len(), 1);

    app.bucket.damage(&format!("results/{}/{id}/result.json", admin.org), |_| None); // kept 90 days
    let shown = admin.get(&format!("{PATH}{id}/")).await;

    assert_eq!(shown.status, 200, "{}", shown.text);
    assert_eq!((counts(&shown.body), &shown.body["errors"]), (counts(&import.body), &json!([])));
}

#[tokio::test]
async fn a_request_brings_one_file() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let csv: leadline_tests::File<'_> = ("leads_file", "leads.csv", "text/csv", b"Name\nAda Lovelace\n");
    let other = ("leads_file", "more.csv", "text/csv", b"Name\nAlan Turing\n".as_slice());
    let elsewhere = ("file", "leads.csv", "text/csv", b"Name\nAda Lovelace\n".as_slice());

    let none = admin.multipart(PATH, &[("on_duplicate", "create")], &[]).await;
    let two = admin.multipart(PATH, &[], &[csv, other]).await;
    let misnamed = admin.multipart(PATH, &[], &[elsewhere]).await;
    let long = format!("{}.csv", "n".repeat(252));
    let long = admin.multipart(PATH, &[], &[("leads_file", &long, "text/csv", csv.3)]).await;
    let as_text = admin.multipart(PATH, &[("leads_file", "Name\nAda Lovelace\n")], &[]).await;
    let json = admin.post(PATH, json!({})).await;

    for (answer, field) in
        [(&none, "leads_file"), (&two, "leads_file"), (&misnamed, "file"), (&long, "leads_file")]
    {
        assert_eq!(
            (answer.status.as_u16(), &answer.body["code"]),
            (400, &json!("invalid")),
            "{}",
            answer.text
        );
        assert_eq!(answer.body["errors"].as_object().unwrap().keys().collect::<Vec<_>>(), [field]);
    }
    assert_eq!(two.body["errors"]["leads_file"], json!(["must be one file"]));
    for answer in [&none, &as_text, &json] {
        let problem = json!(["is required: one file, or file_name and size of a larger one"]);
        assert_eq!(answer.body["errors"], json!({ "leads_file": problem }));
    }
    assert_eq!((app.stored("LEAD", ""), app.bucket.objects().len()), (0, 0));
    assert_eq!(admin.get(PATH).await.body["imports"], json!([]));
}

#[tokio::test]
async fn a_header_alone_is_no_fault_but_it_must_name_a_column() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let header = send(&admin, "leads.csv", "First name,Surname,Shoe size\n\n,,\n", &[]).await;
    let empty = send(&admin, "leads.csv", "", &[]).await;
    let blank = send(&admin, "leads.csv", "\n \n,,\n", &[]).await;
    let unknown = send(&admin, "leads.csv", "Shoe size,Hat\n38,56\n", &[]).await;

    assert_eq!((header.status.as_u16(), &header.body["status"]), (200, &json!("success")), "{}", header.text);
    assert_eq!((counts(&header.body), &header.body["row_count"]), ([0; 4], &json!(0)));
    assert_eq!(
        (&header.body["progress"], &header.body["ignored_columns"]),
        (&json!(100), &json!(["Shoe size"]))
    );
    assert_eq!((&header.body["errors"], &header.body["errors_file"]), (&json!([]), &Value::Null));
    for (refused, problem) in [
        (empty, "the file is empty"),
        (blank, "the file is empty"),
        (
            unknown,
            "no column of the file is known; the first row must name them, such as first name, last name, e-mail; \
             found: Shoe size, Hat",
        ),
    ] {
        assert_eq!(refused.status, 400);
        assert_eq!(refused.body["errors"], json!({ "leads_file": [problem] }));
    }
    assert_eq!(app.stored("LEAD", ""), 0);
}

#[tokio::test]
async fn rows_that_failed_can_be_mended_and_put_back() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let csv = "First name,Surname,E-mail,Notes,Shoe size\n\
        Ada,Lovelace,ada@example.com,,38\n\
        Grace,Hopper,grace@,\"said \"\"hello\"\",\nthen left\",39\n\
        Alan,,alan@,,40\n";

    let first = send(&admin, "leads.csv", csv, &[]).await;
    let failed = report(&admin, &first.body).await;
    let mended =
        failed.replace("grace@,", "grace@example.com,").replace("Alan,,alan@,", "Alan,,alan@example.com,");
    let second = send(&admin, "errors.csv", &mended, &[]).await;
    let failed_again = report(&admin, &second.body).await;
    let mended = failed_again.replace("Alan,,", "Alan,Turing,");
    let third = send(&admin, "errors.csv", &mended, &[]).await;

    let email = "email: must be an e-mail address, such as ada@example.com";
    assert_eq!(
        failed,
        format!(
            "\u{feff}First name,Surname,E-mail,Notes,Shoe size,error\n\
             Grace,Hopper,grace@,\"said \"\"hello\"\",\nthen left\",39,\"{email}\"\n\
             Alan,,alan@,,40,\"{email}; last_name: is required\"\n"
        )
    );
    assert_eq!((counts(&first.body), counts(&second.body)), ([1, 2, 0, 0], [1, 1, 0, 0]));
    assert_eq!(failed_again.lines().next(), failed.lines().next(), "still one column of errors");
    assert_eq!(failed_again.lines().nth(1), Some("Alan,,alan@example.com,,40,last_name: is required"));
    assert_eq!((counts(&third.body), &third.body["errors_file"]), ([1, 0, 0, 0], &Value::Null));
    let leads = leads(&admin).await;
    let names: Vec<_> = leads.iter().map(|lead| lead["title"].as_str().unwrap()).collect();
    assert_eq!(names, ["Alan Turing", "Grace Hopper", "Ada Lovelace"]);
    assert_eq!(leads[1]["description"], "said \"hello\",\nthen left");
}

#[tokio::test]
async fn an_answer_has_the_first_thousand_errors_and_the_file_all() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let bad = (0..1_200).map(|n| format!("Ada,Number {n},ada{n}@\n"));
    let csv: String = ["First name,Surname,E-mail\n".to_owned(), "Grace,Hopper,\n".to_owned()]
        .into_iter()
        .chain(bad)
        .collect();

    let sent = send(&admin, "leads.csv", csv, &[]).await;
    let import = shown(&admin, &sent.id()).await;

    assert_eq!(counts(&sent.body), [1, 1_200, 0, 0]);
    for import in [&sent.body, &import] {
        let errors = import["errors"].as_array().unwrap();
        let rows: Vec<u64> = errors.iter().map(|error| error["row"].as_u64().unwrap()).collect();
        assert_eq!(rows, (3..1_003).collect::<Vec<_>>());
        assert_eq!(errors[999]["value"], "ada999@");
    }
    let report = report(&admin, &import).await;
    let lines: Vec<_> = report.lines().collect();
    assert_eq!(lines.len(), 1 + 1_200);
    assert!((0..1_200).all(|n| lines[n + 1].starts_with(&format!("Ada,Number {n},ada{n}@,"))));
}

#[tokio::test]
async fn imports_are_listed_newest_first_and_shown_one_by_one() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut sent = Vec::new();
    for name in ["one.csv", "two.csv", "three.csv"] {
        app.pass(Duration::seconds(1));
        sent.push(
            send(&admin, name, format!("Name,E-mail\nAda Lovelace,{name}\nGrace Hopper,\n"), &[]).await,
        );
    }

    let first = admin.get(&format!("{PATH}?limit=2")).await;
    let second = admin.get(first.body["next"].as_str().unwrap()).await;
    let back = admin.get(second.body["previous"].as_str().unwrap()).await;
    let import = shown(&admin, &sent[2].id()).await;
    let wrong = admin.get(&format!("{PATH}?limit=101&offset=-1")).await;

    let names = |list: &Value| -> Vec<Value> {
        list["imports"].as_array().unwrap().iter().map(|import| import["file_name"].clone()).collect()
    };
    assert_eq!(
        (names(&first.body), names(&second.body)),
        (vec![json!("three.csv"), json!("two.csv")], vec![json!("one.csv")])
    );
    assert_eq!(
        (&first.body["previous"], &second.body["next"], &back.body),
        (&Value::Null, &Value::Null, &first.body)
    );
    assert_eq!((&first.body["per_page"], &second.body["page_number"]), (&json!(2), &json!(2)));
    assert_eq!(wrong.status, 400);
    assert!(["limit", "offset"].iter().all(|name| wrong.body["errors"][name].is_array()), "{}", wrong.text);

    let listed = &first.body["imports"][0];
    assert_eq!((&listed["errors"], &listed["errors_file"]), (&json!([]), &Value::Null));
    for import in [&import, &sent[2].body] {
        let user =
            json!({ "id": admin.user, "email": format!("{}@users.example", admin.user), "name": "Some One" });
        assert_eq!((&import["created_by"], &import["status"]), (&user, &json!("success")));
        assert_eq!(
            (&import["progress"], &import["row_count"], counts(import)),
            (&json!(100), &json!(2), [1, 1, 0, 0])
        );
        assert_eq!((&import["on_duplicate"], &import["dry_run"]), (&json!("skip"), &json!(false)));
        let nothing = ["error", "repeat_of", "undo"].map(|name| &import[name]);
        assert_eq!(nothing, [&Value::Null; 3]);
        assert!(import["rows_per_second"].is_u64() && import["errors_file"].is_string());
        let [from, to] = ["created_on", "finished_on"].map(|name| import[name].as_str().unwrap());
        assert!(from.ends_with('Z') && to.ends_with('Z') && from <= to);
        let fields = |view: &Value| view.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(fields(import), fields(listed));
    }
}

#[tokio::test]
async fn an_import_that_is_not_there_or_of_another_organisation_is_not_found() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let id = send(&admin, "leads.csv", "Name\nAda Lovelace\n", &[]).await.id();

    let unknown = "0195d7a0-0000-7000-8000-000000000001";
    for (client, id) in [(&admin, unknown), (&admin, "nonsense"), (&admin, &id[1..]), (&rival, id.as_str())] {
        for method in ["GET", "DELETE"] {
            let answer = client.send(method, &format!("{PATH}{id}/"), "", "").await;
            assert_eq!(
                (answer.status.as_u16(), &answer.body["code"]),
                (404, &json!("not_found")),
                "{method} {id}"
            );
        }
    }
    assert_eq!(rival.get(PATH).await.body["imports"], json!([]));
    assert_eq!(leads(&admin).await.len(), 1);
}

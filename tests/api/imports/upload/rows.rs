//! What rows say.

use crate::imports::{counts, leads, report, send};
use crate::prelude::*;

/// Row, field and what is wrong with it.
fn told(import: &Value) -> Vec<(u64, &str, &str)> {
    fn of(error: &Value) -> (u64, &str, &str) {
        let [field, words] = ["field", "error"].map(|name| error[name].as_str().unwrap());
        (error["row"].as_u64().unwrap(), field, words)
    }
    import["errors"].as_array().unwrap().iter().map(of).collect()
}

/// One field of the leads, from top to bottom.
async fn column(client: &Client<'_>, name: &str) -> Vec<Value> {
    leads(client).await.iter().rev().map(|lead| lead[name].clone()).collect()
}

#[tokio::test]
async fn rows_are_numbered_as_a_spreadsheet_program_shows_them() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let csv = "\n\nFirst name,Surname,E-mail,Notes\n\
        Ada,Lovelace,ada@,\"first\nsecond\r\nthird\"\n\
        \n\
        ,,,\n\
        Grace,Hopper,grace@example.com,\"one\n\ntwo\"\n\
        Alan,Turing,alan@,";

    let import = send(&admin, "leads.csv", csv, &[]).await.body;

    assert_eq!((counts(&import), &import["row_count"]), ([1, 2, 0, 0], &json!(3)));
    let rows: Vec<_> = told(&import).into_iter().map(|(row, field, _)| (row, field)).collect();
    assert_eq!(rows, [(4, "email"), (8, "email")]);
    assert_eq!(column(&admin, "description").await, ["one\n\ntwo"]);
}

#[tokio::test]
async fn every_field_that_is_wrong_is_told_with_the_cell_it_came_from() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let long = "é".repeat(256);
    let csv = format!(
        "Given Name,Family Name,E-Mail Address,Mobile,Probability (%),Close Date,Country\n\
         {long},,ada@,12,101,31.12.2027,Atlantis\n"
    );

    let import = send(&admin, "leads.csv", csv, &[]).await.body;

    let errors = import["errors"].as_array().unwrap();
    let mut cells: Vec<[&str; 3]> = errors
        .iter()
        .map(|error| ["field", "column", "value"].map(|name| error[name].as_str().unwrap()))
        .collect();
    let mut expected = [
        ["first_name", "Given Name", &"é".repeat(200)],
        ["last_name", "Family Name", ""],
        ["email", "E-Mail Address", "ada@"],
        ["phone", "Mobile", "12"],
        ["probability", "Probability (%)", "101"],
        ["close_date", "Close Date", "31.12.2027"],
        ["country", "Country", "Atlantis"],
    ];
    cells.sort_unstable();
    expected.sort_unstable();
    assert_eq!(cells, expected);
    assert!(errors.iter().all(|error| error["row"] == 2));
    assert_eq!((counts(&import), app.stored("LEAD", "")), ([0, 1, 0, 0], 0));
}

#[tokio::test]
async fn a_formula_stays_text_and_does_nothing_in_the_report() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let csv = "First name,Surname,E-mail,Phone,Notes,City\n\
        =Ada,@Lovelace,ada@example.com,+1 555 0100,=1+1,-Town\n\
        Grace,Hopper,grace@,+1 555 0101,\"=HYPERLINK(\"\"http://x.example\"\",\"\"y\"\")\",'@Town\n";

    let first = send(&admin, "leads.csv", csv, &[]).await.body;
    let failed = report(&admin, &first).await;
    let second = send(&admin, "errors.csv", failed.replace("grace@,", "grace@example.com,"), &[]).await.body;

    assert_eq!((counts(&first), counts(&second)), ([1, 1, 0, 0], [1, 0, 0, 0]));
    let line = failed.lines().nth(1).unwrap();
    let cells =
        "Grace,Hopper,grace@,'+1 555 0101,\"'=HYPERLINK(\"\"http://x.example\"\",\"\"y\"\")\",'@Town,";
    assert!(line.starts_with(cells), "{line}");
    let fields = ["first_name", "last_name", "phone", "description", "city"];
    let leads = leads(&admin).await;
    assert_eq!(
        fields.map(|name| leads[1][name].as_str().unwrap()),
        ["=Ada", "@Lovelace", "+1 555 0100", "=1+1", "-Town"]
    );
    assert_eq!(
        fields.map(|name| leads[0][name].as_str().unwrap()),
        ["Grace", "Hopper", "+1 555 0101", "=HYPERLINK(\"http://x.example\",\"y\")", "@Town"]
    );
}

#[tokio::test]
async fn an_owner_is_an_active_member_by_email_or_id() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let (one, two) = (app.member(admin.org, Role::User).await, app.member(admin.org, Role::User).await);
    let gone = app.member(admin.org, Role::User).await;
    app.app.store.deactivate_user(admin.org, gone.user).await.unwrap();
    let email = |client: &Client<'_>| format!("{}@users.example", client.user);
    let csv = format!(
        "Name,Owner\nA A,{}\nB B,{}\nC C,\"{}; {}\"\nD D,\nE E,nobody@users.example\nF F,{}\nG G,{}\nH H,{}; nobody\n",
        email(&one).to_uppercase(),
        two.user,
        one.user,
        email(&two),
        email(&rival),
        email(&gone),
        one.user,
    );

    let import = send(&admin, "leads.csv", csv, &[]).await.body;

    assert_eq!(counts(&import), [4, 4, 0, 0]);
    let assigned = column(&admin, "assigned_to").await;
    assert_eq!(assigned, [json!([one.user]), json!([two.user]), json!([one.user, two.user]), json!([])]);
    let unknown = |name: &str| format!("{name}: there is no such active member");
    let expected = ["nobody@users.example".to_owned(), email(&rival), email(&gone), "nobody".to_owned()];
    for (n, ((row, field, error), name)) in told(&import).into_iter().zip(expected).enumerate() {
        assert_eq!((row, field, error), (6 + n as u64, "assigned_to", unknown(&name).as_str()));
    }
    assert_eq!(
        (&import["errors"][0]["column"], import["errors"].as_array().unwrap().len()),
        (&json!("Owner"), 4)
    );
    assert_eq!(one.get("/api/leads/").await.body["open_leads_count"], 2);
}

#[tokio::test]
async fn message_and_notes_are_one_description_in_the_order_of_the_columns() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let csv = "Message,Name,Notes,Comments\nHello,A A,Call back,\n,B B, ,Only this\n,C C,,\n";

    let import = send(&admin, "leads.csv", csv, &[]).await.body;

    assert_eq!((counts(&import), &import["ignored_columns"]), ([3, 0, 0, 0], &json!([])));
    let expected = [json!("Hello\nCall back"), json!("Only this"), Value::Null];
    assert_eq!(column(&admin, "description").await, expected);
}

#[tokio::test]
async fn a_status_is_taken_however_it_is_written_but_a_file_converts_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let words =
        ["", "Assigned", "In Process", "in_process", "IN-PROCESS", "recycled", "Closed", "Converted", "hot"];
    let rows: String =
        words.iter().map(|word| format!("Ada,Ada {word},Acme,{word},a{word}@example.com\n")).collect();
    let csv = format!("First name,Surname,Company,Lead Status,E-mail\n{}", rows.replace("In P", "In_P"));

    let import = send(&admin, "leads.csv", csv.replace("aIn_Process@", "in@"), &[]).await.body;

    assert_eq!(counts(&import), [7, 2, 0, 0], "{import}");
    let told = told(&import);
    assert_eq!(told[0], (9, "status", "only an API client can convert a lead"));
    assert_eq!((told[1].0, told[1].1), (10, "status"));
    assert!(told[1].2.contains("assigned, in process, converted, recycled, closed"), "{}", told[1].2);
    let expected = ["assigned", "assigned", "in process", "in process", "in process", "recycled"];
    assert_eq!(column(&admin, "status").await, expected);
    let list = admin.get("/api/leads/?status=closed").await;
    assert_eq!(list.body["closed_leads"].as_array().unwrap().len(), 1);
    assert_eq!((app.stored("ACCOUNT", ""), app.stored("OPPORTUNIT", "")), (0, 0));
}

#[tokio::test]
async fn amounts_are_exact_or_refused() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let good =
        [("1000.5", "1000.50"), ("0", "0.00"), ("0.1", "0.10"), (" 75000 ", "75000.00"), ("1e3", "1000.00")];
    let bad = ["-5", "12.345", "\"1,000.50\"", "10000000000", "ten"];
    let amounts = good.iter().map(|(amount, _)| *amount).chain(["9999999999.99", ""]).chain(bad);
    let rows: String = amounts.map(|amount| format!("Ada Lovelace,{amount}\n")).collect();

    let import = send(&admin, "leads.csv", format!("Name,Value\n{rows}"), &[]).await.body;

    assert_eq!(counts(&import), [7, 5, 0, 0], "{import}");
    let shown = good.map(|(_, shown)| json!(shown)).into_iter().chain([json!("9999999999.99"), Value::Null]);
    assert_eq!(column(&admin, "opportunity_amount").await, shown.collect::<Vec<_>>());
    let errors = import["errors"].as_array().unwrap();
    let values: Vec<_> = errors.iter().map(|error| error["value"].as_str().unwrap()).collect();
    assert_eq!(values, bad.map(|amount| amount.trim_matches('"')));
    assert!(errors.iter().all(|error| error["field"] == "opportunity_amount" && error["column"] == "Value"));
}

#[tokio::test]
async fn a_lead_with_tags_and_a_source_of_its_own_is_updated_by_a_row_without() {
    let app = TestApp::start().await;
    for own in [json!({ "tags": ["navy"] }), json!({ "source": "Referral" })] {
        let admin = app.admin().await;
        let known = admin.open_lead("Hopper", json!({ "email": "grace@example.com" })).await.id();
        admin.patch(&format!("/api/leads/{known}/"), own.clone()).await;
        let csv = "First name,Surname,E-mail,City\nGrace,Hopper,grace@example.com,Arlington\n";

        let import = send(&admin, "leads.csv", csv, &[("on_duplicate", "update")]).await;

        assert_eq!(import.status, 200, "{own}: {}", import.text);
        assert_eq!(
            (counts(&import.body), column(&admin, "city").await),
            ([0, 0, 0, 1], vec![json!("Arlington")])
        );
    }
}

//! Files sent in a request.

use super::{counts, leads, send};
use crate::prelude::*;

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

//! `leadctl doctor` as its user meets it: on a stack that runs.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[expect(dead_code, reason = "what it has is for several tests")]
mod common;

use std::process::Command;

use serde_json::{Value, json};

use self::common::{LEADCTL, Stack, http, leadctl};

/// Asks the table itself.
fn table(stack: &Stack, operation: &str, body: Value) -> Value {
    let scope = "Credential=local/20260101/us-east-1/dynamodb/aws4_request";
    let head = format!(
        "X-Amz-Target: DynamoDB_20120810.{operation}\r\nContent-Type: application/x-amz-json-1.0\r\n\
         Authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0\r\nX-Amz-Date: 20260101T000000Z\r\n"
    );
    let mut body = body;
    body["TableName"] = json!(stack.text("/table"));
    let (status, answer) = http(stack.text("/dynamodb"), "POST", "/", &head, &body.to_string());
    assert_eq!(status, 200, "{answer}");
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn a_row_that_is_gone_is_told_and_written_anew() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let org = stack.text("/org").to_owned();
    let doctor = |more: &[&str]| {
        let output = leadctl(folder.path(), &[&["doctor", "--org", &org], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap_or_default(), said)
    };
    let (status, sound, said) = doctor(&[]);
    assert_eq!((status, &sound["findings"], &sound["repaired"]), (Some(0), &json!([]), &json!(0)), "{said}");
    assert_eq!((&sound["org"], &sound["leads"]), (&json!(org), &json!(5)));
    let lead = stack.leads()[0]["id"].clone();
    let key = json!({"PK": {"S": format!("ORG#{org}#INDEX#00")}, "SK": {"S": lead}});
    table(&stack, "DeleteItem", json!({ "Key": key }));
    assert_eq!(stack.leads().len(), 4);

    let (told, found, _) = doctor(&[]);
    let people =
        Command::new(LEADCTL).args(["doctor", "--org", &org, "--data-dir"]).arg(folder.path()).output();
    let (mended, repaired, _) = doctor(&["--repair"]);

    assert_eq!((told, mended), (Some(3), Some(0)));
    let mut finding = json!({
        "kind": "row_missing", "id": lead, "repaired": false,
        "problem": "the lead has no row in the list index, so no list shows it",
    });
    assert_eq!(found["findings"], json!([finding]));
    finding["repaired"] = json!(true);
    assert_eq!((&repaired["findings"], &repaired["repaired"]), (&json!([finding]), &json!(1)));
    assert_eq!(stack.leads().len(), 5);
    let people = people.unwrap();
    let text = String::from_utf8(people.stdout).unwrap();
    let first =
        format!("{}: the lead has no row in the list index, so no list shows it", lead.as_str().unwrap());
    assert_eq!(
        (people.status.code(), text.lines().next(), text.lines().last()),
        (Some(3), Some(&*first), Some("1 found"))
    );
}

//! What is wrong with a request, in the words that the client gets.

use crate::prelude::*;

const BLANK: &str = "must not be blank";
const EMAIL: &str = "must be an e-mail address, such as ada@example.com";
const NUMBER: &str = "must be a decimal number, such as \"75000.00\"";
const STATUS: &str = "must be one of: assigned, in process, converted, recycled, closed";
const COUNTRY: &str = "must be a country: an ISO 3166-1 code or its English name";
const WEBSITE: &str = "must be a http or https address or a bare domain, such as example.com";
const DATE: &str = "must be a date, YYYY-MM-DD";
const PERCENT: &str = "must be a whole number from 0 to 100";
const SINGLE: &str = "must be a single text or number";
const UUID: &str = "must be a UUID";

#[tokio::test]
async fn a_header_that_is_no_ascii_is_not_passed_over() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("L", json!({})).await.id();
    let (path, city) = (format!("/api/leads/{lead}/"), json!({"city": "Köln"}));

    let unconditional = admin.with("if-match", "\"é\"").patch(&path, city.clone()).await;
    let repeatable = admin.with("idempotency-key", "Schlüssel").post("/api/leads/", city.clone()).await;
    let nowhere = admin.with("organization-id", "é").get("/api/leads/").await;

    assert_eq!(unconditional.status, 412, "{}", unconditional.text);
    assert_eq!(admin.get(&path).await.body["lead_obj"]["city"], Value::Null);
    assert_eq!(nowhere.body["errors"]["organization-id"][0], "must be a UUID");
    assert_eq!(repeatable.status, 400, "{}", repeatable.text);
    let whole = json!({"first_name": "A", "last_name": "B"});
    let repeatable = admin.with("idempotency-key", "Schlüssel").post("/api/leads/", whole).await;
    assert_eq!(repeatable.body["errors"]["Idempotency-Key"][0], "must be ASCII");
}

#[tokio::test]
async fn each_bad_field_is_named_with_what_it_must_be() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let long = |n: usize| json!("x".repeat(n));
    let ids: Vec<String> = (0..101).map(|_| app.app.ids.user(app.now()).to_string()).collect();
    let unknown = "0195d7a0-0000-7000-8000-000000000001";
    let none = format!("{unknown}: there is none in this organisation");

    for (field, value, problem) in [
        ("first_name", json!(""), BLANK),
        ("first_name", Value::Null, BLANK),
        ("first_name", json!("  "), BLANK),
        ("first_name", long(256), "must be at most 255 characters"),
        ("first_name", json!(["a"]), SINGLE),
        ("first_name", json!(true), SINGLE),
        ("first_name", json!({"a": 1}), SINGLE),
        ("first_name", json!("a\0b"), "must not hold control characters"),
        ("last_name", json!(""), BLANK),
        ("last_name", long(256), "must be at most 255 characters"),
        ("title", long(256), "must be at most 255 characters"),
        ("email", json!("nobody"), EMAIL),
        ("email", json!("a@b@c.example"), EMAIL),
        ("email", json!("a b@example.com"), EMAIL),
        ("email", json!(format!("{}@example.com", "a".repeat(65))), EMAIL),
        ("email", json!(format!("a@{}.example", "b".repeat(260))), "must be at most 254 characters"),
        ("phone", json!("12"), "must hold at least 3 digits"),
        ("phone", json!("call me"), "must hold at least 3 digits"),
        ("phone", json!("1".repeat(41)), "must be at most 40 characters"),
        ("status", json!("new"), STATUS),
        ("status", json!("Assigned"), STATUS),
        ("source", long(65), "must be at most 64 characters"),
        ("account_name", long(256), "must be at most 255 characters"),
        ("website", json!("ftp://example.com"), WEBSITE),
        ("website", json!("javascript:alert(1)"), WEBSITE),
        ("website", json!("nodots"), WEBSITE),
        ("website", long(256), "must be at most 255 characters"),
        ("description", long(10_001), "must be at most 10000 characters"),
        ("opportunity_amount", json!("ten"), NUMBER),
        ("opportunity_amount", json!("1,000.00"), NUMBER),
        ("opportunity_amount", json!("1.005"), "must have at most 2 decimal places"),
        ("opportunity_amount", json!("10000000000"), "must have at most 12 digits"),
        ("opportunity_amount", json!(-1), "must not be negative"),
        ("address_line", long(256), "must be at most 255 characters"),
        ("street", long(256), "must be at most 255 characters"),
        ("city", long(256), "must be at most 255 characters"),
        ("state", long(256), "must be at most 255 characters"),
        ("postcode", long(65), "must be at most 64 characters"),
        ("country", json!("Atlantis"), COUNTRY),
        ("country", json!("ZZ"), COUNTRY),
        ("industry", long(256), "must be at most 255 characters"),
        ("probability", json!(101), PERCENT),
        ("probability", json!(-1), PERCENT),
        ("probability", json!(5.5), PERCENT),
        ("probability", json!("half"), PERCENT),
        ("close_date", json!("2027-02-30"), DATE),
        ("close_date", json!("31/12/2027"), DATE),
        ("close_date", json!("2027-1-1"), DATE),
        ("contacts", json!(["x"]), "x: must be a UUID"),
        ("contacts", json!([unknown]), none.as_str()),
        ("assigned_to", json!([unknown]), none.as_str()),
        ("assigned_to", json!(ids), "must be at most 100 ids"),
        ("assigned_to", json!([["a"]]), "must be a list of texts"),
        ("teams", json!([unknown]), none.as_str()),
        ("teams", json!(true), "must be a list of texts"),
        ("tags", json!([("x".repeat(65))]), "each tag must be at most 64 characters"),
        ("tags", json!((0..51).map(|n| n.to_string()).collect::<Vec<_>>()), "must be at most 50 tags"),
        ("auto_convert", json!("perhaps"), "must be true or false"),
    ] {
        let mut body = json!({"first_name": "A", "last_name": "B"});
        body[field] = value.clone();
        let answer = admin.post("/api/leads/", body).await;

        assert_eq!(answer.status, 400, "{field} {value} {}", answer.text);
        assert_eq!(answer.body["code"], "invalid");
        let at = if field == "status" || problem.starts_with("conversion") { "status" } else { field };
        assert_eq!(answer.body["errors"], json!({ at: [problem] }), "{field} {value}");
    }
    assert_eq!(app.stored("#LEAD#", "LEAD"), 0);
}

#[tokio::test]
async fn what_is_just_within_a_limit_is_taken() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    for (field, value) in [
        ("first_name", json!("x".repeat(255))),
        ("title", json!("語".repeat(255))),
        ("phone", json!("1".repeat(40))),
        ("source", json!("x".repeat(64))),
        ("account_name", json!("ΐ".repeat(255))),
        ("description", json!("語".repeat(10_000))),
        ("opportunity_amount", json!("9999999999.99")),
        ("postcode", json!("x".repeat(64))),
        ("probability", json!("100")),
        ("tags", json!((0..50).map(|n| format!("{n:064}")).collect::<Vec<_>>())),
        ("postcode", json!(94105)),
        ("email", json!("")),
    ] {
        let mut body = json!({"first_name": "A", "last_name": "B"});
        body[field] = value;
        let answer = admin.post("/api/leads/", body).await;

        assert_eq!(answer.status, 201, "{field}: {}", answer.text);
    }
}

#[tokio::test]
async fn all_bad_fields_are_told_at_once_by_the_name_that_was_sent() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let answer = admin.post("/api/leads/", json!({"email": "x", "message": "y".repeat(10_001)})).await;

    let request_id = answer.body["request_id"].as_str().unwrap().to_owned();
    assert!(!request_id.is_empty());
    assert_eq!(
        answer.body,
        json!({
            "error": true, "code": "invalid", "message": "some fields are not valid", "request_id": request_id,
            "errors": {
                "first_name": ["is required"], "last_name": ["is required"], "email": [EMAIL],
                "message": ["must be at most 10000 characters"],
            },
        })
    );
}

#[tokio::test]
async fn unknown_ids_are_named_with_all_else_that_is_wrong() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = admin.open_lead("L", json!({})).await;
    let nobody = "cc6d091c-f54c-4b6b-8ead-277c432fc8b3";
    let bad = json!({
        "first_name": "A", "last_name": "B", "email": "bad",
        "assigned_to": ["zz", nobody, admin.user], "teams": [nobody], "contacts": nobody,
    });
    let unknown = format!("{nobody}: there is none in this organisation");
    let all = json!({
        "email": ["must be an e-mail address, such as ada@example.com"],
        "assigned_to": ["zz: must be a UUID", unknown], "teams": [unknown], "contacts": [unknown],
    });

    let created = admin.post("/api/leads/", bad.clone()).await;
    let changed = admin.patch(&format!("/api/leads/{}/", lead.id()), bad).await;

    for refused in [created, changed] {
        assert_eq!((refused.status.as_u16(), &refused.body["errors"]), (400, &all), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_body_that_was_packed_is_refused_by_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let packed = admin.with("content-encoding", "gzip").post("/api/leads/", json!({})).await;
    let plain = admin.with("content-encoding", "Identity").post("/api/leads/", json!({})).await;

    assert_eq!(packed.status, 415);
    assert!(packed.text.contains("without a Content-Encoding"), "{}", packed.text);
    assert_eq!(plain.status, 400);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_in_plain_words() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let bomb = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let many: String = (0..1001).map(|n| format!("f{n}=1&")).collect();

    for (content_type, body, status, says) in [
        ("application/json", b"{".to_vec(), 400, "not a JSON object"),
        ("application/json", b"[]".to_vec(), 400, "not a JSON object"),
        ("application/json", b"\"text\"".to_vec(), 400, "not a JSON object"),
        ("application/json", b"{\"a\": 1} x".to_vec(), 400, "not a JSON object"),
        ("application/json", b"\xff\xfe".to_vec(), 400, "not UTF-8"),
        ("application/json", format!("{{\"a\": {bomb}}}").into_bytes(), 400, "nested deeper than 32"),
        ("application/json", vec![b' '; 1024 * 1024 + 1], 413, "larger than 1 MB"),
        ("application/x-www-form-urlencoded", b"first_name=%ff".to_vec(), 400, "not UTF-8"),
        ("application/x-www-form-urlencoded", many.into_bytes(), 400, "too many fields"),
        ("multipart/form-data", b"x".to_vec(), 400, "multipart"),
        ("multipart/form-data; boundary=X", b"--X\r\nbroken".to_vec(), 400, "multipart"),
        ("text/plain", b"x".to_vec(), 415, "must be application/json"),
        ("application/xml", b"<a/>".to_vec(), 415, "must be application/json"),
        (
            "multipart/form-data; boundary=X",
            b"--X\r\nContent-Disposition: form-data; name=\"cv\"; filename=\"a.txt\"\r\n\r\nhi\r\n--X--\r\n"
                .to_vec(),
            400,
            "files are not taken here",
        ),
    ] {
        let answer = admin.send("POST", "/api/leads/", content_type, body).await;

        assert_eq!(answer.status, status, "{content_type}: {}", answer.text);
        assert!(answer.text.contains(says), "{says}: {}", answer.text);
        assert_eq!(answer.body["error"], true);
    }
}

#[tokio::test]
async fn a_bad_query_is_refused_with_every_reason() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    for (query, errors) in [
        ("limit=0", json!({"limit": ["must be a whole number from 1 to 100"]})),
        ("limit=101", json!({"limit": ["must be a whole number from 1 to 100"]})),
        ("limit=ten", json!({"limit": ["must be a whole number from 1 to 100"]})),
        ("offset=-1", json!({"offset": ["must be a whole number from 0 to 100000000"]})),
        ("status=open", json!({"status": [STATUS]})),
        ("assigned_to=me", json!({"assigned_to": [UUID]})),
        ("limit=x&status=y", json!({"limit": ["must be a whole number from 1 to 100"], "status": [STATUS]})),
    ] {
        let answer = admin.get(&format!("/api/leads/?{query}")).await;

        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.body["errors"], errors, "{query}");
    }
    assert_eq!(admin.get("/api/leads/?limit=100&offset=0&status=&assigned_to=").await.status, 200);
}

#[tokio::test]
async fn a_list_far_too_long_is_refused_before_it_is_looked_at() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let tags: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
    let lead = json!({"first_name": "A", "last_name": "B"});

    let array = serde_json::to_string(&tags).unwrap();
    let text = admin.post("/api/leads/", json!({"first_name": "A", "last_name": "B", "tags": array})).await;
    let list = admin.post("/api/leads/", json!({"first_name": "A", "last_name": "B", "tags": tags})).await;

    assert_eq!(text.body["errors"], json!({"tags": ["must be at most 1000 items"]}));
    assert_eq!(list.status, 400);
    assert!(list.text.contains("too many items"), "{}", list.text);
    assert_eq!(admin.post("/api/leads/", lead).await.status, 201);
}

//! Bodies that are too large, too long, too deep or no text at all.

use leadline_tests::Answer;

use super::{FORM, PATH, form, lead, lead_with, site, stored, three_ways};
use crate::prelude::*;

const JSON: &str = "application/json";
const PARTS: &str = "multipart/form-data; boundary=XX";
/// Largest body taken.
const LARGEST: usize = 1024 * 1024;

async fn key(app: &TestApp) -> String {
    app.key(app.admin().await.org, NewApiKey::default()).await.1
}

/// A part of a multipart body that holds this text.
fn part(name: &str, text: &[u8]) -> Vec<u8> {
    let head = format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
    [head.as_bytes(), text, b"\r\n"].concat()
}

/// A new lead as JSON that is padded to so many bytes.
fn padded(bytes: usize) -> Vec<u8> {
    let mut body = lead().to_string().into_bytes();
    body.resize(bytes, b' ');
    body
}

fn assert_status(answer: &Answer, status: u16, case: &str) {
    assert_eq!(answer.status, status, "{case}: {}", answer.text);
}

#[tokio::test]
async fn a_body_over_1_mb_is_refused_in_any_form() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let path = site(&key);
    let visitor = app.anyone();

    let largest = visitor.send("POST", &path, JSON, padded(LARGEST)).await;
    app.engine.traffic();
    for (case, content_type, body) in [
        ("JSON", JSON, padded(LARGEST + 1)),
        ("a form", FORM, vec![b'a'; LARGEST + 1]),
        ("parts", PARTS, [part("message", &vec![b'a'; LARGEST + 1]), b"--XX--\r\n".to_vec()].concat()),
        ("5 MB of JSON", JSON, padded(5 * LARGEST)),
        ("a form of 5 MB", FORM, vec![b'a'; 5 * LARGEST]),
        ("9 MB of JSON", JSON, padded(9 * LARGEST)),
        ("20 MB of JSON", JSON, padded(20 * LARGEST)),
        ("a form of 20 MB", FORM, vec![b'a'; 20 * LARGEST]),
        ("20 MB of parts", PARTS, vec![b'a'; 20 * LARGEST]),
    ] {
        assert_status(&visitor.send("POST", &path, content_type, body).await, 413, case);
    }

    assert_eq!(largest.status, 201, "{}", largest.text);
    let traffic = app.engine.traffic();
    assert!(traffic.requests <= 9 && traffic.write_units == 0.0, "at most the key is read: {traffic:?}");
    assert_eq!(stored(&app), 1);
}

#[tokio::test]
async fn a_body_has_at_most_1000_fields() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let names: Vec<String> = (0..10_000).map(|n| format!("f{n}")).collect();

    for (count, status) in [(1_000, 201), (1_001, 400), (10_000, 400)] {
        let mut fields = vec![("last_name", "A"), ("phone", "12345")];
        fields.extend(names[2..count].iter().map(|name| (name.as_str(), "1")));
        assert_eq!(fields.len(), count);

        for answer in three_ways(&app.anyone(), &site(&key), &fields).await {
            assert_status(&answer, status, &format!("{count} fields"));
        }
    }
    let same = format!("{}&{}", form(&[("last_name", "A"), ("phone", "1234")]), "tags=a&".repeat(10_000));
    let answer = app.anyone().send("POST", &site(&key), FORM, same).await;
    assert_status(&answer, 400, "one field 10,000 times");
}

#[tokio::test]
async fn what_is_not_utf_8_is_refused() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let good = [part("phone", b"12345"), part("last_name", "Müller".as_bytes())].concat();

    for (case, content_type, body) in [
        ("JSON", JSON, b"{\"last_name\": \"M\xfcller\", \"phone\": \"12345\"}".to_vec()),
        ("JSON in UTF-16", JSON, b"\xff\xfe{\0}\0".to_vec()),
        ("a form", FORM, b"last_name=M\xfcller&phone=12345".to_vec()),
        ("a form, encoded", FORM, b"last_name=M%fcller&phone=12345".to_vec()),
        ("a form, cut", FORM, b"last_name=M%C3&phone=12345".to_vec()),
        ("a surrogate", FORM, b"last_name=M%ED%A0%80&phone=12345".to_vec()),
        (
            "parts",
            PARTS,
            [part("phone", b"12345"), part("last_name", b"M\xfcller"), b"--XX--".to_vec()].concat(),
        ),
    ] {
        assert_status(&app.anyone().send("POST", &site(&key), content_type, body).await, 400, case);
    }
    let answer = app.anyone().send("POST", &site(&key), PARTS, [good, b"--XX--\r\n".to_vec()].concat()).await;

    assert_eq!(
        (answer.status.as_u16(), &answer.body["last_name"]),
        (201, &json!("Müller")),
        "{}",
        answer.text
    );
    assert_eq!(stored(&app), 1);
}

#[tokio::test]
async fn json_that_goes_too_deep_is_refused() {
    let app = TestApp::start().await;
    let key = key(&app).await;
    let nest = |open: &str, inner: &str, close: &str| {
        let depth = 100_000;
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let beside =
        |name: &str, bomb: &str| format!(r#"{{"last_name": "A", "phone": "12345", "{name}": {bomb}}}"#);
    let (lists, objects) = (nest("[", "", "]"), nest(r#"{"a":"#, "1", "}"));

    for (case, body) in [
        ("lists", lists.clone()),
        ("objects", objects.clone()),
        ("lists that do not end", "[".repeat(100_000)),
        ("objects that do not end", r#"{"a":"#.repeat(100_000)),
        ("lists in an unknown field", beside("x", &lists)),
        ("objects in an unknown field", beside("x", &objects)),
        ("both in turn", beside("x", &nest(r#"[{"a":"#, "1", "}]"))),
        ("lists in a list", beside("tags", &lists)),
        ("objects in a list", beside("contacts", &format!("[{objects}]"))),
        ("lists in a text field", beside("email", &lists)),
        ("lists in the key", format!(r#"{{"apikey": {lists}}}"#)),
        ("lists that do not end, in a field", format!(r#"{{"x": {}"#, "[".repeat(100_000))),
        ("as large as it may be", beside("x", &format!("{}{}", "[".repeat(500_000), "]".repeat(500_000)))),
    ] {
        assert_status(&app.anyone().send("POST", &site(&key), JSON, body).await, 400, case);
    }
    let text =
        app.anyone().send("POST", &site(&key), FORM, form(&[("last_name", "A"), ("tags", &lists)])).await;
    let shallow = lead_with(&json!({"unknown": {"a": [1, {"b": 2}]}}));
    let shallow = app.anyone().post(&site(&key), shallow).await;

    assert_status(&text, 400, "a form's field that holds JSON");
    assert_eq!(shallow.status, 201, "{}", shallow.text);
    assert_eq!(stored(&app), 1);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_without_a_key_says_why() {
    let app = TestApp::start().await;

    for (content_type, body, status) in
        [(JSON, "{".to_owned(), 400), (FORM, "a=%ff".to_owned(), 400), ("text/plain", "x".to_owned(), 415)]
    {
        let answer = app.anyone().send("POST", PATH, content_type, body).await;

        assert_status(&answer, status, content_type);
    }
}

#[tokio::test]
async fn a_part_with_a_header_without_end_is_refused() {
    let app = TestApp::start().await;
    let parameters = ";=\"\"".repeat(200_000);
    let body =
        format!("--XX\r\nContent-Disposition: form-data; name=\"a\"{parameters}\r\n\r\nx\r\n--XX--\r\n");

    let answer = app.anyone().send("POST", PATH, "multipart/form-data; boundary=XX", body).await;

    assert_status(&answer, 400, "a long Content-Disposition");
    assert!(answer.text.contains("too long a header"), "{}", answer.text);
}

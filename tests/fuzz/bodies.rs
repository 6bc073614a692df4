//! Bodies of requests.

use lambda_http::{Body, Request};
use leadline::web::{self, ApiError, FILE_FIELDS, Sent};
use tokio::runtime::Runtime;

use crate::spoil::{Edit, check, spoil, spoil_text};

const MULTIPART: &[u8] = b"--X\r\nContent-Disposition: form-data; name=\"first_name\"\r\n\r\nAda\r\n--X\r\n\
    Content-Disposition: form-data; name=\"lead_attachment\"; filename=\"a.csv\"; filename*=UTF-8''%C3%A4.csv\r\n\
    Content-Type: text/csv\r\n\r\na,b\r\n1,2\r\n--X\r\nContent-Disposition: form-data; name=\"tags\"\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nvip\r\n--X--\r\n";
const JSON: &[u8] =
    br#"{"first_name": "Ada", "tags": ["a", "b"], "opportunity_amount": 75000.00, "teams": null,
    "description": "line\nline \u00e9 \ud83d\ude00", "is_active": true}"#;
const FORM: &[u8] =
    b"first_name=Ada&last_name=L%C3%B6v&tags=a&tags=b&description=a+b%0D%0Ac&opportunity_amount=";

fn read(runtime: &Runtime, content_type: &str, bytes: &[u8]) -> Option<Result<Sent, ApiError>> {
    let request =
        http::Request::builder().method("POST").uri("/api/leads/").header("content-type", content_type);
    let request: Request = request.body(Body::Binary(bytes.to_vec())).ok()?;
    Some(runtime.block_on(web::sent(&request, &FILE_FIELDS)))
}

#[test]
fn multipart_is_read_or_refused() {
    let runtime = Runtime::new().unwrap();
    check(|(of_type, edits): &(Vec<Edit>, Vec<Edit>)| {
        let (content_type, bytes) =
            (spoil_text("multipart/form-data; boundary=X", of_type), spoil(MULTIPART, edits));
        if let Some(Ok(sent)) = read(&runtime, &content_type, &bytes) {
            let size: usize = sent.files.iter().map(|file| file.bytes.len()).sum();
            assert!(size <= bytes.len(), "files are no larger than what was sent");
            assert!(sent.files.iter().all(|file| FILE_FIELDS.contains(&file.field.as_str())));
        }
    });
}

#[test]
fn json_and_forms_are_read_or_refused() {
    let runtime = Runtime::new().unwrap();
    check(|(json, edits): &(bool, Vec<Edit>)| {
        let (content_type, valid) = match json {
            true => ("application/json", JSON),
            false => ("application/x-www-form-urlencoded", FORM),
        };
        let bytes = spoil(valid, edits);
        if let Some(Ok(sent)) = read(&runtime, content_type, &bytes) {
            assert!(sent.files.is_empty());
        }
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start_matches('\u{feff}').trim();
        if *json && !text.is_empty() && !text.starts_with('{') {
            assert!(matches!(read(&runtime, content_type, &bytes), Some(Err(_))), "JSON is an object");
        }
    });
}

//! The event that API Gateway makes of a request: payload format 2.0.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderMap, USER_AGENT};
use http::request::Parts;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Media types besides `text/*` whose bodies travel as text.
const TEXT_TYPES: [&str; 3] = ["application/json", "application/javascript", "application/xml"];

/// Headers between two neighbours, which the gateway keeps to itself (RFC 9110, section 7.6.1).
const HOP_BY_HOP: [&str; 6] = ["connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/// What the gateway knows of a request besides the request.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) id: Uuid,
    pub(super) route_key: &'a str,
    pub(super) parameters: &'a Map<String, Value>,
    pub(super) source_ip: IpAddr,
    pub(super) time: DateTime<Utc>,
}

/// The event of this request.
pub(super) fn event(parts: &Parts, body: &[u8], call: &Call<'_>) -> Value {
    let host = host(parts);
    let query = parts.uri.query().unwrap_or_default();
    let agent = parts.headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    let mut event = json!({
        "version": "2.0",
        "routeKey": call.route_key,
        "rawPath": parts.uri.path(),
        "rawQueryString": query,
        "headers": headers(parts, body, call),
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": parts.uri.path(),
                "protocol": format!("{:?}", parts.version),
                "sourceIp": call.source_ip,
                "userAgent": agent.unwrap_or_default(),
            },
            "requestId": call.id,
            "routeKey": call.route_key,
            "stage": "$default",
            "time": call.time.format("%d/%b/%Y:%H:%M:%S %z").to_string(),
            "timeEpoch": call.time.timestamp_millis(),
        },
        "isBase64Encoded": false,
    });
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = json!(query_parameters(query));
    }
    if !call.parameters.is_empty() {
        event["pathParameters"] = json!(call.parameters);
    }
    if !body.is_empty() {
        let text = str::from_utf8(body).ok().filter(|_| is_text(&parts.headers));
        event["isBase64Encoded"] = json!(text.is_none());
        event["body"] = text.map_or_else(|| json!(BASE64_STANDARD.encode(body)), |text| json!(text));
    }
    event
}

/// The host that the client asked for.
pub(super) fn host(parts: &Parts) -> String {
    let header = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    header.or_else(|| parts.uri.authority().map(|host| host.as_str())).unwrap_or("localhost").to_owned()
}

fn headers(parts: &Parts, body: &[u8], call: &Call<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for (name, value) in &parts.headers {
        if name != COOKIE && !HOP_BY_HOP.contains(&name.as_str()) {
            add(&mut headers, name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        }
    }
    let host = host(parts);
    let port = host.rsplit_once(':').map_or("80", |(_, port)| port).to_owned();
    if !body.is_empty() {
        headers.insert(CONTENT_LENGTH.to_string(), body.len().to_string());
    }
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    headers.insert("x-forwarded-port".to_owned(), port);
    headers.insert(HOST.to_string(), host);
    add(&mut headers, "x-forwarded-for", &call.source_ip.to_string());
    headers
}

fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        add(&mut parameters, &decoded(name), &decoded(value));
    }
    parameters
}

/// A name that comes again adds its value behind a comma.
fn add(pairs: &mut BTreeMap<String, String>, name: &str, value: &str) {
    pairs
        .entry(name.to_owned())
        .and_modify(|values| {
            values.push(',');
            values.push_str(value);
        })
        .or_insert_with(|| value.to_owned());
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let all = headers.get_all(COOKIE).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    all.flat_map(|line| line.split(';').map(|cookie| cookie.trim().to_owned()).collect::<Vec<_>>())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn is_text(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/") || TEXT_TYPES.contains(&kind.as_str())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use http::Request;

    use super::*;

    fn event_of(request: http::request::Builder, body: &[u8]) -> Value {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let parameters = Map::from_iter([("pk".to_owned(), json!("a b"))]);
        let call = Call {
            id: Uuid::nil(),
            route_key: "GET /x/{pk}",
            parameters: &parameters,
            source_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            time: DateTime::from_timestamp_millis(1_700_000_000_123).unwrap(),
        };
        event(&parts, body, &call)
    }

    #[test]
    fn path_and_query_stay_raw_beside_their_decoded_selves() {
        let event = event_of(Request::get("/x/a%20b/?tag=a%2Cb&tag=c+d&flag"), b"");

        assert_eq!(event["rawPath"], "/x/a%20b/");
        assert_eq!(event["rawQueryString"], "tag=a%2Cb&tag=c+d&flag");
        assert_eq!(event["queryStringParameters"], json!({"tag": "a,b,c d", "flag": ""}));
        assert_eq!(event["pathParameters"], json!({"pk": "a b"}));
        assert_eq!(event["requestContext"]["time"], "14/Nov/2023:22:13:20 +0000");
        assert_eq!(event.get("body"), None);
    }

    #[test]
    fn cookies_leave_the_headers() {
        let request =
            Request::get("/").header("Cookie", "a=1; b=2").header("X-Two", "1").header("X-Two", "2");

        let event = event_of(request, b"");

        assert_eq!(event["cookies"], json!(["a=1", "b=2"]));
        assert_eq!(event["headers"].get("cookie"), None);
        assert_eq!(event["headers"]["x-two"], "1,2");
    }

    #[test]
    fn the_address_it_came_from_is_behind_those_that_the_client_names() {
        let told =
            Request::get("/").header("X-Forwarded-For", "203.0.113.9").header("X-Forwarded-For", "::1");

        let (told, silent) = (event_of(told, b""), event_of(Request::get("/"), b""));

        assert_eq!(told["headers"]["x-forwarded-for"], "203.0.113.9,::1,127.0.0.1");
        assert_eq!(told["requestContext"]["http"]["sourceIp"], "127.0.0.1");
        assert_eq!(silent["headers"]["x-forwarded-for"], "127.0.0.1");
    }

    #[test]
    fn text_travels_as_text_and_all_else_as_base64() {
        let json =
            event_of(Request::post("/").header("Content-Type", "application/json; charset=utf-8"), b"{}");
        let image = event_of(Request::post("/").header("Content-Type", "image/png"), b"\x89PNG");
        let broken = event_of(Request::post("/").header("Content-Type", "text/plain"), b"\xff");

        assert_eq!((&json["body"], &json["isBase64Encoded"]), (&json!("{}"), &json!(false)));
        assert_eq!((&image["body"], &image["isBase64Encoded"]), (&json!("iVBORw=="), &json!(true)));
        assert_eq!((&broken["body"], &broken["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
    }
}

//! Queries: filters, orders, pages and cursors.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use leadline_tests::{Client, TestApp};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::spoil::{Edit, check, spoil, spoil_text};

const QUERIES: [&str; 5] = [
    "name=ada&city=rome&status=assigned,in%20process&tags=vip,math&limit=10&offset=5",
    "search=x%40example&created_after=2026-01-31&created_before=2026-12-31T23:59:59Z&facets=status,tags,city",
    "amount_min=0.01&amount_max=9999999999.99&ordering=-opportunity_amount&counts=true",
    "assigned_to=0195d7a0-0000-7000-8000-000000000001&source=email&email=a%40b.c&fields=leads&title=%C3%9F",
    "format=csv&phone=555&ordering=last_name",
];
/// 431: the gateway takes no longer path.
const ANSWERS: [u16; 3] = [200, 400, 431];
const LONGEST: usize = 60_000;
const ORDERS: [&str; 4] = ["", "-updated_on", "opportunity_amount", "last_name"];

/// An organisation with a few leads.
async fn begin(app: &TestApp) -> Client<'_> {
    let admin = app.admin().await;
    for n in 0..4 {
        admin.open_lead(&format!("L{n}"), json!({"opportunity_amount": n})).await;
    }
    admin
}

#[test]
fn a_query_is_answered_or_refused() {
    let runtime = Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::start());
    let admin = runtime.block_on(begin(&app)).with("accept", "application/json");
    check(|(query, edits): &(u8, Vec<Edit>)| {
        let query = spoil_text(QUERIES[usize::from(*query) % QUERIES.len()], edits);
        let Ok(uri) = format!("/api/leads/?{query}").parse::<http::Uri>() else { return };
        let answer = runtime.block_on(admin.renewed().get(&uri.to_string()));
        assert!(ANSWERS.contains(&answer.status.as_u16()), "{} {}", answer.status, answer.text);
    });
}

#[test]
fn a_cursor_is_answered_or_refused() {
    let runtime = Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::start());
    let admin = runtime.block_on(begin(&app));
    let list = |query: String| runtime.block_on(admin.renewed().get(&format!("/api/leads/?limit=2&{query}")));
    let cursors = ORDERS.map(|order| {
        let first = list(format!("ordering={order}"));
        BASE64.decode(first.body["next_cursor"].as_str().unwrap()).unwrap()
    });
    check(|(order, edits): &(u8, Vec<Edit>)| {
        let order = usize::from(*order) % ORDERS.len();
        let cursor = BASE64.encode(spoil(&cursors[order], edits));
        let cursor = percent_encode(cursor.as_bytes(), NON_ALPHANUMERIC).to_string();
        if cursor.len() > LONGEST {
            return; // no client makes a request of it
        }
        let answer = list(format!("ordering={}&cursor={cursor}", ORDERS[order]));
        assert!(ANSWERS.contains(&answer.status.as_u16()), "{} {}", answer.status, answer.text);
        if answer.status == 400 {
            assert!(answer.text.contains("cursor"), "{}", answer.text);
        }
    });
}

//! Examples, made by the code that makes the answers.

use chrono::{DateTime, Utc};
use leadline::domain::{
    Comment, CommentId, Company, CompanyDetails, CompanyId, Door, Lead, LeadDetails, LeadId, OrgId, Person,
    UserId,
};
use leadline::web::{self, CommentView, CompanyView, LeadView};
use serde_json::{Value, json};
use uuid::Uuid;

const ORG: Uuid = Uuid::from_u128(0x0198_f1b0_1a00_7c10_8f00_0a0b_0c0d_0e0f);
const ADA: Uuid = Uuid::from_u128(0x0198_f1b0_1a00_7c10_8f00_5a1b_e2c3_d4e5);
const LEAD: Uuid = Uuid::from_u128(0x0198_f1c2_7c00_7d31_9a52_0e4a_5f3b_8c11);
const COMPANY: Uuid = Uuid::from_u128(0x0198_f1c2_7c00_7d31_9a52_0e4b_11d0_9a77);
const COMMENT: Uuid = Uuid::from_u128(0x0198_f1c3_0a00_7b12_9d00_6f1b_2c3d_4e5f);

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_787_950_754_000).unwrap_or_default()
}

fn ada() -> Person {
    Person { id: UserId(ADA), email: "ada@example.com".to_owned(), name: "Ada".to_owned() }
}

/// What opens a lead.
pub(crate) fn lead_sent() -> Value {
    json!({
        "first_name": "Maria", "last_name": "Okafor", "email": "Maria.Okafor@example.com",
        "account_name": "Okafor Logistics", "opportunity_amount": 75000, "country": "United Kingdom",
        "tags": ["Enterprise"],
    })
}

/// The lead that this opens.
pub(crate) fn lead() -> Value {
    let sent = web::read_json(lead_sent().to_string().as_bytes()).unwrap_or_default();
    let Ok(details) = LeadDetails::open(Door::Api, &sent) else { return Value::Null };
    let lead = Lead::open(LeadId(LEAD), OrgId(ORG), details, Some(ada()), now());
    json!(LeadView::from(&Lead { company: Some(CompanyId(COMPANY)), ..lead }))
}

/// A company.
pub(crate) fn company() -> Value {
    let sent = json!({ "name": "Acme", "industry": "Energy", "website": "acme.example" });
    let sent = web::read_json(sent.to_string().as_bytes()).unwrap_or_default();
    let Ok(details) = CompanyDetails::read(None, &sent) else { return Value::Null };
    json!(CompanyView::from(&Company::new(CompanyId(COMPANY), OrgId(ORG), details, now())))
}

/// A comment.
pub(crate) fn comment() -> Value {
    let Ok(text) = "Called back.".parse() else { return Value::Null };
    let comment = Comment {
        id: CommentId(COMMENT),
        org: OrgId(ORG),
        lead: LeadId(LEAD),
        text,
        author: ada(),
        mentions: Vec::new(),
        created_on: now(),
        updated_on: None,
    };
    json!(CommentView::from(&comment))
}

//! Lists while the index is folded.

mod interleaved;
mod random;

use leadline::domain::{Caller, Lead, LeadId, OrgId};
use leadline::index::{Choice, ListQuery, Row};
use leadline::store::{FoldSizes, Folded, Listing};

use super::names;
use crate::prelude::*;

/// Small segments, so that few leads make several.
const SMALL: FoldSizes = FoldSizes { most: 40, large: 12, piece: 8 };

/// What a list says, to be compared.
#[derive(Debug, PartialEq)]
struct Said {
    lists: Vec<(Vec<LeadId>, usize)>,
    facets: String,
    tags: Vec<(String, usize)>,
    next: Option<Vec<u8>>,
}

/// Every lead of an organisation, as it is in the table.
fn leads(app: &TestApp, org: OrgId) -> Vec<Lead> {
    let lead = |item: Value| serde_json::from_value(plain(&json!({ "M": item }))).unwrap();
    app.leads(org).into_iter().map(lead).collect()
}

/// A value of the table as JSON.
fn plain(value: &Value) -> Value {
    let (kind, value) = value.as_object().unwrap().iter().next().unwrap();
    match (kind.as_str(), value) {
        ("M", Value::Object(fields)) => {
            fields.iter().map(|(name, value)| (name.clone(), plain(value))).collect()
        }
        ("L", Value::Array(values)) => values.iter().map(plain).collect(),
        ("N", Value::String(number)) => number.parse::<serde_json::Number>().unwrap().into(),
        ("NULL", _) => Value::Null,
        _ => value.clone(),
    }
}

/// What the list says.
async fn said(app: &TestApp, caller: &Caller, query: &ListQuery) -> Said {
    let store = &app.app.store;
    let (rows, counts) = (store.rows(caller.org).await.unwrap(), store.counts(caller.org).await.unwrap());
    let Listing { open, closed, converted, facets, uses, next } =
        store.list(caller, query, rows, counts).await.unwrap();
    let lists = [Some(open), Some(closed), converted].into_iter().map(|page| {
        page.map_or((Vec::new(), 0), |page| (page.leads.iter().map(|lead| lead.id).collect(), page.count))
    });
    let mut tags: Vec<_> = uses.map(|uses| uses.tags.into_iter().collect()).unwrap_or_default();
    tags.sort();
    Said { lists: lists.collect(), facets: format!("{facets:?}"), tags, next: next.map(|next| next.pack()) }
}

/// What it should say of these leads.
fn right(leads: &[Lead], caller: &Caller, query: &ListQuery) -> Said {
    let mut choice = Choice::new(caller, query);
    leads.iter().for_each(|lead| choice.look_at(&Row::of(lead)));
    let chosen = choice.finish();
    let lists = [&chosen.open, &chosen.closed, &chosen.converted].map(|part| (part.ids(query), part.count));
    let mut tags: Vec<_> = chosen.uses.tags.into_iter().collect();
    tags.sort();
    Said {
        lists: lists.to_vec(),
        facets: format!("{:?}", chosen.facets.counts()),
        tags,
        next: chosen.next.map(|next| next.pack()),
    }
}

async fn caller(client: &Client<'_>) -> Caller {
    let store = &client.app.app.store;
    Caller::from(store.find_user(client.org, client.user).await.unwrap().unwrap())
}

/// Folds all there is.
async fn fold(app: &TestApp, org: OrgId) {
    let version = app.app.store.manifest(org).await.unwrap().version;
    app.app.store.fold_by(org, version, &SMALL, app.now()).await.unwrap();
}

#[tokio::test]
async fn many_leads_are_folded_by_who_lists_them_and_listed_as_before() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let rows: String = (0..1_500).map(|n| format!("Ada{n},Lovelace,City {}\n", n % 3)).collect();
    let csv = format!("first name,last name,city\n{rows}");
    let file = ("leads_file", "leads.csv", "text/csv", csv.as_bytes());
    admin.multipart("/api/leads/upload/", &[], &[file]).await;
    let queries = [
        "",
        "?city=city%201&facets=city",
        "?limit=100&offset=1400&ordering=created_on",
        "?offset=1390",
        "?name=ada12&counts=true",
    ];
    let mut before = Vec::new();
    for query in queries {
        before.push(admin.get(&format!("/api/leads/{query}")).await.body);
    }

    admin.get("/api/leads/?name=nobody").await;
    app.deliver().await;

    assert_eq!(app.stored("#INDEX#", ""), 0);
    assert_eq!(app.app.store.manifest(admin.org).await.unwrap().segments[0].rows, 1_500);
    for (query, mut before) in queries.into_iter().zip(before) {
        let now = admin.get(&format!("/api/leads/{query}")).await.body;
        if ["", "?offset=1390"].contains(&query) {
            for counts in ["tag_counts", "source_counts"] {
                assert_eq!(now[counts], Value::Null, "would take reading every segment");
                before[counts].take();
            }
        }
        assert_eq!(now, before, "{query}");
    }
}

#[tokio::test]
async fn a_damaged_or_missing_segment_is_never_answered_from() {
    for (damage, length) in [(0, 0), (20, 1), (300, 1), (500, 1), (900, 1), (0, usize::MAX)] {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        for n in 0..20 {
            admin.open_lead(&format!("L{n}"), json!({"city": "Rome", "tags": ["a"]})).await;
        }
        app.app.store.fold(admin.org, 0, app.now()).await.unwrap();
        let object = app.app.store.manifest(admin.org).await.unwrap().segments[0].object.clone();

        app.bucket.damage(&object, |mut bytes| match length {
            0 => None,
            1 => {
                bytes[damage] ^= 4;
                Some(bytes)
            }
            _ => Some(bytes[..bytes.len() - 1].to_vec()),
        });
        let all = "/api/leads/?name=l&facets=city,source,tags,assigned_to&ordering=-updated_on&search=l";
        let list = admin.get(all).await;
        let folded = app.app.store.fold(admin.org, 1, app.now()).await;
        let made = admin.post("/api/leads/", json!({"first_name": "A", "last_name": "B"})).await;

        assert_eq!(list.status, 500, "{damage} {}", list.text);
        assert!(!list.text.contains("index"), "{}", list.text);
        assert_eq!(made.status, 201);
        assert!(matches!(folded, Ok(Folded::Nothing)), "there is nothing to fold: {folded:?}");
        assert!(app.app.store.fold(admin.org, 1, app.now()).await.is_err());
    }
}

#[tokio::test]
async fn what_a_fold_replaced_goes_an_hour_later() {
    for (method, change) in [("PATCH", json!({"city": "Rome"})), ("POST", json!({"comment": "Called"}))] {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        for n in 0..5 {
            admin.open_lead(&format!("L{n}"), json!({})).await;
            fold(&app, admin.org).await;
        }
        let segments = || app.bucket.objects().iter().filter(|key| key.starts_with("index/")).count();
        assert_eq!(segments(), 5);

        app.pass(Duration::minutes(61));
        for _ in 0..3 {
            let lead = admin.renewed().open_lead("Other", json!({})).await;
            let path = format!("/api/leads/{}/", lead.id());
            admin.renewed().send(method, &path, "application/json", change.to_string()).await;
        }

        assert_eq!(segments(), 1);
        let list = admin.renewed().get("/api/leads/?limit=100").await;
        assert_eq!(names(&list.body, "open_leads").len(), 8);
        assert_eq!(app.stored("#CHORES", ""), 0);
    }
}

#[tokio::test]
async fn what_a_fold_replaced_goes_with_a_later_fold_if_nobody_writes() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for n in 0..2 {
        admin.open_lead(&format!("L{n}"), json!({})).await;
        fold(&app, admin.org).await;
    }
    admin.open_lead("Later", json!({})).await;

    app.pass(Duration::minutes(61));
    app.app.store.ask_fold(admin.org, 2).await;
    app.deliver().await;

    app.app.store.ask_fold(admin.org, 3).await; // in vain
    app.deliver().await;

    // What was replaced an hour ago is gone; what is just now replaced may be read yet.
    assert_eq!(app.bucket.objects().iter().filter(|key| key.starts_with("index/")).count(), 2);
    assert_eq!(app.stored("#INDEX#", ""), 0);
    assert_eq!(names(&admin.renewed().get("/api/leads/").await.body, "open_leads").len(), 3);
}

#[tokio::test]
async fn an_import_is_taken_back_after_it_was_folded() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let csv: String = (0..200).map(|n| format!("Ada{n},L,a{n}@example.com\n")).collect();
    let csv = format!("first name,last name,email\n{csv}");
    let file = ("leads_file", "leads.csv", "text/csv", csv.as_bytes());
    let import = admin.multipart("/api/leads/upload/", &[], &[file]).await;
    let lead = admin.get("/api/leads/?name=ada7&limit=1").await.body["open_leads"][0]["id"].clone();
    for _ in 0..6 {
        fold(&app, admin.org).await;
    }
    assert_eq!(app.stored("#INDEX#", ""), 0);
    admin.patch(&format!("/api/leads/{}/", lead.as_str().unwrap()), json!({"city": "Rome"})).await;

    let path = format!("/api/leads/upload/{}/", import.id());
    let undone = admin.delete(&path).await;

    assert_eq!(undone.body["undo"]["removed_count"], 199, "{}", undone.text);
    assert_eq!(undone.body["undo"]["left_count"], 1);
    for _ in 0..8 {
        let list = admin.get("/api/leads/?search=l&ordering=last_name").await.body;
        assert_eq!((&list["open_leads_count"], &list["open_leads"][0]["id"]), (&json!(1), &lead));
        fold(&app, admin.org).await;
    }
    assert_eq!(app.stored("#INDEX#", ""), 0);
}

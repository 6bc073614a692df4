//! A writer, a folder and a reader of one lead, with their requests about the list index in every order.

use leadline::Store;
use leadline::domain::{Caller, LeadId};
use leadline::index::ListQuery;
use leadline::store::{Chore, StoreError, Task};
use leadline_tests::Gate;
use tokio::time::sleep;

use super::{caller, fold, leads};
use crate::prelude::*;

/// Longer than anything takes that does not wait at a gate.
const LONG: std::time::Duration = std::time::Duration::from_secs(30);

/// Where the lead's row is at first.
#[derive(Debug, Clone, Copy)]
enum Start {
    Row,
    Segment,
    RowOverSegment,
    Pack,
    RowOverPack,
}

/// What the writer does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    Change,
    Delete,
}

/// How the lead is known before and after.
const BEFORE: &str = "before";
const AFTER: &str = "after";

/// The lead as a list shows it.
async fn look(store: &Store, caller: &Caller, query: &ListQuery) -> Result<Option<String>, StoreError> {
    let rows = store.rows(caller.org).await?;
    let listing = store.list(caller, query, rows, Default::default()).await?;
    let lead = listing.open.leads.iter().find(|lead| lead.details.first_name.as_ref().unwrap().as_str() == "It");
    assert!(listing.open.count <= 2, "a lead is there twice");
    assert_eq!(listing.open.count, if lead.is_some() { 2 } else { 1 }, "the other is always there");
    Ok(lead.map(|lead| lead.details.last_name.as_str().to_owned()))
}

async fn begin(app: &TestApp, start: Start) -> (Client<'_>, LeadId) {
    let admin = app.admin().await;
    let first = if matches!(start, Start::RowOverPack | Start::RowOverSegment) { "first" } else { BEFORE };
    if matches!(start, Start::Pack | Start::RowOverPack) {
        let csv = format!("first name,last name\nIt,{first}\nOther,L\n");
        let file = ("leads_file", "l.csv", "text/csv", csv.as_bytes());
        admin.multipart("/api/leads/upload/", &[], &[file]).await;
    } else {
        admin.open_lead("L", json!({"first_name": "Other"})).await;
        admin.open_lead(first, json!({"first_name": "It"})).await;
    }
    if matches!(start, Start::Segment | Start::RowOverSegment) {
        fold(app, admin.org).await;
    }
    let leads = leads(app, admin.org).await;
    let it = leads.iter().find(|lead| lead.details.first_name.as_ref().unwrap().as_str() == "It").unwrap().id;
    if first != BEFORE {
        admin.patch(&format!("/api/leads/{it}/"), json!({"last_name": BEFORE})).await;
    }
    (admin, it)
}

async fn write(store: &Store, caller: &Caller, lead: LeadId, deed: Deed, app: &TestApp) {
    let was = store.find_lead(caller.org, lead).await.unwrap().unwrap();
    match deed {
        Deed::Change => {
            let mut details = was.details.clone();
            details.last_name = AFTER.to_owned().try_into().unwrap();
            let (by, company) = (caller.person.clone(), app.app.ids.company(app.now()));
            let updating = leadline::store::Updating { by, company, converting: None };
            store.update_lead(&was, was.changed(details, app.now()), &updating).await.unwrap();
        }
        Deed::Delete => {
            let chore = Chore::taken_on(caller.org, app.now(), Task::Lead(lead));
            store.remove_lead(&was, &chore, None, app.now()).await.unwrap();
        }
    }
}

/// Goes on in this order as far as it says, then takes the first that can go on; the numbers of those that could at each
/// step.
async fn run(app: &TestApp, start: Start, deed: Deed, order: &[usize], reads: bool) -> Vec<Vec<usize>> {
    let (admin, lead) = begin(app, start).await;
    let caller = caller(&admin).await;
    let query = ListQuery { limit: 10, uses: true, ..ListQuery::default() };
    let gates = [Gate::default(), Gate::default(), Gate::default()];
    let [writer, folder, third] = gates.each_ref().map(|gate| app.store_behind(gate));
    let version = app.app.store.manifest(admin.org).await.unwrap().version;
    let writing = write(&writer, &caller, lead, deed, app);
    let folding = async { folder.fold(caller.org, version, app.now()).await.unwrap() };
    let reading = async {
        match reads {
            true => Some(look(&third, &caller, &query).await.unwrap()),
            false => {
                third.fold(caller.org, version, app.now()).await.unwrap();
                None
            }
        }
    };
    let mut could = Vec::new();
    let stepping = async {
        let (mut done_before_reading, mut began) = (false, false);
        for n in 0.. {
            sleep(LONG).await;
            let able: Vec<usize> = (0..3).filter(|actor| gates[*actor].is_waited_at()).collect();
            let Some(first) = able.first() else { break };
            let next = order.get(n).copied().unwrap_or(*first);
            if next == 2 && !began {
                (began, done_before_reading) = (true, !gates[0].is_waited_at());
            }
            gates[next].open();
            could.push(able);
        }
        done_before_reading
    };
    let ((), _, seen, written_before) = tokio::join!(writing, folding, reading, stepping);
    let after = (deed == Deed::Change).then(|| AFTER.to_owned());
    let when = format!("{start:?} {deed:?} {order:?}");
    if let Some(seen) = seen {
        let allowed = seen == after || (!written_before && seen.as_deref() == Some(BEFORE));
        assert!(allowed, "{when}: {seen:?}");
    }
    let last = look(&app.app.store, &caller, &query).await.unwrap();
    assert_eq!(last, after, "{when}: in the end");
    could
}

/// Every order; how many there are.
async fn every_order(app: &TestApp, start: Start, deed: Deed, reads: bool) -> usize {
    let (mut order, mut runs) = (Vec::new(), 0);
    loop {
        let could = run(app, start, deed, &order, reads).await;
        runs += 1;
        let mut taken: Vec<usize> =
            could.iter().enumerate().map(|(n, able)| order.get(n).copied().unwrap_or(able[0])).collect();
        // The last step at which another could have gone on.
        let next = loop {
            let Some(last) = taken.pop() else { return runs };
            let able = &could[taken.len()];
            if let Some(other) = able.iter().find(|actor| **actor > last) {
                break *other;
            }
        };
        taken.push(next);
        order = taken;
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_sees_a_lead_as_it_was_or_is_in_every_order_of_requests() {
    let app = TestApp::start().await;
    let mut runs = 0;
    for start in [Start::Row, Start::Segment, Start::RowOverSegment, Start::Pack, Start::RowOverPack] {
        for deed in [Deed::Change, Deed::Delete] {
            runs += every_order(&app, start, deed, true).await;
        }
    }
    eprintln!("{runs} orders");
}

#[tokio::test(start_paused = true)]
async fn two_folds_and_a_writer_lose_and_double_nothing_in_every_order_of_requests() {
    let app = TestApp::start().await;
    let mut runs = 0;
    for start in [Start::RowOverSegment, Start::RowOverPack] {
        for deed in [Deed::Change, Deed::Delete] {
            runs += every_order(&app, start, deed, false).await;
        }
    }
    eprintln!("{runs} orders");
}

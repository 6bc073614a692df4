//! A writer, a folder and a reader of one lead, with their requests about the list index in every order.

use leadline::Store;
use leadline::domain::{Caller, LeadId};
use leadline::index::ListQuery;
use leadline::store::{Chore, StoreError, Task};
use leadline_tests::{Aim, Gate};
use tokio::time::sleep;

use super::{caller, fold};
use crate::prelude::*;

/// Longer than anything takes that does not wait at a gate; so short that who waits at one loses no patience.
const CALM: std::time::Duration = std::time::Duration::from_millis(150);

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

/// The lead as a list shows it, and how many it counts.
async fn look(
    store: &Store,
    caller: &Caller,
    query: &ListQuery,
) -> Result<(Option<String>, usize), StoreError> {
    let rows = store.rows(caller.org).await?;
    let listing = store.list(caller, query, rows, Default::default()).await?;
    let name = listing.open.leads.first().map(|lead| lead.details.last_name.as_str().to_owned());
    assert!(listing.open.leads.len() <= 1);
    Ok((name, listing.open.count))
}

async fn begin(app: &TestApp, start: Start) -> (Client<'_>, LeadId) {
    let admin = app.admin().await;
    let first = if matches!(start, Start::RowOverPack | Start::RowOverSegment) { "first" } else { BEFORE };
    let it = if matches!(start, Start::Pack | Start::RowOverPack) {
        let csv = format!("first name,last name\nIt,{first}\n");
        let file = ("leads_file", "l.csv", "text/csv", csv.as_bytes());
        admin.multipart("/api/leads/upload/", &[], &[file]).await;
        let list = admin.get("/api/leads/?fields=leads").await.body;
        list["open_leads"][0]["id"].as_str().unwrap().parse().unwrap()
    } else {
        admin.open_lead(first, json!({})).await.id().parse().unwrap()
    };
    if matches!(start, Start::Segment | Start::RowOverSegment) {
        fold(app, admin.org).await;
    }
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
            details.last_name = AFTER.parse().unwrap();
            let (by, company) = (caller.person.clone(), app.app.ids.company());
            let updating = leadline::store::Updating { by, company, converting: None };
            store.update_lead(&was, was.changed(details, app.now()), &updating).await.unwrap();
        }
        Deed::Delete => {
            let chore = Chore::taken_on(caller.org, app.now(), Task::Lead(lead));
            store.remove_lead(&was, &chore, None, app.now()).await.unwrap();
        }
    }
}

/// A request that goes on: whose, and which of those of theirs that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    actor: usize,
    place: usize,
}

/// A step that was taken, and those that could have been taken instead and were not yet.
#[derive(Debug)]
struct Taken {
    step: Step,
    aim: Aim,
    others: Vec<Step>,
}

/// A table, and three who work with it, each behind a gate.
struct Table<'a> {
    app: &'a TestApp,
    gates: [Gate; 3],
    stores: [Store; 3],
}

impl Table<'_> {
    /// What may go on after this. Of two orders in which only two requests have changed places that have nothing to do
    /// with each other, one is enough.
    fn able(&self, last: Option<&Taken>) -> Vec<(Step, Aim)> {
        let steps = self.gates.iter().enumerate().flat_map(|(actor, gate)| {
            gate.waiting().into_iter().enumerate().map(move |(place, aim)| (Step { actor, place }, aim))
        });
        let is_other = |(step, aim): &(Step, Aim)| {
            last.is_none_or(|last| !last.aim.commutes(*aim) || *step >= last.step)
        };
        steps.filter(is_other).collect()
    }

    /// Lets requests through in this order as far as it says, then the first that may go on; all that were let through.
    /// An order that is another's but for such requests ends in the middle, with the rest let through as it comes.
    async fn step(&self, order: &[Step], written_before: &mut bool) -> Vec<Taken> {
        let (mut taken, mut began): (Vec<Taken>, bool) = (Vec::new(), false);
        loop {
            sleep(CALM).await;
            let able = self.able(taken.last());
            let wanted = order.get(taken.len());
            let next = able.iter().find(|(step, _)| wanted.is_none_or(|wanted| wanted == step));
            let Some((step, aim)) = next.copied() else { break };
            if step.actor == 2 && !began {
                (began, *written_before) = (true, self.gates[0].waiting().is_empty());
            }
            let others = able.into_iter().map(|(step, _)| step).filter(|other| *other > step).collect();
            self.gates[step.actor].open(step.place);
            taken.push(Taken { step, aim, others });
        }
        assert!(taken.len() >= order.len(), "what went on before goes on again");
        while let Some(actor) = (0..3).find(|actor| !self.gates[*actor].waiting().is_empty()) {
            self.gates[actor].open(0);
            sleep(CALM).await;
        }
        taken
    }
}

/// Works with the table in this order.
async fn run(table: &Table<'_>, start: Start, deed: Deed, order: &[Step], reads: bool) -> Vec<Taken> {
    let Table { app, stores: [writer, folder, third], .. } = table;
    let (admin, lead) = begin(app, start).await;
    let caller = caller(&admin).await;
    let query = ListQuery { limit: 10, uses: true, ..ListQuery::default() };
    let version = app.app.store.manifest(admin.org).await.unwrap().version;
    let writing = write(writer, &caller, lead, deed, app);
    let folding = async { folder.fold(caller.org, version, app.now()).await.unwrap() };
    let reading = async {
        if reads {
            return Some(look(third, &caller, &query).await.unwrap());
        }
        third.fold(caller.org, version, app.now()).await.unwrap();
        None
    };
    let mut written_before = false;
    let stepping = table.step(order, &mut written_before);
    let ((), _, seen, taken) = tokio::join!(writing, folding, reading, stepping);

    let after = (deed == Deed::Change).then(|| AFTER.to_owned());
    let when = format!("{start:?} {deed:?} {order:?}");
    let count = usize::from(after.is_some());
    if let Some((seen, counted)) = seen {
        let before = !written_before;
        assert!(seen == after || (before && seen.as_deref() == Some(BEFORE)), "{when}: {seen:?}");
        assert!(counted == count || (before && counted == 1), "{when}: {counted}");
    }
    let last = look(&app.app.store, &caller, &query).await.unwrap();
    assert_eq!(last, (after, count), "{when}: in the end");
    taken
}

/// Every order; how many there are.
async fn every_order(start: Start, deed: Deed, reads: bool) -> usize {
    let app = TestApp::start().await;
    let (mut order, mut runs) = (Vec::new(), 0);
    let gates = [Gate::default(), Gate::default(), Gate::default()];
    let stores = gates.each_ref().map(|gate| app.store_behind(gate));
    let table = Table { app: &app, gates, stores };
    loop {
        let mut taken = run(&table, start, deed, &order, reads).await;
        runs += 1;
        // The last step at which another could have been taken.
        while taken.last().is_some_and(|last| last.others.is_empty()) {
            taken.pop();
        }
        let Some(last) = taken.pop() else { return runs };
        order = taken.iter().map(|taken| taken.step).chain([last.others[0]]).collect();
    }
}

#[tokio::test(start_paused = true)]
async fn a_reader_sees_a_lead_as_it_was_or_is_in_every_order_of_requests() {
    let mut runs = 0;
    for start in [Start::Row, Start::Segment, Start::RowOverSegment] {
        for deed in [Deed::Change, Deed::Delete] {
            runs += every_order(start, deed, true).await;
        }
    }
    assert!(runs > 200, "{runs}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_sees_an_imported_lead_as_it_was_or_is_in_every_order_of_requests() {
    let mut runs = 0;
    for start in [Start::Pack, Start::RowOverPack] {
        for deed in [Deed::Change, Deed::Delete] {
            runs += every_order(start, deed, true).await;
        }
    }
    assert!(runs > 200, "{runs}");
}

#[tokio::test(start_paused = true)]
async fn two_folds_and_a_writer_lose_and_double_nothing_in_every_order_of_requests() {
    let mut runs = 0;
    for start in [Start::RowOverSegment, Start::RowOverPack] {
        for deed in [Deed::Change, Deed::Delete] {
            runs += every_order(start, deed, false).await;
        }
    }
    assert!(runs > 200, "{runs}");
}

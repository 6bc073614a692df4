//! The function's own binary, killed at every step that another can see: every row of a file is a lead exactly once.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod check;
mod engines;
mod process;
mod queue;
mod sheet;
mod world;

use std::any::Any;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use leadline::domain::{Action, Import, ImportOptions, RowCounts};
use leadline::import::{Importer, file_of};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

use process::Stop;
use queue::Queue;
use sheet::{Changes, Sheet};
use world::World;

/// What a dropped file is called.
const NAME: &str = "leads of Köln (1)+2.csv";
/// Runs at a time, of all tests.
const LANES: usize = 4;
/// Failures after which no more are looked for.
const ENOUGH: usize = 8;
static FREE: Semaphore = Semaphore::const_new(LANES);
static SHEET: LazyLock<Sheet> = LazyLock::new(Sheet::new);
static CHANGES: LazyLock<Changes> = LazyLock::new(Changes::new);

/// Runs with 1, 1 + step and so on until a run says that its process came to its end before; how many did not. A
/// failure names the number.
async fn at_every<F>(step: usize, run: fn(usize) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let (next, over) = (AtomicUsize::new(1), AtomicBool::new(false));
    let (failures, killed) = (Mutex::new(Vec::new()), AtomicUsize::new(0));
    let lane = async || {
        loop {
            let _free = FREE.acquire().await.unwrap();
            if over.load(Ordering::SeqCst) || failures.lock().unwrap().len() >= ENOUGH {
                return;
            }
            let n = next.fetch_add(step, Ordering::SeqCst);
            match tokio::spawn(run(n)).await {
                Ok(true) => drop(killed.fetch_add(1, Ordering::SeqCst)),
                Ok(false) => over.store(true, Ordering::SeqCst),
                Err(error) => failures.lock().unwrap().push((n, words(&*error.into_panic()).to_owned())),
            }
        }
    };
    tokio::join!(lane(), lane(), lane(), lane());
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    let failures: Vec<String> =
        failures.into_iter().map(|(n, why)| format!("at request {n}: {why}")).collect();
    assert!(failures.is_empty(), "{} runs fail:\n{}", failures.len(), failures.join("\n"));
    killed.into_inner()
}

/// What a panic says.
fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words")
}

/// The one import of the file that was dropped.
async fn the_import(world: &World) -> Import {
    let (imports, _) = world.store.imports(world.org, None, 0, 10).await.unwrap();
    let dropped: Vec<Import> = imports.into_iter().filter(|import| import.file_name == NAME).collect();
    assert_eq!(dropped.len(), 1, "{dropped:?}");
    dropped.into_iter().next().unwrap()
}

/// Of the 515 rows of the file, 500 are leads, each once.
async fn check_new(world: &World) {
    let import = the_import(world).await;
    let counts = RowCounts { imported: 500, failed: 5, skipped: 10, updated: 0 };
    check::report(world, &import, &SHEET.csv, counts, &SHEET.bad).await;
    assert_eq!(import.ignored_columns, ["Shoe size"]);
    let leads = check::leads(world).await;
    assert!(leads.keys().eq(SHEET.people.keys()), "{} leads", leads.len());
    for (email, lead) in &leads {
        let (person, details) = (&SHEET.people[email], &lead.details);
        assert_eq!((lead.version, lead.import), (1, Some(import.id)));
        assert_eq!(details.last_name.as_str(), person.last_name);
        assert_eq!(details.phone.as_ref().unwrap().as_str(), person.phone);
        assert_eq!(details.account_name.as_ref().map(|name| name.as_str()), person.company.as_deref());
        assert_eq!(details.source.as_ref().map(|source| source.as_str()), person.source.as_deref());
        assert_eq!(details.tags.folded().collect::<Vec<_>>(), person.tags);
        let of = |users: &[usize]| users.iter().any(|n| details.assigned_to == [world.users[*n].id]);
        assert!(
            match (person.owner, person.source.as_deref()) {
                (Some(owner), _) => of(&[owner]),
                (None, Some("Trade Show")) => of(&[0, 1, 2]),
                (None, Some("Referral")) => of(&[1, 2]),
                (None, _) => details.assigned_to.is_empty(),
            },
            "{email} is assigned to {:?}",
            details.assigned_to
        );
    }
}

/// Kills the first process at its n-th request.
async fn kill_one(n: usize) -> bool {
    let world = World::new().await;
    let mut queue = Queue::new(&world.engines, vec![Stop::after(n)]);
    world.drop_file(NAME, &SHEET.csv, &[]).await;

    queue.deliver().await;

    check_new(&world).await;
    queue.killed
}

/// Two processes get every message at the same moment; one is killed at its n-th request, and so is the next one that
/// gets its message, at the half of it.
async fn kill_one_of_two(n: usize) -> bool {
    let world = World::new().await;
    let mut one = Queue::new(&world.engines, vec![Stop::after(n), Stop::after(n / 2 + 1)]);
    let mut other = Queue::new(&world.engines, Vec::new());
    world.drop_file(NAME, &SHEET.csv, &[]).await;

    while let (true, _) | (_, true) = tokio::join!(one.deliver(), other.deliver()) {}

    check_new(&world).await;
    one.killed
}

/// Two processes get every message; one stands still before its n-th request until the other has done everything, and
/// is killed right after it.
async fn kill_the_slower(n: usize) -> bool {
    let world = World::new().await;
    let (go, held) = watch::channel(false);
    let mut slow = Queue::new(&world.engines, vec![Stop { after: n, held: Some(held) }]);
    let mut quick = Queue::new(&world.engines, Vec::new());
    world.drop_file(NAME, &SHEET.csv, &[]).await;

    let quick = async {
        quick.deliver().await;
        go.send(true).unwrap();
        quick
    };
    let (_, mut quick) = tokio::join!(slow.deliver(), quick);
    while slow.deliver().await || quick.deliver().await {}

    check_new(&world).await;
    slow.killed
}

/// Kills the process that changes leads at its n-th request.
async fn kill_a_change(n: usize) -> bool {
    let world = World::new().await;
    let (app, now) = (&world, world.clock.now());
    let importer = Importer::of(&app.store, &app.files, &app.clock, &app.ids);
    let before = Import::new(app.ids.import(now), app.org, "before.csv", ImportOptions::default(), None, now);
    let (file, content) = file_of(CHANGES.before.as_bytes()).unwrap();
    importer.receive(&before, file, content).await.unwrap();
    let mut queue = Queue::new(&world.engines, vec![Stop::after(n)]);
    world.drop_file(NAME, &CHANGES.csv, &[("on-duplicate", "update")]).await;

    queue.deliver().await;

    check_changed(&world).await;
    queue.killed
}

/// Each lead has the last phone that the file says, and its history each phone once.
async fn check_changed(world: &World) {
    let import = the_import(world).await;
    let Changes { csv, phones, bad, imported, updated, .. } = &*CHANGES;
    let counts = RowCounts { imported: *imported, failed: 3, skipped: 0, updated: *updated };
    check::report(world, &import, csv, counts, bad).await;
    let leads = check::leads(world).await;
    assert!(leads.keys().eq(phones.keys()), "{:?}", leads.keys());
    for (email, lead) in &leads {
        let phones = &phones[email];
        assert_eq!(
            lead.details.phone.as_ref().map(|phone| phone.as_str()),
            phones.last().map(String::as_str)
        );
        let mut history =
            world.store.history(world.org, lead.id, None).await.unwrap().or_created(lead).events;
        history.reverse();
        let actions: Vec<Action> = history.iter().map(|event| event.action).collect();
        let all_changed = actions.iter().skip(1).all(|action| *action == Action::Changed);
        assert!(actions[0] == Action::Created && all_changed, "{email}: {actions:?}");
        let changes: Vec<Value> = history.iter().skip(1).map(|event| json!(event.changes)).collect();
        let change = |pair: &[String]| json!({ "phone": { "from": pair[0], "to": pair[1] } });
        assert_eq!(changes, phones.windows(2).map(change).collect::<Vec<_>>(), "{email}");
        assert_eq!(lead.version, u64::try_from(phones.len()).unwrap());
    }
    let updated = world.store.updated_rows(world.org, import.id, u32::MAX, usize::MAX).await.unwrap();
    assert_eq!(updated.len(), phones.values().map(|phones| phones.len() - 1).sum::<usize>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_at_any_request_and_told_again_makes_each_row_a_lead_once() {
    let killed = at_every(1, kill_one).await;

    assert!(killed > 50, "only {killed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_at_once_of_which_one_is_killed_make_each_row_a_lead_once() {
    let killed = at_every(3, kill_one_of_two).await;

    assert!(killed > 10, "only {killed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_comes_too_late_and_is_killed_leaves_nothing() {
    let killed = at_every(4, kill_the_slower).await;

    assert!(killed > 10, "only {killed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_killed_while_it_changes_leads_changes_each_once() {
    let killed = at_every(1, kill_a_change).await;

    assert!(killed > 30, "only {killed}");
}

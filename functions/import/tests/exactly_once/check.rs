//! What must hold when nothing waits any more, looked at from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use leadline::domain::{Import, ImportState, Lead, RowCounts, fold};
use serde_json::{Value, json};

use super::world::World;

fn text<'v>(item: &'v Value, name: &str) -> &'v str {
    item[name]["S"].as_str().unwrap_or_default()
}

fn number(item: &Value, name: &str) -> i64 {
    item[name]["N"].as_str().unwrap_or_default().parse().unwrap()
}

/// What is there is what must be there; only what differs is told.
#[track_caller]
fn same<V: PartialEq + Debug>(what: &str, there: &BTreeMap<String, V>, expected: &BTreeMap<String, V>) {
    let keys: BTreeSet<&String> = there.keys().chain(expected.keys()).collect();
    let differing = keys.into_iter().filter(|key| there.get(*key) != expected.get(*key));
    let differing: Vec<_> = differing.take(5).map(|key| (key, there.get(key), expected.get(key))).collect();
    assert!(differing.is_empty(), "{what}, there and expected: {differing:?}");
}

/// Every lead of the list: the table holds no other, each once by its e-mail, and all that counts them is right.
pub(crate) async fn leads(world: &World) -> BTreeMap<String, Lead> {
    let (listed, items) = (world.leads().await, world.engines.items());
    let with = |sk: &'static str| items.iter().filter(move |item| text(item, "SK") == sk);
    let tail = |item: &Value| text(item, "PK").rsplit('#').next().unwrap_or_default().to_owned();

    let ids: BTreeSet<String> = listed.iter().map(|lead| lead.id.to_string()).collect();
    let stored: BTreeSet<String> = with("LEAD").map(tail).collect();
    let (unlisted, missing) = (stored.difference(&ids).count(), ids.difference(&stored).count());
    assert_eq!(
        (unlisted, missing),
        (0, 0),
        "leads without a row and rows without a lead, of {}",
        stored.len()
    );
    assert_eq!(ids.len(), listed.len(), "a lead is listed twice");

    let email = |lead: &Lead| fold(lead.details.email.as_ref().unwrap().as_str());
    let known: BTreeMap<String, (i64, String)> = with("EMAIL")
        .map(|item| (tail(item), (number(item, "leads"), text(item, "last_lead").to_owned())))
        .collect();
    let expected = listed.iter().map(|lead| (email(lead), (1, lead.id.to_string()))).collect();
    same("e-mails and their leads", &known, &expected);

    let mut loads: BTreeMap<String, i64> = BTreeMap::new();
    for item in with("LOAD") {
        let users = item.as_object().unwrap().keys().filter(|name| name.len() == 32);
        users.for_each(|user| *loads.entry(user.clone()).or_default() += number(item, user));
    }
    let mut expected: BTreeMap<String, i64> = BTreeMap::new();
    for user in listed.iter().flat_map(|lead| &lead.details.assigned_to) {
        *expected.entry(user.0.simple().to_string()).or_default() += 1;
    }
    same("open leads by user", &loads, &expected);

    let companies: Vec<(String, &Value)> =
        with("COMPANY").map(|item| (fold(text(item, "name")), item)).collect();
    let by_name: BTreeMap<&str, &Value> =
        companies.iter().map(|(name, item)| (name.as_str(), *item)).collect();
    assert_eq!(by_name.len(), companies.len(), "a company is there twice");
    assert_eq!(items.iter().filter(|item| tail(item) == "COMPANIES").count(), companies.len());
    let mut named = BTreeSet::new();
    for lead in &listed {
        let name = lead.details.account_name.as_ref().map(|name| fold(name.as_str()));
        let company = name.as_deref().map(|name| text(by_name[name], "id").to_owned());
        assert_eq!(lead.company.map(|company| company.to_string()), company, "the company of {name:?}");
        named.extend(name);
    }
    assert!(by_name.keys().all(|name| named.contains(*name)), "a company of no lead");
    for (name, company) in by_name {
        assert!(ids.contains(text(company, "created_from_lead")), "{name} was made by no lead");
    }
    listed.into_iter().map(|lead| (email(&lead), lead)).collect()
}

/// An import is over with these counts and failures, and has left one report.
pub(crate) async fn report(
    world: &World,
    import: &Import,
    csv: &str,
    counts: RowCounts,
    bad: &[(u32, &str)],
) {
    assert_eq!((import.state, &import.error, import.repeat_of), (ImportState::Success, &None, None));
    assert_eq!((import.counts, import.rows), (counts, counts.rows()));
    assert_eq!((import.chunks, import.chunks_done), (Some(1), 1));
    assert!(import.finished_on.is_some());
    let mut sum = RowCounts::default();
    for (_, progress) in world.store.chunks(world.org, import.id).await.unwrap() {
        assert!(progress.done);
        sum += progress.counts;
    }
    assert_eq!(sum, counts);

    let id = import.id.to_string();
    let objects = world.engines.objects().into_iter().filter(|key| key.contains(&id));
    let mut expected = vec![import.chunk_object(0), import.result_object("errors.csv")];
    expected.extend((0..import.late_chunks).map(|n| import.late_object(n)));
    expected.push(import.result_object("result.json"));
    assert_eq!(objects.collect::<Vec<_>>(), expected);

    let read = async |name: &str| world.files.read(&import.result_object(name)).await.unwrap().unwrap();
    let result: Value = serde_json::from_slice(&read("result.json").await).unwrap();
    let expected = json!({
        "row_count": counts.rows(), "imported_count": counts.imported, "failed_count": counts.failed,
        "skipped_count": counts.skipped, "updated_count": counts.updated,
    });
    for (name, expected) in expected.as_object().unwrap() {
        assert_eq!(result[name], *expected, "{name} of the report");
    }
    let errors = result["errors"].as_array().unwrap();
    let rows: BTreeSet<(u64, &str)> = errors
        .iter()
        .map(|error| (error["row"].as_u64().unwrap(), error["field"].as_str().unwrap()))
        .collect();
    let expected: Vec<(u64, &str)> = bad.iter().map(|(row, field)| (u64::from(*row), *field)).collect();
    assert!(expected.iter().all(|error| rows.contains(error)), "{errors:?}");
    assert_eq!(rows.iter().map(|(row, _)| row).collect::<BTreeSet<_>>().len(), bad.len(), "{errors:?}");

    let file = String::from_utf8(read("errors.csv").await.to_vec()).unwrap();
    let lines: Vec<&str> = file.trim_start_matches('\u{feff}').lines().collect();
    let row = |row: u32| csv.lines().nth(row as usize - 1).unwrap();
    let expected: Vec<&str> = [row(1)].into_iter().chain(bad.iter().map(|(n, _)| row(*n))).collect();
    assert_eq!(lines.len(), expected.len(), "{file}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.len() > expected.len() + 1 && line.starts_with(expected), "{line} in errors.csv");
    }
}

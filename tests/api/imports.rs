//! Files of leads: sent in a request, by a link, or put into the bucket.

mod cut;
mod dropped;
mod duplicates;
mod files;
mod link;
mod once;
mod options;
mod rights;
mod taken_back;
mod undo;
mod update;
mod upload;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration as Wait;

use leadline_tests::{Answer, TRIP};
use tokio::time::{advance, sleep};

use crate::prelude::*;

/// Where the files of other programs are.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/files");

/// Sends a file of leads.
async fn send(
    client: &Client<'_>,
    name: &str,
    content: impl AsRef<[u8]>,
    options: &[(&str, &str)],
) -> Answer {
    let file = ("leads_file", name, "application/octet-stream", content.as_ref());
    client.multipart("/api/leads/upload/", options, &[file]).await
}

/// Imported, failed, skipped, updated.
fn counts(import: &Value) -> [u64; 4] {
    ["imported_count", "failed_count", "skipped_count", "updated_count"]
        .map(|name| import[name].as_u64().unwrap())
}

/// The leads of an organisation, newest first.
async fn leads(client: &Client<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let list = client.get(&format!("/api/leads/?fields=leads&limit=100&offset={}", all.len())).await;
        let page = list.body["open_leads"].as_array().unwrap().clone();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// An import as it is shown now.
async fn shown(client: &Client<'_>, id: &str) -> Value {
    let answer = client.get(&format!("/api/leads/upload/{id}/")).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body
}

/// Sends a file of leads by a link; the import when it is over.
async fn send_by_link(
    client: &Client<'_>,
    name: &str,
    content: impl AsRef<[u8]>,
    options: &[(&str, &str)],
) -> Value {
    let content = content.as_ref().to_vec();
    let mut asked = json!({ "file_name": name, "size": content.len() });
    options.iter().for_each(|(name, value)| asked[*name] = json!(value));
    let answer = client.post("/api/leads/upload/", asked).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let upload = &answer.body["upload"];
    let (status, _, text) =
        client.app.put(upload["url"].as_str().unwrap(), &upload["headers"], content).await;
    assert_eq!(status, 200, "{name}: {text:?}");
    client.app.deliver().await;
    shown(client, &answer.id()).await
}

/// Puts a file of leads into the bucket as an operator does; the import when it is over.
async fn send_by_bucket(
    client: &Client<'_>,
    name: &str,
    content: impl AsRef<[u8]>,
    metadata: &[(&str, &str)],
) -> Value {
    let key = format!("imports/{}/{name}", client.org);
    client.app.drop_object(&key, content.as_ref().to_vec(), metadata).await;
    client.app.deliver().await;
    let newest = client.get("/api/leads/upload/?limit=1").await;
    shown(client, newest.body["imports"][0]["id"].as_str().unwrap()).await
}

/// The rows of an import that failed, as it offers them.
async fn report(client: &Client<'_>, import: &Value) -> String {
    let (status, _, content) = client.app.fetch(import["errors_file"].as_str().unwrap()).await;
    assert_eq!(status, 200, "{content:?}");
    String::from_utf8(content.to_vec()).unwrap()
}

/// A file of so many leads, with the e-mails `0@example.com` and so on.
fn csv(rows: usize) -> String {
    let mut csv = "first name,last name,email\n".to_owned();
    (0..rows).for_each(|n| csv += &format!("Lead,No {n},{n}@example.com\n"));
    csv
}

/// Puts a file of leads into the bucket as an operator does; nobody knows of it yet.
async fn drop_file(client: &Client<'_>, name: &str, content: impl AsRef<[u8]>, metadata: &[(&str, &str)]) {
    let key = format!("imports/{}/{name}", client.org);
    client.app.drop_object(&key, content.as_ref().to_vec(), metadata).await;
}

/// The imports of an organisation, newest first.
async fn imports(client: &Client<'_>) -> Vec<Value> {
    let list = client.get("/api/leads/upload/?limit=100").await;
    list.body["imports"].as_array().unwrap().clone()
}

/// All leads of an organisation, whatever their status, once lists, leads, counters, e-mails and loads agree.
async fn in_step(client: &Client<'_>) -> Vec<Value> {
    let statuses = "assigned,in%20process,converted,recycled,closed";
    let mut lists = [Vec::new(), Vec::new(), Vec::new()];
    for offset in (0..).step_by(100) {
        let path = format!("/api/leads/?fields=leads&status={statuses}&limit=100&offset={offset}");
        let page = client.get(&path).await.body;
        let before = lists.iter().map(Vec::len).sum::<usize>();
        for (name, list) in ["open_leads", "closed_leads", "converted_leads"].iter().zip(&mut lists) {
            list.extend(page[*name].as_array().unwrap().clone());
        }
        if lists.iter().map(Vec::len).sum::<usize>() == before {
            let names = ["open_leads_count", "closed_leads_count", "converted_leads_count"];
            assert_eq!(
                names.map(|name| page[name].as_u64()),
                lists.each_ref().map(|it| Some(it.len() as u64))
            );
            break;
        }
    }
    let counts = client.app.app.store.counts(client.org).await.unwrap();
    let counted = [counts.open, counts.closed, counts.converted];
    assert_eq!(counted, lists.each_ref().map(|list| i64::try_from(list.len()).unwrap()), "counters");
    let mut loads: BTreeMap<String, i64> = BTreeMap::new();
    for user in lists[0].iter().flat_map(|lead| lead["assigned_to"].as_array().unwrap()) {
        *loads.entry(user.as_str().unwrap().replace('-', "")).or_default() += 1;
    }
    let leads = lists.concat();
    let mut emails: BTreeMap<String, i64> = BTreeMap::new();
    for email in leads.iter().filter_map(|lead| lead["email"].as_str()) {
        *emails.entry(email.to_lowercase()).or_default() += 1;
    }
    let ids: BTreeSet<&str> = leads.iter().map(|lead| lead["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), leads.len(), "a lead stands twice in the lists");
    if leads.len() > 500 {
        return leads; // more items than the engine gives at once
    }

    let org = format!("ORG#{}#", client.org);
    let (mut stored, mut known, mut busy) = (BTreeSet::new(), BTreeMap::new(), BTreeMap::new());
    let items = client.app.engine.items("leadline");
    let number = |value: &Value| value["N"].as_str().and_then(|n| n.parse::<i64>().ok());
    for item in &items {
        let Some(key) = item["PK"]["S"].as_str().and_then(|key| key.strip_prefix(&org)) else { continue };
        match key.split_once('#') {
            Some(("LEAD", id)) if item["SK"]["S"] == "LEAD" => _ = stored.insert(id),
            Some(("EMAIL", email)) => {
                known.extend(number(&item["leads"]).filter(|n| *n != 0).map(|n| (email.to_owned(), n)));
            }
            Some(("LOAD", _)) => {
                for (user, n) in item.as_object().unwrap().iter().filter(|(name, _)| name.len() == 32) {
                    *busy.entry(user.clone()).or_default() += number(n).unwrap();
                }
            }
            _ => {}
        }
    }
    busy.retain(|_, n| *n != 0);
    assert_eq!(stored.symmetric_difference(&ids).collect::<Vec<_>>(), [&""; 0], "leads");
    let differing = known.iter().filter(|(email, n)| emails.get(*email) != Some(n));
    assert_eq!((differing.collect::<Vec<_>>(), known.len()), (Vec::new(), emails.len()), "e-mails");
    assert_eq!(busy, loads, "open leads of each user");
    leads
}

/// Does something while each request takes so much longer.
async fn slowly<T>(by: Wait, work: impl Future<Output = T>) -> T {
    let drag = async {
        loop {
            sleep(TRIP).await;
            advance(by).await;
        }
    };
    tokio::select! {
        biased;
        done = work => done,
        () = drag => unreachable!(),
    }
}

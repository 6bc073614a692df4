//! Files of leads: sent in a request, by a link, or put into the bucket.

mod upload;

use leadline_tests::Answer;

use crate::prelude::*;

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

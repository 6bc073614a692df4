//! Messages as functions read them: a notification of S3 in a message of SQS.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::SecondsFormat;
use leadline::domain::OrgId;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::crypto::{Checksum as _, Md5};
use serde_json::{Value, json};
use uuid::Uuid;

use super::journal::Entry;

/// The event that S3 sends to a queue that is new to it.
pub(super) const TEST_EVENT: &str = "s3:TestEvent";

const REGION: &str = "us-east-1";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:leadline";
/// Who does everything here.
const PRINCIPAL: &str = "LOCAL";

/// What S3 encodes of a key, before it makes `+` of each space.
const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b' ').remove(b'*').remove(b'-').remove(b'.').remove(b'/').remove(b'_');

/// What is said of an object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) size: i64,
    pub(super) e_tag: String,
}

/// A message. Copies are one message, delivered more than once.
#[derive(Debug, Clone)]
pub struct Message {
    entry: Entry,
    body: String,
    received: Arc<AtomicU32>,
}

impl Message {
    /// Of an object that came.
    pub(super) fn created(entry: Entry, bucket: &str, object: &Object) -> Self {
        let record = json!({
            "eventVersion": "2.6",
            "eventSource": "aws:s3",
            "awsRegion": REGION,
            "eventTime": time(&entry),
            "eventName": entry.event,
            "userIdentity": { "principalId": PRINCIPAL },
            "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "responseElements": { "x-amz-request-id": entry.id, "x-amz-id-2": entry.id },
            "s3": {
                "s3SchemaVersion": "1.0",
                "configurationId": "leadline",
                "bucket": {
                    "name": bucket,
                    "ownerIdentity": { "principalId": PRINCIPAL },
                    "arn": format!("arn:aws:s3:::{bucket}"),
                },
                "object": {
                    "key": encoded(&entry.key),
                    "size": object.size,
                    "eTag": object.e_tag,
                    "sequencer": format!("{:X}", entry.id.simple()),
                },
            },
        });
        Self::new(entry, &json!({ "Records": [record] }))
    }

    /// The first one of a queue.
    pub(super) fn test(entry: Entry, bucket: &str) -> Self {
        let body = json!({
            "Service": "Amazon S3",
            "Event": TEST_EVENT,
            "Time": time(&entry),
            "Bucket": bucket,
            "RequestId": entry.id,
            "HostId": entry.id,
        });
        Self::new(entry, &body)
    }

    fn new(entry: Entry, body: &Value) -> Self {
        Self { entry, body: body.to_string(), received: Arc::default() }
    }

    /// The same at each delivery.
    pub fn id(&self) -> Uuid {
        self.entry.id
    }

    pub(super) fn key(&self) -> &str {
        &self.entry.key
    }

    /// Whose it is, for the log: the rest of a key may name people.
    pub(super) fn org(&self) -> String {
        let org = self.entry.key.split('/').nth(1).and_then(|org| org.parse::<OrgId>().ok());
        org.map_or_else(|| "none".to_owned(), |org| org.to_string())
    }

    /// How often it was delivered.
    pub(crate) fn received(&self) -> u32 {
        self.received.load(Ordering::Relaxed)
    }

    /// The event of one more delivery.
    pub(super) fn event(&self) -> Value {
        let received = self.received.fetch_add(1, Ordering::Relaxed) + 1;
        let sent = self.entry.time.timestamp_millis().to_string();
        let md5: String =
            Md5::checksum(self.body.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        let message = json!({
            "messageId": self.entry.id,
            "receiptHandle": Uuid::new_v4(),
            "body": self.body,
            "attributes": {
                "ApproximateReceiveCount": received.to_string(),
                "SentTimestamp": sent,
                "SenderId": PRINCIPAL,
                "ApproximateFirstReceiveTimestamp": sent,
            },
            "messageAttributes": {},
            "md5OfBody": md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": QUEUE,
            "awsRegion": REGION,
        });
        json!({ "Records": [message] })
    }
}

fn time(entry: &Entry) -> String {
    entry.time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn encoded(key: &str) -> String {
    utf8_percent_encode(key, ENCODED).to_string().replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The names of all fields, with those of the body.
    fn fields(value: &Value, above: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(pairs) => {
                for (name, value) in pairs {
                    let path = format!("{above}/{name}");
                    fields(value, &path, found);
                    found.insert(path);
                }
            }
            Value::Array(values) => values.iter().for_each(|value| fields(value, above, found)),
            Value::String(text) if above.ends_with("/body") => {
                fields(&serde_json::from_str(text).unwrap(), above, found);
            }
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    #[track_caller]
    fn assert_like(message: &Message, fixture: &str) {
        let (mut ours, mut theirs) = (BTreeSet::new(), BTreeSet::new());
        fields(&message.event(), "", &mut ours);
        fields(&serde_json::from_str(fixture).unwrap(), "", &mut theirs);
        assert_eq!(ours, theirs);
    }

    #[test]
    fn messages_have_the_fields_of_real_ones() {
        let object = Object { size: 1, e_tag: "e".to_owned() };
        let created = Message::created(Entry::new("ObjectCreated:Put", "imports/a"), "b", &object);
        let test = Message::test(Entry::new(TEST_EVENT, "imports/"), "b");

        assert_like(&created, include_str!("../../../events/import-file.json"));
        assert_like(&test, include_str!("../../../events/import-test-event.json"));
    }

    #[test]
    fn a_key_is_encoded_as_in_a_form_but_for_its_slashes() {
        assert_eq!(
            encoded("imports/x/leads of Köln (1)+2.csv"),
            "imports/x/leads+of+K%C3%B6ln+%281%29%2B2.csv"
        );
    }

    #[test]
    fn each_delivery_counts() {
        let message = Message::test(Entry::new(TEST_EVENT, "imports/"), "b");
        let count = |event: &Value| event["Records"][0]["attributes"]["ApproximateReceiveCount"].clone();

        assert_eq!(count(&message.event()), "1");
        assert_eq!(count(&message.clone().event()), "2");
        assert_eq!(message.received(), 2);
    }

    #[test]
    fn the_log_learns_the_organisation_and_no_more() {
        let org = "0195d7a0-0000-7000-8000-000000000001";
        let of = |key: &str| Message::test(Entry::new("ObjectCreated:Put", key), "b").org();

        assert_eq!(of(&format!("imports/{org}/Ada.csv")), org);
        assert_eq!(of("imports/Ada.csv"), "none");
    }
}

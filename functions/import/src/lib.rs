//! What the bucket says: a file to import was put into it, or a piece of one.

use lambda_runtime::LambdaEvent;
use leadline::App;
use leadline::import::{ImportError, Importer, Outcome};
use leadline::telemetry::{self, About, End, Metric};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

/// Messages of a queue (AWS Lambda developer guide, "Using Lambda with Amazon SQS"), each with what a bucket said.
#[derive(Debug, Clone, Deserialize)]
pub struct Messages {
    #[serde(rename = "Records")]
    records: Vec<Message>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    body: String,
}

/// The messages that must come again; the others are done with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

/// What a bucket says (Amazon S3 user guide, "Event message structure"). The first that a queue gets is a test without
/// records.
#[derive(Debug, Default, Deserialize)]
struct Notification {
    #[serde(rename = "Records", default)]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    s3: Put,
}

#[derive(Debug, Deserialize)]
struct Put {
    bucket: Bucket,
    object: Object,
}

#[derive(Debug, Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    /// Encoded as in a form.
    key: String,
    #[serde(default)]
    e_tag: String,
    version_id: Option<String>,
}

/// Answers one event.
pub async fn handle(app: &App, event: LambdaEvent<Messages>) -> Failures {
    let mut failures = Failures::default();
    for message in event.payload.records {
        let about = About {
            request_id: &event.context.request_id,
            message_id: Some(&message.message_id),
            trace: event.context.xray_trace_id.as_deref(),
            now: app.clock.now(),
            ..About::default()
        };
        let (outcome, _) =
            app.watch.over(about, Box::pin(answer(app, &message)), |(_, said)| End::Outcome(said)).await;
        if outcome == Outcome::Again {
            failures.add(message);
        }
    }
    failures
}

/// What is to be done with a message, and what the log says of that.
async fn answer(app: &App, message: &Message) -> (Outcome, &'static str) {
    match take(app, message).await {
        Ok(Outcome::Done) => (Outcome::Done, "done"),
        Ok(Outcome::Again) => (Outcome::Again, "again"),
        Err(error) => {
            telemetry::count(Metric::Failed, 1);
            tracing::error!(
                message_id = message.message_id,
                cause = telemetry::chain(&error),
                "not imported"
            );
            (Outcome::Again, "failed")
        }
    }
}

impl Failures {
    fn add(&mut self, message: Message) {
        self.batch_item_failures.push(Failure { item_identifier: message.message_id });
    }
}

async fn take(app: &App, message: &Message) -> Result<Outcome, ImportError> {
    let Ok(said) = serde_json::from_str::<Notification>(&message.body) else {
        tracing::error!(message_id = message.message_id, "a message that no bucket sends is passed over");
        return Ok(Outcome::Done);
    };
    let importer = Importer::new(app)?;
    let mut outcome = Outcome::Done;
    for Record { s3: Put { bucket, object } } in said.records {
        // The queue takes what any bucket of the account sends.
        if app.files.as_ref().is_none_or(|files| files.bucket() != bucket.name) {
            tracing::warn!(message_id = message.message_id, "an object of another bucket is passed over");
            continue;
        }
        let key = object.key.replace('+', " ");
        let Ok(key) = percent_decode_str(&key).decode_utf8() else {
            tracing::error!(
                message_id = message.message_id,
                "an object whose key is not UTF-8 is passed over"
            );
            continue;
        };
        if importer.object(&key, &object.e_tag, object.version_id.as_deref()).await? == Outcome::Again {
            outcome = Outcome::Again;
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_as_it_is_sent() {
        let sent = include_str!("../../../events/import-file.json");

        let messages: Messages = serde_json::from_str(sent).unwrap();

        let said: Notification = serde_json::from_str(&messages.records[0].body).unwrap();
        assert!(said.records[0].s3.object.key.starts_with("imports/"));
        assert!(!said.records[0].s3.object.e_tag.is_empty());
        let test = r#"{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}"#;
        assert!(serde_json::from_str::<Notification>(test).unwrap().records.is_empty());
    }
}

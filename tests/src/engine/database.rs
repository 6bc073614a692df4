//! The engine itself: one in this process, or DynamoDB Local where `DYNAMODB_LOCAL` says that it listens.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use dynoxide::DynoxideError;
use ureq::Agent;

/// What no engine here answers in one piece.
const LARGEST: u64 = 32 << 20;

/// A database of its own. Cheap to clone.
#[derive(Clone)]
pub(super) enum Database {
    Here(dynoxide::Database),
    /// Without a shared database each access key has one of its own.
    Local {
        url: &'static str,
        access_key: String,
    },
}

/// An operation that was refused, as DynamoDB says it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Database {
    pub(super) fn new() -> Self {
        static LOCAL: OnceLock<Option<String>> = OnceLock::new();
        static NEXT: AtomicU32 = AtomicU32::new(0);
        match LOCAL.get_or_init(|| std::env::var("DYNAMODB_LOCAL").ok()) {
            None => Self::Here(dynoxide::Database::memory().unwrap()),
            Some(url) => {
                let number = NEXT.fetch_add(1, Ordering::Relaxed);
                Self::Local { url, access_key: format!("T{}N{number}", std::process::id()) }
            }
        }
    }

    /// What an operation answers; bodies are JSON as the SDK sends and takes it.
    pub(super) fn run(&self, operation: &str, body: &str) -> Result<String, Refusal> {
        match self {
            Self::Here(database) => run(database, operation, body)
                .map_err(|error| Refusal { status: error.status_code(), body: error.to_json() }),
            Self::Local { url, access_key } => post(url, access_key, operation, body),
        }
    }
}

fn run(database: &dynoxide::Database, operation: &str, body: &str) -> Result<String, DynoxideError> {
    macro_rules! run {
        ($method:ident) => {{
            let request = serde_json::from_str(body).expect("the SDK sends what DynamoDB takes");
            Ok(serde_json::to_string(&database.$method(request)?).unwrap())
        }};
    }
    match operation {
        "BatchGetItem" => run!(batch_get_item),
        "BatchWriteItem" => run!(batch_write_item),
        "CreateTable" => run!(create_table),
        "DeleteItem" => run!(delete_item),
        "DeleteTable" => run!(delete_table),
        "GetItem" => run!(get_item),
        "PutItem" => run!(put_item),
        "Query" => run!(query),
        "Scan" => run!(scan),
        "TransactGetItems" => run!(transact_get_items),
        "TransactWriteItems" => run!(transact_write_items),
        "UpdateItem" => run!(update_item),
        other => panic!("nothing in this project calls {other}"),
    }
}

/// Waits in place, as the engine in this process does, so that a clock that stands still does not run on meanwhile.
fn post(url: &str, access_key: &str, operation: &str, body: &str) -> Result<String, Refusal> {
    static AGENT: OnceLock<Agent> = OnceLock::new();
    let agent = AGENT.get_or_init(|| Agent::config_builder().http_status_as_error(false).build().into());
    let scope = format!("{access_key}/20260101/eu-central-1/dynamodb/aws4_request");
    let mut response = agent
        .post(url)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header(
            "authorization",
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"),
        )
        .send(body)
        .unwrap();
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(LARGEST).read_to_string().unwrap();
    if status == 200 { Ok(body) } else { Err(Refusal { status, body }) }
}

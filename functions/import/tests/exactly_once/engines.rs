//! The table and the bucket that processes reach, kept in this one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use http::{Method, Request, header};
use leadctl::bucket::Bucket;
use leadctl::events::Queue;
use leadctl::template::Template;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const TABLE: &str = "leadline";
pub(crate) const BUCKET: &str = "leadline";
/// What requests are signed with.
pub(crate) const KEYS: (&str, &str) = ("tests", "no secret");

/// An object that came and that the function is to be told of.
#[derive(Debug, Clone)]
pub(crate) struct Came {
    pub(crate) key: String,
    pub(crate) tag: String,
}

/// One table and one bucket.
pub(crate) struct Engines {
    database: Database,
    bucket: Bucket,
    came: Mutex<Vec<Came>>,
    folder: TempDir,
}

impl Engines {
    /// Nothing in them.
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let template = Template::shipped().unwrap();
        let database = Database::memory().unwrap();
        database.create_table(serde_json::from_value(template.create_table(TABLE)).unwrap()).unwrap();
        // Its queue has no readers, for it is these tests that tell the function of objects.
        let unread = Template { notifications: Vec::new(), ..template };
        let queue = Queue::open(&folder.path().join("events"), &unread).unwrap();
        let bucket = Bucket::open(&folder.path().join("s3"), BUCKET, KEYS, queue).unwrap();
        fs::create_dir(folder.path().join("tmp")).unwrap();
        Self { database, bucket, came: Mutex::default(), folder }
    }

    /// A folder that goes with the engines.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// What processes have said.
    pub(crate) fn logs(&self) -> Vec<String> {
        let files = fs::read_dir(self.temporary()).into_iter().flatten().flatten().map(|file| file.path());
        let logs = files.filter(|file| file.extension().is_some_and(|extension| extension == "log"));
        logs.filter_map(|log| fs::read_to_string(log).ok()).filter(|log| !log.is_empty()).collect()
    }

    /// What came after the first so many objects.
    pub(crate) fn came_after(&self, seen: usize) -> Vec<Came> {
        self.came()[seen..].to_vec()
    }

    fn came(&self) -> MutexGuard<'_, Vec<Came>> {
        self.came.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every item of the table.
    pub(crate) fn items(&self) -> Vec<Value> {
        let (mut items, mut start) = (Vec::new(), Value::Null);
        loop {
            let mut request = json!({ "TableName": TABLE });
            if !start.is_null() {
                request["ExclusiveStartKey"] = start;
            }
            let page = self.database.scan(serde_json::from_value(request).unwrap()).unwrap();
            let mut page = serde_json::to_value(page).unwrap();
            items.append(page["Items"].as_array_mut().unwrap());
            start = page["LastEvaluatedKey"].take();
            if start.is_null() {
                return items;
            }
        }
    }

    /// The keys of all objects, in order.
    pub(crate) fn objects(&self) -> Vec<String> {
        fn walk(folder: &Path, root: &Path, keys: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, keys);
                } else {
                    keys.push(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        let (root, mut keys) = (self.folder.path().join("s3").join(BUCKET), Vec::new());
        walk(&root, &root, &mut keys);
        keys.sort();
        keys
    }

    /// Does what a request asks of either.
    pub(crate) async fn answer(&self, request: Request<Bytes>) -> Response {
        let target = request.headers().get("x-amz-target").and_then(|target| target.to_str().ok());
        if let Some((_, operation)) = target.and_then(|target| target.rsplit_once('.')) {
            let (status, body) = match self.run(operation, request.body()) {
                Ok(body) => (200, body),
                Err(error) => (error.status_code(), error.to_json()),
            };
            let response = Response::builder().status(status);
            let response = response.header(header::CONTENT_TYPE, "application/x-amz-json-1.0");
            return response.body(Body::from(body)).unwrap();
        }
        let put = (request.method() == Method::PUT).then(|| request.uri().path().to_owned());
        let response = self.bucket.call(request.map(leadctl::bucket::Body::from)).await;
        if let Some(path) = put.filter(|_| response.status().is_success()) {
            let key = percent_decode_str(&path).decode_utf8().unwrap();
            let key = key.strip_prefix(&format!("/{BUCKET}/")).unwrap().to_owned();
            let tag = response.headers()[header::ETAG].to_str().unwrap().trim_matches('"').to_owned();
            if key.starts_with("imports/") || key.starts_with("chunks/") {
                self.came().push(Came { key, tag });
            }
        }
        response.map(Body::new)
    }

    fn run(&self, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
        macro_rules! run {
            ($method:ident) => {{
                let request = serde_json::from_slice(body).expect("the SDK sends what DynamoDB takes");
                Ok(serde_json::to_string(&self.database.$method(request)?).unwrap())
            }};
        }
        match operation {
            "BatchGetItem" => run!(batch_get_item),
            "BatchWriteItem" => run!(batch_write_item),
            "DeleteItem" => run!(delete_item),
            "GetItem" => run!(get_item),
            "PutItem" => run!(put_item),
            "Query" => run!(query),
            "TransactWriteItems" => run!(transact_write_items),
            "UpdateItem" => run!(update_item),
            other => panic!("nothing here calls {other}"),
        }
    }
}

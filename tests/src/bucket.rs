//! S3 in this process, between the SDK and a folder of its own: tells what passes and can fail on demand. Its events
//! wait until the test has them delivered.

use std::collections::HashMap;
use std::fs;
use std::iter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use futures::future::join_all;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use leadctl::bucket::Body;
use leadctl::events::{Message, Queue};
use leadctl::template::Template;
use leadline::aws;
use tempfile::TempDir;

use crate::engine::{Fault, TRIP};
use crate::line::Line;
use crate::policies::{self, Guard};
use crate::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, TestApp, sdk_config};

/// What the bucket is called.
pub(crate) const BUCKET: &str = "leadline";
/// Where it seems to be.
pub(crate) const ENDPOINT: &str = "http://s3.example";
/// How often a message is tried that fails each time, before it is left for later.
const TRIES: usize = 3;

#[derive(Debug, Default)]
struct State {
    requests: Vec<&'static str>,
    faults: Vec<(&'static str, Fault)>,
    /// Operations that fail for good, each after so many that do not.
    lost: Vec<(&'static str, usize, Fault)>,
}

/// The bucket. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bucket {
    service: leadctl::bucket::Bucket,
    folder: Arc<TempDir>,
    line: Line,
    guard: Guard,
    state: Arc<Mutex<State>>,
}

impl Bucket {
    /// A bucket with nothing in it.
    pub(crate) fn empty(template: &Template, line: Line, guard: Guard) -> Self {
        let folder = TempDir::new().unwrap();
        let queue = Queue::open(&folder.path().join("events"), template).unwrap();
        let (root, keys) = (folder.path().join("s3"), (ACCESS_KEY_ID, SECRET_ACCESS_KEY));
        let service = leadctl::bucket::Bucket::open(&root, BUCKET, keys, queue).unwrap();
        Self { service, folder: Arc::new(folder), line, guard, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request of this operation, `PutObject` say, fails so; said again, the one after it too. The SDK
    /// tries again what failed for the moment, which is everything that can fail here.
    pub fn fail(&self, operation: &'static str, fault: Fault) {
        self.state().faults.push((operation, fault));
    }

    /// After so many more requests of this operation all fail so, until [`Bucket::mend`].
    pub fn lose(&self, operation: &'static str, after: usize, fault: Fault) {
        self.state().lost.push((operation, after, fault));
    }

    /// Nothing fails any more.
    pub fn mend(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.lost.clear();
    }

    /// The operations that the product asked for since this was last asked.
    pub fn requests(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.state().requests)
    }

    /// The keys of all objects, in order.
    pub fn objects(&self) -> Vec<String> {
        let root = self.folder.path().join("s3").join(BUCKET);
        let (mut folders, mut keys) = (vec![root.clone()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    keys.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        keys.sort();
        keys
    }

    /// Changes an object as an accident would; none: it is taken away.
    pub fn damage(&self, key: &str, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) {
        let path = self.folder.path().join("s3").join(BUCKET).join(key);
        match change(fs::read(&path).unwrap()) {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    }

    /// Sends a request by its whole URL, as HTTP has it; it is not counted and does not fail.
    pub(crate) async fn send(&self, mut request: Request<Bytes>) -> Response<Bytes> {
        if matches!(*request.method(), Method::PUT | Method::POST) {
            let length = request.body().len().into();
            request.headers_mut().insert(CONTENT_LENGTH, length); // whatever the sender says
        }
        let (operation, uri) = (operation(request.method(), request.uri()), request.uri().clone());
        let (parts, body) = self.service.call(request.map(Body::from)).await.into_parts();
        let is_there = parts.status != StatusCode::NOT_FOUND;
        if !self.guard.admits(|| policies::of_bucket(operation, &uri, is_there)) {
            return refuse(StatusCode::FORBIDDEN, "AccessDenied");
        }
        Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
    }

    fn fault(&self, operation: &'static str) -> Option<Fault> {
        let state = &mut *self.state();
        state.requests.push(operation);
        if let Some(n) = state.faults.iter().position(|(at, _)| *at == operation) {
            return Some(state.faults.remove(n).1);
        }
        let (_, left, fault) = state.lost.iter_mut().find(|(at, ..)| *at == operation)?;
        if *left == 0 {
            return Some(*fault);
        }
        *left -= 1;
        None
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(ConnectorError::io)?.to_bytes();
        let request = Request::from_parts(parts, body);
        tokio::time::sleep(TRIP).await;
        if !self.line.passes() {
            return Err(ConnectorError::io("the line is cut".into()));
        }
        let response = match self.fault(operation(request.method(), request.uri())) {
            None => self.send(request).await,
            Some(Fault::AnswerLost) => {
                self.send(request).await;
                return Err(ConnectorError::timeout("the answer was lost".into()));
            }
            Some(Fault::Throttled) => refuse(StatusCode::SERVICE_UNAVAILABLE, "SlowDown"),
            Some(Fault::Broken | Fault::Conflict | Fault::Unprocessed) => {
                return Err(ConnectorError::io("the connection broke".into()));
            }
        };
        let response = HttpResponse::try_from(response.map(SdkBody::from));
        response.map_err(|error| ConnectorError::user(error.into()))
    }
}

impl TestApp {
    /// Puts an object as an operator does, past the product: it is not counted and does not fail.
    pub async fn drop_object(&self, key: &str, content: impl Into<Bytes>, metadata: &[(&str, &str)]) {
        let config = sdk_config(self.bucket.clone()).into_builder().endpoint_url(ENDPOINT).build();
        let content = content.into();
        let length = content.len().try_into().unwrap();
        let put = aws::bucket_client(&config).put_object().bucket(BUCKET).key(key).content_length(length);
        let put = metadata.iter().fold(put, |put, (name, value)| put.metadata(*name, *value));
        let expiring = PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
        let signed = put.presigned(expiring).await.unwrap();
        let request = signed.headers().fold(Request::put(signed.uri()), |request, (name, value)| {
            request.header(name, value) // signed too
        });
        let response = self.bucket.send(request.body(content).unwrap()).await;
        assert!(response.status().is_success(), "{response:?}");
    }

    /// How many messages about objects wait for the functions that read them.
    pub fn messages(&self) -> usize {
        self.queue().count()
    }

    /// Delivers messages, one after another, until none waits: those too that come meanwhile. One that keeps failing
    /// waits on.
    pub async fn deliver(&self) {
        self.deliver_by(1, 1).await;
    }

    /// The same, each message twice and all that wait at once.
    pub async fn deliver_twice_at_once(&self) {
        self.deliver_by(usize::MAX, 2).await;
    }

    /// Delivers the first message, once; whether it was handled. If not, it waits on behind the others.
    pub async fn deliver_one(&self) -> bool {
        let message = self.queue().take().expect("a message waits");
        let handled = self.deliver_copies(&message, 1).await;
        if !handled {
            self.queue().add(message);
        }
        handled
    }

    /// S3 promises no order.
    pub fn shuffle_messages(&self) {
        let mut messages: Vec<Message> = iter::from_fn(|| self.queue().take()).collect();
        fastrand::shuffle(&mut messages);
        messages.into_iter().for_each(|message| self.queue().add(message));
    }

    fn queue(&self) -> &Queue {
        self.bucket.service.queue()
    }

    async fn deliver_by(&self, at_once: usize, copies: usize) {
        let (mut failures, mut left) = (HashMap::new(), Vec::new());
        loop {
            let messages: Vec<Message> = iter::from_fn(|| self.queue().take()).take(at_once).collect();
            if messages.is_empty() {
                break;
            }
            let deliveries = messages.iter().map(|message| self.deliver_copies(message, copies));
            let handled = join_all(deliveries).await;
            for (message, _) in messages.into_iter().zip(handled).filter(|(_, handled)| !handled) {
                let times = failures.entry(message.id()).or_insert(0);
                *times += 1;
                if *times < TRIES { self.queue().add(message) } else { left.push(message) }
            }
        }
        left.into_iter().for_each(|message| self.queue().add(message));
    }

    /// As with SQS, a message is gone when one of its deliveries says that it was handled.
    async fn deliver_copies(&self, message: &Message, copies: usize) -> bool {
        let deliveries = (0..copies).map(|_| self.queue().deliver(&self.app, message));
        join_all(deliveries).await.contains(&true)
    }
}

fn operation(method: &Method, uri: &Uri) -> &'static str {
    match *method {
        Method::PUT => "PutObject",
        Method::HEAD => "HeadObject",
        Method::DELETE => "DeleteObject",
        Method::POST => "DeleteObjects",
        _ if uri.query().is_some_and(|query| query.contains("list-type")) => "ListObjectsV2",
        _ => "GetObject",
    }
}

fn refuse(status: StatusCode, code: &str) -> Response<Bytes> {
    let body = format!("<Error><Code>{code}</Code><Message>as the test asked</Message></Error>");
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

impl HttpConnector for Bucket {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl HttpClient for Bucket {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

//! The function's own binary, run as on AWS: its events come from the Lambda Runtime API, and its requests to table and
//! bucket pass through here, one at a time and counted.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::handler::Handler as _;
use axum::response::Response;
use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex as AsyncMutex, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::engines::{BUCKET, Engines, KEYS, TABLE};

/// After this a process that says nothing is taken for stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where a process ends.
#[derive(Debug, Clone)]
pub(crate) struct Stop {
    /// So many requests are done, and of the last no answer comes.
    pub(crate) after: usize,
    /// That one is done only when this is true.
    pub(crate) held: Option<watch::Receiver<bool>>,
}

impl Stop {
    /// At once when so many requests are done.
    pub(crate) fn after(after: usize) -> Self {
        Self { after, held: None }
    }
}

/// What came of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Handled,
    /// It must come again.
    Failed,
    /// The process was killed.
    Killed,
}

/// A process, killed with the value.
pub(crate) struct Process {
    line: Arc<Line>,
    events: mpsc::UnboundedSender<String>,
    signs: mpsc::UnboundedReceiver<Sign>,
    server: JoinHandle<()>,
}

enum Sign {
    Answer(Bytes),
    /// It says that it cannot go on.
    Error(Bytes),
    Killed,
}

/// Between a process and all that it reaches.
struct Line {
    engines: Arc<Engines>,
    stop: Option<Stop>,
    /// How many requests are done.
    done: AsyncMutex<usize>,
    child: OnceLock<Mutex<Child>>,
    events: AsyncMutex<mpsc::UnboundedReceiver<String>>,
    signs: mpsc::UnboundedSender<Sign>,
}

impl Process {
    pub(crate) async fn start(engines: &Arc<Engines>, stop: Option<Stop>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let ((events, to_send), (to_tell, signs)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let line = Arc::new(Line {
            engines: Arc::clone(engines),
            stop,
            done: AsyncMutex::new(0),
            child: OnceLock::new(),
            events: AsyncMutex::new(to_send),
            signs: to_tell,
        });
        let service = answer.with_state(Arc::clone(&line));
        let server = tokio::spawn(async { axum::serve(listener, service).await.unwrap() });
        let temporary = engines.temporary();
        let log = File::create(temporary.join(format!("{}.log", address.port()))).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lead-import"));
        command.env_clear().stdin(Stdio::null()).stdout(log).envs([
            ("AWS_LAMBDA_RUNTIME_API", address.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "import".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", KEYS.0.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", KEYS.1.to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{address}")),
            ("AWS_ENDPOINT_URL_S3", format!("http://{address}")),
            ("LEADLINE_TABLE", TABLE.to_owned()),
            ("LEADLINE_BUCKET", BUCKET.to_owned()),
            ("TMPDIR", temporary.to_str().unwrap().to_owned()),
        ]);
        line.child.get_or_init(|| Mutex::new(command.spawn().unwrap()));
        Self { line, events, signs, server }
    }

    /// Has the process handle one event.
    pub(crate) async fn deliver(&mut self, event: String) -> Outcome {
        self.events.send(event).unwrap();
        let sign = timeout(PATIENCE, self.signs.recv()).await;
        match sign.ok().flatten() {
            Some(Sign::Answer(body)) => {
                let answer: Value = serde_json::from_slice(&body).unwrap();
                let failures = answer["batchItemFailures"].as_array().expect("an answer to a queue");
                if failures.is_empty() { Outcome::Handled } else { Outcome::Failed }
            }
            Some(Sign::Error(body)) => panic!("the process fails: {}", String::from_utf8_lossy(&body)),
            Some(Sign::Killed) => Outcome::Killed,
            None => panic!("the process is stuck"),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.line.kill();
        self.server.abort();
    }
}

impl Line {
    fn kill(&self) {
        let child = self.child.get().map(|child| child.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(mut child) = child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Does a request of the process, unless it is dead; none if it is then.
    async fn pass(&self, request: http::Request<Bytes>) -> Option<Response> {
        let mut done = self.done.lock().await;
        let (after, held) = match &self.stop {
            Some(Stop { after, held }) => (*after, held.clone()),
            None => (usize::MAX, None),
        };
        if *done >= after {
            return None;
        }
        if let Some(mut held) = held.filter(|_| *done + 1 == after) {
            let _ = held.wait_for(|go| *go).await;
        }
        let response = self.engines.answer(request).await;
        *done += 1;
        if *done == after {
            self.kill();
            let _ = self.signs.send(Sign::Killed); // nobody listens to a test that has failed
            return None;
        }
        Some(response)
    }

    /// The next event, as soon as there is one.
    async fn next(&self) -> Response {
        let Some(event) = self.events.lock().await.recv().await else { return never().await };
        let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + 5 * PATIENCE;
        Response::builder()
            .header("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd")
            .header("lambda-runtime-deadline-ms", deadline.as_millis().to_string())
            .header(
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:eu-central-1:123456789012:function:import",
            )
            .header("content-type", "application/json")
            .body(Body::from(event))
            .unwrap()
    }
}

async fn never() -> Response {
    std::future::pending().await
}

async fn answer(State(line): State<Arc<Line>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.path().ends_with("/invocation/next") {
        return line.next().await;
    }
    let Ok(body) = to_bytes(body, usize::MAX).await else { return never().await }; // it was killed
    let is_of_runtime = parts.uri.path().starts_with("/2018-06-01/runtime/");
    if is_of_runtime {
        let is_answer = parts.uri.path().ends_with("/response");
        let _ = line.signs.send(if is_answer { Sign::Answer(body) } else { Sign::Error(body) });
        return Response::builder().status(202).body(Body::empty()).unwrap();
    }
    // In a task of its own: it is done to its end even if who asked is gone.
    let request = http::Request::from_parts(parts, body);
    match tokio::spawn(async move { line.pass(request).await }).await.unwrap() {
        Some(response) => response,
        None => never().await,
    }
}

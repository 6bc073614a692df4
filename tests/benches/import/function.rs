//! A process of the function, with a Lambda Runtime API of its own.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::Value;

use crate::Result;
use crate::events::{Event, Events};
use crate::http::{Parts, Server, whole};

/// What Lambda leaves an invocation of this function, by the template.
const TIMEOUT: Duration = Duration::from_secs(300);
/// In which `/proc` counts processor time, on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// A process that ends with the value.
#[derive(Debug)]
pub(crate) struct Function {
    process: Child,
    _api: Server,
}

impl Function {
    pub(crate) fn start(binary: &Path, environment: &[(&str, String)], events: &Events) -> Result<Self> {
        let turn = Turn { events: events.clone(), event: Arc::default() };
        let api = Server::start(move |request| turn.answer(&request))?;
        let mut command = Command::new(binary);
        // Its log goes where this program's own errors go.
        command.env_clear().stdin(Stdio::null()).stdout(io::stderr());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.envs([
            ("AWS_LAMBDA_RUNTIME_API", api.address.to_string().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ]);
        Ok(Self { process: command.spawn()?, _api: api })
    }

    /// An error if it has ended, which it should not by itself.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("a process of the function has ended: {status}").into()),
        }
    }

    /// The processor time that it has taken, in the kernel too: exact for threads that there are, in ticks with those
    /// that have ended.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let process = format!("/proc/{}", self.process.id());
        let mut exact = Duration::ZERO;
        for task in fs::read_dir(format!("{process}/task"))? {
            let times = fs::read_to_string(task?.path().join("schedstat"))?;
            exact += Duration::from_nanos(times.split(' ').next().unwrap_or_default().parse()?);
        }
        let stat = fs::read_to_string(format!("{process}/stat"))?;
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let times = after_name.split_whitespace().skip(11).take(2); // utime and stime
        let ticks = times.map(str::parse::<u32>).sum::<std::result::Result<u32, _>>()?;
        Ok(exact.max(TICK * ticks))
    }

    /// The most memory that it ever had, in bytes.
    pub(crate) fn peak(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes: u64 = peak.unwrap_or_default().trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The messages that a process works on, one after another.
#[derive(Debug, Clone)]
struct Turn {
    events: Events,
    event: Arc<Mutex<Option<Event>>>,
}

impl Turn {
    fn answer(&self, request: &Request<Bytes>) -> Option<Response<Parts>> {
        let path = request.uri().path();
        if request.method() == Method::GET && path.ends_with("/invocation/next") {
            let event = self.events.take()?;
            let message = event.message().map_err(|error| self.events.fail(error.to_string())).ok()?;
            *self.event.lock().unwrap_or_else(PoisonError::into_inner) = Some(event);
            return Some(invocation(message));
        }
        let event = self.event.lock().unwrap_or_else(PoisonError::into_inner).take();
        match event.filter(|_| path.ends_with("/response")) {
            Some(event) => {
                let answer: Value = serde_json::from_slice(request.body()).unwrap_or_default();
                let handled = answer["batchItemFailures"].as_array().is_some_and(Vec::is_empty);
                self.events.answer(event, handled);
            }
            None => self.events.fail(String::from_utf8_lossy(request.body()).into_owned()),
        }
        Some(whole(202, "application/json", Bytes::new()))
    }
}

fn invocation(message: String) -> Response<Parts> {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + TIMEOUT;
    let mut response = whole(200, "application/json", message);
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-central-1:123456789012:function:bench".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0".to_owned()),
    ];
    for (name, value) in headers {
        response
            .headers_mut()
            .extend(value.parse().ok().map(|value| (http::HeaderName::from_static(name), value)));
    }
    response
}

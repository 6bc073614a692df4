//! A process of the function, with a Lambda Runtime API of its own.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Method, Request, Response};

use super::Result;
use super::http::{Parts, Server, whole};

/// What Lambda leaves an invocation: of the import function, by the template.
const TIMEOUT: Duration = Duration::from_secs(300);
/// In which `/proc` counts processor time, on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// Who calls a function: what its process is told when it asks, and who hears its answers.
pub trait Caller: Clone + Send + 'static {
    /// The next event, when there is one; none when there will be none.
    fn next(&self) -> Option<String>;

    /// What the function says to the last one, or of what it died.
    fn answer(&self, answer: std::result::Result<&[u8], &[u8]>);
}

/// A process that ends with the value.
#[derive(Debug)]
pub struct Function {
    process: Child,
    _api: Server,
}

impl Function {
    /// Starts it with this environment and no other.
    pub fn start(binary: &Path, environment: &[(&str, String)], caller: impl Caller) -> Result<Self> {
        let api = Server::start(move |request| answer(&caller, &request))?;
        let mut command = Command::new(binary);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped());
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        command.envs([
            ("AWS_LAMBDA_RUNTIME_API", api.address.to_string().as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
        ]);
        let mut process = command.spawn()?;
        if let Some(log) = process.stdout.take() {
            thread::spawn(move || {
                let lines = BufReader::new(log).lines().map_while(std::result::Result::ok);
                // The lines of requests would drown what is wrong.
                lines
                    .filter(|line| !line.contains(r#""message":"done""#))
                    .for_each(|line| eprintln!("{line}"));
            });
        }
        Ok(Self { process, _api: api })
    }

    /// An error if it has ended, which it should not by itself.
    pub fn check(&mut self) -> Result<()> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("a process of the function has ended: {status}").into()),
        }
    }

    /// The processor time that it has taken, in the kernel too: exact for threads that there are, in ticks with those
    /// that have ended.
    pub fn cpu(&self) -> Result<Duration> {
        let exact = self.threads()?.into_values().sum();
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let times = after_name.split_whitespace().skip(11).take(2); // utime and stime
        let ticks = times.map(str::parse::<u32>).sum::<std::result::Result<u32, _>>()?;
        Ok((TICK * ticks).max(exact))
    }

    /// The processor time of each thread that there is, exact.
    pub fn threads(&self) -> Result<HashMap<String, Duration>> {
        let mut threads = HashMap::new();
        for task in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let task = task?;
            let times = fs::read_to_string(task.path().join("schedstat"))?;
            let time = Duration::from_nanos(times.split(' ').next().unwrap_or_default().parse()?);
            threads.insert(task.file_name().to_string_lossy().into_owned(), time);
        }
        Ok(threads)
    }

    /// The most memory that it ever had, in bytes.
    pub fn peak(&self) -> Result<u64> {
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

/// What the Runtime API answers.
fn answer(caller: &impl Caller, request: &Request<Bytes>) -> Option<Response<Parts>> {
    let path = request.uri().path();
    if request.method() == Method::GET && path.ends_with("/invocation/next") {
        return caller.next().map(invocation);
    }
    caller.answer(match path.ends_with("/response") {
        true => Ok(request.body()),
        false => Err(request.body()),
    });
    Some(whole(202, "application/json", Bytes::new()))
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

//! Cold start of each function's release binary, next to the least that a function on `lambda_http` can be.
//!
//! `cargo bench -p cold-start` plays the Lambda Runtime API, with a table on loopback, and
//! prints a Markdown table of medians. With `-- --check` it fails when a binary is larger than it may be; times are
//! printed against their limits and never fail, because they are the machine's as much as the code's.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Starts of each binary, as many of hello in turn with them.
const RUNS: usize = 20;
/// Largest binary allowed: it is fetched and mapped before anything else happens.
const MAX_BYTES: u64 = 8_000_000;
/// Largest allowed with the readers of spreadsheets in it.
const MAX_BYTES_WITH_SHEETS: u64 = 10_000_000;
/// Times hello's time to `next` that a function may take.
const MAX_RATIO: f64 = 1.5;
/// Milliseconds that the first answer may take longer than hello's.
const MAX_MORE_MS: f64 = 10.0;
/// After this a function that says nothing is taken for dead.
const PATIENCE: Duration = Duration::from_secs(10);

const SECRET: &str = "0123456789abcdef0123456789abcdef-bench";
const USER: &str = "01980000-0000-7000-8000-000000000001";
const ORG: &str = "01980000-0000-7000-8000-000000000002";
const LEAD: &str = "01980000-0000-7000-8000-000000000003";
const BUCKET: &str = "leadline";
const HELLO: &str = "hello";
/// What hello is asked where a function's own event is none of the gateway.
const HELLO_EVENT: &str = "list-leads.json";
const FUNCTIONS: [Function; 9] = [
    Function::of_gateway("lead-list", "list-leads.json"),
    Function::of_gateway("lead-create", "create-lead.json"),
    Function::of_gateway("lead-detail", "detail-lead.json"),
    Function::of_gateway("lead-comment", "comment.json"),
    Function::of_gateway("lead-site-lead", "site-lead.json"),
    Function::of_gateway("lead-companies", "companies.json"),
    Function { answer: ("/statusCode", "200"), ..Function::of_gateway("lead-schema", "schema.json") },
    Function { max_bytes: MAX_BYTES_WITH_SHEETS, ..Function::of_gateway("lead-upload", "upload-file.json") },
    Function {
        name: "lead-import",
        event: "import-test-event.json",
        hello_event: HELLO_EVENT,
        answer: ("/batchItemFailures", "[]"),
        max_bytes: MAX_BYTES_WITH_SHEETS,
    },
];

/// A function and what it is asked first.
struct Function {
    name: &'static str,
    event: &'static str,
    /// What hello is asked beside it.
    hello_event: &'static str,
    /// What must stand where in its answer.
    answer: (&'static str, &'static str),
    max_bytes: u64,
}

impl Function {
    /// One whose event is valid but for who asks, which only the table can tell: 403.
    const fn of_gateway(name: &'static str, event: &'static str) -> Self {
        Self { name, event, hello_event: event, answer: ("/statusCode", "403"), max_bytes: MAX_BYTES }
    }
}

fn main() -> Result<ExitCode> {
    let check = env::args().any(|argument| argument == "--check");
    let binaries = build()?;
    let (_runtime, table) = start_table()?;
    let bench = Bench { binaries, table };
    let token = sign(&json!({"sub": USER, "org": ORG, "exp": now()? + 3600}));

    println!("| binary | bytes | to next | of hello's | to first answer | more than hello |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut large = Vec::new();
    let mut slow = Vec::new();
    for function in FUNCTIONS {
        let name = function.name;
        let bytes = fs::metadata(bench.binaries.join(name))?.len();
        let (own, hello) = bench.compare(&function, &token)?;
        let ratio = own.next / hello.next;
        let more = own.answer - hello.answer;
        println!(
            "| {name} | {bytes} | {:.1} ms | {ratio:.2} | {:.1} ms | {more:+.1} ms |",
            own.next, own.answer
        );
        if bytes > function.max_bytes {
            large.push(format!("{name} than {}", function.max_bytes));
        }
        if ratio > MAX_RATIO || more > MAX_MORE_MS {
            slow.push(name);
        }
    }
    if !slow.is_empty() {
        println!(
            "\nslower than {MAX_RATIO} times to next or {MAX_MORE_MS} ms more to answer: {}",
            slow.join(", ")
        );
    }
    if !large.is_empty() {
        println!("\nlarger in bytes: {}", large.join(", "));
    }
    Ok(if check && !large.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Builds the binaries and answers the folder they are in: this program's own is `<target>/<profile>/deps`.
fn build() -> Result<PathBuf> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--release"]).current_dir(workspace());
    for name in FUNCTIONS.map(|function| function.name).into_iter().chain(["cold-start"]) {
        cargo.args(["-p", name]);
    }
    if !cargo.status()?.success() {
        return Err("the binaries do not build".into());
    }
    let own = env::current_exe()?;
    let target = own.ancestors().nth(3).ok_or("this program is not in a target folder")?;
    Ok(target.join("release"))
}

/// The checkout that cargo runs this from; not the one that it was built in, which may share the target folder.
fn workspace() -> PathBuf {
    let package =
        env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("tests/cold-start"), PathBuf::from);
    package.join("../..")
}

/// An empty table on loopback; it is there as long as the runtime.
fn start_table() -> Result<(tokio::runtime::Runtime, SocketAddr)> {
    let table = dynoxide::Database::memory()?;
    table.create_table(serde_json::from_value(json!({
        "TableName": "leadline",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": "PK", "AttributeType": "S"},
            {"AttributeName": "SK", "AttributeType": "S"},
        ],
        "KeySchema": [
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
    }))?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0)))?;
    let address = listener.local_addr()?;
    runtime.spawn(dynoxide::server::serve_on(listener, table));
    Ok((runtime, address))
}

fn event(file: &str, token: &str) -> Result<Arc<str>> {
    let text = fs::read_to_string(workspace().join("events").join(file))?;
    let filled = [
        ("__TOKEN__", token),
        ("__ORG__", ORG),
        ("__LEAD__", LEAD),
        ("__API_KEY__", "no-such-key"),
        ("__BUCKET__", BUCKET),
    ];
    Ok(filled.iter().fold(text, |text, (name, value)| text.replace(name, value)).into())
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn sign(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

/// Milliseconds from the start of a process.
#[derive(Clone, Copy)]
struct Times {
    next: f64,
    answer: f64,
}

fn median(runs: &[Times]) -> Times {
    let middle = |of: fn(&Times) -> f64| {
        let mut values: Vec<f64> = runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let half = values.len() / 2;
        if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) }
    };
    Times { next: middle(|times| times.next), answer: middle(|times| times.answer) }
}

/// What all processes are started with.
struct Bench {
    binaries: PathBuf,
    table: SocketAddr,
}

impl Bench {
    /// Medians of a function and of hello, started by turns. The first start of each only warms the page cache.
    fn compare(&self, function: &Function, token: &str) -> Result<(Times, Times)> {
        let (own_event, hello_event) = (event(function.event, token)?, event(function.hello_event, token)?);
        let mut own = Vec::new();
        let mut hello = Vec::new();
        for run in 0..=RUNS {
            let least = self.start_once(HELLO, &hello_event, ("/statusCode", "200"))?;
            let times = self.start_once(function.name, &own_event, function.answer)?;
            if run > 0 {
                hello.push(least);
                own.push(times);
            }
        }
        Ok((median(&own), median(&hello)))
    }

    fn start_once(&self, name: &str, event: &Arc<str>, (place, wanted): (&str, &str)) -> Result<Times> {
        let lambda = Lambda::start(event)?;
        let started = Instant::now();
        let _process = Process(self.command(name, lambda.address).spawn()?);
        let since = |then: Instant| then.duration_since(started).as_secs_f64() * 1000.0;
        let mut next = None;
        loop {
            let sign = lambda.told.recv_timeout(PATIENCE).map_err(|_| format!("{name} says nothing"))?;
            match (sign, next) {
                (Sign::Next(then), _) => next = Some(since(then)),
                (Sign::Answer(then, body), Some(next)) => {
                    let answer: Value = serde_json::from_slice(&body)?;
                    if answer.pointer(place).map(Value::to_string).as_deref() != Some(wanted) {
                        return Err(format!("{name} answers {answer}, not {wanted} at {place}").into());
                    }
                    return Ok(Times { next, answer: since(then) });
                }
                (Sign::Answer(_, body) | Sign::Failed(body), _) => {
                    return Err(format!("{name}: {}", String::from_utf8_lossy(&body)).into());
                }
            }
        }
    }

    fn command(&self, name: &str, api: SocketAddr) -> Command {
        let mut command = Command::new(self.binaries.join(name));
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).envs([
            ("AWS_LAMBDA_RUNTIME_API", api.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "bench".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "bench".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "bench".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{}", self.table)),
            ("LEADLINE_TABLE", "leadline".to_owned()),
            ("LEADLINE_BUCKET", BUCKET.to_owned()),
            ("LEADLINE_TOKEN_ALGORITHM", "HS256".to_owned()),
            ("LEADLINE_TOKEN_SECRET", SECRET.to_owned()),
        ]);
        command
    }
}

/// The Lambda Runtime API of one process. Each has its own: a connection that the last one left behind would be
/// taken for the next one's.
struct Lambda {
    address: SocketAddr,
    told: Receiver<Sign>,
    over: Arc<AtomicBool>,
}

enum Sign {
    Next(Instant),
    Answer(Instant, Vec<u8>),
    Failed(Vec<u8>),
}

/// What the process is to be asked, and where what it does is told.
#[derive(Clone)]
struct Turn {
    event: Arc<str>,
    asked: Arc<AtomicBool>,
    signs: Sender<Sign>,
}

impl Lambda {
    fn start(event: &Arc<str>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let over = Arc::new(AtomicBool::new(false));
        let (signs, told) = mpsc::channel();
        let turn = Turn { event: Arc::clone(event), asked: Arc::default(), signs };
        let ended = Arc::clone(&over);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let turn = turn.clone();
                // A process that is killed breaks its connection off: that error says nothing.
                thread::spawn(move || turn.converse(stream));
            }
        });
        Ok(Self { address, told, over })
    }
}

impl Drop for Lambda {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections, so that it sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

impl Turn {
    fn converse(self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        while let Some((path, body)) = read_request(&mut reader)? {
            let then = Instant::now();
            if path.ends_with("/invocation/next") {
                if self.asked.swap(true, Ordering::SeqCst) {
                    // As on Lambda: no answer until there is another event, and there is none.
                    reader.fill_buf()?;
                    return Ok(());
                }
                self.tell(Sign::Next(then));
                stream.write_all(invocation(&self.event).as_bytes())?;
                continue;
            }
            self.tell(if path.ends_with("/response") {
                Sign::Answer(then, body)
            } else {
                Sign::Failed(body)
            });
            stream.write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")?;
        }
        Ok(())
    }

    fn tell(&self, sign: Sign) {
        // Nobody listens any more when the run has failed, and then that is what is reported.
        let _ = self.signs.send(sign);
    }
}

fn invocation(event: &str) -> String {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + PATIENCE;
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:123456789012:function:bench\r\n\
         lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n\r\n{event}",
        event.len(),
        deadline.as_millis(),
    )
}

/// The next request's path and body; none when the connection is at its end.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<(String, Vec<u8>)>> {
    let first = read_line(reader)?;
    let Some(path) = first.split(' ').nth(1) else {
        return Ok(None);
    };
    let mut length = 0;
    let mut chunked = false;
    loop {
        let line = read_line(reader)?.to_ascii_lowercase();
        match line.split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().map_err(io::Error::other)?,
            Some(("transfer-encoding", value)) => chunked = value.contains("chunked"),
            Some(_) => {}
            None => break,
        }
    }
    let body = if chunked { read_chunks(reader)? } else { read_bytes(reader, length)? };
    Ok(Some((path.to_owned(), body)))
}

fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?;
        let size =
            usize::from_str_radix(line.split(';').next().unwrap_or(""), 16).map_err(io::Error::other)?;
        body.extend(read_bytes(reader, size)?);
        read_line(reader)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn read_bytes(reader: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// A process that ends with the value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

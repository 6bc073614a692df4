//! A running stack and its command line, for tests of either.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

pub(crate) const LEADCTL: &str = env!("CARGO_BIN_EXE_leadctl");

/// A running stack; ended when it is dropped.
pub(crate) struct Stack {
    pub(crate) process: Child,
    pub(crate) dev: Value,
}

impl Drop for Stack {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Stack {
    pub(crate) fn start(data_dir: &Path) -> Self {
        let file = data_dir.join("dev.json");
        let _ = std::fs::remove_file(&file);
        let mut command = Command::new(LEADCTL);
        command.args(["dev", "--port", "0", "--data-dir"]).arg(data_dir);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut stack = Self { process, dev: Value::Null };
        let begun = Instant::now();
        while stack.dev.is_null() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the stack did not start");
            std::thread::sleep(Duration::from_millis(20));
            stack.dev =
                std::fs::read(&file).map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap());
        }
        stack
    }

    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.dev.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Headers of the ADMIN.
    pub(crate) fn admin(&self) -> String {
        let (token, org) = (self.text("/admin/token"), self.text("/org"));
        format!("Authorization: Bearer {token}\r\norganization-id: {org}\r\n")
    }

    /// Every lead the ADMIN sees.
    pub(crate) fn leads(&self) -> Vec<Value> {
        let (status, body) =
            http(self.text("/api"), "GET", "/api/leads/?fields=leads&limit=100", &self.admin(), "");
        assert_eq!(status, 200, "{body}");
        let list: Value = serde_json::from_str(&body).unwrap();
        ["open_leads", "closed_leads"]
            .iter()
            .flat_map(|name| list[name].as_array().unwrap().clone())
            .collect()
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([name, &self.process.id().to_string()]).status().unwrap();
        assert!(kill.success());
    }
}

pub(crate) fn http(base: &str, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
    let (status, _, body) = exchange(base, method, path, headers, body);
    (status, body)
}

/// Status, head and body of an answer.
pub(crate) fn exchange(
    base: &str,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let host = base.strip_prefix("http://").unwrap();
    let mut socket = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}");
    socket.write_all(format!("{head}\r\n{headers}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
}

pub(crate) fn leadctl(data_dir: &Path, arguments: &[&str]) -> Output {
    Command::new(LEADCTL).arg("--json").arg("--data-dir").arg(data_dir).args(arguments).output().unwrap()
}

pub(crate) fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

//! `leadctl --stack` as its user meets it: pointed at a stack by its outputs. Table, bucket and API are a local stack's;
//! what CloudFormation and Secrets Manager say comes from here, for there is no engine of either to run.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

#[expect(dead_code, reason = "what it has is for several tests")]
mod common;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use serde_json::{Value, json};

use self::common::{LEADCTL, Stack, http, json, leadctl, text};

const NAME: &str = "leadline-tests";
const SECRET_ARN: &str = "arn:aws:secretsmanager:eu-central-1:000000000000:secret:tokens";

/// Answers for CloudFormation, which knows one stack, and for Secrets Manager, which keeps one secret.
fn serve(outputs: String, secret: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for socket in listener.incoming() {
            answer(&socket.unwrap(), &outputs, &secret);
        }
    });
    url
}

fn answer(mut socket: &TcpStream, outputs: &str, secret: &str) {
    let (mut reader, mut head, mut length) = (BufReader::new(socket), String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let from = head.len();
        reader.read_line(&mut head).unwrap();
        let line = head[from..].to_lowercase();
        length = line.strip_prefix("content-length:").map_or(length, |text| text.trim().parse().unwrap());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let (status, kind, said) = if body.contains("Action=DescribeStacks") {
        match body.contains(&format!("StackName={NAME}")) {
            true => (200, "text/xml", outputs.to_owned()),
            false => (400, "text/xml", REFUSAL.to_owned()),
        }
    } else {
        assert!(body.contains(SECRET_ARN), "{head}{body}");
        let secret = json!({"ARN": SECRET_ARN, "Name": "tokens", "SecretString": secret});
        (200, "application/x-amz-json-1.1", secret.to_string())
    };
    let head = format!("HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nConnection: close");
    let length = said.len();
    socket.write_all(format!("{head}\r\nContent-Length: {length}\r\n\r\n{said}").as_bytes()).unwrap();
}

/// As CloudFormation says it.
const REFUSAL: &str = "<ErrorResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><Error>\
    <Type>Sender</Type><Code>ValidationError</Code><Message>Stack with id other does not exist</Message></Error>\
    <RequestId>1</RequestId></ErrorResponse>";

fn described(outputs: &[(&str, &str)]) -> String {
    let member = |(key, value): &(&str, &str)| {
        format!("<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>")
    };
    let outputs: String = outputs.iter().map(member).collect();
    format!(
        "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult>\
         <Stacks><member><StackName>{NAME}</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime>\
         <StackStatus>CREATE_COMPLETE</StackStatus><Outputs>{outputs}</Outputs></member></Stacks>\
         </DescribeStacksResult></DescribeStacksResponse>"
    )
}

/// A stack as the command line sees it from elsewhere.
struct Remote<'s> {
    stack: &'s Stack,
    said: String,
}

impl<'s> Remote<'s> {
    fn of(stack: &'s Stack, folder: &Path, outputs: &[(&str, &str)]) -> Self {
        let secret = fs::read_to_string(folder.join("token-secret")).unwrap();
        Self { stack, said: serve(described(outputs), secret) }
    }

    fn leadctl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(LEADCTL);
        let nowhere = tempfile::tempdir().unwrap(); // no .local
        command.current_dir(nowhere.path()).arg("--json").args(arguments).envs([
            ("AWS_REGION", self.stack.text("/region")),
            ("AWS_ACCESS_KEY_ID", self.stack.text("/access_key_id")),
            ("AWS_SECRET_ACCESS_KEY", self.stack.text("/secret_access_key")),
            ("AWS_ENDPOINT_URL_DYNAMODB", self.stack.text("/dynamodb")),
            ("AWS_ENDPOINT_URL_S3", self.stack.text("/s3")),
            ("AWS_ENDPOINT_URL_CLOUDFORMATION", &self.said),
            ("AWS_ENDPOINT_URL_SECRETS_MANAGER", &self.said),
        ]);
        command.output().unwrap()
    }
}

#[test]
fn the_outputs_of_a_stack_say_all_that_commands_need() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let outputs = [
        ("TableName", stack.text("/table")),
        ("BucketName", stack.text("/bucket")),
        ("ApiUrl", "https://api.example"),
        ("TokenSecretArn", SECRET_ARN),
    ];
    let remote = Remote::of(&stack, folder.path(), &outputs);
    let (org, admin) = (stack.text("/org"), stack.text("/admin/id"));

    let orgs = json(&remote.leadctl(&["--stack", NAME, "org", "list"]));
    let token = json(&remote.leadctl(&["--stack", NAME, "token", "--org", org, "--user", admin]));
    let keys = json(&leadctl(folder.path(), &["key", "list", "--org", org]));
    let key = text(&keys[0]["id"]);
    let snippet = json(&remote.leadctl(&["--stack", NAME, "key", "snippet", "--org", org, "--key", &key]));
    let csv = folder.path().join("leads.csv");
    fs::write(&csv, "Name\nAda Lovelace\n").unwrap();
    let import = json(&remote.leadctl(&["--stack", NAME, "import", csv.to_str().unwrap(), "--org", org]));

    assert_eq!(orgs[0]["id"], org);
    let headers = format!("Authorization: Bearer {}\r\n", text(&token["token"]));
    assert_eq!(http(stack.text("/api"), "GET", "/api/leads/", &headers, "").0, 200);
    assert!(text(&snippet["html"]).contains("https://api.example/api/leads/create-from-site/"));
    assert_eq!(import["imported_count"], 1, "{import}");
}

#[test]
fn what_is_no_stack_of_leadline_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let (org, admin) = (stack.text("/org"), stack.text("/admin/id"));
    let no_table = Remote::of(&stack, folder.path(), &[("BucketName", "b")]);
    let outputs = [("TableName", stack.text("/table")), ("BucketName", stack.text("/bucket"))];
    let provider = Remote::of(&stack, folder.path(), &outputs);
    let words = ["token", "--org", org, "--user", admin, "--stack", NAME];

    for (output, said) in [
        (no_table.leadctl(&["--stack", "other", "org", "list"]), "Stack with id other does not exist"),
        (no_table.leadctl(&["--stack", NAME, "org", "list"]), "has no output TableName"),
        (provider.leadctl(&["--stack", "", "org", "list"]), "a value is required"),
        (provider.leadctl(&words), "its identity provider"),
        (provider.leadctl(&["--stack", NAME, "--data-dir", "x", "org", "list"]), "cannot be used with"),
    ] {
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(said), "{told}");
    }
    assert_eq!(json(&provider.leadctl(&["--stack", NAME, "org", "list"]))[0]["id"], Value::from(org));
}

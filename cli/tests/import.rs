//! `leadctl import` as its user meets it: real processes, a stack that runs or ran, `kill -9`.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use self::common::{LEADCTL, Stack, http, json, leadctl, text};

/// Three rows that can be leads and one that cannot, row 5 of the file.
const LEADS: &str = "\
First Name,Last Name,E-Mail,Shoe size
Ada,Lovelace,ada@import.example,38
Grace,Hopper,grace@import.example,37
Edsger,Dijkstra,edsger@import.example,44
Bad,Row,x@,40
";

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

/// So many rows that are all leads.
fn many(rows: u32) -> String {
    let mut file = "first name;last name;e-mail;city\n".to_owned();
    for row in 0..rows {
        writeln!(file, "Ada;Number {row};ada.{row}@import.example;Bergen").unwrap();
    }
    file
}

/// Imports a file into the demo's organisation.
fn import(data_dir: &Path, org: &str, file: &Path, more: &[&str]) -> Output {
    leadctl(data_dir, &[&["import", file.to_str().unwrap(), "--org", org], more].concat())
}

/// The same for people, and without waiting for it.
fn start(data_dir: &Path, org: &str, file: &Path, more: &[&str]) -> Child {
    let mut command = Command::new(LEADCTL);
    command.args(["import", "--org", org, "--data-dir"]).arg(data_dir).arg(file).args(more);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The exit status and the answer.
fn ended(output: &Output) -> (Option<i32>, Value) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), usize::from(output.status.code() == Some(1)), "{said}");
    (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
}

fn get(stack: &Stack, path: &str) -> Value {
    let (status, body) = http(stack.text("/api"), "GET", path, &stack.admin(), "");
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

/// The import that began last, as soon as that holds of it.
fn wait_until(stack: &Stack, holds: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let list = get(stack, "/api/leads/upload/?limit=1");
        if let Some(import) = list["imports"].get(0).filter(|import| holds(import)) {
            return import.clone();
        }
        assert!(begun.elapsed() < Duration::from_secs(180), "{list}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// E-mails of the leads that the rows of [`LEADS`] are.
fn imported(stack: &Stack) -> Vec<String> {
    let leads = stack.leads();
    let emails = leads.iter().filter_map(|lead| lead["email"].as_str());
    let mut imported: Vec<String> =
        emails.filter(|email| email.ends_with("@import.example")).map(str::to_owned).collect();
    imported.sort_unstable();
    imported
}

const ALL: [&str; 3] = ["ada@import.example", "edsger@import.example", "grace@import.example"];

#[test]
fn a_file_is_imported_but_for_its_bad_rows_and_shown_as_the_api_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let (org, user) = (stack.text("/org"), stack.text("/user/id"));
    let file = write(folder.path(), "leads of Köln.csv", LEADS);
    let options = ["--tag", "fair", "--default-source", "Fair", "--assigned-to", stack.text("/user/email")];

    let (status, mut view) = ended(&import(folder.path(), org, &file, &options));

    assert_eq!((status, &view["status"]), (Some(3), &json!("success")), "{view}");
    let counts = ["row_count", "imported_count", "failed_count", "skipped_count", "updated_count"];
    assert_eq!(counts.map(|name| view[name].as_u64().unwrap()), [4, 3, 1, 0, 0]);
    let error = "must be an e-mail address, such as ada@example.com";
    let error = json!({"row": 5, "field": "email", "column": "E-Mail", "value": "x@", "error": error});
    assert_eq!((&view["errors"], &view["ignored_columns"]), (&json!([error]), &json!(["Shoe size"])));
    assert_eq!(imported(&stack), ALL);
    let leads = stack.leads();
    let ada = leads.iter().find(|lead| lead["email"] == ALL[0]).unwrap();
    assert_eq!((&ada["source"], &ada["assigned_to"]), (&json!("Fair"), &json!([user])));

    let mut shown = get(&stack, &format!("/api/leads/upload/{}/", text(&view["id"])));
    for view in [&mut view, &mut shown] {
        assert!(view["errors_file"].take().is_string()); // signed anew for each
    }
    assert_eq!(view, shown);
}

#[test]
fn a_stack_that_ran_imports_too_and_people_read_a_summary() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let org = stack.text("/org").to_owned();
    drop(stack);
    let (file, failed) = (write(folder.path(), "leads.csv", LEADS), folder.path().join("failed.csv"));

    let done = start(folder.path(), &org, &file, &["--errors", failed.to_str().unwrap()]);
    let done = done.wait_with_output().unwrap();

    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(3), "{said}{}", String::from_utf8_lossy(&done.stderr));
    for line in [
        "  imported           3",
        "  failed             1",
        "Ignored columns: Shoe size",
        r#"row 5, email (E-Mail): must be an e-mail address, such as ada@example.com: "x@""#,
    ] {
        assert!(said.lines().any(|said| said == line), "{said}");
    }
    assert!(said.contains(failed.to_str().unwrap()), "{said}");
    let failed = fs::read_to_string(failed).unwrap();
    assert!(failed.contains("First Name,Last Name,E-Mail,Shoe size,error"), "{failed}");
    assert!(failed.contains("Bad,Row,x@,40,") && failed.lines().count() == 2, "{failed}");

    assert_eq!(imported(&Stack::start(folder.path())), ALL);
}

#[test]
fn the_same_file_again_writes_nothing_unless_it_must() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let org = stack.text("/org");
    let first = write(folder.path(), "leads.csv", LEADS);
    let renamed = write(folder.path(), "the same leads.csv", LEADS);
    let (_, made) = ended(&import(folder.path(), org, &first, &[]));

    let repeat = json(&import(folder.path(), org, &renamed, &[]));
    let (status, again) = ended(&import(folder.path(), org, &renamed, &["--again"]));

    assert_eq!((&repeat["repeat_of"], &repeat["row_count"]), (&made["id"], &json!(0)));
    assert_eq!((status, &again["skipped_count"], &again["repeat_of"]), (Some(3), &json!(3), &Value::Null));
    assert_eq!(imported(&stack), ALL);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_stores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let org = stack.text("/org");
    let known = stack.leads()[0]["email"].clone();
    let file = write(folder.path(), "leads.csv", format!("{LEADS}Known,Lead,{},41\n", text(&known)));

    let (status, view) = ended(&import(folder.path(), org, &file, &["--dry-run"]));

    assert_eq!((status, &view["id"], &view["dry_run"]), (Some(3), &Value::Null, &json!(true)), "{view}");
    let counts = ["row_count", "imported_count", "failed_count", "skipped_count"];
    assert_eq!(counts.map(|name| view[name].as_u64().unwrap()), [5, 3, 1, 1]);
    assert_eq!(view["errors"][0]["row"], 5);
    assert_eq!(imported(&stack), Vec::<String>::new());
    assert_eq!(get(&stack, "/api/leads/upload/")["imports"], json!([]));
    assert!(!folder.path().join("s3/leadline/imports").exists());
}

#[test]
fn what_cannot_be_imported_is_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let (data, none) = (folder.path(), folder.path().join("none.csv"));
    let stack = Stack::start(data);
    let org = stack.text("/org");
    let leads = write(data, "leads.csv", LEADS);
    let (empty, sizes) = (write(data, "empty.csv", ""), write(data, "sizes.csv", "Shoe size\n38\n"));
    let picture = write(data, "picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let nobody = "0198c5a0-0000-7000-8000-000000000000";

    for (org, file, more, said) in [
        (org, &none, &[][..], "none.csv: "),
        (org, &data.to_owned(), &[], "it is a folder"),
        (org, &empty, &[], "empty.csv: the file is empty"),
        (nobody, &leads, &[], "no such organisation"),
        (org, &leads, &["--assigned-to", "nobody@example.com"], "nobody@example.com: "),
        (org, &leads, &["--assigned-to", "nobody"], "assigned_to: nobody: "),
        (org, &leads, &["--errors", leads.to_str().unwrap()], "leads.csv: it is the file to import"),
        (org, &sizes, &["--dry-run"], "sizes.csv: "),
        (org, &picture, &["--dry-run"], "picture.csv: "),
    ] {
        let refused = import(data, org, file, more);
        let line = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(ended(&refused), (Some(1), Value::Null));
        assert!(line.starts_with("leadctl: ") && line.contains(said), "{line}");
    }
    assert_eq!(get(&stack, "/api/leads/upload/")["imports"], json!([]), "nothing was sent");

    for (file, said) in [(&sizes, "sizes.csv: "), (&picture, "picture.csv: ")] {
        let failed = import(data, org, file, &[]);
        let line = String::from_utf8_lossy(&failed.stderr).into_owned();
        let (status, view) = ended(&failed);
        assert_eq!((status, &view["status"]), (Some(1), &json!("failed")));
        assert!(line.contains(said) && line.contains(view["error"].as_str().unwrap()), "{line}");
    }
    let people = start(data, org, &sizes, &["--again"]).wait_with_output().unwrap();
    assert_eq!((people.status.code(), people.stdout.len()), (Some(1), 0));
    assert_eq!(imported(&stack), Vec::<String>::new());
}

#[test]
fn the_environment_says_which_table_and_which_bucket() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let file = write(folder.path(), "leads.csv", LEADS);
    let import = |bucket: &str| {
        let mut command = Command::new(LEADCTL);
        command.args(["--json", "import", "--org", stack.text("/org")]).arg(&file);
        for (variable, name) in [
            ("LEADLINE_TABLE", "/table"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "/dynamodb"),
            ("AWS_ENDPOINT_URL_S3", "/s3"),
            ("AWS_REGION", "/region"),
            ("AWS_ACCESS_KEY_ID", "/access_key_id"),
            ("AWS_SECRET_ACCESS_KEY", "/secret_access_key"),
        ] {
            command.env(variable, stack.text(name));
        }
        command.env("LEADLINE_BUCKET", bucket).output().unwrap()
    };

    let nowhere = import("");
    let (status, view) = ended(&import(stack.text("/bucket")));

    let line = "leadctl: LEADLINE_BUCKET is not set; it names the bucket\n";
    assert_eq!((nowhere.status.code(), String::from_utf8(nowhere.stderr).unwrap().as_str()), (Some(1), line));
    assert_eq!((status, &view["imported_count"]), (Some(3), &json!(3)), "{view}");
    assert_eq!(imported(&stack), ALL);
}

#[test]
fn an_import_goes_on_without_the_command_that_began_it() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let file = write(folder.path(), "leads.csv", many(4_000));
    let follower = start(folder.path(), stack.text("/org"), &file, &["--default-source", "Fair"]);
    let begun = wait_until(&stack, |import| import["status"] == "processing");

    let kill = Command::new("kill").args(["-INT", &follower.id().to_string()]).status().unwrap();
    let stopped = follower.wait_with_output().unwrap();

    let line = String::from_utf8(stopped.stderr).unwrap();
    assert!(kill.success());
    assert_eq!((stopped.status.code(), stopped.stdout.len()), (Some(130), 0), "{line}");
    assert!(line.contains(&text(&begun["id"])) && line.lines().count() == 1, "{line}");
    let over = wait_until(&stack, |import| import["status"] != "processing");
    assert_eq!((&over["id"], &over["imported_count"]), (&begun["id"], &json!(4_000)));
}

#[test]
fn an_import_that_is_killed_half_way_goes_on_and_each_row_is_a_lead_once() {
    const ROWS: u32 = 6_000;
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let org = stack.text("/org").to_owned();
    let file = write(folder.path(), "leads.csv", many(ROWS));
    let mut follower = start(folder.path(), &org, &file, &["--default-source", "Fair"]);
    let half = wait_until(&stack, |import| import["row_count"].as_u64().unwrap() > 0);
    stack.signal("-KILL");
    follower.kill().unwrap();
    follower.wait().unwrap();
    drop(stack);
    assert_eq!(half["status"], "processing", "it was too quick to be killed");

    let stack = Stack::start(folder.path());

    let over = wait_until(&stack, |import| import["status"] != "processing");
    let counts = ["row_count", "imported_count", "failed_count", "skipped_count"];
    assert_eq!((&over["id"], &over["status"]), (&half["id"], &json!("success")));
    assert_eq!(counts.map(|name| over[name].as_u64().unwrap()), [u64::from(ROWS), u64::from(ROWS), 0, 0]);
    let list = get(&stack, "/api/leads/?fields=leads&limit=1&source=fair");
    assert_eq!((&list["open_leads_count"], &list["closed_leads_count"]), (&json!(ROWS), &json!(0)));
    let again = json(&import(folder.path(), &org, &file, &["--dry-run", "--again"]));
    assert_eq!(again["skipped_count"], ROWS, "every e-mail is that of a lead");
}

//! The local stack as its user meets it: the real process, real ports, `kill -9`.
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod common;

use std::process::Command;

use serde_json::{Value, json};

use self::common::{LEADCTL, Stack, exchange, http, json, leadctl, text};

const JSON: &str = "Content-Type: application/json\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";

impl Stack {
    fn capture(&self, last_name: &str) -> (u16, String) {
        let path = format!("/api/leads/create-from-site/?apikey={}", self.text("/api_key"));
        let form = format!("last_name={last_name}&email={last_name}@example.com");
        http(self.text("/api"), "POST", &path, FORM, &form)
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut headers = head.lines().filter_map(|line| line.split_once(": "));
    headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).unwrap().1
}

/// The value of that attribute, the first there is.
fn attribute<'a>(html: &'a str, name: &str) -> &'a str {
    html.split_once(&format!(" {name}=\"")).unwrap().1.split_once('"').unwrap().0
}

#[test]
fn a_lead_outlives_kill_9_and_the_demo_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = Stack::start(folder.path());
    assert_eq!(first.leads().len(), 5, "the demo");
    let (status, body) = first.capture("Lovelace");
    assert_eq!(status, 201, "{body}");
    let (org, key) = (first.text("/org").to_owned(), first.text("/api_key").to_owned());
    first.signal("-KILL");
    drop(first);

    let again = Stack::start(folder.path());

    let leads = again.leads();
    assert_eq!(leads.len(), 6);
    assert_eq!(leads[0]["last_name"], "Lovelace");
    assert_eq!((again.text("/org"), again.text("/api_key")), (org.as_str(), key.as_str()));
}

#[test]
fn dev_json_says_where_everything_is_and_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());

    let names: Vec<&str> = stack.dev.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "api",
        "dynamodb",
        "s3",
        "demo_page",
        "table",
        "bucket",
        "region",
        "access_key_id",
        "secret_access_key",
        "org",
        "admin",
        "user",
        "api_key",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert_eq!(http(stack.text("/dynamodb"), "GET", "/", "", "").0, 200);
    assert_eq!(http(stack.text("/s3"), "GET", "/", "", "").0, 403, "S3 wants a signature");
    assert_eq!(http(stack.text("/api"), "GET", "/nowhere", "", "").0, 404);
    for name in ["/api", "/dynamodb", "/s3", "/demo_page"] {
        assert!(stack.text(name).starts_with("http://127.0.0.1:"), "{name}");
    }
}

#[test]
fn a_stop_by_signal_is_clean_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut stack = Stack::start(folder.path());
    for n in 0..8 {
        assert_eq!(stack.capture(&format!("S{n}")).0, 201);
    }
    stack.signal("-TERM");
    let status = stack.process.wait().unwrap();
    assert!(status.success(), "{status}");

    let again = Stack::start(folder.path());

    assert_eq!(again.leads().iter().filter(|lead| lead["created_from_site"] == true).count(), 8);
}

#[test]
fn a_taken_port_and_a_taken_folder_are_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let port = stack.text("/api").rsplit(':').next().unwrap();
    let other = tempfile::tempdir().unwrap();

    let taken = leadctl(other.path(), &["dev", "--port", port]);
    let running = leadctl(folder.path(), &["dev", "--port", "0"]);

    let line = format!("leadctl: port {port} is taken; choose another with --port (0 picks a free one)\n");
    assert_eq!((taken.status.code(), String::from_utf8(taken.stderr).unwrap()), (Some(1), line));
    assert_eq!(running.status.code(), Some(1));
    assert_eq!(String::from_utf8(running.stderr).unwrap().lines().count(), 1);
}

#[test]
fn the_commands_work_on_a_stack_that_runs_and_on_one_that_ran() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let stack = Stack::start(data);
    let org = text(&json(&leadctl(data, &["org", "create", "Acme"]))["id"]);
    let create = ["user", "create", "--org", &org, "--role", "ADMIN", "--email", "a@example.com"];
    let user = text(&json(&leadctl(data, &create))["id"]);
    let twice = leadctl(data, &["user", "create", "--org", &org, "--email", "A@example.com"]);
    assert_eq!(twice.status.code(), Some(1));
    let team = text(&json(&leadctl(data, &["team", "create", "--org", &org, "--name", "T"]))["id"]);
    json(&leadctl(data, &["team", "add", "--org", &org, "--team", &team, "--user", &user]));
    let token = json(&leadctl(data, &["token", "--org", &org, "--user", &user, "--ttl", "30m"]));
    let headers = format!("Authorization: Bearer {}\r\n", text(&token["token"]));
    let key = json(&leadctl(data, &["key", "create", "--org", &org, "--name", "K", "--owner", &user]));
    let path = format!("/api/leads/create-from-site?apikey={}", text(&key["api_key"]));
    let lead = "{\"name\": \"A B\", \"phone\": \"12345\"}";
    assert_eq!(http(stack.text("/api"), "GET", "/api/leads/", &headers, "").0, 200);
    assert_eq!(http(stack.text("/api"), "POST", &path, JSON, lead).0, 201);
    drop(stack);

    let users = json(&leadctl(data, &["user", "list", "--org", &org]));
    let keys = json(&leadctl(data, &["key", "list", "--org", &org]));
    assert_eq!(users[0]["teams"][0], team);
    assert!(keys[0].get("api_key").is_none(), "a secret is shown once");
    json(&leadctl(data, &["key", "revoke", "--org", &org, "--key", &text(&key["id"])]));
    json(&leadctl(data, &["user", "deactivate", "--org", &org, "--user", &user]));
    assert_eq!(leadctl(data, &["token", "--org", &org, "--user", &user]).status.code(), Some(1));

    let stack = Stack::start(data);
    assert_eq!(http(stack.text("/api"), "GET", "/api/leads/", &headers, "").0, 403);
    assert_eq!(http(stack.text("/api"), "POST", &path, JSON, lead).0, 403);
}

#[test]
fn a_file_outlives_kill_9_and_downloads_under_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let first = Stack::start(folder.path());
    let path = format!("/api/leads/{}/", text(&first.leads()[0]["id"]));
    let headers = format!("{}Content-Type: multipart/form-data; boundary=b\r\n", first.admin());
    let part = "Content-Disposition: form-data; name=\"attachment\"; filename=\"offer.pdf\"";
    let form = format!("--b\r\n{part}\r\nContent-Type: application/pdf\r\n\r\n%PDF offer\r\n--b--\r\n");
    let (status, body) = http(first.text("/api"), "POST", &path, &headers, &form);
    assert_eq!(status, 201, "{body}");
    let attached: Value = serde_json::from_str(&body).unwrap();
    first.signal("-KILL");
    drop(first);

    let again = Stack::start(folder.path());

    let path = text(&attached["attachment"]["file_path"]);
    let (status, head, _) = exchange(again.text("/api"), "GET", &path, &again.admin(), "");
    assert_eq!(status, 302, "{head}");
    let link = header(&head, "Location").strip_prefix(again.text("/s3")).unwrap();
    let (status, head, body) = exchange(again.text("/s3"), "GET", link, "", "");
    assert_eq!((status, body.as_str()), (200, "%PDF offer"), "{head}");
    let disposition = header(&head, "Content-Disposition");
    assert!(disposition.starts_with("attachment; filename=\"offer.pdf\""), "{disposition}");
    assert!(folder.path().join("s3/leadline/attachments").is_dir());
}

#[test]
fn rules_decide_who_gets_a_captured_lead() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let stack = Stack::start(data);
    let (org, admin, user) = (stack.text("/org"), stack.text("/admin/id"), stack.text("/user/id"));
    let rules = json!([
        {"when": {"door": "import"}, "assign": {"users": [user], "strategy": "all"}},
        {"when": {"email_domain": ["example.com"]}, "assign": {"users": [admin], "strategy": "round_robin"}},
    ]);
    let (file, lead) = (data.join("rules.json"), data.join("lead.json"));
    std::fs::write(&file, rules.to_string()).unwrap();
    std::fs::write(&lead, r#"{"email": "ada@Example.com", "door": "site"}"#).unwrap();
    let mut set = Command::new(LEADCTL);
    set.args(["--json", "rules", "set", "--org", org, "-", "--data-dir"]).arg(data);

    let set = set.stdin(std::fs::File::open(&file).unwrap()).output().unwrap();
    let tried = leadctl(data, &["rules", "test", "--org", org, lead.to_str().unwrap()]);
    let (status, body) = stack.capture("Hopper");

    assert_eq!(json(&set), rules);
    assert_eq!(json(&leadctl(data, &["rules", "show", "--org", org])), rules);
    assert_eq!(json(&tried), json!({"rule": 2, "assigned_to": [admin]}));
    assert_eq!(status, 201, "{body}");
    assert_eq!(stack.leads()[0]["assigned_to"], json!([admin]));
}

#[test]
fn rules_that_cannot_be_are_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let stack = Stack::start(data);
    let (org, user, file) = (stack.text("/org"), stack.text("/user/id"), data.join("rules.json"));
    let nobody = "0198c5a0-0000-7000-8000-000000000000";
    let colour = json!([{"when": {"colour": "red"}, "assign": {"users": [user], "strategy": "all"}}]);
    let unknown = json!([{"when": {}, "assign": {"users": [nobody], "strategy": "all"}}]);

    for (rules, said) in [(json!({}), "array"), (colour, "rule 1, when.colour"), (unknown, nobody)] {
        std::fs::write(&file, rules.to_string()).unwrap();
        let refused = leadctl(data, &["rules", "set", "--org", org, file.to_str().unwrap()]);
        let line = String::from_utf8(refused.stderr).unwrap();
        assert_eq!((refused.status.code(), line.lines().count()), (Some(1), 1), "{line}");
        assert!(line.contains("rules.json: ") && line.contains(said), "{line}");
    }

    assert_eq!(json(&leadctl(data, &["rules", "show", "--org", org])), json!([]));
}

#[test]
fn a_converted_lead_is_an_account_and_an_opportunity() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let stack = Stack::start(data);
    let (org, lead) = (stack.text("/org"), stack.leads()[0].clone());
    let path = format!("/api/leads/{}/", text(&lead["id"]));
    let headers = stack.admin() + JSON;

    let (status, body) = http(stack.text("/api"), "PATCH", &path, &headers, r#"{"status": "converted"}"#);

    assert_eq!(status, 200, "{body}");
    let converted: Value = serde_json::from_str(&body).unwrap();
    let accounts = json(&leadctl(data, &["account", "list", "--org", org]));
    let opportunities = json(&leadctl(data, &["opportunity", "list", "--org", org]));
    assert_eq!(accounts[0]["id"], converted["converted_account"]);
    assert_eq!(accounts[0]["name"], lead["account_name"]);
    assert_eq!(accounts[0]["leads"], json!([lead["id"]]));
    assert_eq!(opportunities[0]["id"], converted["converted_opportunity"]);
    assert_eq!(opportunities[0]["amount"], lead["opportunity_amount"]);
    assert_eq!((stack.leads().len(), accounts.as_array().unwrap().len()), (4, 1));
}

#[test]
fn the_demo_page_is_a_website_of_another_origin() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let (api, site) = (stack.text("/api"), stack.text("/demo_page"));
    assert_ne!(api, site);

    let page = |path: &str| {
        let (status, head, body) = exchange(site, "GET", path, "", "");
        assert_eq!(status, 200, "{path}");
        assert!(header(&head, "Content-Type").starts_with("text/html"), "{path}");
        body
    };
    let (made, own, german) = (page("/"), page("/form.html"), page("/de.html"));
    assert!(made.contains("<html lang=\"en\">") && made.contains("<div data-leadline-form>"));
    assert!(german.contains("<html lang=\"de\">") && german.contains("<div data-leadline-form>"));
    assert_eq!(http(site, "GET", "/nowhere", "", "").0, 404);

    for html in [&made, &own, &german] {
        let script = attribute(html, "src").strip_prefix(api).unwrap();
        let (status, head, _) = exchange(api, "GET", script, "", "");
        assert_eq!(status, 200, "{script}");
        assert!(header(&head, "Content-Type").starts_with("text/javascript"), "{head}");
    }
    let action = attribute(&own, "action").strip_prefix(api).unwrap();
    let form = "name=Ada+Lovelace&email=ada%40example.com&message=Hello&website_url_confirm=";
    let (status, head, body) = exchange(api, "POST", action, &format!("{FORM}Origin: {site}\r\n"), form);
    assert_eq!(status, 201, "{body}");
    assert_eq!(header(&head, "Access-Control-Allow-Origin"), site);
    assert_eq!(stack.leads()[0]["last_name"], "Lovelace");
}

#[test]
fn a_snippet_has_the_secret_if_it_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let stack = Stack::start(data);
    let (org, api, demo) = (stack.text("/org"), stack.text("/api"), stack.text("/api_key"));
    let demo_key = text(&json(&leadctl(data, &["key", "list", "--org", org]))[0]["id"]);
    let made = json(&leadctl(data, &["key", "create", "--org", org, "--name", "K"]));
    let (key, secret) = (text(&made["id"]), text(&made["api_key"]));
    let html = |key: &str, more: &[&str]| {
        let words = ["key", "snippet", "--org", org, "--key", key];
        text(&json(&leadctl(data, &[&words[..], more].concat()))["html"])
    };
    let addresses = |html: &str| (attribute(html, "action").to_owned(), attribute(html, "src").to_owned());
    let expected = |api: &str, key: &str| {
        let at = format!("{api}/api/leads");
        (format!("{at}/create-from-site/?apikey={key}"), format!("{at}/form.js?key={key}"))
    };

    assert_eq!(addresses(&html(&demo_key, &[])), expected(api, demo));
    assert_eq!(addresses(&html(&key, &["--api-key", &secret])), expected(api, &secret));
    let unknown = html(&key, &["--api", "https://leads.example.com/"]);
    assert_eq!(addresses(&unknown), expected("https://leads.example.com", "YOUR_API_KEY"));
    assert!(unknown.contains("leadctl key create") && !unknown.contains(demo), "{unknown}");

    for wrong in [demo, "YOUR_API_KEY", &demo_key] {
        let refused = leadctl(data, &["key", "snippet", "--org", org, "--key", &key, "--api-key", wrong]);
        let line = String::from_utf8(refused.stderr).unwrap();
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(1), 0));
        assert_eq!(line, "leadctl: --api-key is not the secret of this key\n");
    }
    let mut plain = Command::new(LEADCTL);
    plain.args(["key", "snippet", "--org", org, "--key", &key, "--api-key", &secret, "--data-dir"]).arg(data);
    let plain = String::from_utf8(plain.output().unwrap().stdout).unwrap();
    assert_eq!(plain, html(&key, &["--api-key", &secret]));

    json(&leadctl(data, &["key", "revoke", "--org", org, "--key", &key]));
    let revoked = leadctl(data, &["key", "snippet", "--org", org, "--key", &key]);
    assert_eq!(String::from_utf8(revoked.stderr).unwrap(), "leadctl: the key is revoked\n");
}

#[test]
fn a_key_shows_its_use_and_never_a_secret() {
    const CAPTCHA: &str = "a-secret-of-the-verifier";
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let stack = Stack::start(data);
    let org = stack.text("/org");
    let verify_url = "https://challenges.cloudflare.com/turnstile/v0/siteverify";
    let limits = ["--limit", "100", "--address-limit", "10"];
    let captcha = ["--captcha-url", verify_url, "--captcha-secret", CAPTCHA, "--captcha-when-down", "refuse"];
    let words = ["key", "create", "--org", org, "--name", "K"];

    let created = leadctl(data, &[&words[..], &limits, &captcha].concat());
    let made = json(&created);
    let (key, secret) = (text(&made["id"]), text(&made["api_key"]));
    let show = ["key", "show", "--org", org, "--key", &key];
    let (shown, listed) = (leadctl(data, &show), leadctl(data, &["key", "list", "--org", org]));
    let rotated = leadctl(data, &["key", "rotate", "--org", org, "--key", &key]);
    let snippet = leadctl(data, &["key", "snippet", "--org", org, "--key", &key]);

    for output in [&created, &shown, &listed, &rotated, &snippet] {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && !said.contains(CAPTCHA), "{said}");
    }
    let shown = json(&shown);
    assert_eq!((&shown["limit_per_minute"], &shown["limit_per_address"]), (&json!(100), &json!(10)));
    assert_eq!(shown["captcha"], json!({"verify_url": verify_url, "when_down": "refuse"}));
    assert!(!shown.to_string().contains(&secret), "{shown}");
    assert!(text(&json(&snippet)["html"]).contains("<div class=\"cf-turnstile\""));

    let demo =
        |keys: Value| keys.as_array().unwrap().iter().find(|it| it["name"] == "Website").unwrap().clone();
    assert_eq!(demo(json(&listed))["last_used_on"], Value::Null);
    assert_eq!(stack.capture("Hopper").0, 201);
    let listed = leadctl(data, &["key", "list", "--org", org]);
    assert!(demo(json(&listed))["last_used_on"].is_string());
}

#[test]
fn a_body_that_no_gateway_takes_is_refused_and_the_client_hears_it() {
    let folder = tempfile::tempdir().unwrap();
    let stack = Stack::start(folder.path());
    let path = format!("/api/leads/create-from-site/?apikey={}", stack.text("/api_key"));

    let (status, head, body) = exchange(stack.text("/api"), "POST", &path, FORM, &"x".repeat(20_000_000));

    assert_eq!((status, body.as_str()), (413, r#"{"message":"Request Too Long"}"#));
    assert!(!header(&head, "apigw-requestid").is_empty());
    assert_eq!(stack.capture("Hopper").0, 201);
}

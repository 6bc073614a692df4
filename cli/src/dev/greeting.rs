//! What a local stack says when all answers.

use std::io::{self, Write};
use std::path::Path;

use super::dev_json::DevJson;

/// Says where everything is and what to try. `lead` is one that there is.
pub(super) fn print(dev: &DevJson, data_dir: &Path, lead: Option<&str>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "Leadline is running; Ctrl-C stops it.")?;
    writeln!(out)?;
    for (name, what) in [
        ("API", dev.api.clone()),
        ("Demo page", dev.demo_page.clone()),
        ("DynamoDB", format!("{}  table {}", dev.dynamodb, dev.table)),
        ("S3", format!("{}  bucket {}", dev.s3, dev.bucket)),
        ("Organisation", dev.org.to_string()),
        ("Admin", dev.admin.email.clone()),
        ("User", dev.user.email.clone()),
        ("All of it", data_dir.join("dev.json").display().to_string()),
    ] {
        writeln!(out, "  {name:<14}{what}")?;
    }
    for (what, command) in examples(dev, lead) {
        writeln!(out, "\n{what}:\n{command}")?;
    }
    out.flush()
}

fn examples(dev: &DevJson, lead: Option<&str>) -> [(&'static str, String); 3] {
    let api = &dev.api;
    let signed = format!("-H 'Authorization: Bearer {}' -H 'organization-id: {}'", dev.admin.token, dev.org);
    let form = "-d 'last_name=Lovelace' -d 'email=ada@example.com' -d 'message=Hello'";
    let key = &dev.api_key;
    let typed = format!("{signed} -H 'Content-Type: application/json'");
    let city = r#"{"city": "Paris"}"#;
    let ada = r#"{"first_name": "Ada", "last_name": "Lovelace"}"#;
    let post = format!("curl -sS -X POST '{api}/api/leads/create-from-site/?apikey={key}' {form}");
    let list = format!("curl -sS '{api}/api/leads/' {signed}");
    let third = match lead {
        Some(lead) => {
            ("Change a lead", format!("curl -sS -X PATCH '{api}/api/leads/{lead}/' {typed} -d '{city}'"))
        }
        None => ("Open a lead", format!("curl -sS -X POST '{api}/api/leads/' {typed} -d '{ada}'")),
    };
    [("Post a website form", post), ("Find it in the list", list), third]
}

//! Two kinds of older client, each with a lead from its capture to what became of it: those of the
//! reference, and those of the product that it came from.

use std::collections::BTreeMap;

use leadline_tests::{Answer, SECRET, tokens};

use crate::prelude::*;

/// How a client speaks.
struct Dialect<'a> {
    client: Client<'a>,
    /// Bodies are forms in parts; else JSON.
    forms: bool,
    /// What it calls the description of a lead.
    description: &'static str,
    /// What it calls a file.
    file: &'static str,
}

impl Dialect<'_> {
    /// Sends fields as this client does: of lists, a form has a part for each item.
    async fn send(&self, method: &str, path: &str, fields: &Value) -> Answer {
        if !self.forms {
            return self.client.send(method, path, "application/json", fields.to_string()).await;
        }
        let mut body = String::new();
        for (name, value) in fields.as_object().unwrap() {
            let items = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            for item in items {
                let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
                body += &format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
            }
        }
        self.client.send(method, path, "multipart/form-data; boundary=XX", format!("{body}--XX--\r\n")).await
    }

    /// Leads of a list, by last name.
    async fn list(&self, query: &str, which: &str) -> Vec<String> {
        let list = self.client.get(&format!("/api/leads/?{query}")).await;
        assert_eq!(list.status, 200, "{}", list.text);
        let leads = list.body[which].as_array().unwrap();
        assert_eq!(list.body[format!("{which}_count")], leads.len());
        leads.iter().map(|lead| lead["last_name"].as_str().unwrap().to_owned()).collect()
    }

    /// A lead's whole life; what is shown of it at the end.
    async fn live(&self, key: &str) -> Answer {
        let (client, app) = (&self.client, self.client.app);
        let visitor = Dialect { client: app.anyone(), ..*self };
        let capture = json!({
            "first_name": "Maria", "last_name": "Okafor", "email": "Maria@Okafor.example",
            "phone": "+44 20 7946 0000", self.description: "We need 40 trackers", "tags": ["fleet", "VIP"],
        });
        let site = format!("/api/leads/create-from-site/?apikey={key}");
        let captured = visitor.send("POST", &site, &capture).await;
        assert_eq!(captured.status, 201, "{}", captured.text);
        let path = format!("/api/leads/{}/", captured.id());
        assert_eq!(self.list("email=okafor&tags=vip", "open_leads").await, ["Okafor"]);

        let assigned = self.send("PATCH", &path, &json!({"assigned_to": [client.user]})).await;
        assert_eq!(assigned.status, 200, "{}", assigned.text);
        assert_eq!(self.list(&format!("assigned_to={}", client.user), "open_leads").await, ["Okafor"]);

        let commented = self.send("POST", &path, &json!({"comment": "Called her, \"très\" keen"})).await;
        assert_eq!(commented.status, 201, "{}", commented.text);
        assert_eq!(commented.body["comment"]["comment"], "Called her, \"très\" keen");

        let content = b"1;2\r\n\0\xff--XX\r\n".as_slice();
        let file = [(self.file, "prices 2027.csv", "text/csv", content)];
        let attached = client.multipart(&path, &[("comment", "Sent the prices")], &file).await;
        assert_eq!(attached.status, 201, "{}", attached.text);
        assert_eq!(attached.body["attachments"], json!([attached.body["attachment"]]));
        assert_eq!(attached.body["comments"].as_array().unwrap().len(), 2);

        let link = client.get(attached.body["attachment"]["file_path"].as_str().unwrap()).await;
        assert_eq!(link.status, 302, "{}", link.text);
        let (status, headers, downloaded) = app.fetch(link.header("location")).await;
        assert_eq!((status.as_u16(), &*downloaded), (200, content));
        let disposition = headers["content-disposition"].to_str().unwrap();
        assert!(
            disposition.starts_with("attachment") && disposition.contains("prices 2027.csv"),
            "{disposition}"
        );

        let qualify = json!({
            "status": "in process", "opportunity_amount": "75000.00", "account_name": "Okafor Logistics",
            "probability": 60,
        });
        let qualified = self.send("PUT", &path, &qualify).await;
        assert_eq!(qualified.status, 200, "{}", qualified.text);
        assert_eq!(qualified.body["status"], "in process");

        let converted = self.send("PATCH", &path, &json!({"status": "converted"})).await;
        assert_eq!(converted.status, 200, "{}", converted.text);
        assert!(self.list("name=maria", "open_leads").await.is_empty());
        assert_eq!(self.list("status=converted", "converted_leads").await, ["Okafor"]);

        let last = self.send("POST", &path, &json!({"comment": "Signed"})).await;
        assert_eq!(last.status, 201, "{}", last.text);
        client.get(&path).await
    }
}

/// All of it is there at the end, whoever wrote it.
fn check(shown: &Answer, client: &Client<'_>) {
    assert_eq!(shown.status, 200, "{}", shown.text);
    let lead = &shown.body["lead_obj"];
    for (field, value) in [
        ("first_name", json!("Maria")),
        ("last_name", json!("Okafor")),
        ("title", json!("Maria Okafor")),
        ("email", json!("Maria@Okafor.example")),
        ("phone", json!("+44 20 7946 0000")),
        ("description", json!("We need 40 trackers")),
        ("tags", json!(["fleet", "VIP"])),
        ("status", json!("converted")),
        ("account_name", json!("Okafor Logistics")),
        ("opportunity_amount", json!("75000.00")),
        ("probability", json!(60)),
        ("assigned_to", json!([client.user])),
        ("created_from_site", json!(true)),
        ("created_by", Value::Null),
        ("converted_account", shown.body["conversion"]["account"]["id"].clone()),
        ("converted_contact", shown.body["conversion"]["contact"]["id"].clone()),
        ("converted_opportunity", shown.body["conversion"]["opportunity"]["id"].clone()),
    ] {
        assert_eq!(lead[field], value, "{field}");
    }
    assert_eq!(json!([lead["converted_contact"]]), lead["contacts"], "the contact of the capture");
    assert_eq!(shown.body["conversion"]["account"]["name"], "Okafor Logistics");
    assert_eq!(shown.body["conversion"]["opportunity"]["amount"], "75000.00");
    assert_eq!(shown.body["assigned_to"][0]["id"], json!(client.user));
    let comments = shown.body["comments"].as_array().unwrap();
    let texts: Vec<&str> = comments.iter().map(|comment| comment["comment"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Signed", "Sent the prices", "Called her, \"très\" keen"]);
    assert!(comments.iter().all(|comment| comment["commented_by"]["id"] == json!(client.user)));
    let files = shown.body["attachments"].as_array().unwrap();
    assert_eq!((files.len(), &files[0]["file_name"]), (1, &json!("prices 2027.csv")));
    let history = shown.body["history"].as_array().unwrap();
    let actions: Vec<&str> = history.iter().map(|event| event["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["converted", "changed", "changed", "created"]);
    let doors: BTreeMap<&str, usize> = history.iter().fold(BTreeMap::new(), |mut doors, event| {
        *doors.entry(event["door"].as_str().unwrap()).or_default() += 1;
        doors
    });
    assert_eq!(doors, BTreeMap::from([("api", 3), ("site", 1)]));
}

#[tokio::test]
async fn a_client_of_the_reference_takes_a_lead_through_its_life() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let dialect =
        Dialect { client: admin.clone(), forms: false, description: "description", file: "attachment" };

    let shown = dialect.live(&key).await;

    check(&shown, &admin);
}

#[tokio::test]
async fn a_client_of_the_older_product_takes_a_lead_through_its_life() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (_, key) = app.key(admin.org, NewApiKey::default()).await;
    let claims = json!({"user_id": admin.user, "exp": app.now().timestamp() + 600});
    let token = format!("Bearer {}", tokens::hs256(SECRET, "HS256", &claims));
    let client =
        admin.with("authorization", &token).with("organization-id", "").with("org", &admin.org.to_string());
    let dialect = Dialect { client, forms: true, description: "message", file: "lead_attachment" };

    let shown = dialect.live(&key).await;

    check(&shown, &admin);
}

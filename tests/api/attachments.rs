//! Files on leads: `POST /api/leads/{pk}/`, `POST /api/leads/`, `/api/leads/attachment/{pk}/`.

mod direct;
mod faults;

use bytes::Bytes;
use leadline_tests::{Answer, File};
use percent_encoding::percent_decode_str;

use crate::prelude::*;

const FILE: File<'_> = ("attachment", "a.txt", "text/plain", b"a file");

async fn open(client: &Client<'_>) -> String {
    format!("/api/leads/{}/", client.open_lead("Filed", json!({})).await.id())
}

/// Attaches a file; what was answered of it.
async fn attach(client: &Client<'_>, lead: &str, file: File<'_>) -> Value {
    let answer = client.multipart(lead, &[], &[file]).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.body["attachment"].clone()
}

fn names(attachments: &Value) -> Vec<&str> {
    attachments.as_array().unwrap().iter().map(|file| file["file_name"].as_str().unwrap()).collect()
}

fn path(attachment: &Value) -> &str {
    attachment["file_path"].as_str().unwrap()
}

/// Where the bytes of an attachment are.
fn object(client: &Client<'_>, attachment: &Value) -> String {
    let id = |name: &str| attachment[name].as_str().unwrap();
    format!("attachments/{}/{}/{}", client.org, id("lead"), id("id"))
}

/// A browser follows the link to a file: its content type, the name it is saved under, its content.
async fn download(client: &Client<'_>, attachment: &Value) -> (String, String, Bytes) {
    let link = client.get(path(attachment)).await;
    assert_eq!(link.status, 302, "{}", link.text);
    let (status, headers, content) = client.app.fetch(link.header("location")).await;
    assert_eq!(status, 200, "{content:?}");
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let disposition = header("content-disposition");
    let name = disposition.strip_prefix("attachment;").unwrap().split("filename*=UTF-8''").nth(1).unwrap();
    (header("content-type"), percent_decode_str(name).decode_utf8().unwrap().into_owned(), content)
}

/// An hour passes, then somebody attaches a file to a new lead: the key of its object.
async fn an_hour_and_a_file_later(client: &Client<'_>) -> String {
    client.app.pass(Duration::minutes(61));
    let client = client.renewed();
    let lead = open(&client).await;
    object(&client, &attach(&client, &lead, FILE).await)
}

#[tokio::test]
async fn a_comment_and_several_files_come_in_one_request() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;

    let sent = admin
        .multipart(
            &lead,
            &[("comment", "The plans.")],
            &[
                ("attachment", "plan.png", "image/png", b"\x89PNG\r\n\0\xff"),
                ("lead_attachment", "terms.pdf", "application/pdf", b"%PDF"),
                ("attachment", "notes.txt", "text/plain; charset=utf-8", "für später".as_bytes()),
            ],
        )
        .await;
    let later = admin.multipart(&lead, &[], &[("attachment", "later.txt", "text/plain", b"!")]).await;
    let shown = admin.get(&lead).await;

    assert_eq!(sent.status, 201, "{}", sent.text);
    assert_eq!(sent.body["comment"]["comment"], "The plans.");
    assert_eq!(names(&sent.body["new_attachments"]), ["plan.png", "terms.pdf", "notes.txt"]);
    let first = &sent.body["attachment"];
    let expected = json!({
        "id": first["id"], "lead": lead.split('/').nth(3), "file_name": "plan.png", "content_type": "image/png",
        "size": 8, "created_on": first["created_on"],
        "created_by": {"id": admin.user, "email": format!("{}@users.example", admin.user), "name": "Some One"},
        "file_path": format!("/api/leads/attachment/{}/", first["id"].as_str().unwrap()),
    });
    assert_eq!(*first, expected);
    assert_eq!(sent.body["new_attachments"][0], expected);
    assert_eq!(later.body["comment"], Value::Null);
    assert_eq!(names(&later.body["attachments"]).len(), 4);
    assert_eq!(later.body["attachments"][0], later.body["attachment"], "the newest is first");
    assert_eq!(shown.body["attachments"], later.body["attachments"]);
    assert_eq!(shown.body["comments"], later.body["comments"]);
    for (attachment, kind, content) in [
        (first, "image/png", &b"\x89PNG\r\n\0\xff"[..]),
        (&sent.body["new_attachments"][2], "text/plain; charset=utf-8", "für später".as_bytes()),
    ] {
        assert_eq!(attachment["content_type"], kind);
        assert_eq!(attachment["size"], content.len());
        let (kept_kind, _, kept) = download(&admin, attachment).await;
        assert_eq!((&*kept_kind, &*kept), (kind, content));
    }
}

#[tokio::test]
async fn files_may_come_with_a_new_lead() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let made = admin
        .multipart(
            "/api/leads/",
            &[("first_name", "Ada"), ("last_name", "Lovelace"), ("tags", "a"), ("tags", "b")],
            &[
                ("attachment", "one.txt", "text/plain", b"1"),
                ("lead_attachment", "two.txt", "text/plain", b"22"),
            ],
        )
        .await;
    let shown = admin.get(made.header("location")).await;

    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["tags"], json!(["a", "b"]));
    let attachments = shown.body["attachments"].as_array().unwrap();
    assert_eq!(attachments.len(), 2);
    for attachment in attachments {
        assert_eq!(attachment["created_by"]["id"], json!(admin.user));
        let (_, name, content) = download(&admin, attachment).await;
        assert_eq!(
            (attachment["file_name"].as_str(), attachment["size"].as_u64()),
            (Some(&*name), Some(content.len() as u64))
        );
    }
}

#[tokio::test]
async fn a_file_of_4_mb_comes_back_byte_for_byte() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let content: Vec<u8> =
        (0..4 * 1024 * 1024_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();

    let attachment =
        attach(&admin, &lead, ("attachment", "film.bin", "application/octet-stream", &content)).await;

    assert_eq!(attachment["size"], 4 * 1024 * 1024);
    let (_, name, kept) = download(&admin, &attachment).await;
    assert_eq!(name, "film.bin");
    assert!(kept == content);
}

#[tokio::test]
async fn a_name_is_kept_exactly_and_is_never_a_path() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let long = "字".repeat(255);
    let names = [
        "../../x",
        "..",
        "/etc/passwd",
        "C:\\plans\\x.txt",
        "résumé \"final\".pdf",
        "a;b=c, d.txt",
        "100%.txt",
        "it's.txt",
        " spaced .txt",
        "🧾.pdf",
        &long,
    ];

    for (n, name) in names.into_iter().enumerate() {
        let attachment = attach(&admin, &lead, ("attachment", name, "text/plain", name.as_bytes())).await;

        assert_eq!(attachment["file_name"], name);
        let (_, saved_as, content) = download(&admin, &attachment).await;
        assert_eq!((&*saved_as, &*content), (name, name.as_bytes()));
        let objects = app.bucket.objects();
        assert_eq!(objects.len(), n + 1);
        assert!(objects.contains(&object(&admin, &attachment)), "{objects:?}");
    }
}

#[tokio::test]
async fn names_are_read_as_every_client_writes_them() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;

    for (said, name) in [
        (r#"name="attachment"; filename="a \"b\".txt""#, "a \"b\".txt"),
        (r#"name="attachment"; filename="resume.pdf"; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf"#, "résumé.pdf"),
        (r#"name="attachment"; filename*=utf-8'en'%e2%82%ac%20rates"#, "€ rates"),
        (r#"filename="first.txt"; name="attachment""#, "first.txt"),
        (r#"name=attachment; filename=plain.txt"#, "plain.txt"),
        (r#"name="attachment"; filename="""#, "file"),
        (r#"name="attachment"; filename="  ""#, "file"),
    ] {
        let body = format!(
            "--XX\r\nContent-Disposition: form-data; {said}\r\nContent-Type: text/plain\r\n\r\nHi\r\n--XX--\r\n"
        );
        let answer = admin.send("POST", &lead, "multipart/form-data; boundary=XX", body).await;

        assert_eq!(answer.status, 201, "{said}: {}", answer.text);
        assert_eq!(answer.body["attachment"]["file_name"], name, "{said}");
        assert_eq!(answer.body["attachment"]["size"], 2, "{said}");
        assert_eq!(download(&admin, &answer.body["attachment"]).await.1, name);
    }
}

#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let long = "字".repeat(256);
    let eleven = [FILE; 11];

    for (files, field) in [
        (&[("attachment", &*long, "text/plain", &b"a"[..])][..], "attachment"),
        (&[FILE, ("lead_attachment", &*long, "text/plain", b"a")], "lead_attachment"),
        (&[("photo", "a.txt", "text/plain", b"a")], "photo"),
        (&[FILE, ("photo", "a.txt", "text/plain", b"a")], "photo"),
        (&eleven, "attachment"),
    ] {
        let person = [("first_name", "A"), ("last_name", "B"), ("comment", "Look.")];
        for to in [&*lead, "/api/leads/"] {
            let answer = admin.multipart(to, &person, files).await;

            assert_eq!(answer.status, 400, "{field} {}", answer.text);
            assert!(answer.body["errors"][field][0].is_string(), "{}", answer.text);
        }
    }
    let neither = admin.multipart(&lead, &[("other", "x")], &[("attachment", "", "text/plain", b"")]).await;
    assert!(neither.body["errors"]["comment"][0].is_string(), "{}", neither.text);
    let bad_lead = admin.multipart("/api/leads/", &[("first_name", "A")], &[FILE]).await;
    assert_eq!(bad_lead.status, 400);
    let shown = admin.get(&lead).await;
    assert_eq!((&shown.body["attachments"], &shown.body["comments"]), (&json!([]), &json!([])));
    assert_eq!(admin.get("/api/leads/").await.body["open_leads_count"], 1);
    assert_eq!(app.bucket.objects(), [""; 0]);
    let ten = admin.multipart(&lead, &[], &[FILE; 10]).await;
    assert_eq!((ten.status.as_u16(), app.bucket.objects().len()), (201, 10));
}

#[tokio::test]
async fn a_link_is_good_for_five_minutes_and_for_one_file() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let (one, two) = (attach(&admin, &lead, FILE).await, attach(&admin, &lead, FILE).await);

    let answer = admin.get(path(&one).trim_end_matches('/')).await;

    let link = answer.header("location");
    assert_eq!((answer.status.as_u16(), &*answer.text), (302, ""));
    assert!(link.contains("X-Amz-Expires=300&"), "{link}");
    assert_eq!(app.fetch(link).await.0, 200);
    let id = |attachment: &Value| attachment["id"].as_str().unwrap().to_owned();
    for forged in [
        link.replace(&id(&one), &id(&two)),
        link.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"),
        link.split('?').next().unwrap().to_owned(),
    ] {
        assert_eq!(app.fetch(&forged).await.0, 403, "{forged}");
    }
    let (status, ..) = app.put(link, &json!({}), "something else").await;
    assert_eq!(status, 403, "it is for reading");
}

#[tokio::test]
async fn a_deleted_file_is_gone_with_its_bytes() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let (gone, stays) = (attach(&admin, &lead, FILE).await, attach(&admin, &lead, FILE).await);
    let link = admin.get(path(&gone)).await.header("location").to_owned();

    let deleted = admin.delete(path(&gone)).await;

    assert_eq!((deleted.status.as_u16(), &*deleted.text), (204, ""));
    assert_eq!(app.bucket.objects(), [object(&admin, &stays)]);
    assert_eq!(app.fetch(&link).await.0, 404, "nor by a link that was given before");
    assert_eq!(admin.get(path(&gone)).await.status, 404);
    assert_eq!(admin.delete(path(&gone)).await.status, 404);
    assert_eq!(admin.get(&lead).await.body["attachments"], json!([stays]));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_lead_takes_its_files_along() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (lead, other) = (open(&admin).await, open(&admin).await);
    let kept = attach(&admin, &other, FILE).await;
    let mut files = Vec::new();
    for _ in 0..12 {
        let sent = admin.multipart(&lead, &[("comment", "Look.")], &[FILE; 10]).await;
        files.extend(sent.body["new_attachments"].as_array().unwrap().clone());
    }
    assert_eq!(app.bucket.objects().len(), 121);

    assert_eq!(admin.delete(&lead).await.status, 204);

    assert_eq!(app.bucket.objects(), [object(&admin, &kept)]);
    assert_eq!(admin.get(path(&files[0])).await.status, 404);
    assert_eq!(admin.delete(path(&files[119])).await.status, 404);
    assert_eq!(app.mentions(files[0]["lead"].as_str().unwrap()), 0);
}

#[tokio::test(start_paused = true)]
async fn files_sent_again_under_their_key_are_there_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let keyed = admin.with("idempotency-key", "k");
    let person = [("first_name", "A"), ("last_name", "B"), ("comment", "Look.")];
    let other: File<'_> = ("attachment", "a.txt", "text/plain", b"b file");

    for to in [&*lead, "/api/leads/"] {
        let before = app.bucket.objects().len();

        let first = keyed.multipart(to, &person, &[FILE]).await;
        let again = keyed.multipart(to, &person, &[FILE]).await;
        let another = keyed.multipart(to, &person, &[other]).await;
        let without = keyed.multipart(to, &person, &[]).await;

        assert_eq!(first.status, 201, "{}", first.text);
        assert_eq!((again.status, &again.text), (first.status, &first.text));
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!([another.status, without.status].map(|status| status.as_u16()), [409, 409]);
        assert_eq!(app.bucket.objects().len(), before + 1);
    }
    assert_eq!(names(&admin.get(&lead).await.body["attachments"]).len(), 1);
    assert_eq!(admin.get("/api/leads/").await.body["open_leads_count"], 2);
}

#[tokio::test(start_paused = true)]
async fn ten_repeats_at_once_attach_one_file() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    let keyed = admin.with("idempotency-key", "k");

    let all = (0..10).map(|_| keyed.multipart(&lead, &[], &[FILE]));
    let all: Vec<Answer> = futures::future::join_all(all).await;

    assert!(all.iter().all(|answer| answer.status == 201 && answer.text == all[0].text), "{}", all[9].text);
    assert_eq!(admin.get(&lead).await.body["attachments"], json!([all[0].body["attachment"]]));
    let mut left = [object(&admin, &all[0].body["attachment"]), an_hour_and_a_file_later(&admin).await];
    left.sort();
    assert_eq!(app.bucket.objects(), left);
}

#[tokio::test]
async fn a_file_of_another_organisation_or_of_none_is_not_found() {
    let app = TestApp::start().await;
    let (admin, rival) = (app.admin().await, app.admin().await);
    let lead = open(&admin).await;
    let theirs = attach(&admin, &lead, FILE).await;
    let unknown = format!("/api/leads/attachment/{}/", app.app.ids.user(app.now()));
    let upload = admin.post(&lead, json!({"file_name": "b.txt", "size": 1})).await.id();

    for (client, path) in [(&rival, path(&theirs)), (&admin, &*unknown), (&admin, "/api/leads/attachment/x/")]
    {
        for method in ["GET", "DELETE"] {
            let answer = client.send(method, path, "", "").await;
            assert_eq!(answer.status, 404, "{method} {path} {}", answer.text);
        }
    }
    assert_eq!(rival.multipart(&lead, &[], &[FILE]).await.status, 404);
    let own = open(&rival).await;
    let stolen = rival.post(&own, json!({ "upload_id": upload })).await;
    assert!(stolen.status.is_client_error(), "{}", stolen.text);
    assert_eq!(rival.get(&own).await.body["attachments"], json!([]));
    assert_eq!(app.bucket.objects(), [object(&admin, &theirs)]);
}

#[tokio::test]
async fn a_file_is_a_file_however_its_name_is_written() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    for (parameters, name) in [
        (&b"filename=\"r\xe9sum\xe9.txt\""[..], "r\u{fffd}sum\u{fffd}.txt"),
        (b"filename=\"C:\\dir\\\"", "C:\\dir\\"),
        (b"filename=\"a; filename*=utf-8''b\"", "a; filename*=utf-8''b"),
        (b"filename=plain.txt", "plain.txt"),
        (b"filename=\"say \\\"hi\\\".txt\"", "say \"hi\".txt"),
        (b"filename=\"x.txt\"; filename*=UTF-8'en'%e2%82%ac.txt", "€.txt"),
    ] {
        let mut body =
            b"--X\r\nContent-Disposition: form-data; name=\"comment\"\r\n\r\nSee.\r\n--X\r\n".to_vec();
        body.extend(b"Content-Disposition: form-data; name=\"attachment\"; ");
        body.extend(parameters);
        body.extend(b"\r\n\r\nhello\r\n--X--\r\n");

        let added = admin.send("POST", &lead, "multipart/form-data; boundary=X", body).await;

        assert_eq!(added.status, 201, "{}", added.text);
        assert_eq!(added.body["attachment"]["file_name"], name, "{name}");
    }
}

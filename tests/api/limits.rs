//! How much of a request is looked at, where no other page of tests says so.

use crate::prelude::*;

#[tokio::test]
async fn a_filter_has_at_most_100_values_however_they_are_sent() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = admin.user.to_string();

    for (name, value) in [
        ("assigned_to", user.as_str()),
        ("facets", "status"),
        ("source", "a"),
        ("status", "closed"),
        ("tags", "a"),
    ] {
        let (one_text, many) = (vec![value; 100].join(","), format!("{name}={value}&").repeat(51));
        let within = admin.get(&format!("/api/leads/?{name}={one_text}")).await;
        let one_more = admin.get(&format!("/api/leads/?{name}={one_text},{value}")).await;
        let in_both = admin.get(&format!("/api/leads/?{many}{name}={}", vec![value; 50].join(","))).await;

        assert_eq!(within.status, 200, "{}", within.text);
        for refused in [one_more, in_both] {
            assert_eq!(refused.status, 400, "{}", refused.text);
            assert_eq!(refused.body["errors"], json!({name: ["must be at most 100 values"]}));
        }
    }
}

#[tokio::test]
async fn an_error_repeats_no_more_than_the_start_of_a_name() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let name = "x".repeat(5_000);

    let refused = admin.multipart("/api/leads/", &[], &[(&name, "a.txt", "text/plain", b"a")]).await;

    assert_eq!(refused.status, 400, "{}", refused.text);
    assert!(
        refused.text.len() < 500 && refused.text.contains("files are not taken here"),
        "{}",
        refused.text
    );
}

#[tokio::test]
async fn a_token_of_over_8192_bytes_is_not_looked_at() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let token = admin.headers.iter().find(|(name, _)| name == "authorization").unwrap().1.clone();
    let padded = |bytes: usize| {
        let spaces = " ".repeat(bytes);
        admin.with("authorization", &token.replace("Bearer ", &format!("Bearer {spaces}")))
    };

    let padding_is_no_part_of_it = padded(8_192).get("/api/leads/").await;
    let long = admin.with("authorization", &format!("{token}{}", "A".repeat(8_192))).get("/api/leads/").await;

    assert_eq!(padding_is_no_part_of_it.status, 200, "{}", padding_is_no_part_of_it.text);
    assert_eq!(long.status, 401, "{}", long.text);
}

#[tokio::test]
async fn a_list_in_one_text_of_a_form_is_bounded_in_length_and_in_depth() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let send = async |assigned: String| {
        admin
            .multipart("/api/leads/", &[("first_name", "A"), ("last_name", "B"), ("tags", &assigned)], &[])
            .await
    };

    let long = send(format!("[{}]", vec!["1"; 1_001].join(","))).await;
    let deep = send("[".repeat(100_000)).await;

    assert_eq!(
        (long.status.as_u16(), &long.body["errors"]["tags"][0]),
        (400, &json!("must be at most 1000 items"))
    );
    assert_eq!((deep.status.as_u16(), deep.body["errors"]["tags"].is_array()), (400, true), "{}", deep.text);
}

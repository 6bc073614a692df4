//! Record and bytes stay in step whatever fails.

use super::{FILE, an_hour_and_a_file_later, attach, download, object, open, path};
use crate::prelude::*;

const PERSON: [(&str, &str); 3] = [("first_name", "A"), ("last_name", "B"), ("comment", "Look.")];

/// An hour and a file later the bucket holds exactly what the leads show, and each file can be had: how many they are
/// without that file.
async fn in_step(client: &Client<'_>) -> usize {
    let new = an_hour_and_a_file_later(client).await;
    let client = client.renewed();
    let list = client.get("/api/leads/?limit=100").await;
    let mut shown = Vec::new();
    for lead in list.body["open_leads"].as_array().unwrap() {
        let lead = client.get(&format!("/api/leads/{}/", lead["id"].as_str().unwrap())).await;
        for attachment in lead.body["attachments"].as_array().unwrap() {
            assert_eq!(&*download(&client, attachment).await.2, FILE.3);
            shown.push(object(&client, attachment));
        }
    }
    shown.sort();
    assert_eq!(client.app.bucket.objects(), shown);
    let lead = new.split('/').nth(2).unwrap();
    assert_eq!(client.delete(&format!("/api/leads/{lead}/")).await.status, 204);
    shown.len() - 1
}

/// Comments and files of a lead, or none if it is gone.
async fn counts(client: &Client<'_>, lead: &str) -> Option<(usize, usize)> {
    let shown = client.get(lead).await;
    let count = |list: &str| shown.body[list].as_array().unwrap().len();
    (shown.status == 200).then(|| (count("comments"), count("attachments")))
}

#[tokio::test(start_paused = true)]
async fn whichever_write_to_the_table_fails_leaves_neither_file_nor_record() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;

    for (fault, times) in
        [(Fault::Broken, 1), (Fault::Broken, 30), (Fault::Throttled, 30), (Fault::Conflict, 30)]
    {
        for new in [false, true] {
            for others in 0.. {
                let lead = open(&admin).await;
                let to = if new { "/api/leads/" } else { &*lead };
                app.engine.fail_after("TransactWriteItems", others, fault);
                (1..times).for_each(|_| app.engine.fail("TransactWriteItems", fault));

                let answer = admin.multipart(to, &PERSON, &[FILE, FILE]).await;

                app.engine.mend();
                let made = if new { answer.header("location") } else { &lead };
                if answer.status == 201 {
                    assert_eq!(admin.delete(made).await.status, 204);
                    break;
                }
                let case = format!("{fault:?} {times} {others} {to}: {}", answer.text);
                assert!(answer.status.is_server_error(), "{case}");
                if times == 1 {
                    assert_eq!(app.bucket.objects(), [""; 0], "{case}");
                }
                assert_eq!(counts(&admin, &lead).await, Some((0, 0)), "{case}");
                assert_eq!(in_step(&admin).await, 0, "{case}");
                admin = admin.renewed();
                assert_eq!(admin.delete(&lead).await.status, 204);
                assert_eq!(admin.get("/api/leads/").await.body["open_leads_count"], 0, "{case}");
            }
            for lead in admin.get("/api/leads/").await.body["open_leads"].as_array().unwrap() {
                let lead = format!("/api/leads/{}/", lead["id"].as_str().unwrap());
                assert_eq!(admin.delete(&lead).await.status, 204);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_was_lost_is_there_once_with_its_file() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    app.engine.fail("TransactWriteItems", Fault::AnswerLost);
    app.bucket.fail("PutObject", Fault::AnswerLost);

    let sent = admin.multipart(&lead, &[("comment", "Look.")], &[FILE]).await;

    assert_eq!(sent.status, 201, "{}", sent.text);
    let shown = admin.get(&lead).await;
    assert_eq!(shown.body["attachments"], json!([sent.body["attachment"]]));
    assert_eq!(shown.body["comments"], json!([sent.body["comment"]]));
    assert_eq!(&*download(&admin, &sent.body["attachment"]).await.2, FILE.3);
}

#[tokio::test(start_paused = true)]
async fn when_nobody_knows_whether_it_was_written_record_and_file_still_agree() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;

    for others in 0.. {
        let lead = open(&admin).await;
        app.engine.fail_after("TransactWriteItems", others, Fault::AnswerLost);
        (0..30).for_each(|_| app.engine.fail("TransactWriteItems", Fault::AnswerLost));

        let sent = admin.multipart(&lead, &[("comment", "Look.")], &[FILE, FILE]).await;

        app.engine.mend();
        let files = in_step(&admin).await;
        admin = admin.renewed();
        let all_or_nothing = if files == 0 { (0, 0) } else { (1, 2) };
        assert_eq!(counts(&admin, &lead).await, Some(all_or_nothing), "{others} {}", sent.text);
        assert_eq!(admin.delete(&lead).await.status, 204);
        if sent.status == 201 {
            break;
        }
        assert!(sent.status.is_server_error(), "{}", sent.text);
    }
}

#[tokio::test(start_paused = true)]
async fn files_cut_off_on_their_way_are_there_with_their_record_or_not_at_all() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;

    for new in [false, true] {
        for passed in 0.. {
            let lead = open(&admin).await;
            app.cut_off(passed);

            let sent = admin.multipart(if new { "/api/leads/" } else { &lead }, &PERSON, &[FILE, FILE]).await;

            let cut = app.reconnect();
            let files = in_step(&admin).await;
            admin = admin.renewed();
            assert!([0, 2].contains(&files), "{passed} {}", sent.text);
            assert!(files == 2 || sent.status.is_server_error(), "{passed} {}", sent.text);
            let list = admin.get("/api/leads/").await;
            for lead in list.body["open_leads"].as_array().unwrap() {
                let lead = format!("/api/leads/{}/", lead["id"].as_str().unwrap());
                let (comments, files) = counts(&admin, &lead).await.unwrap();
                assert_eq!(comments == 1, files == 2 && !new, "{passed}");
                assert_eq!(admin.delete(&lead).await.status, 204);
            }
            if !cut {
                assert_eq!(sent.status, 201, "{}", sent.text);
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_cut_off_on_its_way_is_done_or_not_begun() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;

    for whole in [false, true] {
        for passed in 0.. {
            let lead = open(&admin).await;
            let sent = admin.multipart(&lead, &[("comment", "Look.")], &[FILE, FILE]).await;
            let first = path(&sent.body["attachment"]);
            app.cut_off(passed);

            let deleted = admin.delete(if whole { &lead } else { first }).await;

            let cut = app.reconnect();
            let files = in_step(&admin).await;
            admin = admin.renewed();
            let found = counts(&admin, &lead).await;
            let after = if whole { None } else { Some((1, 1)) };
            assert!(found == after || found == Some((1, 2)), "{whole} {passed} {found:?}");
            assert!(found == after || deleted.status.is_server_error(), "{whole} {passed} {}", deleted.text);
            assert_eq!(files, found.map_or(0, |(_, files)| files));
            if found.is_none() {
                assert_eq!(app.mentions(lead.split('/').nth(3).unwrap()), 0, "{passed}");
            } else {
                assert_eq!(admin.delete(&lead).await.status, 204);
            }
            if !cut {
                assert_eq!(deleted.status, 204, "{}", deleted.text);
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_fails_for_a_moment_is_not_noticed() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;
    for fault in [Fault::Broken, Fault::Throttled] {
        app.bucket.fail("PutObject", fault);
        app.bucket.fail("DeleteObject", fault);

        let attachment = attach(&admin, &lead, FILE).await;

        assert_eq!(admin.delete(path(&attachment)).await.status, 204);
        assert_eq!(app.bucket.objects(), [""; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_fails_leaves_neither_file_nor_record() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let lead = open(&admin).await;

    for (after, fault) in
        [(0, Fault::Broken), (0, Fault::Throttled), (1, Fault::Broken), (1, Fault::AnswerLost)]
    {
        for to in [&*lead, "/api/leads/"] {
            app.bucket.lose("PutObject", after, fault);

            let answer = admin.multipart(to, &PERSON, &[FILE, FILE, FILE]).await;

            app.bucket.mend();
            assert!(answer.status.is_server_error(), "{after} {fault:?} {to} {}", answer.text);
            assert!(!answer.text.contains("s3") && !answer.text.contains("connection"), "{}", answer.text);
        }
    }
    let shown = admin.get(&lead).await;
    assert_eq!((&shown.body["attachments"], &shown.body["comments"]), (&json!([]), &json!([])));
    assert_eq!(admin.get("/api/leads/").await.body["open_leads_count"], 1);
    assert_eq!(app.bucket.objects(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_the_bucket_would_not_delete_goes_with_the_next_file_after_an_hour() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (lead, other) = (open(&admin).await, open(&admin).await);
    let gone = attach(&admin, &lead, FILE).await;
    attach(&admin, &other, FILE).await;
    app.bucket.lose("DeleteObject", 0, Fault::Broken);

    let file = admin.delete(path(&gone)).await;
    let whole = admin.delete(&other).await;
    app.bucket.mend();

    assert_eq!([file.status, whole.status].map(|status| status.as_u16()), [204, 204]);
    assert_eq!(app.bucket.objects().len(), 2);
    assert_eq!(admin.get(&lead).await.body["attachments"], json!([]));
    assert_eq!(admin.get(path(&gone)).await.status, 404);
    assert_eq!(admin.get(&other).await.status, 404);
    assert_eq!(in_step(&admin).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_comes_while_its_lead_is_deleted_is_not_left_behind() {
    let app = TestApp::start().await;
    let mut admin = app.admin().await;

    for late in 0..12 {
        let lead = open(&admin).await;
        let delete = async {
            tokio::time::sleep(leadline_tests::TRIP * late).await;
            admin.delete(&lead).await
        };
        let (sent, gone) = tokio::join!(admin.multipart(&lead, &[("comment", "Wait!")], &[FILE]), delete);

        assert_eq!(gone.status, 204, "{late} {}", gone.text);
        assert!([201, 404].contains(&sent.status.as_u16()), "{late} {}", sent.text);
        assert_eq!(in_step(&admin).await, 0, "{late}");
        admin = admin.renewed();
        assert_eq!(app.mentions(lead.split('/').nth(3).unwrap()), 0, "{late}");
    }
}

//! Every row is a lead exactly once, whatever is killed, fails, or comes twice.

mod failing;

use std::time::Duration as Wait;

use leadline_tests::{Answer, TRIP};
use tokio::time::sleep;

use super::{counts, csv, drop_file, imports, in_step, report, send, shown, slowly};
use crate::prelude::*;

/// What an import asks for, and what is to come of it.
struct Case {
    mode: &'static str,
    file: String,
    counts: [u64; 4],
    leads: usize,
}

/// Files of several groups, with rows that fail, that are there already and that come twice.
fn cases() -> [Case; 2] {
    let mut file = csv(110).replace("email\n", "email,tags\n").replace(".com\n", ".com,\n");
    for n in [40, 41, 95] {
        file = file.replace(&format!(",{n}@example.com,"), ",nowhere,");
    }
    for n in [0, 5, 5, 100] {
        file += &format!("Again,No {n},{n}@Example.com,again\n");
    }
    file += ",,unknown@example.com,\nNo,Mail,,new;tags\n";
    [
        Case { mode: "skip", file: file.clone(), counts: [98, 4, 14, 0], leads: 108 },
        Case { mode: "update", file, counts: [98, 4, 0, 14], leads: 108 },
    ]
}

/// An organisation with ten of the leads, two of which have tags.
async fn before(app: &TestApp) -> Client<'_> {
    let admin = app.admin().await;
    send(&admin, "before.csv", csv(10), &[]).await;
    app.pass(Duration::seconds(1));
    admin
}

/// The one import more there is succeeded; its rows, the leads and everything that is counted agree.
async fn is_done(client: &Client<'_>, case: &Case, when: &str) {
    let client = client.renewed();
    assert_eq!(client.app.messages(), 0, "{when}");
    let all = imports(&client).await;
    assert_eq!(all.len(), 2, "{when}");
    let import = shown(&client, all[0]["id"].as_str().unwrap()).await;
    assert_eq!((&import["status"], counts(&import)), (&json!("success"), case.counts), "{when} {import}");
    assert_eq!((&import["row_count"], &import["progress"]), (&json!(116), &json!(100)), "{when}");
    let rows: Vec<&Value> = import["errors"].as_array().unwrap().iter().map(|error| &error["row"]).collect();
    assert_eq!(rows, [42, 43, 97, 116, 116], "{when}");
    assert_eq!(report(&client, &import).await.lines().count(), 5, "{when}");
    let leads = in_step(&client).await;
    assert_eq!(leads.len(), case.leads, "{when}");
    let again = leads.iter().filter(|lead| lead["tags"] == json!(["again"])).count();
    assert_eq!(again, if case.mode == "update" { 3 } else { 0 }, "{when}");
}

/// Each case with every so-manieth number of requests after which it is killed.
fn killed() -> impl Iterator<Item = (Case, std::iter::StepBy<std::ops::RangeFrom<usize>>)> {
    cases().into_iter().zip([(0..).step_by(3), (1..).step_by(7)])
}

/// Everything can be reached again, and what waits comes, until nothing does.
async fn finish(app: &TestApp) {
    app.reconnect();
    app.engine.mend();
    app.bucket.mend();
    app.pass(Duration::minutes(2));
    app.deliver().await;
}

#[tokio::test(start_paused = true)]
async fn a_delivery_that_is_killed_at_any_request_goes_on_at_the_next() {
    for (case, requests) in killed() {
        for passed in requests {
            let app = TestApp::start().await;
            let admin = before(&app).await;
            drop_file(&admin, "leads.csv", &case.file, &[("on-duplicate", case.mode)]).await;
            app.cut_off(passed);

            app.deliver().await;

            let cut = app.reconnect();
            finish(&app).await;
            is_done(&admin, &case, &format!("{} {passed}", case.mode)).await;
            if !cut {
                assert!(passed > 20, "{passed}");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_killed_goes_on_by_itself_and_its_repeat_tells_how() {
    for (case, requests) in killed() {
        for passed in requests {
            let app = TestApp::start().await;
            let admin = before(&app).await.with("idempotency-key", "one");
            let options = [("on_duplicate", case.mode)];
            app.cut_off(passed);

            let sent = send(&admin, "leads.csv", &case.file, &options).await;

            let cut = app.reconnect();
            let when = format!("{} {passed} {}", case.mode, sent.text);
            assert!(sent.status == 200 || cut && sent.status.is_server_error(), "{when}");
            if passed % 4 < 2 {
                finish(&app).await;
            }
            let repeat = send(&admin, "leads.csv", &case.file, &options).await;
            assert!([200, 202].contains(&repeat.status.as_u16()), "{when}: {}", repeat.text);
            finish(&app).await;
            is_done(&admin, &case, &when).await;
            let last = send(&admin, "leads.csv", &case.file, &options).await;
            assert_eq!((last.status.as_u16(), counts(&last.body)), (200, case.counts), "{when}");
            if !cut {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_come_twice_at_once_and_again_later_change_nothing() {
    for case in cases() {
        for round in 0..3 {
            let app = TestApp::start().await;
            let admin = before(&app).await;
            drop_file(&admin, "leads.csv", &case.file, &[("on-duplicate", case.mode)]).await;
            if round % 2 == 1 {
                assert!(app.deliver_one().await);
                app.shuffle_messages();
            }
            app.deliver_twice_at_once().await;

            let id = imports(&admin).await[0]["id"].as_str().unwrap().to_owned();
            let piece = format!("chunks/{}/{id}/000000", admin.org);
            for key in [piece.clone(), piece.replace("000000", "go-on"), piece.replace("000000", "undo")] {
                app.drop_object(&key, "whatever comes again", &[]).await;
            }
            drop_file(&admin, "leads.csv", &case.file, &[("on-duplicate", case.mode)]).await;
            app.deliver_twice_at_once().await;

            is_done(&admin, &case, &format!("{} {round}", case.mode)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_come_twice_and_are_killed_leave_nothing_behind() {
    for (case, requests) in killed() {
        for passed in requests.step_by(5) {
            let app = TestApp::start().await;
            let admin = before(&app).await;
            drop_file(&admin, "leads.csv", &case.file, &[("on-duplicate", case.mode)]).await;
            app.cut_off(passed);

            app.deliver_twice_at_once().await;

            let cut = app.reconnect();
            finish(&app).await;
            is_done(&admin, &case, &format!("{} {passed}", case.mode)).await;
            if !cut {
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn several_pieces_at_once_and_twice_make_each_lead_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut file = csv(4_100);
    (0..100).for_each(|n| file += &format!("Again,No {n},{n}@example.com\n"));
    drop_file(&admin, "leads.csv", file, &[("on-duplicate", "update")]).await;

    assert!(app.deliver_one().await);
    app.shuffle_messages();
    app.deliver_twice_at_once().await;

    let import = shown(&admin, imports(&admin).await[0]["id"].as_str().unwrap()).await;
    assert_eq!((counts(&import), &import["status"]), ([4_100, 0, 0, 100], &json!("success")));
    let leads = in_step(&admin).await;
    let again = leads.iter().filter(|lead| lead["first_name"] == "Again").count();
    assert_eq!((leads.len(), again, app.messages()), (4_100, 100, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_longer_than_20_seconds_is_answered_and_goes_on_by_itself() {
    for case in cases() {
        let mut later = 0;
        for wait in (600..2_900).step_by(450) {
            let app = TestApp::start().await;
            let admin = before(&app).await;
            let options = [("on_duplicate", case.mode)];

            let sent: Answer =
                slowly(Wait::from_millis(wait), send(&admin, "leads.csv", &case.file, &options)).await;

            let when = format!("{} {wait} {}", case.mode, sent.text);
            assert!([200, 202].contains(&sent.status.as_u16()), "{when}");
            if sent.status == 202 {
                later += 1;
                assert_eq!(
                    (&sent.body["status"], &sent.body["finished_on"]),
                    (&json!("processing"), &Value::Null)
                );
                assert!(sent.body["progress"].as_u64().unwrap() < 100, "{when}");
                assert!(app.messages() > 0, "{when}");
            }
            app.deliver().await;
            is_done(&admin, &case, &when).await;
        }
        assert!(later > 1, "{later}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_piece_that_takes_longer_than_a_message_may_goes_on_with_the_next() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    app.deliver().await;
    drop_file(&admin, "leads.csv", csv(800), &[("on-duplicate", "update")]).await;
    assert!(app.deliver_one().await);

    let first = slowly(Wait::from_millis(2_500), app.deliver_one()).await;
    let import = shown(&admin, imports(&admin).await[0]["id"].as_str().unwrap()).await;
    let mut times = 1;
    while app.messages() > 0 {
        slowly(Wait::from_millis(2_500), app.deliver_one()).await;
        times += 1;
    }

    assert!(first && times < 5, "{times}"); // what is left has a message of its own
    assert_eq!(import["status"], "processing");
    let rows = import["row_count"].as_u64().unwrap();
    assert!((100..800).contains(&rows) && import["progress"] == json!(rows / 8), "{import}");
    assert_eq!(in_step(&admin).await.len(), 800);
    assert_eq!(imports(&admin).await[0]["status"], "success");
}

#[tokio::test(start_paused = true)]
async fn leads_that_come_by_the_api_meanwhile_are_counted_with_those_of_the_file() {
    for late in (0..40).step_by(3) {
        let app = TestApp::start().await;
        let admin = before(&app).await;
        drop_file(&admin, "leads.csv", csv(110), &[]).await;
        let come = async {
            sleep(TRIP * late).await;
            for n in [20, 60, 105] {
                admin.open_lead("By the API", json!({"email": format!("{n}@example.com")})).await;
            }
        };

        tokio::join!(app.deliver(), come);

        let leads = in_step(&admin).await;
        let import = shown(&admin, imports(&admin).await[0]["id"].as_str().unwrap()).await;
        let [imported, failed, skipped, updated] = counts(&import);
        assert_eq!((imported + skipped, failed + updated), (110, 0), "{late} {import}");
        assert_eq!(leads.len() as u64, 13 + imported, "{late}");
        assert!(imported >= 97, "{late}");
    }
}

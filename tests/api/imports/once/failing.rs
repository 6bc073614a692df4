//! A table and a bucket that fail.

use super::{before, cases, drop_file, finish, is_done, send};
use crate::prelude::*;

/// The ways in which each operation of the table can fail for a moment.
const FAULTS: [(&str, Fault); 15] = [
    ("BatchGetItem", Fault::Throttled),
    ("BatchGetItem", Fault::Unprocessed),
    ("BatchGetItem", Fault::AnswerLost),
    ("BatchWriteItem", Fault::Throttled),
    ("BatchWriteItem", Fault::Unprocessed),
    ("BatchWriteItem", Fault::AnswerLost),
    ("GetItem", Fault::Throttled),
    ("GetItem", Fault::AnswerLost),
    ("Query", Fault::Throttled),
    ("Query", Fault::AnswerLost),
    ("TransactWriteItems", Fault::Throttled),
    ("TransactWriteItems", Fault::Conflict),
    ("TransactWriteItems", Fault::AnswerLost),
    ("UpdateItem", Fault::Throttled),
    ("UpdateItem", Fault::AnswerLost),
];

#[tokio::test(start_paused = true)]
async fn a_table_that_fails_every_other_time_is_not_noticed() {
    for (first, case) in cases().iter().enumerate() {
        for (operation, fault) in FAULTS {
            let app = TestApp::start().await;
            let admin = before(&app).await;
            drop_file(&admin, "leads.csv", &case.file, &[("on-duplicate", case.mode)]).await;
            app.engine.fail_after(operation, first, fault);
            (0..60).for_each(|_| app.engine.fail_after(operation, 1, fault));

            app.deliver().await;

            app.engine.mend();
            is_done(&admin, case, &format!("{} {operation} {fault:?} {first}", case.mode)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_table_that_fails_for_a_minute_is_waited_for() {
    let [case, _] = cases();
    for (operation, fault) in FAULTS {
        for after in [0, 3] {
            let app = TestApp::start().await;
            let admin = before(&app).await;
            drop_file(&admin, "leads.csv", &case.file, &[("on-duplicate", case.mode)]).await;
            app.engine.fail_after(operation, after, fault);
            (0..25).for_each(|_| app.engine.fail(operation, fault));

            app.deliver().await;

            let when = format!("{operation} {fault:?} {after} {}", app.messages());
            finish(&app).await;
            is_done(&admin, &case, &when).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_table_fails_loses_nothing() {
    for (case, times) in cases().iter().zip([200, 5]) {
        for (operation, fault) in FAULTS {
            let app = TestApp::start().await;
            let admin = before(&app).await.with("idempotency-key", "one");
            let options = [("on_duplicate", case.mode)];
            app.engine.fail_after(operation, 4, fault);
            (1..times).for_each(|_| app.engine.fail(operation, fault));

            let sent = send(&admin, "leads.csv", &case.file, &options).await;

            app.engine.mend();
            let when = format!("{} {operation} {fault:?} {times} {}", case.mode, sent.text);
            assert!([200, 202, 503].contains(&sent.status.as_u16()), "{when}");
            finish(&app).await;
            let repeat = send(&admin, "leads.csv", &case.file, &options).await;
            assert!([200, 202].contains(&repeat.status.as_u16()), "{when}: {}", repeat.text);
            finish(&app).await;
            is_done(&admin, case, &when).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_fails_is_tried_again() {
    for case in cases() {
        for (operation, fault) in [
            ("GetObject", Fault::Broken),
            ("GetObject", Fault::Throttled),
            ("GetObject", Fault::AnswerLost),
            ("PutObject", Fault::Broken),
            ("PutObject", Fault::Throttled),
            ("PutObject", Fault::AnswerLost),
        ] {
            for after in (0..5).step_by(2) {
                let app = TestApp::start().await;
                let admin = before(&app).await;
                drop_file(&admin, "leads.csv", &case.file, &[("on-duplicate", case.mode)]).await;
                app.bucket.lose(operation, after, fault);

                app.deliver().await;

                let when = format!("{} {operation} {fault:?} {after}", case.mode);
                finish(&app).await;
                is_done(&admin, &case, &when).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_whose_bucket_fails_loses_nothing() {
    for case in cases() {
        for fault in [Fault::Broken, Fault::Throttled, Fault::AnswerLost] {
            for after in 0..4 {
                let app = TestApp::start().await;
                let admin = before(&app).await.with("idempotency-key", "one");
                let options = [("on_duplicate", case.mode)];
                app.bucket.lose("PutObject", after, fault);

                let sent = send(&admin, "leads.csv", &case.file, &options).await;

                app.bucket.mend();
                let when = format!("{} {fault:?} {after} {}", case.mode, sent.text);
                assert!([200, 503].contains(&sent.status.as_u16()), "{when}");
                let tells = ["s3", "connection"].iter().any(|word| sent.text.contains(word));
                assert!(sent.status == 200 || !tells, "{when}");
                let repeat = send(&admin, "leads.csv", &case.file, &options).await;
                assert!([200, 202].contains(&repeat.status.as_u16()), "{when}: {}", repeat.text);
                finish(&app).await;
                is_done(&admin, &case, &when).await;
            }
        }
    }
}

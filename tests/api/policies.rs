//! What the template lets functions do is what they do. That nothing is missing, every test sees to: a function that asks
//! for what no policy gives is refused, and the test fails. Here it is that nothing is there for nobody.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::process::Command;

use leadctl::role;
use leadline_tests::policies::{USED, granted};

use crate::prelude::*;

/// Tests that together make every kind of call that functions make.
const TESTS: [&str; 19] = [
    "attachments::direct::a_file_sent_to_the_bucket_is_shown_when_it_is_there",
    "attachments::direct::a_file_that_has_arrived_is_not_replaced_by_its_link",
    "attachments::faults::whichever_write_to_the_table_fails_leaves_neither_file_nor_record",
    "auth::a_token_without_an_organisation_serves_every_function",
    "comments::an_edit_reads_the_mentions_anew",
    "detail::a_renamed_company_is_not_made_again_by_another_change",
    "imports::dropped::a_file_that_is_gone_before_its_message_comes_is_nothing",
    "imports::once::several_pieces_at_once_and_twice_make_each_lead_once",
    "imports::rights::a_user_sees_their_own_imports_and_an_admin_all",
    "imports::upload::an_answer_has_the_first_thousand_errors_and_the_file_all",
    "imports::upload::an_import_whose_result_is_gone_is_still_shown",
    "list::export::a_file_too_large_for_an_answer_is_in_the_bucket",
    "list::folds::a_damaged_or_missing_segment_is_never_answered_from",
    "list::folds::an_import_is_taken_back_after_it_was_folded",
    "list::folds::what_a_fold_replaced_goes_an_hour_later",
    "list::folds::what_a_fold_replaced_goes_with_a_later_fold_if_nobody_writes",
    "list::many_rows_are_read_to_the_end_for_a_filter_and_not_without_one",
    "log::nothing_that_a_client_sent_is_in_the_log",
    "policies::a_function_may_open_its_connection_early",
];

/// The bucket here keeps no versions, so no message names one.
const ELSEWHERE: &str = "lead-import s3:GetObjectVersion ${Bucket.Arn}/imports/*";

/// The functions that open one, see the start of an app.
const WARM: [&str; 8] = [
    "lead-comment",
    "lead-companies",
    "lead-create",
    "lead-detail",
    "lead-import",
    "lead-list",
    "lead-site-lead",
    "lead-upload",
];

#[tokio::test]
async fn a_function_may_open_its_connection_early() {
    let app = TestApp::start().await;

    for function in WARM {
        role::run(function, app.app.store.warm_up()).await;
    }

    assert_eq!(app.engine.traffic().requests, 8);
}

#[tokio::test]
#[should_panic(expected = "no policy lets")]
async fn a_function_that_writes_what_gives_rights_fails_its_test() {
    let app = TestApp::start().await;
    let admin = app.admin().await;

    let shut_out = role::run("lead-detail", app.app.store.deactivate_user(admin.org, admin.user)).await;

    assert!(shut_out.is_err());
}

#[test]
fn nothing_is_given_to_a_function_that_it_does_not_use() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("used");

    let run = Command::new(env::current_exe().unwrap()).args(TESTS).arg("--exact").env(USED, &told).output();

    let said = String::from_utf8(run.unwrap().stdout).unwrap();
    assert!(said.contains(&format!("test result: ok. {} passed", TESTS.len())), "{said}");
    let used: BTreeSet<String> = fs::read_to_string(told).unwrap().lines().map(str::to_owned).collect();
    let unused: Vec<String> = granted().difference(&used).cloned().collect();
    assert_eq!(unused, [ELSEWHERE]);
}

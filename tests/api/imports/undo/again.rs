//! Undos that are slow, killed, or asked for twice.

use std::ops::Range;
use std::time::Duration as Wait;

use leadline_tests::{Answer, TRIP};
use tokio::time::sleep;

use super::{counts, csv, import, in_step, path, shown, slowly, undone, upload};
use crate::prelude::*;

/// Twelve leads that an import changes, and as many as it makes; rows of these come twice. Then somebody changes three.
async fn imported(admin: &Client<'_>, twice: Range<usize>) -> Value {
    for n in 0..12 {
        admin.open_lead("There", json!({"email": format!("{n}@example.com"), "city": "London"})).await;
    }
    admin.app.pass(Duration::seconds(1));
    let mut file = csv(60).replace("email\n", "email,city\n").replace(".com\n", ".com,Rome\n");
    let changed = 12 + twice.len();
    twice.for_each(|n| file += &format!(",,{n}@example.com,Oslo\n"));
    let import = import(admin, &file, &[("on_duplicate", "update")]).await;
    assert_eq!(counts(&import), [48, 0, 0, changed as u64], "{import}");
    let all = in_step(admin).await;
    for n in [3, 30, 59] {
        assert_eq!(admin.patch(&path(&all[n]), json!({"city": "Paris"})).await.status, 200);
    }
    import
}

/// The end is the same, however it came about.
async fn is_undone(admin: &Client<'_>, import: &Value, when: &str) {
    let import = shown(admin, import["id"].as_str().unwrap()).await;
    let (counts, left) = undone(&import);
    assert_eq!((&import["status"], left.len()), (&json!("undone"), 3), "{when} {import}");
    let all = in_step(admin).await;
    let count = |city: &str| all.iter().filter(|lead| lead["city"] == city).count();
    assert_eq!((all.len(), count("London"), count("Paris"), count("Rome")), (14, 11, 3, 0), "{when}");
    assert_eq!(counts, [46, 13, 3], "{when}");
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_takes_longer_than_20_seconds_goes_on_by_itself() {
    let mut later = 0;
    for wait in [100, 300, 600, 1_200, 2_400] {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let import = imported(&admin, 10..14).await;
        app.deliver().await;

        let answer = slowly(Wait::from_millis(wait), admin.delete(&upload(&import))).await;

        assert!([200, 202].contains(&answer.status.as_u16()), "{wait} {}", answer.text);
        if answer.status == 202 {
            later += 1;
            assert_eq!(answer.body["status"], "undoing");
            assert_eq!(answer.body["undo"]["left"], json!([]));
            assert!(app.messages() > 0);
        }
        app.deliver().await;
        is_undone(&admin, &import, &wait.to_string()).await;
    }
    assert!(later > 1, "{later}");
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_looked_at_once_however_long_that_takes() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let mut file = "email,city\n".to_owned();
    for n in 0..120 {
        admin.open_lead("There", json!({"email": format!("{n}@example.com"), "city": "London"})).await;
        file += &format!("{n}@example.com,Rome\n");
    }
    let import = import(&admin, &file, &[("on_duplicate", "update")]).await;
    for lead in in_step(&admin).await {
        assert_eq!(admin.patch(&path(&lead), json!({"city": "Paris"})).await.status, 200);
    }

    // Two requests for each lead that is left: together longer than a function has.
    let first = slowly(Wait::from_millis(1_500), admin.delete(&upload(&import))).await;
    let delivered = slowly(Wait::from_millis(1_500), app.deliver());
    tokio::time::timeout(Wait::from_secs(3_600), delivered).await.expect("an undo that ends");

    assert_eq!((first.status.as_u16(), &first.body["status"]), (202, &json!("undoing")));
    let (counts, left) = undone(&shown(&admin, import["id"].as_str().unwrap()).await);
    assert_eq!((counts, left.len()), ([0, 0, 120], 120));
}

/// Kills an undo after each of these numbers of requests, and asks for it again.
async fn killed(twice: &Range<usize>, requests: impl Iterator<Item = usize>) {
    for passed in requests {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let import = imported(&admin, twice.clone()).await;
        app.cut_off(passed);

        let answer = admin.delete(&upload(&import)).await;

        let cut = app.reconnect();
        assert!(answer.status == 200 || cut && answer.status.is_server_error(), "{passed} {}", answer.text);
        let again = admin.delete(&upload(&import)).await;
        assert_eq!(again.status, 200, "{passed} {}", again.text);
        is_undone(&admin, &import, &passed.to_string()).await;
        if !cut {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_is_killed_at_any_request_goes_on_when_it_is_asked_for_again() {
    killed(&(10..12), (0..).step_by(11)).await;
}

#[tokio::test(start_paused = true)]
async fn an_undo_that_is_killed_counts_leads_that_their_import_changed_too() {
    killed(&(10..14), 0..24).await;
}

#[tokio::test(start_paused = true)]
async fn two_undos_at_once_end_as_one() {
    for late in (0..30).step_by(3) {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let import = imported(&admin, 10..14).await;
        let second = async {
            sleep(TRIP * late).await;
            admin.delete(&upload(&import)).await
        };

        let path = upload(&import);
        let (first, second) = tokio::join!(admin.delete(&path), second);

        for answer in [first, second] {
            assert!([200, 503].contains(&answer.status.as_u16()), "{late} {}", answer.text);
        }
        assert_eq!(admin.delete(&upload(&import)).await.status, 200);
        is_undone(&admin, &import, &late.to_string()).await;
    }
}

/// While an import of three leads is taken back, somebody works on one of them at each moment.
async fn meanwhile(work: impl AsyncFn(&Client<'_>, &str) -> Answer) {
    for late in 0..16 {
        let app = TestApp::start().await;
        let admin = app.admin().await;
        let import = import(&admin, &csv(3), &[]).await;
        let lead = in_step(&admin).await[1].clone();
        let (import, path) = (upload(&import), path(&lead));
        let work = async {
            sleep(TRIP * late).await;
            work(&admin, &path).await
        };

        let (undo, worked) = tokio::join!(admin.delete(&import), work);

        assert_eq!(undo.status, 200, "{late} {}", undo.text);
        let left = in_step(&admin).await.len();
        assert_eq!(worked.status.is_success(), left == 1, "{late} {}", worked.text);
        assert_eq!(undone(&undo.body).0, [3 - left as u64, 0, left as u64], "{late}");
        if left == 0 {
            assert_eq!(worked.status, 404, "{late} {}", worked.text);
            assert_eq!(app.stored(lead["id"].as_str().unwrap(), ""), 0, "{late}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lead_that_is_changed_meanwhile_stays_or_its_change_is_refused() {
    meanwhile(async |admin, path| admin.patch(path, json!({"city": "Rome"})).await).await;
}

#[tokio::test(start_paused = true)]
async fn a_lead_that_is_commented_on_meanwhile_stays_or_its_comment_is_refused() {
    meanwhile(async |admin, path| admin.post(path, json!({"comment": "Wait!"})).await).await;
}

//! Bearer tokens.

use leadline::auth::{Auth, Secret};
use leadline_tests::{SECRET, TestApp};

use crate::spoil::{Edit, check, spoil_text};

#[test]
fn a_token_says_what_was_signed_or_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let app = runtime.block_on(TestApp::start());
    let auth = Auth::hs256(&Secret::new(SECRET.to_vec()).unwrap(), None, None);
    let (user, org, now) = (app.app.ids.user(app.now()), app.app.ids.org(app.now()), app.now());
    let token = auth.issue(user, org, now, chrono::Duration::hours(1)).unwrap();
    let bearer = format!("Bearer {token}");

    check(|edits: &Vec<Edit>| {
        let sent = spoil_text(&bearer, edits);
        let seat = runtime.block_on(auth.seat(Some(&sent), None, now, &app.app.store));
        match seat {
            Ok(seat) => assert_eq!((seat.user, seat.org), (user, org)),
            Err(_) => assert_ne!(sent, bearer),
        }
    });
}

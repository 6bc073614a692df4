//! How often a key may be used: by all, and from one address.

use futures::future::join_all;
use leadline_tests::Answer;

use super::{FORM, lead, lead_with, site, stored};
use crate::prelude::*;

/// A key of an organisation of its own with these limits, by the minute and by the minute and address.
async fn limited(app: &TestApp, all: Option<u32>, one: Option<u32>) -> String {
    let new = NewApiKey { limit_per_minute: all, limit_per_address: one, ..NewApiKey::default() };
    app.key(app.admin().await.org, new).await.1
}

/// Posts a new lead, which is taken or comes too soon.
async fn post(client: &Client<'_>, key: &str) -> Answer {
    let answer = client.post(&site(key), lead()).await;
    match answer.status.as_u16() {
        201 => {}
        429 => assert_eq!(answer.body["code"], "rate_limited", "{}", answer.text),
        _ => panic!("{} {}", answer.status, answer.text),
    }
    answer
}

/// Posts so many leads, one after another; how many were taken.
async fn taken(client: &Client<'_>, key: &str, posts: usize) -> usize {
    let mut taken = 0;
    for _ in 0..posts {
        taken += usize::from(post(client, key).await.status == 201);
    }
    taken
}

/// Posts so many leads at once; how many were taken.
async fn taken_at_once(client: &Client<'_>, key: &str, posts: usize) -> usize {
    let answers = join_all((0..posts).map(|_| post(client, key))).await;
    answers.iter().filter(|answer| answer.status == 201).count()
}

/// The seconds that a post is told to wait.
async fn wait(client: &Client<'_>, key: &str) -> i64 {
    let answer = post(client, key).await;
    assert_eq!(answer.status, 429);
    answer.header("retry-after").parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn of_5000_posts_from_50_addresses_a_limit_of_100_stores_100() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, Some(100), None).await;

    let flood = (0..50).map(|n| {
        let (visitor, key) = (app.anyone().from(&format!("198.51.100.{n}")), key.as_str());
        async move {
            let mut answers = Vec::new();
            for _ in 0..100 {
                answers.push(post(&visitor, key).await);
            }
            answers
        }
    });
    let answers = join_all(flood).await.concat();
    let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);

    assert_eq!((answers.len(), taken.len(), stored(&app)), (5000, 100, 100));
    assert!(refused.iter().all(|answer| answer.header("retry-after") == "1"), "a token comes in 0.6 s");
    app.pass(Duration::milliseconds(599));
    assert_eq!(post(&app.anyone(), &key).await.status, 429);
    app.pass(Duration::milliseconds(1));
    assert_eq!(taken_at_once(&app.anyone(), &key, 20).await, 1);
    assert_eq!(stored(&app), 101);
}

#[tokio::test(start_paused = true)]
async fn posts_at_once_get_the_tokens_there_are_and_not_one_more() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, Some(50), None).await;

    let first = taken_at_once(&app.anyone(), &key, 500).await;
    app.pass(Duration::seconds(12));
    let second = taken_at_once(&app.anyone(), &key, 100).await;

    assert_eq!((first, second, stored(&app)), (50, 10, 60));
}

#[tokio::test(start_paused = true)]
async fn who_waits_as_long_as_told_is_let_in_and_a_second_sooner_is_not() {
    let app = TestApp::start().await;
    app.stop_clock();
    let visitor = app.anyone();

    for (limit, seconds) in [(1, 60), (2, 30), (6, 10), (7, 9), (60, 1), (100, 1)] {
        for by_address in [false, true] {
            let key = match by_address {
                false => limited(&app, Some(limit), None).await,
                true => limited(&app, None, Some(limit)).await,
            };
            let posts = usize::try_from(limit).unwrap();
            assert_eq!(taken(&visitor, &key, posts).await, posts);

            assert_eq!(wait(&visitor, &key).await, seconds, "{limit} a minute");
            if seconds > 1 {
                app.pass(Duration::seconds(seconds - 1));
                assert_eq!(wait(&visitor, &key).await, 1, "{limit} a minute, a second sooner");
            }
            app.pass(Duration::seconds(1));
            assert_eq!(post(&visitor, &key).await.status, 201, "{limit} a minute");
            assert_eq!(post(&visitor, &key).await.status, 429, "{limit} a minute");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_come_back_with_time_up_to_the_limit() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, Some(30), None).await;
    let visitor = app.anyone();

    let mut counts = Vec::new();
    for seconds in [0, 20, 1, 1, 600, 60, 30] {
        app.pass(Duration::seconds(seconds));
        counts.push(taken(&visitor, &key, 32).await);
    }

    assert_eq!(counts, [30, 10, 0, 1, 30, 30, 15]);
}

#[tokio::test(start_paused = true)]
async fn one_address_does_not_use_up_what_is_for_another() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, None, Some(5)).await;
    let other_key = limited(&app, None, Some(5)).await;
    let [one, two] = ["198.51.100.1", "198.51.100.2"].map(|address| app.anyone().from(address));

    assert_eq!(taken_at_once(&one, &key, 30).await, 5);
    assert_eq!(wait(&one, &key).await, 12);
    assert_eq!(taken(&two, &key, 6).await, 5);
    assert_eq!(taken(&one, &other_key, 6).await, 5, "nor what is for another key");
    app.pass(Duration::seconds(12));
    assert_eq!(taken(&one, &key, 2).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_without_limits_takes_600_a_minute_from_one_address() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, None, None).await;

    assert_eq!(taken_at_once(&app.anyone(), &key, 620).await, 600);
    assert_eq!(wait(&app.anyone(), &key).await, 1);
    assert_eq!(taken(&app.anyone().from("198.51.100.1"), &key, 5).await, 5, "from another too");
}

#[tokio::test(start_paused = true)]
async fn a_key_with_a_limit_takes_all_of_it_from_one_address() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, Some(610), None).await;

    assert_eq!(taken_at_once(&app.anyone(), &key, 620).await, 610);
    assert_eq!(taken(&app.anyone().from("198.51.100.1"), &key, 2).await, 0);
}

#[tokio::test(start_paused = true)]
async fn who_is_over_the_limit_of_an_address_takes_nothing_from_the_others() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, Some(20), Some(5)).await;

    let spammer = taken_at_once(&app.anyone().from("198.51.100.1"), &key, 60).await;
    let mut others = Vec::new();
    for n in 2..6 {
        others.push(taken(&app.anyone().from(&format!("198.51.100.{n}")), &key, 6).await);
    }

    assert_eq!((spammer, others, stored(&app)), (5, vec![5, 5, 5, 0], 20));
}

#[tokio::test(start_paused = true)]
async fn of_two_limits_the_one_that_takes_longer_is_told() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, Some(6), Some(1)).await;
    let visitors: Vec<_> = (0..8).map(|n| app.anyone().from(&format!("198.51.100.{n}"))).collect();

    assert_eq!(post(&visitors[0], &key).await.status, 201);
    assert_eq!(wait(&visitors[0], &key).await, 60, "its address");
    for visitor in &visitors[1..6] {
        assert_eq!(post(visitor, &key).await.status, 201);
    }
    assert_eq!(wait(&visitors[6], &key).await, 10, "the key");
    assert_eq!(wait(&visitors[0], &key).await, 60, "both");
    app.pass(Duration::seconds(10));
    assert_eq!(post(&visitors[6], &key).await.status, 201);
    assert_eq!(wait(&visitors[7], &key).await, 10);
}

#[tokio::test(start_paused = true)]
async fn addresses_of_one_ipv6_network_count_together() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, None, Some(1)).await;

    for (address, status) in [
        ("2001:db8:1:2::1", 201),
        ("2001:db8:1:2::1", 429),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", 429),
        ("2001:db8:1:2:0:1::", 429),
        ("2001:db8:1:3::1", 201),
        ("2001:db8:0:2::1", 201),
        ("198.51.100.1", 201),
        ("198.51.100.2", 201),
        ("::ffff:198.51.100.2", 429), // the same in another spelling
        ("::ffff:198.51.100.3", 201),
    ] {
        assert_eq!(post(&app.anyone().from(address), &key).await.status, status, "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_client_says_of_its_address_is_not_believed() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, None, Some(2)).await;
    let spammer = app.anyone().from("198.51.100.1");
    assert_eq!(taken(&spammer, &key, 2).await, 2);

    for (header, value) in [
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-for", "192.0.2.1, 198.51.100.2"),
        ("x-forwarded-for", "198.51.100.1"),
        ("x-forwarded-for", "203.0.113.7, 203.0.113.8, 203.0.113.9"),
        ("x-real-ip", "192.0.2.1"),
        ("forwarded", "for=192.0.2.1"),
        ("cf-connecting-ip", "192.0.2.1"),
        ("true-client-ip", "192.0.2.1"),
        ("x-client-ip", "192.0.2.1"),
    ] {
        assert_eq!(post(&spammer.with(header, value), &key).await.status, 429, "{header}: {value}");
    }
    let victim = app.anyone().from("192.0.2.1");
    assert_eq!(taken(&victim, &key, 2).await, 2, "nor is another blamed");
}

#[tokio::test(start_paused = true)]
async fn behind_proxies_the_client_is_whom_the_outermost_of_them_saw() {
    for (proxies, trail) in [(1, ""), (2, ", 10.0.0.1"), (3, ", 10.0.0.2, 10.0.0.1")] {
        let app = TestApp::start_behind(proxies).await;
        app.stop_clock();
        let key = limited(&app, None, Some(1)).await;
        let gateway_sees = app.anyone().from("198.51.100.1");

        for (told, status) in [
            ("192.0.2.1", 201),
            ("192.0.2.1", 429),
            ("6.6.6.6, 192.0.2.1", 429),
            ("6.6.6.6, 7.7.7.7,192.0.2.1", 429),
            ("198.51.100.1, 192.0.2.1", 429),
            ("192.0.2.1, 192.0.2.2", 201),
            ("2001:db8::1", 201),
            ("2001:db8::2", 429),
        ] {
            let visitor = gateway_sees.with("x-forwarded-for", &format!("{told}{trail}"));

            assert_eq!(post(&visitor, &key).await.status, status, "{proxies} proxies, {told}{trail}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_names_no_address_is_no_way_around_the_limit() {
    let app = TestApp::start_behind(2).await;
    app.stop_clock();
    let key = limited(&app, None, Some(1)).await;
    let gateway_sees = app.anyone().from("198.51.100.1");

    let mut taken = 0;
    for told in ["", "unknown, 10.0.0.1", "hidden, 10.0.0.1", "1, 10.0.0.1", "2, 10.0.0.1", ", 10.0.0.1", "x"]
    {
        let visitor = gateway_sees.with("x-forwarded-for", told);
        taken += usize::from(post(&visitor, &key).await.status == 201);
    }

    assert_eq!(taken, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_or_trapped_takes_no_token() {
    let app = TestApp::start().await;
    app.stop_clock();
    let key = limited(&app, Some(1), Some(1)).await;
    let (visitor, path) = (app.anyone(), site(&key));

    for (status, answer) in [
        (400, visitor.post(&path, json!({"email": "a@example.com"})).await),
        (400, visitor.post(&path, lead_with(&json!({"email": "nobody"}))).await),
        (400, visitor.post(&path, lead_with(&json!({"status": "converted"}))).await),
        (400, visitor.send("POST", &path, "application/json", "{").await),
        (400, visitor.send("POST", &path, FORM, "last_name=%ff").await),
        (415, visitor.send("POST", &path, "text/plain", "x").await),
        (413, visitor.send("POST", &path, FORM, vec![b'a'; 1024 * 1024 + 1]).await),
        (400, visitor.with("idempotency-key", &"k".repeat(256)).post(&path, lead()).await),
        (201, visitor.post(&path, lead_with(&json!({"website_url_confirm": "x"}))).await),
        (201, visitor.post(&path, lead_with(&json!({"website_url_confirm": "x"}))).await),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text);
    }

    assert_eq!(stored(&app), 0);
    assert_eq!(taken(&visitor, &key, 2).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_flood_over_the_limit_costs_no_write() {
    let app = TestApp::start().await;
    app.stop_clock();

    for (all, one) in [(Some(3), None), (None, Some(3)), (Some(50), Some(3)), (Some(3), Some(50))] {
        let key = limited(&app, all, one).await;
        assert_eq!(taken(&app.anyone(), &key, 3).await, 3);
        app.engine.traffic();

        assert_eq!(taken(&app.anyone(), &key, 20).await, 0);
        let traffic = app.engine.traffic();

        assert_eq!(traffic.write_units, 0.0, "{all:?} {one:?}");
        assert!(traffic.requests <= 60, "{all:?} {one:?}: {} requests for 20 posts", traffic.requests);
    }
}

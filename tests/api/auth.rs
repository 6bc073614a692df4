//! Who is let in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jsonwebtoken::Algorithm;
use leadctl::gateway::TrailingSlash;
use leadline::auth::{Auth, Secret};
use leadline::config::{TokenConfig, TokenKeys};
use leadline_tests::{SECRET, tokens};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::prelude::*;

#[tokio::test]
async fn only_a_token_that_holds_lets_in() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let (sub, now) = (admin.user.to_string(), app.now().timestamp());
    let claims = json!({"sub": sub, "exp": now + 60});
    let hs256 = |claims: &Value| format!("Bearer {}", tokens::hs256(SECRET, "HS256", claims));
    let good = hs256(&claims);

    for (case, header, status) in [
        ("good", good.clone(), 200),
        ("lower-case scheme", good.replace("Bearer", "bearer"), 200),
        ("user_id instead of sub", hs256(&json!({"user_id": sub, "exp": now + 60})), 200),
        ("expired within the leeway", hs256(&json!({"sub": sub, "exp": now - 50})), 200),
        ("none", String::new(), 401),
        ("no scheme", good.replace("Bearer ", ""), 401),
        ("basic", good.replace("Bearer", "Basic"), 401),
        ("nonsense", "Bearer x.y.z".to_owned(), 401),
        ("expired", hs256(&json!({"sub": sub, "exp": now - 70})), 401),
        ("not yet", hs256(&json!({"sub": sub, "exp": now + 600, "nbf": now + 70})), 401),
        ("no exp", hs256(&json!({"sub": sub})), 401),
        ("no sub", hs256(&json!({"exp": now + 60})), 401),
        ("blank sub", hs256(&json!({"sub": "", "exp": now + 60})), 401),
        ("a refresh token", hs256(&json!({"sub": sub, "exp": now + 60, "token_type": "refresh"})), 401),
        ("an org that is no text", hs256(&json!({"sub": sub, "exp": now + 60, "org": 7})), 200),
        ("other secret", format!("Bearer {}", tokens::hs256(&[7; 32], "HS256", &claims)), 401),
        ("algorithm none", format!("Bearer {}", tokens::hs256(SECRET, "none", &claims)), 401),
        ("algorithm of the token", format!("Bearer {}", tokens::hs256(SECRET, "HS512", &claims)), 401),
        ("a bit flipped", format!("{}A", &good[..good.len() - 1].to_owned()), 401),
        ("a critical extension", format!("Bearer {}", tokens::critical(SECRET, &claims)), 401),
        ("a stranger", hs256(&json!({"sub": "auth0|nobody", "exp": now + 60})), 403),
    ] {
        let answer = admin.with("authorization", &header).get("/api/leads/").await;

        if case != "a bit flipped" || header != good {
            assert_eq!(answer.status, status, "{case}: {}", answer.text);
        }
        if status == 401 && answer.status == 401 {
            assert_eq!(answer.header("www-authenticate"), "Bearer", "{case}");
            assert_eq!(answer.body["code"], "unauthenticated");
        }
    }
}

#[tokio::test]
async fn issuer_and_audience_are_checked_where_they_are_set() {
    let secret = Secret::new(SECRET.to_vec()).unwrap();
    let auth = Auth::hs256(&secret, Some("https://id.example".to_owned()), Some("leadline".to_owned()));
    let app = TestApp::start_with(auth, TrailingSlash::Ignored).await;
    let admin = app.admin().await;
    let exp = app.now().timestamp() + 60;

    let cognito =
        json!({"sub": admin.user, "exp": exp, "iss": "https://id.example", "client_id": "leadline"});
    let cognito = format!("Bearer {}", tokens::hs256(SECRET, "HS256", &cognito));
    assert_eq!(
        admin.with("authorization", &cognito).get("/api/leads/").await.status,
        200,
        "Cognito's access token"
    );
    for (iss, aud, status) in [
        (json!("https://id.example"), json!("leadline"), 200),
        (json!("https://id.example"), json!(["other", "leadline"]), 200),
        (json!("https://evil.example"), json!("leadline"), 401),
        (json!("https://id.example"), json!("other"), 401),
        (Value::Null, json!("leadline"), 401),
        (json!("https://id.example"), Value::Null, 401),
    ] {
        let mut claims = json!({"sub": admin.user, "exp": exp, "iss": iss, "aud": aud});
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        let token = format!("Bearer {}", tokens::hs256(SECRET, "HS256", &claims));

        assert_eq!(
            admin.with("authorization", &token).get("/api/leads/").await.status,
            status,
            "{iss} {aud}"
        );
    }
}

#[tokio::test]
async fn the_organisation_is_the_headers_the_tokens_or_the_only_one() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let other = app.org("Other").await;
    let exp = app.now().timestamp() + 60;
    let plain = format!("Bearer {}", tokens::hs256(SECRET, "HS256", &json!({"sub": admin.user, "exp": exp})));
    let bare = admin.with("authorization", &plain).with("organization-id", "");

    assert_eq!(bare.get("/api/leads/").await.status, 200, "the only organisation");
    assert_eq!(bare.with("org", &admin.org.to_string()).get("/api/leads/").await.status, 200, "the alias");
    assert_eq!(bare.with("org", &other.to_string()).get("/api/leads/").await.status, 403, "not a member");
    assert_eq!(
        bare.with("org", "x").get("/api/leads/").await.body["errors"],
        json!({"org": ["must be a UUID"]})
    );

    let user =
        leadline::domain::User::new(admin.user, other, "a@example.com", None, Role::User, app.now()).unwrap();
    app.app.store.insert_user(&user).await.unwrap();
    let which = bare.get("/api/leads/").await;
    assert_eq!(which.status, 400);
    assert!(which.body["errors"]["organization-id"].is_array(), "{}", which.text);
    assert_eq!(admin.with("organization-id", "").get("/api/leads/").await.status, 200, "the token's org");
}

#[tokio::test]
async fn a_token_without_an_organisation_serves_every_function() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let exp = app.now().timestamp() + 60;
    let plain = format!("Bearer {}", tokens::hs256(SECRET, "HS256", &json!({"sub": admin.user, "exp": exp})));
    let bare = admin.with("authorization", &plain).with("organization-id", "");

    let lead = bare.open_lead("Lovelace", json!({})).await;
    let path = format!("/api/leads/{}/", lead.id());
    let comment = bare.post(&path, json!({"comment": "Called"})).await;

    assert_eq!(comment.status, 201, "{}", comment.text);
    for path in ["/api/leads/", &path, "/api/leads/companies/", "/api/leads/upload/"] {
        assert_eq!(bare.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_deactivated_user_is_shut_out_at_once() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    assert_eq!(user.get("/api/leads/").await.status, 200);

    app.app.store.deactivate_user(admin.org, user.user).await.unwrap();

    assert_eq!(user.get("/api/leads/").await.status, 403);
    let assigned = admin
        .post("/api/leads/", json!({"first_name": "A", "last_name": "B", "assigned_to": [user.user]}))
        .await;
    assert_eq!(assigned.status, 400, "nobody inactive is assigned to");
}

/// An OpenID provider's key set on loopback: what it serves can be changed, or taken away.
struct Provider {
    url: String,
    keys: Arc<std::sync::Mutex<Option<Value>>>,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    async fn start(keys: Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let (keys, asked) = (Arc::new(std::sync::Mutex::new(Some(keys))), Arc::new(AtomicUsize::new(0)));
        let (serves, counts) = (keys.clone(), asked.clone());
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let mut request = [0; 4096];
                let _ = socket.read(&mut request).await;
                counts.fetch_add(1, Ordering::SeqCst);
                let body = serves.lock().unwrap().clone();
                let (status, body) =
                    body.map_or(("503 No", String::new()), |body| ("200 OK", body.to_string()));
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = socket.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        Self { url, keys, asked }
    }
}

#[tokio::test]
async fn tokens_of_a_provider_are_checked_by_its_key_set() {
    for (algorithm, signer) in [
        (Algorithm::ES256, tokens::Signer::es256("k1")),
        (Algorithm::EdDSA, tokens::Signer::ed25519("k1")),
        (Algorithm::RS256, tokens::Signer::rs256("k1")),
    ] {
        let provider =
            Provider::start(json!({"keys": [signer.jwk(), {"kty": "oct", "kid": "k2", "k": "c2VjcmV0"}]}))
                .await;
        let auth = Auth::jwks(algorithm, provider.url.clone(), None, None);
        let app = TestApp::start_with(auth, TrailingSlash::Ignored).await;
        let admin = app.admin().await;
        let claims = json!({"sub": admin.user, "exp": app.now().timestamp() + 600});
        let ask = async |token: String| {
            admin.with("authorization", &format!("Bearer {token}")).get("/api/leads/").await.status.as_u16()
        };

        assert_eq!(ask(signer.sign(&claims)).await, 200, "{algorithm:?}");
        assert_eq!(ask(signer.sign(&claims)).await, 200);
        assert_eq!(provider.asked.load(Ordering::SeqCst), 1, "the set is cached");
        assert_eq!(ask(tokens::hs256(SECRET, "HS256", &claims)).await, 401, "another algorithm");
        assert_eq!(ask(tokens::hs256(b"secret", "HS256", &claims)).await, 401, "a secret that is in the set");
        let wrong = tokens::Signer::es256("k1");
        assert_eq!(ask(wrong.sign(&claims)).await, 401, "a key of the same id that is not the provider's");
    }
}

#[tokio::test]
async fn an_unknown_key_id_is_asked_for_but_not_over_and_over() {
    let (old, new) = (tokens::Signer::es256("old"), tokens::Signer::es256("new"));
    let provider = Provider::start(json!({"keys": [old.jwk()]})).await;
    let auth = Auth::jwks(Algorithm::ES256, provider.url.clone(), None, None);
    let app = TestApp::start_with(auth, TrailingSlash::Ignored).await;
    let admin = app.admin().await;
    let exp = app.now().timestamp() + 100_000;
    let ask = async |signer: &tokens::Signer| {
        let token = signer.sign(&json!({"sub": admin.user, "exp": exp}));
        admin.with("authorization", &format!("Bearer {token}")).get("/api/leads/").await.status.as_u16()
    };
    assert_eq!(ask(&old).await, 200);

    *provider.keys.lock().unwrap() = Some(json!({"keys": [old.jwk(), new.jwk()]}));
    for _ in 0..10 {
        assert_eq!(ask(&new).await, 401, "asked a moment ago");
    }
    assert_eq!(provider.asked.load(Ordering::SeqCst), 1);
    app.pass(Duration::seconds(31));
    assert_eq!(ask(&new).await, 200);
    assert_eq!(provider.asked.load(Ordering::SeqCst), 2);

    *provider.keys.lock().unwrap() = None;
    app.pass(Duration::hours(2));
    assert_eq!(ask(&new).await, 200, "the old keys go on while the provider is down");
}

#[tokio::test]
async fn a_provider_that_never_answered_is_503() {
    let auth = Auth::jwks(Algorithm::ES256, "http://127.0.0.1:9/".to_owned(), None, None);
    let app = TestApp::start_with(auth, TrailingSlash::Ignored).await;
    let admin = app.admin().await;
    let token =
        tokens::Signer::es256("k").sign(&json!({"sub": admin.user, "exp": app.now().timestamp() + 60}));

    let answer = admin.with("authorization", &format!("Bearer {token}")).get("/api/leads/").await;

    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn the_secret_is_fetched_from_secrets_manager_by_its_arn() {
    let arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:leadline-tokens";
    let kept = |secret: &str| leadline_tests::secrets_manager(arn, secret);
    let config =
        |arn: &str| TokenConfig { keys: TokenKeys::SecretArn(arn.to_owned()), issuer: None, audience: None };
    let secret = str::from_utf8(SECRET).unwrap();

    let auth = Auth::from_config(&config(arn), &kept(secret)).await.unwrap();
    let short = Auth::from_config(&config(arn), &kept("short")).await.unwrap_err();
    let unknown = Auth::from_config(&config("arn:aws:secretsmanager:other"), &kept(secret)).await;

    let app = TestApp::start_with(auth, TrailingSlash::Ignored).await;
    let admin = app.admin().await;
    let token =
        tokens::hs256(SECRET, "HS256", &json!({"sub": admin.user, "exp": app.now().timestamp() + 60}));
    assert_eq!(admin.with("authorization", &format!("Bearer {token}")).get("/api/leads/").await.status, 200);
    assert_eq!(short.to_string(), "the token secret must be at least 32 bytes");
    assert!(unknown.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_user_deactivated_while_they_join_a_team_stays_out() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    let user = app.member(admin.org, Role::User).await;
    let team = app.team(admin.org, &[]).await;

    let store = &app.app.store;
    let (out, _) = tokio::join!(
        store.deactivate_user(admin.org, user.user),
        store.add_member(admin.org, team, user.user)
    );

    assert!(out.is_ok());
    assert_eq!(user.get("/api/leads/").await.status, 403);
}

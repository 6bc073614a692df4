//! `leadctl key snippet`.

use leadline::BoxError;
use leadline::auth::ApiSecret;

use super::answer::Answer;
use super::key::MISSING;
use super::place::Place;
use crate::args;
use crate::snippet::Snippet;

/// A stack says itself where its API is, and a local one what the secret of its demo's key is.
pub(super) async fn run(place: &Place, wanted: &args::Snippet) -> Result<Answer, BoxError> {
    let org = place.require_org(wanted.it.at.org).await?;
    let shown = place.store.find_key(org, wanted.it.key).await?.ok_or(MISSING)?;
    if shown.key.revoked_on.is_some() {
        return Err("the key is revoked".into());
    }
    let opens = |secret: &&str| shown.opened_by(&ApiSecret::sent(secret).hash());
    let dev = place.dev();
    let demo_key = dev.as_ref().map(|dev| dev.api_key.as_str()).filter(opens);
    let api_key = match wanted.api_key.as_ref().map(|secret| secret.0.as_str()) {
        Some(secret) if !opens(&secret) => return Err("--api-key is not the secret of this key".into()),
        given => given.or(demo_key),
    };
    let api = match &wanted.api {
        Some(api) => Some(api.0.clone()),
        None => place.api()?,
    };
    let api = &api.ok_or("where is the API? name it with --api, such as --api https://api.example.com")?;
    let verify_url = shown.key.captcha.as_ref().map(|captcha| captcha.verify_url.as_str());
    Ok(Answer::Text { name: "html", text: Snippet { api, api_key, verify_url }.html() })
}

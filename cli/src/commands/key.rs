//! `leadctl key`.

use leadline::BoxError;
use leadline::auth::ApiSecret;
use leadline::domain::{ApiKey, Captcha, NewApiKey};
use leadline::human::CaptchaSecret;

use super::answer::Answer;
use super::explain;
use super::place::Place;
use super::snippet;
use crate::args::{KeyCommand, NewKey, OneKey};

pub(super) const MISSING: &str = "no such key";

pub(super) async fn run(place: &Place, command: &KeyCommand) -> Result<Answer, BoxError> {
    match command {
        KeyCommand::Create(new) => create(place, new).await,
        KeyCommand::List(at) => {
            let keys = place.store.keys(place.require_org(at.org).await?).await?;
            let columns = &["id", "name", "source", "owner", "origins", "last_used_on", "revoked_on"];
            Answer::list(columns, &keys)
        }
        KeyCommand::Show(it) => {
            let org = place.require_org(it.at.org).await?;
            Answer::one(&place.store.find_key(org, it.key).await?.ok_or(MISSING)?)
        }
        KeyCommand::Rotate(it) => rotate(place, it).await,
        KeyCommand::Revoke(it) => {
            let org = place.require_org(it.at.org).await?;
            let key = place.store.revoke_key(org, it.key, place.clock.now()).await;
            Answer::one(&key.map_err(explain("the key was changed meanwhile; try again", MISSING))?)
        }
        KeyCommand::Snippet(wanted) => snippet::run(place, wanted).await,
    }
}

async fn create(place: &Place, new: &NewKey) -> Result<Answer, BoxError> {
    let org = place.require_org(new.at.org).await?;
    if let Some(owner) = new.owner {
        place.member(org, owner).await.map_err(|error| format!("owner: {error}"))?;
    }
    let (now, captcha) = (place.clock.now(), &new.captcha);
    let verified_by = |url: &String| Captcha { verify_url: url.clone(), when_down: captcha.when_down };
    let wanted = NewApiKey {
        name: new.name.clone(),
        owner: new.owner,
        origins: new.origins.clone(),
        redirects: new.redirects.clone(),
        source: new.source.clone(),
        limit_per_minute: new.limit,
        limit_per_address: new.address_limit,
        captcha: captcha.url.as_ref().map(verified_by),
    };
    let key = ApiKey::new(place.ids.key(now), org, wanted, now)?;
    let secret = ApiSecret::generate()?;
    let captcha_secret = captcha.secret.as_ref().map(|secret| CaptchaSecret::new(secret.0.clone()));
    place.store.insert_key(&key, secret.hash(), captcha_secret).await?;
    Ok(Answer::one(&key)?.with("api_key", secret.reveal()))
}

async fn rotate(place: &Place, it: &OneKey) -> Result<Answer, BoxError> {
    let org = place.require_org(it.at.org).await?;
    let secret = ApiSecret::generate()?;
    let key = place.store.rotate_key(org, it.key, secret.hash(), place.clock.now()).await;
    let key = key.map_err(explain("the key is revoked, or was changed meanwhile", MISSING))?;
    Ok(Answer::one(&key)?.with("api_key", secret.reveal()))
}

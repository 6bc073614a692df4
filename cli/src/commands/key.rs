//! `leadctl key`.

use leadline::BoxError;
use leadline::auth::ApiSecret;
use leadline::domain::{ApiKey, NewApiKey};

use super::answer::Answer;
use super::explain;
use super::place::Place;
use crate::args::{KeyCommand, NewKey, OneKey};

const MISSING: &str = "no such key";

pub(super) async fn run(place: &Place, command: &KeyCommand) -> Result<Answer, BoxError> {
    match command {
        KeyCommand::Create(new) => create(place, new).await,
        KeyCommand::List(at) => {
            let keys = place.store.keys(place.require_org(at.org).await?).await?;
            Answer::list(&["id", "name", "source", "owner", "origins", "revoked_on"], &keys)
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
    }
}

async fn create(place: &Place, new: &NewKey) -> Result<Answer, BoxError> {
    let org = place.require_org(new.at.org).await?;
    if let Some(owner) = new.owner {
        place.member(org, owner).await.map_err(|error| format!("owner: {error}"))?;
    }
    let now = place.clock.now();
    let wanted = NewApiKey {
        name: new.name.clone(),
        owner: new.owner,
        origins: new.origins.clone(),
        redirects: new.redirects.clone(),
        source: new.source.clone(),
        limit_per_minute: new.limit,
    };
    let key = ApiKey::new(place.ids.key(now), org, wanted, now)?;
    let secret = ApiSecret::generate()?;
    place.store.insert_key(&key, secret.hash()).await?;
    Ok(Answer::one(&key)?.with("api_key", secret.reveal()))
}

async fn rotate(place: &Place, it: &OneKey) -> Result<Answer, BoxError> {
    let org = place.require_org(it.at.org).await?;
    let secret = ApiSecret::generate()?;
    let key = place.store.rotate_key(org, it.key, secret.hash(), place.clock.now()).await;
    let key = key.map_err(explain("the key is revoked, or was changed meanwhile", MISSING))?;
    Ok(Answer::one(&key)?.with("api_key", secret.reveal()))
}

//! `leadctl token`.

use chrono::SecondsFormat;
use leadline::BoxError;
use serde_json::json;

use super::answer::Answer;
use super::place::Place;
use crate::args::Token;

pub(super) async fn run(place: &Place, command: &Token) -> Result<Answer, BoxError> {
    let org = place.require_org(command.at.org).await?;
    let member = place.member(org, command.user).await?;
    let now = place.clock.now();
    let ttl = command.ttl.0;
    let token = place.auth().await?.issue(member.id, org, now, ttl)?;
    let expires_on = (now + ttl).to_rfc3339_opts(SecondsFormat::Secs, true);
    Answer::one(&json!({"token": token, "expires_on": expires_on}))
}

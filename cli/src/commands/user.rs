//! `leadctl user`.

use leadline::BoxError;
use leadline::domain::{User, UserId};

use super::answer::Answer;
use super::explain;
use super::place::Place;
use crate::args::{NewMember, UserCommand};

const COLUMNS: &[&str] = &["id", "email", "name", "role", "active"];

pub(super) async fn run(place: &Place, command: &UserCommand) -> Result<Answer, BoxError> {
    match command {
        UserCommand::Create(new) => create(place, new).await,
        UserCommand::List(at) => {
            Answer::list(COLUMNS, &place.store.users(place.require_org(at.org).await?).await?)
        }
        UserCommand::Deactivate { at, user } => {
            let org = place.require_org(at.org).await?;
            let gone = place.store.deactivate_user(org, *user).await;
            Answer::one(&gone.map_err(explain("the member was changed meanwhile", "no such member"))?)
        }
    }
}

async fn create(place: &Place, new: &NewMember) -> Result<Answer, BoxError> {
    let org = place.require_org(new.at.org).await?;
    let now = place.clock.now();
    let id = match &new.subject {
        Some(subject) => UserId::from_subject(subject),
        None => place.store.user_id_of(&new.email).await?.unwrap_or_else(|| place.ids.user(now)),
    };
    let user = User::new(id, org, &new.email, new.name.as_deref(), new.role, now)?;
    let added = place.store.insert_user(&user).await;
    added.map_err(explain("that person or e-mail is in the organisation already", "no such organisation"))?;
    Answer::one(&user)
}

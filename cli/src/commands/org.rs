//! `leadctl org`.

use leadline::BoxError;
use leadline::domain::Org;

use super::answer::Answer;
use super::place::Place;
use crate::args::OrgCommand;

pub(super) async fn run(place: &Place, command: &OrgCommand) -> Result<Answer, BoxError> {
    match command {
        OrgCommand::Create { name } => {
            let now = place.clock.now();
            let org = Org::new(place.ids.org(now), name, now)?;
            place.store.insert_org(&org).await?;
            Answer::one(&org)
        }
        OrgCommand::List => Answer::list(&["id", "name", "created_on"], &place.store.orgs().await?),
    }
}

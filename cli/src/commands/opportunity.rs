//! `leadctl opportunity`.

use leadline::BoxError;

use super::answer::Answer;
use super::place::Place;
use crate::args::OpportunityCommand;

pub(super) async fn run(place: &Place, command: &OpportunityCommand) -> Result<Answer, BoxError> {
    match command {
        OpportunityCommand::List(at) => {
            let opportunities = place.store.opportunities(place.require_org(at.org).await?).await?;
            Answer::list(&["id", "title", "amount", "account"], &opportunities)
        }
    }
}

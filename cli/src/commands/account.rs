//! `leadctl account`.

use leadline::BoxError;

use super::answer::Answer;
use super::place::Place;
use crate::args::AccountCommand;

pub(super) async fn run(place: &Place, command: &AccountCommand) -> Result<Answer, BoxError> {
    match command {
        AccountCommand::List(at) => {
            let accounts = place.store.accounts(place.require_org(at.org).await?).await?;
            Answer::list(&["id", "name", "email", "leads"], &accounts)
        }
    }
}

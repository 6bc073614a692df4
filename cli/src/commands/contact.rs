//! `leadctl contact`.

use leadline::BoxError;
use leadline::domain::Contact;

use super::answer::Answer;
use super::explain;
use super::place::Place;
use crate::args::ContactCommand;

pub(super) async fn run(place: &Place, command: &ContactCommand) -> Result<Answer, BoxError> {
    match command {
        ContactCommand::Create { at, first_name, last_name, email } => {
            let org = place.require_org(at.org).await?;
            let now = place.clock.now();
            let id = place.ids.contact();
            let contact = Contact::new(id, org, first_name, last_name, email.as_deref(), now)?;
            let added = place.store.insert_contact(&contact).await;
            added.map_err(explain("a contact has that e-mail already", "no such organisation"))?;
            Answer::one(&contact)
        }
        ContactCommand::List(at) => {
            let contacts = place.store.contacts(place.require_org(at.org).await?).await?;
            Answer::list(&["id", "first_name", "last_name", "email", "phone"], &contacts)
        }
    }
}

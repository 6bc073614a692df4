//! Leads in the table: each with its row, its place in the counts and its e-mail, changed together.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::emails::EmailUse;
use super::item::{decode, encode};
use super::keys::Key;
use super::once::{Once, OnceError, Recorded, Repeat};
use super::transaction::{Refused, Transaction, absent, unchanged};
use super::{Store, StoreError};
use crate::domain::{CompanyId, Contact, ContactId, FieldErrors, Lead, LeadId, MAX_IDS, OrgId, User, UserId};

/// How often a lead is written anew when what it refers to changed between reading and writing.
const ATTEMPTS: usize = 8;

/// A lead about to be written for the first time.
#[derive(Debug)]
pub struct Opening {
    pub lead: Lead,
    /// The id of the company that its account name may make.
    pub company: CompanyId,
    /// The id of the contact that its e-mail may make; none: no contact is made.
    pub contact: Option<ContactId>,
    /// Who gets the lead if it names nobody and they are active.
    pub owner: Option<UserId>,
    pub once: Option<Once>,
    pub repeat: Option<Repeat>,
}

/// Why a lead was not written.
#[derive(Debug)]
pub enum OpenError {
    /// It names what is not there.
    Invalid(FieldErrors),
    /// The request was done before, or its key was used for another.
    Once(OnceError),
    /// The same capture made this lead a moment ago.
    Repeat(LeadId, DateTime<Utc>),
    Store(StoreError),
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Store {
    /// One lead.
    pub async fn find_lead(&self, org: OrgId, lead: LeadId) -> Result<Option<Lead>, StoreError> {
        self.find(Key::lead(org, lead)).await
    }

    /// Writes a new lead with all that belongs to it, in one transaction, and gives it as it was
    /// written. `answer` is what an idempotency key remembers.
    pub async fn open_lead(
        &self,
        opening: Opening,
        answer: impl Fn(&Lead) -> Recorded,
    ) -> Result<Lead, OpenError> {
        let (once, repeat) = (opening.once.as_ref(), opening.repeat.as_ref());
        for _ in 0..ATTEMPTS {
            let owner = opening.owner.filter(|_| opening.lead.details.assigned_to.is_empty());
            let owner = owner.map(|owner| (owner, Key::user(opening.lead.org, owner)));
            let more = once.map(|once| once.key.clone()).into_iter();
            let more = more.chain(repeat.map(|repeat| repeat.key.clone()));
            let more = more.chain(owner.as_ref().map(|(_, key)| key.clone()));
            let mut around = self.surroundings(&opening.lead, None, more).await?;
            let mut lead = opening.lead.clone();
            let now = lead.created_on;
            if let Some(once) = once {
                once.check(around.take(&once.key), now)?.map_err(OpenError::Once)?;
            }
            if let Some(known) =
                repeat.map(|repeat| Repeat::lead(around.take(&repeat.key), now)).transpose()?.flatten()
            {
                return Err(OpenError::Repeat(known.0, known.1));
            }
            if let Some((owner, key)) = owner
                && let Some(item) = around.take(&key)
                && decode::<User>(item)?.active
            {
                lead.details.assigned_to.push(owner);
            }
            around.check(&opening.lead, None)?.or(()).map_err(OpenError::Invalid)?;

            let mut transaction = Transaction::default();
            if let Some(email) = &lead.details.email {
                let key = Key::email(lead.org, email.as_str());
                let EmailUse { contact: known, .. } = around.email_use(&key)?;
                match (opening.contact, known) {
                    (None, _) => transaction.count_email(key, 1, now),
                    (Some(new), known) => {
                        let contact = known.unwrap_or(new);
                        transaction.count_email_of_contact(key, contact, now);
                        if known.is_none() {
                            let person = Contact::of_lead(new, &lead);
                            transaction.put(encode(Key::contact(lead.org, new), &person, now)?);
                        }
                        if !lead.details.contacts.contains(&contact) && lead.details.contacts.len() < MAX_IDS
                        {
                            lead.details.contacts.push(contact);
                        }
                    }
                }
            }
            around.settle(&mut lead, None, opening.company, &mut transaction)?;
            transaction.put_if(encode(Key::lead(lead.org, lead.id), &lead, now)?, absent());
            transaction.put_row(&lead)?;
            transaction.count_in(&lead);
            if let Some(once) = once {
                once.record(&mut transaction, answer(&lead), now)?;
            }
            if let Some(repeat) = repeat {
                repeat.record(&mut transaction, lead.id, now)?;
            }
            match self.commit(transaction).await {
                Ok(()) => return Ok(lead),
                Err(Refused::Condition) => {}
                Err(Refused::Store(error)) => return Err(error.into()),
            }
        }
        Err(busy().into())
    }

    /// Writes a lead that was changed from `was`, in one transaction, and gives it as it was written.
    /// `Err(Store(Conflict))` if it is no longer `was`.
    pub async fn update_lead(
        &self,
        was: &Lead,
        changed: Lead,
        company: CompanyId,
    ) -> Result<Lead, OpenError> {
        for _ in 0..ATTEMPTS {
            let around = self.surroundings(&changed, Some(was), []).await?;
            around.check(&changed, Some(was))?.or(()).map_err(OpenError::Invalid)?;
            let (mut lead, now) = (changed.clone(), changed.updated_on);

            let mut transaction = Transaction::default();
            around.settle(&mut lead, Some(was), company, &mut transaction)?;
            transaction.put_if(encode(Key::lead(lead.org, lead.id), &lead, now)?, unchanged(was.version));
            transaction.put_row(&lead)?;
            transaction.count_moved(was, &lead);
            let email =
                |lead: &Lead| lead.details.email.as_ref().map(|email| Key::email(lead.org, email.as_str()));
            let (before, after) = (email(was), email(&lead));
            if before != after {
                if let Some(key) = before {
                    let known = around.email_use(&key)?;
                    transaction.uncount_email(key, &known, now);
                }
                if let Some(key) = after {
                    transaction.count_email(key, 1, now);
                }
            }
            match self.commit(transaction).await {
                Ok(()) => return Ok(lead),
                Err(Refused::Condition) => match self.find_lead(was.org, was.id).await? {
                    Some(now) if now.version == was.version => {}
                    _ => return Err(StoreError::Conflict.into()),
                },
                Err(Refused::Store(error)) => return Err(error.into()),
            }
        }
        Err(busy().into())
    }

    /// Removes a lead with all that belongs to it; [`StoreError::Conflict`] if it is no longer as it
    /// was read.
    pub async fn remove_lead(&self, lead: &Lead) -> Result<(), StoreError> {
        let email = lead.details.email.as_ref().map(|email| Key::email(lead.org, email.as_str()));
        for _ in 0..ATTEMPTS {
            let mut transaction = Transaction::default();
            if let Some(key) = email.clone() {
                let known = self.read(key.clone()).await?.map_or(Ok(EmailUse::default()), decode)?;
                transaction.uncount_email(key, &known, lead.updated_on);
            }
            transaction.delete_if(Key::lead(lead.org, lead.id), unchanged(lead.version));
            transaction.delete(Key::row(lead.org, lead.id));
            transaction.count_out(lead);
            match self.commit(transaction).await {
                Ok(()) => return Ok(()),
                Err(Refused::Condition) => match self.find_lead(lead.org, lead.id).await? {
                    Some(now) if now.version == lead.version => {}
                    _ => return Err(StoreError::Conflict),
                },
                Err(Refused::Store(error)) => return Err(error),
            }
        }
        Err(busy())
    }
}

impl Transaction {
    /// One lead less has this e-mail; the item of one that nothing has any more goes.
    fn uncount_email(&mut self, key: Key, known: &EmailUse, now: DateTime<Utc>) {
        if known.leads == 1 && known.contact.is_none() {
            let last = vec![(":one", AttributeValue::N("1".to_owned()))];
            self.delete_if(key, ("leads = :one AND attribute_not_exists(contact)", last));
        } else {
            self.uncount_one_of_several(key, now);
        }
    }
}

fn busy() -> StoreError {
    StoreError::Unavailable("what the lead refers to changed at each try".into())
}

//! Leads in the table: each with its row, its place in the counts and its e-mail, changed together.

use chrono::{DateTime, Utc};

use super::emails::EmailUse;
use super::item::{Item, decode, encode};
use super::keys::Key;
use super::once::{Once, OnceError, Recorded, Repeat};
use super::rules::{self, Turn};
use super::surroundings::Surroundings;
use super::transaction::{Refused, Transaction, absent, unchanged};
use super::{Bucket, Chore, Converting, Refusal, Store, StoreError, UpdatedRow};
use crate::domain::{
    AccountId, Attachment, CompanyId, ContactId, Door, FieldErrors, Import, Lead, LeadId, MAX_IDS, OrgId,
    Person, UndoCounts, User, UserId,
};

/// How often a lead is written anew when what it refers to changed between reading and writing.
const ATTEMPTS: usize = 8;

/// A lead about to be written for the first time.
#[derive(Debug)]
pub struct Opening {
    pub lead: Lead,
    /// The id of the company that its account name may make.
    pub company: CompanyId,
    /// The id of the contact that its e-mail may make, and that it then names; none: no contact is made.
    pub contact: Option<ContactId>,
    /// Who gets the lead if it names nobody, no rule does, and they are active.
    pub owner: Option<UserId>,
    /// What a converted lead becomes.
    pub converting: Option<Converting>,
    /// Files whose bytes are in the bucket.
    pub attachments: Vec<Attachment>,
    /// What cleans those up should the lead not be written.
    pub staged: Option<Chore>,
    pub once: Option<Once>,
    pub repeat: Option<Repeat>,
    /// A token is taken of each, or the lead is not written.
    pub buckets: Vec<Bucket>,
}

/// A change of a lead about to be written.
#[derive(Debug)]
pub struct Updating {
    pub by: Person,
    /// The id of the company that its account name may make.
    pub company: CompanyId,
    /// What the lead becomes if the change converts it.
    pub converting: Option<Converting>,
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
    /// It cannot be converted: an account of that name is there already.
    AccountThere(AccountId),
    /// Too many came; the next may in so many seconds.
    Limited(i64),
    Store(StoreError),
}

impl From<Refusal> for OpenError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Empty(seconds) => Self::Limited(seconds),
            Refusal::Store(error) => Self::Store(error),
        }
    }
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
        let (mut chosen, mut buckets) = (None, opening.buckets.as_slice());
        if once.is_none() {
            Bucket::check_all(buckets, opening.lead.created_on)?;
        }
        for _ in 0..ATTEMPTS {
            let now = opening.lead.created_on;
            let around = self.surroundings(&opening.lead, None, opening.keys());
            let tokens = self.take_tokens(std::mem::take(&mut buckets), now);
            let (around, tokens) = tokio::join!(around, tokens);
            let mut around = around?;
            let mut lead = opening.lead.clone();
            done(once, repeat, now, |key| around.take(key))?;
            tokens?; // what was done before is answered even to those who have none
            around.check(&opening.lead, None)?.or(()).map_err(OpenError::Invalid)?;
            let converting = opening.converting.as_ref();
            let linked = converting.map(|converting| converting.link(&around, &lead)).transpose();
            if let (Err(OpenError::AccountThere(_)), Some(once)) = (&linked, once) {
                // The account may be this request's own, done between two of its reads.
                once.check(self.read(once.key.clone()).await?, now)?.map_err(OpenError::Once)?;
            }
            let linked = linked?.flatten();
            if lead.details.assigned_to.is_empty() {
                // Chosen once, however often the lead is written: a turn is taken only once.
                let chosen = match &chosen {
                    Some(chosen) => chosen,
                    None => chosen.insert(self.assignees(&opening, &around).await?),
                };
                lead.details.assigned_to.clone_from(chosen);
            }

            let (lead, transaction) = opening.writes(lead, linked, &mut around, &answer)?;
            match self.commit(transaction).await {
                Ok(()) => return Ok(lead),
                Err(Refused::Condition) => {}
                Err(Refused::Store(error)) => return Err(error.into()),
            }
        }
        Err(busy().into())
    }

    /// An error if a capture was done before: asked before anything is done that would be in vain.
    pub async fn captured_before(
        &self,
        once: Option<&Once>,
        repeat: &Repeat,
        now: DateTime<Utc>,
    ) -> Result<(), OpenError> {
        let keys = once.map(|once| once.key.clone()).into_iter().chain([repeat.key.clone()]);
        let mut found = self.read_all(keys.collect()).await?;
        done(once, Some(repeat), now, |key| found.remove(key))
    }

    /// Who gets a lead that names nobody: whom the rules choose, else its owner, if active.
    async fn assignees(&self, opening: &Opening, around: &Surroundings) -> Result<Vec<UserId>, StoreError> {
        let lead = &opening.lead;
        if let Some(item) = around.get(&Key::rules(lead.org)) {
            let rules = rules::written(item.clone())?;
            let chosen = self.assign(lead.org, &rules, &lead.details, lead.door(), Turn::Take).await?;
            if let Some(chosen) = chosen {
                return Ok(chosen.assigned_to);
            }
        }
        let owner = opening.owner.and_then(|owner| around.get(&Key::user(lead.org, owner)));
        let owner = owner.cloned().map(decode::<User>).transpose()?;
        Ok(owner.filter(|owner| owner.active).map(|owner| owner.id).into_iter().collect())
    }

    /// Writes a lead that was changed from `was`, in one transaction, and gives it as it was written.
    /// `Err(Store(Conflict))` if it is no longer `was`.
    pub async fn update_lead(
        &self,
        was: &Lead,
        changed: Lead,
        updating: &Updating,
    ) -> Result<Lead, OpenError> {
        let converting = updating.converting.as_ref();
        for _ in 0..ATTEMPTS {
            let more = converting.map(|converting| converting.keys(&changed)).unwrap_or_default();
            let more = more.into_iter().chain(converting.and_then(|_| Key::email_of(&changed)));
            let mut around = self.surroundings(&changed, Some(was), more).await?;
            around.check(&changed, Some(was))?.or(()).map_err(OpenError::Invalid)?;
            let (mut lead, now) = (changed.clone(), changed.updated_on);

            let mut transaction = Transaction::default();
            around.settle(&mut lead, Some(was), updating.company, &mut transaction)?;
            if converting.is_none() && lead.details == was.details && lead.company == was.company {
                return Ok(was.clone()); // tags in another case, spelled as they were
            }
            let (before, after) = (Key::email_of(was), Key::email_of(&lead));
            let moved = before != after;
            if let Some(key) = before.filter(|_| moved) {
                let known = around.email_use(&key)?;
                transaction.uncount_email(key, &known, 1, now);
            }
            match (converting, lead.details.email.clone()) {
                (Some(converting), Some(email)) => {
                    let new = converting.contact;
                    let contact =
                        transaction.settle_contact(&around, &lead, &email, new, i64::from(moved))?;
                    let linked = converting.link(&around, &lead);
                    if matches!(linked, Err(OpenError::AccountThere(_))) {
                        // The account may be this lead's own, converted by somebody else a moment ago.
                        self.still(was).await?;
                    }
                    converting.settle(&mut lead, linked?, contact, &mut transaction)?;
                }
                _ => after
                    .into_iter()
                    .filter(|_| moved)
                    .for_each(|key| transaction.count_email(key, &lead, now)),
            }
            transaction.put_if(encode(Key::lead(lead.org, lead.id), &lead, now)?, unchanged(was.version));
            transaction.put_row(&lead)?;
            transaction.count(Some(was), Some(&lead));
            transaction.put_event(was, &lead, Some(updating.by.clone()), Door::Api)?;
            match self.commit(transaction).await {
                Ok(()) => return Ok(lead),
                Err(Refused::Condition) => self.still(was).await?,
                Err(Refused::Store(error)) => return Err(error.into()),
            }
        }
        Err(busy().into())
    }

    /// [`StoreError::Conflict`] if a lead is no longer as it was read.
    async fn still(&self, lead: &Lead) -> Result<(), StoreError> {
        match self.find_lead(lead.org, lead.id).await? {
            Some(now) if now.version == lead.version => Ok(()),
            _ => Err(StoreError::Conflict),
        }
    }

    /// Removes a lead, and writes down in `chore` that what is left of it is to go: comments, files, history. With
    /// `undone` it goes since that row of that import is taken back, which is counted.
    /// [`StoreError::Conflict`] if it is no longer as it was read.
    pub async fn remove_lead(
        &self,
        lead: &Lead,
        chore: &Chore,
        undone: Option<(&Import, &UpdatedRow)>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let email = Key::email_of(lead);
        for _ in 0..ATTEMPTS {
            let mut transaction = Transaction::default();
            if let Some(key) = email.clone() {
                let known = self.read(key.clone()).await?.map_or(Ok(EmailUse::default()), decode)?;
                transaction.uncount_email(key, &known, 1, now);
            }
            transaction.delete_if(Key::lead(lead.org, lead.id), unchanged(lead.version));
            transaction.remove_row(lead);
            transaction.count(Some(lead), None);
            transaction.forget_conversion(lead);
            transaction.put_chore(chore, now)?;
            if let Some((import, updated)) = undone {
                transaction.undo_row(
                    import,
                    updated,
                    UndoCounts { removed: 1, ..UndoCounts::default() },
                    now,
                );
            }
            match self.commit(transaction).await {
                Ok(()) => return Ok(()),
                Err(Refused::Condition) => self.still(lead).await?,
                Err(Refused::Store(error)) => return Err(error),
            }
        }
        Err(busy())
    }
}

/// An error if a request was done before.
fn done(
    once: Option<&Once>,
    repeat: Option<&Repeat>,
    now: DateTime<Utc>,
    mut take: impl FnMut(&Key) -> Option<Item>,
) -> Result<(), OpenError> {
    if let Some(once) = once {
        once.check(take(&once.key), now)?.map_err(OpenError::Once)?;
    }
    match repeat.map(|repeat| Repeat::lead(take(&repeat.key), now)).transpose()?.flatten() {
        Some((lead, at)) => Err(OpenError::Repeat(lead, at)),
        None => Ok(()),
    }
}

impl Opening {
    /// The lead as it is to be written, and all writes; `linked` is the account that it becomes, if not a new one.
    fn writes(
        &self,
        mut lead: Lead,
        linked: Option<AccountId>,
        around: &mut Surroundings,
        answer: impl Fn(&Lead) -> Recorded,
    ) -> Result<(Lead, Transaction), StoreError> {
        let (mut transaction, now) = (Transaction::default(), lead.created_on);
        let converting = self.converting.as_ref();
        let new = self.contact.or(converting.map(|converting| converting.contact));
        let contact = match (&lead.details.email, new) {
            (Some(email), Some(new)) => Some(transaction.settle_contact(around, &lead, email, new, 1)?),
            (Some(email), None) => {
                transaction.count_email(Key::email(lead.org, email.as_str()), &lead, now);
                None
            }
            (None, _) => None,
        };
        if let Some(contact) = contact.filter(|_| self.contact.is_some())
            && !lead.details.contacts.contains(&contact)
            && lead.details.contacts.len() < MAX_IDS
        {
            lead.details.contacts.push(contact);
        }
        around.settle(&mut lead, None, self.company, &mut transaction)?;
        if let (Some(converting), Some(contact)) = (converting, contact) {
            converting.settle(&mut lead, linked, contact, &mut transaction)?;
        }
        transaction.put_if(encode(Key::lead(lead.org, lead.id), &lead, now)?, absent());
        transaction.put_row(&lead)?;
        transaction.count(None, Some(&lead));
        for file in &self.attachments {
            transaction.put_attachment(file)?;
        }
        if let Some(staged) = &self.staged {
            transaction.end_chore(staged);
        }
        if let Some(once) = &self.once {
            once.record(&mut transaction, answer(&lead), now)?;
        }
        if let Some(repeat) = &self.repeat {
            repeat.record(&mut transaction, lead.id, now)?;
        }
        Ok((lead, transaction))
    }

    /// What is read of it beside what the lead names.
    fn keys(&self) -> Vec<Key> {
        let org = self.lead.org;
        let mut keys: Vec<Key> = self.converting.iter().flat_map(|it| it.keys(&self.lead)).collect();
        keys.extend(self.once.as_ref().map(|once| once.key.clone()));
        keys.extend(self.repeat.as_ref().map(|repeat| repeat.key.clone()));
        if self.lead.details.assigned_to.is_empty() {
            keys.push(Key::rules(org));
            keys.extend(self.owner.map(|owner| Key::user(org, owner)));
        }
        keys
    }
}

fn busy() -> StoreError {
    StoreError::Unavailable("what the lead refers to changed at each try".into())
}

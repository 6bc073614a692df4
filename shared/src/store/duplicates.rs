//! What an organisation has already of the rows of an import: by e-mail.

use std::collections::{HashMap, HashSet};

use super::emails::EmailUse;
use super::groups::Ready;
use super::item::decode;
use super::keys::Key;
use super::{Store, StoreError};
use crate::domain::{Caller, FieldErrors, Import, Lead, LeadDetails, OnDuplicate, RowCounts};

/// What the organisation has of a group's e-mails.
#[derive(Debug, Default)]
pub(crate) struct There {
    pub(crate) emails: HashSet<Key>,
    /// The lead of each, where it was asked for.
    pub(crate) leads: HashMap<Key, Lead>,
    /// Those whose last lead was not what the table says.
    pub(crate) stale: HashSet<Key>,
}

impl Store {
    /// Which of the rows' e-mails leads have already; with `leads`, the lead of each too.
    pub(crate) async fn there(
        &self,
        import: &Import,
        rows: impl Iterator<Item = &Ready>,
        leads: bool,
    ) -> Result<There, StoreError> {
        let org = import.org;
        let emails = rows.filter_map(|row| row.email.as_ref());
        let keys: HashMap<Key, &String> = emails.map(|email| (Key::email(org, email), email)).collect();
        let found = self.read_all(keys.keys().cloned().collect()).await?;
        let uses = found.into_iter().map(|(key, item)| Ok((key, decode::<EmailUse>(item)?)));
        let uses = uses.collect::<Result<Vec<_>, StoreError>>()?;
        let uses: Vec<_> = uses.into_iter().filter(|(_, known)| known.leads > 0).collect();
        let emails = uses.iter().map(|(key, _)| key.clone()).collect();
        let mut there = There { emails, ..There::default() };
        if !leads {
            return Ok(there);
        }
        let last = uses.iter().filter_map(|(_, known)| known.last_lead).map(|lead| Key::lead(org, lead));
        let mut found = self.read_all(last.collect()).await?;
        for (key, known) in uses {
            let item = known.last_lead.and_then(|lead| found.remove(&Key::lead(org, lead)));
            let lead = item.map(decode::<Lead>).transpose()?;
            match lead.filter(|lead| Key::email_of(lead).as_ref() == Some(&key)) {
                Some(lead) => drop(there.leads.insert(key, lead)),
                None => drop(there.stale.insert(key)),
            }
        }
        if !there.stale.is_empty() {
            let emails = there.stale.iter().filter_map(|key| keys.get(key).map(|email| email.as_str()));
            let newest = self.newest_with(org, &emails.collect()).await?;
            there.leads.extend(newest.into_iter().map(|(email, lead)| (Key::email(org, &email), lead)));
        }
        Ok(there)
    }

    /// What would become of these rows, each by itself.
    pub async fn would(
        &self,
        import: &Import,
        rows: &[Ready],
        caller: Option<&Caller>,
    ) -> Result<Vec<Result<RowCounts, FieldErrors>>, StoreError> {
        let mode = import.options.on_duplicate;
        let there = match mode {
            OnDuplicate::Create => There::default(),
            _ => self.there(import, rows.iter(), mode == OnDuplicate::Update).await?,
        };
        let would = |ready: &Ready| {
            let key = ready.email.as_ref().map(|email| Key::email(import.org, email));
            let is_there = key.as_ref().is_some_and(|key| there.emails.contains(key));
            match (mode, key.as_ref().and_then(|key| there.leads.get(key)), &ready.details) {
                (OnDuplicate::Skip, ..) if is_there => Ok(RowCounts { skipped: 1, ..RowCounts::default() }),
                (OnDuplicate::Update, Some(was), _) => {
                    changed(ready, was, caller).map(|_| RowCounts { updated: 1, ..RowCounts::default() })
                }
                (_, _, Ok(_)) => Ok(RowCounts { imported: 1, ..RowCounts::default() }),
                (_, _, Err(errors)) => Err(errors.clone()),
            }
        };
        Ok(rows.iter().map(would).collect())
    }
}

/// What a row makes of the lead that has its e-mail, or why it may not.
pub(crate) fn changed(
    ready: &Ready,
    was: &Lead,
    caller: Option<&Caller>,
) -> Result<LeadDetails, FieldErrors> {
    if caller.is_some_and(|caller| !caller.may_edit(was)) {
        return Err(FieldErrors::one("email", "its lead is not yours"));
    }
    if was.conversion.is_some() {
        return Err(FieldErrors::one("email", "its lead is converted and can no longer change"));
    }
    was.details.change(&ready.fields)
}

//! Accounts and opportunities in the table, and how a lead becomes them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::item::{Item, decode, encode, entities};
use super::keys::Key;
use super::leads::OpenError;
use super::surroundings::Surroundings;
use super::transaction::{Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{
    Account, AccountId, Contact, ContactId, Conversion, FieldErrors, Ids, Lead, LeadDetails, LeadId, Link,
    Opportunity, OpportunityId, OrgId, Status,
};

/// A conversion that is asked for: the ids of what it may make, and which account it is to use.
#[derive(Debug, Clone, Copy)]
pub struct Converting {
    pub account: AccountId,
    pub contact: ContactId,
    pub opportunity: OpportunityId,
    pub link: Link,
}

/// What a converted lead became.
#[derive(Debug, Clone)]
pub struct Converted {
    pub account: Account,
    pub contact: Option<Contact>,
    pub opportunity: Option<Opportunity>,
}

/// An account and the leads that became it.
#[derive(Debug, Clone, Serialize)]
pub struct AccountWithLeads {
    #[serde(flatten)]
    pub account: Account,
    pub leads: Vec<LeadId>,
}

/// That a lead became an account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AccountLead {
    pub(crate) account: AccountId,
    pub(crate) lead: LeadId,
}

entities! {
    AccountLead => "account_lead",
}

impl Converting {
    /// The conversion that a lead with these details asks for, if it asks for one.
    pub fn wanted(details: &LeadDetails, link: Link, ids: &Ids, now: DateTime<Utc>) -> Option<Self> {
        (details.status == Status::Converted).then(|| Self {
            account: ids.account(now),
            contact: ids.contact(),
            opportunity: ids.opportunity(now),
            link,
        })
    }

    /// What must be read before it is done.
    pub(crate) fn keys(&self, lead: &Lead) -> Vec<Key> {
        let name = lead.details.account_name.as_ref().map(|name| Key::account_name(lead.org, name.as_str()));
        let linked = match self.link {
            Link::To(account) => Some(Key::account(lead.org, account)),
            Link::New | Link::SameName => None,
        };
        name.into_iter().chain(linked).collect()
    }

    /// The account that is there to be used; none: a new one is to be made. An error if the one that is there must
    /// not be used, or the one that is named is not there.
    pub(crate) fn link(&self, around: &Surroundings, lead: &Lead) -> Result<Option<AccountId>, OpenError> {
        let there = lead.details.account_name.as_ref();
        let there = there.and_then(|name| around.get(&Key::account_name(lead.org, name.as_str())));
        let there = there.cloned().map(decode::<Account>).transpose()?.map(|account| account.id);
        match (self.link, there) {
            (Link::To(account), _) if around.get(&Key::account(lead.org, account)).is_some() => {
                Ok(Some(account))
            }
            (Link::To(account), _) => {
                let problem = format!("{account}: there is none in this organisation");
                Err(OpenError::Invalid(FieldErrors::one("account_id", problem)))
            }
            (Link::New, Some(account)) => Err(OpenError::AccountThere(account)),
            (Link::New | Link::SameName, there) => Ok(there),
        }
    }

    /// Makes the lead a converted one, with this account (see [`Self::link`]) and this contact, and writes what it
    /// becomes.
    pub(crate) fn settle(
        &self,
        lead: &mut Lead,
        linked: Option<AccountId>,
        contact: ContactId,
        transaction: &mut Transaction,
    ) -> Result<(), StoreError> {
        let (org, now) = (lead.org, lead.updated_on);
        let account = linked.unwrap_or(self.account);
        if let (None, Some(name)) = (linked, &lead.details.account_name) {
            let account = Account::of_lead(self.account, lead, name);
            transaction.put_if(encode(Key::account_name(org, name.as_str()), &account, now)?, absent());
            transaction.put(encode(Key::account(org, account.id), &account, now)?);
        }
        let amount = lead.details.opportunity_amount;
        let opportunity =
            amount.map(|amount| Opportunity::of_lead(self.opportunity, lead, amount, account, contact));
        if let Some(opportunity) = &opportunity {
            transaction.put_if(encode(Key::opportunity(org, opportunity.id), opportunity, now)?, absent());
        }
        let opportunity = opportunity.map(|opportunity| opportunity.id);
        lead.conversion = Some(Conversion { account, contact, opportunity, on: now });
        let became = AccountLead { account, lead: lead.id };
        transaction.put(encode(Key::account_lead(org, account, lead.id), &became, now)?);
        Ok(())
    }
}

impl Transaction {
    /// Forgets that a lead became an account; the account stays.
    pub(crate) fn forget_conversion(&mut self, lead: &Lead) {
        if let Some(conversion) = &lead.conversion {
            self.delete(Key::account_lead(lead.org, conversion.account, lead.id));
        }
    }
}

impl Conversion {
    /// The keys of what the lead became.
    pub(crate) fn keys(&self, org: OrgId) -> Vec<Key> {
        let opportunity = self.opportunity.map(|id| Key::opportunity(org, id));
        [Key::account(org, self.account), Key::contact(org, self.contact)]
            .into_iter()
            .chain(opportunity)
            .collect()
    }

    /// What the lead became, of the items found.
    pub(crate) fn read(
        &self,
        org: OrgId,
        found: &HashMap<Key, Item>,
    ) -> Result<Option<Converted>, StoreError> {
        let get = |key: Key| found.get(&key).cloned();
        let Some(account) = get(Key::account(org, self.account)).map(decode).transpose()? else {
            return Ok(None);
        };
        let contact = get(Key::contact(org, self.contact)).map(decode).transpose()?;
        let opportunity = self.opportunity.and_then(|id| get(Key::opportunity(org, id)));
        Ok(Some(Converted { account, contact, opportunity: opportunity.map(decode).transpose()? }))
    }
}

impl Store {
    /// The accounts by name, each with the leads that became it.
    pub async fn accounts(&self, org: OrgId) -> Result<Vec<AccountWithLeads>, StoreError> {
        let (accounts, leads) = tokio::try_join!(
            self.first::<Account>(self.query(Key::accounts(org)), usize::MAX),
            self.first::<AccountLead>(self.query(Key::account_leads(org)), usize::MAX),
        )?;
        let mut by_account = HashMap::<AccountId, Vec<LeadId>>::new();
        for AccountLead { account, lead } in leads {
            by_account.entry(account).or_default().push(lead);
        }
        let with_leads = |account: Account| {
            let leads = by_account.remove(&account.id).unwrap_or_default();
            AccountWithLeads { account, leads }
        };
        Ok(accounts.into_iter().map(with_leads).collect())
    }

    /// The opportunities, oldest first.
    pub async fn opportunities(&self, org: OrgId) -> Result<Vec<Opportunity>, StoreError> {
        self.first(self.query(Key::opportunities(org)), usize::MAX).await
    }
}

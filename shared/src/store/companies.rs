//! Companies in the table: each under its id and under its name.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::item::{decode, encode};
use super::keys::Key;
use super::once::{Once, OnceError, Recorded};
use super::transaction::{Refused, Transaction, absent, unchanged};
use super::{Store, StoreError};
use crate::domain::{Company, CompanyId, OrgId};

/// Why a company was not written.
#[derive(Debug)]
pub enum CompanyError {
    /// Another company has this name.
    Named(CompanyId),
    /// The request was done before, or its key was used for another.
    Once(OnceError),
    Store(StoreError),
}

impl From<StoreError> for CompanyError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Transaction {
    /// Writes a new company; refused if its name is taken.
    pub(crate) fn insert_company(&mut self, company: &Company) -> Result<(), StoreError> {
        let (org, now) = (company.org, company.created_on);
        self.put_if(encode(Key::company_name(org, company.details.name.as_str()), company, now)?, absent());
        self.put(encode(Key::company(org, company.id), company, now)?);
        Ok(())
    }
}

impl Store {
    /// Adds a company. `answer` is what an idempotency key remembers.
    pub async fn insert_company(
        &self,
        company: &Company,
        once: Option<&Once>,
        answer: Recorded,
    ) -> Result<(), CompanyError> {
        let now = company.created_on;
        let mut transaction = Transaction::default();
        transaction.insert_company(company)?;
        if let Some(once) = once {
            once.check(self.read(once.key.clone()).await?, now)?.map_err(CompanyError::Once)?;
            once.record(&mut transaction, answer, now)?;
        }
        match self.commit(transaction).await {
            Ok(()) => Ok(()),
            Err(Refused::Condition) => {
                if let Some(once) = once {
                    once.check(self.read(once.key.clone()).await?, now)?.map_err(CompanyError::Once)?;
                }
                Err(self.named(company).await?)
            }
            Err(Refused::Store(error)) => Err(error.into()),
        }
    }

    /// One company.
    pub async fn find_company(&self, org: OrgId, company: CompanyId) -> Result<Option<Company>, StoreError> {
        self.find(Key::company(org, company)).await
    }

    /// Companies by name: `limit` of them after the first `offset`, and whether there are more.
    pub async fn companies(
        &self,
        org: OrgId,
        offset: usize,
        limit: usize,
    ) -> Result<(Vec<Company>, bool), StoreError> {
        let query = self.query(Key::companies(org));
        let mut page: Vec<Company> = self.part(query, offset, limit + 1).await?;
        let more = page.len() > limit;
        page.truncate(limit);
        Ok((page, more))
    }

    /// Writes a company changed from `was`; `Store(Conflict)` if it is no longer that.
    pub async fn update_company(
        &self,
        was: &Company,
        is: &Company,
        now: DateTime<Utc>,
    ) -> Result<(), CompanyError> {
        let org = is.org;
        let name = |company: &Company| Key::company_name(org, company.details.name.as_str());
        let mut transaction = Transaction::default();
        transaction.put_if(encode(Key::company(org, is.id), is, now)?, unchanged(was.version));
        if name(was) == name(is) {
            transaction.put(encode(name(is), is, now)?);
        } else {
            transaction.delete(name(was));
            transaction.put_if(encode(name(is), is, now)?, absent());
        }
        match self.commit(transaction).await {
            Ok(()) => Ok(()),
            Err(Refused::Condition) => Err(self.named(is).await?),
            Err(Refused::Store(error)) => Err(error.into()),
        }
    }

    /// Removes a company; its leads stay. [`StoreError::Conflict`] if it is no longer as it was read.
    pub async fn remove_company(&self, company: &Company) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        transaction.delete_if(Key::company(company.org, company.id), unchanged(company.version));
        let id = vec![(":id", AttributeValue::S(company.id.to_string()))];
        transaction
            .delete_if(Key::company_name(company.org, company.details.name.as_str()), ("id = :id", id));
        Ok(self.commit(transaction).await?)
    }

    /// Why a company could not be written: another has its name, or it was changed meanwhile.
    async fn named(&self, company: &Company) -> Result<CompanyError, StoreError> {
        let key = Key::company_name(company.org, company.details.name.as_str());
        let taken = self.read(key).await?.map(decode::<Company>).transpose()?;
        Ok(match taken {
            Some(other) if other.id != company.id => CompanyError::Named(other.id),
            _ => CompanyError::Store(StoreError::Conflict),
        })
    }
}

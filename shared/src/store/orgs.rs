//! Organisations in the table.

use super::item::encode;
use super::keys::Key;
use super::transaction::{Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{Org, OrgId};

impl Store {
    /// Adds an organisation; [`StoreError::Conflict`] if its id is taken.
    pub async fn insert_org(&self, org: &Org) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        transaction.put_if(encode(Key::org(org.id), org, org.created_on)?, absent());
        transaction.put(encode(Key::org_listed(org.id), org, org.created_on)?);
        Ok(self.commit(transaction).await?)
    }

    /// Every organisation, oldest first; for those who operate the table.
    pub async fn orgs(&self) -> Result<Vec<Org>, StoreError> {
        self.first(self.query(Key::orgs()), usize::MAX).await
    }

    /// One organisation.
    pub async fn find_org(&self, org: OrgId) -> Result<Option<Org>, StoreError> {
        self.find(Key::org(org)).await
    }
}

//! Users in the table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::directory::{Membership, UserPointer};
use super::item::{decode, encode};
use super::keys::Key;
use super::transaction::{Condition, Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{OrgId, User, UserId};

impl Store {
    /// Adds a member; [`StoreError::Conflict`] if the user or that e-mail is in the organisation.
    pub async fn insert_user(&self, user: &User) -> Result<(), StoreError> {
        let (org, id, now) = (user.org, user.id, user.created_on);
        let mut transaction = Transaction::default();
        transaction.put_if(encode(Key::user(org, id), user, now)?, absent());
        transaction.put_if(UserPointer::item(Key::user_email(org, &user.email), id, now)?, absent());
        transaction.put(encode(Key::membership(id, org), &Membership { org }, now)?);
        let same: Condition =
            ("attribute_not_exists(PK) OR user_id = :id", vec![(":id", AttributeValue::S(id.to_string()))]);
        transaction.put_if(UserPointer::item(Key::person(&user.email), id, now)?, same);
        Ok(self.commit(transaction).await?)
    }

    /// The members, oldest first.
    pub async fn users(&self, org: OrgId) -> Result<Vec<User>, StoreError> {
        self.first(self.query_prefix(Key::users(org)), usize::MAX).await
    }

    /// One member.
    pub async fn find_user(&self, org: OrgId, user: UserId) -> Result<Option<User>, StoreError> {
        self.find(Key::user(org, user)).await
    }

    /// The active members whom these e-mails or ids name, by what names them; nobody where there is none.
    pub async fn members_named(
        &self,
        org: OrgId,
        names: &[String],
    ) -> Result<HashMap<String, UserId>, StoreError> {
        let by_email = |name: &String| Key::user_email(org, name);
        let pointers = self.read_all(names.iter().map(by_email).collect()).await?;
        let mut ids = HashMap::new();
        for name in names {
            let id = match pointers.get(&by_email(name)) {
                Some(item) => Some(UserPointer::user(item.clone())?),
                None => name.parse().ok(),
            };
            ids.extend(id.map(|id: UserId| (name.clone(), id)));
        }
        let users = self.read_all(ids.values().map(|id| Key::user(org, *id)).collect()).await?;
        let active = |id: &UserId| match users.get(&Key::user(org, *id)) {
            Some(item) => decode::<User>(item.clone()).map(|user| user.active),
            None => Ok(false),
        };
        let mut named = HashMap::new();
        for (name, id) in ids {
            named.extend(active(&id)?.then_some((name, id)));
        }
        Ok(named)
    }

    /// The id that an e-mail has in any organisation: a person keeps one id in all of them.
    pub async fn user_id_of(&self, email: &str) -> Result<Option<UserId>, StoreError> {
        self.read(Key::person(email)).await?.map(UserPointer::user).transpose()
    }

    /// The organisations of a user: at most two, for more than one is an answer too.
    pub async fn orgs_of(&self, user: UserId) -> Result<Vec<OrgId>, StoreError> {
        let query = self.query(Key::orgs_of(user));
        let found: Vec<Membership> = self.first(query, 2).await?;
        Ok(found.into_iter().map(|membership| membership.org).collect())
    }

    /// Shuts a member out; [`StoreError::NotFound`] if there is none.
    pub async fn deactivate_user(&self, org: OrgId, user: UserId) -> Result<User, StoreError> {
        let mut user = self.find_user(org, user).await?.ok_or(StoreError::NotFound)?;
        let mut transaction = Transaction::default();
        let no = vec![(":no", AttributeValue::Bool(false))];
        transaction.update(Key::user(org, user.id), "SET active = :no", Some("attribute_exists(PK)"), no);
        transaction.delete(Key::membership(user.id, org));
        self.commit(transaction).await?;
        user.active = false;
        Ok(user)
    }
}

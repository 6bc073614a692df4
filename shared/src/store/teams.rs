//! Teams in the table. A member's own item names their teams too, so that one read tells all of
//! their rights.

use super::item::encode;
use super::keys::Key;
use super::transaction::{Condition, Transaction, absent};
use super::{Store, StoreError};
use crate::domain::{OrgId, Team, TeamId, User, UserId};
use aws_sdk_dynamodb::types::AttributeValue;

impl Store {
    /// Adds a team.
    pub async fn insert_team(&self, team: &Team) -> Result<(), StoreError> {
        let mut transaction = Transaction::default();
        transaction.put_if(encode(Key::team(team.org, team.id), team, team.created_on)?, absent());
        Ok(self.commit(transaction).await?)
    }

    /// The teams, oldest first.
    pub async fn teams(&self, org: OrgId) -> Result<Vec<Team>, StoreError> {
        self.first(self.query_prefix(Key::teams(org)), usize::MAX).await
    }

    /// Makes a user a member of a team; [`StoreError::NotFound`] without team or user.
    pub async fn add_member(&self, org: OrgId, team: TeamId, user: UserId) -> Result<Team, StoreError> {
        self.change_member(org, team, user, |team, user| {
            if !team.members.contains(&user.id) {
                team.members.push(user.id);
            }
            if !user.teams.contains(&team.id) {
                user.teams.push(team.id);
            }
        })
        .await
    }

    /// Takes a user out of a team; [`StoreError::NotFound`] without team or user.
    pub async fn remove_member(&self, org: OrgId, team: TeamId, user: UserId) -> Result<Team, StoreError> {
        self.change_member(org, team, user, |team, user| {
            team.members.retain(|member| *member != user.id);
            user.teams.retain(|member_of| *member_of != team.id);
        })
        .await
    }

    async fn change_member(
        &self,
        org: OrgId,
        team: TeamId,
        user: UserId,
        change: impl Fn(&mut Team, &mut User),
    ) -> Result<Team, StoreError> {
        let (mut team, mut user) = tokio::try_join!(
            async { self.find::<Team>(Key::team(org, team)).await?.ok_or(StoreError::NotFound) },
            async { self.find::<User>(Key::user(org, user)).await?.ok_or(StoreError::NotFound) },
        )?;
        let members = as_read("members = :seen", &team.members)?;
        let teams = as_read("teams = :seen", &user.teams)?;
        change(&mut team, &mut user);
        let mut transaction = Transaction::default();
        transaction.put_if(encode(Key::team(org, team.id), &team, team.created_on)?, members);
        let mut values = teams.1;
        values.push((":teams", serde_dynamo::to_attribute_value(&user.teams)?));
        transaction.update(Key::user(org, user.id), "SET teams = :teams", Some(teams.0), values);
        self.commit(transaction).await?;
        Ok(team)
    }
}

/// A list is still what was read.
fn as_read<T: serde::Serialize>(expression: &'static str, seen: &[T]) -> Result<Condition, StoreError> {
    let seen: AttributeValue = serde_dynamo::to_attribute_value(seen)?;
    Ok((expression, vec![(":seen", seen)]))
}

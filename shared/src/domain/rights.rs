//! Who may do what.

use super::{Account, Attachment, Comment, Lead, OrgId, Person, Role, TeamId, User, UserId};

/// A member of an organisation, asking.
#[derive(Debug, Clone)]
pub struct Caller {
    pub user: UserId,
    pub org: OrgId,
    pub role: Role,
    pub teams: Vec<TeamId>,
    pub person: Person,
}

impl From<User> for Caller {
    fn from(user: User) -> Self {
        let person = user.person();
        Self { user: user.id, org: user.org, role: user.role, teams: user.teams, person }
    }
}

/// Whom a lead belongs to, as far as rights go.
pub trait Relation {
    /// Users it is assigned to.
    fn assigned_to(&self) -> &[UserId];
    /// Teams it is assigned to.
    fn teams(&self) -> &[TeamId];
    /// The user who created it; none for a website or an import.
    fn created_by(&self) -> Option<UserId>;
}

impl Relation for Lead {
    fn assigned_to(&self) -> &[UserId] {
        &self.details.assigned_to
    }

    fn teams(&self) -> &[TeamId] {
        &self.details.teams
    }

    fn created_by(&self) -> Option<UserId> {
        self.created_by.as_ref().map(|person| person.id)
    }
}

/// An account was made by a lead, and belongs to those to whom that lead did.
impl Relation for Account {
    fn assigned_to(&self) -> &[UserId] {
        &self.assigned_to
    }

    fn teams(&self) -> &[TeamId] {
        &self.teams
    }

    fn created_by(&self) -> Option<UserId> {
        None
    }
}

impl Caller {
    /// Sees everything of the organisation.
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// May see and edit: an ADMIN anything, a USER what is assigned to them or a team of theirs, or
    /// was created by them.
    pub fn may_edit(&self, lead: &impl Relation) -> bool {
        self.is_admin()
            || lead.created_by() == Some(self.user)
            || lead.assigned_to().contains(&self.user)
            || lead.teams().iter().any(|team| self.teams.contains(team))
    }

    /// May see a whole account from a lead of theirs: the lead that made it, or it is theirs by itself.
    pub fn may_see_account(&self, account: &Account, from: &Lead) -> bool {
        account.created_from_lead == from.id || self.may_edit(account)
    }

    /// May delete: an ADMIN, or the one who created it.
    pub fn may_delete(&self, lead: &Lead) -> bool {
        self.is_admin() || lead.created_by() == Some(self.user)
    }

    /// May edit and delete a comment: an ADMIN, or its author.
    pub fn may_edit_comment(&self, comment: &Comment) -> bool {
        self.is_admin() || comment.author.id == self.user
    }

    /// May delete a file: an ADMIN, or the one who sent it.
    pub fn may_delete_attachment(&self, attachment: &Attachment) -> bool {
        self.is_admin() || attachment.uploader.id == self.user
    }
}

//! Which leads a list asks for.

use std::collections::BTreeSet;

use super::{Status, UserId, fold};

/// The filters of a list; each that is there must hold. Texts are folded when they are set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeadFilter {
    /// Part of the first name, the last name or "first last".
    pub name: Option<String>,
    pub title: Option<String>,
    pub city: Option<String>,
    pub email: Option<String>,
    /// Any of these, whole.
    pub sources: BTreeSet<String>,
    pub statuses: Vec<Status>,
    pub tags: BTreeSet<String>,
    pub assigned_to: BTreeSet<UserId>,
}

impl LeadFilter {
    /// Nothing is asked for in particular: every lead matches.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A part to look for, made ready; blank asks for nothing.
    pub fn part(text: &str) -> Option<String> {
        Some(fold(text.trim())).filter(|text| !text.is_empty())
    }
}

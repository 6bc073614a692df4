//! Comments on leads.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CommentId, Email, LeadId, OrgId, Person, Text};

/// What somebody wrote on a lead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    pub id: CommentId,
    pub org: OrgId,
    pub lead: LeadId,
    pub text: Text<10_000>,
    pub author: Person,
    /// The members whom the text names.
    pub mentions: Vec<Person>,
    pub created_on: DateTime<Utc>,
    /// None: as it was first written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_on: Option<DateTime<Utc>>,
}

impl Comment {
    /// Most members that one comment mentions; later ones stay text.
    pub const MOST_MENTIONS: usize = 50;

    /// The addresses that a text mentions as `@ada@example.com`, each once whatever its case.
    pub fn mentioned(text: &str) -> Vec<Email> {
        let (mut found, mut known) = (Vec::new(), HashSet::new());
        for word in text.split(|c: char| c.is_whitespace() || "()[]<>\",;:".contains(c)) {
            let Some(address) = word.strip_prefix('@') else { continue };
            let Ok(email) = address.trim_end_matches(['.', '!', '?', '\'']).parse::<Email>() else {
                continue;
            };
            if known.insert(email.folded()) {
                found.push(email);
            }
            if found.len() == Self::MOST_MENTIONS {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_an_at_and_an_address() {
        let text = "@ada@example.com, see (@Grace@navy.example.) and mail bob@example.com; @nobody, @ADA@Example.com! @o'neil@example.com?";

        let found: Vec<String> = Comment::mentioned(text).iter().map(ToString::to_string).collect();

        assert_eq!(found, ["ada@example.com", "Grace@navy.example", "o'neil@example.com"]);
    }
}

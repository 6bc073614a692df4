//! Tags: one whatever its case.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::text::is_blank;
use super::{FieldErrors, Text, fold};

/// At most 50 tags, each once whatever its case, in the order given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tags(Vec<Text<64>>);

impl Tags {
    /// Most tags of a lead.
    pub const MAX: usize = 50;

    /// Reads tags by name. `field` is what the client called them; blank names are passed over.
    pub fn read(field: &str, names: &[String]) -> Result<Self, FieldErrors> {
        let (mut tags, mut errors) = (Vec::<Text<64>>::new(), FieldErrors::default());
        let mut known = HashSet::new();
        for name in names.iter().filter(|name| !is_blank(name)) {
            match name.parse::<Text<64>>() {
                Ok(tag) if known.insert(fold(tag.as_str())) => tags.push(tag),
                Ok(_) => {}
                Err(error) => errors.add(field, format_args!("each tag {error}")),
            }
        }
        if tags.len() > Self::MAX {
            errors.add(field, format_args!("must be at most {} tags", Self::MAX));
        }
        errors.or(Self(tags))
    }

    /// One more, unless it is there; if there is no room, instead of the last.
    pub fn push(&mut self, name: &str) {
        if let Ok(tag) = name.parse::<Text<64>>()
            && !self.folded().any(|known| known == fold(name))
        {
            self.0.truncate(Self::MAX - 1);
            self.0.push(tag);
        }
    }

    /// The names as they are shown.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Text::as_str)
    }

    /// The names for comparison.
    pub fn folded(&self) -> impl Iterator<Item = String> {
        self.names().map(fold)
    }

    /// The same tags, each in the spelling that `first` knows for its folded name.
    pub fn spelled(&self, first: impl Fn(&str) -> Option<String>) -> Self {
        let spell = |tag: &Text<64>| {
            first(&fold(tag.as_str())).and_then(|known| known.parse().ok()).unwrap_or_else(|| tag.clone())
        };
        Self(self.0.iter().map(spell).collect())
    }
}

//! Names that are kept in their first spelling: tags and sources.

use serde::{Deserialize, Serialize};

use super::item::entities;

/// A tag or a source as it was first written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Name {
    pub(crate) name: String,
}

entities! {
    Name => "name",
}

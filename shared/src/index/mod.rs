//! The list index: which leads a list shows, and how many there are. It knows neither the table nor requests.
//!
//! Whoever has the entries of the index hands them to a [`Choice`] one after another and gets the pages back. An entry
//! is whatever is an [`Entry`]: a [`Row`] of the table, or one lead of a columnar segment, which borrows what it is asked
//! for from its columns. A segment knows more than that, such as a dictionary of all cities: [`Choice::add_segment`] applies
//! the parts of [`filters`] to each value once, and looks only at the entries that are left.

mod choose;
mod entry;
mod facets;
pub mod filters;
mod place;
mod query;
mod row;
pub mod segment;
mod segments;

pub use choose::{Choice, Chosen, Part};
pub use entry::Entry;
pub use facets::{FacetCounts, FacetValue, Facets, Uses};
pub use place::{After, Place};
pub use query::{Facet, FacetError, ListQuery};
pub use row::{Row, pack_all, unpack_all};
pub use segments::Picked;

/// What is in the index cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Another version wrote it, or nobody did.
    #[error("a row of the list index has an unknown format; `leadctl doctor --repair` writes it anew")]
    Format,
    #[error("a row of the list index is damaged; `leadctl doctor --repair` writes it anew")]
    Damaged(#[source] postcard::Error),
}

#[cfg(test)]
mod tests;

//! What the index tells of one lead.

use crate::domain::{LeadId, Relation, Status};

/// One lead as filters, orders, facets and rights see it. Texts are folded, but for the city. Nothing is copied to tell
/// any of it, so that an entry may be a place in somebody else's columns.
pub trait Entry: Relation {
    fn id(&self) -> LeadId;
    fn status(&self) -> Status;
    /// "first last".
    fn name(&self) -> &str;
    /// The end of the name.
    fn last_name(&self) -> &str;
    /// None: it goes by its name.
    fn title(&self) -> Option<&str>;
    fn email(&self) -> Option<&str>;
    fn account_name(&self) -> Option<&str>;
    /// With all that is written between its digits.
    fn phone(&self) -> Option<&str>;
    fn source(&self) -> Option<&str>;
    fn tags(&self) -> impl Iterator<Item = &str>;
    /// As it was typed: it has no other place where its spelling is kept.
    fn city(&self) -> Option<&str>;
    /// Of the opportunity, in cents.
    fn amount(&self) -> Option<i64>;
    /// Milliseconds of Unix time, as shown.
    fn created_on(&self) -> i64;
    /// Milliseconds of Unix time, as shown.
    fn updated_on(&self) -> i64;
}

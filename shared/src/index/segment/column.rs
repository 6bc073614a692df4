//! The columns of a segment, and sets of them.

use std::fmt;

macro_rules! columns {
    ($($(#[$doc:meta])* $column:ident = $number:literal $name:literal,)*) => {
        /// A column. Its number is in the file, so it never changes; the order is that in the file, so that what is asked
        /// for together lies together.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Column {
            $($(#[$doc])* $column = $number,)*
        }

        impl Column {
            /// Every column, as they lie in the file.
            pub const ALL: [Self; 17] = [$(Self::$column,)*];

            /// What it is called.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$column => $name,)*
                }
            }
        }
    };
}

columns! {
    Ids = 1 "ids",
    Status = 2 "status",
    CreatedBy = 3 "created_by",
    Teams = 4 "teams",
    AssignedTo = 5 "assigned_to",
    Tags = 6 "tags",
    Source = 7 "source",
    City = 8 "city",
    /// In cents.
    Amount = 9 "amount",
    /// In milliseconds since 1970.
    UpdatedOn = 10 "updated_on",
    /// Of leads whose id has another time, in milliseconds since 1970.
    CreatedOn = 11 "created_on",
    /// Where in the name the last name begins.
    LastName = 12 "last_name",
    Name = 13 "name",
    Title = 14 "title",
    Email = 15 "email",
    AccountName = 16 "account_name",
    Phone = 17 "phone",
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Some of the columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Columns(u32);

impl Columns {
    /// All of them.
    pub fn all() -> Self {
        Column::ALL.into_iter().collect()
    }

    /// These and another.
    pub fn with(self, column: Column) -> Self {
        Self(self.0 | 1 << column as u8)
    }

    /// A column is among them.
    pub fn has(self, column: Column) -> bool {
        self.0 >> column as u8 & 1 == 1
    }

    /// Each of them, as they lie in the file.
    pub fn iter(self) -> impl Iterator<Item = Column> {
        Column::ALL.into_iter().filter(move |column| self.has(*column))
    }
}

impl FromIterator<Column> for Columns {
    fn from_iter<I: IntoIterator<Item = Column>>(columns: I) -> Self {
        columns.into_iter().fold(Self::default(), Self::with)
    }
}

impl Extend<Column> for Columns {
    fn extend<I: IntoIterator<Item = Column>>(&mut self, columns: I) {
        *self = columns.into_iter().fold(*self, Self::with);
    }
}

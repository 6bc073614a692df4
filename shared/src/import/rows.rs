//! What a row says: its fields as a new lead, and what is wrong with it.

use std::collections::BTreeMap;

use crate::domain::{
    Columns, Door, FieldErrors, Import, ImportOptions, LeadDetails, MAX_IDS, OnDuplicate, RowError, UserId,
    Value,
};
use crate::store::Ready;

/// Who the names in the file are: e-mails and ids as they stand there, folded. Whoever is not here is no active member.
pub(super) type Owners = BTreeMap<String, UserId>;

/// A row as a lead, or what is wrong with it.
pub(super) fn judge(
    columns: &Columns,
    options: &ImportOptions,
    owners: &Owners,
    row: u32,
    cells: &[String],
) -> Result<Ready, FieldErrors> {
    let said = columns.fields(cells);
    let (mut fields, mut errors) = (said.fields, said.errors);
    let mut ids = Vec::new();
    if said.owners.len() > MAX_IDS {
        errors.add("assigned_to", format_args!("must be at most {MAX_IDS}"));
    }
    for owner in said.owners.iter().take(MAX_IDS) {
        match owners.get(&crate::domain::fold(owner)) {
            Some(id) => ids.push(Value::Text(id.to_string())),
            None => errors.add("assigned_to", format_args!("{owner}: there is no such active member")),
        }
    }
    if !ids.is_empty() {
        fields.set("assigned_to", Value::List(ids));
    }
    let mut details = LeadDetails::open(Door::Import, &fields);
    if let Ok(details) = &mut details {
        if details.source.is_none() {
            details.source.clone_from(&options.default_source);
        }
        options.tags.names().for_each(|tag| details.tags.push(tag));
        if details.assigned_to.is_empty() {
            let named = options.assigned_to.iter().filter_map(|name| owners.get(&crate::domain::fold(name)));
            details.assigned_to = named.copied().collect();
        }
    }
    let email = match &details {
        Ok(details) => details.email.as_ref().map(crate::domain::Email::folded),
        // Good enough for a lead that is there: the row says who, and nothing that is wrong.
        Err(problems) if options.on_duplicate == OnDuplicate::Update && only_nameless(problems) => {
            fields.text("email").map(crate::domain::fold)
        }
        Err(_) => None,
    };
    if let (Err(problems), None) = (&details, &email) {
        // A field that cannot be a value is not among the fields, and so seems to be missing.
        let more: Vec<_> = problems.iter().filter(|(field, _)| !errors.has(field)).collect();
        more.into_iter().for_each(|(field, problem)| errors.add(field, problem));
    }
    errors.or(Ready { row, fields, details, email, chosen: None })
}

/// Nothing is wrong but that a name is missing, which a lead that is there has.
fn only_nameless(problems: &FieldErrors) -> bool {
    problems
        .iter()
        .all(|(field, problem)| matches!(field, "first_name" | "last_name") && problem == "is required")
}

/// What is wrong with a row, as its sender reads it.
pub(super) fn describe(columns: &Columns, row: u32, cells: &[String], errors: &FieldErrors) -> Vec<RowError> {
    let error =
        |(field, problem): (&str, &str)| RowError::new(row, field, columns.source(field, cells), problem);
    errors.iter().map(error).collect()
}

/// Every name that options and rows may need an id for.
pub(super) fn named<'a>(
    import: &'a Import,
    owners: impl Iterator<Item = String> + 'a,
) -> impl Iterator<Item = String> {
    let options = import.options.assigned_to.iter().map(|name| crate::domain::fold(name));
    options.chain(owners.map(|owner| crate::domain::fold(&owner)))
}

//! What a request asks of the lists.

use leadline::domain::{FieldErrors, LeadFilter, OrderField, Ordering, Search};
use leadline::index::{Facet, ListQuery};
use leadline::web::{self, Page};

/// A query, read.
pub(crate) struct Asked {
    pub(crate) list: ListQuery,
    pub(crate) page: Page,
    /// People, companies and the like beside the leads.
    pub(crate) sides: bool,
}

impl Asked {
    /// Reads a query; every bad field is reported.
    pub(crate) fn read(query: &[(String, String)]) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        let asked = |what: &str, how: &str| query.iter().any(|(name, value)| name == what && value == how);
        let page = web::page(query, &mut errors);
        let filter = filter(query, &mut errors);
        let ordering = match last(query, "ordering").map(str::parse).transpose() {
            Ok(ordering) => {
                let ordering: Ordering = ordering.unwrap_or_default();
                if ordering.field != OrderField::CreatedOn && page.offset + page.limit > ListQuery::FURTHEST {
                    let most = ListQuery::FURTHEST - page.limit;
                    errors.add(
                        "offset",
                        format_args!("must be at most {most} in this order; a cursor goes on"),
                    );
                }
                ordering
            }
            Err(error) => {
                errors.add("ordering", error);
                Ordering::default()
            }
        };
        let after = match errors.has("ordering") {
            true => None, // whose cursor it must be is not known
            false => web::after(query, ordering, &mut errors),
        };
        if last(query, "cursor").is_some() && last(query, "offset").is_some() && !errors.has("cursor") {
            errors.add("cursor", "must not be sent together with an offset");
        }
        let mut list = ListQuery { filter, ordering, after, ..ListQuery::default() };
        (list.limit, list.offset, list.uses) = (page.limit, page.offset, asked("counts", "true"));
        list.without_uses = asked("fields", "leads") && !list.uses;
        for (_, value) in query.iter().filter(|(name, _)| name == "facets") {
            any_of(value).for_each(|facet| match facet.parse::<Facet>() {
                Ok(facet) => {
                    list.facets.insert(facet);
                }
                Err(error) => errors.add("facets", error),
            });
        }
        errors.or(Self { list, page, sides: !asked("fields", "leads") })
    }
}

/// The last value of a name that is not blank.
fn last<'q>(query: &'q [(String, String)], name: &str) -> Option<&'q str> {
    let sent = query.iter().rfind(|(sent, value)| sent == name && !value.trim().is_empty())?;
    Some(sent.1.as_str())
}

fn filter(query: &[(String, String)], errors: &mut FieldErrors) -> LeadFilter {
    let mut filter = LeadFilter::default();
    for (name, value) in query {
        match name.as_str() {
            "name" => filter.name = LeadFilter::part(value),
            "title" => filter.title = LeadFilter::part(value),
            "city" => filter.city = LeadFilter::part(value),
            "email" => filter.email = LeadFilter::part(value),
            "search" => filter.search = Search::of(value),
            // A source or a tag may itself hold a comma: then the whole is meant as well.
            "source" => {
                filter.sources.extend(any_of(value).chain([value.as_str()]).filter_map(LeadFilter::part))
            }
            "tags" => filter.tags.extend(any_of(value).chain([value.as_str()]).filter_map(LeadFilter::part)),
            "status" => any_of(value).for_each(|status| match status.parse() {
                Ok(status) => filter.statuses.push(status),
                Err(error) => errors.add("status", error),
            }),
            "assigned_to" => any_of(value).for_each(|id| match id.parse() {
                Ok(id) => {
                    filter.assigned_to.insert(id);
                }
                Err(error) => errors.add("assigned_to", error),
            }),
            _ => {}
        }
    }
    filter.created_after = bound(query, "created_after", LeadFilter::moment, errors);
    filter.created_before = bound(query, "created_before", LeadFilter::moment, errors);
    filter.amount_min = bound(query, "amount_min", str::parse, errors);
    filter.amount_max = bound(query, "amount_max", str::parse, errors);
    filter
}

fn bound<T, E: std::fmt::Display>(
    query: &[(String, String)],
    name: &str,
    read: impl Fn(&str) -> Result<T, E>,
    errors: &mut FieldErrors,
) -> Option<T> {
    match read(last(query, name)?) {
        Ok(bound) => Some(bound),
        Err(error) => {
            errors.add(name, error);
            None
        }
    }
}

fn any_of(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

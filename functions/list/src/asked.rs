//! What a request asks of the lists.

use leadline::domain::{FieldErrors, LeadFilter, OrderField, Ordering, Search};
use leadline::index::{Facet, ListQuery};
use leadline::web::{self, Page};

/// What may have several values, and how many: every lead is compared with each.
const SEVERAL: [&str; 5] = ["assigned_to", "facets", "source", "status", "tags"];
pub const MOST_VALUES: usize = 100;

/// A query, read.
pub(crate) struct Asked {
    pub(crate) list: ListQuery,
    pub(crate) page: Page,
    /// People, companies and the like beside the leads.
    pub(crate) sides: bool,
    /// All leads as a file, instead of a page.
    pub(crate) csv: bool,
}

impl Asked {
    /// Reads a query, and what the client accepts; every bad field is reported.
    pub(crate) fn read(query: &[(String, String)], accept: &str) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::default();
        for name in SEVERAL {
            let values =
                query.iter().filter(|(sent, _)| sent == name).map(|(_, value)| any_of(value).count());
            if values.sum::<usize>() > MOST_VALUES {
                errors.add(name, format_args!("must be at most {MOST_VALUES} values"));
            }
        }
        if !errors.is_empty() {
            return Err(errors); // such a list is not looked at
        }
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
        let csv = match last(query, "format") {
            None => prefers_csv(accept),
            Some("csv") => true,
            Some("json") => false,
            Some(_) => {
                errors.add("format", "must be json or csv");
                false
            }
        };
        let sides = !csv && !asked("fields", "leads");
        errors.or(Self { list, page, sides, csv })
    }
}

/// `Accept` names CSV, and JSON not before it (RFC 9110, section 12.5.1).
fn prefers_csv(accept: &str) -> bool {
    let quality = |kind: &str| {
        let of_kind = accept.split(',').find_map(|range| {
            let mut parts = range.split(';').map(str::trim);
            parts.next().filter(|name| name.eq_ignore_ascii_case(kind))?;
            Some(parts.find_map(|part| part.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0))
        });
        of_kind.unwrap_or(0.0_f32)
    };
    let csv = quality("text/csv");
    csv > 0.0 && csv >= quality("application/json")
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

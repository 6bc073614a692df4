//! Queries and paging.

use lambda_http::Request;

use crate::domain::FieldErrors;

/// The part of a list that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    pub limit: usize,
    pub offset: usize,
}

/// The query's names and values, decoded, in order.
pub fn query(request: &Request) -> Vec<(String, String)> {
    let raw = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(raw.as_bytes()).into_owned().collect()
}

/// `limit` (1 to 100, else 10) and `offset` (from 0).
pub fn page(query: &[(String, String)], errors: &mut FieldErrors) -> Page {
    let mut number = |name: &str, usual: usize, range: std::ops::RangeInclusive<usize>| {
        let sent = query.iter().rfind(|(n, value)| n == name && !value.trim().is_empty());
        let Some((_, value)) = sent else { return usual };
        match value.trim().parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (least, most) = range.into_inner();
                errors.add(name, format_args!("must be a whole number from {least} to {most}"));
                usual
            }
        }
    };
    let limit = number("limit", Page::USUAL, 1..=Page::MOST);
    Page { limit, offset: number("offset", 0, 0..=Page::FURTHEST) }
}

impl Page {
    /// Entries of a page when none is asked for.
    pub const USUAL: usize = 10;
    /// Entries of a page at most.
    pub const MOST: usize = 100;
    /// Furthest a page may be; nobody turns pages that long.
    pub const FURTHEST: usize = 100_000_000;

    /// The address of the page after this one, if the list goes on.
    pub fn next(self, request: &Request, query: &[(String, String)], more: bool) -> Option<String> {
        more.then(|| self.at(request, query, self.offset + self.limit))
    }

    /// The address of the page before this one, if it is not the first.
    pub fn previous(self, request: &Request, query: &[(String, String)]) -> Option<String> {
        (self.offset > 0).then(|| self.at(request, query, self.offset.saturating_sub(self.limit)))
    }

    /// The address of the page that a cursor leads to.
    pub fn after(self, request: &Request, query: &[(String, String)], cursor: &str) -> String {
        self.link(request, query, ("cursor", cursor))
    }

    /// The page's number, from 1.
    pub fn number(self) -> usize {
        self.offset / self.limit + 1
    }

    fn at(self, request: &Request, query: &[(String, String)], offset: usize) -> String {
        self.link(request, query, ("offset", &offset.to_string()))
    }

    fn link(self, request: &Request, query: &[(String, String)], to: (&str, &str)) -> String {
        let mut link = form_urlencoded::Serializer::new(String::new());
        let rest = query.iter().filter(|(name, _)| !matches!(name.as_str(), "limit" | "offset" | "cursor"));
        link.extend_pairs(rest);
        link.append_pair("limit", &self.limit.to_string()).append_pair(to.0, to.1);
        let uri = request.uri();
        let base = match (uri.scheme_str(), uri.authority()) {
            (Some(scheme), Some(authority)) => format!("{scheme}://{authority}"),
            _ => String::new(),
        };
        format!("{base}{}/?{}", uri.path().trim_end_matches('/'), link.finish())
    }
}

//! Which route a request takes: the most specific one, as API Gateway chooses.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::TrailingSlash;

/// The routes of an API, most specific first, each with what answers it.
#[derive(Debug)]
pub(super) struct Routes<T> {
    entries: Vec<(Pattern, T)>,
    slash: TrailingSlash,
}

/// The route that was found.
#[derive(Debug)]
pub(super) struct Found<'a, T> {
    /// `GET /api/leads/{pk}`, or `$default`.
    pub(super) key: &'a str,
    /// Decoded.
    pub(super) parameters: Map<String, Value>,
    pub(super) target: &'a T,
}

#[derive(Debug)]
struct Pattern {
    key: String,
    /// None: any.
    method: Option<String>,
    /// None: `$default`.
    segments: Option<Vec<Segment>>,
}

#[derive(Debug)]
enum Segment {
    Static(String),
    Parameter(String),
    Greedy(String),
}

impl<T> Routes<T> {
    pub(super) fn new(slash: TrailingSlash) -> Self {
        Self { entries: Vec::new(), slash }
    }

    pub(super) fn add(&mut self, method: &str, path: &str, target: T) {
        self.entries.push((Pattern::new(method, path), target));
        self.entries.sort_by_cached_key(|(pattern, _)| pattern.precedence());
    }

    pub(super) fn find(&self, method: &str, path: &str) -> Option<Found<'_, T>> {
        let path = path.strip_prefix('/').unwrap_or(path);
        let mut segments: Vec<String> = path
            .split('/')
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let ends_in_slash = segments.len() > 1 && segments.last().is_some_and(String::is_empty);
        if self.slash == TrailingSlash::Ignored && ends_in_slash {
            segments.pop();
        }
        self.entries.iter().filter(|(pattern, _)| pattern.takes(method)).find_map(|(pattern, target)| {
            let parameters = pattern.parameters(&segments)?;
            Some(Found { key: &pattern.key, parameters, target })
        })
    }
}

impl Pattern {
    fn new(method: &str, path: &str) -> Self {
        if path == "$default" {
            return Self { key: path.to_owned(), method: None, segments: None };
        }
        let segments = path.strip_prefix('/').unwrap_or(path).split('/').map(Segment::new);
        Self {
            key: format!("{method} {path}"),
            method: (method != "ANY").then(|| method.to_owned()),
            segments: Some(segments.collect()),
        }
    }

    fn takes(&self, method: &str) -> bool {
        self.method.as_deref().is_none_or(|own| own == method)
    }

    /// Sorts a full match before a greedy one before `$default`, then segment by segment, then by method.
    fn precedence(&self) -> (bool, bool, Vec<u8>, bool) {
        let ranks: Vec<u8> = self.segments.iter().flatten().map(Segment::rank).collect();
        (self.segments.is_none(), ranks.last() == Some(&Segment::GREEDY), ranks, self.method.is_none())
    }

    /// What the parameters stand for in this path; nothing if the path is another.
    fn parameters(&self, path: &[String]) -> Option<Map<String, Value>> {
        let mut parameters = Map::new();
        let Some(segments) = &self.segments else { return Some(parameters) };
        let mut rest = path;
        for segment in segments {
            let (first, others) = rest.split_first()?;
            match segment {
                Segment::Static(text) if text == first => {}
                Segment::Parameter(name) if !first.is_empty() => {
                    parameters.insert(name.clone(), Value::from(first.as_str()));
                }
                Segment::Greedy(name) => {
                    parameters.insert(name.clone(), Value::from(rest.join("/")));
                    return Some(parameters);
                }
                Segment::Static(_) | Segment::Parameter(_) => return None,
            }
            rest = others;
        }
        rest.is_empty().then_some(parameters)
    }
}

impl Segment {
    const GREEDY: u8 = 2;

    fn new(text: &str) -> Self {
        match text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            None => Self::Static(text.to_owned()),
            Some(name) => match name.strip_suffix('+') {
                None => Self::Parameter(name.to_owned()),
                Some(name) => Self::Greedy(name.to_owned()),
            },
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Static(_) => 0,
            Self::Parameter(_) => 1,
            Self::Greedy(_) => Self::GREEDY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(slash: TrailingSlash, method: &str, path: &str) -> String {
        let mut routes = Routes::new(slash);
        for (method, path) in [
            ("ANY", "$default"),
            ("GET", "/api/leads/{proxy+}"),
            ("ANY", "/api/leads/{pk}"),
            ("GET", "/api/leads/{pk}"),
            ("GET", "/api/leads/{pk}/{proxy+}"),
            ("GET", "/api/leads/companies"),
            ("OPTIONS", "/api/leads/create-from-site"),
            ("GET", "/api/leads"),
        ] {
            routes.add(method, path, ());
        }
        routes.find(method, path).unwrap().key.to_owned()
    }

    #[test]
    fn the_most_specific_route_is_taken() {
        let key = |method, path| key(TrailingSlash::Distinct, method, path);

        assert_eq!(key("GET", "/api/leads"), "GET /api/leads");
        assert_eq!(key("GET", "/api/leads/companies"), "GET /api/leads/companies");
        assert_eq!(key("GET", "/api/leads/1"), "GET /api/leads/{pk}");
        assert_eq!(key("PUT", "/api/leads/1"), "ANY /api/leads/{pk}");
        assert_eq!(key("GET", "/api/leads/1/x/y"), "GET /api/leads/{pk}/{proxy+}");
        assert_eq!(key("PUT", "/api/leads"), "$default");
        assert_eq!(key("GET", "/"), "$default");
    }

    #[test]
    fn a_preflight_goes_by_the_routes_as_any_other_request() {
        let key = |path| key(TrailingSlash::Distinct, "OPTIONS", path);

        assert_eq!(key("/api/leads/create-from-site"), "OPTIONS /api/leads/create-from-site");
        assert_eq!(key("/api/leads/1"), "ANY /api/leads/{pk}");
        assert_eq!(key("/api/leads"), "$default");
    }

    #[test]
    fn a_trailing_slash_is_ignored_or_an_empty_greedy_value() {
        assert_eq!(key(TrailingSlash::Ignored, "GET", "/api/leads/"), "GET /api/leads");
        assert_eq!(key(TrailingSlash::Distinct, "GET", "/api/leads/"), "GET /api/leads/{proxy+}");
        assert_eq!(key(TrailingSlash::Ignored, "GET", "/api/leads/1/"), "GET /api/leads/{pk}");
        assert_eq!(key(TrailingSlash::Distinct, "GET", "/api/leads/1/"), "GET /api/leads/{pk}/{proxy+}");
    }

    #[test]
    fn parameters_are_decoded() {
        let mut routes = Routes::new(TrailingSlash::Ignored);
        routes.add("GET", "/x/{pk}", ());

        let found = routes.find("GET", "/x/a%2Fb%20c").unwrap();

        assert_eq!(found.parameters["pk"], "a/b c");
        assert!(routes.find("POST", "/x/1").is_none());
    }
}

//! Which paths and methods there are. The template says the same to the gateway; a test compares.

use http::Method;
use lambda_http::{Request, RequestExt as _};

use super::ApiError;

/// What a path means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Capture from a website.
    SiteLead,
    /// The script of forms on websites.
    FormScript,
    /// The list.
    Leads,
    /// One lead, by what stands for its id.
    Lead(String),
    /// One comment, by what stands for its id.
    Comment(String),
    /// One file of a lead, by what stands for its id.
    Attachment(String),
    /// The companies.
    Companies,
    /// One company, by what stands for its id.
    Company(String),
    /// Files of leads.
    Uploads,
    /// One file of leads, by what stands for its id.
    Upload(String),
}

/// Every path, with the methods it takes.
pub const ROUTES: [(&str, &[&str]); 10] = [
    ("/api/leads/create-from-site", &["POST", "OPTIONS"]),
    ("/api/leads/form.js", &["GET"]),
    ("/api/leads", &["GET", "POST"]),
    ("/api/leads/{pk}", &["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ("/api/leads/comment/{pk}", &["PUT", "PATCH", "DELETE"]),
    ("/api/leads/attachment/{pk}", &["GET", "DELETE"]),
    ("/api/leads/companies", &["GET", "POST"]),
    ("/api/leads/company/{pk}", &["GET", "PUT", "PATCH", "DELETE"]),
    ("/api/leads/upload", &["GET", "POST"]),
    ("/api/leads/upload/{id}", &["GET", "DELETE"]),
];

/// The request's path without a slash at the end. It is read here and not by the gateway, which differs on that slash.
pub fn path(request: &Request) -> &str {
    let path = request.raw_http_path();
    let path = if path.is_empty() { request.uri().path() } else { path };
    path.strip_suffix('/').unwrap_or(path)
}

/// What the request is for.
pub fn resolve(request: &Request) -> Result<(Target, Method), ApiError> {
    let (target, route) = target(request).ok_or(ApiError::NotFound("path"))?;
    let allowed = ROUTES.iter().find(|(path, _)| *path == route).map_or(&[][..], |(_, methods)| methods);
    if allowed.contains(&request.method().as_str()) {
        Ok((target, request.method().clone()))
    } else {
        Err(ApiError::MethodNotAllowed(allowed.to_vec()))
    }
}

/// The request's path as [`ROUTES`] has it, if it is there: what may be told of it.
pub(super) fn template(request: &Request) -> Option<&'static str> {
    target(request).map(|(_, route)| route)
}

fn target(request: &Request) -> Option<(Target, &'static str)> {
    let parts: Vec<&str> = path(request).split('/').skip(1).collect();
    Some(match parts.as_slice() {
        ["api", "leads"] => (Target::Leads, "/api/leads"),
        ["api", "leads", "form.js"] => (Target::FormScript, "/api/leads/form.js"),
        ["api", "leads", "create-from-site"] => (Target::SiteLead, "/api/leads/create-from-site"),
        ["api", "leads", "companies"] => (Target::Companies, "/api/leads/companies"),
        ["api", "leads", "upload"] => (Target::Uploads, "/api/leads/upload"),
        ["api", "leads", pk] if !pk.is_empty() => (Target::Lead((*pk).to_owned()), "/api/leads/{pk}"),
        ["api", "leads", "comment", pk] if !pk.is_empty() => {
            (Target::Comment((*pk).to_owned()), "/api/leads/comment/{pk}")
        }
        ["api", "leads", "attachment", pk] if !pk.is_empty() => {
            (Target::Attachment((*pk).to_owned()), "/api/leads/attachment/{pk}")
        }
        ["api", "leads", "company", pk] if !pk.is_empty() => {
            (Target::Company((*pk).to_owned()), "/api/leads/company/{pk}")
        }
        ["api", "leads", "upload", id] if !id.is_empty() => {
            (Target::Upload((*id).to_owned()), "/api/leads/upload/{id}")
        }
        _ => return None,
    })
}

//! Where a request comes from.

use std::net::{IpAddr, Ipv6Addr};

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

/// The client's address: what the gateway saw or, behind proxies of ours, what the outermost of them saw. A header that
/// a client writes itself is never believed.
pub fn address(request: &Request, trusted_proxies: usize) -> String {
    let seen = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone().unwrap_or_default(),
        _ => String::new(),
    };
    let told = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut path: Vec<&str> = told.flat_map(|value| value.split(',')).map(str::trim).collect();
    if path.last() == Some(&seen.as_str()) {
        path.pop(); // the gateway adds whom it saw itself
    }
    path.push(&seen);
    let client = path.len().checked_sub(1 + trusted_proxies).and_then(|at| path.get(at)).copied();
    let client = client.filter(|client| client.parse::<IpAddr>().is_ok());
    client.unwrap_or(&seen).to_owned()
}

/// What one customer has: an address of IPv4, or a network of 64 bits of IPv6 (RFC 6177).
pub fn network(address: &str) -> String {
    match address.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

//! `GET /api/leads/`: the open and the closed leads; and the answer to every path there is not.

mod asked;
mod export;

use std::collections::{BTreeMap, HashMap};

use asked::Asked;
use lambda_http::http::{Method, header::ACCEPT};
use lambda_http::{Body, Request, Response};
use leadline::App;
use leadline::domain::{COUNTRIES, Company, Status, fold};
use leadline::index::{FacetCounts, Uses};
use leadline::store::{LeadPage, Listing, SideLists};
use leadline::web::{self, ApiError, ContactView, INDUSTRIES, LeadView, Reply, Target, UserView, sources};
use serde::Serialize;

pub use asked::MOST_VALUES;

/// Bytes of descriptions and attributions in one answer, as they are sent: 200 descriptions at their limit in plain
/// ASCII. A function's answer may be 6 MB, so that more is cut; the lead itself shows it whole.
const LONG_TEXTS: usize = 2_000_000;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::answer(app, &request, list(app, &request)).await
}

#[derive(Serialize)]
struct Leads<'a> {
    open_leads: Vec<LeadView<'a>>,
    closed_leads: Vec<LeadView<'a>>,
    open_leads_count: usize,
    closed_leads_count: usize,
    next: Option<String>,
    previous: Option<String>,
    next_cursor: Option<String>,
    per_page: usize,
    /// None after a cursor, which does not know.
    page_number: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    converted_leads: Option<Vec<LeadView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    converted_leads_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    facets: Option<BTreeMap<&'static str, Vec<FacetView<'a>>>>,
    /// Facets that have more values than are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    facets_truncated: Option<Vec<&'static str>>,
    #[serde(flatten)]
    sides: Option<Sides<'a>>,
}

#[derive(Serialize)]
struct FacetView<'a> {
    value: &'a str,
    count: usize,
}

#[derive(Serialize)]
struct Sides<'a> {
    contacts: Vec<ContactView<'a>>,
    users: Vec<UserView<'a>>,
    source_list: Vec<&'a str>,
    tags: &'a [String],
    /// How many of the leads that the caller may see have each tag, and each source; none if that would take more
    /// reading than the list itself, and was not asked for.
    tag_counts: Option<BTreeMap<&'a str, usize>>,
    source_counts: Option<BTreeMap<&'a str, usize>>,
    status: [&'static str; 5],
    companies: Vec<CompanyName<'a>>,
    countries: &'a [(&'static str, &'static str)],
    industries: &'static [&'static str],
}

#[derive(Serialize)]
struct CompanyName<'a> {
    id: String,
    name: &'a str,
}

async fn list(app: &App, request: &Request) -> Reply {
    let (Target::Leads, Method::GET) = web::resolve(request)? else { return Err(ApiError::NotFound("path")) };
    let seat = web::seat(app, request).await?;
    let query = web::query(request);
    let accept = web::header(request, ACCEPT.as_str()).unwrap_or_default();
    let Asked { list: wanted, page, sides: wants_sides, csv } = Asked::read(&query, accept)?;
    let sides = async {
        match wants_sides {
            true => app.store.side_lists(seat.org).await.map(Some),
            false => Ok(None),
        }
    };
    // Rights and rows are read at the same time; nothing is told before both are known.
    let (caller, rows, counts, sides) = tokio::join!(
        app.auth.admit(seat, &app.store),
        app.store.rows(seat.org),
        app.store.counts(seat.org),
        sides
    );
    let (caller, sides) = (caller?, sides?);
    if csv {
        return export::export(app, &caller, &wanted, rows?).await;
    }
    let Listing { open, closed, converted, facets, uses, next } =
        app.store.list(&caller, &wanted, rows?, counts?).await?;

    let mut room = LONG_TEXTS;
    let next_cursor = next.as_ref().map(web::list_cursor);
    let next = match (&wanted.after, &next_cursor) {
        (Some(_), cursor) => cursor.as_ref().map(|cursor| page.after(request, &query, cursor)),
        (None, cursor) => page.next(request, &query, cursor.is_some()),
    };
    Ok(web::json(&Leads {
        open_leads: views(&open, &mut room),
        closed_leads: views(&closed, &mut room),
        open_leads_count: open.count,
        closed_leads_count: closed.count,
        next,
        previous: page.previous(request, &query),
        next_cursor,
        per_page: page.limit,
        page_number: wanted.after.is_none().then(|| page.number()),
        converted_leads: converted.as_ref().map(|page| views(page, &mut room)),
        converted_leads_count: converted.as_ref().map(|page| page.count),
        facets: Some(&facets).filter(|facets| !facets.is_empty()).map(|facets| facet_views(facets)),
        facets_truncated: (!facets.is_empty()).then(|| truncated(&facets)),
        sides: sides.as_ref().map(|sides| side_lists(sides, uses.as_ref())),
    }))
}

fn facet_views(facets: &[FacetCounts]) -> BTreeMap<&'static str, Vec<FacetView<'_>>> {
    let views = facets.iter().map(|of| {
        let values = of.values.iter().map(|it| FacetView { value: &it.value, count: it.count });
        (of.facet.as_str(), values.collect())
    });
    views.collect()
}

fn truncated(facets: &[FacetCounts]) -> Vec<&'static str> {
    facets.iter().filter(|of| of.more).map(|of| of.facet.as_str()).collect()
}

fn views<'a>(page: &'a LeadPage, room: &mut usize) -> Vec<LeadView<'a>> {
    page.leads.iter().map(|lead| LeadView::from(lead).within(room)).collect()
}

fn side_lists<'a>(lists: &'a SideLists, uses: Option<&Uses>) -> Sides<'a> {
    let source_list = sources(&lists.sources);
    Sides {
        contacts: lists.contacts.iter().map(ContactView::from).collect(),
        users: lists.users.iter().map(UserView::from).collect(),
        tags: &lists.tags,
        tag_counts: uses.map(|uses| counted(lists.tags.iter().map(String::as_str), &uses.tags)),
        source_counts: uses.map(|uses| counted(source_list.iter().copied(), &uses.sources)),
        source_list,
        status: Status::ALL.map(Status::as_str),
        companies: lists.companies.iter().map(name_of).collect(),
        countries: &COUNTRIES,
        industries: &INDUSTRIES,
    }
}

fn counted<'a>(
    names: impl Iterator<Item = &'a str>,
    uses: &HashMap<String, usize>,
) -> BTreeMap<&'a str, usize> {
    names.map(|name| (name, uses.get(&fold(name)).copied().unwrap_or_default())).collect()
}

fn name_of(company: &Company) -> CompanyName<'_> {
    CompanyName { id: company.id.to_string(), name: company.details.name.as_str() }
}

//! `GET /api/leads/`: the open and the closed leads; and the answer to every path there is not.

use std::collections::{BTreeMap, HashMap};

use lambda_http::{Body, Request, Response, http::Method};
use leadline::App;
use leadline::domain::{COUNTRIES, Company, FieldErrors, LeadFilter, Status, fold};
use leadline::index::{ListQuery, Uses};
use leadline::store::{LeadPage, Listing, SideLists};
use leadline::web::{self, ApiError, ContactView, INDUSTRIES, LeadView, Reply, Target, UserView, sources};
use serde::Serialize;

/// Bytes of descriptions and attributions in one answer, as they are sent: 200 descriptions at their limit in plain
/// ASCII. A function's answer may be 6 MB, so that more is cut; the lead itself shows it whole.
const LONG_TEXTS: usize = 2_000_000;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Response<Body> {
    web::answer(&request, list(app, &request)).await
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
    page_number: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    converted_leads: Option<Vec<LeadView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    converted_leads_count: Option<usize>,
    #[serde(flatten)]
    sides: Option<Sides<'a>>,
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
    let mut errors = FieldErrors::default();
    let page = web::page(&query, &mut errors);
    let filter = filter(&query, &mut errors);
    errors.or(())?;
    let asked = |what: &str, how: &str| query.iter().any(|(name, value)| name == what && value == how);
    let wants_sides = !asked("fields", "leads");
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
    let wanted = ListQuery {
        filter,
        limit: page.limit,
        offset: page.offset,
        uses: asked("counts", "true"),
        ..ListQuery::default()
    };
    let Listing { open, closed, converted, uses, .. } =
        app.store.list(&caller, &wanted, rows?, counts?).await?;

    let mut room = LONG_TEXTS;
    let longest = open.count.max(closed.count).max(converted.as_ref().map_or(0, |page| page.count));
    let more = page.offset + page.limit < longest;
    Ok(web::json(&Leads {
        open_leads: views(&open, &mut room),
        closed_leads: views(&closed, &mut room),
        open_leads_count: open.count,
        closed_leads_count: closed.count,
        next: page.next(request, &query, more),
        previous: page.previous(request, &query),
        next_cursor: None,
        per_page: page.limit,
        page_number: page.number(),
        converted_leads: converted.as_ref().map(|page| views(page, &mut room)),
        converted_leads_count: converted.as_ref().map(|page| page.count),
        sides: sides.as_ref().map(|sides| side_lists(sides, uses.as_ref())),
    }))
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

fn filter(query: &[(String, String)], errors: &mut FieldErrors) -> LeadFilter {
    let mut filter = LeadFilter::default();
    for (name, value) in query {
        match name.as_str() {
            "name" => filter.name = LeadFilter::part(value),
            "title" => filter.title = LeadFilter::part(value),
            "city" => filter.city = LeadFilter::part(value),
            "email" => filter.email = LeadFilter::part(value),
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
    filter
}

fn any_of(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|part| !part.is_empty())
}

//! The kinds of query: how a client asks them, which leads they are about, and how Django's ORM asks them.

use leadline::domain::{OrgId, UserId};

use crate::leads::{Lead, TAGS};

/// A tag, whose number is its id in PostgreSQL.
const TAG: usize = 2;
/// The seller whose leads are asked for.
const SELLER: u64 = 7;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    Admin,
    /// Sees 50 leads.
    User,
}

/// A kind of query.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) query: String,
    pub(crate) asker: Asker,
    pub(crate) matches: fn(&Lead) -> bool,
    /// Joins and conditions; none where Django-CRM cannot be asked that.
    pub(crate) sql: Option<(&'static str, String)>,
    pub(crate) offset: u32,
    /// Whether what it reads beside the page's leads is for its filter alone.
    pub(crate) is_filter: bool,
}

/// All kinds, for so many leads and these people, of whom the first is the USER.
pub(crate) fn all(leads: u32, people: &[UserId]) -> Vec<Kind> {
    let deep = leads / 20;
    let (seller, user) = (people[usize::try_from(SELLER).unwrap_or_default()], people[0]);
    let kind = |name, query: &str, matches, sql: Option<(&'static str, String)>| Kind {
        name,
        query: format!("fields=leads{query}"),
        asker: Asker::Admin,
        matches,
        sql,
        offset: 0,
        is_filter: true,
    };
    let part = |column: &str, part: &str| format!("UPPER({column}::text) LIKE UPPER('%{part}%')");
    let named = format!("({} OR {})", part("first_name", "mann"), part("last_name", "mann"));
    vec![
        kind("first page", "", |_| true, Some(("", "TRUE".to_owned()))),
        Kind {
            query: String::new(),
            is_filter: false,
            ..kind("first page and side lists", "", |_| true, None)
        },
        kind(
            "title part",
            "&title=solar",
            |lead| lead.title.contains("Solar"),
            Some(("", part("title", "solar"))),
        ),
        kind(
            "name part, status, city",
            "&name=mann&status=in%20process&city=ham",
            |lead| {
                let named =
                    [lead.first_name, lead.last_name].iter().any(|it| it.to_lowercase().contains("mann"));
                named && lead.status == "in process" && lead.city.to_lowercase().contains("ham")
            },
            Some(("", format!("{named} AND status = 'in process' AND {}", part("city", "ham")))),
        ),
        kind(
            "tag, assignee",
            &format!("&tags=DEMO&assigned_to={seller}"),
            |lead| lead.tags.contains(&TAGS[TAG]) && lead.owner == Some(SELLER),
            Some((
                "INNER JOIN lead_tags ON lead.id = lead_tags.lead_id \
                 INNER JOIN lead_assigned_to ON lead.id = lead_assigned_to.lead_id",
                format!("lead_tags.tags_id IN ({TAG}) AND lead_assigned_to.profile_id IN ('{seller}')"),
            )),
        ),
        Kind {
            offset: deep,
            ..kind(
                "source, deep offset",
                &format!("&source=trade%20fair&offset={deep}"),
                |lead| lead.source == "Trade Fair",
                Some(("", "source = 'Trade Fair'".to_owned())),
            )
        },
        Kind {
            asker: Asker::User,
            ..kind(
                "a USER's own",
                "",
                |lead| lead.owner == Some(0),
                Some((
                    "LEFT OUTER JOIN lead_assigned_to ON lead.id = lead_assigned_to.lead_id",
                    format!("(lead_assigned_to.profile_id IN ('{user}') OR created_by_id = '{user}')"),
                )),
            )
        },
        kind("facets of all", "&facets=status,source,tags,assigned_to,city", |_| true, None),
        kind(
            "facets, title part",
            "&title=solar&facets=status,source,tags,assigned_to,city",
            |lead| lead.title.contains("Solar"),
            None,
        ),
    ]
}

impl Kind {
    /// How many open and closed leads it is about.
    pub(crate) fn counts(&self, leads: u32, imported: u32) -> (u64, u64) {
        let mut counts = (0, 0);
        for lead in (0..leads).map(|row| Lead::new(row, imported)).filter(|lead| (self.matches)(lead)) {
            *(if lead.is_closed() { &mut counts.1 } else { &mut counts.0 }) += 1;
        }
        counts
    }

    /// What Django's ORM asks: two counts and two pages. `DISTINCT` only where a join may show a lead twice.
    pub(crate) fn statements(&self, org: OrgId) -> Option<[String; 4]> {
        let (joins, filter) = self.sql.as_ref()?;
        let select = if joins.is_empty() { "SELECT lead.*" } else { "SELECT DISTINCT lead.*" };
        let from = |class: &str| {
            format!(
                "FROM lead {joins} WHERE org_id = '{org}' AND NOT (status = 'converted') AND {filter} AND {class}"
            )
        };
        let count = |class: &str| match joins.is_empty() {
            true => format!("SELECT COUNT(*) {};", from(class)),
            false => format!("SELECT COUNT(*) FROM ({select} {}) subquery;", from(class)),
        };
        let page = |class: &str| {
            format!("{select} {} ORDER BY lead.id DESC LIMIT 10 OFFSET {};", from(class), self.offset)
        };
        let (open, closed) = ("NOT (status = 'closed')", "status = 'closed'");
        Some([count(open), page(open), count(closed), page(closed)])
    }
}

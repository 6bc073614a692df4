//! A lead as a row of a spreadsheet, as [`super::Columns`] reads it.

use chrono::{DateTime, SecondsFormat, Utc};

use super::{Lead, UserId, joined};

/// The header. An import takes those columns that a file of leads may have, which come first, and passes over the others.
pub const EXPORTED: [&str; 43] = [
    "title",
    "first_name",
    "last_name",
    "email",
    "phone",
    "status",
    "source",
    "account_name",
    "website",
    "description",
    "opportunity_amount",
    "address_line",
    "street",
    "city",
    "state",
    "postcode",
    "country",
    "industry",
    "probability",
    "close_date",
    "assigned_to",
    "tags",
    "id",
    "contacts",
    "teams",
    "company_id",
    "created_on",
    "created_by",
    "updated_on",
    "org",
    "created_from_site",
    "converted_account",
    "converted_contact",
    "converted_opportunity",
    "converted_on",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "gclid",
    "referrer",
    "page_url",
];

/// The cells of a lead under [`EXPORTED`]. `email` knows the addresses of users; one that it does not know is told by id.
/// A lead that goes by its name has no title here, for it would have one if it came back.
pub fn exported<'u>(lead: &Lead, email: impl Fn(UserId) -> Option<&'u str>) -> [String; EXPORTED.len()] {
    let (details, conversion) = (&lead.details, lead.conversion);
    let user = |id: UserId| email(id).map_or_else(|| id.to_string(), str::to_owned);
    let users: Vec<String> = details.assigned_to.iter().map(|id| user(*id)).collect();
    let attribution = lead.attribution.clone().unwrap_or_default();
    [
        shown(&details.title),
        shown(&details.first_name),
        details.last_name.to_string(),
        shown(&details.email),
        shown(&details.phone),
        details.status.to_string(),
        shown(&details.source),
        shown(&details.account_name),
        shown(&details.website),
        shown(&details.description),
        shown(&details.opportunity_amount),
        shown(&details.address_line),
        shown(&details.street),
        shown(&details.city),
        shown(&details.state),
        shown(&details.postcode),
        shown(&details.country),
        shown(&details.industry),
        shown(&details.probability),
        shown(&details.close_date),
        joined(users.iter().map(String::as_str)),
        joined(details.tags.names()),
        lead.id.to_string(),
        ids(&details.contacts),
        ids(&details.teams),
        shown(&lead.company),
        time(lead.created_on),
        lead.created_by.as_ref().map(|person| person.email.clone()).unwrap_or_default(),
        time(lead.updated_on),
        lead.org.to_string(),
        lead.created_from_site.to_string(),
        shown(&conversion.map(|it| it.account)),
        shown(&conversion.map(|it| it.contact)),
        shown(&conversion.and_then(|it| it.opportunity)),
        conversion.map(|it| time(it.on)).unwrap_or_default(),
        shown(&attribution.utm_source),
        shown(&attribution.utm_medium),
        shown(&attribution.utm_campaign),
        shown(&attribution.utm_term),
        shown(&attribution.utm_content),
        shown(&attribution.gclid),
        shown(&attribution.referrer),
        shown(&attribution.page_url),
    ]
}

fn shown(value: &Option<impl ToString>) -> String {
    value.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn ids(ids: &[impl ToString]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Columns;

    #[test]
    fn an_import_takes_the_first_columns_and_no_other() {
        let header = EXPORTED.map(str::to_owned);

        let columns = Columns::of(&header).unwrap();

        assert_eq!(columns.ignored(), &header[22..]);
        for field in &header[..22] {
            assert_eq!(columns.source(field, &header).0, field);
        }
    }
}

//! Files of leads, as a trade fair or another program would export them: 12 columns, every e-mail once.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use leadline_tests::stage::Draw;

const HEADER: &str =
    "First Name,Last Name,E-mail,Phone,Company,Postcode,City,Country,Source,Amount,Tags,Notes\r\n";

const FIRST_NAMES: [&str; 16] = [
    "Ada",
    "Björn",
    "Chloé",
    "David",
    "Elena",
    "Farid",
    "Grace",
    "Hugo",
    "Ingrid",
    "Jun",
    "Katarzyna",
    "Luís",
    "Maria",
    "Nora",
    "Oluwaseun",
    "Zoë",
];
const LAST_NAMES: [&str; 16] = [
    "Andersson",
    "Bauer",
    "Costa",
    "Dubois",
    "Eriksen",
    "Ferreira",
    "García",
    "Hoffmann",
    "Ivanova",
    "Jansen",
    "Kowalski",
    "Lindqvist",
    "Müller",
    "Nwosu",
    "O'Brien",
    "Tanaka",
];
const COMPANIES: [&str; 8] = [
    "Analytics",
    "Bakery Supplies",
    "Construction",
    "Foods",
    "Logistics",
    "Machines",
    "Software",
    "Textiles",
];
const PLACES: [(&str, &str, &str); 10] = [
    ("10115", "Berlin", "Germany"),
    ("75011", "Paris", "France"),
    ("1010", "Wien", "Austria"),
    ("28013", "Madrid", "Spain"),
    ("00-001", "Warszawa", "Poland"),
    ("1000-001", "Lisboa", "Portugal"),
    ("0150", "Oslo", "Norway"),
    ("50667", "Köln", "Germany"),
    ("SW1A 1AA", "London", "United Kingdom"),
    ("100 05", "Stockholm", "Sweden"),
];
const SOURCES: [&str; 6] =
    ["Call", "Cold Email", "Existing Customer", "Partner", "Public Relations", "Trade Fair"];
const TAGS: [&str; 10] = [
    "b2b",
    "callback",
    "demo",
    "enterprise",
    "fair 2026",
    "hot",
    "newsletter",
    "price list",
    "renewal",
    "trial",
];
const NOTES: [&str; 6] = [
    "Met at the fair, wants an offer for the second quarter.",
    "Asked for a demo of the reporting, call back after Tuesday.",
    "Has a contract until autumn; said \"\"send me the price list\"\".",
    "Interested in the larger plan, decides together with finance.",
    "Left a card at the stand, no talk yet. Write a short e-mail.",
    "Knows us from a partner, needs an answer before the holidays.",
];

/// Writes a file of so many rows; the same for the same number.
pub(crate) fn write(path: &Path, rows: u32) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(HEADER.as_bytes())?;
    for row in 0..rows {
        let mut draw = Draw(u64::from(row));
        let (first, last) = (draw.of(&FIRST_NAMES), draw.of(&LAST_NAMES));
        let (postcode, city, country) = draw.of(&PLACES);
        let company = row / 20;
        let kind = COMPANIES[usize::try_from(company % 8).unwrap_or_default()];
        let (source, tag, note) = (draw.of(&SOURCES), draw.of(&TAGS), draw.of(&NOTES));
        let (phone, amount) = (draw.below(10_000_000), draw.below(500));
        write!(
            file,
            "{first},{last},lead.{row}@company-{company}.example,+49 30 {phone:07},Company {company} {kind},\
             {postcode},{city},{country},{source},{amount}50.00,{tag},\"{note}\"\r\n"
        )?;
    }
    file.flush()
}

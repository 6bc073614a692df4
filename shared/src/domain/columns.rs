//! What the columns of a spreadsheet mean: its header, and each row's cells as the fields of a lead.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::iter;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

use super::{FieldErrors, Fields, Value, fold};

/// Longest header that is looked at, and shown.
const MAX_HEADER: usize = 200;
/// Most headers that an error names, and how much of each.
const SHOWN: (usize, usize) = (5, 40);

/// What stands between the parts of a list.
const LIST_SIGNS: [char; 2] = [';', ','];

/// The fields that a file may hold, a line each, and what else their columns are called (English, German, French,
/// Spanish; as other programs export them). `name` is no field of a lead: it is split into two.
const NAMES: &str = "\
account_name: account, associated company, business, business name, compañía, company, company / account, \
    company name, current company, employer, empresa, entreprise, firm, Firma, Firmenname, \
    nombre de la empresa, nom de la société, nom de l'entreprise, organisation, organisation name, \
    organization, organization name, raison sociale, razón social, société, Unternehmen
address_line: address, address 2, address address line 2, address formatted, address line 2, Adresse, \
    Adresszusatz, Anschrift, complément d'adresse, dirección, domicilio, full address, postal address, \
    street 2, street address 2
assigned_to: assigned, assigned to email, assigned user, assignee, assignee email, Besitzer, Eigentümer, \
    owner, owner email, propietario, propriétaire, record owner, responsible, responsible person, \
    sales owner, salesperson, sales rep, sales representative, Zuständig, Zuständiger
city: address city, city / town, ciudad, localidad, locality, Ort, población, Stadt, town, town / city, \
    ville, Wohnort
close_date: Abschlussdatum, Abschlusstermin, closing date, date de clôture, date de clôture prévue, \
    deal close date, est. close date, estimated close date, expected close, expected close date, \
    expected closing, expected closing date, fecha de cierre, fecha de cierre prevista, \
    fecha estimada de cierre, forecast close date, target close date, voraussichtliches Abschlussdatum
country: address country, address country / region, country code, country name, country / region, Land, \
    Ländercode, Land / Region, nation, país, pays
description: additional info, additional information, Anmerkung, Anmerkungen, Bemerkung, Bemerkungen, \
    Beschreibung, comentario, comentarios, comment, commentaire, commentaires, comments, descripción, \
    details, enquiry, inquiry, Kommentar, Kommentare, memo, mensaje, message, Nachricht, nota, notas, note, \
    notes, Notiz, Notizen, observaciones, remark, remarks, remarque, remarques
email: adresse électronique, adresse e-mail, adresse mail, company e-mail, corporate e-mail, correo, \
    correo electrónico, courriel, dirección de correo electrónico, e-mail address, E-Mail-Adresse, \
    e-mail id, emails, e-mail value, mail, mail address, Mailadresse, other e-mail, personal e-mail, \
    professional e-mail, secondary e-mail
first_name: christian name, first, fname, forename, given name, name first, prénom, primer nombre, Rufname, \
    Vorname
industry: Branche, business sector, company industry, industria, Industrie, industry sector, industry type, \
    secteur, secteur d'activité, sector, vertical, Wirtschaftszweig
last_name: apellido, apellidos, Familienname, family name, last, lname, Nachname, name last, nom de famille, \
    surname, Zuname
name: Ansprechpartner, company contact, complete name, contact, contact person, display name, full name, \
    Kontakt, Kontaktname, nom, nombre, nombre completo, nombres, nombre y apellidos, nom complet, person, \
    vollständiger Name, Vor- und Nachname
opportunity_amount: amount, Auftragswert, Betrag, budget, deal amount, deal size, deal value, \
    estimated revenue, estimated value, est. revenue, est. value, importe, montant, monto, \
    opportunity value, potential value, valeur, valor, value, Wert
phone: cell, cell number, cell phone, cell phone number, celular, company main phone, company phone, \
    contact no, contact number, direct dial, direct line, direct phone, Festnetz, Handy, Handynummer, Mobil, \
    mobile, mobile no, mobile number, mobile phone, mobile phone number, mobile telephone, Mobilnummer, \
    Mobiltelefon, móvil, número de teléfono, numéro de téléphone, other phone, phone mobile, phone no, \
    phone number, phone value, portable, Rufnummer, tel, Telefon, Telefon mobil, Telefon-Nr., Telefonnummer, \
    teléfono, teléfono móvil, telephone, téléphone mobile, telephone no, telephone number, \
    téléphone portable, tel no, Tel.-Nr., tel number
postcode: address postal code, address zip, address zip / postal code, code postal, código postal, CP, \
    pin code, PLZ, postal, postal code, Postleitzahl, zip, zip code, zip or postal code, zip / postal code
probability: Abschlusswahrscheinlichkeit, chance, close probability, likelihood, probabilidad, probabilité, \
    probability of closing, Wahrscheinlichkeit, win probability
source: fuente, Herkunft, how did you hear about us, Leadquelle, origen, origin, original source, origine, \
    provenance, Quelle, referral source, source of lead
state: address province, address region, address state, address state / province, Bundesland, canton, \
    comunidad autónoma, county, département, Kanton, province, province / state, provincia, region, \
    state code, state name, state or province, state / province, state / region
status:
street: address 1, address line 1, address street, address street address, calle, rue, Straße, \
    Straße / Hausnummer, Straße / Nr., Straße und Hausnummer, Straße und Nr., street address, \
    street and number, street name
tags: categoría, categorías, catégorie, categories, category, etiqueta, etiquetas, étiquette, étiquettes, \
    Kategorie, Kategorien, keywords, labels, lead label, mots-clés, palabras clave, Schlagwort, Schlagworte, \
    Schlagwörter, Stichwort, Stichworte, tag
title: asunto, Betreff, deal name, deal title, objet, opportunity name, opportunity title, subject, sujet, \
    topic
website: company domain, company domain name, company url, company website, domain, domain name, home page, \
    Internetadresse, Internetseite, página web, site internet, site web, sitio web, url, web, web address, \
    Webadresse, web page, Webseite, website address, website url, website value";

/// Words in front that leave the meaning of a header as it is: `Lead Owner`, `Business Phone`, `Your name`.
const BEFORE: [&str; 12] = [
    "business", "client", "contact", "customer", "home", "lead", "mailing", "main", "person", "primary",
    "work", "your",
];
/// The same at the end: `Person - Email - Work`, `Telefon privat`.
const AFTER: [&str; 7] = ["business", "geschaftlich", "home", "other", "primary", "privat", "work"];

/// Error values of spreadsheet programs, as they write them out.
const ERRORS: &str = "#BLOCKED! #BUSY! #CALC! #CONNECT! #DIV/0! #ERROR! #EXTERNAL! #FIELD! #GETTING_DATA #N/A \
                      #NAME? #NULL! #NUM! #PYTHON! #REF! #SPILL! #UNKNOWN! #VALUE!";

/// The field by the key of every name that its column has.
static BY_KEY: LazyLock<HashMap<String, &str>> = LazyLock::new(|| {
    let keys = |(field, others): (&'static str, &'static str)| {
        iter::once(field).chain(others.split(',')).map(move |name| (key(name), field))
    };
    fields().flat_map(keys).filter(|(key, _)| !key.is_empty()).collect()
});

/// Each field with the other names of its column, between commas.
fn fields() -> impl Iterator<Item = (&'static str, &'static str)> {
    NAMES.lines().filter_map(|line| line.split_once(':'))
}

/// Letters and digits of a header, without case and accents.
fn key(header: &str) -> String {
    let plain: String = header.nfkd().collect();
    fold(&plain).nfd().filter(|c| c.is_alphanumeric()).collect()
}

/// The field of a column: by its header as it is, else without numbers (`E-mail 1 - Value`), else without what is in
/// brackets (`Amount (EUR)`); each time also without a word of [`BEFORE`], of [`AFTER`] or of both.
fn field(header: &str) -> Option<&'static str> {
    if header.chars().nth(MAX_HEADER).is_some() {
        return None;
    }
    let unbracketed = header.split_once(['(', '[']).map_or("", |(before, _)| before);
    [header, unbracketed].into_iter().map(key).find_map(|key| {
        let numberless = key.replace(char::is_numeric, "");
        [key, numberless].iter().find_map(|key| {
            let fronts = BEFORE.iter().filter_map(|word| key.strip_prefix(word));
            iter::once(key.as_str()).chain(fronts).find_map(|key| {
                let backs = AFTER.iter().filter_map(|word| key.strip_suffix(word));
                iter::once(key).chain(backs).find_map(|key| BY_KEY.get(key).copied())
            })
        })
    })
}

/// How the text of a cell becomes the value of its field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Plain,
    /// All columns, a line each.
    Lines,
    /// Texts between `;` or `,`, in double quotes or not.
    Tags,
    /// Users in the same way.
    Owners,
    Status,
    /// With or without `%`.
    Percent,
    /// With or without a time, midnight.
    Date,
    /// First and last name in one.
    FullName,
}

impl Reading {
    fn of(field: &str) -> Self {
        match field {
            "assigned_to" => Self::Owners,
            "close_date" => Self::Date,
            "description" => Self::Lines,
            "name" => Self::FullName,
            "probability" => Self::Percent,
            "status" => Self::Status,
            "tags" => Self::Tags,
            _ => Self::Plain,
        }
    }
}

/// No column of a file is known; its words show what was found instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownHeader(Vec<String>);

impl std::error::Error for UnknownHeader {}

impl fmt::Display for UnknownHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no column of the file is known; the first row must name them, such as ")?;
        f.write_str("first name, last name, e-mail")?;
        if !self.0.is_empty() {
            write!(f, "; found: {}", self.0.join(", "))?;
        }
        Ok(())
    }
}

/// The columns of one file: which field each of them holds.
///
/// Cells are taken as they stand in the file: what [`neutralised`] did to them is undone here, so whoever writes them
/// out again writes `neutralised(restored(cell))`.
#[derive(Debug, Clone)]
pub struct Columns {
    /// Trimmed.
    header: Vec<String>,
    /// By field, so that `name` comes after the two that it is split into.
    known: Vec<Known>,
    ignored: Vec<String>,
    /// The columns of `ignored`.
    ignored_at: Vec<usize>,
    /// The columns that the header leaves blank.
    unnamed: Vec<usize>,
}

/// A field and its columns.
#[derive(Debug, Clone)]
struct Known {
    field: &'static str,
    reading: Reading,
    columns: Vec<usize>,
}

/// What a row holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowFields {
    /// Under our names and without blank ones, as a client would send them.
    pub fields: Fields,
    /// Whom the lead is assigned to: ids or e-mails of users, as typed.
    pub owners: Vec<String>,
    /// What cannot be a value; these fields are not in `fields`.
    pub errors: FieldErrors,
}

impl Columns {
    /// Reads a header. Names are compared by their letters and digits only, without case and accents.
    pub fn of(header: &[String]) -> Result<Self, UnknownHeader> {
        let header: Vec<String> = header.iter().map(|name| name.trim().to_owned()).collect();
        let mut columns = BTreeMap::<_, Vec<_>>::new();
        let mut read = Self {
            header,
            known: Vec::new(),
            ignored: Vec::new(),
            ignored_at: Vec::new(),
            unnamed: Vec::new(),
        };
        for column in 0..read.header.len() {
            let name = &read.header[column];
            match field(name) {
                Some(field) => columns.entry(field).or_default().push(column),
                None if name.is_empty() => read.unnamed.push(column),
                None => read.ignore(column, clip(name, MAX_HEADER)),
            }
        }
        let known = |(field, columns)| Known { field, reading: Reading::of(field), columns };
        read.known = columns.into_iter().map(known).collect();
        if read.known.is_empty() {
            let found = read.ignored.iter().take(SHOWN.0).map(|name| clip(name, SHOWN.1));
            return Err(UnknownHeader(found.collect()));
        }
        Ok(read)
    }

    /// The columns that no field takes, by their names in the file, each once; one without a name, once
    /// [`Columns::note`] saw data in it, by its number.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Looks for data in columns without a name.
    pub fn note(&mut self, cells: &[String]) {
        let unnamed = self.unnamed.iter().copied().chain(self.header.len()..cells.len());
        let new = unnamed.filter(|&column| {
            cells.get(column).is_some_and(|cell| !cell.trim().is_empty())
                && self.ignored_at.binary_search(&column).is_err()
        });
        for column in new.collect::<Vec<_>>() {
            self.ignore(column, format!("column {}", column + 1));
        }
    }

    fn ignore(&mut self, column: usize, name: String) {
        if let Err(at) = self.ignored_at.binary_search(&column)
            && !self.ignored.contains(&name)
        {
            self.ignored_at.insert(at, column);
            self.ignored.insert(at, name);
        }
    }

    /// The fields of a row. Of several columns for one field the first that is not blank counts.
    pub fn fields(&self, cells: &[String]) -> RowFields {
        let mut row = RowFields::default();
        for known in &self.known {
            let Some(text) = known.counted(cells).next() else { continue };
            if let Some(error) = known.counted(cells).find(|text| is_error(text)) {
                known.refuse(error, &mut row);
                continue;
            }
            let value = match known.reading {
                Reading::Plain => Value::Text(text.to_owned()),
                Reading::Lines => Value::Text(known.counted(cells).collect::<Vec<_>>().join("\n")),
                Reading::Tags => match split(text) {
                    tags if tags.is_empty() => continue,
                    tags => Value::List(tags.into_iter().map(Value::Text).collect()),
                },
                Reading::Status => Value::Text(words(text)),
                Reading::Percent => Value::Text(number(text).to_owned()),
                Reading::Date => Value::Text(day(text).to_owned()),
                Reading::Owners => {
                    row.owners.extend(split(text));
                    continue;
                }
                Reading::FullName => {
                    take_apart(text, &mut row);
                    continue;
                }
            };
            row.fields.set(known.field, value);
        }
        row
    }

    /// Where a row's value of a field stands: the header and the cell, trimmed; for an error. Both are blank if the
    /// file has no column for it.
    pub fn source<'a>(&'a self, field: &str, cells: &'a [String]) -> (&'a str, &'a str) {
        let named = self.known.iter().filter(|known| match known.reading {
            Reading::FullName => matches!(field, "first_name" | "last_name"),
            _ => known.field == field,
        });
        let counted = named.clone().find_map(|known| known.column(cells));
        let Some(column) = counted.or_else(|| named.clone().find_map(|known| known.columns.first().copied()))
        else {
            return ("", "");
        };
        (&self.header[column], cells.get(column).map_or("", |cell| cell.trim()))
    }
}

impl Known {
    /// The texts of a row that count for this field.
    fn counted<'a>(&self, cells: &'a [String]) -> impl Iterator<Item = &'a str> {
        let most = if self.reading == Reading::Lines { usize::MAX } else { 1 };
        self.columns.iter().filter_map(|&column| text(cells, column)).take(most)
    }

    /// The column to name in an error.
    fn column(&self, cells: &[String]) -> Option<usize> {
        let mut filled = self.columns.iter().copied().filter(|&column| text(cells, column).is_some());
        let first = filled.next()?;
        let is_error = |column: &usize| text(cells, *column).is_some_and(is_error);
        match self.reading {
            Reading::Lines if !is_error(&first) => filled.find(is_error).or(Some(first)),
            _ => Some(first),
        }
    }

    /// Says of the field, or of the names that it would give, that its cell holds an error.
    fn refuse(&self, error: &str, row: &mut RowFields) {
        let problem = format_args!("the cell holds the error {error}");
        match self.reading {
            Reading::FullName => {
                for field in ["first_name", "last_name"] {
                    if !row.fields.filled(field) && !row.errors.has(field) {
                        row.errors.add(field, problem);
                    }
                }
            }
            _ => row.errors.add(self.field, problem),
        }
    }
}

/// A cell as it is meant, trimmed; none if it is blank or beyond the row's end.
fn text(cells: &[String], column: usize) -> Option<&str> {
    cells.get(column).map(|cell| restored(cell).trim()).filter(|text| !text.is_empty())
}

fn is_error(text: &str) -> bool {
    text.starts_with('#') && ERRORS.split(' ').any(|error| error == text)
}

/// The parts of a list, as [`joined`] writes it or people do.
fn split(mut text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    while !text.is_empty() {
        let (part, rest) = quoted(text.trim_start()).unwrap_or_else(|| {
            let (part, rest) = text.split_once(LIST_SIGNS).unwrap_or((text, ""));
            (part.trim().to_owned(), rest)
        });
        parts.extend(Some(part).filter(|part| !part.is_empty()));
        text = rest;
    }
    parts
}

/// A part in double quotes, and what comes after it; none if it does not begin and end so.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut part, mut rest) = (String::new(), text.strip_prefix('"')?);
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        rest = match after.strip_prefix('"') {
            Some(after) => {
                part.push('"');
                after
            }
            None => {
                rest = after.trim_start();
                break;
            }
        };
    }
    let after = if rest.is_empty() { rest } else { rest.strip_prefix(LIST_SIGNS)? };
    Some((part.trim().to_owned(), after))
}

/// A list as one cell: its parts between `;`. One that holds such a sign itself, or begins with a quote, is in double
/// quotes, in which a quote stands twice.
pub fn joined<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    let parts = parts.map(|part| match part.contains(LIST_SIGNS) || part.starts_with('"') {
        true => Cow::Owned(format!("\"{}\"", part.replace('"', "\"\""))),
        false => Cow::Borrowed(part),
    });
    parts.collect::<Vec<_>>().join(";")
}

/// The words of a status as we spell them; what has none stays, to be refused.
fn words(text: &str) -> String {
    let between = |c: char| c.is_whitespace() || matches!(c, '_' | '-');
    let words: Vec<_> = text.split(between).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { text.to_owned() } else { words.join(" ").to_lowercase() }
}

/// A percentage without its sign.
fn number(text: &str) -> &str {
    text.strip_suffix('%').map(str::trim_end).filter(|number| !number.is_empty()).unwrap_or(text)
}

/// A time at midnight is how programs write out a day.
fn day(text: &str) -> &str {
    match text.split_at_checked("YYYY-MM-DD".len()) {
        Some((day, time)) if time.strip_prefix(['T', ' ']).is_some_and(is_midnight) => day,
        _ => text,
    }
}

fn is_midnight(time: &str) -> bool {
    let time = time.strip_suffix('Z').unwrap_or(time);
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    matches!(clock, "00:00" | "00:00:00") && fraction.bytes().all(|digit| digit == b'0')
}

/// Takes out of a full name what the columns of first and last name leave blank. If they leave both, the last word is
/// the last name; if they leave one, it is what the name says besides the other. That may be all of it: in many files
/// `Name` is the one and `Vorname`, or `Surname`, the other.
fn take_apart(name: &str, row: &mut RowFields) {
    let (first, last) = match (row.fields.text("first_name"), row.fields.text("last_name")) {
        (Some(_), Some(_)) => return,
        (Some(first), None) => match besides(name, first) {
            (before, "") => ("", before),
            (_, after) => ("", after),
        },
        (None, Some(last)) => match besides(name, last) {
            ("", after) => (after, ""),
            (before, _) => (before, ""),
        },
        (None, None) => name.rsplit_once(char::is_whitespace).unwrap_or(("", name)),
    };
    let (first, last) = (first.trim().to_owned(), last.trim().to_owned());
    for (field, text) in [("first_name", first), ("last_name", last)] {
        if !text.is_empty() && !row.errors.has(field) {
            row.fields.set(field, Value::Text(text));
        }
    }
}

/// What stands before and after a part of a name; the whole name if the part is not in it, or is all of it.
fn besides<'a>(name: &'a str, part: &str) -> (&'a str, &'a str) {
    let Some((before, after)) = name.split_once(part) else { return (name, name) };
    let whole_words = (before.is_empty() || before.ends_with(char::is_whitespace))
        && (after.is_empty() || after.starts_with(char::is_whitespace));
    match (before.trim(), after.trim()) {
        ("", "") => (name, name),
        around if whole_words => around,
        _ => (name, name),
    }
}

fn clip(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// A spreadsheet program may take the cell for a formula, now or once apostrophes in front are gone.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// A cell as a file of ours holds it: with an apostrophe in front if it begins with `=`, `+`, `-`, `@`, a tab or a
/// carriage return, so that no spreadsheet program takes it for a formula; also if it begins with apostrophes and then
/// one of these, so that [`restored`] knows the apostrophe that we put there from one that was there.
pub fn neutralised(cell: &str) -> Cow<'_, str> {
    if is_formula(cell) { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

/// What [`neutralised`] made the cell from: without its first apostrophe, if after it comes what [`neutralised`] puts
/// one before. `restored(&neutralised(cell)) == cell` for every cell, so that a file that we wrote goes back in
/// unchanged; in a file of somebody else `'+1 555 0100` is the telephone number too.
pub fn restored(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    /// The fields of a row, `(header, cell)`.
    fn row(columns: &[(&str, &str)]) -> RowFields {
        let (header, texts): (Vec<_>, Vec<_>) = columns.iter().copied().unzip();
        Columns::of(&cells(&header)).unwrap().fields(&cells(&texts))
    }

    #[test]
    fn every_name_of_a_column_means_one_field() {
        let mut keys = HashMap::new();
        for (own, others) in fields() {
            let others = others.split(',').map(str::trim).filter(|name| !name.is_empty());
            for name in others.clone().chain([own]) {
                assert_eq!(keys.insert(key(name), own), None, "{name}");
                assert_eq!(field(name), Some(own), "{name}");
                assert_eq!(field(&name.to_uppercase()), Some(own), "{name}");
            }
            assert!(others.map(key).is_sorted(), "{own}");
        }
        assert!(fields().is_sorted() && fields().count() == 23);
        assert!(BEFORE.is_sorted() && AFTER.is_sorted() && ERRORS.split(' ').is_sorted());
        assert!(BEFORE.into_iter().chain(AFTER).all(|word| key(word) == word));
    }

    #[test]
    fn headers_of_other_programs_are_known() {
        for (known, headers) in [
            ("first_name", "\u{feff}FIRST_NAME | firstName | Given-Name | Pre\u{301}nom | prenom"),
            ("last_name", "Last Name* | Surname"),
            ("name", "Full Name | Person - Name"),
            ("email", "E-mail | E-mail 1 - Value | E-mail 2 Address | Person - Email - Work | Work Email"),
            ("phone", "Tel. | Mobile Phone Number | Phone (work) | Telefon (geschäftlich)"),
            ("account_name", "Company / Account | Organization 1 - Name | ORGANISATION"),
            ("postcode", "Zip/Postal Code | Business Postal Code | Address (ZIP / Postal Code)"),
            ("state", "State/Province (text only) | Region"),
            ("country", "Business Country/Region"),
            ("street", "STRASSE | Address 1 - Street"),
            ("address_line", "Address Line 2"),
            ("description", "Your message | Notes 2"),
            ("opportunity_amount", "Deal value [EUR] | Amount (USD)"),
            ("probability", "Probability (%)"),
            ("close_date", "Lead - Expected close date"),
            ("assigned_to", "Contact owner"),
            ("status", "Lead Status"),
            ("source", "Lead Source"),
            ("website", "Web Page"),
        ] {
            for header in headers.split(" | ") {
                assert_eq!(field(header), Some(known), "{header}");
            }
        }
        let unknown = " |***|2024|Lead|Work|Home|Lead ID|Job Title|Position|Fax|E-mail 1 - Label|Email Opt Out|\
                       Annual Revenue|Created On|Favourite colour|Middle Name|Phone 1 - Type|teams|contacts|";
        for header in unknown.split('|') {
            assert_eq!(field(header), None, "{header}");
        }
        assert_eq!(field(&format!("Amount ({})", "x".repeat(MAX_HEADER - 9))), Some("opportunity_amount"));
        assert_eq!(field(&format!("Amount ({})", "x".repeat(MAX_HEADER - 8))), None);
    }

    #[test]
    fn a_row_is_read_under_our_names_without_blank_cells() {
        let row = row(&[
            ("Vorname", " Ada "),
            ("Nachname", "Lovelace"),
            ("E-Mail", " \u{a0}"),
            ("Tags", "vip; new,,old"),
            ("Owner", "ada@example.com;0195d7a0-0000-7000-8000-000000000001, "),
            ("Status", " In_Process "),
            ("Probability", "50 %"),
            ("Close Date", "2028-02-29T00:00:00"),
            ("Amount", "75000.00"),
            ("Country", " Germany"),
            ("Shoe size", "38"),
        ]);

        let text = |name| row.fields.text(name);
        assert_eq!(
            (text("first_name"), text("last_name"), text("email")),
            (Some("Ada"), Some("Lovelace"), None)
        );
        assert_eq!((text("status"), text("probability")), (Some("in process"), Some("50")));
        assert_eq!((text("close_date"), text("opportunity_amount")), (Some("2028-02-29"), Some("75000.00")));
        assert_eq!(text("country"), Some("Germany"));
        let tags = ["vip", "new", "old"].map(|tag| Value::Text(tag.to_owned()));
        assert_eq!(row.fields.find(&["tags"]), Some(("tags", &Value::List(tags.to_vec()))));
        assert_eq!(row.owners, ["ada@example.com", "0195d7a0-0000-7000-8000-000000000001"]);
        assert_eq!(row.fields.find(&["email", "assigned_to"]), None);
        assert!(row.errors.is_empty());
    }

    #[test]
    fn signs_alone_are_no_blank_value() {
        let row = row(&[("Tags", " ;, "), ("Owner", ";"), ("Status", "-"), ("Probability", "%")]);

        let sent = [("status", "-"), ("probability", "%")];
        let mut fields = Fields::default();
        sent.into_iter().for_each(|(name, sign)| fields.set(name, Value::Text(sign.to_owned())));
        assert_eq!(row, RowFields { fields, ..RowFields::default() });
    }

    #[test]
    fn the_first_of_several_columns_that_is_not_blank_counts() {
        let row = row(&[
            ("Phone", " "),
            ("Mobile", "555-0101"),
            ("Phone", "555-0102"),
            ("Message", "Hello"),
            ("Notes", " "),
            ("Comment", "Call back"),
        ]);

        assert_eq!(row.fields.text("phone"), Some("555-0101"));
        assert_eq!(row.fields.text("description"), Some("Hello\nCall back"));
    }

    #[test]
    fn a_name_gives_what_the_columns_of_first_and_last_name_leave_blank() {
        for (name, first, last, read) in [
            ("Ada King Lovelace", "", "", (Some("Ada King"), Some("Lovelace"))),
            ("Lovelace", "", "", (None, Some("Lovelace"))),
            ("Ada  Lovelace", "Augusta", "King", (Some("Augusta"), Some("King"))),
            ("Ada King Lovelace", "Ada", "", (Some("Ada"), Some("King Lovelace"))),
            ("Ada King Lovelace", "", "King Lovelace", (Some("Ada"), Some("King Lovelace"))),
            ("von der Heide", "Hans", "", (Some("Hans"), Some("von der Heide"))),
            ("María José", "", "García", (Some("María José"), Some("García"))),
            ("Thomas", "Thomas", "", (Some("Thomas"), Some("Thomas"))),
            ("Adams", "Ada", "", (Some("Ada"), Some("Adams"))),
        ] {
            let fields = row(&[("Name", name), ("First name", first), ("Last name", last)]).fields;

            assert_eq!(
                (fields.text("first_name"), fields.text("last_name")),
                read,
                "{name}, {first}, {last}"
            );
        }
    }

    #[test]
    fn an_error_of_the_spreadsheet_is_an_error_of_its_field() {
        let columns = Columns::of(&cells(&["Name", "Email", "Note", "Memo", "Owner", "Score"])).unwrap();
        let cells = cells(&["#NAME?", " #N/A ", "fine", "#REF!", "#VALUE!", "#NUM!"]);

        let row = columns.fields(&cells);

        let mut expected = FieldErrors::one("email", "the cell holds the error #N/A");
        expected.add("first_name", "the cell holds the error #NAME?");
        expected.add("last_name", "the cell holds the error #NAME?");
        expected.add("description", "the cell holds the error #REF!");
        expected.add("assigned_to", "the cell holds the error #VALUE!");
        assert_eq!(row, RowFields { errors: expected, ..RowFields::default() });
        assert_eq!(columns.source("description", &cells), ("Memo", "#REF!"));
        assert_eq!(columns.source("last_name", &cells), ("Name", "#NAME?"));
    }

    #[test]
    fn a_time_at_midnight_is_its_day() {
        for midnight in ["2028-02-29T00:00:00", "2028-02-29 00:00", "2028-02-29T00:00:00.000Z"] {
            assert_eq!(day(midnight), "2028-02-29");
        }
        for other in [
            "2028-02-29",
            "2028-02-29T00:00:01",
            "2028-02-29T",
            "2028-02-29x",
            "29.02.2028",
            "31. März 28 00:00",
        ] {
            assert_eq!(day(other), other);
        }
    }

    #[test]
    fn an_error_names_the_column_and_the_cell_that_count() {
        let columns = Columns::of(&cells(&["Mobile", " Phone ", "Name", "Surname", "City"])).unwrap();
        let row = cells(&["", "x ", "Ada", ""]);

        assert_eq!(columns.source("phone", &row), ("Phone", "x"));
        assert_eq!(columns.source("phone", &[]), ("Mobile", ""));
        assert_eq!(columns.source("first_name", &row), ("Name", "Ada"));
        assert_eq!(columns.source("last_name", &row), ("Name", "Ada"));
        assert_eq!(columns.source("last_name", &[]), ("Surname", ""));
        assert_eq!(columns.source("city", &row), ("City", ""));
        assert_eq!(columns.source("email", &row), ("", ""));
    }

    #[test]
    fn unknown_columns_are_ignored_each_once_and_those_without_a_name_by_number() {
        let mut columns = Columns::of(&cells(&["Score", "Email", "", " Größe ", "Score", ""])).unwrap();
        assert_eq!(columns.ignored(), ["Score", "Größe"]);

        columns.note(&cells(&["1", "", " ", "", "", "x", "", "y"]));
        columns.note(&cells(&["1", "", "z", "", "", "x"]));
        columns.note(&cells(&["1"]));

        assert_eq!(columns.ignored(), ["Score", "column 3", "Größe", "column 6", "column 8"]);
    }

    #[test]
    fn a_header_without_a_known_column_is_refused_and_shown() {
        let long = "x".repeat(100);

        let error = Columns::of(&cells(&["Ada", "", "555", "c", "d", &long, "f"])).unwrap_err();

        let advice = "no column of the file is known; the first row must name them, such as first name, \
                      last name, e-mail";
        assert_eq!(error.to_string(), format!("{advice}; found: Ada, 555, c, d, {}", "x".repeat(40)));
        assert_eq!(Columns::of(&[]).unwrap_err().to_string(), advice);
    }

    #[test]
    fn a_cell_that_we_wrote_is_read_as_it_was() {
        let letters = ["'", "=", "+", "-", "@", "\t", "\r", " ", "a", "é"];
        let mut all = vec![String::new()];
        for start in 0..5 {
            let longer = all.iter().filter(|text| text.chars().count() == start);
            all.extend(
                longer.flat_map(|text| letters.map(|letter| format!("{text}{letter}"))).collect::<Vec<_>>(),
            );
        }

        for cell in &all {
            let written = neutralised(cell);
            assert_eq!(restored(&written), cell);
            assert!(!written.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }

        assert_eq!(all.len(), 111_111);
        assert_eq!(neutralised("+1 555 0100"), "'+1 555 0100");
        assert_eq!(neutralised("'tis"), "'tis");
        assert_eq!(restored("'tis"), "'tis");
    }

    #[test]
    fn a_list_that_we_wrote_is_read_as_it_was() {
        for tags in [
            vec![],
            vec!["vip"],
            vec!["vip", "Fairs, Paris", "a;b", "say \"hi\"", "\"quoted\"", "\"", "\", \"", "=x", "it's"],
        ] {
            assert_eq!(split(&joined(tags.iter().copied())), tags);
        }
        assert_eq!(joined(["vip", "old"].into_iter()), "vip;old");
        for (typed, parts) in [
            ("a, b;;c , ", vec!["a", "b", "c"]),
            ("\"a, b\" , c", vec!["a, b", "c"]),
            ("\"a\"b, c", vec!["\"a\"b", "c"]),
            ("\"a, b", vec!["\"a", "b"]),
            ("5\" pipe;x", vec!["5\" pipe", "x"]),
            ("\" \",\"\"", vec![]),
        ] {
            assert_eq!(split(typed), parts, "{typed}");
        }
    }

    #[test]
    fn a_telephone_number_survives_our_own_file() {
        let cell = neutralised("+1 555 0100").into_owned();

        assert_eq!(row(&[("Phone", &cell)]).fields.text("phone"), Some("+1 555 0100"));
    }
}

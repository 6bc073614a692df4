use std::collections::HashMap;

use super::cells::ERRORS;
use super::names::{AFTER, BEFORE, fields, key};
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
    assert_eq!((text("first_name"), text("last_name"), text("email")), (Some("Ada"), Some("Lovelace"), None));
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

        assert_eq!((fields.text("first_name"), fields.text("last_name")), read, "{name}, {first}, {last}");
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
    for other in
        ["2028-02-29", "2028-02-29T00:00:01", "2028-02-29T", "2028-02-29x", "29.02.2028", "31. März 28 00:00"]
    {
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
    let letters = ["'", "\"", "=", "-", "\t", "\r", ";", " ", "a", "é"];
    let mut all = vec![String::new()];
    for start in 0..5 {
        let longer = all.iter().filter(|text| text.chars().count() == start);
        all.extend(
            longer.flat_map(|text| letters.map(|letter| format!("{text}{letter}"))).collect::<Vec<_>>(),
        );
    }

    for cell in &all {
        let written = neutralised(cell);
        assert_eq!(restored(&written), cell.as_str());
        assert!(!written.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        let mut hidden = written.split([';', '\t', '\r', '\n']).skip(1);
        assert!(!hidden.any(|part| part.trim_start_matches(['"', ' ']).starts_with(['=', '-'])), "{cell:?}");
    }

    assert_eq!(all.len(), 111_111);
    assert_eq!(neutralised("+1 555 0100"), "'+1 555 0100");
    assert_eq!(neutralised("x;=1+1;@a\n \"+2\n- b"), "x;'=1+1;'@a\n' \"+2\n'- b");
    assert_eq!(neutralised("a, =b"), "a, =b");
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
fn a_cell_that_shows_nothing_is_blank() {
    let read = row(&[
        ("City", "\u{200b}"),
        ("Phone", " \u{feff} "),
        ("Tags", "vip;\u{200b}"),
        ("Title", "x\u{200b}"),
    ]);

    assert!(!read.fields.filled("city") && !read.fields.filled("phone"));
    assert_eq!(read.fields.text("title"), Some("x\u{200b}"));
}

#[test]
fn a_telephone_number_survives_our_own_file() {
    let cell = neutralised("+1 555 0100").into_owned();

    assert_eq!(row(&[("Phone", &cell)]).fields.text("phone"), Some("+1 555 0100"));
}

use std::io::Write;
use std::time::{Duration, Instant};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::open_document::ods;
use super::{Xlsx, refusal, rows, shown, worksheet, zip};
use crate::sheet::limits;

/// What it is told, quickly even without optimisation.
fn quick_refusal(file: &[u8]) -> String {
    let start = Instant::now();
    let told = refusal(file);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}: {told}", start.elapsed());
    told
}

#[test]
fn a_cell_in_the_last_corner_costs_nothing() {
    let last = r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#;
    let far =
        r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="ALL1048576"><v>2</v></c></row>"#;

    let told = refusal(&Xlsx { data: last, ..Xlsx::default() }.bytes());
    let rows = rows(&Xlsx { data: far, ..Xlsx::default() }.bytes()).unwrap();

    assert_eq!(told, "row 1048576: there are more than 1,000 columns");
    assert_eq!((rows[1].0, rows[1].1.len()), (1_048_576, 1_000));
}

#[test]
fn rows_must_go_forward_and_end_where_worksheets_end() {
    let back = r#"<row r="5"><c><v>1</v></c></row><row r="4"><c><v>2</v></c></row>"#;
    let beyond = r#"<row r="1048577"><c><v>1</v></c></row>"#;
    let told = |data: &str| refusal(&Xlsx { data, ..Xlsx::default() }.bytes());

    assert_eq!(told(back), "the workbook is damaged: row 4 comes after row 5");
    assert_eq!(told(beyond), "the workbook has more than 1,048,576 rows; save it as CSV");
    assert_eq!(
        told(&"<row/>".repeat(1_048_577)),
        "the workbook has more than 1,048,576 rows; save it as CSV"
    );
    assert_eq!(
        told(&format!("<row>{}</row>", "<c/>".repeat(16_385))),
        "the workbook is damaged: a row has too many cells"
    );
}

#[test]
fn millions_of_shared_strings_are_refused() {
    let strings = "<si><t>a</t></si>".repeat(limits::SHARED_STRINGS + 1);
    let claimed = br#"<sst uniqueCount="99999999999999999"><si><t>a</t></si></sst>"#;
    let data = r#"<row><c t="s"><v>0</v></c></row>"#;

    let told = quick_refusal(&Xlsx { strings: &strings, data, ..Xlsx::default() }.bytes());
    let parts = vec![("xl/sharedStrings.xml", &claimed[..])];

    assert_eq!(told, "the workbook has more than 8 million different texts; save it as CSV");
    assert_eq!(shown(&Xlsx { data, parts, ..Xlsx::default() }.bytes()), ["1: a"]);
}

#[test]
fn a_shared_string_cannot_be_spread_over_gigabytes() {
    let strings = format!("<si><t>{}</t></si>", "a".repeat(1_000_000));
    let data = r#"<row><c t="s"><v>0</v></c></row>"#.repeat(100);

    let told = quick_refusal(&Xlsx { strings: &strings, data: &data, ..Xlsx::default() }.bytes());

    assert_eq!(told, "the workbook holds more than 1 GB of text; save it as CSV");
}

#[test]
fn blank_rows_and_sheets_count_as_text_too() {
    let strings = format!("<si><t>{}</t></si>", " ".repeat(1_000_000));
    let blank = r#"<row><c t="s"><v>0</v></c><c t="s"><v>0</v></c></row>"#;
    let both = r#"<sheet name="E" r:id="one"/><sheet name="S" r:id="two"/>"#;
    let (data, second) = (blank.repeat(9), worksheet(&blank.repeat(9)));
    let parts = vec![("xl/worksheets/sheet2.xml", second.as_bytes())];

    let one = quick_refusal(&Xlsx { strings: &strings, data: &blank.repeat(20), ..Xlsx::default() }.bytes());
    let two = quick_refusal(
        &Xlsx { sheets: both, strings: &strings, data: &data, parts, ..Xlsx::default() }.bytes(),
    );

    assert_eq!(one, "the workbook holds more than 1 GB of text; save it as CSV");
    assert_eq!(two, one);
}

/// An XLSX file whose worksheet, or other part, is so many times the same.
fn bomb(part: &str, head: &str, again: &[u8], times: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let mut write = |name: &str, head: &[u8], again: &[u8], times: usize| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(head).unwrap();
        for _ in 0..times {
            zip.write_all(again).unwrap();
        }
    };
    let workbook = br#"<workbook><sheets><sheet name="S" r:id="one"/></sheets></workbook>"#;
    write("xl/workbook.xml", workbook, b"", 0);
    write("xl/_rels/workbook.xml.rels", super::PARTS.as_bytes(), b"", 0);
    write(part, head.as_bytes(), again, times);
    zip.finish().unwrap().into_inner()
}

#[test]
fn what_unpacks_without_end_is_refused() {
    let sheet = "xl/worksheets/sheet1.xml";
    let blanks = vec![b' '; 1 << 20];
    let elements = b"<a/>".repeat(1 << 18);
    let element = "the workbook is damaged: one element of it is longer than 4 MB";
    let growth = "the workbook unpacks to more than 60 times its size; save it as CSV";
    let list = "the workbook describes too many styles or sheets; save it as CSV";
    let cases = [
        (bomb(sheet, "", &[0; 1 << 20], 5), element),
        (bomb(sheet, "<worksheet>", &blanks, 5), element),
        (bomb(sheet, "<worksheet a='", &blanks, 5), element),
        (bomb(sheet, "<worksheet><!--", &blanks, 5), element),
        (bomb("xl/sharedStrings.xml", "<sst>", &blanks, 5), element),
        (bomb(sheet, "<worksheet>", &elements, 10), growth),
        (bomb("xl/sharedStrings.xml", "<sst>", &elements, 10), growth),
        (bomb("xl/styles.xml", "<styleSheet>", b"<numFmt numFmtId='1' formatCode='0'/>", 40_000), list),
    ];

    for (file, told) in cases {
        assert_eq!(quick_refusal(&file), told);
    }
}

#[test]
fn a_cell_of_endless_pieces_is_refused() {
    let data = format!(r#"<row><c t="str"><v>{}</v></c></row>"#, "&amp;".repeat(5_000_000));

    let told = quick_refusal(&Xlsx { data: &data, ..Xlsx::default() }.bytes());

    assert!(
        told == "the workbook has a cell of more than 1 MB; save it as CSV" || told.contains("60 times"),
        "{told}"
    );
}

#[test]
fn entities_and_nesting_are_refused() {
    let laughs =
        br#"<!DOCTYPE lolz [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>"#;
    let deep = ["<worksheet>", &"<a>".repeat(1_000_000)].concat();
    let told = |sheet: &[u8]| {
        quick_refusal(&Xlsx { parts: vec![("xl/worksheets/sheet1.xml", sheet)], ..Xlsx::default() }.bytes())
    };

    assert_eq!(told(laughs), "the workbook is damaged: it has a document type");
    assert_eq!(told(deep.as_bytes()), "the workbook is damaged: its elements nest too deep");
    assert_eq!(
        refusal(&Xlsx { data: r#"<row><c t="str"><v>&b;</v></c></row>"#, ..Xlsx::default() }.bytes()),
        "the workbook is damaged: it has an unknown entity"
    );
}

#[test]
fn broken_workbooks_are_damaged() {
    let file = Xlsx { data: r#"<row><c><v>1</v></c></row>"#, ..Xlsx::default() }.bytes();
    let cut = Xlsx {
        parts: vec![("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row><c>")],
        ..Xlsx::default()
    };
    let crossed = Xlsx { data: "<row></c></row>", ..Xlsx::default() };
    let unknown = Xlsx { data: r#"<row><c t="s"><v>7</v></c></row>"#, ..Xlsx::default() };

    for file in [file[..file.len() / 2].to_vec(), cut.bytes(), crossed.bytes(), unknown.bytes()] {
        assert!(refusal(&file).starts_with("the workbook is damaged: "));
    }
}

#[test]
fn what_the_directory_claims_is_not_believed() {
    let data = r#"<row><c><v>1</v></c></row>"#.repeat(10_000);
    let file = Xlsx { data: &data, ..Xlsx::default() }.bytes();
    let claimed = |size: u32| {
        let mut file = file.clone();
        let entries: Vec<usize> =
            file.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x01\x02").map(|(at, _)| at).collect();
        for at in entries {
            file[at + 24..at + 28].copy_from_slice(&size.to_le_bytes());
        }
        file
    };

    assert!(refusal(&claimed(10)).starts_with("the workbook is damaged"));
    assert_eq!(rows(&claimed(0xFFFF_FFF0)).map(|rows| rows.len()).unwrap_or(10_000), 10_000);
}

#[test]
fn a_part_cannot_claim_to_be_larger_than_the_file() {
    let elements = b"<a/>".repeat(1 << 18);
    let mut file = bomb("xl/worksheets/sheet1.xml", "<worksheet>", &elements, 10);
    let entries: Vec<usize> =
        file.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x01\x02").map(|(at, _)| at).collect();
    for at in entries {
        file[at + 20..at + 24].copy_from_slice(&0x7FFF_FFF0_u32.to_le_bytes());
    }

    assert_eq!(quick_refusal(&file), "the workbook unpacks to more than 60 times its size; save it as CSV");
}

#[test]
fn parts_that_overlap_or_are_too_many_are_refused() {
    let names: Vec<String> = (0..10_001).map(|number| format!("x{number}")).collect();
    let parts: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let data = r#"<row><c><v>1</v></c></row>"#;
    let mut overlapping = Xlsx { data, ..Xlsx::default() }.bytes();
    let entries: Vec<usize> =
        overlapping.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x01\x02").map(|(at, _)| at).collect();
    for at in entries {
        overlapping[at + 42..at + 46].copy_from_slice(&[0; 4]);
    }

    assert_eq!(quick_refusal(&zip(&parts)), "the workbook is damaged: it has more than 10,000 parts");
    assert!(refusal(&overlapping).starts_with("the workbook is damaged"));
}

#[test]
fn repeated_rows_and_cells_are_no_bombs() {
    let cell = |times: u64, text: &str| {
        format!(
            r#"<table:table-cell table:number-columns-repeated="{times}"><text:p>{text}</text:p></table:table-cell>"#
        )
    };
    let table = |times: u64, cells: &str| {
        let rows =
            format!(r#"<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>"#);
        ods("", &format!("<table:table>{rows}</table:table>"))
    };
    let spaces = format!("x{}", r#"<text:s text:c="4000000000"/>"#.repeat(1_000));

    assert_eq!(
        quick_refusal(&table(u64::MAX, &cell(1, "x"))),
        "the workbook has more than 1,048,576 rows; save it as CSV"
    );
    assert_eq!(quick_refusal(&table(1, &cell(u64::MAX, "x"))), "row 1: there are more than 1,000 columns");
    assert_eq!(quick_refusal(&table(u64::MAX, &cell(u64::MAX, ""))), "the file is empty");
    assert_eq!(
        quick_refusal(&table(1, &cell(1, &spaces))),
        "the workbook has a cell of more than 1 MB; save it as CSV"
    );
    assert_eq!(
        quick_refusal(&table(1_001, &cell(1, "x"))),
        "the workbook has over 1,000 rows in a row that are alike; save it as CSV"
    );
    assert_eq!(
        quick_refusal(&table(1_000, &cell(1_000, &"x".repeat(40)))),
        "the workbook holds more than 1 GB of text; save it as CSV"
    );
}

#[test]
fn damage_anywhere_ends_in_an_error_or_in_rows() {
    let strings = "<si><t>name</t></si><si><t>Zoë</t></si>";
    let data =
        r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2" t="s"><v>1</v></c></row>"#;
    let workbook = Xlsx { strings, data, ..Xlsx::default() }.bytes();
    let old = super::old::compound("Workbook", &[0x09, 8, 8, 0, 0, 6, 5, 0].repeat(700));
    let table = "<table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell></table:table-row></table:table>";
    let mut random = 1_u64;

    for file in [workbook, old, ods("", table)] {
        for _ in 0..2_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let mut file = file.clone();
            let at = (random >> 33) as usize % file.len();
            file[at] ^= (random >> 20) as u8 | 1;
            if let Err(error) = rows(&file) {
                assert!(!matches!(error, super::SheetError::Io(_)), "{at}: {error:?}");
            }
        }
    }
}

use encoding_rs::WINDOWS_1252;

use super::{open, refusal, rows, shown};
use crate::sheet::{Record, RowProblem, SheetError};

fn utf_16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let mark = mark.then_some(0xFEFF_u16);
    let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    mark.into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
}

#[test]
fn rows_have_the_numbers_that_a_spreadsheet_program_shows() {
    let text = "\nname,note\r\n\r\nAnn,\"two\r\nlines\"\rBob,\n , \nCid,last";

    let rows = shown(text.as_bytes());

    assert_eq!(rows, ["2: name|note", "4: Ann|two\r\nlines", "5: Bob|", "7: Cid|last"]);
}

#[test]
fn every_end_of_line_ends_a_row() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["a,b", "1,2", "", "3,4", ""].join(end);

        assert_eq!(shown(text.as_bytes()), ["1: a|b", "2: 1|2", "4: 3|4"], "{end:?}");
    }
}

#[test]
fn rows_are_as_wide_as_the_header_or_wider() {
    let rows = shown(b" a , b,c\n1\n1,2,3,4\n1,2\n");

    assert_eq!(rows, ["1: a|b|c", "2: 1||", "3: 1|2|3|4", "4: 1|2|"]);
}

#[test]
fn a_quotation_mark_counts_at_the_beginning_of_a_cell_only() {
    let rows = shown(b"a,b\n\"say \"\"hi\"\"\",5\" nail\n\"x\"y\"z\", \"q\"\n\"\",\"\"\"\"\n");

    assert_eq!(rows, ["1: a|b", "2: say \"hi\"|5\" nail", "3: xy\"z\"| \"q\"", "4: |\""]);
}

#[test]
fn the_delimiter_is_found() {
    let cases = [
        ("a,b,c\n1;2,3,4\n", ','),
        ("a;b;c\n1,5;2,5;3,5\n", ';'),
        ("a\tb\n1,2\t3\n", '\t'),
        ("a|b|c\n1,2|3|4\n", '|'),
        ("\"last, first\";mail\n\"Lee, Ann\";x\n", ';'),
        ("last, first;mail\nLee;x\nPoe;y\n", ';'),
        ("a;b;c", ';'),
        ("one\n1;2\n", ','),
        ("\n\n\"two\nlines\"|b\n1|2", '|'),
        ("a,b|c,d\n1,2,3\n1,2\n", ','),
    ];

    for (text, delimiter) in cases {
        assert_eq!(crate::sheet::delimiter::guessed(text.as_bytes()), delimiter as u8, "{text:?}");
    }
}

#[test]
fn a_declared_delimiter_is_obeyed_and_is_no_row() {
    assert_eq!(shown(b"sep=;\r\na,b;c\r\n1,2;3\r\n"), ["1: a,b|c", "2: 1,2|3"]);
    assert_eq!(shown(b"\"sep=|\"\na|b\n"), ["1: a|b"]);
    assert_eq!(shown(b"\xEF\xBB\xBFSEP=\t\na\tb\n"), ["1: a|b"]);
    assert_eq!(shown(b"sep=x\na\n"), ["1: sep=x", "2: a"]);
}

#[test]
fn every_encoding_says_the_same() {
    let text = "name,note\nZoë,\"naïve €, – yes\"\n";
    let marked = ["\u{feff}", text].concat();
    let windows = WINDOWS_1252.encode(text).0;
    let files: [&[u8]; 7] = [
        text.as_bytes(),
        marked.as_bytes(),
        &utf_16(text, false, true),
        &utf_16(text, true, true),
        &utf_16(text, false, false),
        &utf_16(text, true, false),
        &windows,
    ];

    for file in files {
        assert_eq!(shown(file), ["1: name|note", "2: Zoë|naïve €, – yes"], "{file:?}");
    }
}

#[test]
fn odd_bytes_in_a_file_of_utf_8_are_windows_1252_by_themselves() {
    // Around the end of the first piece of the file that is read.
    for before in 65_528..65_540 {
        let mut file = "name\nZoë\nZoë\nZoë\nZoëëë\n".as_bytes().to_vec();
        file.resize(before, b'x');
        file.extend_from_slice(b"\xE9\xE2\x82z\nRen\xE9");

        let rows = rows(&file).unwrap();

        assert_eq!(rows[1].1, ["Zoë"]);
        assert!(rows[5].1[0].ends_with("xéâ‚z"), "{before}");
        assert_eq!((rows[6].1[0].as_str(), rows.len()), ("Ren\u{e9}", 7));
    }
}

#[test]
fn where_no_more_is_utf_8_than_is_not_it_all_is_windows_1252() {
    assert_eq!(shown(b"name\nZo\xC3\xAB\nRen\xE9\n"), ["1: name", "2: ZoÃ«", "3: René"]);
}

#[test]
fn a_mark_outweighs_an_odd_byte() {
    assert_eq!(shown(b"\xEF\xBB\xBFname\nZo\xC3\xAB\nRen\xE9\n"), ["1: name", "2: Zoë", "3: René"]);
}

#[test]
fn characters_at_the_edges_of_buffers_stay_whole() {
    let text = format!("name\n{}\n", "ë€😀".repeat(40_000));
    for shift in 0..4 {
        let text = format!("{}{text}", "x".repeat(shift));

        for file in [text.as_bytes().to_vec(), utf_16(&text, true, true)] {
            assert_eq!(rows(&file).unwrap()[1].1, ["ë€😀".repeat(40_000)], "{shift}");
        }
    }
}

#[test]
fn a_file_without_text_is_empty() {
    for file in ["", "\n\n", " \r\n,,,\n", "\u{feff}", "sep=;\n"] {
        assert_eq!(refusal(file.as_bytes()), "the file is empty", "{file:?}");
    }
}

#[test]
fn other_files_are_no_spreadsheets() {
    let files: [&[u8]; 9] = [
        b"%PDF-1.7\n1 0 obj",
        b"\x89PNG\r\n\x1A\n",
        b"a,b\n1,\0\n",
        b"<!DOCTYPE html><table>",
        b"  <html>",
        b"\x1F\x8B\x08",
        b"\x01\x02\x03\x04\x05\x06",
        b"\xEF\xBB\xBF<?xml version=\"1.0\"?>",
        b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    ];

    for file in files {
        let told = refusal(file);

        assert_eq!(told, "this is not a spreadsheet: CSV, XLSX, XLS, XLSB and ODS are read", "{file:?}");
    }
}

#[test]
fn an_open_quotation_mark_is_told_with_its_row() {
    let short = "a,b\n\n1,\"x\n2,3\n";
    let long = format!("a,b\n1,2\n3,\"x\n{}", "some,more,text\n".repeat(80_000));
    let doubled = format!("a\n\"{}", "\"\"".repeat(1 << 20 | 1));

    assert_eq!(refusal(short.as_bytes()), "row 3: a quotation mark is not closed");
    for (text, row) in [(long, 3), (doubled, 2)] {
        let told = format!("row {row}: a cell is longer than 1 MB; is a quotation mark not closed?");
        assert_eq!(refusal(text.as_bytes()), told);
    }
}

#[test]
fn cells_rows_and_columns_have_limits() {
    let cells = |count: usize, length: usize| format!("a\n{}\n", vec!["x".repeat(length); count].join(","));
    let problem = |text: String| match rows(text.as_bytes()) {
        Ok(_) => None,
        Err(SheetError::Row { row: 2, problem }) => Some(problem),
        Err(error) => panic!("{error}"),
    };

    assert_eq!(problem(cells(1, 1 << 20)), None);
    assert_eq!(problem(cells(1, 1 << 20 | 1)), Some(RowProblem::LongCell));
    assert_eq!(problem(cells(4, 1 << 20)), None);
    assert_eq!(problem(cells(5, 1 << 20)), Some(RowProblem::LongRow));
    assert_eq!(problem(cells(1_000, 1)), None);
    assert_eq!(problem(cells(1_001, 1)), Some(RowProblem::ManyColumns));
    assert_eq!(problem(format!("a\n{}", ",".repeat(1_000_000))), Some(RowProblem::ManyColumns));
}

#[test]
fn long_cells_do_not_keep_their_room() {
    let mut text = ["h"; 100].join(",");
    for column in 0..100 {
        text.push_str(&format!("\n{}{}{}", ",".repeat(column), "x".repeat(500_000), ",".repeat(99 - column)));
    }
    let mut sheet = open(text.as_bytes()).unwrap();
    let mut record = Record::default();

    while sheet.read(&mut record).unwrap() {
        assert!(record.cells.iter().map(String::capacity).sum::<usize>() < 2_000_000);
    }
}

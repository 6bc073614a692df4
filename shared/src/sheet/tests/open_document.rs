use super::{refusal, rows, shown, zip};

pub(super) fn ods(styles: &str, tables: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:automatic-styles>{styles}</office:automatic-styles><office:body>\
         <office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    );
    let media_type = b"application/vnd.oasis.opendocument.spreadsheet";
    zip(&[("mimetype", media_type), ("content.xml", content.as_bytes())])
}

fn table(rows: &str) -> Vec<u8> {
    ods("", &format!("<table:table>{rows}</table:table>"))
}

#[test]
fn cells_have_the_values_that_they_stand_for() {
    let rows = shown(&table(
        r#"<table:table-row><table:table-cell office:value-type="string"><text:p>h</text:p></table:table-cell></table:table-row>
        <table:table-row>
        <table:table-cell office:value-type="float" office:value="1.5E10"><text:p>15,000,000,000.00</text:p></table:table-cell>
        <table:table-cell office:value-type="percentage" office:value="0.125"><text:p>12.5 %</text:p></table:table-cell>
        <table:table-cell office:value-type="currency" office:currency="EUR" office:value="1234.5"/>
        <table:table-cell office:value-type="date" office:date-value="2024-01-31"><text:p>31.1.24</text:p></table:table-cell>
        <table:table-cell office:value-type="date" office:date-value="2024-01-31T10:20:30.5"/>
        <table:table-cell office:value-type="time" office:time-value="PT36H05M00S"/>
        <table:table-cell office:value-type="boolean" office:boolean-value="true"/>
        <table:table-cell office:value-type="string" calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>
        </table:table-row>"#,
    ));

    let cells = "15000000000|12.5%|1234.5|2024-01-31|2024-01-31T10:20:30|36:05:00|TRUE|#N/A";
    assert_eq!(rows[1], format!("2: {cells}"));
}

#[test]
fn text_is_that_of_the_cell_and_not_of_its_notes() {
    let rows = shown(&table(
        "<table:table-row><table:table-cell><office:annotation><text:p>note</text:p></office:annotation>\
         <text:p> two \n  <text:span>spaced</text:span> <text:s text:c=\"2\"/>words</text:p><text:p/>\
         <text:p>a<text:tab/>b<text:line-break/>c &amp; d</text:p></table:table-cell></table:table-row>",
    ));

    assert_eq!(rows, ["1: two spaced   words\n\na\tb\nc & d"]);
}

#[test]
fn what_is_repeated_counts() {
    let cell = |times: u32, text: &str| {
        format!(
            r#"<table:table-cell table:number-columns-repeated="{times}"><text:p>{text}</text:p></table:table-cell>"#
        )
    };
    let row = |times: u32, cells: &str| {
        format!(r#"<table:table-row table:number-rows-repeated="{times}">{cells}</table:table-row>"#)
    };
    let blank = r#"<table:table-cell table:number-columns-repeated="16384"/>"#;
    let covered = r#"<table:covered-table-cell><text:p>under</text:p></table:covered-table-cell>"#;
    let data = [
        row(2, blank),
        row(1, &[&cell(2, "h"), covered, &cell(1, "end"), blank].concat()),
        row(3, &cell(1, "x")),
        row(1_048_000, blank),
    ];

    let rows = rows(&table(&data.concat())).unwrap();

    assert_eq!(rows[0], (3, ["h", "h", "", "end"].map(str::to_owned).to_vec()));
    assert_eq!(
        rows[1..].iter().map(|(row, cells)| (*row, cells[0].as_str())).collect::<Vec<_>>(),
        [(4, "x"), (5, "x"), (6, "x")]
    );
}

#[test]
fn a_hidden_table_is_passed_over() {
    let styles = r#"<style:style style:name="ta1"><style:table-properties table:display="true"/></style:style>
        <style:style style:name="ta2"><style:table-properties table:display="false"/></style:style>"#;
    let table = |style: &str, text: &str| {
        format!(
            r#"<table:table table:style-name="{style}"><table:table-row><table:table-cell><text:p>{text}</text:p>
            </table:table-cell></table:table-row></table:table>"#
        )
    };
    let tables = [table("ta2", "hidden"), table("ta1", ""), table("ta1", "shown")].concat();

    assert_eq!(shown(&ods(styles, &tables)), ["1: shown"]);
}

#[test]
fn an_encrypted_document_is_protected() {
    let manifest = br#"<!DOCTYPE m><manifest:manifest><manifest:encryption-data/></manifest:manifest>"#;
    let media_type = b"application/vnd.oasis.opendocument.spreadsheet";
    let file =
        zip(&[("mimetype", media_type), ("META-INF/manifest.xml", manifest), ("content.xml", b"\x01\x02")]);

    assert_eq!(refusal(&file), "the workbook is protected by a password");
}

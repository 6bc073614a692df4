use super::{Xlsx, refusal, rows, shown, worksheet, zip};

#[test]
fn cells_are_shown_as_a_person_reads_them() {
    let styles = r#"<numFmts><numFmt numFmtId="164" formatCode="dd/mm/yyyy;@"/><numFmt numFmtId="165"
        formatCode="&quot;day&quot;0.0"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf/>
        <xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="10"/><xf numFmtId="165"/><xf numFmtId="46"/></cellXfs>"#;
    let data = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>h</t></is></c></row>
        <row r="2"><c r="A2" s="1"><v>45322</v></c><c r="B2" s="2"><v>45322.75</v></c><c r="C2" s="3"><v>0.125</v></c>
        <c r="D2" s="4"><v>1.5E+10</v></c><c r="E2" t="b"><v>1</v></c><c r="F2" t="b"><v>0</v></c>
        <c r="G2" t="e"><f>NA()</f><v>#N/A</v></c><c r="H2" t="str"><f>A&amp;B</f><v>a &amp; b</v></c>
        <c r="I2" s="5"><v>1.5</v></c><c r="J2" t="d"><v>2024-01-31T00:00:00</v></c><c r="K2"><v>0.1</v></c></row>"#;

    let rows = shown(&Xlsx { styles, data, ..Xlsx::default() }.bytes());

    let cells =
        "2024-01-31|2024-01-31T18:00:00|12.5%|15000000000|TRUE|FALSE|#N/A|a & b|36:00:00|2024-01-31|0.1";
    assert_eq!(rows[1], format!("2: {cells}"));
}

#[test]
fn rows_and_cells_may_be_missing() {
    let data = r#"<row r="2"><c r="B2"><v>1</v></c></row><row r="3"><c r="A3"/><c r="B3"><v></v></c></row>
        <row r="7"><c r="A7"><v>2</v></c><c r="AA7"><v>3</v></c></row><row><c><v>4</v></c><c><v>5</v></c></row>"#;

    let rows = rows(&Xlsx { data, ..Xlsx::default() }.bytes()).unwrap();

    assert_eq!(rows[0], (2, vec![String::new(), "1".to_owned()]));
    assert_eq!((rows[1].0, rows[1].1.len(), rows[1].1[26].as_str()), (7, 27, "3"));
    assert_eq!(rows[2], (8, vec!["4".to_owned(), "5".to_owned()]));
}

#[test]
fn shared_strings_may_be_rich_and_escaped() {
    let strings = r#"<si><t>plain</t></si><si><r><t xml:space="preserve">rich </t></r><r><rPr><b/></rPr><t>text</t></r>
        <rPh sb="0" eb="1"><t>sound</t></rPh></si><si><t>a_x000D_b _x005F_x000D_ _x12</t></si><si/>
        <si><t><![CDATA[<b>]]>&#233;</t></si>"#;
    let cell = |number: usize| format!(r#"<c t="s"><v>{number}</v></c>"#);
    let data = format!("<row>{}</row>", (0..5).map(cell).collect::<String>());

    let rows = shown(&Xlsx { strings, data: &data, ..Xlsx::default() }.bytes());

    assert_eq!(rows, ["1: plain|rich text|a\rb _x000D_ _x12||<b>é"]);
}

#[test]
fn many_shared_strings_are_found_again() {
    let strings: String = (0..50_000).map(|number| format!("<si><t>text number {number}</t></si>")).collect();
    let cell = |number: usize| format!(r#"<row><c t="s"><v>{number}</v></c></row>"#);
    let numbers: Vec<usize> = (0..50_000).step_by(7).chain((0..50_000).rev().step_by(11)).collect();
    let data: String = numbers.iter().copied().map(cell).collect();

    let rows = rows(&Xlsx { strings: &strings, data: &data, ..Xlsx::default() }.bytes()).unwrap();

    assert_eq!(rows.len(), numbers.len());
    assert!(rows.iter().zip(numbers).all(|((_, cells), number)| cells[0] == format!("text number {number}")));
}

#[test]
fn the_first_visible_sheet_with_text_is_read() {
    let sheets = r#"<sheet name="C" r:id="chart"/><sheet name="H" state="veryHidden" r:id="one"/>
        <sheet name="S" state="visible" r:id="two"/>"#;
    let hidden = r#"<row><c><v>1</v></c></row>"#;
    let second = worksheet(r#"<row><c><v>2</v></c></row>"#);
    let parts = vec![("xl/worksheets/sheet2.xml", second.as_bytes())];
    let both = r#"<sheet name="E" r:id="one"/><sheet name="S" r:id="two"/>"#;

    let visible = shown(&Xlsx { sheets, data: hidden, parts: parts.clone(), ..Xlsx::default() }.bytes());
    let filled = shown(&Xlsx { sheets: both, parts, ..Xlsx::default() }.bytes());

    assert_eq!(visible, ["1: 2"]);
    assert_eq!(filled, ["1: 2"]);
    assert_eq!(refusal(&Xlsx::default().bytes()), "the file is empty");
}

#[test]
fn days_may_count_from_1904() {
    let properties = r#"<workbookPr date1904="1"/>"#;
    let styles = r#"<cellXfs><xf numFmtId="14"/></cellXfs>"#;
    let data = r#"<row><c s="0"><v>43860</v></c></row>"#;

    assert_eq!(shown(&Xlsx { properties, styles, data, ..Xlsx::default() }.bytes()), ["1: 2024-01-31"]);
}

#[test]
fn names_of_parts_are_compared_as_programs_do() {
    let data = worksheet("<row><c><v>1</v></c></row>");
    let file = zip(&[
        (
            "XL\\Workbook.xml",
            br#"<x:workbook><x:sheets><x:sheet name="S" d:id="one"/></x:sheets></x:workbook>"#,
        ),
        ("xl/_rels/workbook.xml.rels", super::PARTS.as_bytes()),
        ("xl/worksheets/Sheet1.xml", data.as_bytes()),
    ]);

    assert_eq!(shown(&file), ["1: 1"]);
}

#[test]
fn other_packages_are_no_spreadsheets() {
    let text = zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", b"<a/>")]);
    let other = zip(&[("readme.txt", b"hello")]);

    for file in [text, other] {
        assert!(refusal(&file).starts_with("this is not a spreadsheet"));
    }
}

/// A record of XLSB.
fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    let kind = if kind < 0x80 { vec![kind as u8] } else { vec![kind as u8 | 0x80, (kind >> 7) as u8] };
    [&kind[..], &[body.len() as u8], body].concat()
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [&(units.len() as u32 / 2).to_le_bytes()[..], &units].concat()
}

fn cell(kind: u16, column: u32, style: u32, value: &[u8]) -> Vec<u8> {
    record(kind, &[&column.to_le_bytes()[..], &style.to_le_bytes(), value].concat())
}

#[test]
fn xlsb_is_read() {
    let sheet = |hidden: u32, id: &str| {
        record(0x9C, &[&hidden.to_le_bytes()[..], &[1, 0, 0, 0], &wide(id), &wide("S")].concat())
    };
    let workbook = [record(0x99, &[0; 12]), sheet(1, "two"), sheet(0, "one"), record(0x90, &[])].concat();
    let xf = |format: u16| record(0x2F, &[&[0, 0], &format.to_le_bytes()[..], &[0; 12]].concat());
    let date = record(0x2C, &[&164_u16.to_le_bytes()[..], &wide("yyyy-mm-dd")].concat());
    let styles = [date, xf(14), record(0x269, &[0; 4]), xf(0), xf(164), record(0x26A, &[])].concat();
    let strings = [record(0x9F, &[0; 8]), record(0x13, &[&[0][..], &wide("Zoë")].concat())].concat();
    let row = |number: u32| record(0, &[&number.to_le_bytes()[..], &[0; 13]].concat());
    let short = |kind: u16, value: &[u8]| record(kind, &[&[0; 4][..], value].concat());
    let data = [
        record(0x91, &[]),
        row(1),
        cell(7, 0, 0, &[0; 4]),
        cell(6, 2, 0, &wide("text")),
        row(4),
        cell(2, 0, 0, &(12_345_u32 << 2 | 3).to_le_bytes()),
        cell(5, 1, 1, &45_322.5_f64.to_le_bytes()),
        cell(4, 2, 0, &[1]),
        cell(0x0B, 3, 0, &[0x2A]),
        cell(8, 4, 0, &wide("formula")),
        cell(0x3E, 5, 0, &[&[1][..], &wide("rich")].concat()),
        cell(1, 6, 0, &[]),
        short(0x12, &[0; 4]),
        short(0x0C, &[]),
        short(0x10, &1.5_f64.to_le_bytes()),
        record(0x92, &[]),
    ];
    let relationships = super::PARTS.replace(".xml", ".bin");
    let file = zip(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("_rels/.rels", super::PACKAGE.replace(".xml", ".bin").as_bytes()),
        ("xl/workbook.bin", &workbook),
        ("xl/_rels/workbook.bin.rels", relationships.as_bytes()),
        ("xl/styles.bin", &styles),
        ("xl/sharedStrings.bin", &strings),
        ("xl/worksheets/sheet1.bin", &data.concat()),
    ]);

    let rows = shown(&file);

    assert_eq!(rows[0], "2: Zoë||text");
    assert_eq!(rows[1], "5: 123.45|2024-01-31T12:00:00|TRUE|#N/A|formula|rich||Zoë||1.5");
}

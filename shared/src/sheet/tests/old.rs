//! XLS, and the compound files in which it lies.

use super::{refusal, shown};

const SECTOR: usize = 512;
const END: u32 = 0xFFFF_FFFE;

fn entry(name: &str, kind: u8, child: u32, start: u32, size: u32) -> Vec<u8> {
    let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    entry.resize(128, 0);
    entry[64] = (name.len() as u8 + 1) * 2;
    entry[66] = kind;
    for (at, number) in [(68, u32::MAX), (72, u32::MAX), (76, child), (116, start), (120, size)] {
        entry[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }
    entry
}

/// A compound file with one stream, in mini sectors if it is short. Sector 0 is the table of sectors, 1 the directory,
/// 2 the table of mini sectors.
pub(super) fn compound(name: &str, stream: &[u8]) -> Vec<u8> {
    let sectors = stream.len().div_ceil(SECTOR) as u32;
    let chained = |first: u32| {
        (first..).take(sectors as usize).map(move |at| if at + 1 == first + sectors { END } else { at + 1 })
    };
    let mini = stream.len() < 4_096;
    let mut header = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    header.resize(76, 0);
    for (at, number) in [
        (24, 0x3E),
        (26, 3),
        (28, 0xFFFE),
        (30, 9),
        (32, 6),
        (44, 1),
        (48, 1),
        (56, 4_096),
        (60, 2),
        (68, END),
    ] {
        let bytes: [u8; 4] = u32::to_le_bytes(number);
        let length = if at < 44 { 2 } else { 4 };
        header[at..at + length].copy_from_slice(&bytes[..length]);
    }
    header.extend([0; 4]);
    header.resize(SECTOR, 0xFF);
    let table = |numbers: Vec<u32>| {
        let mut bytes: Vec<u8> = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
        bytes.resize(SECTOR, 0xFF);
        bytes
    };
    let fat = table([0xFFFF_FFFD, END, END].into_iter().chain(chained(3)).collect());
    let minis = stream.len().div_ceil(64) as u32;
    let mini_fat = table((1..=minis).map(|at| if at == minis { END } else { at }).collect());
    let (start, root) = if mini { (0, 3) } else { (3, END) };
    let mut directory = entry("Root Entry", 5, 1, root, sectors * SECTOR as u32);
    directory.extend(entry(name, 2, u32::MAX, start, stream.len() as u32));
    directory.resize(SECTOR, 0);
    let mut body = stream.to_vec();
    body.resize(sectors as usize * SECTOR, 0);
    [header, fat, directory, mini_fat, body].concat()
}

fn record(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(body.len() as u16).to_le_bytes(), body].concat()
}

fn cell(kind: u16, row: u16, column: u16, style: u16, value: &[u8]) -> Vec<u8> {
    let place = [row, column, style].map(u16::to_le_bytes).concat();
    record(kind, &[&place[..], value].concat())
}

fn formula(row: u16, column: u16, value: [u8; 8]) -> Vec<u8> {
    cell(0x06, row, column, 0, &[&value[..], &[0; 8]].concat())
}

/// A workbook of these sheets, each visible or not, after these records of the whole workbook.
fn workbook(globals: &[u8], sheets: &[(bool, Vec<u8>)]) -> Vec<u8> {
    let begin = record(0x0809, &[0, 6, 5, 0, 0, 0, 0, 0]);
    let end = record(0x0A, &[]);
    let listed = sheets.len() * (4 + 10);
    let mut position = begin.len() + globals.len() + listed + end.len();
    let mut stream = [&begin[..], globals].concat();
    for (visible, sheet) in sheets {
        let body =
            [&(position as u32).to_le_bytes()[..], &[u8::from(!visible), 0, 2, 0, b'S', b'1']].concat();
        stream.extend(record(0x85, &body));
        position += begin.len() + sheet.len() + end.len();
    }
    stream.extend(&end);
    for (_, sheet) in sheets {
        stream.extend([&begin[..], sheet, &end].concat());
    }
    stream
}

fn globals() -> Vec<u8> {
    let format = [&164_u16.to_le_bytes()[..], &[10, 0, 0], b"yyyy-mm-dd"].concat();
    let xf = |format: u16| record(0xE0, &[&[0, 0], &format.to_le_bytes()[..], &[0; 16]].concat());
    // The second string goes on in another record as wide characters; the third has a font and a sound.
    let first = [&[3, 0, 0, 0, 3, 0, 0, 0][..], &[4, 0, 0], b"name", &[5, 0, 0], b"Zo"].concat();
    let second =
        [&[1][..], &[0xEB, 0, 0x21, 0, 0x22, 0x21], &[2, 0, 0x0C, 1, 0, 2, 0, 0, 0], b"ok", &[0; 3]].concat();
    [
        record(0x041E, &format),
        xf(0),
        xf(164),
        record(0xFC, &first),
        record(0x3C, &second),
        record(0x3C, &[0; 3]),
    ]
    .concat()
}

#[test]
fn xls_is_read() {
    let chart =
        [record(0x0809, &[0, 6, 0x20, 0, 0, 0, 0, 0]), cell(0x0203, 9, 9, 0, &[0; 8]), record(0x0A, &[])]
            .concat();
    let many =
        [&1.5_f64.to_le_bytes()[4..], &[1, 0], &((45_322_u32 << 2) | 2).to_le_bytes(), &[4, 0]].concat();
    let sheet = [
        cell(0xFD, 0, 0, 0, &[0; 4]),
        cell(0xFD, 0, 1, 0, &[1, 0, 0, 0]),
        cell(0xFD, 0, 2, 0, &[2, 0, 0, 0]),
        chart,
        cell(0x0203, 3, 0, 1, &45_322.5_f64.to_le_bytes()),
        cell(0x027E, 3, 1, 0, &(1_234_u32 << 2 | 3).to_le_bytes()),
        cell(0x0205, 3, 2, 0, &[1, 0]),
        cell(0xBD, 3, 3, 0, &many),
        cell(0x0204, 3, 5, 0, &[&[2, 0, 1][..], &[0xEB, 0, 0x2D, 0]].concat()),
        formula(4, 0, 2.5_f64.to_le_bytes()),
        formula(4, 1, [1, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
        formula(4, 2, [2, 0, 7, 0, 0, 0, 0xFF, 0xFF]),
        formula(4, 3, [0, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
        record(0x0207, &[&[3, 0, 0][..], b"abc"].concat()),
        formula(4, 4, [3, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
        cell(0x0205, 4, 5, 0, &[0x2A, 1]),
    ];
    let hidden = cell(0x0203, 0, 0, 0, &[0; 8]);
    let short = workbook(&globals(), &[(false, hidden), (true, sheet.concat())]);
    let long = [short.clone(), vec![0; 9_000]].concat();

    for stream in [short, long] {
        let rows = shown(&compound("Workbook", &stream));

        assert_eq!(rows[0], "1: name|Zoë!™|ok");
        assert_eq!(rows[1], "4: 2024-01-31T12:00:00|12.34|TRUE|1.5|2024-01-31|ë-");
        assert_eq!(rows[2], "5: 2.5|FALSE|#DIV/0!|abc||#N/A");
    }
}

#[test]
fn rows_out_of_order_are_sorted() {
    let number = |row: u16, column: u16| {
        cell(0x027E, row, column, 0, &(u32::from(row * 10 + column) << 2 | 2).to_le_bytes())
    };
    let sheet = [number(1, 0), number(2, 0), number(1, 1), number(0, 0)].concat();

    assert_eq!(shown(&compound("Workbook", &workbook(&[], &[(true, sheet)]))), ["1: 0", "2: 10|11", "3: 20"]);
}

#[test]
fn text_of_excel_5_is_in_its_code_page() {
    let begin = record(0x0809, &[0, 5, 5, 0, 0, 0, 0, 0]);
    let cyrillic = record(0x42, &1_251_u16.to_le_bytes());
    let position = (begin.len() + cyrillic.len() + 13 + 4) as u32;
    let listed = record(0x85, &[&position.to_le_bytes()[..], &[0, 0, 2, b'S', b'1']].concat());
    let end = record(0x0A, &[]);
    let label = cell(0x0204, 0, 0, 0, &[3, 0, 0xC0, 0xED, 0xED]);
    let stream = [&begin[..], &cyrillic, &listed, &end, &begin, &label, &end].concat();

    assert_eq!(shown(&compound("Book", &stream)), ["1: Анн"]);
}

#[test]
fn protected_workbooks_are_told_as_such() {
    let encrypted = compound("EncryptedPackage", &[0; 5_000]);
    let locked = compound("Workbook", &workbook(&record(0x2F, &[1, 0, 0, 0]), &[]));

    for file in [encrypted, locked] {
        assert_eq!(refusal(&file), "the workbook is protected by a password");
    }
    assert!(refusal(&compound("WordDocument", &[0; 5_000])).starts_with("this is not a spreadsheet"));
}

#[test]
fn hostile_compound_files_are_damaged() {
    let sheet = cell(0x027E, 0, 0, 0, &[2, 0, 0, 0]);
    let good = compound("Workbook", &[workbook(&[], &[(true, sheet)]), vec![0; 9_000]].concat());
    let broken = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    let fat = SECTOR;
    let files = [
        ("a chain that bites its tail", broken(fat + 4 * 4, &3_u32.to_le_bytes())),
        ("a directory that bites its tail", broken(fat + 4, &1_u32.to_le_bytes())),
        ("a chain that leaves the file", broken(fat + 4 * 4, &0x00FF_FFFF_u32.to_le_bytes())),
        ("an unknown sector size", broken(30, &[20, 0])),
        ("a list of tables far away", broken(76, &0x00FF_FFFF_u32.to_le_bytes())),
        ("siblings in a circle", broken(2 * SECTOR + 128, &[b'X', 0, b'X', 0])),
        ("half a file", good[..700].to_vec()),
    ];

    assert_eq!(shown(&good), ["1: 0"]);
    for (what, file) in files {
        let told = refusal(&file);
        assert!(
            told.starts_with("the workbook is damaged") || told.starts_with("this is not"),
            "{what}: {told}"
        );
    }
}

#[test]
fn sheets_that_lie_one_over_the_other_end() {
    let blank = record(0x0201, &[0; 6]).repeat(20_000);
    let begin = record(0x0809, &[0, 6, 5, 0, 0, 0, 0, 0]);
    let listed = |at: u32| record(0x85, &[&at.to_le_bytes()[..], &[0, 0, 2, 0, b'S', b'1']].concat());
    let position = (begin.len() + 9_000 * 14 + 4) as u32;
    let stream = [&begin[..], &listed(position).repeat(9_000), &record(0x0A, &[]), &begin, &blank].concat();
    let mut stream = stream;
    stream.extend(record(0x0A, &[]));

    // The table of sectors of this file has only one sector, so its sheets are cut off early; they still add up.
    let told = refusal(&compound("Workbook", &stream[..60_000]));

    assert!(told == "the file is empty" || told.starts_with("the workbook is damaged"), "{told}");
}

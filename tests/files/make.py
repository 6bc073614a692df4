"""Makes the spreadsheets of this folder and expected.json. Run by make.sh, which installs what it needs."""

import csv
import datetime
import html
import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import msoffcrypto.format.ooxml
import openpyxl
import pandas
import xlsxwriter

HERE = Path(__file__).parent
WORK = Path(sys.argv[1])
NODE_MODULES = WORK / "node_modules"


class Formula:
    """A formula with the value that its program had computed when it was saved."""

    def __init__(self, text, value):
        self.text, self.value = text, value


class Error(Formula):
    """A formula whose value is an error."""


HEADER = [
    "First Name", "Surname", "E-mail", "Phone", "Company", "Value", "Postal Code", "City", "Country", "Industry",
    "Close Date", "Probability", "Tags", "Notes", "", "Favourite colour",
]
FIELDS = [
    "first_name", "last_name", "email", "phone", "account_name", "opportunity_amount", "postcode", "city", "country",
    "industry", "close_date", "probability", "tags", "description", None, None,
]
day = datetime.date
NO = None

# Row 1 is the header, row 8 is blank. The number of columns is the header's.
LEADS = [
    # Letters beyond ASCII, a postcode that a number would spoil, two tags in one cell.
    ["Zoë", "Müller", "zoe.mueller@example.com", "+1 555 123 4567", "Müller & Söhne GmbH", 75000, "01067", "Dresden",
     "Germany", "Engineering", day(2027, 3, 31), 50, "vip; trade show", "Met in hall 4", NO, "blue"],
    # The phone is a number cell.
    ["小龍", "李", "li.xiaolong@example.com", 15551234567, "龍門有限公司", 1234.5, "999077", "香港",
     "HK", NO, day(2026, 12, 1), 0, NO, NO, NO, NO],
    # A line break and quotes in a cell; a leap day.
    ["Ægir", "Ångström", "aegir.angstrom@example.org", "+47 22 12 34 56", "Ægir AS", 0, "0150", "Oslo",
     "NOR", "Shipping", day(2028, 2, 29), 100, "vip", 'Said "call back"\nafter lunch', NO, "green"],
    # A text that looks like a formula.
    ["Ada", "Nwosu", "ada.nwosu@example.com", "020 7946 0018", "Nwosu Works", 250, "SW1A 1AA", "London",
     "GB", NO, NO, 20, NO, "=1+1", NO, NO],
    # A formula whose value is a text.
    ["Ben", "O'Neill", "ben.oneill@example.ie", "+353 1 555 0100", Formula('=CONCATENATE("Acme"," Ltd")', "Acme Ltd"),
     1000, "D02 AF30", "Dublin", "IE", NO, day(2027, 1, 4), 10, "cold", NO, NO, "red"],
    # A boolean.
    ["Chloé", "Dubois", "chloe.dubois@example.fr", "+33 1 55 55 01 00", "Dubois et fils", 800, "75001", "Paris",
     "FR", True, NO, 75, NO, "L’été prochain", NO, NO],
    [],
    # An error in a column that counts: this row fails alone.
    ["Dov", "Levi", "dov.levi@example.com", "+972 3 555 0100", "Levi Bros", Error("=1/0", "#DIV/0!"), "61000",
     "Tel Aviv", "IL", NO, NO, 30, NO, NO, NO, NO],
    # A bad e-mail: so does this one.
    ["Eve", "Nobody", "nobody@", "+1 555 123 0000", NO, 10, "10001", "New York", "US", NO, NO, 5, NO, NO, NO, NO],
    # A value under the blank header; characters that are in Windows-1252 and not in Latin-1.
    ["Farid", "Haddad", "farid.haddad@example.com", "+961 1 555 010", "Haddad – Import", 5000, "1100", "Beirut",
     "Lebanon", "Trade", day(2027, 7, 14), 60, "trade show", "Budget 5000 €", "from the fair", "white"],
    # Nothing but the first four cells; the CSV files made by hand end the row there.
    ["Grace", "Okoro", "grace.okoro@example.com", "555-0199", NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO],
    # Every delimiter in one cell; tags with a comma.
    ["Hugo", "Peña", "hugo.pena@example.es", "+34 91 555 01 00", "Peña, Ruiz y Cía", 42, "28001", "Madrid",
     "Spain", "Law", day(2026, 11, 30), 90, "Früh, spät", "one, two; three | four", NO, "yellow"],
    # A computed amount: the double next to 3702.3, which a spreadsheet shows as 3702.3.
    ["Ivy", "Jones", "ivy.jones@example.com", "+44 29 2018 0100", "Jones & Daughter", 3702.2999999999997, "CF10 1EP",
     "Cardiff", "United Kingdom", NO, day(2027, 12, 31), 33, NO, "last", NO, NO],
]
WIDTH = len(HEADER)
COUNTRIES = {"Germany": "DE", "NOR": "NO", "Lebanon": "LB", "Spain": "ES", "United Kingdom": "GB"}
AMOUNTS = {1234.5: "1234.50", 3702.2999999999997: "3702.30"}


def full(row):
    return row + [None] * (WIDTH - len(row))


TABLE = [HEADER] + [full(row) for row in LEADS]


def expected(field, cell):
    """What a lead shows in a field that came from this cell."""
    if field == "tags":
        return [tag.strip() for tag in (cell or "").replace(",", ";").split(";") if tag.strip()]
    if isinstance(cell, Formula):
        return cell.value
    if cell is None:
        return None
    if field == "opportunity_amount":
        return AMOUNTS.get(cell, f"{cell}.00")
    if field == "probability":
        return cell
    if field == "country":
        return COUNTRIES.get(cell, cell)
    if cell is True:
        return "TRUE"
    return str(cell)


def expected_row(number):
    named = [(field, cell) for field, cell in zip(FIELDS, LEADS[number - 2]) if field]
    return {"row": number} | {field: expected(field, cell) for field, cell in named}


DIVIDED = {"row": 9, "field": "opportunity_amount", "column": "Value", "value": "#DIV/0!"}
NOBODY = {"row": 10, "field": "email", "column": "E-mail", "value": "nobody@"}


def expected_leads():
    rows = [expected_row(number) for number, cells in enumerate(LEADS, start=2) if cells and number not in (9, 10)]
    return {"header": HEADER, "rows": rows, "bad": [DIVIDED, NOBODY], "ignored": ["Favourite colour"]}


# ---- XLSX by openpyxl


def openpyxl_sheet(sheet, top=1):
    for number, cells in enumerate(TABLE, start=top):
        for column, cell in enumerate(cells, start=1):
            value = cell.text if isinstance(cell, Formula) else cell
            if isinstance(cell, Error):
                value = cell.value  # openpyxl keeps no values of formulas, so the error stands alone
            if value is None or value == "":
                continue
            made = sheet.cell(number, column, value)
            if cell == "=1+1":
                made.data_type = "s"
            if isinstance(cell, datetime.date):
                made.number_format = "yyyy-mm-dd"


def openpyxl_book(name, edit):
    book = openpyxl.Workbook()
    book.active.title = "Leads"
    edit(book)
    book.save(HERE / name)


def empty_first_sheet(book):
    book.active.title = "Sheet1"
    openpyxl_sheet(book.create_sheet("Leads"))


def hidden_first_sheet(book):
    book.active.title = "Lists"
    for cell in ["Status", "assigned", "in process", "recycled"]:
        book.active.append([cell])
    book.active.sheet_state = "hidden"
    openpyxl_sheet(book.create_sheet("Leads"))
    book.active = 1


def merged_cells(book):
    sheet = book.active
    openpyxl_sheet(sheet)
    sheet.merge_cells("E2:E4")  # the company of the first three leads
    sheet["O1"] = HEADER[15]
    sheet.merge_cells("O1:P1")  # one header above two columns


# ---- XLSX by XlsxWriter


def xlsxwriter_book(name, options=None, texts_only=False):
    book = xlsxwriter.Workbook(str(HERE / name), options or {})
    sheet = book.add_worksheet("Leads")
    date = book.add_format({"num_format": "yyyy-mm-dd"})
    for number, cells in enumerate(TABLE):
        for column, cell in enumerate(cells):
            if cell is None or cell == "":
                continue
            if texts_only:
                sheet.write_string(number, column, as_text(cell))
            elif isinstance(cell, Formula):
                sheet.write_formula(number, column, cell.text, None, cell.value)
            elif isinstance(cell, bool):
                sheet.write_boolean(number, column, cell)
            elif isinstance(cell, datetime.date):
                sheet.write_datetime(number, column, datetime.datetime.combine(cell, datetime.time()), date)
            elif isinstance(cell, (int, float)):
                sheet.write_number(number, column, cell)
            else:
                sheet.write_string(number, column, cell)
    book.close()


# ---- XLSX by pandas


def pandas_book(name):
    plain = [[cell.text if isinstance(cell, Formula) else cell for cell in row] for row in TABLE[1:]]
    for row in plain:
        if row[5] == "=1/0":
            row[5] = "#DIV/0!"
    frame = pandas.DataFrame(plain, columns=HEADER)
    frame["Close Date"] = pandas.to_datetime(frame["Close Date"])
    frame.to_excel(HERE / name, index=False)


# ---- all kinds by LibreOffice, from a flat OpenDocument file

FLAT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
  xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
  xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
  xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
  xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2"
  xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0"
  office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles>
<number:date-style style:name="iso"><number:year number:style="long"/><number:text>-</number:text><number:month
  number:style="long"/><number:text>-</number:text><number:day number:style="long"/></number:date-style>
<number:boolean-style style:name="truth"><number:boolean/></number:boolean-style>
<style:style style:name="date" style:family="table-cell" style:data-style-name="iso"/>
<style:style style:name="boolean" style:family="table-cell" style:data-style-name="truth"/>
</office:automatic-styles>
<office:body><office:spreadsheet><table:table table:name="Leads">
%s
</table:table></office:spreadsheet></office:body></office:document>
"""
# Without it, the values of formulas are not computed when a file is only converted.
RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="ODFRecalcMode"><value>0</value></prop></item>
</oor:items>
"""


def flat_cell(cell):
    match cell:
        case None | "":
            return "<table:table-cell/>"
        case Formula():
            kind = f'table:formula="of:{html.escape(cell.text.replace(",", ";"))}"'
        case bool():
            kind = f'table:style-name="boolean" office:value-type="boolean" office:boolean-value="{str(cell).lower()}"'
        case datetime.date():
            kind = f'table:style-name="date" office:value-type="date" office:date-value="{cell}"'
        case int() | float():
            kind = f'office:value-type="float" office:value="{cell!r}"'
        case _:
            kind = 'office:value-type="string"'
    paragraphs = "".join(f"<text:p>{html.escape(line)}</text:p>" for line in as_text(cell).split("\n"))
    return f"<table:table-cell {kind}>{paragraphs}</table:table-cell>"


def libreoffice(*kinds):
    profile = WORK / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(RECALCULATE)
    source = WORK / "libreoffice.fods"
    rows = [f"<table:table-row>{''.join(map(flat_cell, row))}</table:table-row>" for row in TABLE]
    source.write_text(FLAT % "\n".join(rows), encoding="utf-8")
    for kind in kinds:
        subprocess.run(
            ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", kind,
             "--outdir", HERE, source],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )


# ---- all kinds by SheetJS


def sheetjs():
    def cell(value):
        match value:
            case None | "":
                return None
            case Error():
                return {"t": "e", "v": 7, "w": value.value, "f": value.text[1:]}
            case Formula():
                return {"t": "s", "v": value.value, "f": value.text[1:]}
            case bool():
                return {"t": "b", "v": value}
            case datetime.date():
                return {"t": "n", "v": (value - day(1899, 12, 30)).days, "z": "yyyy-mm-dd"}
            case int() | float():
                return {"t": "n", "v": value}
            case _:
                return {"t": "s", "v": value}

    cells = WORK / "cells.json"
    cells.write_text(json.dumps([[cell(value) for value in row] for row in TABLE]), encoding="utf-8")
    subprocess.run(["node", HERE / "make.js", NODE_MODULES, cells, HERE], check=True, env=os.environ | {"TZ": "UTC"})


# ---- delimited text by hand


def as_text(cell):
    """A cell as a spreadsheet shows it."""
    match cell:
        case None:
            return ""
        case Formula():
            return cell.value
        case bool():
            return str(cell).upper()
        case float():
            return f"{cell:.15g}"
        case _:
            return str(cell)


def delimited(delimiter, end, blank_row_as_delimiters=False, last_end=True, extra_cells=False):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    for number, cells in enumerate(TABLE, start=1):
        texts = [as_text(cell) for cell in cells]
        if number == 12:
            texts = texts[:4]
        if number == 13 and extra_cells:
            texts += ["", "beyond the header"]
        if any(texts) or blank_row_as_delimiters:
            writer.writerow(texts)
        else:
            text.write(end)
    return text.getvalue() if last_end else text.getvalue()[: -len(end)]


def write(name, data, encoding="utf-8"):
    if isinstance(data, str):
        data = data.encode(encoding, errors="replace")
    (HERE / name).write_bytes(data)


# ---- what is no file of leads

HTML = """<html xmlns:x="urn:schemas-microsoft-com:office:excel">
<head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head>
<body><table border="1">
<tr><th>First Name</th><th>Surname</th><th>E-mail</th></tr>
<tr><td>Zoë</td><td>Müller</td><td>zoe.mueller@example.com</td></tr>
</table></body></html>
"""
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj
xref
0 4
0000000000 65535 f 
0000000009 00000 n 
0000000052 00000 n 
0000000101 00000 n 
trailer<</Size 4/Root 1 0 R>>
startxref
161
%%EOF
"""
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d4944415478da63fccfc0500f000485018084a98c210000000049454e44ae426082"
)


def protected(name):
    with open(HERE / "openpyxl.xlsx", "rb") as plain, open(HERE / name, "wb") as locked:
        msoffcrypto.format.ooxml.OOXMLFile(plain).encrypt("leadline", locked)


def plain_zip(name):
    with zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("leads.csv", delimited(",", "\r\n"))


def csv_spectrum():
    package = NODE_MODULES / "csv-spectrum"
    for part in ["csvs", "json"]:
        shutil.rmtree(HERE / "csv-spectrum" / part, ignore_errors=True)
        shutil.copytree(package / part, HERE / "csv-spectrum" / part)
    shutil.copyfile(package / "package.json", HERE / "csv-spectrum" / "package.json")


# ---- all files and what they hold


def make_files():
    openpyxl_book("openpyxl.xlsx", lambda book: openpyxl_sheet(book.active))
    openpyxl_book("header-row-3.xlsx", lambda book: openpyxl_sheet(book.active, top=3))
    openpyxl_book("empty-first-sheet.xlsx", empty_first_sheet)
    openpyxl_book("hidden-first-sheet.xlsx", hidden_first_sheet)
    openpyxl_book("merged-cells.xlsx", merged_cells)
    xlsxwriter_book("xlsxwriter.xlsx")
    xlsxwriter_book("dates-1904.xlsx", {"date_1904": True})
    xlsxwriter_book("inline-strings.xlsx", {"constant_memory": True}, texts_only=True)
    pandas_book("pandas.xlsx")
    libreoffice("xlsx", "xls", "ods", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false")
    sheetjs()

    write("excel-de.csv", delimited(";", "\r\n", blank_row_as_delimiters=True).replace(";1234.5;", ";1234;"), "cp1252")
    write("excel-utf8-bom.csv", "\ufeff" + delimited(",", "\r\n", blank_row_as_delimiters=True))
    write("utf16-be.csv", "\ufeff" + delimited(",", "\n"), "utf-16-be")
    write("tab.tsv", delimited("\t", "\n"))
    write("pipe.txt", delimited("|", "\n"))
    write("mac-cr.csv", delimited(",", "\r"))
    write("no-final-newline.csv", delimited(",", "\n", last_end=False))
    write("sep-line.csv", "sep=;\r\n" + delimited(";", "\r\n"))
    write("header-row-3.csv", "\n\n" + delimited(",", "\n"))
    write("ragged.csv", delimited(",", "\n", extra_cells=True))
    write("header-only.csv", ",".join(HEADER) + "\n")

    write("empty.csv", "")
    write("no-known-header.csv", "a,b,c\n1,2,3\n")
    write("html-renamed-to.xls", HTML)
    write("document.pdf", PDF)
    write("picture.png", PNG)
    plain_zip("zip-renamed-to.xlsx")
    protected("protected.xlsx")
    csv_spectrum()


def row(number, **fields):
    return {"row": number} | fields


def file(why=None, **how):
    return how | ({"why": why} if why else {})


def refused(why):
    return {"refused": True, "why": why}


FILES = {
    "openpyxl.xlsx": file(
        "openpyxl writes formulas without their values; there is nothing to read before a spreadsheet program saved it",
        instead=[row(6, account_name=None)],
    ),
    "header-row-3.xlsx": file("two blank rows above the header", offset=2, instead=[row(8, account_name=None)]),
    "empty-first-sheet.xlsx": file("the leads are on the second sheet", instead=[row(6, account_name=None)]),
    "hidden-first-sheet.xlsx": file(
        "the first sheet is hidden and holds the values of a list", instead=[row(6, account_name=None)]
    ),
    "merged-cells.xlsx": file(
        "E2:E4 and the headers O1:P1 are merged; only the first cell of a merged area holds its value",
        instead=[row(3, account_name=None), row(4, account_name=None), row(6, account_name=None)],
        header=HEADER[:14] + [HEADER[15], ""],
    ),
    "xlsxwriter.xlsx": file(),
    "dates-1904.xlsx": file("days are counted from 1904"),
    "inline-strings.xlsx": file("every cell is a text in the sheet itself: no numbers, no shared strings"),
    "pandas.xlsx": file(
        "pandas writes texts that begin with = as formulas, with 0 as their value; dates are times at midnight",
        instead=[row(5, description="0"), row(6, account_name="0")],
    ),
    "libreoffice.xlsx": file(),
    "libreoffice.xls": file(),
    "libreoffice.ods": file(),
    "libreoffice.csv": file(),
    "sheetjs.xlsx": file(),
    "sheetjs-iso-dates.xlsx": file("dates are ISO 8601 texts in cells of type d"),
    "sheetjs.xls": file(),
    "sheetjs.xlsb": file("cells are short records, without a column of their own"),
    "sheetjs-0.16.xlsb": file(
        "cells are plain records, texts are shared; the cell with the error is left out",
        instead=[expected_row(9) | {"opportunity_amount": None}],
        bad=[NOBODY],
    ),
    "sheetjs.ods": file(
        "the cell with the error is written as an empty one; dates are times at midnight",
        instead=[expected_row(9) | {"opportunity_amount": None}],
        bad=[NOBODY],
    ),
    "sheetjs.csv": file(),
    "sheetjs-utf16.txt": file("UTF-16, little-endian, with a byte order mark; tabs"),
    "excel-de.csv": file(
        "Windows-1252, which has no Chinese: each such character is a question mark; the amount of row 3 has no decimals",
        instead=[row(3, first_name="??", last_name="?", account_name="??????", city="??", opportunity_amount="1234.00")],
    ),
    "excel-utf8-bom.csv": file(),
    "utf16-be.csv": file("UTF-16, big-endian, with a byte order mark"),
    "tab.tsv": file(),
    "pipe.txt": file(),
    "mac-cr.csv": file("lines end in a lone carriage return; the line break in the cell is a line feed"),
    "no-final-newline.csv": file(),
    "sep-line.csv": file("`sep=;` stands first; a spreadsheet does not show that line, so the header is row 1"),
    "header-row-3.csv": file("two blank lines above the header", offset=2),
    "ragged.csv": file("row 12 is shorter than the header, row 13 longer; what is beyond the header is ignored"),
    "header-only.csv": file("no rows, which is no fault", rows=[], bad=[]),
    "empty.csv": refused("0 bytes"),
    "no-known-header.csv": refused("no header is known"),
    "html-renamed-to.xls": refused("an HTML table, as web applications offer it under the name of an Excel file"),
    "xml-2003.xls": refused("XML Spreadsheet 2003, which is none of the kinds that are read"),
    "document.pdf": refused("a PDF"),
    "picture.png": refused("a picture"),
    "zip-renamed-to.xlsx": refused("a ZIP archive with a CSV file in it"),
    "protected.xlsx": refused("encrypted; the password is leadline"),
}


def lines(value, depth=0):
    """JSON with a line for each row and file, so that a difference can be read."""
    pad = "  " * (depth + 1)
    if depth < 2 and isinstance(value, dict) and value.keys() - {"refused", "why"}:
        inner = [f"{pad}{json.dumps(key)}: {lines(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner) + "\n" + pad[2:] + "}"
    if isinstance(value, list) and value and isinstance(value[0], dict) and depth == 2:
        inner = [pad + json.dumps(item, ensure_ascii=False) for item in value]
        return "[\n" + ",\n".join(inner) + "\n" + pad[2:] + "]"
    return json.dumps(value, ensure_ascii=False)


make_files()
write("expected.json", lines({"leads": expected_leads(), "files": FILES}) + "\n")

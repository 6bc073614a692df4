// Writes the table with SheetJS: node make.js NODE_MODULES CELLS.json FOLDER
"use strict";

const fs = require("fs");
const path = require("path");

const [modules, cells, folder] = process.argv.slice(2);
const XLSX = require(path.join(modules, "xlsx"));
const rows = JSON.parse(fs.readFileSync(cells, "utf8"));

function book(change = (cell) => cell) {
  const sheet = {};
  rows.forEach((row, r) =>
    row.forEach((cell, c) => {
      if (cell) sheet[XLSX.utils.encode_cell({ r, c })] = change(cell);
    }),
  );
  sheet["!ref"] = XLSX.utils.encode_range({ s: { r: 0, c: 0 }, e: { r: rows.length - 1, c: rows[0].length - 1 } });
  return { SheetNames: ["Leads"], Sheets: { Leads: sheet } };
}

// A date as a date, where the table has the number of its day.
const dated = (cell) =>
  cell.z ? { t: "d", v: new Date(Date.UTC(1899, 11, 30 + cell.v)), z: cell.z } : cell;

function write(name, bookType, what = book(), by = XLSX, options = {}) {
  by.writeFile(what, path.join(folder, name), { bookType, cellDates: true, ...options });
}

write("sheetjs.xlsx", "xlsx");
write("sheetjs-iso-dates.xlsx", "xlsx", book(dated));
write("sheetjs.xls", "biff8");
write("sheetjs.xlsb", "xlsb");
write("sheetjs-0.16.xlsb", "xlsb", book(), require(path.join(modules, "xlsx-0.16")), { bookSST: true });
write("sheetjs.ods", "ods", book(dated));
write("sheetjs.csv", "csv");
write("sheetjs-utf16.txt", "txt");
write("xml-2003.xls", "xlml");

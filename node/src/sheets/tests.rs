//! Tables as they come from offices, and as they are given back.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::PathBuf;

use duikou_proto::Money;
use duikou_proto::language::Language;
use duikou_proto::v1::Listing;
use duikou_proto::v1::opportunity::Details;
use zip::write::SimpleFileOptions;

use super::grid::reference;
use super::kind::Kind;
use super::*;
use crate::typed::Names;

mod columns;
mod exports;
mod files;
mod samples;

fn sample(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/data/import").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn setting() -> Setting {
    Setting {
        parent: "members/here".to_owned(),
        names: Names { circles: vec!["pan-prd".to_owned()], ..Names::default() },
        home: Some("440300".to_owned()),
        mapping: Mapping::default(),
        now: "2026-11-28T04:00:00Z".parse().unwrap(),
    }
}

fn table(name: &str, setting: &Setting) -> Table {
    let book = read(&sample(name), name).unwrap();
    let mut tables = tables(book.clone(), setting).unwrap();
    assert_eq!(tables.len(), 1);
    tables.remove(0)
}

/// The cells of remarks, sorted; rows without a cell by their number alone.
fn cells<'a>(rows: impl Iterator<Item = &'a Row>, of: fn(&Row) -> &Vec<Remark>) -> Vec<String> {
    let mut cells: Vec<String> = rows
        .flat_map(|row| {
            of(row).iter().map(|remark| match remark.column {
                Some(column) => reference(column, row.number),
                None => row.number.to_string(),
            })
        })
        .collect();
    cells.sort();
    cells.dedup();
    cells
}

fn wrong(table: &Table) -> Vec<String> {
    cells(table.rows.iter(), |row| &row.faults)
}

fn noted(table: &Table) -> Vec<String> {
    cells(table.rows.iter(), |row| &row.notes)
}

fn at(table: &Table, number: u32) -> &Row {
    table.rows.iter().find(|row| row.number == number).unwrap_or_else(|| panic!("no row {number}"))
}

fn details(table: &Table, number: u32) -> Details {
    let row = at(table, number);
    assert_eq!(row.state, State::Good, "{number}: {:?}", row.faults);
    row.listing.as_ref().unwrap().unpack().listing.unwrap().details.unwrap()
}

fn body(table: &Table, number: u32) -> String {
    at(table, number).listing.as_ref().unwrap().unpack().listing.unwrap().body
}

fn yuan(units: i64) -> Option<Money> {
    Some(Money { currency_code: "CNY".to_owned(), units, nanos: 0 })
}

/// A part of a workbook.
fn unzipped(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), &mut text).unwrap();
    text
}

//! What is known of the rows of an import, kept so that a page of fifty costs fifty, however many there are: one line a
//! row, and an index of states and places.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use duikou_proto::v1::Listing;
use prost::Message;
use serde::{Deserialize, Serialize};

use super::fact::Said;
use super::files::Folder;
use crate::sheets::{Packed, Remark, Row, State, Table};

/// Bytes of one row in the index: its state, and where its line begins.
const ENTRY: usize = 9;
/// The states that rows have, by their number in the index.
const STATES: [State; 8] = [
    State::Good,
    State::New,
    State::Changed,
    State::Unchanged,
    State::Submitted,
    State::Wrong,
    State::Repeated,
    State::Passed,
];

/// Characters of a header that are said with a cell.
const HEADER_CHARS: usize = 20;

/// What is known of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptRow {
    /// The sheet's name.
    pub(crate) sheet: String,
    /// As the program that made the file counts.
    pub(crate) number: u32,
    /// [`State::name`].
    pub(crate) state: String,
    pub(crate) title: String,
    /// The listing's name; empty where there is none.
    pub(crate) name: String,
    /// What is wrong, by cell: the header above it and its letters.
    pub(crate) faults: Vec<(String, Said)>,
    /// What its writer should know.
    pub(crate) notes: Vec<(String, Said)>,
    /// The listing as it was read, without its body: bytes in base64. Empty where there is none, or something is wrong.
    #[serde(default)]
    pub(crate) listing: String,
    /// What it makes or changes has to be approved first.
    #[serde(default)]
    pub(crate) waits: bool,
    /// The draft that it was handed in as, by its name; empty: it was not.
    #[serde(default)]
    pub(crate) draft: String,
}

impl KeptRow {
    fn of(table: &Table, row: &Row) -> Self {
        // People know a cell by the header above it rather than by its letters.
        let place = |remark: &Remark| {
            let cell = remark.cell(row.number);
            let column = table.layout.columns.iter().find(|column| remark.column == Some(column.index));
            let header: String = column.map_or("", |column| &column.header).chars().take(HEADER_CHARS).collect();
            if header.is_empty() { cell } else { format!("{header} {cell}") }
        };
        let said =
            |remarks: &[Remark]| remarks.iter().map(|remark| (place(remark), Said::from(&remark.text))).collect();
        let listing = row.listing.as_ref();
        Self {
            sheet: table.grid.name.clone(),
            number: row.number,
            state: row.state.name().to_owned(),
            title: listing.map(Packed::title).unwrap_or_default(),
            name: listing.map(|listing| listing.name().to_owned()).unwrap_or_default(),
            faults: said(&row.faults),
            notes: said(&row.notes),
            listing: String::new(),
            waits: row.waits,
            draft: row.draft.to_string(),
        }
        .with(listing.filter(|_| row.faults.is_empty()).map(Packed::without_body))
    }

    /// The same row, with what it was read as.
    pub(crate) fn with(self, listing: Option<Listing>) -> Self {
        let bytes = listing.map(|listing| listing.encode_to_vec()).unwrap_or_default();
        Self { listing: BASE64_STANDARD_NO_PAD.encode(bytes), ..self }
    }

    /// The listing as it was read, without its body; absent where there is none, or something is wrong.
    pub(crate) fn listing(&self) -> Option<Listing> {
        let bytes = BASE64_STANDARD_NO_PAD.decode(&self.listing).ok().filter(|bytes| !bytes.is_empty())?;
        Listing::decode(&*bytes).ok()
    }

    /// What it is.
    pub(crate) fn state(&self) -> State {
        state_of(&self.state).unwrap_or(State::Wrong)
    }
}

/// By the name of a state.
pub(crate) fn state_of(name: &str) -> Option<State> {
    STATES.into_iter().find(|state| state.name() == name)
}

/// Some of the rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RowsPage {
    pub(crate) rows: Vec<KeptRow>,
    /// How many there are in that state, on all pages.
    pub(crate) count: usize,
}

/// Keeps the rows of all tables in place of those before.
pub(super) fn keep(folder: &Folder, tables: &[Table]) -> io::Result<()> {
    let (lines, index) = (folder.rows(), folder.index());
    let (draft_lines, draft_index) = (lines.with_extension("draft"), index.with_extension("index-draft"));
    let (mut to, mut places) =
        (BufWriter::new(File::create(&draft_lines)?), BufWriter::new(File::create(&draft_index)?));
    let mut place = 0_u64;
    for (table, row) in tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row))) {
        let mut line = serde_json::to_vec(&KeptRow::of(table, row))?;
        line.push(b'\n');
        let state = STATES.iter().position(|state| *state == row.state).unwrap_or(0);
        places.write_all(&[u8::try_from(state).unwrap_or(0)])?;
        places.write_all(&place.to_le_bytes())?;
        to.write_all(&line)?;
        place += line.len() as u64;
    }
    to.flush()?;
    places.flush()?;
    std::fs::rename(draft_lines, lines)?;
    std::fs::rename(draft_index, index)
}

/// `size` rows from the page with this number on (from 0), of one state or of all.
pub(super) fn page(folder: &Folder, state: Option<State>, number: usize, size: usize) -> io::Result<RowsPage> {
    let index = std::fs::read(folder.index())?;
    let wanted = state.and_then(|state| STATES.iter().position(|known| *known == state));
    let entries = index.chunks_exact(ENTRY).filter_map(|entry| entry.split_first());
    let places = entries.filter(|(state, _)| wanted.is_none_or(|wanted| usize::from(**state) == wanted));
    let places: Vec<u64> = places.filter_map(|(_, place)| place.try_into().ok().map(u64::from_le_bytes)).collect();
    let mut lines = BufReader::new(File::open(folder.rows())?);
    let mut rows = Vec::new();
    for place in places.iter().skip(number.saturating_mul(size)).take(size) {
        lines.seek(SeekFrom::Start(*place))?;
        let mut line = Vec::new();
        lines.read_until(b'\n', &mut line)?;
        rows.push(serde_json::from_slice(&line)?);
    }
    Ok(RowsPage { rows, count: places.len() })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use duikou_proto::language::Language;
    use duikou_proto::v1::FieldViolation;
    use duikou_proto::v1::batch_create_listings_response::Result as Answer;
    use duikou_proto::v1::batch_create_listings_response::result::Outcome;

    use super::*;
    use crate::sheets::{Mapping, Setting, read, tables};
    use crate::typed::Names;

    #[test]
    fn any_page_of_any_state_is_what_the_table_has() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Folder::of(folder.path(), "one");
        std::fs::create_dir_all(folder.path()).unwrap();
        let text: String = (0..230)
            .map(|row| format!("第{row}只基金,供给,{},股权\n", if row % 10 == 0 { "毕阶市" } else { "毕节市" }))
            .collect();
        let text = format!("标题,方向,地区,资金方式\n{text}");
        let setting = Setting {
            parent: "members/a".to_owned(),
            names: Names { words: BTreeMap::new(), ..Names::default() },
            home: None,
            mapping: Mapping::default(),
            now: jiff::Timestamp::UNIX_EPOCH,
        };
        let tables = tables(read(text.as_bytes(), "a.csv").unwrap(), &setting).unwrap();
        keep(&folder, &tables).unwrap();
        let all = page(&folder, None, 0, 1_000).unwrap();
        assert_eq!((all.count, all.rows.len()), (230, 230));
        let numbers: Vec<u32> = all.rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, (2..232).collect::<Vec<_>>());
        let wrong = page(&folder, Some(State::Wrong), 1, 20).unwrap();
        assert_eq!((wrong.count, wrong.rows.len()), (23, 3));
        assert!(wrong.rows.iter().all(|row| row.listing().is_none()));
        let read = all.rows[1].listing().and_then(|listing| listing.listing).unwrap();
        assert_eq!((&*read.title, &*read.regions, &*read.body), ("第1只基金", &["520500".to_owned()][..], ""));
        assert!(wrong.rows.iter().all(|row| row.state() == State::Wrong && row.faults[0].0.starts_with("地区 C")));
        assert_eq!(page(&folder, Some(State::Passed), 0, 50).unwrap(), RowsPage::default());
        assert!(page(&folder, None, usize::MAX, 50).unwrap().rows.is_empty());
        // What the server says of a field that no column has is called as on all pages.
        let violation = FieldViolation {
            field: "expire_time".to_owned(),
            description: "活动已经结束。".to_owned(),
            ..FieldViolation::default()
        };
        let mut tables = tables;
        let refused = Answer { outcome: Outcome::Refused.into(), violations: vec![violation], ..Answer::default() };
        tables[0].answered(1, &refused, true);
        let row = KeptRow::of(&tables[0], &tables[0].rows[1]);
        let told: Vec<_> = row.faults.iter().map(|(cell, said)| (&**cell, said.in_language(Language::Zh))).collect();
        assert_eq!(told, [("", "有效期至：活动已经结束。")]);
    }
}

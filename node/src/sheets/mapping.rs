//! What a person says of a table that its headers do not: data, so that it can be kept and sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::SheetError;
use super::grid::column_of;
use super::header::squeezed;
use super::kind::Kind;

/// How the columns of a table are to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// `capital`, `project`, `technology`, `talent` or `event`; absent: by the headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The same of single sheets, by their names, before what is said of all.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: BTreeMap<String, String>,
    /// The only sheet that is read; absent: every one with known headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The row of the headers, the last where they take two; absent: the one that names most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_row: Option<u32>,
    /// The columns that are named; the others are recognised by their headers.
    pub columns: Vec<ColumnMapping>,
    /// Values for fields of which no column says anything, as they would be typed.
    pub values: BTreeMap<String, String>,
    /// What this office calls an audience: 泛珠圈 for `circle:pan-prd`.
    pub words: BTreeMap<String, String>,
}

/// How one column is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ColumnMapping {
    /// The kind of the tables in which it is; absent: in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its header, or its letters.
    pub header: String,
    /// The field that it holds; absent: it is not imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What its amounts are counted in: `万元`, `元/月`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl Mapping {
    /// The kind of the listings in a sheet, where it is said.
    ///
    /// # Errors
    /// For what is no kind.
    pub(crate) fn kind_of(&self, sheet: &str) -> Result<Option<Kind>, SheetError> {
        let said = self.kinds.get(sheet).or(self.kind.as_ref());
        said.map(|kind| Kind::parse(kind).ok_or(SheetError::Kind)).transpose()
    }

    /// What is said of the column at `index`, counted from 0, with this header in a table of this kind: by its letters,
    /// which tell two with one header apart, unless a column of the table is called like them; else by the header.
    pub(crate) fn of_column(
        &self,
        kind: Kind,
        index: usize,
        header: &str,
        is_header: impl Fn(&str) -> bool,
    ) -> Option<&ColumnMapping> {
        let is_there = |of: &ColumnMapping| of.kind.as_deref().is_none_or(|of| Kind::parse(of) == Some(kind));
        let said =
            |means: &dyn Fn(&str) -> bool| self.columns.iter().find(|column| is_there(column) && means(&column.header));
        said(&|known| column_of(known) == Some(index) && !is_header(known))
            .or_else(|| said(&|known| known == header))
            .or_else(|| {
                let header = squeezed(header);
                said(&|known| squeezed(known) == header)
            })
    }
}

/// Ends the headers of columns that a workbook of wrong rows has beside those of the table whose rows they were: of what
/// was said for all rows, and of why they are wrong.
pub(super) const FOR_ALL: (&str, &str) = ("（统一填写）", " (for all rows)");
pub(super) const NOT_IMPORTED: (&str, &str) = ("（不导入）", " (not imported)");

/// What a table's headers are known by, to find the mapping that was used for them before: hexadecimal. The wrong rows of
/// a table are known by what that is known by.
pub fn fingerprint<'a>(headers: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new();
    let added = [FOR_ALL.0, FOR_ALL.1, NOT_IMPORTED.0, NOT_IMPORTED.1];
    let of_table = |header: &&str| !added.iter().any(|mark| header.ends_with(mark));
    for header in headers.into_iter().filter(of_table) {
        let header = squeezed(header);
        hasher.update(&(header.len() as u64).to_le_bytes());
        hasher.update(header.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

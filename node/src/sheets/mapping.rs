//! What a person says of a table that its headers do not: data, so that it can be kept and sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::grid::column_of;
use super::header::squeezed;

/// How the columns of a table are to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// `capital`, `project`, `technology`, `talent` or `event`; absent: by the headers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
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
    /// What is said of the column at `index`, counted from 0, with this header: by its letters, which tell two with one
    /// header apart, unless a column of the table is called like them; else by the header.
    pub(crate) fn of_column(
        &self,
        index: usize,
        header: &str,
        is_header: impl Fn(&str) -> bool,
    ) -> Option<&ColumnMapping> {
        let said = |means: &dyn Fn(&str) -> bool| self.columns.iter().find(|column| means(&column.header));
        said(&|known| column_of(known) == Some(index) && !is_header(known))
            .or_else(|| said(&|known| known == header))
            .or_else(|| {
                let header = squeezed(header);
                said(&|known| squeezed(known) == header)
            })
    }
}

/// What a table's headers are known by, to find the mapping that was used for them before: hexadecimal.
pub fn fingerprint<'a>(headers: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for header in headers {
        let header = squeezed(header);
        hasher.update(&(header.len() as u64).to_le_bytes());
        hasher.update(header.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

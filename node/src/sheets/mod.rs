//! Spreadsheets as offices have them, read as listings; and listings written as spreadsheets.
//!
//! [`read`] makes cells of a file within bounds, [`tables`] finds the headers and reads each row through
//! [`crate::typed`] and the validation of every write (`form` does the same for a form; `ahead` begins while cells are
//! still being read, and [`follow_tables`] hands rows on while later ones are), [`outline`] shows a file to whoever says
//! how it is to be read, [`Table::answered`] notes what the server said of it. [`faults`] gives wrong rows back,
//! [`template`] and [`export`] write what is read again without change. All of it blocks and belongs on a thread of its
//! own.
//!
//! What a file is its content says, and another name is advised only where it can be read under that; its container is
//! counted by unpacking it into nothing first. `header` scores rows and kinds by the table of `fields`; units come from the
//! header, from what stands above it, or from the clerk. Each sheet is of a kind of its own: what is said of columns may be
//! of one kind, and what is said for all rows is for those that can have it.
//!
//! A row's name is its id column, its public number, or a hash of what defines it, so that the same row is the same listing
//! whenever it comes. Exports have names in full and say who has published what: what is another's is never one's own.

mod ahead;
pub(crate) mod batch;
mod closing;
mod csv;
mod error;
pub mod fields;
pub(crate) mod form;
mod format;
pub mod grid;
mod header;
mod identity;
mod implied;
mod kind;
mod mapping;
mod outline;
mod packed;
mod preview;
mod read;
pub mod remembered;
mod row;
#[cfg(test)]
mod tests;
mod unpack;
mod write;

pub use ahead::{Ahead, read_ahead};
pub use error::SheetError;
pub use format::Format;
pub use header::{Column, Layout};
pub(crate) use header::{MONEY, may_hold_amounts};
pub use kind::Kind;
pub use mapping::{ColumnMapping, Mapping, fingerprint};
pub use outline::{ColumnOutline, HeadRow, Outline, SheetOutline, TableOutline, outline};
pub use packed::Packed;
pub(crate) use preview::place;
pub(crate) use preview::tables_without_cells;
pub use preview::{Row, Setting, State, Step, Table, follow_tables, good, tables};
pub use read::{Workbook, read};
pub use row::Remark;
pub(crate) use row::{text_of, told_in, which};
pub use write::{Export, export, faults, template};
pub(crate) use write::{List, PlainCell, PlainSheet, Told, csv_of, export_list, readable, workbook_of, write_list};

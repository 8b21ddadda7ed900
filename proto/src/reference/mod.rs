//! The code tables to which listings refer: regions (GB/T 2260, abroad ISO 3166-1), industries (GB/T 4754-2017),
//! occupations (ISCO-08) and currencies (ISO 4217); and what people call industries. They are compiled in, so every
//! participant has the same.

mod currency;
mod everyday;
mod region;
mod table;

pub use currency::{Currency, currency};
pub use everyday::everyday_industries;
pub use region::normalise_region;
pub use table::{Entry, Table};

/// Regions: divisions of China by GB/T 2260, and other countries by ISO 3166-1 alpha-2 at the level `country`.
pub fn regions() -> &'static Table {
    static TABLE: Table = Table::new(include!(concat!(env!("OUT_DIR"), "/regions.rs")), region::short_names);
    &TABLE
}

/// Industries by GB/T 4754-2017: a section is a letter, all below it digits.
pub fn industries() -> &'static Table {
    static TABLE: Table = Table::new(include!(concat!(env!("OUT_DIR"), "/industries.rs")), |_| Vec::new());
    &TABLE
}

/// Occupations by ISCO-08, one to four digits. The Chinese names are translations made for this project: there are no
/// official ones.
pub fn occupations() -> &'static Table {
    static TABLE: Table = Table::new(include!(concat!(env!("OUT_DIR"), "/occupations.rs")), |_| Vec::new());
    &TABLE
}

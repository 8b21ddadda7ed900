//! What a file is, by what it holds; its name may only agree, which `read` sees to.

use std::path::Path;

use super::SheetError;

/// A form of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Office Open XML.
    Xlsx,
    /// BIFF, of Excel 97 to 2003 and WPS.
    Xls,
    /// OpenDocument.
    Ods,
    /// Text with separators.
    Csv,
}

impl Format {
    /// How names of such files end, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Xls => "xls",
            Self::Ods => "ods",
            Self::Csv => "csv",
        }
    }

    /// By the end of a name; None where it says nothing.
    pub fn by_name(name: &str) -> Option<Self> {
        let end = Path::new(name).extension()?.to_str()?.to_ascii_lowercase();
        [Self::Xlsx, Self::Xls, Self::Ods, Self::Csv].into_iter().find(|format| format.extension() == end)
    }

    /// By the first bytes.
    ///
    /// # Errors
    /// For what is no table, what is encrypted, and what is empty.
    pub fn of(bytes: &[u8]) -> Result<Self, SheetError> {
        const COMPOUND: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
        if bytes.trim_ascii().is_empty() {
            return Err(SheetError::Empty);
        }
        if bytes.starts_with(b"PK\x03\x04") {
            // OpenDocument says what it is in its first, unpacked entry.
            let head = &bytes[..bytes.len().min(512)];
            let is_ods = head.windows(OPEN_DOCUMENT.len()).any(|window| window == OPEN_DOCUMENT);
            return Ok(if is_ods { Self::Ods } else { Self::Xlsx });
        }
        if bytes.starts_with(&COMPOUND) {
            return if holds_utf16(bytes, "EncryptedPackage") { Err(SheetError::Protected) } else { Ok(Self::Xls) };
        }
        let head = &bytes[..bytes.len().min(4096)];
        let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        let text = head.iter().all(|&b| b >= b' ' || matches!(b, b'\t' | b'\n' | b'\r'));
        let markup = head.trim_ascii_start().starts_with(b"<") || head.starts_with(b"%PDF");
        if (text || utf16) && !markup { Ok(Self::Csv) } else { Err(SheetError::Unknown) }
    }
}

const OPEN_DOCUMENT: &[u8] = b"application/vnd.oasis.opendocument.spreadsheet";

fn holds_utf16(bytes: &[u8], text: &str) -> bool {
    let wanted: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

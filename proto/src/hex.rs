//! Bytes as people compare them.

/// Two small hexadecimal digits an octet.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

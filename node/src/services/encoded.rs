//! Messages that are put together of parts which are encoded already: a listing is encoded once for all who get it.

use bytes::{BufMut, Bytes};
use duikou_proto::envelope::Part;
use duikou_proto::name::NetworkName;
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint, key_len};

use crate::feed::{Shown, listing_of};

/// A listing as readers get it.
pub(super) fn encoded_listing(part: &Part, shown: &Shown, network: &NetworkName) -> Bytes {
    shown.encoded(|opportunity| listing_of(part, opportunity.clone(), network).encode_to_vec().into())
}

/// How many bytes a field with so many bytes in it takes.
pub(super) fn field_len(field: u32, length: usize) -> usize {
    key_len(field) + encoded_len_varint(length as u64) + length
}

/// What stands before the bytes of a field.
pub(super) fn put_head(field: u32, length: usize, out: &mut impl BufMut) {
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint(length as u64, out);
}

/// A whole field.
pub(super) fn put_field(field: u32, bytes: &[u8], out: &mut impl BufMut) {
    put_head(field, bytes.len(), out);
    out.put_slice(bytes);
}

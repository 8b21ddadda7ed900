//! Parsers that nobody outside calls, one function each, for whoever throws arbitrary bytes at all that reads what
//! strangers send. Each panics where something does not hold that holds for whatever is read.

use std::str::from_utf8;

use duikou_proto::v1::Opportunity;
use http::{HeaderValue, Uri};
use prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage};

pub use duikou_exchange::arbitrary::{batch, position};

use crate::config::Networks;
use crate::delivery::Target;
use crate::search::{Reach, excerpts, parse};

/// A search: on the first line a query as people type it, then a text in which its words are marked. What is marked lies
/// in the text, in order and apart.
pub fn search(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let (query, body) = text.split_once('\n').unwrap_or((text, text));
    let listing = Opportunity { title: query.to_owned(), body: body.to_owned(), ..Opportunity::default() };
    for query in [false, true].into_iter().filter_map(|prefix| parse(query, prefix).ok()) {
        for reach in [Reach::Exact, Reach::Typos] {
            for excerpt in excerpts(&listing, &query, reach) {
                let length = excerpt.text.chars().count();
                let ends = excerpt.highlights.iter().flat_map(|range| [range.start, range.end]);
                let ends: Vec<usize> = ends.map(|end| usize::try_from(end).expect("no negative place")).collect();
                assert!(ends.is_sorted() && ends.iter().all(|end| *end <= length), "{ends:?} of {length}");
            }
        }
    }
}

/// The address of a webhook. What is one can be asked, by the path and the host that it has.
pub fn webhook_address(bytes: &[u8]) {
    let Some(target) = from_utf8(bytes).ok().and_then(|text| text.parse::<Target>().ok()) else { return };
    // Nothing is opened by an operator here.
    let _ = target.check(&Networks::default(), &[443]);
    assert!(target.path().starts_with('/') && target.path().parse::<Uri>().is_ok(), "{:?}", target.path());
    assert!(HeaderValue::from_str(&target.host_header()).is_ok(), "{:?}", target.host_header());
}

/// A call of REST: on the first line the verb, a space, and the address; then the body.
pub fn rest_call(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, body) = (from_utf8(&bytes[..end]).ok(), bytes.get(end + 1..).unwrap_or_default());
    let Some((verb, address)) = line.and_then(|line| line.split_once(' ')) else { return };
    let (Ok(verb), Ok(address)) = (verb.parse(), address.parse()) else { return };
    if let Some(Ok(message)) = crate::http::read_call(verb, address, body) {
        // Maps have no order: the bytes may differ, their number may not.
        let bytes = message.encode_to_vec();
        let again = DynamicMessage::decode(message.descriptor(), &*bytes).map(|again| again.encoded_len());
        assert_eq!(again.ok(), Some(bytes.len()));
    }
}

//! Parsers that nobody outside calls, one function each, for whoever throws arbitrary bytes at all that reads what
//! strangers send. Each panics where something does not hold that holds for whatever is read.

use std::str::from_utf8;

use duikou_proto::v1::{CreateListingRequest, Opportunity};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use prost::Message;
use prost_reflect::{DynamicMessage, ReflectMessage};

pub use duikou_exchange::arbitrary::{batch, position};

use crate::config::Networks;
use crate::delivery::{Place as PagePlace, Purpose as LinkPurpose, Target, read_link};
use crate::search::{Reach, Start, excerpts, parse};
use crate::services::MatchPlace;

/// A search: on the first line a query as people type it, then a text in which its words are marked. What is marked lies
/// in the text, in order and apart.
pub fn search(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let (query, body) = text.split_once('\n').unwrap_or((text, text));
    let listing = Opportunity { title: query.to_owned(), body: body.to_owned(), ..Opportunity::default() };
    for query in [false, true].into_iter().filter_map(|prefix| parse(query, prefix).ok()) {
        for reach in [Reach::Exact, Reach::Otherwise, Reach::Typos] {
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

/// Headers of a request, one a line: conditions, dates, the key of a request, and where proxies say that it comes from.
pub fn headers(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(64) {
        let Some(end) = line.iter().position(|byte| *byte == b':') else { continue };
        let name = HeaderName::from_bytes(&line[..end]);
        let value = HeaderValue::from_bytes(line.get(end + 1..).unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    crate::http::read_headers(&headers);
    let address = Uri::from_static("/v1/members/a/listings");
    if let Some(Ok(message)) = crate::http::read_call(Method::POST, address, headers, b"{}") {
        let request = message.transcode_to::<CreateListingRequest>().expect("what is sent there");
        assert!(request.request_id.is_empty() || uuid::Uuid::try_parse(&request.request_id).is_ok());
    }
}

/// What stands in page tokens, once they are opened: it is written as it was read.
pub fn places(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    if let Some(start) = Start::from_text(text) {
        assert_eq!(Start::from_text(&start.to_text()), Some(start));
    }
    if let Some(place) = MatchPlace::read(text) {
        let written = place.write();
        assert_eq!(MatchPlace::read(&written).map(|again| again.write()), Some(written));
    }
}

/// Where a page of a feed goes on, as its address says: it is written as it was read.
pub fn page_place(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else { return };
    let network = "n.example".parse().expect("a name");
    if let Some(place) = PagePlace::read(text, &network) {
        assert_eq!(place.write(), text);
    }
}

/// The token of a link in a mail. It is good where it is the one that was sent, and that is good for nothing else.
pub fn mail_link(bytes: &[u8]) {
    use LinkPurpose::{Confirm, ConfirmNotices, EndNotices, Unsubscribe};

    let Ok(text) = from_utf8(bytes) else { return };
    let purposes = [Confirm, Unsubscribe, ConfirmNotices, EndNotices];
    for purpose in purposes {
        let Some((good, sent)) = read_link(text, purpose) else { continue };
        assert_eq!(good, text == sent, "{purpose:?}");
        let is_good = |purpose: &LinkPurpose| read_link(&sent, *purpose).is_some_and(|(good, _)| good);
        assert_eq!(purposes.into_iter().filter(is_good).collect::<Vec<_>>(), [purpose]);
    }
}

/// A call of REST: on the first line the verb, a space, and the address; then the body.
pub fn rest_call(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (line, body) = (from_utf8(&bytes[..end]).ok(), bytes.get(end + 1..).unwrap_or_default());
    let Some((verb, address)) = line.and_then(|line| line.split_once(' ')) else { return };
    let (Ok(verb), Ok(address)) = (verb.parse(), address.parse()) else { return };
    if let Some(Ok(message)) = crate::http::read_call(verb, address, HeaderMap::new(), body) {
        // Maps have no order: the bytes may differ, their number may not.
        let bytes = message.encode_to_vec();
        let again = DynamicMessage::decode(message.descriptor(), &*bytes).map(|again| again.encoded_len());
        assert_eq!(again.ok(), Some(bytes.len()));
    }
}

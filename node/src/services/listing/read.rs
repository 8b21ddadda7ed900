//! Getting one listing, and listing many by name.

use duikou_proto::envelope::Part;
use duikou_proto::filter::{Filter, Header};
use duikou_proto::limits;
use duikou_proto::name::{InvalidName, NetworkName, RecordName};
use duikou_proto::v1::{self, Listing};
use duikou_proto::validate::{Violation, reason};

use super::Listings;
use crate::feed::{listing_of, readable};
use crate::services::auth::Caller;
use crate::services::directory::{bad_member_name, member_of};
use crate::services::error::{Failure, violation};
use crate::services::page_token::{Purpose, page_size};

/// Where listings lie.
pub(super) const COLLECTION: &str = "listings";
/// Rows that one page looks at.
const ROWS: usize = 4 * limits::PAGE;
/// Rows that are looked at in one statement, at least.
const STEP: usize = 64;
/// Encoded listings on one page: well below what clients take.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

impl Listings {
    pub(super) async fn get(&self, caller: &Caller, request: &v1::GetListingRequest) -> Result<Listing, Failure> {
        let network = self.network();
        let name = record_name(&request.name, network).map_err(|_| Failure::Violations(vec![bad_name("name")]))?;
        let engine = &self.door.engine;
        let found = engine.get(&name, &caller.reader).await?;
        found
            .and_then(|(part, _)| Some(listing_of(&part, readable(&part)?, network)))
            .ok_or_else(|| Failure::NotFound(name.to_string()))
    }

    pub(super) async fn list(
        &self,
        caller: &Caller,
        request: &v1::ListListingsRequest,
    ) -> Result<v1::ListListingsResponse, Failure> {
        let (engine, network) = (&self.door.engine, self.network());
        let size = page_size(request.page_size)?;
        let filter = Filter::compile(&request.filter.clone().unwrap_or_default(), network);
        let filter = filter.map_err(Failure::Violations)?;
        let prefix = match &*request.parent {
            "members/-" => "members/".to_owned(),
            parent => {
                let member = member_of(parent, network).ok_or_else(|| bad_member_name("parent"))?;
                // Who is in the network everybody may know: a name that was mistyped is no member without listings.
                if engine.directory().member(&member).is_none() {
                    return Err(Failure::NotFound(parent.to_owned()));
                }
                format!("members/{member}/{COLLECTION}/")
            }
        };
        let purpose = Purpose::new("ListListings", &[prefix.as_bytes(), &filter.hash()], &caller.reader);
        let mut after = purpose.open(engine, &request.page_token)?;
        let (mut listings, mut looked, mut bytes) = (Vec::new(), 0, 0);
        loop {
            let step = (size - listings.len()).max(STEP);
            let (parts, next) = engine.list(&prefix, &after, step, &caller.reader).await?;
            looked += step;
            let mut parts = parts.into_iter();
            while let Some(part) = parts.next() {
                let Some(listing) = matching(&part, &filter, network) else { continue };
                listings.push(listing);
                bytes += part.bytes().len();
                if listings.len() == size || bytes >= PAGE_BYTES {
                    let more = next.is_some() || parts.next().is_some();
                    let next_page_token = if more { purpose.seal(engine, part.name().as_str()) } else { String::new() };
                    return Ok(v1::ListListingsResponse { listings, next_page_token });
                }
            }
            match next {
                None => return Ok(v1::ListListingsResponse { listings, next_page_token: String::new() }),
                Some(last) if looked >= ROWS => {
                    let next_page_token = purpose.seal(engine, &last);
                    return Ok(v1::ListListingsResponse { listings, next_page_token });
                }
                Some(last) => after = last,
            }
        }
    }

    pub(super) fn network(&self) -> &NetworkName {
        &self.door.engine.identity().network
    }
}

fn matching(part: &Part, filter: &Filter, network: &NetworkName) -> Option<Listing> {
    if !part.kind().is_listing() {
        return None;
    }
    let opportunity = readable(part)?;
    filter.matches(&Header::of(part), &opportunity).then(|| listing_of(part, opportunity, network))
}

/// A listing's name with the member in its short or its full form.
pub(crate) fn record_name(text: &str, network: &NetworkName) -> Result<RecordName, InvalidName> {
    let name = RecordName::parse(text, network)?;
    if name.collection() == COLLECTION { Ok(name) } else { RecordName::new(&name.origin(), "", name.id()) }
}

pub(crate) fn bad_name(field: &str) -> Violation {
    violation(
        field,
        reason::BAD_FORMAT,
        "名称格式不正确，请按此格式填写：members/成员/listings/编号（编号由小写字母、数字和连字符组成，最多64个）。",
        "This is no listing's name: write it like members/MEMBER/listings/ID, where ID has 1 to 64 of a-z, 0-9 and -.",
    )
}

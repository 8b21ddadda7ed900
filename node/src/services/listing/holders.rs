//! Who holds a listing, since when, and who does not: for its origin.

use duikou_proto::v1;

use super::Listings;
use super::read::{bad_name, record_name};
use crate::engine::{Reader, Refused};
use crate::services::auth::Caller;
use crate::services::error::Failure;
use crate::services::page_token::{Purpose, page_size};
use crate::time::timestamp;

impl Listings {
    pub(super) async fn holders(
        &self,
        caller: &Caller,
        request: &v1::ListHoldersRequest,
    ) -> Result<v1::ListHoldersResponse, Failure> {
        let engine = &self.door.engine;
        let name = record_name(&request.parent, self.network());
        let name = name.map_err(|_| Failure::Violations(vec![bad_name("parent")]))?;
        let size = page_size(request.page_size)?;
        let purpose = Purpose::new("ListHolders", &[name.as_str().as_bytes()], &caller.reader);
        let after = purpose.open(engine, &request.page_token)?;
        let origin = name.origin();
        let is_origin = match caller.reader.whole() {
            Reader::Operator => true,
            Reader::Member(member) => *member == origin,
            Reader::Anonymous | Reader::Registered | Reader::Narrowed(..) => false,
        };
        let not_found = || Failure::NotFound(name.to_string());
        if !is_origin {
            let seen = engine.get(&name, &caller.reader).await?;
            return Err(seen.map_or_else(not_found, |_| Failure::NotPermitted));
        }
        if engine.directory().member(&origin).is_none_or(|member| member.node != engine.identity().node) {
            return Err(Refused::NotHosted(origin).into());
        }
        let row = engine.row(&name).await?.ok_or_else(not_found)?;
        let holders = engine.holders(&row).await?;
        let mut rest = holders.into_iter().filter(|holder| holder.member.as_str() > after.as_str());
        let page: Vec<_> = rest.by_ref().take(size).collect();
        let last = page.last().filter(|_| rest.next().is_some());
        let next_page_token = last.map(|last| purpose.seal(engine, last.member.as_str())).unwrap_or_default();
        let holders = page.into_iter().map(|holder| v1::Holder {
            member: format!("members/{}", holder.member),
            state: holder.state.into(),
            since_time: holder.since.map(timestamp),
            confirm_time: holder.confirmed.map(timestamp),
            refusal: holder.refusal,
        });
        Ok(v1::ListHoldersResponse { holders: holders.collect(), next_page_token })
    }
}

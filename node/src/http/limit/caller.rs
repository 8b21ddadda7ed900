//! Who is counted: whoever is known, or where somebody calls from who is not.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;

use http::{Extensions, HeaderMap};
use tonic::transport::server::TcpConnectInfo;

use super::Limiter;
use crate::services::Identified;
use crate::trust::accept::ConnectionInfo;

/// Whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// Whoever is known, by the first octets of the account's hash.
    Account([u8; 16]),
    /// An address.
    V4(u32),
    /// A /64: what one site has.
    V6(u64),
    /// Everybody who came when there were too many to tell apart.
    Crowd,
}

/// Addresses in a header that are looked at.
const HOPS: usize = 32;

impl Limiter {
    /// Who sends a request with these.
    pub(super) async fn caller(&self, headers: &HeaderMap, extensions: &Extensions) -> Caller {
        let identified = Identified::of(&self.accounts, headers, extensions).await;
        if let Some(caller) = identified.caller().ok().filter(|caller| !caller.account.is_empty()) {
            let mut first = [0; 16];
            first.copy_from_slice(&blake3::hash(caller.account.as_bytes()).as_bytes()[..16]);
            return Caller::Account(first);
        }
        if self.crowded.load(Ordering::Relaxed) {
            return Caller::Crowd;
        }
        match self.address(headers, extensions) {
            None => Caller::Crowd,
            Some(IpAddr::V4(address)) => Caller::V4(address.to_bits()),
            Some(IpAddr::V6(address)) => Caller::V6((address.to_bits() >> 64) as u64),
        }
    }

    /// Where a request with these comes from.
    pub(in crate::http) fn address(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<IpAddr> {
        let tls = extensions.get::<ConnectionInfo>().map(|info| info.remote);
        let plain = || extensions.get::<TcpConnectInfo>().and_then(TcpConnectInfo::remote_addr);
        let remote = tls.or_else(plain).map(|remote| remote.ip().to_canonical())?;
        if !self.proxies.contains(remote) {
            return Some(remote);
        }
        let hops = hops(headers);
        // The nearest that is no proxy of ours; what lies further was only said.
        let named = hops.iter().rev().find(|hop| hop.is_none_or(|hop| !self.proxies.contains(hop)));
        Some(named.copied().flatten().unwrap_or(remote).to_canonical())
    }
}

/// The addresses that proxies have noted, the nearest last; None for what is no address.
pub(in crate::http) fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let texts = |name: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(|text| text.trim().to_owned()).collect::<Vec<_>>()
    };
    let forwarded = texts("forwarded");
    let hops: Vec<Option<IpAddr>> = if forwarded.is_empty() {
        texts("x-forwarded-for").iter().map(|text| address(text)).collect()
    } else {
        forwarded.iter().map(|element| named_for(element)).collect()
    };
    let skipped = hops.len().saturating_sub(HOPS);
    hops.into_iter().skip(skipped).collect()
}

/// The address of `for=` in an element of `Forwarded` (RFC 7239).
fn named_for(element: &str) -> Option<IpAddr> {
    let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) =
        pairs.map(|(name, value)| (name.trim(), value)).find(|(name, _)| name.eq_ignore_ascii_case("for"))?;
    address(value.trim().trim_matches('"'))
}

fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_header_is_too_strange(text in "\\PC{0,80}") {
            let _ = named_for(&text);
            let _ = address(&text);
        }
    }
}

//! `[limits]`: what the public listener gives to one caller.

use super::fault::Rule;
use super::part::{NO_KEY, Part, put};
use super::values::{Count, Size};

/// `[limits]`. A caller is a token, wherever it is shown, or an address (IPv6: a /64) without a good one. The local
/// socket has no limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// `token_requests`: requests a second of one token, in the long run. Default 2000.
    pub token_requests: Count,
    /// `token_burst`: requests of one token at once, after a rest. Default 4000.
    pub token_burst: Count,
    /// `token_calls`: calls of one token under way at one time, streams included. Default 4000.
    pub token_calls: Count,
    /// `token_bytes`: what one token is sent in a minute; streams then go on slowly, and new calls wait. Default 4 GiB.
    pub token_bytes: Size,
    /// `address_requests`: as `token_requests`, of one address. Default 500.
    pub address_requests: Count,
    /// `address_burst`: as `token_burst`, of one address. Default 2000.
    pub address_burst: Count,
    /// `address_calls`: as `token_calls`, of one address. Default 2000.
    pub address_calls: Count,
    /// `address_bytes`: as `token_bytes`, of one address. Default 1 GiB.
    pub address_bytes: Size,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            token_requests: Count::new(2000),
            token_burst: Count::new(4000),
            token_calls: Count::new(4000),
            token_bytes: Size::mib(4096),
            address_requests: Count::new(500),
            address_burst: Count::new(2000),
            address_calls: Count::new(2000),
            address_bytes: Size::mib(1024),
        }
    }
}

impl Part for Limits {
    fn keys(&self) -> &'static [&'static str] {
        &[
            "token_requests",
            "token_burst",
            "token_calls",
            "token_bytes",
            "address_requests",
            "address_burst",
            "address_calls",
            "address_bytes",
        ]
    }

    fn set(&mut self, key: &str, text: &str) -> Result<(), Rule> {
        match key {
            "token_requests" => put(&mut self.token_requests, text),
            "token_burst" => put(&mut self.token_burst, text),
            "token_calls" => put(&mut self.token_calls, text),
            "token_bytes" => put(&mut self.token_bytes, text),
            "address_requests" => put(&mut self.address_requests, text),
            "address_burst" => put(&mut self.address_burst, text),
            "address_calls" => put(&mut self.address_calls, text),
            "address_bytes" => put(&mut self.address_bytes, text),
            _ => Err(NO_KEY),
        }
    }
}

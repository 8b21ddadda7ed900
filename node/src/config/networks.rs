//! Networks of addresses, as people write them: `127.0.0.1, 10.0.0.0/8, fd00::/8`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::fault::Rule;
use super::values::Value;

/// Networks at most: every address of a request is held against each.
const NETWORKS: usize = 64;

/// Networks, at most [`NETWORKS`]; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<(IpAddr, u8)>);

const RULE: Rule = Rule {
    zh: "应为以逗号分隔的IP地址或网段，如 127.0.0.1, 10.0.0.0/8, fd00::/8",
    en: "addresses or networks are separated by commas, for example 127.0.0.1, 10.0.0.0/8, fd00::/8",
};

const TOO_MANY: Rule = Rule {
    zh: "最多64个地址或网段，请合并为更大的网段",
    en: "there are at most 64 addresses or networks: write larger networks",
};

impl Networks {
    /// Whether one of them holds `address`.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(network, bits)| match (network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(*bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(*bits)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        })
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Networks {
    type Err = Rule;

    fn from_str(text: &str) -> Result<Self, Rule> {
        let one = |text: &str| {
            let (address, bits) = text.trim().split_once('/').map_or((text.trim(), None), |(a, bits)| (a, Some(bits)));
            let address: IpAddr = address.parse().map_err(|_| RULE)?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Ok(most), str::parse).map_err(|_| RULE)?;
            if bits > most { Err(RULE) } else { Ok((address, bits)) }
        };
        let parts = text.split(',').filter(|part| !part.trim().is_empty());
        if parts.clone().nth(NETWORKS).is_some() {
            return Err(TOO_MANY);
        }
        parts.map(one).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for Networks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (address, bits)) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{address}/{bits}")?;
        }
        Ok(())
    }
}

impl Value for Networks {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_what_begins_like_it() {
        let networks: Networks = "127.0.0.1, 10.0.0.0/8,fd00::/8, ::/128".parse().expect("valid");
        for (address, held) in [
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("::ffff:10.1.2.3", true),
            ("fd12::1", true),
            ("fe80::1", false),
        ] {
            assert_eq!(networks.contains(address.parse().expect("valid")), held, "{address}");
        }
        assert!("0.0.0.0/0".parse::<Networks>().expect("valid").contains("192.0.2.1".parse().expect("valid")));
        assert_eq!(networks.to_string().parse(), Ok(networks));
        assert!("".parse::<Networks>().expect("none").is_empty());
        let many = |count: usize| vec!["10.0.0.0/8"; count].join(",").parse::<Networks>();
        assert!(many(NETWORKS).is_ok());
        assert_eq!(many(NETWORKS + 1), Err(TOO_MANY));
        for text in ["x", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::/129", "10.0.0"] {
            assert!(text.parse::<Networks>().is_err(), "{text}");
        }
    }
}

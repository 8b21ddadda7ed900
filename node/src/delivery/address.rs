//! Which addresses a request on somebody's behalf may go to: those of the public internet, and what the operator allows
//! besides.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Networks;

/// Whether an operator has opened the network in which `address` lies.
pub(crate) fn opened(allowed: &Networks, address: IpAddr) -> bool {
    allowed.contains(unmapped(address))
}

/// Whether a request may go to `address`.
pub(crate) fn permitted(allowed: &Networks, address: IpAddr) -> bool {
    is_public(unmapped(address)) || opened(allowed, address)
}

/// An IPv4 address in the forms that IPv6 gives it (mapped, compatible, NAT64, 6to4) as itself: what is reached is that.
fn unmapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let last = || Ipv4Addr::from((u32::from(g) << 16) | u32::from(h));
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => IpAddr::V4(last()),
        (0, 0, 0, 0, 0, 0) if g != 0 || h > 1 => IpAddr::V4(last()),
        (0x2002, high, low, _, _, _) => IpAddr::V4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low))),
        _ => address,
    }
}

/// Whether an address is of the public internet (IANA's special-purpose registries say which are not).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn same(a: u32, b: u32, bits: u32) -> bool {
    (a ^ b) >> (32 - bits) == 0
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    // RFC 6890 and its successors: this network, private, shared (CGNAT), loopback, link-local with the metadata
    // services of clouds, protocol assignments, documentation, 6to4 relays, benchmarks, multicast, reserved, broadcast.
    const SPECIAL: [(Ipv4Addr, u32); 15] = [
        (Ipv4Addr::new(0, 0, 0, 0), 8),
        (Ipv4Addr::new(10, 0, 0, 0), 8),
        (Ipv4Addr::new(100, 64, 0, 0), 10),
        (Ipv4Addr::new(127, 0, 0, 0), 8),
        (Ipv4Addr::new(169, 254, 0, 0), 16),
        (Ipv4Addr::new(172, 16, 0, 0), 12),
        (Ipv4Addr::new(192, 0, 0, 0), 24),
        (Ipv4Addr::new(192, 0, 2, 0), 24),
        (Ipv4Addr::new(192, 88, 99, 0), 24),
        (Ipv4Addr::new(192, 168, 0, 0), 16),
        (Ipv4Addr::new(198, 18, 0, 0), 15),
        (Ipv4Addr::new(198, 51, 100, 0), 24),
        (Ipv4Addr::new(203, 0, 113, 0), 24),
        (Ipv4Addr::new(224, 0, 0, 0), 4),
        (Ipv4Addr::new(240, 0, 0, 0), 4),
    ];
    !SPECIAL.iter().any(|(base, bits)| same(u32::from(*base), u32::from(address), *bits))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Global unicast is 2000::/3; within it protocol assignments (Teredo, ORCHID …) and documentation.
    let global = a & 0xe000 == 0x2000;
    let assignments = a == 0x2001 && b < 0x0200;
    let documentation = (a == 0x2001 && b == 0x0db8) || (a == 0x3fff && b < 0x1000);
    global && !assignments && !documentation
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn may(address: &str, allowed: &str) -> bool {
        permitted(&allowed.parse().unwrap(), address.parse().unwrap())
    }

    #[test]
    fn nothing_but_the_public_internet_is_reached() {
        for address in ["8.8.8.8", "223.5.5.5", "172.32.0.1", "100.128.0.1", "2400:3200::1", "64:ff9b::8.8.8.8"] {
            assert!(may(address, ""), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:0a00:0001::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!may(address, ""), "{address}");
        }
    }

    #[test]
    fn an_operator_allows_networks_and_no_more() {
        let allowed = "127.0.0.0/8, 10.1.0.0/16,fd00::/8, 192.168.1.7";
        for address in ["127.0.0.1", "::ffff:127.0.0.1", "10.1.255.255", "fd00::1", "192.168.1.7"] {
            assert!(may(address, allowed), "{address}");
        }
        for address in ["10.2.0.1", "192.168.1.8", "fc00::1", "::1", "169.254.169.254"] {
            assert!(!may(address, allowed), "{address}");
        }
        assert!(may("10.9.9.9", "0.0.0.0/0") && may("::1", "::/0"));
    }

    proptest! {
        /// Whatever form IPv6 gives an IPv4 address, it is judged as that.
        #[test]
        fn an_ipv4_address_is_judged_alike_in_every_form(octets in any::<[u8; 4]>()) {
            let v4 = Ipv4Addr::from(octets);
            let [a, b, c, d] = octets;
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            let none = Networks::default();
            let plain = permitted(&none, v4.into());
            prop_assert_eq!(permitted(&none, v4.to_ipv6_mapped().into()), plain);
            prop_assert_eq!(permitted(&none, Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low).into()), plain);
            prop_assert_eq!(permitted(&none, Ipv6Addr::new(0x2002, high, low, 1, 0, 0, 0, 1).into()), plain);
        }
    }
}

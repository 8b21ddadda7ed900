//! Values as people write them: `64 MiB`, `30s`, `host:port`.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use duikou_proto::language::Language;
use duikou_proto::name::{MemberId, NetworkName};

use super::fault::Rule;
use super::listeners::WebTls;
use super::sending::MailTls;
use crate::live::Askers;
use crate::trust::Proxy;
use crate::typed::text::folded;

/// A number of bytes, written `4096`, `64 KiB`, `64 MiB` or `2 GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(u64);

const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];
const SIZE_RULE: Rule = Rule {
    zh: "应为字节数，如 4096、64 KiB、64 MiB、2 GiB",
    en: "a size is written 4096, 64 KiB, 64 MiB or 2 GiB",
};

impl Size {
    /// So many MiB.
    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    /// So many bytes.
    pub const fn of(bytes: usize) -> Self {
        Self(bytes as u64)
    }

    /// In bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = Rule;

    fn from_str(text: &str) -> Result<Self, Rule> {
        let (number, unit) = number_and_unit(text).ok_or(SIZE_RULE)?;
        let factor = if unit.is_empty() {
            1
        } else {
            SIZES.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor).ok_or(SIZE_RULE)?
        };
        number.checked_mul(factor).map(Self).ok_or(SIZE_RULE)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) =
            SIZES.iter().find(|(_, factor)| self.0 != 0 && self.0.is_multiple_of(*factor)).unwrap_or(&("B", 1));
        write!(f, "{} {unit}", self.0 / factor)
    }
}

/// A number of 1 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(NonZeroU32);

impl Count {
    /// So many; none counts as one.
    pub const fn new(count: u32) -> Self {
        match NonZeroU32::new(count) {
            Some(count) => Self(count),
            None => Self(NonZeroU32::MIN),
        }
    }

    /// The number.
    pub const fn number(self) -> NonZeroU32 {
        self.0
    }
}

impl FromStr for Count {
    type Err = Rule;

    fn from_str(text: &str) -> Result<Self, Rule> {
        text.trim().parse().map(Self).map_err(|_| Rule {
            zh: "应为正整数，如 2000",
            en: "a whole number of 1 or more is wanted, for example 2000",
        })
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A length of time, written `500ms`, `30s`, `5m`, `2h` or `7d`, in words (`30分钟`, `1 hour`), or in several of them,
/// the longest first (`1小时30分钟`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(Duration);

const UNITS_MS: [(&str, u64); 5] =
    [("d", 24 * 60 * 60 * 1000), ("h", 60 * 60 * 1000), ("m", 60 * 1000), ("s", 1000), ("ms", 1)];
/// What people say for each unit, in small letters.
const UNIT_WORDS: [(&str, &[&str]); 5] = [
    ("d", &["d", "天", "日", "day", "days"]),
    ("h", &["h", "小时", "个小时", "时", "hour", "hours", "hr", "hrs"]),
    ("m", &["m", "分钟", "分", "minute", "minutes", "min", "mins"]),
    ("s", &["s", "秒", "秒钟", "second", "seconds", "sec", "secs"]),
    ("ms", &["ms", "毫秒", "millisecond", "milliseconds"]),
];
const SECONDS_RULE: Rule = Rule {
    zh: "应为时长，如 30秒、5分钟、2小时、7天，或 30s、5m、2h、7d",
    en: "a length of time is wanted, such as 30 s, 5 min, 2 h or 7 days, or 30s, 5m, 2h, 7d",
};

impl Seconds {
    /// So many seconds.
    pub const fn new(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// As the standard library has it.
    pub const fn duration(self) -> Duration {
        self.0
    }

    /// As people say it, which reads as the same: `30分钟`, `30 min`.
    pub fn said(self, language: Language) -> String {
        let (count, unit) = self.counted();
        let (zh, en) = match unit {
            "d" => ("天", if count == 1 { "day" } else { "days" }),
            "h" => ("小时", "h"),
            "m" => ("分钟", "min"),
            "ms" => ("毫秒", "ms"),
            _ => ("秒", "s"),
        };
        match language {
            Language::Zh => format!("{count}{zh}"),
            Language::En => format!("{count} {en}"),
        }
    }

    /// In the longest unit of which it is a whole number.
    fn counted(self) -> (u64, &'static str) {
        let ms = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let (unit, factor) =
            UNITS_MS.iter().find(|(_, factor)| ms != 0 && ms.is_multiple_of(*factor)).unwrap_or(&("s", 1000));
        (ms / factor, unit)
    }
}

impl FromStr for Seconds {
    type Err = Rule;

    fn from_str(text: &str) -> Result<Self, Rule> {
        let text = folded(text).to_lowercase();
        let (mut rest, mut total, mut before) = (&*text, 0_u64, u64::MAX);
        while !rest.is_empty() {
            let (number, unit) = number_and_unit(rest).ok_or(SECONDS_RULE)?;
            let end = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
            let (unit, more) = unit.split_at(end);
            let factor = unit_ms(unit).filter(|factor| *factor < before).ok_or(SECONDS_RULE)?;
            total = number.checked_mul(factor).and_then(|ms| total.checked_add(ms)).ok_or(SECONDS_RULE)?;
            (rest, before) = (more, factor);
        }
        if text.is_empty() { Err(SECONDS_RULE) } else { Ok(Self(Duration::from_millis(total))) }
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = self.counted();
        write!(f, "{count}{unit}")
    }
}

/// The milliseconds of a unit, by what people say for it.
fn unit_ms(said: &str) -> Option<u64> {
    let (unit, _) = UNIT_WORDS.iter().find(|(_, words)| words.contains(&said))?;
    UNITS_MS.iter().find(|(name, _)| name == unit).map(|(_, factor)| *factor)
}

fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

/// A host and a port to dial: `gateway.example:7443`, `192.0.2.1:7443`, `[2001:db8::1]:7443`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPort {
    host: String,
    port: u16,
}

impl HostPort {
    /// The name or address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for HostPort {
    type Err = Rule;

    fn from_str(text: &str) -> Result<Self, Rule> {
        const RULE: Rule = Rule {
            zh: "应为 主机:端口，如 gateway.example:7443",
            en: "it is written host:port, for example gateway.example:7443",
        };
        let (host, port) = text.rsplit_once(':').ok_or(RULE)?;
        let port = port.parse().map_err(|_| RULE)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let address = rest.strip_suffix(']').ok_or(RULE)?;
                address.parse::<std::net::Ipv6Addr>().map_err(|_| RULE)?;
                address
            }
            None => host,
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
        let bare_v6 = host.contains(':') && !text.starts_with('[');
        if host.is_empty() || host.len() > 253 || bare_v6 || !host.bytes().all(plain) {
            return Err(RULE);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Members, written with commas between their full ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members(pub BTreeSet<MemberId>);

impl FromStr for Members {
    type Err = Rule;

    fn from_str(text: &str) -> Result<Self, Rule> {
        let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
        let ids = ids.take(NAMED + 1).map(MemberId::read).collect::<Result<BTreeSet<_>, _>>()?;
        if ids.len() > NAMED {
            return Err(Rule { zh: "最多1000个成员", en: "there may be 1,000 members" });
        }
        Ok(Self(ids))
    }
}

impl fmt::Display for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&str> = self.0.iter().map(MemberId::as_str).collect();
        f.write_str(&ids.join(", "))
    }
}

/// Members that are named.
const NAMED: usize = 1_000;

/// Ports in one list.
const PORTS: usize = 64;

/// TCP ports, written `443` or `[443, 8443]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports(Vec<u16>);

impl Ports {
    /// These.
    pub fn new(ports: impl IntoIterator<Item = u16>) -> Self {
        Self(ports.into_iter().collect())
    }

    /// Each of them.
    pub fn as_slice(&self) -> &[u16] {
        &self.0
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(u16::to_string).collect::<Vec<_>>().join(", "))
    }
}

/// A type that a setting can have.
pub(super) trait Value: Sized {
    /// Reads what people write.
    fn read(text: &str) -> Result<Self, Rule>;
}

impl Value for Size {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse()
    }
}

impl Value for Seconds {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse()
    }
}

impl Value for Count {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse()
    }
}

impl Value for HostPort {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse()
    }
}

impl Value for Proxy {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse().map_err(|_| Rule {
            zh: "应为 主机:端口，或 http://用户名:密码@主机:端口（特殊字符用百分号编码）",
            en: "it is written host:port, or http://user:password@host:port with special characters percent-encoded",
        })
    }
}

impl Value for SocketAddr {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse().map_err(|_| Rule {
            zh: "应为 IP:端口，如 127.0.0.1:8443 或 [::]:8443",
            en: "it is written IP:port, for example 127.0.0.1:8443 or [::]:8443",
        })
    }
}

impl Value for PathBuf {
    fn read(text: &str) -> Result<Self, Rule> {
        if text.is_empty() {
            return Err(Rule { zh: "路径不能为空", en: "a path is not empty" });
        }
        Ok(Self::from(text))
    }
}

impl Value for MemberId {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse().map_err(|_| Rule {
            zh: "应为完整标识，如 shenzhen.pprd.example",
            en: "it is a full id, for example shenzhen.pprd.example",
        })
    }
}

impl Value for Members {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse()
    }
}

impl Value for Askers {
    fn read(text: &str) -> Result<Self, Rule> {
        Self::ALL.iter().find(|(word, _)| *word == text).map(|(_, askers)| *askers).ok_or(Rule {
            zh: "应为 none、named、circles、network 或 registered",
            en: "it is none, named, circles, network or registered",
        })
    }
}

impl Value for NetworkName {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse().map_err(|_| Rule {
            zh: "应为网络名称，如 pprd.example",
            en: "it is the name of a network, for example pprd.example",
        })
    }
}

impl Value for WebTls {
    fn read(text: &str) -> Result<Self, Rule> {
        match text {
            "network" => Ok(Self::Network),
            "files" => Ok(Self::Files),
            "off" => Ok(Self::Off),
            _ => Err(Rule { zh: "应为 network、files 或 off", en: "it is network, files or off" }),
        }
    }
}

impl Value for Ports {
    fn read(text: &str) -> Result<Self, Rule> {
        let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port != 0);
        let ports: Option<Vec<u16>> = text.split(',').map(port).collect();
        ports
            .filter(|ports| (1..=PORTS).contains(&ports.len()))
            .map(Self)
            .ok_or(Rule {
                zh: "应为端口列表，如 [443, 8443]", en: "it is a list of ports, for example [443, 8443]"
            })
    }
}

impl Value for String {
    fn read(text: &str) -> Result<Self, Rule> {
        if text.is_empty() {
            return Err(Rule { zh: "不能为空", en: "it is not empty" });
        }
        Ok(text.to_owned())
    }
}

impl Value for bool {
    fn read(text: &str) -> Result<Self, Rule> {
        text.trim().parse().map_err(|_| Rule { zh: "应为 true 或 false", en: "it is true or false" })
    }
}

impl Value for lettre::message::Mailbox {
    fn read(text: &str) -> Result<Self, Rule> {
        text.parse().map_err(|_| Rule {
            zh: "应为发件人，如 对口合作 <no-reply@duikou.example>",
            en: "it is a sender, for example Duikou <no-reply@duikou.example>",
        })
    }
}

impl Value for MailTls {
    fn read(text: &str) -> Result<Self, Rule> {
        match text {
            "implicit" => Ok(Self::Implicit),
            "starttls" => Ok(Self::Starttls),
            "off" => Ok(Self::Off),
            _ => Err(Rule { zh: "应为 implicit、starttls 或 off", en: "it is implicit, starttls or off" }),
        }
    }
}

impl<T: Value> Value for Option<T> {
    fn read(text: &str) -> Result<Self, Rule> {
        T::read(text).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [("0", 0), ("4096", 4096), ("64 KiB", 65536), ("64MiB", 67_108_864), (" 2 GiB ", 2 << 30)]
        {
            assert_eq!(text.parse::<Size>().map(Size::bytes), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "64 MB", "-1", "1.5 GiB", "99999999999 GiB", "64 mib"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_of_time_are_read_as_people_write_them() {
        for (text, ms) in [("500ms", 500), ("30s", 30_000), ("5 m", 300_000), ("2h", 7_200_000), ("7d", 604_800_000)] {
            assert_eq!(text.parse::<Seconds>().map(|s| s.duration().as_millis()), Ok(ms), "{text}");
        }
        for (text, seconds) in [
            ("30分钟", 1800),
            ("1小时", 3600),
            ("90秒", 90),
            ("１２ 个小时", 43_200),
            ("7天", 604_800),
            ("30 minutes", 1800),
            ("30 min", 1800),
            ("12 h", 43_200),
            ("1 Hour", 3600),
            ("1小时30分钟", 5400),
            ("1h30m", 5400),
            ("1 day 12 hours", 129_600),
        ] {
            assert_eq!(text.parse(), Ok(Seconds::new(seconds)), "{text}");
        }
        for text in [
            "",
            "30",
            "s",
            "-1s",
            "1.5h",
            "1w",
            "99999999999999999d",
            "半天",
            "分钟",
            "30m1h",
            "5m5m",
            "1h30",
            "30分钟后",
        ] {
            assert!(text.parse::<Seconds>().is_err(), "{text}");
        }
    }

    #[test]
    fn hosts_keep_their_brackets_outside() {
        for text in ["gateway.example:7443", "192.0.2.1:0", "[2001:db8::1]:7443", "localhost:1"] {
            assert_eq!(text.parse::<HostPort>().map(|h| h.to_string()).as_deref(), Ok(text));
        }
        for text in ["gateway.example", ":7443", "2001:db8::1:7443", "[x]:1", "a b:1", "host:70000", "https://a:1"] {
            assert!(text.parse::<HostPort>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bytes in any::<u64>(), ms in 0u64..1 << 50) {
            prop_assert_eq!(Size(bytes).to_string().parse(), Ok(Size(bytes)));
            let time = Seconds(Duration::from_millis(ms));
            prop_assert_eq!(time.to_string().parse(), Ok(time));
            for language in [Language::Zh, Language::En] {
                prop_assert_eq!(time.said(language).parse(), Ok(time));
            }
        }
    }
}

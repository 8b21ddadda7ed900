//! Why a server writes nothing for now.

use std::fmt;

use duikou_proto::language::Text;

/// It reads on, and writes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halt {
    /// Another process runs under its identity.
    Twice,
    /// Its clock is not its gateway's.
    Clock {
        /// How far it is ahead; behind where negative.
        ahead_seconds: i64,
    },
}

/// On which side of another clock one lies.
fn side(ahead: i64) -> Text {
    if ahead < 0 { Text::new("慢", "behind") } else { Text::new("快", "ahead of") }
}

impl Halt {
    /// A stable word.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Twice => "DUPLICATE_NODE",
            Self::Clock { .. } => "CLOCK_OFF",
        }
    }

    /// It in words.
    pub fn text(self) -> Text {
        match self {
            Self::Twice => {
                Text::new("同一身份有另一个进程在运行", "another process runs with this node's identity and data")
            }
            Self::Clock { ahead_seconds } => {
                let (seconds, side) = (ahead_seconds.unsigned_abs(), side(ahead_seconds));
                Text::new(
                    format!("本机时钟比网关{} {seconds} 秒", side.zh),
                    format!("this machine's clock is {seconds} s {} the gateway's", side.en),
                )
            }
        }
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason(), self.text().en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_ahead_or_behind_and_never_by_less_than_nothing() {
        let behind = Halt::Clock { ahead_seconds: -1499 };
        assert_eq!(behind.text().zh, "本机时钟比网关慢 1499 秒");
        assert_eq!(behind.text().en, "this machine's clock is 1499 s behind the gateway's");
        assert_eq!(behind.to_string(), format!("CLOCK_OFF: {}", behind.text().en));
        assert_eq!(Halt::Clock { ahead_seconds: 700 }.text().zh, "本机时钟比网关快 700 秒");
        assert!(Halt::Twice.to_string().starts_with(Halt::Twice.reason()));
    }
}

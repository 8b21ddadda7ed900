//! Why a link is down, in words for people, and with whom it lies to mend it.

use duikou_proto::directory::DirectoryError;
use duikou_proto::language::Text;
use tonic::Code;

use super::end::{Ended, SCOPES, TWICE};
use super::said::said;
use crate::engine::WriteError;
use crate::store::StoreError;

/// What is to be looked at where a link is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cause {
    /// The way to the peer, or the peer.
    #[default]
    Way,
    /// Nothing: it begins anew by itself.
    Anew,
    /// The peer, which has not come since this process began.
    Unheard,
    /// One of both clocks.
    Clock,
    /// The disk of this server.
    Store,
    /// Two processes run under one identity.
    Twice,
}

impl Ended {
    pub(crate) fn cause(&self) -> Cause {
        match self {
            Self::Scopes | Self::Ahead => Cause::Anew,
            Self::Clock(_) => Cause::Clock,
            Self::Store(_) | Self::Write(_) => Cause::Store,
            Self::Goodbye { code, .. } if code == SCOPES => Cause::Anew,
            Self::Goodbye { code, .. } if code == TWICE => Cause::Twice,
            Self::Stopped
            | Self::Dead
            | Self::Gone
            | Self::Late(_)
            | Self::Refused { .. }
            | Self::Dial { .. }
            | Self::RolledBack
            | Self::Broken(_)
            | Self::Goodbye { .. }
            | Self::DirectoryBehind { .. }
            | Self::Protocol(_)
            | Self::Directory(_) => Cause::Way,
        }
    }

    /// Why, in both languages and in plain words: those of the system, of libraries and of the peer are in [`Ended::told`].
    pub(crate) fn text(&self) -> Text {
        let Text { zh, en } = self.plain();
        Text::new(said(&zh), said(&en))
    }

    fn plain(&self) -> Text {
        match self {
            Self::Scopes => {
                Text::new("节点可见的范围有变化，正在重新连接", "what the node may see has changed; it connects anew")
            }
            Self::Ahead => Text::new(
                "时钟曾经超前，其间签署的记录正在重新签署",
                "a clock was ahead, and what was signed meanwhile is being signed anew",
            ),
            Self::Stopped => Text::new("本机正在停止", "this server is being stopped"),
            Self::Dead => Text::new("对端没有响应", "the peer does not answer"),
            Self::Gone => broken(),
            Self::Late(step) => Text::new(format!("{}超过时限没有完成", step.chinese()), self.to_string()),
            Self::Dial { text, .. } => text.clone(),
            Self::Refused { code, .. } => match code {
                Code::Unauthenticated => {
                    Text::new("对端不承认本节点的证书", "the peer does not accept the certificate of this node")
                }
                Code::ResourceExhausted => {
                    Text::new("对端认为本节点的连接过多", "the peer says that this node has too many connections open")
                }
                // The connection broke under the call, in as many words as there are libraries.
                Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal => broken(),
                _ => Text::new("对端拒绝了连接", "the peer refused the connection"),
            },
            Self::Goodbye { code, .. } if code == SCOPES => Self::Scopes.plain(),
            Self::Goodbye { code, .. } if code == TWICE => {
                Text::new("同一身份有两个进程在运行", "two processes run under one identity")
            }
            Self::Goodbye { code, .. } if code == "PROTOCOL" => {
                Text::new("对端认为本端违反协议", "the peer says that this end does not keep to the protocol")
            }
            Self::Goodbye { .. } => Text::new("对端断开了连接", "the peer closed the connection"),
            Self::DirectoryBehind { theirs, here } => {
                Text::new(format!("对端的名录止于第 {theirs} 条，本机已有第 {here} 条：它退回了从前"), self.to_string())
            }
            Self::RolledBack => {
                Text::new("本机的数据退回了从前，正在重新连接", "the data here is of an earlier time; it connects anew")
            }
            Self::Broken(_) => broken(),
            Self::Clock(_) => {
                Text::new("证书的有效期与时钟不符", "the dates of a certificate do not agree with the clock")
            }
            Self::Protocol(_) => Text::new("对端不遵守协议", "the peer does not keep to the protocol"),
            Self::Store(error) => of_store(error),
            Self::Write(WriteError::Store(error)) => of_store(error),
            Self::Write(WriteError::Closed) => Self::Stopped.plain(),
            Self::Directory(error) => Text::new(of_directory(error), error.to_string()),
        }
    }
}

fn broken() -> Text {
    Text::new("连接已断开", "the connection broke off")
}

/// Not in the words of a database.
fn of_store(error: &StoreError) -> Text {
    match error {
        StoreError::Full(_) => Text::new("本机磁盘已满", "the disk of this server is full"),
        StoreError::Newer { .. }
        | StoreError::Inconsistent { .. }
        | StoreError::Damaged(_)
        | StoreError::Database(_) => {
            Text::new("本机的数据无法读写", "the data of this server cannot be read or written")
        }
    }
}

fn of_directory(error: &DirectoryError) -> String {
    match error {
        DirectoryError::Malformed { index, .. } => format!("第 {index} 条名录条目格式错误"),
        DirectoryError::Gap { expected, got } => format!("应为第 {expected} 条名录条目，来的是第 {got} 条"),
        DirectoryError::Fork { index } => format!("名录自第 {index} 条起与本机的不同"),
        DirectoryError::Signature { index, by } => {
            let by = match *by {
                "the root" => "根密钥",
                "the directory key" => "目录密钥",
                _ => "成员的上一把密钥",
            };
            format!("第 {index} 条名录条目没有{by}的签名")
        }
        DirectoryError::Root { expected, got } => format!("网络的根密钥是 {got}，不是 {expected}"),
        DirectoryError::Contradiction { index, .. } => format!("第 {index} 条名录条目与之前的矛盾"),
    }
}

/// A step of the beginning that has a time within which it must be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Making the connection.
    Dialling,
    /// The first frames.
    Hello,
    /// The directory that is lacking.
    Directory,
    /// A lane that is read.
    Pull,
    /// A lane that is written.
    Push,
    /// Own records that come back.
    Recovery,
}

impl Step {
    fn chinese(self) -> &'static str {
        match self {
            Self::Dialling => "拨号",
            Self::Hello => "握手",
            Self::Directory => "取回名录",
            Self::Pull => "打开接收通道",
            Self::Push => "打开发送通道",
            Self::Recovery => "取回本机成员的记录",
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dialling => "dialling",
            Self::Hello => "hello",
            Self::Directory => "the directory",
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Recovery => "recovery",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn every_usual_reason_is_told_in_the_readers_language() {
        let full = || StoreError::Full("code 13".into());
        let goodbye = |code: &str| Ended::Goodbye { code: code.to_owned(), detail: "so it is".to_owned() };
        for (ended, cause) in [
            (Ended::Scopes, Cause::Anew),
            (Ended::Ahead, Cause::Anew),
            (Ended::Dead, Cause::Way),
            (Ended::Gone, Cause::Way),
            (Ended::Late(Step::Hello), Cause::Way),
            (Ended::Clock("certificate expired".to_owned()), Cause::Clock),
            (Ended::Store(full()), Cause::Store),
            (Ended::Write(WriteError::Store(Arc::new(full()))), Cause::Store),
            (goodbye(SCOPES), Cause::Anew),
            (goodbye(TWICE), Cause::Twice),
            (Ended::DirectoryBehind { theirs: 3, here: 4 }, Cause::Way),
            (Ended::Directory(DirectoryError::Signature { index: 3, by: "the directory key" }), Cause::Way),
            (goodbye("OTHER"), Cause::Way),
            (Ended::Broken("RAW".to_owned()), Cause::Way),
            (Ended::Protocol("RAW".to_owned()), Cause::Way),
            (Ended::RolledBack, Cause::Way),
            (Ended::Dial { text: broken(), why: "RAW".to_owned() }, Cause::Way),
            (tonic::Status::permission_denied("RAW").into(), Cause::Way),
            (tonic::Status::unavailable("error reading a body from connection").into(), Cause::Way),
        ] {
            let text = ended.text();
            for raw in ["RAW", "so it is", "expired", "code 13", "reading a body"] {
                assert!(!text.en.contains(raw), "{text:?} is in the words of a machine");
            }
            assert!(!text.zh.chars().any(|c| c.is_ascii_alphabetic()), "{text:?}");
            assert!(text.en.is_ascii() && !text.en.is_empty(), "{text:?}");
            assert_eq!(ended.cause(), cause, "{text:?}");
        }
    }
}

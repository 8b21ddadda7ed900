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
            | Self::Dial(_)
            | Self::Broken(_)
            | Self::Goodbye { .. }
            | Self::DirectoryBehind { .. }
            | Self::Protocol(_)
            | Self::Directory(_) => Cause::Way,
        }
    }

    /// Why, in both languages. Some of the words are the peer's, or the system's.
    pub(crate) fn text(&self) -> Text {
        let full = |error: &StoreError| matches!(error, StoreError::Full(_));
        let en = match self {
            // Not in the words of a database.
            Self::Store(error) if full(error) => "the disk of this server is full".to_owned(),
            Self::Write(WriteError::Store(error)) if full(error) => "the disk of this server is full".to_owned(),
            _ => self.told(),
        };
        Text::new(said(&self.chinese()), en)
    }

    fn chinese(&self) -> String {
        match self {
            Self::Scopes => "节点可见的范围有变化，正在重新连接".to_owned(),
            Self::Ahead => "时钟曾经超前，其间签署的记录正在重新签署".to_owned(),
            Self::Stopped => "本机正在停止".to_owned(),
            Self::Dead => "对端没有响应".to_owned(),
            Self::Gone => "连接已断开".to_owned(),
            Self::Late(step) => format!("{}超过时限没有完成", step.chinese()),
            Self::Dial(text) => text.zh.clone(),
            Self::Refused { code, text } => match code {
                Code::Unauthenticated => "对端不承认本节点的证书".to_owned(),
                Code::ResourceExhausted => "对端认为本节点的连接过多".to_owned(),
                // The connection broke under the call, in as many words as there are libraries.
                Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal => "连接已断开".to_owned(),
                _ => format!("对端拒绝：{text}"),
            },
            Self::Goodbye { code, .. } if code == SCOPES => Self::Scopes.chinese(),
            Self::Goodbye { code, .. } if code == TWICE => "同一身份有两个进程在运行".to_owned(),
            Self::Goodbye { code, detail } if code == "PROTOCOL" => format!("对端认为本端违反协议：{detail}"),
            Self::Goodbye { code, detail } => format!("对端断开：{code} {detail}"),
            Self::DirectoryBehind { theirs, here } => {
                format!("对端的名录止于第 {theirs} 条，本机已有第 {here} 条：它退回了从前")
            }
            Self::Broken(text) => format!("连接中断：{text}"),
            Self::Clock(_) => "证书的有效期与时钟不符".to_owned(),
            Self::Protocol(text) => format!("对端不遵守协议：{text}"),
            Self::Store(error) => of_store(error).to_owned(),
            Self::Write(WriteError::Store(error)) => of_store(error).to_owned(),
            Self::Write(WriteError::Closed) => Self::Stopped.chinese(),
            Self::Directory(error) => of_directory(error),
        }
    }
}

fn of_store(error: &StoreError) -> &'static str {
    match error {
        StoreError::Full(_) => "本机磁盘已满",
        StoreError::Newer { .. } | StoreError::Inconsistent { .. } | StoreError::Database(_) => "本机的数据无法读写",
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
            (tonic::Status::unavailable("error reading a body from connection").into(), Cause::Way),
        ] {
            let text = ended.text();
            assert!(!text.zh.chars().any(|c| c.is_ascii_alphabetic()), "{text:?}");
            assert!(text.en.is_ascii() && !text.en.is_empty(), "{text:?}");
            assert_eq!(ended.cause(), cause, "{text:?}");
        }
    }
}

//! What the system, a library or the protocol says, in words for people. What is told in none of them stays as it is.

use std::error::Error;
use std::io;

use rustls::CertificateError;
use tonic::Code;

use super::language::Text;

/// An error of the operating system.
pub(crate) fn of_system(error: &io::Error) -> Option<Text> {
    use io::ErrorKind as Is;
    if let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return of_tls(error);
    }
    let (zh, en) = match error.kind() {
        Is::NotFound => ("没有这个文件或目录", "there is no such file or folder"),
        Is::PermissionDenied => ("没有权限", "this user may not do that"),
        Is::AlreadyExists => ("已经存在", "it is there already"),
        Is::IsADirectory => ("是目录，不是文件", "it is a folder and no file"),
        Is::NotADirectory => ("不是目录", "it is no folder"),
        Is::DirectoryNotEmpty => ("目录不是空的", "the folder is not empty"),
        Is::StorageFull => ("磁盘已满", "the disk is full"),
        Is::QuotaExceeded => ("超出磁盘配额", "the quota of the disk is used up"),
        Is::ReadOnlyFilesystem => ("文件系统只读", "the disk may only be read"),
        Is::FileTooLarge => ("文件过大", "the file is too large"),
        Is::InvalidData => ("内容不是 UTF-8 文本，或已损坏", "what it holds is no text in UTF-8, or damaged"),
        Is::InvalidInput => ("名称或路径无效", "the name or path is not valid"),
        Is::InvalidFilename => ("名称无效或过长", "the name is not valid, or too long"),
        Is::ConnectionRefused => ("对方拒绝连接，可能没有运行", "it refuses the connection; perhaps it is not running"),
        Is::ConnectionReset | Is::ConnectionAborted | Is::BrokenPipe | Is::UnexpectedEof | Is::NotConnected => {
            ("连接被中断", "the connection broke off")
        }
        Is::HostUnreachable | Is::NetworkUnreachable | Is::NetworkDown => ("网络不通", "the network does not reach it"),
        Is::TimedOut => ("没有答复", "there is no answer"),
        Is::AddrInUse => ("地址或端口已被占用", "the address or port is taken"),
        Is::AddrNotAvailable => ("本机没有这个地址", "this machine does not have that address"),
        Is::ResourceBusy | Is::WouldBlock => ("正被使用", "it is in use"),
        _ if error.to_string().contains("lookup") => ("找不到这个主机名", "there is no host of this name"),
        _ => return None,
    };
    Some(Text::new(zh, en))
}

fn of_tls(error: &rustls::Error) -> Option<Text> {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };
    let (zh, en) = match error {
        rustls::Error::InvalidCertificate(UnknownIssuer) => {
            ("它的证书不是所信任的机构签发的", "its certificate is of no authority that is trusted")
        }
        rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            ("它的证书不是为这个主机名签发的", "its certificate is for another host")
        }
        rustls::Error::InvalidCertificate(
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. },
        ) => (
            "它的证书已过期或尚未生效，或本机时钟有误",
            "its certificate has ended or not begun, or this clock is wrong",
        ),
        rustls::Error::InvalidCertificate(_) => ("它的证书无效", "its certificate is not valid"),
        rustls::Error::InvalidMessage(_) => ("它说的不是 TLS", "it does not speak TLS"),
        rustls::Error::AlertReceived(_) => ("它拒绝了加密连接", "it refuses the secure connection"),
        _ => return None,
    };
    Some(Text::new(zh, en))
}

/// The system's error behind another one, where there is one.
pub(crate) fn behind<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let causes = std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source());
    let mut found = causes.filter_map(|error| error.downcast_ref::<io::Error>()).last()?;
    // One that only wraps another does not call it its source.
    while let Some(inner) = found.get_ref().and_then(|inner| inner.downcast_ref()) {
        found = inner;
    }
    Some(found)
}

/// Why a connection was not made or broke off: in words where they are known, else what the innermost part says.
pub(crate) fn of_connection<'a>(error: &'a (dyn Error + 'static)) -> Text {
    let known = behind(error).and_then(of_system);
    known.unwrap_or_else(|| {
        let innermost =
            std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source()).last();
        Text::same(innermost.unwrap_or(error).to_string())
    })
}

/// What a server means that says a code and nothing else.
pub(crate) fn of_code(code: Code) -> Text {
    let (zh, en) = match code {
        Code::Ok => ("成功", "it is done"),
        Code::Cancelled => ("调用被取消", "the call was given up"),
        Code::Unknown => ("服务器出错，原因不明", "the server failed, and does not say why"),
        Code::InvalidArgument => ("请求有误", "the request is wrong"),
        Code::DeadlineExceeded => ("超时", "it took too long"),
        Code::NotFound => ("不存在", "there is no such thing"),
        Code::AlreadyExists => ("已经存在", "it is there already"),
        Code::PermissionDenied => ("不许可", "this is not permitted"),
        Code::ResourceExhausted => ("请求过多或超出限额", "too much at once, or over a limit"),
        Code::FailedPrecondition => ("目前的状态下不能这样做", "it is not possible in this state"),
        Code::Aborted => ("与别的改动冲突", "another change came between"),
        Code::OutOfRange => ("超出范围", "it is out of range"),
        Code::Unimplemented => ("服务器没有这个操作", "the server does not have this operation"),
        Code::Internal => ("服务器内部错误", "the server has a fault"),
        Code::Unavailable => ("服务暂不可用", "the server is not available"),
        Code::DataLoss => ("服务器的数据已损坏", "data of the server is damaged"),
        Code::Unauthenticated => ("需要有效的令牌", "a valid token is needed"),
    };
    Text::new(zh, en)
}

/// A text that is no JSON.
pub(crate) fn of_json(error: &serde_json::Error) -> Text {
    let zh = match error.classify() {
        serde_json::error::Category::Eof => "不是有效的 JSON：没有写完，有括号或引号没有闭合".to_owned(),
        _ => format!("不是有效的 JSON：第 {} 列附近有误，请检查逗号、引号和括号", error.column()),
    };
    Text::new(zh, format!("is not JSON: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_behind_an_error_is_told_in_both_languages() {
        let refused = io::Error::from_raw_os_error(111);
        let wrapped = io::Error::other(refused);
        let text = of_connection(&anyhow_like(wrapped));
        assert_eq!(
            (&*text.zh, &*text.en),
            ("对方拒绝连接，可能没有运行", "it refuses the connection; perhaps it is not running")
        );
        let untrusted = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let text = of_connection(&io::Error::new(io::ErrorKind::InvalidData, untrusted));
        assert!(text.zh.contains("不是所信任的机构签发的"), "{text:?}");
        let own = std::fmt::Error;
        assert_eq!(of_connection(&own).zh, own.to_string());
    }

    /// An error whose source is another one.
    fn anyhow_like(inner: io::Error) -> impl Error + 'static {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] io::Error);
        Outer(inner)
    }

    #[test]
    fn a_code_and_a_text_that_is_no_json_are_told_in_chinese() {
        for code in 0..17 {
            let text = of_code(Code::from(code));
            assert!(text.en.is_ascii() && !text.zh.is_ascii(), "{text:?}");
        }
        for (text, told) in [("{", "没有写完"), ("{\"a\":1,}", "第 8 列")] {
            let error = serde_json::from_str::<serde_json::Value>(text).unwrap_err();
            assert!(of_json(&error).zh.contains(told), "{text}: {:?}", of_json(&error));
        }
    }
}

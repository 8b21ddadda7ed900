//! What waits for the root key, as an alarm: it holds only once that has signed it.

use duikou_proto::directory::Directory;
use duikou_proto::federation::RootRequest;
use duikou_proto::federation::key::Purpose;
use duikou_proto::federation::root_request::Statement;
use duikou_proto::language::Text;
use prost::Message;

use super::{Alert, Failure};
use crate::engine::{Engine, facts};

/// Statements that are looked at.
const ROOT_REQUESTS: usize = 1_000;
/// Those that an alarm names.
const NAMED: usize = 8;

/// What the operator of a network has begun and only the root key can end.
pub(super) async fn alert(engine: &Engine) -> Result<Option<Alert>, Failure> {
    if !engine.identity().carrier {
        return Ok(None);
    }
    let directory = engine.directory();
    let waiting = engine.facts::<Vec<u8>>(facts::ROOT_REQUESTS, ROOT_REQUESTS).await?.into_iter();
    let statements = waiting.filter_map(|(_, bytes)| RootRequest::decode(&*bytes).ok()?.statement);
    let named: Vec<Text> = statements.filter_map(|statement| awaited(&directory, &statement)).collect();
    if named.is_empty() {
        return Ok(None);
    }
    let count = named.len();
    let list = |of: fn(&Text) -> &str, comma: &str| named.iter().take(NAMED).map(of).collect::<Vec<_>>().join(comma);
    Ok(Some(Alert {
        code: "ROOT_REQUESTS",
        message: Text::new(
            format!("有{count}项声明在等待根密钥签署：{}。", list(|text| &text.zh, "、")),
            format!("Waiting for the root key, {count} in all: {}.", list(|text| &text.en, ", ")),
        ),
        remedy: Text::new(
            "签署后才生效：duikou-gateway root list 取出，带到根密钥处 root sign，再 root apply；根密钥在手边时直接 root sign。",
            "Nothing of it holds before: carry what duikou-gateway root list writes to the root key, root sign it, and root apply it; where the key is at hand, root sign alone.",
        ),
    }))
}

/// What a statement is of; None where the directory has something newer in its place.
fn awaited(directory: &Directory, statement: &Statement) -> Option<Text> {
    match statement {
        Statement::Authority(_) => Some(Text::new("新的证书颁发机构", "a new certificate authority")),
        Statement::DirectoryKey(key) => {
            let open = directory.directory_key().is_none_or(|(number, _)| number < key.number);
            open.then(|| Text::new(format!("第 {} 号目录密钥", key.number), format!("directory key {}", key.number)))
        }
        Statement::MemberKey(key) => {
            let member = directory.member_by_text(&key.member)?;
            let held = match key.purpose() {
                Purpose::Signing => member.keys.newest().map_or(0, |newest| newest.number),
                Purpose::Encryption => member.encryption_key.number,
                Purpose::Unspecified => return None,
            };
            let (of, number) = (member.id.short(), key.number);
            let (zh, en) = match key.purpose() {
                Purpose::Encryption => {
                    (format!("{of} 的第 {number} 号加密密钥"), format!("encryption key {number} of {of}"))
                }
                _ => (format!("{of} 的第 {number} 号签名密钥"), format!("signing key {number} of {of}")),
            };
            (held < number).then(|| Text::new(zh, en))
        }
    }
}

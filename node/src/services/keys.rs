//! The keys of members, as the operator of a server sees and changes them.

use duikou_proto::directory::Member;
use duikou_proto::federation::key::Purpose;
use duikou_proto::hex::hex;
use duikou_proto::language::Text;
use duikou_proto::limits as contract;
use duikou_proto::name::MemberId;
use duikou_proto::v1::key_info;
use duikou_proto::v1::{KeyInfo, ListKeysResponse, RotateKeysRequest, RotateKeysResponse};
use duikou_proto::validate::reason;

use super::Context;
use super::error::Failure;
use crate::audit::{Action, Actor, Event};
use crate::engine::{Engine, facts};
use crate::keys::{RotateError, encryption_key_file};
use crate::time::timestamp;

/// Rows of a member that are looked at to count what is not signed anew yet.
const ROWS: usize = 100_000;

impl From<RotateError> for Failure {
    fn from(error: RotateError) -> Self {
        match error {
            RotateError::NotHosted(member) => crate::engine::Refused::NotHosted(member).into(),
            RotateError::NoKey(member) => crate::engine::Refused::NoKey(member).into(),
            RotateError::Key(error) => Self::KeyFile(crate::error::chain(&error)),
            RotateError::Write(error) => error.into(),
            RotateError::Store(error) => error.into(),
        }
    }
}

/// The member that a request names.
fn named(engine: &Engine, member: &str) -> Result<MemberId, Failure> {
    let short = member.strip_prefix("members/").unwrap_or(member);
    let id = MemberId::parse(short, &engine.identity().network).map_err(|_| {
        Failure::field(
            "member",
            reason::BAD_FORMAT,
            "请填写成员标识，例如 shenzhen。",
            "Give the id of a member, for example shenzhen.",
        )
    })?;
    if engine.directory().member(&id).is_none() {
        return Err(Failure::NotFound(format!("members/{id}")));
    }
    Ok(id)
}

/// The keys of one member, or of all members here.
pub(super) async fn list(context: &Context, member: &str) -> Result<ListKeysResponse, Failure> {
    let engine = &context.engine;
    let directory = engine.directory();
    let members: Vec<Member> = if member.is_empty() {
        directory.hosted(&engine.identity().node).cloned().collect()
    } else {
        directory.member(&named(engine, member)?).cloned().into_iter().collect()
    };
    let mut keys = Vec::new();
    for member in &members {
        keys.extend(of_member(context, member).await?);
    }
    Ok(ListKeysResponse { keys })
}

async fn of_member(context: &Context, member: &Member) -> Result<Vec<KeyInfo>, Failure> {
    let engine = &context.engine;
    let hosted = member.node == engine.identity().node;
    let signed = if hosted { engine.signed_by_older(&member.id, ROWS).await? } else { Default::default() };
    let newest = member.keys.newest().map_or(0, |key| key.number);
    let mut keys: Vec<KeyInfo> = member
        .keys
        .iter()
        .map(|key| {
            let here = engine.identity().signers.numbered(&member.id, key.number);
            KeyInfo {
                member: member.id.to_string(),
                purpose: key_info::Purpose::Signing.into(),
                number: key.number,
                fingerprint: key.key.fingerprint(),
                introduced_time: Some(timestamp(key.introduced)),
                end_time: key.valid_until.map(timestamp),
                by_root: key.by_root,
                here: here.is_some_and(|signer| signer.public() == key.key),
                states: if key.number < newest { signed.get(&key.number).copied().unwrap_or_default() } else { 0 },
            }
        })
        .collect();
    let sealing = &member.encryption_key;
    keys.push(KeyInfo {
        member: member.id.to_string(),
        purpose: key_info::Purpose::Encryption.into(),
        number: sealing.number,
        fingerprint: hex(blake3::hash(&sealing.key).as_bytes()),
        introduced_time: Some(timestamp(sealing.introduced)),
        by_root: sealing.by_root,
        here: encryption_key_file(&context.data, &member.id, sealing.number).exists(),
        ..Default::default()
    });
    Ok(keys)
}

/// Gives a member here new keys.
pub(super) async fn rotate(
    context: &Context,
    request: &RotateKeysRequest,
    by: Actor,
) -> Result<RotateKeysResponse, Failure> {
    let member = named(&context.engine, &request.member)?;
    if !(0..=contract::KEY_GRACE.as_secs() as i64).contains(&request.grace_seconds) {
        return Err(Failure::field(
            "grace_seconds",
            reason::OUT_OF_RANGE,
            "过渡期为 0 至 30 天。",
            "The grace is 0 to 30 days.",
        ));
    }
    let mut purposes = Vec::new();
    for purpose in request.purposes() {
        purposes.push(match purpose {
            key_info::Purpose::Signing => Purpose::Signing,
            key_info::Purpose::Encryption => Purpose::Encryption,
            key_info::Purpose::Unspecified => {
                return Err(Failure::field(
                    "purposes",
                    reason::BAD_FORMAT,
                    "用途应为 SIGNING 或 ENCRYPTION。",
                    "A purpose is SIGNING or ENCRYPTION.",
                ));
            }
        });
    }
    if purposes.is_empty() {
        purposes = vec![Purpose::Signing, Purpose::Encryption];
    }
    let known = context.keys.rotate(&member, &purposes, request.grace_seconds, by).await?;
    let directory = context.engine.directory();
    let keys = match directory.member(&member) {
        Some(held) => of_member(context, held).await?,
        None => Vec::new(),
    };
    let newest = keys.iter().filter(|key| key.end_time.is_none()).cloned().collect();
    Ok(RotateKeysResponse { keys: newest, pending: !known })
}

/// The newest key that the root gave a member; 0: none.
fn by_root(member: &Member) -> (i32, i64) {
    let newest = member.keys.iter().rev().find(|key| key.by_root);
    newest.map_or((0, 0), |key| (key.number, key.introduced))
}

/// The operator knows of the keys that the root gave a member.
pub(super) async fn acknowledge(context: &Context, member: &str, by: Actor) -> Result<(), Failure> {
    let id = named(&context.engine, member)?;
    let number = context.engine.directory().member(&id).map_or(0, |member| by_root(member).0);
    if number > 0 {
        let event = Event::new(Action::KeysAcknowledge, format!("members/{id}")).of(&id);
        let event = event.saying(format!("key {number}"));
        context.engine.put_fact_by(by, event, facts::keys_seen(&id), Some(number)).await?;
    }
    Ok(())
}

/// Something to act on, or to know of, about keys: code, message, remedy.
pub(super) struct KeyAlert {
    pub(super) code: &'static str,
    pub(super) message: Text,
    pub(super) remedy: Text,
}

/// What every operator has to know about keys.
pub(super) async fn alerts(context: &Context) -> Result<Vec<KeyAlert>, Failure> {
    let engine = &context.engine;
    let directory = engine.directory();
    let mut alerts = Vec::new();
    let since = engine.now() - contract::KEY_GRACE.as_micros() as i64;
    for member in directory.members() {
        let (number, introduced) = by_root(member);
        if number == 0 || introduced < since {
            continue;
        }
        let seen: i32 = engine.fact(&facts::keys_seen(&member.id)).await?.unwrap_or_default();
        if seen >= number {
            continue;
        }
        let (id, short) = (&member.id, member.id.short());
        alerts.push(KeyAlert {
            code: "KEY_BY_ROOT",
            message: Text::new(
                format!("根密钥为成员{id}换发了第{number}号签名密钥，取代丢失的密钥。"),
                format!("The root has given {id} signing key {number} in place of a lost one."),
            ),
            remedy: Text::new(
                format!("请电话向{}核实；属实则执行 keys acknowledge {short}，否则立即联系网络运营方。", member.name_zh),
                format!("Ask {} by telephone. If it is so: keys acknowledge {short}. If not, call the network's operator at once.", member.name_en),
            ),
        });
    }
    for member in directory.hosted(&engine.identity().node) {
        if engine.identity().signers.newest(&member.id, &directory).is_none() {
            alerts.push(KeyAlert {
                code: "KEY_ABSENT",
                message: Text::new(
                    format!("成员{}最新的签名密钥不在本机，不能为其写入。", member.id),
                    format!("The newest signing key of {} is not here: nothing is written for it.", member.id),
                ),
                remedy: Text::new(
                    "请把密钥文件放回 keys 目录；若已丢失，请网络运营方执行 invite --replace-keys。",
                    "Put its file back into the folder keys; where it is lost, the network's operator runs invite --replace-keys.",
                ),
            });
        }
    }
    for (member, rotation) in context.keys.pending().await? {
        let why = if rotation.detail.is_empty() { "…" } else { &rotation.detail };
        alerts.push(KeyAlert {
            code: "KEY_PENDING",
            message: Text::new(
                format!("成员{member}的新密钥尚未被网关登记：{why}。"),
                format!("The gateway has not introduced the new keys of {member} yet: {why}."),
            ),
            remedy: Text::new(
                "请确认与网关的连接正常，登记会自动继续。",
                "See that the gateway can be reached: the rest happens by itself.",
            ),
        });
    }
    Ok(alerts)
}

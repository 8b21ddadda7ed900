//! The words of `reason`: what each says, and what to do. A program may act by them; none changes its meaning.

use duikou_proto::validate::reason;
use serde_json::{Value, json};

/// A word with what it says in both languages.
type Reason = (&'static str, &'static str, &'static str);

/// Why a call has no answer. Where nothing more is known than the code, its name stands there.
pub(super) const REASONS: &[Reason] = &[
    (
        "INVALID",
        "请求不符合要求：按 violations 逐项修改。",
        "The request breaks rules: correct what `violations` names.",
    ),
    ("NOT_FOUND", "不存在，或调用方无权查看：核对名称。", "Absent, or not for the caller: check the name."),
    ("NO_SUCH_PATH", "没有这个地址：见 /docs。", "There is nothing at this address: see /docs."),
    ("METHOD_NOT_ALLOWED", "此地址不支持该方法：见 Allow。", "The address has other methods: see `Allow`."),
    ("NOT_ACCEPTABLE", "无法提供 Accept 所要的格式。", "There is no such form of the answer: change `Accept`."),
    ("CONTENT_TYPE", "正文须为 application/json。", "The body is to be application/json, and to say so."),
    ("CONTENT_ENCODING", "正文不可压缩。", "The body is compressed: send it as it is."),
    ("BODY_MALFORMED", "正文不是有效的 JSON。", "The body is no JSON: the detail says where."),
    ("BODY_UNEXPECTED", "此方法没有正文：改用查询参数。", "The method takes no body: use the query."),
    ("BODY_TOO_LARGE", "正文过大：缩短或分次发送。", "The body is too large: shorten or divide it."),
    ("BODY_TOO_SLOW", "正文发送过慢：重试。", "The body took too long to arrive: send it again."),
    ("BODY_BROKEN", "正文中断：重试。", "The body broke off: send it again."),
    ("HEADERS_TOO_LARGE", "请求头过大：减少或缩短。", "The headers are too large: send fewer or shorter ones."),
    (
        "REQUEST_ID_REUSED",
        "该标识已用于另一请求：换用新的 UUID。",
        "The request id was used for another request: take a new one.",
    ),
    ("TOKEN_REQUIRED", "需要令牌。", "A token is needed: send it as a Bearer token."),
    ("TOKEN_INVALID", "令牌无效或已吊销：申请新令牌。", "The token is not known, or was revoked: ask for a new one."),
    ("TOKEN_EXPIRED", "令牌已过期：申请新令牌。", "The token has expired: ask for a new one."),
    (
        "READER_SUSPENDED",
        "注册企业已被暂停：联系网络运营方。",
        "The registered reader is suspended: ask the network's operator.",
    ),
    ("SESSION_REQUIRED", "须由登录的用户进行。", "This is for people who are signed in."),
    ("NOT_PERMITTED", "令牌的成员或角色不符。", "The token is of another member, or lacks the role: take another."),
    ("OTHER_AREA", "令牌的用途不含此操作。", "The token was made for other uses: take one that is for this."),
    (
        "BEYOND_TOKEN",
        "所建令牌的用途或有效期超出建立它的令牌：缩小。",
        "A token makes none for more uses or a longer time than its own: ask for less.",
    ),
    (
        "NOT_HOSTED",
        "成员不在本节点：在其所在节点上写入。",
        "This node does not host the member: write on the node that does.",
    ),
    (
        "SUSPENDED",
        "成员已被暂停或已退出：联系网络运营方。",
        "The member is suspended or has left: ask the network's operator.",
    ),
    ("RECOVERING", "成员正在取回自己的记录：稍后重试。", "The member takes its records back: try again in a moment."),
    (
        "MOVING",
        "成员正在迁往另一节点：稍后在那里写入。",
        "The member is being moved: write on its new node in a moment.",
    ),
    (
        "NO_KEY",
        "成员最新的签名密钥不在本节点：告知运营方。",
        "The member's newest signing key is not here: tell the operator.",
    ),
    (
        "CLOCK_OFF",
        "服务器时钟有误，暂停写入：告知运营方。",
        "The server's clock is wrong, so it writes nothing: tell its operator.",
    ),
    (
        "DUPLICATE_NODE",
        "两个节点使用同一身份，暂停写入：停用其中一个。",
        "Two nodes run under one identity: stop one of them.",
    ),
    (
        "EXISTS",
        "名称已存在且内容不同：改用更新或另取名称。",
        "The name is there with other content: update it, or take another name.",
    ),
    ("DELETED", "名称已删除，不可再用：另取名称。", "The name was deleted and is never used again: take another."),
    (
        "SCOPES_USED_UP",
        "先后的可见范围累计过多：沿用已有的，或以新名称发布。",
        "The listing has been for as many scopes as it may: keep to those that it had, or publish under another name.",
    ),
    ("KIND_CHANGED", "类别不可更改：以新名称发布。", "The kind never changes: publish under another name."),
    (
        "ETAG_MISMATCH",
        "读取之后已有变化：重新读取后再改。",
        "It has changed since it was read: read it again, and repeat the change.",
    ),
    ("LISTING_LIMIT", "在线信息已达上限：撤回一些。", "The member has as many live listings as it may: withdraw some."),
    ("TOO_LARGE", "内容过大：缩短。", "The content does not make a record: shorten it."),
    (
        "APPROVAL_REQUIRED",
        "须先审核：提交审核（submit）或新建草稿。",
        "An approval is needed first: hand it in with `submit`, or as a draft.",
    ),
    (
        "DRAFT_LIMIT",
        "草稿已达上限：先审核或删除一些。",
        "The member has as many drafts as it may: approve or delete some.",
    ),
    ("DRAFT_EXISTS", "该信息已有草稿：在其上修改。", "The listing has a draft already: change that one."),
    ("DRAFT_CHANGED", "草稿已被他人改动：重新读取。", "Somebody has changed the draft: read it again."),
    ("DRAFT_STATE", "草稿的状态不允许此操作。", "The draft's state does not allow this."),
    (
        "DRAFT_EDITORS",
        "参与修改的人已达上限。",
        "As many people have changed the draft as may: have one of them do it.",
    ),
    ("NOTHING_TO_APPROVE", "草稿与已发布的相同：可删除。", "The draft says what is published already: delete it."),
    ("NOT_REVIEWER", "须由审核员进行。", "This is for a reviewer of the member."),
    ("OTHER_PERSON", "须由未参与编写的人审核。", "Somebody who has had no hand in the draft must approve it."),
    ("SUBSCRIPTION_LIMIT", "订阅已达上限：删除一些。", "There are as many subscriptions as there may be: delete some."),
    ("TOKEN_LIMIT", "令牌已达上限：撤销一些。", "There are as many tokens as there may be: revoke some."),
    ("OTHER_WAY", "该订阅的送达方式不支持此操作。", "The subscription's way of delivery has no such thing."),
    ("SUBSCRIPTION_PAUSED", "该订阅已暂停：恢复后再领取。", "The subscription is paused: resume it, and pull again."),
    (
        "TOKEN_RESTING",
        "建立该订阅的令牌已过期或其企业已被暂停：有效后自动继续。",
        "The token that made the subscription is not good now: it goes on by itself once that is.",
    ),
    ("ACK_UNKNOWN", "不属于最近一次拉取：重新拉取。", "It is not of the last pull: pull again, and acknowledge that."),
    ("MAIL_OFF", "本服务器不发邮件：选用其他方式。", "This server sends no mail: choose another way."),
    (
        "NO_ASKER",
        "本网关没有可代为查询的成员：联系运营方。",
        "The gateway has no member that could ask for the reader: tell its operator.",
    ),
    ("REQUEST_LIMIT", "请求过于频繁：按 Retry-After 等待。", "Too many requests: wait as `Retry-After` says."),
    (
        "BYTE_LIMIT",
        "数据量已达上限：按 Retry-After 等待。",
        "As much was sent as a minute allows: wait as `Retry-After` says.",
    ),
    ("CALL_LIMIT", "同时进行的调用过多：等其中一些结束。", "Too many calls are under way: let some of them end."),
    ("WATCHER_LIMIT", "同时关注者过多：稍后重试或改用 Pull。", "Too many readers watch: try again later, or use Pull."),
    (
        "QUERY_LIMIT",
        "同时进行的实时查询过多：稍后重试。",
        "Too many live questions are under way: try again in a moment.",
    ),
    (
        "MATCH_LIMIT",
        "同时进行的对口匹配过多：稍后重试。",
        "Too many calls look for counterparts: try again in a moment.",
    ),
    (
        "VERIFY_LIMIT",
        "审计记录正在核验：稍后重试。",
        "The audit trail is being verified already: try again in a moment.",
    ),
    (
        "SLOW_READER",
        "接收过慢，已断开：用最后的游标继续。",
        "The reader took nothing for too long: go on from the last cursor.",
    ),
    (
        "INDEX_NOT_READY",
        "检索索引正在更新：稍后重试。",
        "The search index is taking in what has changed: try again in a moment.",
    ),
    ("PAGE_NOT_READY", "页面正在更新：稍后重试。", "The page is taking in what has changed: try again in a moment."),
    ("CLOSING", "服务器正在关闭：稍后重试。", "The server is shutting down: try again in a moment."),
    ("DISK_FULL", "磁盘已满，未写入：告知运营方。", "The disk is full, and nothing was written: tell the operator."),
    ("STORE_FAILED", "存储出错：告知运营方。", "The store failed: tell the operator."),
    ("DATA_DAMAGED", "保存的内容已损坏：告知运营方。", "What is kept of it is damaged: tell the operator."),
    ("KEY_FILE", "密钥文件无法使用：告知运营方。", "A key file cannot be used: tell the operator."),
    ("FOLDER_EXISTS", "文件夹已存在：换一个路径。", "The folder exists: name one that does not."),
    ("BACKUP_UNDER_WAY", "正在备份：等它完成。", "A backup is being made: wait until it is done."),
    ("BACKUP_FAILED", "备份失败：检查目标路径与权限。", "The backup failed: check the folder and its permissions."),
];

/// What is wrong with a field.
pub(super) const FIELD_REASONS: &[Reason] = &[
    (reason::REQUIRED, "缺少必填字段：补充。", "It must be given, and is absent."),
    (reason::UNSPECIFIED, "须选择一个值。", "One of the values must be chosen."),
    (reason::TOO_LONG, "过长：缩短。", "It has more characters than it may: shorten it."),
    (reason::TOO_MANY, "项数过多：删减。", "It has more items than it may: remove some."),
    (reason::DUPLICATE, "与前面的项重复：删除。", "It repeats an earlier item: remove it."),
    (reason::UNKNOWN_CODE, "代码不在表中。", "The code is in no table, or the number in no enum."),
    (reason::OUT_OF_RANGE, "超出范围。", "It is below or above its bounds."),
    (reason::BAD_FORMAT, "格式不正确。", "It does not have the form that the field asks for."),
    (reason::INCONSISTENT, "与其他内容不一致。", "It does not go together with something else."),
    (reason::UNKNOWN_FIELD, "没有这个字段。", "There is no such field."),
];

/// As the document has them: each word with what it says, in Chinese and in English.
pub(super) fn document(reasons: &[Reason]) -> Value {
    let told = |(word, zh, en): &Reason| ((*word).to_owned(), json!({"zh": zh, "en": en}));
    Value::Object(reasons.iter().map(told).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

    /// The words in a file of this crate that are said where something is refused: after a code, or as the answer of a
    /// function that chooses one.
    fn said_in(file: &Path, words: &mut BTreeSet<String>) {
        let text = std::fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (at, _) in code.match_indices('"') {
            let before = code[..at].trim_end();
            let called = before.strip_suffix(',').is_some_and(|before| {
                let start = before.rfind(|character: char| !(character.is_alphanumeric() || "_:".contains(character)));
                before[start.map_or(0, |start| start + 1)..].contains("Code::")
            });
            if !(called || before.ends_with("=>") || before.ends_with("words(")) {
                continue;
            }
            let Some((word, _)) = code[at + 1..].split_once('"') else { continue };
            if word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') {
                words.insert(word.to_owned());
            }
        }
    }

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            // What people alone are told, on pages, is none of these.
            let left_out = ["tests", "tests.rs", "account"].iter().any(|name| path.ends_with(name));
            match path.is_dir() {
                _ if left_out => {}
                true => files(&path, found),
                false => found.push(path),
            }
        }
    }

    #[test]
    fn every_word_that_callers_are_told_is_in_the_list_and_no_other() {
        let mut found = Vec::new();
        files(&Path::new(SOURCE).join("services"), &mut found);
        found
            .extend(["transcode/mod.rs", "feeds.rs", "front.rs"].map(|file| Path::new(SOURCE).join("http").join(file)));
        // Why a whole server refuses to write is the exchange's to say.
        found.push(Path::new(SOURCE).join("../exchange/src/engine/halt.rs"));
        let mut said = BTreeSet::from(["METHOD_NOT_ALLOWED".to_owned()]);
        found.iter().for_each(|file| said_in(file, &mut said));
        let listed: BTreeSet<String> = REASONS.iter().map(|(word, ..)| (*word).to_owned()).collect();
        assert_eq!(listed.len(), REASONS.len(), "a word stands there twice");
        assert_eq!(said, listed);
    }

    #[test]
    fn every_word_of_a_field_is_in_the_list_and_no_other() {
        let text = std::fs::read_to_string(Path::new(SOURCE).join("../../proto/src/validate/reason.rs")).unwrap();
        let said: BTreeSet<&str> = text.lines().filter_map(|line| line.split('"').nth(1)).collect();
        assert_eq!(said, FIELD_REASONS.iter().map(|(word, ..)| *word).collect());
    }
}

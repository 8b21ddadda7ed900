//! What the contract says in words of its own, as tables tell it to people: in the words of the pages.

use duikou_proto::v1::WithdrawalReason;
use duikou_proto::v1::delivery::Outcome;
use duikou_proto::v1::draft::State;
use duikou_proto::v1::search_listings_request::Facet;
use duikou_proto::v1::subscription::PauseReason;

use crate::cli::Text;

/// Why a subscription rests.
pub(super) fn pause(reason: PauseReason) -> Text {
    let (zh, en) = match reason {
        PauseReason::Unspecified => ("", ""),
        PauseReason::Requested => ("建立者要求", "its owner wanted it"),
        PauseReason::Failing => ("多日送达失败", "it failed for days"),
        PauseReason::Gone => ("接收方已不再接收", "the receiver wants no more"),
        PauseReason::Account => ("其令牌目前无效", "its token is not good"),
        PauseReason::Unsubscribed => ("收件人已退订", "its reader has unsubscribed"),
        PauseReason::SubjectEnded => ("所对口的信息已结束", "the listing that it follows has ended"),
    };
    Text::new(zh, en)
}

/// What came of a delivery.
pub(super) fn outcome(outcome: Outcome) -> Text {
    let (zh, en) = match outcome {
        Outcome::Unspecified => ("", ""),
        Outcome::Delivered => ("已送达", "delivered"),
        Outcome::Refused => ("对方拒收", "refused"),
        Outcome::Unreachable => ("无法连接", "unreachable"),
        Outcome::TimedOut => ("超时", "timed out"),
        Outcome::TlsFailed => ("证书有误", "TLS failed"),
        Outcome::AddressForbidden => ("地址不允许", "address forbidden"),
    };
    Text::new(zh, en)
}

/// How far a draft has come.
pub(super) fn draft(state: State) -> Text {
    let (zh, en) = match state {
        State::Unspecified => ("", ""),
        State::Draft => ("草稿", "draft"),
        State::Submitted => ("待审核", "submitted"),
        State::Returned => ("已退回", "returned"),
        State::Approved => ("已同意", "approved"),
    };
    Text::new(zh, en)
}

/// Why a listing was taken back.
pub(super) fn end(reason: WithdrawalReason) -> Text {
    let (zh, en) = match reason {
        WithdrawalReason::Unspecified => ("", ""),
        WithdrawalReason::Withdrawn => ("已撤回", "withdrawn"),
        WithdrawalReason::Filled => ("已落实", "filled"),
        WithdrawalReason::Narrowed => ("已收窄范围", "narrowed"),
        WithdrawalReason::Deleted => ("已删除", "deleted"),
        WithdrawalReason::Expired => ("已到期", "expired"),
    };
    Text::new(zh, en)
}

/// By what results are counted.
pub(super) fn facet(facet: Facet) -> Text {
    let (zh, en) = match facet {
        Facet::Unspecified => ("", ""),
        Facet::Kind => ("类别", "kind"),
        Facet::Direction => ("方向", "direction"),
        Facet::Region => ("地区", "region"),
        Facet::Industry => ("行业", "industry"),
        Facet::Occupation => ("职业", "occupation"),
        Facet::Member => ("成员", "member"),
        Facet::Circle => ("圈子", "circle"),
        Facet::Language => ("语言", "language"),
        Facet::Tag => ("标签", "tag"),
    };
    Text::new(zh, en)
}

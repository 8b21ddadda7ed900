//! What the public listener shows, as an alarm: where it ends soon, or the files of now are of no use.

use std::time::{SystemTime, UNIX_EPOCH};

use duikou_proto::envelope::Micros;
use duikou_proto::language::Text;

use super::{Alert, Context};

const CODE: &str = "WEB_CERTIFICATE";
/// So long before its end it should have been renewed: a week.
const WEEK: Micros = 7 * 24 * 3600 * 1_000_000;
/// Or with so much of its life left, where that is short.
const OF_LIFE: Micros = 5;

/// All of it.
pub(super) fn alerts(context: &Context) -> impl Iterator<Item = Alert> + use<> {
    let now = context.engine.now();
    let told = context.web_tls.as_ref().map(|shown| {
        let (from, until) = shown.good();
        let refused = shown.refused().map(|why| refused(&why));
        refused.into_iter().chain(ends(micros(from), micros(until), now))
    });
    told.into_iter().flatten()
}

fn micros(time: SystemTime) -> Micros {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Micros::try_from(since.as_micros()).unwrap_or(Micros::MAX)
}

fn refused(why: &str) -> Alert {
    Alert {
        code: CODE,
        message: Text::new(
            format!("公共端口的证书文件已更换，但无法使用，仍出示原来的证书：{why}。"),
            format!(
                "The certificate files of the public listener are others, and of no use; the one from before is shown: {why}."
            ),
        ),
        remedy: Text::new(
            "请检查证书与密钥文件：PEM 格式，彼此成对，密钥权限 0600。改正后自动启用，无需重启。",
            "Look at the files of certificate and key: in PEM, of one pair, the key with mode 0600. Once that is mended they are taken into use by themselves.",
        ),
    }
}

fn ends(from: Micros, until: Micros, now: Micros) -> Option<Alert> {
    let soon = WEEK.min(until.saturating_sub(from) / OF_LIFE);
    if until.saturating_sub(now) > soon {
        return None;
    }
    let date = jiff::Timestamp::from_microsecond(until).map(|until| until.strftime("%Y-%m-%d %H:%M UTC").to_string());
    let date = date.unwrap_or_default();
    let (zh, en) = if until > now { ("将于", "ends on") } else { ("已于", "has ended on") };
    Some(Alert {
        code: CODE,
        message: Text::new(
            format!("公共端口的证书{zh} {date} 到期。"),
            format!("The certificate of the public listener {en} {date}."),
        ),
        remedy: Text::new(
            "自己的证书请更新文件，之后自动启用；由网络签发的随连接证书自动更新，请查看与网关的连接和日志。",
            "Where it is your own, renew its files: they are taken into use by themselves. What the network issues is renewed with the link's certificate: see the link to the gateway, and the log.",
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_a_week_ahead_and_later_of_one_that_lives_for_days() {
        const DAY: Micros = 24 * 3600 * 1_000_000;
        let told = |life: Micros, left: Micros| ends(0, life * DAY, (life - left) * DAY).map(|alert| alert.message.en);
        assert_eq!(told(90, 8), None);
        assert!(told(90, 7).unwrap().contains(" ends on 1970-04-01"));
        assert!(told(90, -1).unwrap().contains("has ended on 1970-04-01"));
        assert_eq!((told(6, 2), told(6, 1).is_some()), (None, true));
        assert_eq!(ends(0, Micros::MAX, 0).map(|alert| alert.message.en), None);
    }
}

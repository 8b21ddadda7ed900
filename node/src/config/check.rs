//! Which settings go together.

use std::time::Duration;

use duikou_proto::language::Text;

use super::fault::Rule;
use super::listeners::WebTls;
use super::openid::Issuer;
use super::parts::Config;
use super::sending::MailTls;

/// The shortest time without use after which somebody is signed out.
const IDLE_LEAST: Duration = Duration::from_secs(60);
/// The longest session.
const SESSION_MOST: Duration = Duration::from_secs(7 * 24 * 3600);

impl Config {
    /// Every pair of settings that does not go together, as `part.key` and the rule that it breaks.
    pub fn check(&self) -> Vec<(&'static str, Rule)> {
        let mut faults = Vec::new();
        let mut demand = |holds: bool, key: &'static str, zh: &'static str, en: &'static str| {
            if !holds {
                faults.push((key, Rule { zh, en }));
            }
        };
        let of_network = |id: &Option<duikou_proto::name::NodeId>| match (id, &self.node.network) {
            (Some(id), Some(network)) => id.is_of(network),
            _ => true,
        };
        demand(
            of_network(&self.node.id),
            "node.id",
            "不属于 node.network 所指的网络",
            "belongs to another network than node.network",
        );
        let files = self.web.tls == WebTls::Files;
        demand(
            !files || self.web.certificate.is_some(),
            "web.certificate",
            "缺失：tls = \"files\" 需要证书文件",
            "is missing: tls = \"files\" needs a certificate",
        );
        demand(
            !files || self.web.key.is_some(),
            "web.key",
            "缺失：tls = \"files\" 需要私钥文件",
            "is missing: tls = \"files\" needs a key",
        );
        demand(
            self.web.tls != WebTls::Off || self.web.listen.ip().is_loopback(),
            "web.tls",
            "为 off 时 web.listen 只能是本机回环地址",
            "may be off only where web.listen is a loopback address",
        );
        demand(
            self.link.gateway.is_none() || self.link.gateway_id.is_some(),
            "link.gateway_id",
            "缺失：设置了 link.gateway 就必须写明网关标识",
            "is missing: link.gateway needs it",
        );
        demand(
            of_network(&self.link.gateway_id),
            "link.gateway_id",
            "不属于 node.network 所指的网络",
            "belongs to another network than node.network",
        );
        demand(
            self.link.proxy.is_none() || self.link.gateway.is_some() || self.node.id.is_none(),
            "link.proxy",
            "节点已加入，没有 link.gateway 就没有用处",
            "is of no use to a node that has joined and has no link.gateway",
        );
        let (idle, session) = (self.accounts.idle.duration(), self.accounts.session.duration());
        demand(
            idle >= IDLE_LEAST && idle <= session,
            "accounts.idle",
            "应至少为 1分钟，且不长于一次登录最长时间（accounts.session）",
            "must be at least 1 min, and no longer than anybody stays signed in at most (accounts.session)",
        );
        demand(session <= SESSION_MOST, "accounts.session", "最长为 7天", "must be at most 7 days");
        let oidc = &self.oidc;
        let provided = oidc.issuer.is_some();
        demand(
            oidc.client_id.is_some() == provided,
            "accounts.oidc.client_id",
            "须与 accounts.oidc.issuer 同时设置",
            "goes together with accounts.oidc.issuer",
        );
        demand(
            oidc.client_secret_file.is_some() == provided,
            "accounts.oidc.client_secret_file",
            "须与 accounts.oidc.issuer 同时设置",
            "goes together with accounts.oidc.issuer",
        );
        demand(
            !provided || self.delivery.url.is_some(),
            "delivery.url",
            "缺失：身份提供方需要本服务器的公开网址，才能把人送回来",
            "is missing: the OpenID provider sends people back to the address of this server",
        );
        let plain = oidc.issuer.as_ref().and_then(Issuer::plain);
        demand(
            plain.is_none_or(|address| self.delivery.allow.contains(address)),
            "accounts.oidc.issuer",
            "使用 http，须由 delivery.allow 允许该本机地址；正式使用请用 https",
            "is http: delivery.allow has to hold that address of this machine; use https for anything but a trial",
        );
        demand(
            !provided || cfg!(feature = "oidc"),
            "accounts.oidc.issuer",
            "本程序编译时未带 OpenID 登录（功能 oidc）",
            "is of no use: this program was built without sign-in by OpenID (feature oidc)",
        );
        let mail = &self.mail;
        demand(
            mail.server.is_none() || mail.from.is_some(),
            "mail.from",
            "缺失：设置了 mail.server 就必须写明发件人",
            "is missing: mail.server needs a sender",
        );
        demand(
            mail.server.is_none() || self.delivery.url.is_some(),
            "delivery.url",
            "缺失：邮件中的链接需要本服务器的公开网址",
            "is missing: links in mails need the address of this server",
        );
        demand(
            mail.user.is_some() == mail.password_file.is_some(),
            "mail.password_file",
            "须与 mail.user 同时设置",
            "goes together with mail.user",
        );
        let loopback = mail.server.as_ref().is_none_or(|server| {
            server.host() == "localhost" || server.host().parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        });
        demand(
            mail.tls != MailTls::Off || loopback,
            "mail.tls",
            "为 off 时 mail.server 只能在本机",
            "may be off only where mail.server is on this machine",
        );
        faults
    }
}

/// A setting that does nothing here, or that should not be as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// `part.key`.
    pub key: &'static str,
    why: Rule,
}

impl Doubt {
    /// What is told of it.
    pub fn text(&self) -> Text {
        let Self { key, why } = self;
        Text::new(format!("{key} {}", why.zh), format!("{key} {}", why.en))
    }
}

impl Config {
    /// What does nothing here, or should not be as it is. A server starts with it.
    pub fn doubts(&self) -> Vec<Doubt> {
        let usual = Self::default();
        let is_node = self.link.gateway.is_some();
        let unused = Rule {
            zh: "在节点上不起作用：只有网关接受连接",
            en: "does nothing at a node: a gateway alone takes links",
        };
        let unread = Rule {
            zh: "只在 web.tls = \"files\" 时使用",
            en: "is used where web.tls is \"files\", and nowhere else",
        };
        let open = Rule {
            zh: "不是本机回环地址：监控端口不加密、不要令牌，指标会列出各成员，请勿对外开放",
            en: "is no loopback address: the port has neither TLS nor tokens, and its metrics name the members",
        };
        let files = self.web.tls == WebTls::Files;
        let doubts = [
            (is_node && self.link.listen != usual.link.listen, "link.listen", unused),
            (is_node && self.link.address.is_some(), "link.address", unused),
            (is_node && self.link.certificates != usual.link.certificates, "link.certificates", unused),
            (!files && self.web.certificate.is_some(), "web.certificate", unread),
            (!files && self.web.key.is_some(), "web.key", unread),
            (!self.operator.listen.ip().is_loopback(), "operator.listen", open),
        ];
        doubts.into_iter().filter_map(|(is, key, why)| is.then_some(Doubt { key, why })).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(change: impl FnOnce(&mut Config)) -> Vec<&'static str> {
        let mut config = Config::default();
        change(&mut config);
        config.check().into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn settings_that_do_nothing_are_told_of_and_start_all_the_same() {
        let doubts = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            assert!(config.check().is_empty());
            config.doubts().into_iter().map(|doubt| doubt.key).collect::<Vec<_>>()
        };
        let listens = |c: &mut Config| c.link.listen = "0.0.0.0:1".parse().expect("valid");
        assert_eq!(doubts(listens), [""; 0], "a gateway does");
        let node = |c: &mut Config| {
            c.link.gateway = "g.example:7443".parse().ok();
            c.link.gateway_id = "g.pprd.example".parse().ok();
            c.link.listen = "0.0.0.0:1".parse().expect("valid");
            c.link.address = "n.example:1".parse().ok();
            c.web.key = Some("k.pem".into());
            c.operator.listen = "0.0.0.0:9443".parse().expect("valid");
        };
        assert_eq!(doubts(node), ["link.listen", "link.address", "web.key", "operator.listen"]);
    }

    #[test]
    fn settings_that_do_not_go_together_are_named() {
        assert!(keys(|_| {}).is_empty());
        assert_eq!(keys(|c| c.accounts.idle = "10s".parse().expect("valid")), ["accounts.idle"]);
        assert_eq!(keys(|c| c.accounts.session = "8d".parse().expect("valid")), ["accounts.session"]);
        let provider = |key: &str, value: &str, c: &mut Config| {
            c.part("accounts.oidc").expect("a part").set(key, value).expect("valid");
        };
        assert_eq!(keys(|c| provider("client_id", "x", c)), ["accounts.oidc.client_id"]);
        assert_eq!(
            keys(|c| provider("issuer", "http://127.0.0.1:1", c))[..4],
            ["accounts.oidc.client_id", "accounts.oidc.client_secret_file", "delivery.url", "accounts.oidc.issuer"]
        );
        assert_eq!(keys(|c| c.web.tls = WebTls::Files), ["web.certificate", "web.key"]);
        assert_eq!(
            keys(|c| {
                c.web.tls = WebTls::Off;
                c.web.listen = "0.0.0.0:8443".parse().expect("valid");
            }),
            ["web.tls"]
        );
        assert_eq!(keys(|c| c.link.gateway = "g.example:7443".parse().ok()), ["link.gateway_id"]);
        assert!(keys(|c| c.link.proxy = "p.example:3128".parse().ok()).is_empty(), "joining goes through it");
        assert_eq!(
            keys(|c| {
                c.node.id = "shenzhen.pprd.example".parse().ok();
                c.link.proxy = "p.example:3128".parse().ok();
            }),
            ["link.proxy"]
        );
        assert_eq!(
            keys(|c| {
                c.mail.server = "mail.example:25".parse().ok();
                c.mail.tls = MailTls::Off;
                c.mail.user = Some("duikou".to_owned());
            }),
            ["mail.from", "delivery.url", "mail.password_file", "mail.tls"]
        );
        assert_eq!(
            keys(|c| {
                c.node.network = "pprd.example".parse().ok();
                c.node.id = "shenzhen.other.example".parse().ok();
            }),
            ["node.id"]
        );
    }
}

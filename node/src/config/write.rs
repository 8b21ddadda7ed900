//! The file as `init` and `join` write it: what was decided, and beside it what could be.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::listeners::WebTls;
use super::parts::Config;

impl Config {
    /// The text of a file that reads as this configuration.
    pub fn to_toml(&self) -> String {
        self.written().text
    }

    /// What holds where nothing is set, as files say it, by `part.key`. Keys without any are not among them.
    pub(crate) fn defaults() -> BTreeMap<String, String> {
        Self::default().written().defaults
    }

    fn written(&self) -> File {
        let default = Self::default();
        let mut file = File::default();
        file.part("node", "who this server is");
        file.key("id", text(&self.node.id), None);
        file.key("network", text(&self.node.network), None);
        file.set("drain", self.node.drain, default.node.drain);

        file.part("web", "for people and programs: web, REST, gRPC");
        file.set("listen", self.web.listen, default.web.listen);
        file.set("tls", self.web.tls.as_str(), default.web.tls.as_str());
        let files = self.web.tls == WebTls::Files;
        let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
        file.key("certificate", path(&self.web.certificate), (!files).then(|| "certificate.pem".to_owned()));
        file.key("key", path(&self.web.key), (!files).then(|| "key.pem".to_owned()));
        let proxies = &self.web.trusted_proxies;
        let set = (!proxies.is_empty()).then(|| proxies.to_string());
        file.key("trusted_proxies", set, Some("127.0.0.1".to_owned()));

        file.part("operator", "metrics and health");
        file.set("listen", self.operator.listen, default.operator.listen);

        file.part("link", "to the gateway; on a gateway, from its nodes");
        file.key("gateway", text(&self.link.gateway), None);
        file.key("gateway_id", text(&self.link.gateway_id), None);
        file.key("proxy", self.link.proxy.as_ref().map(|proxy| proxy.text().to_owned()), None);
        file.set("listen", self.link.listen, default.link.listen);
        file.key("address", text(&self.link.address), None);
        file.set("certificates", self.link.certificates, default.link.certificates);

        file.part("store", "memory");
        file.set("memory", self.store.memory, default.store.memory);
        file.set("queue", self.store.queue, default.store.queue);

        let (limits, usual) = (&self.limits, &default.limits);
        file.part(
            "limits",
            "what one token may take, or one address without one: requests a second, calls at once, bytes a minute",
        );
        file.set("token_requests", limits.token_requests, usual.token_requests);
        file.set("token_burst", limits.token_burst, usual.token_burst);
        file.set("token_calls", limits.token_calls, usual.token_calls);
        file.set("token_bytes", limits.token_bytes, usual.token_bytes);
        file.set("address_requests", limits.address_requests, usual.address_requests);
        file.set("address_burst", limits.address_burst, usual.address_burst);
        file.set("address_calls", limits.address_calls, usual.address_calls);
        file.set("address_bytes", limits.address_bytes, usual.address_bytes);

        file.part("accounts", "how long people stay signed in: without use, and at most");
        file.set("idle", self.accounts.idle, default.accounts.idle);
        file.set("session", self.accounts.session, default.accounts.session);

        let oidc = &self.oidc;
        file.part(
            "accounts.oidc",
            "an OpenID provider by which people sign in beside their passwords; needs delivery.url",
        );
        file.key("issuer", text(&oidc.issuer), Some("https://login.example/realms/city".to_owned()));
        file.key("client_id", text(&oidc.client_id), Some("duikou".to_owned()));
        file.key("client_secret_file", path(&oidc.client_secret_file), Some("oidc.secret".to_owned()));
        file.key("label_zh", text(&oidc.label_zh), Some("统一身份认证".to_owned()));
        file.key("label_en", text(&oidc.label_en), Some("single sign-on".to_owned()));
        file.key("ca_file", path(&oidc.ca_file), Some("roots.pem".to_owned()));
        file.set("require_second_factor", oidc.require_second_factor, default.oidc.require_second_factor);

        file.part("live", "whose live questions are answered");
        file.set("answer", self.live.answer.as_str(), default.live.answer.as_str());
        file.set("on_request", self.live.on_request.as_str(), default.live.on_request.as_str());
        let named = self.live.named.to_string();
        file.key("named", Some(named).filter(|named| !named.is_empty()), None);

        file.part("delivery", "webhooks; lists are written [\"10.20.0.0/16\"] or \"10.20.0.0/16, fd00::/8\"");
        let delivery = &self.delivery;
        let allow = (delivery.allow != default.delivery.allow).then(|| delivery.allow.to_string());
        file.key("allow", allow, Some("10.20.0.0/16".to_owned()));
        file.set("ports", delivery.ports.clone(), default.delivery.ports);
        file.key("extra_roots", path(&delivery.extra_roots), Some("roots.pem".to_owned()));
        file.key("url", text(&delivery.url), Some("https://duikou.example".to_owned()));

        file.part("mail", "the server that takes mails");
        file.key("server", text(&self.mail.server), Some("mail.example:465".to_owned()));
        file.set("tls", self.mail.tls.as_str(), default.mail.tls.as_str());
        file.key("user", self.mail.user.clone(), Some("duikou".to_owned()));
        file.key("password_file", path(&self.mail.password_file), Some("mail.password".to_owned()));
        file.key("from", text(&self.mail.from), Some("no-reply@duikou.example".to_owned()));

        let site = &self.site;
        file.part("site", "what pages say of the office whose they are");
        for (key, value, usual) in [("title_zh", &site.title_zh, TITLE_ZH), ("title_en", &site.title_en, TITLE_EN)] {
            file.usual(key, usual);
            file.key(key, text(value), Some(usual.to_owned()));
        }
        for (key, value, example) in [
            ("sponsor", &site.sponsor, "某市人民政府办公室"),
            ("organiser", &site.organiser, "某市对口合作办公室"),
            ("icp", &site.icp, "粤ICP备00000000号"),
            ("police", &site.police, "粤公网安备00000000000000号"),
            ("code", &site.code, "0000000000"),
            ("telephone", &site.telephone, "0755-00000000"),
            ("address", &site.address, "某市某区某路1号"),
        ] {
            file.key(key, text(value), Some(example.to_owned()));
        }
        file.key("report_errors", text(&site.report_errors), Some("mailto:office@duikou.example".to_owned()));
        file
    }
}

/// What pages are called where no title is set.
const TITLE_ZH: &str = "对口合作信息网";
const TITLE_EN: &str = "Regional Cooperation Exchange";

fn text(value: &Option<impl ToString>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

#[derive(Default)]
struct File {
    text: String,
    /// The part that is being written.
    part: String,
    defaults: BTreeMap<String, String>,
}

impl File {
    fn part(&mut self, name: &str, about: &str) {
        name.clone_into(&mut self.part);
        let gap = if self.text.is_empty() { "" } else { "\n" };
        self.line(&format!("{gap}# {about}\n[{name}]"));
    }

    /// A setting that has a default: shown as a comment while it is that.
    fn set<T: PartialEq + ToString>(&mut self, key: &str, value: T, default: T) {
        self.usual(key, &default.to_string());
        self.key(key, (value != default).then(|| value.to_string()), Some(default.to_string()));
    }

    /// Notes what holds where nothing is set.
    fn usual(&mut self, key: &str, default: &str) {
        self.defaults.insert(format!("{}.{key}", self.part), default.to_owned());
    }

    fn key(&mut self, key: &str, value: Option<String>, example: Option<String>) {
        let quoted = |text: String| toml::Value::String(text).to_string();
        match (value, example) {
            (Some(value), _) => self.line(&format!("{key} = {}", quoted(value))),
            (None, Some(example)) => self.line(&format!("# {key} = {}", quoted(example))),
            (None, None) => {}
        }
    }

    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}"); // writing to a String cannot fail
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Overrides;
    use super::*;

    #[test]
    fn what_is_written_reads_as_the_same() {
        let mut config = Config::default();
        let read = |config: &Config| Config::read(&config.to_toml(), Path::new("x"), &Overrides::none());
        assert_eq!(read(&config).as_ref(), Ok(&config));
        config.node.id = "shenzhen.pprd.example".parse().ok();
        config.node.network = "pprd.example".parse().ok();
        config.node.drain = "90s".parse().expect("valid");
        config.web.tls = WebTls::Files;
        config.web.certificate = Some("a \"b\"\\c.pem".into());
        config.web.key = Some("k.pem".into());
        config.operator.listen = "127.0.0.1:0".parse().expect("valid");
        config.link.gateway = "[2001:db8::1]:7443".parse().ok();
        config.link.gateway_id = "gateway.pprd.example".parse().ok();
        config.link.proxy = "proxy.example:3128".parse().ok();
        config.link.address = "gateway.example:7443".parse().ok();
        config.store.queue = "1 MiB".parse().expect("valid");
        config.web.trusted_proxies = "127.0.0.1, fd00::/8".parse().expect("valid");
        config.limits.address_requests = "7".parse().expect("valid");
        config.limits.token_bytes = "1 MiB".parse().expect("valid");
        config.accounts.idle = "5m".parse().expect("valid");
        for (part, key, value) in [
            ("accounts.oidc", "issuer", "https://login.example/realms/city"),
            ("accounts.oidc", "client_id", "duikou"),
            ("accounts.oidc", "client_secret_file", "oidc.secret"),
            ("accounts.oidc", "require_second_factor", "true"),
            ("delivery", "url", "https://duikou.example"),
        ] {
            config.part(part).expect("a part").set(key, value).expect("valid");
        }
        config.site.title_zh = crate::config::Line::for_tests("对口\"合作\"信息网");
        config.site.report_errors = crate::config::WebAddress::for_tests("https://duikou.example/report?page=");
        config.live.on_request = crate::live::Askers::Named;
        config.live.named = "zunyi.pprd.example, bijie.pprd.example".parse().expect("valid");
        assert_eq!(read(&config).as_ref(), Ok(&config));
    }
}

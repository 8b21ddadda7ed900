//! The settings that may change while the server runs, and what a configuration comes to with such changes. Whatever
//! else there is, listeners, links and memory, is set up once.

use std::collections::BTreeMap;

use super::fault::Rule;
use super::part::{NO_KEY, RESTART};
use super::parts::Config;

/// What keys may change, by part.
const CHANGEABLE: [(&str, Keys); 3] = [
    ("site", Keys::All),
    ("accounts", Keys::These(&["idle", "session"])),
    ("live", Keys::These(&["answer", "on_request", "named"])),
];

/// Keys of a part.
enum Keys {
    All,
    These(&'static [&'static str]),
}

/// Whether the setting `part.key` may change.
pub(crate) fn is_changeable(path: &str) -> bool {
    path.split_once('.').is_some_and(|(part, key)| may_change(part, key))
}

/// Whether `key` of a part may change.
fn may_change(part: &str, key: &str) -> bool {
    CHANGEABLE.iter().any(|(changes, keys)| {
        *changes == part
            && match keys {
                Keys::All => true,
                Keys::These(keys) => keys.contains(&key),
            }
    })
}

/// What a value is said to be that nobody may read.
const SECRET: &str = "***";

/// `part.key` of each, as the file names it.
#[cfg(test)]
pub(crate) fn changeable() -> impl Iterator<Item = String> {
    let mut config = Config::default();
    CHANGEABLE.iter().flat_map(move |(part, keys)| {
        let keys = match keys {
            Keys::All => config.part(part).map_or(&[][..], |part| part.keys()),
            Keys::These(keys) => keys,
        };
        keys.iter().map(move |key| format!("{part}.{key}"))
    })
}

impl Config {
    /// This configuration with `changes` (by `part.key`, as the file has them) in place of what it says.
    ///
    /// # Errors
    /// Every change that breaks a rule, by its key: the same rules as those of the file.
    pub(crate) fn with(&self, changes: &BTreeMap<String, String>) -> Result<Self, Vec<(String, Rule)>> {
        let (mut config, mut faults) = (self.clone(), Vec::new());
        for (path, value) in changes {
            let named = path.rsplit_once('.').and_then(|(name, key)| Some((name, key, config.part(name)?)));
            let set = match named.filter(|(_, key, part)| part.keys().contains(key)) {
                Some((name, key, part)) if may_change(name, key) => part.set(key, value),
                Some(_) => Err(RESTART),
                None => Err(NO_KEY),
            };
            faults.extend(set.err().map(|rule| (path.clone(), rule)));
        }
        if faults.is_empty() {
            let known: Vec<_> = self.check().into_iter().map(|(key, _)| key).collect();
            let new = config.check().into_iter().filter(|(key, _)| !known.contains(key));
            faults.extend(new.map(|(key, rule)| (key.to_owned(), rule)));
        }
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }

    /// Every key with its value, by `part.key`; None: it has its default, or none. No secret is among them.
    pub(crate) fn values(&self) -> BTreeMap<String, Option<String>> {
        let table = toml::Value::Table(self.to_toml().parse().unwrap_or_default());
        let mut config = self.clone();
        let mut values = BTreeMap::new();
        for name in Self::PARTS {
            for key in config.part(name).map_or(&[][..], |part| part.keys()) {
                let part = name.split('.').try_fold(&table, |table, name| table.get(name));
                let value = part.and_then(|part| part.get(*key)).and_then(toml::Value::as_str);
                // A proxy's address may hold its password.
                let secret = name == "link" && *key == "proxy";
                let value = value.map(|value| if secret { SECRET } else { value }.to_owned());
                values.insert(format!("{name}.{key}"), value);
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_change_passes_the_rules_of_the_file() {
        let config = Config::default();
        let changed =
            config.with(&changes(&[("site.sponsor", "某市人民政府办公室"), ("accounts.idle", "10m")])).unwrap();
        assert_eq!(changed.site.sponsor.as_ref().unwrap().as_str(), "某市人民政府办公室");
        assert_eq!(changed.accounts.idle.duration().as_secs(), 600);
        for (key, value) in [
            ("accounts.idle", "soon"),
            ("accounts.idle", "1s"),
            ("accounts.session", "8d"),
            ("site.icp", ""),
            ("site.icp", "x"),
            ("site.police", "?"),
            ("site.code", "abc"),
            ("site.report_errors", "javascript:alert(1)"),
            ("web.listen", "0.0.0.0:1"),
            ("site.colour", "red"),
            ("site", "x"),
        ] {
            let faults = config.with(&changes(&[(key, value)])).unwrap_err();
            assert_eq!(faults.len(), 1, "{key}={value}: {faults:?}");
            assert_eq!(faults[0].0, key);
        }
    }

    #[test]
    fn what_takes_a_restart_is_told_from_what_there_is_not() {
        let rule = |key: &str| Config::default().with(&changes(&[(key, "127.0.0.0/8")])).unwrap_err()[0].1;
        for key in ["delivery.allow", "web.listen", "limits.token_requests", "delivery.url", "accounts.openid.issuer"] {
            let known = Config::default().values().contains_key(key);
            assert_eq!(rule(key), if known { RESTART } else { NO_KEY }, "{key}");
        }
        assert_eq!(rule("web.listen"), RESTART);
        for key in ["delivery.allowx", "nobody.listen", "listen", ""] {
            assert_eq!(rule(key), NO_KEY, "{key}");
        }
    }

    #[test]
    fn every_key_is_listed_with_what_was_set_and_no_secret() {
        let mut config = Config::default();
        config.site.icp = crate::config::Line::for_tests("粤ICP备00000000号");
        config.part("link").unwrap().set("proxy", "http://user:word@proxy.example:3128").unwrap();
        let values = config.values();
        assert_eq!(values["site.icp"].as_deref(), Some("粤ICP备00000000号"));
        assert_eq!(values["link.proxy"].as_deref(), Some("***"));
        assert_eq!(values["accounts.idle"], None);
        for key in changeable() {
            assert!(values.contains_key(&key), "{key}");
        }
        let defaults = Config::defaults();
        assert_eq!((&*defaults["accounts.idle"], &*defaults["web.tls"]), ("30m", "network"));
        assert_eq!(defaults.get("site.icp"), None, "an example is no default");
        assert!(defaults.keys().all(|key| values.contains_key(key)), "{defaults:?}");
    }
}

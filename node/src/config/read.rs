//! From file, variables and flags to a configuration, or to everything that is wrong with them.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place, Problem, Rule};
use super::parts::{Config, Origin, Origins};

/// The longest configuration file that is read.
const FILE_BYTES: u64 = 1024 * 1024;

/// Settings that go before those of the file, the later before the earlier.
#[derive(Debug, Clone, Default)]
pub struct Overrides(Vec<(Place, String, String, String)>);

impl Overrides {
    /// No overrides.
    pub fn none() -> Self {
        Self::default()
    }

    /// Those of the environment that name a setting: `DUIKOU_WEB_LISTEN` for `web.listen`.
    pub fn from_variables(mut variable: impl FnMut(&str) -> Option<String>) -> Self {
        let mut found = Vec::new();
        let mut config = Config::default();
        for name in Config::PARTS {
            for key in config.part(name).map_or(&[][..], |part| part.keys()) {
                let place = format!("DUIKOU_{name}_{key}").to_uppercase().replace('.', "_");
                if let Some(value) = variable(&place) {
                    found.push((Place::Variable(place), name.to_owned(), (*key).to_owned(), value));
                }
            }
        }
        Self(found)
    }

    /// Adds `part.key=value` from the command line.
    ///
    /// # Errors
    /// Where it is not of that form. Whether part and key exist is found when the configuration is read.
    pub fn add_flag(&mut self, text: &str) -> Result<(), Rule> {
        let setting = text.split_once('=').and_then(|(path, value)| Some((path.rsplit_once('.')?, value)));
        let Some(((part, key), value)) = setting else {
            return Err(Rule {
                zh: "应写作 部分.键=值，如 web.listen=127.0.0.1:8443",
                en: "it is written part.key=value, for example web.listen=127.0.0.1:8443",
            });
        };
        self.0.push((Place::Flag, part.trim().to_owned(), key.trim().to_owned(), value.trim().to_owned()));
        Ok(())
    }
}

impl Config {
    /// Reads the file at `path` with the process's `DUIKOU_*` variables.
    ///
    /// # Errors
    /// Every fault that there is.
    pub fn load(path: &Path) -> Result<Self, Vec<Fault>> {
        Self::load_with(path, &Overrides::from_variables(|name| std::env::var(name).ok()))
    }

    /// Reads the file at `path`. Relative paths in it are taken from the file's folder.
    ///
    /// # Errors
    /// Every fault that there is.
    pub fn load_with(path: &Path, overrides: &Overrides) -> Result<Self, Vec<Fault>> {
        let unreadable = |reason: String| {
            let place = Place::File { path: path.to_owned(), line: None };
            vec![Fault { place, key: String::new(), problem: Problem::Unreadable(reason) }]
        };
        let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
        if size > FILE_BYTES {
            return Err(unreadable(format!("{size} bytes, more than {FILE_BYTES}")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let mut config = Self::read(&text, path, overrides)?;
        if let Some(folder) = path.parent() {
            let web = [&mut config.web.certificate, &mut config.web.key];
            let further = [&mut config.delivery.extra_roots, &mut config.mail.password_file];
            let provider = [&mut config.oidc.client_secret_file, &mut config.oidc.ca_file];
            for file in web.into_iter().chain(further).chain(provider).flatten() {
                *file = folder.join(&*file);
            }
        }
        Ok(config)
    }

    /// Reads `text` as the file at `path`.
    ///
    /// # Errors
    /// Every fault that there is.
    pub fn read(text: &str, path: &Path, overrides: &Overrides) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader { config: Self::default(), places: BTreeMap::new(), faults: Vec::new() };
        reader.file(text, path);
        for (place, part, key, value) in &overrides.0 {
            reader.set(place.clone(), part, key, value);
        }
        let Reader { mut config, places, mut faults } = reader;
        let origin = |place: &Place| match place {
            Place::File { .. } => Origin::File,
            Place::Variable(_) => Origin::Variable,
            Place::Flag => Origin::Flag,
        };
        config.origins = Origins(places.iter().map(|(key, place)| (key.clone(), origin(place))).collect());
        let unset = Place::File { path: path.to_owned(), line: None };
        faults.extend(config.check().into_iter().map(|(key, rule)| Fault {
            place: places.get(key).unwrap_or(&unset).clone(),
            key: key.to_owned(),
            problem: Problem::Conflict(rule),
        }));
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    }
}

struct Reader {
    config: Config,
    places: BTreeMap<String, Place>,
    faults: Vec<Fault>,
}

impl Reader {
    fn fault(&mut self, place: Place, key: &str, problem: Problem) {
        self.faults.push(Fault { place, key: key.to_owned(), problem });
    }

    fn file(&mut self, text: &str, path: &Path) {
        let place = |offset: usize| {
            let before = &text.as_bytes()[..offset.min(text.len())];
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            Place::File { path: path.to_owned(), line: Some(line) }
        };
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = place(error.span().map_or(0, |span| span.start));
            self.fault(at, "", Problem::Syntax(error.message().to_owned()));
        }
        for (part, value) in in_order(table.get_ref()) {
            let at = place(part.span().start);
            let part = part.get_ref();
            match (Config::PARTS.contains(&&**part), value.get_ref()) {
                (false, _) => self.fault(at, part, Problem::Unknown { nearest: nearest(part, &Config::PARTS) }),
                (true, DeValue::Table(keys)) => self.part(part, keys, &place),
                (true, other) => {
                    let found = other.type_str().to_owned();
                    let rule = Rule { zh: "应为一个部分，如 [web]", en: "it is a part, for example [web]" };
                    self.fault(at, part, Problem::Value { found, rule });
                }
            }
        }
    }

    fn part(&mut self, part: &str, keys: &DeTable<'_>, place: &impl Fn(usize) -> Place) {
        for (key, value) in in_order(keys) {
            let inner = format!("{part}.{}", key.get_ref());
            match value.get_ref() {
                DeValue::Table(keys) if Config::PARTS.contains(&&*inner) => self.part(&inner, keys, place),
                value => self.value(place(key.span().start), part, key.get_ref(), value),
            }
        }
    }

    fn value(&mut self, place: Place, part: &str, key: &str, value: &DeValue<'_>) {
        match value {
            DeValue::String(text) => self.set(place, part, key, text),
            DeValue::Integer(number) => self.set(place, part, key, number.as_str()),
            DeValue::Boolean(is) => self.set(place, part, key, &is.to_string()),
            DeValue::Array(values) => {
                let item = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
                    DeValue::String(text) => text.to_string(),
                    DeValue::Integer(number) => number.as_str().to_owned(),
                    other => other.type_str().to_owned(),
                };
                let items: Vec<String> = values.iter().map(item).collect();
                self.set(place, part, key, &items.join(","));
            }
            other => self.set(place, part, key, other.type_str()),
        }
    }

    fn set(&mut self, place: Place, part: &str, key: &str, text: &str) {
        let path = format!("{part}.{key}");
        let Some(target) = self.config.part(part) else {
            return self.fault(place, part, Problem::Unknown { nearest: nearest(part, &Config::PARTS) });
        };
        let keys = target.keys();
        if !keys.contains(&key) {
            return self.fault(place, &path, Problem::Unknown { nearest: nearest(key, keys) });
        }
        if let Err(rule) = target.set(key, text) {
            let found = format!("{:?}", text.chars().take(80).collect::<String>());
            return self.fault(place, &path, Problem::Value { found, rule });
        }
        self.places.insert(path, place);
    }
}

/// The entries as they stand in the file: people mend faults from the top.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<(&'a Spanned<toml::de::DeString<'i>>, &'a Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn nearest(word: &str, known: &[&'static str]) -> Option<&'static str> {
    let scored = known.iter().map(|candidate| (strsim::jaro_winkler(word, candidate), *candidate));
    scored.filter(|(score, _)| *score > 0.7).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::super::{Size, WebTls};
    use super::*;

    fn read(text: &str) -> Result<Config, Vec<String>> {
        read_with(text, &Overrides::none())
    }

    fn read_with(text: &str, overrides: &Overrides) -> Result<Config, Vec<String>> {
        Config::read(text, Path::new("duikou.toml"), overrides)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert_eq!(read(""), Ok(Config::default()));
    }

    #[test]
    fn settings_are_read() {
        let config =
            read("[web]\ntls = \"off\"\nlisten = \"127.0.0.1:0\"\n[store]\nmemory = \"1 GiB\"\nqueue = 65536\n")
                .expect("valid");
        assert_eq!(config.web.tls, WebTls::Off);
        assert_eq!(config.web.listen.port(), 0);
        assert_eq!(config.store.memory, Size::mib(1024));
        assert_eq!(config.store.queue.bytes(), 65536);
    }

    #[test]
    fn all_faults_are_reported_at_once_with_place_key_and_nearest() {
        let faults = read(
            "[node]\nid = \"Shenzhen\"\n[web]\nlisten_address = \"127.0.0.1:1\"\nlistn = \"x\"\ntls = true\n\n[stor]\nmemory = 1\n",
        )
        .expect_err("faulty");
        assert_eq!(
            faults,
            [
                "duikou.toml:2: node.id is \"Shenzhen\", but it is a full id, for example shenzhen.pprd.example",
                "duikou.toml:4: web.listen_address is not known; did you mean listen?",
                "duikou.toml:5: web.listn is not known; did you mean listen?",
                "duikou.toml:6: web.tls is \"true\", but it is network, files or off",
                "duikou.toml:8: stor is not known; did you mean store?",
            ]
        );
    }

    #[test]
    fn lists_are_read_from_the_file_and_from_variables_alike() {
        let config = read("[delivery]\nallow = [\"127.0.0.0/8\", \"fd00::/8\"]\nports = [443, 9443]\n").expect("valid");
        let overrides = Overrides::from_variables(|name| match name {
            "DUIKOU_DELIVERY_ALLOW" => Some("127.0.0.0/8,fd00::/8".to_owned()),
            "DUIKOU_DELIVERY_PORTS" => Some("443, 9443".to_owned()),
            _ => None,
        });
        assert_eq!(read_with("", &overrides).expect("valid"), config);
        assert_eq!(config.delivery.ports.as_slice(), [443, 9443]);
        let faults = read("[delivery]\nallow = [\"10.0.0.0/40\"]\nports = [0]\n").expect_err("faulty");
        assert_eq!(faults.len(), 2, "{faults:?}");
    }

    #[test]
    fn a_part_within_another_is_read_from_the_file_a_variable_and_a_flag_alike() {
        let file = "[accounts]\nidle = \"5m\"\n[accounts.oidc]\nlabel_en = \"City\"\nrequire_second_factor = true\n";
        let config = read(file).expect("valid");
        assert!(config.oidc.require_second_factor && config.accounts.idle.duration().as_secs() == 300);
        let mut overrides = Overrides::from_variables(|name| match name {
            "DUIKOU_ACCOUNTS_IDLE" => Some("5m".to_owned()),
            "DUIKOU_ACCOUNTS_OIDC_LABEL_EN" => Some("City".to_owned()),
            _ => None,
        });
        overrides.add_flag("accounts.oidc.require_second_factor=true").expect("valid");
        assert_eq!(read_with("", &overrides), Ok(config));
        let faults = read("[accounts.oidc]\nisuer = \"x\"\n[accounts.odic]\nissuer = \"x\"\n").expect_err("faulty");
        assert_eq!(faults[0], "duikou.toml:2: accounts.oidc.isuer is not known; did you mean issuer?");
        assert!(faults[1].starts_with("duikou.toml:3: accounts.odic is not known"), "{faults:?}");
    }

    #[test]
    fn what_is_not_toml_names_its_line() {
        let faults = read("[web]\nlisten = \n").expect_err("faulty");
        assert!(faults[0].starts_with("duikou.toml:2: "), "{faults:?}");
    }

    #[test]
    fn flag_goes_before_variable_before_file() {
        let file = "[store]\nmemory = \"1 MiB\"\nqueue = \"1 MiB\"\n[operator]\nlisten = \"127.0.0.1:1\"\n";
        let mut overrides = Overrides::from_variables(|name| match name {
            "DUIKOU_STORE_MEMORY" | "DUIKOU_STORE_QUEUE" => Some("2 MiB".to_owned()),
            _ => None,
        });
        overrides.add_flag("store.memory=3 MiB").expect("valid");
        let config = read_with(file, &overrides).expect("valid");
        assert_eq!(
            (config.store.memory, config.store.queue, config.operator.listen.port()),
            (Size::mib(3), Size::mib(2), 1)
        );
        let origins =
            ["store.memory", "store.queue", "operator.listen", "web.listen"].map(|key| config.origins.of(key));
        assert_eq!(origins, [Some(Origin::Flag), Some(Origin::Variable), Some(Origin::File), None]);
        assert!(overrides.add_flag("store=3").is_err());
    }

    #[test]
    fn a_bad_variable_names_itself() {
        let overrides = Overrides::from_variables(|name| (name == "DUIKOU_WEB_TLS").then(|| "on".to_owned()));
        let faults = read_with("", &overrides).expect_err("faulty");
        assert_eq!(faults, ["DUIKOU_WEB_TLS: web.tls is \"on\", but it is network, files or off"]);
    }
}

//! Settings, for whoever administers the server: the same changes by the same rules from pages and from the machine.

use std::collections::{BTreeMap, BTreeSet};

use duikou_proto::v1;
use duikou_proto::v1::setting::Source;
use duikou_proto::validate::reason;

use super::error::{Failure, violation};
use crate::audit::Actor;
use crate::config::Origin;
use crate::config::live::is_changeable;
use crate::limits;
use crate::settings::{Setting, Settings};

/// Makes changes by `part.key`, all or none; None: back to what the file says.
pub(super) async fn change(
    settings: &Settings,
    by: Actor,
    changes: BTreeMap<String, Option<String>>,
) -> Result<(), Failure> {
    settings.change(by, changes).await?.map_err(|faults| {
        let faults = faults.iter().map(|(key, rule)| violation(key, reason::BAD_FORMAT, rule.zh, rule.en));
        Failure::Violations(faults.collect())
    })
}

/// Every setting, as the contract has it.
pub(super) fn list(settings: &Settings) -> Vec<v1::Setting> {
    settings.all().into_iter().map(shown).collect()
}

/// Makes the changes of a request; those settings as they are then.
pub(super) async fn update(
    settings: &Settings,
    by: Actor,
    request: v1::UpdateSettingsRequest,
) -> Result<Vec<v1::Setting>, Failure> {
    let v1::UpdateSettingsRequest { set, reset } = request;
    let named: BTreeSet<String> = set.keys().chain(&reset).cloned().collect();
    let mut found = Vec::new();
    if named.is_empty() {
        found.push(violation(
            "set",
            reason::REQUIRED,
            "没有要更改的设置，请给出键和值。",
            "There is nothing to change: give a key and a value.",
        ));
    }
    for (field, count) in [("set", set.len()), ("reset", reset.len())] {
        if count > limits::SETTINGS {
            let most = limits::SETTINGS;
            found.push(violation(
                field,
                reason::TOO_MANY,
                format!("共{count}项，最多{most}项，请分批更改。"),
                format!("These are {count} and may be {most}: change them in parts."),
            ));
        }
    }
    // What may not change has nothing to go back to.
    for key in reset.iter().filter(|key| set.contains_key(*key) || !is_changeable(key)).take(limits::SETTINGS) {
        found.push(violation(
            key,
            reason::INCONSISTENT,
            "此项不能恢复：它不能在运行中更改，或同时给出了新值。",
            "This cannot go back to the file: it cannot change while the server runs, or is given a new value as well.",
        ));
    }
    if !found.is_empty() {
        return Err(Failure::Violations(found));
    }
    let set = set.into_iter().map(|(key, value)| (key, Some(value)));
    change(settings, by, set.chain(reset.into_iter().map(|key| (key, None))).collect()).await?;
    Ok(list(settings).into_iter().filter(|setting| named.contains(&setting.key)).collect())
}

fn shown(setting: Setting) -> v1::Setting {
    let source = match (setting.made, setting.origin) {
        (true, _) => Source::SetHere,
        (false, Some(Origin::File)) => Source::File,
        (false, Some(Origin::Variable)) => Source::Variable,
        (false, Some(Origin::Flag)) => Source::Flag,
        (false, None) => Source::Default,
    };
    v1::Setting {
        default_value: setting.default.unwrap_or_default(),
        source: source.into(),
        changeable: is_changeable(&setting.key),
        value: setting.value.unwrap_or_default(),
        file_value: setting.file.unwrap_or_default(),
        set_here: setting.made,
        key: setting.key,
    }
}

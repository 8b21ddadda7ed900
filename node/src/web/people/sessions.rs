//! The sessions of an account, as a table with a button that ends each.

use duikou_proto::v1::Session;
use prost_types::Timestamp;

use super::super::catalogue::Texts;
use super::super::format;

/// One session.
pub(in crate::web) struct SessionRow {
    /// The last part of its name; the account's goes before.
    pub(in crate::web) id: String,
    pub(in crate::web) agent: String,
    pub(in crate::web) address: String,
    pub(in crate::web) began: String,
    pub(in crate::web) used: String,
    /// Whether it is the one through which this is seen.
    pub(in crate::web) current: bool,
}

/// Whether the one through which they are seen is among them: it ends by signing out.
pub(super) fn has_current(rows: &[SessionRow]) -> bool {
    rows.iter().any(|row| row.current)
}

/// As rows.
pub(super) fn rows(texts: Texts, sessions: Vec<Session>) -> Vec<SessionRow> {
    let row = |session: Session| SessionRow {
        id: session.name.rsplit('/').next().unwrap_or_default().to_owned(),
        agent: match &*session.agent {
            agent if is_program(agent) => texts.text("session-program"),
            agent => browser(agent),
        },
        address: session.address,
        began: moment(texts, session.create_time),
        used: moment(texts, session.last_use_time),
        current: session.current,
    };
    sessions.into_iter().map(row).collect()
}

/// A moment as people read it.
pub(super) fn moment(texts: Texts, time: Option<Timestamp>) -> String {
    time.map_or_else(String::new, |time| format::moment(texts.language(), &format::in_china(time.seconds)))
}

/// The same to the second.
pub(super) fn to_the_second(texts: Texts, time: Option<Timestamp>) -> String {
    let seconds = time.map(|time| format::in_china(time.seconds).strftime(":%S").to_string());
    moment(texts, time) + &seconds.unwrap_or_default()
}

/// Whether somebody has signed in by a program that speaks gRPC, whose libraries name themselves alone.
fn is_program(agent: &str) -> bool {
    agent.is_empty() || ["tonic/", "grpc-"].iter().any(|library| agent.starts_with(library))
}

/// What a browser calls itself, shortened to its name and system where they are known.
fn browser(agent: &str) -> String {
    // Those that name others for the sake of old sites come first.
    const BROWSERS: [(&str, &str); 7] = [
        ("MicroMessenger/", "WeChat"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |known: &[(&'static str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} ({system})"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_called_by_its_own_name() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0";
        assert_eq!(browser(edge), "Edge (Windows)");
        assert_eq!(browser("curl/8.5"), "curl");
        assert_eq!(browser("something else"), "something else");
        assert_eq!(
            ["", "tonic/0.14.9", "grpc-go/1.70.0", edge, "curl/8.5"].map(is_program),
            [true, true, true, false, false]
        );
    }
}

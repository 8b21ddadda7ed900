//! What a peer says in words, as it may reach an operator's screen and log.

use duikou_proto::limits as contract;

/// `text` without what would steer a terminal, cut to [`contract::SAID_CHARS`].
pub(crate) fn said(text: &str) -> String {
    let cut = text.char_indices().nth(contract::SAID_CHARS).map_or(text, |(end, _)| &text[..end]);
    cut.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_it_steers_a_terminal_or_fills_a_log() {
        assert_eq!(said("期限已过"), "期限已过");
        assert_eq!(said("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(said(&"字".repeat(1_000_000)).chars().count(), contract::SAID_CHARS);
    }
}

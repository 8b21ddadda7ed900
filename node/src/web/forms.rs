//! Fields of forms: a label, help beside it, what is wrong beside it, and what was typed, which is never lost.

use askama::Template;

/// How a value is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Control {
    /// A line. The word is its HTML type: `text`, `search`, `date`, `email`, `password` …
    Line(&'static str),
    /// Several lines.
    Area,
    /// One of these.
    Choice(Vec<Choice>),
    /// One of these, all in view, each with why it cannot be chosen; empty: it can.
    Radio(Vec<(Choice, String)>),
    /// Yes or no.
    Check,
    /// A file. The words are those of `accept`.
    File(&'static str),
    /// Any of these, with whether each is chosen.
    Boxes {
        boxes: Vec<(Choice, bool)>,
        /// More of them, which are not in view.
        folded: Option<Folded>,
        /// A line (`NAME-other`) for others by their names: its label, and what is in it.
        other: Option<(String, String)>,
    },
}

/// A value that may be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) value: String,
    pub(crate) name: String,
}

/// Boxes that are unfolded by whoever wants them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folded {
    pub(crate) title: String,
    /// How many are chosen.
    pub(crate) count: usize,
    pub(crate) open: bool,
    pub(crate) boxes: Vec<(Choice, bool)>,
}

/// What is said of what a field holds: what is wrong, what its writer should know, and what it may mean, each a button
/// that takes its place. `{{ said|safe }}` writes it; a script that saves as one types puts another in its place.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "kit/said.html")]
pub(crate) struct Said {
    /// The field.
    pub(crate) name: &'static str,
    pub(crate) error: String,
    pub(crate) note: String,
    pub(crate) candidates: Vec<Choice>,
}

/// One field. `{{ field|safe }}` writes it.
#[derive(Debug, Clone, Template)]
#[template(path = "kit/field.html")]
pub(crate) struct Field {
    /// Unique in its form; also its id.
    pub(crate) name: &'static str,
    pub(crate) label: String,
    pub(crate) control: Control,
    /// What was typed or is chosen.
    pub(crate) value: String,
    /// How to fill it in; empty: it needs no word.
    pub(crate) help: String,
    /// What holds now, or where nothing is filled in, on a line of its own; empty: nothing does.
    pub(crate) usual: String,
    /// What explains it at length: an address, and what leads there; None: nothing does.
    pub(crate) guide: Option<(&'static str, String)>,
    /// What is wrong with it; empty: nothing.
    pub(crate) error: String,
    pub(crate) required: bool,
    /// Whether whoever opens the page can type into it at once. One field of a page, a line.
    pub(crate) focused: bool,
    /// The id of what else describes it; empty: nothing does.
    pub(crate) described: &'static str,
    /// For `autocomplete`; empty: left to the browser.
    pub(crate) autocomplete: &'static str,
    /// The list of suggestions; empty: none.
    pub(crate) list: &'static str,
    /// For `inputmode`; empty: the usual keyboard.
    pub(crate) inputmode: &'static str,
    /// For `maxlength`.
    pub(crate) longest: Option<usize>,
    /// Where suggestions come from while somebody types; empty: there are none.
    pub(crate) suggest: &'static str,
    /// Whether several are typed into one line, with semicolons between them.
    pub(crate) several: bool,
    /// Lines of an area.
    pub(crate) rows: usize,
    /// Whether another stands beside it where there is room, in a form that has two columns.
    pub(crate) half: bool,
    /// What is said of it beside `error`; None: nothing ever is.
    pub(crate) said: Option<Said>,
}

impl Field {
    /// A field with nothing in it.
    pub(crate) fn new(name: &'static str, label: String, control: Control) -> Self {
        Self {
            name,
            label,
            control,
            value: String::new(),
            help: String::new(),
            usual: String::new(),
            guide: None,
            error: String::new(),
            required: false,
            focused: false,
            described: "",
            autocomplete: "",
            list: "",
            inputmode: "",
            longest: None,
            suggest: "",
            several: false,
            rows: 8,
            half: false,
            said: None,
        }
    }

    /// With this in it.
    #[must_use]
    pub(crate) fn holding(self, value: &str) -> Self {
        Self { value: value.to_owned(), ..self }
    }

    /// With this help.
    #[must_use]
    pub(crate) fn helped(self, help: String) -> Self {
        Self { help, ..self }
    }

    /// With what is wrong with it.
    #[must_use]
    pub(crate) fn faulted(self, error: Option<String>) -> Self {
        Self { error: error.unwrap_or_default(), ..self }
    }

    /// For `aria-describedby`; empty: nothing describes it.
    fn described_by(&self) -> String {
        let there = |text: &String| !text.is_empty();
        let [help, usual] = [&self.help, &self.usual].map(there);
        let parts = [("help", help), ("usual", usual), ("error", there(&self.error)), ("said", self.said.is_some())];
        let parts = parts.into_iter().filter(|(_, there)| *there);
        let own = parts.map(|(part, _)| format!("{}-{part}", self.name));
        let beside = Some(self.described.to_owned()).filter(|id| !id.is_empty());
        own.chain(beside).collect::<Vec<_>>().join(" ")
    }

    /// Whether something is wrong with it.
    fn is_wrong(&self) -> bool {
        !self.error.is_empty() || self.said.as_ref().is_some_and(|said| !said.error.is_empty())
    }

    /// The HTML type of a line. What is no date could not be shown as one, and would be lost.
    fn kind_of_line<'a>(&self, kind: &'a str) -> &'a str {
        let shown = kind != "date" || self.value.is_empty() || self.value.parse::<jiff::civil::Date>().is_ok();
        if shown { kind } else { "text" }
    }

    fn chosen(&self, choice: &Choice) -> bool {
        choice.value == self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_stays_with_what_is_wrong_beside_it() {
        let field = Field::new("amount", "金额".to_owned(), Control::Line("text"))
            .holding("\"><script>")
            .helped("例如 1.2亿".to_owned())
            .faulted(Some("看不懂".to_owned()));
        let html = field.render().unwrap();
        assert!(html.contains("value=\"&#34;&#62;&#60;script&#62;\""), "{html}");
        assert!(
            html.contains("aria-invalid=\"true\"") && html.contains("aria-describedby=\"amount-help amount-error\"")
        );
        assert!(html.contains("id=\"amount-error\"") && html.contains("看不懂"), "{html}");
    }
}

//! The way from one page of a list to the next. Lists go on after a place, not to a number: what is written meanwhile
//! neither repeats nor hides anything.

use askama::Template;

use super::catalogue::Texts;

/// Where the pages of a list lead; `{{ pager|safe }}` writes it. Nothing is written where one page holds all.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "kit/pager.html")]
pub(crate) struct Pager {
    label: String,
    first: String,
    previous: String,
    next: String,
    first_name: String,
    previous_name: String,
    next_name: String,
}

impl Pager {
    /// `first` leads to the first page (empty: this is it), `previous` to the one before this, `next` to the one after it
    /// (empty: there is none).
    pub(crate) fn new(texts: Texts, first: String, previous: String, next: String) -> Self {
        // The page before the second one is the first.
        let first = if first == previous { String::new() } else { first };
        let ids = ["pager", "pager-first", "pager-previous", "pager-next"];
        let [label, first_name, previous_name, next_name] = ids.map(|id| texts.text(id));
        Self { label, first, previous, next, first_name, previous_name, next_name }
    }
}

/// What a list shows that has nothing in it: what that means, and what to do.
#[derive(Debug, Clone, Template)]
#[template(path = "kit/empty.html")]
pub(crate) struct Empty {
    pub(crate) title: String,
    pub(crate) advice: String,
    /// Where to go on and what that is called; empty: nowhere.
    pub(crate) link: (String, String),
}

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
    next: String,
    first_name: String,
    next_name: String,
}

impl Pager {
    /// `first` leads to the first page (empty: this is it), `next` to the one after this (empty: there is none).
    pub(crate) fn new(texts: Texts, first: String, next: String) -> Self {
        let [label, first_name, next_name] = ["pager", "pager-first", "pager-next"].map(|id| texts.text(id));
        Self { label, first, next, first_name, next_name }
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

//! The page that asks before something is done that cannot be undone.

use askama::Template;

use super::layout::Page;

/// See the module.
#[derive(Template)]
#[template(path = "kit/asking.html")]
pub(crate) struct AskingPage {
    pub(crate) page: Page,
    /// Where a yes is sent.
    pub(crate) action: String,
    /// What will be gone.
    pub(crate) lead: String,
    /// What there is beside that to know; empty: nothing.
    pub(crate) help: String,
    /// Of what is gone, as it was seen; empty: whatever it is by then.
    pub(crate) etag: String,
    /// What a yes says.
    pub(crate) yes: String,
    /// What a no says, and where it leads.
    pub(crate) no: (String, String),
}

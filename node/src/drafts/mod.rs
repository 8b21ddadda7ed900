//! Drafts of listings and their approval (事前审核): `fact` is what is kept of one, `change` makes, edits and throws away,
//! `submit` hands in, `review` gives back or approves, `policy` says who may, `persons` who is what, `read` finds them,
//! `waiting` notes which wait for somebody, `brought` is one of another node, `difference` shows what an approval would
//! change and `audience` for whom.
//!
//! Drafts are facts of this node, never records: nothing that a link, a feed, the search or a live question reads knows
//! of them, and they need no rule of visibility. They become a record in the transaction in which they end.

mod audience;
mod brought;
mod change;
mod difference;
mod fact;
mod persons;
mod policy;
mod read;
mod review;
mod submit;
mod waiting;

pub(crate) use audience::{Audience, Beyond, audience};
pub(crate) use brought::Brought;
pub(crate) use change::{Edit, End, Key, Make, Refusal};
pub(crate) use difference::differences;
pub(crate) use fact::{DraftFact, State};
pub(crate) use persons::role_of;
pub(crate) use policy::{Approver, SetPolicy, judges};
pub(crate) use read::{Wanted, batch, get, list, open_of};
pub(crate) use review::{Approve, Approved, Return};
pub(crate) use submit::{Hand, Handed, Submit};
pub(crate) use waiting::{Noted, each_waiting, note_all};

//! Pages for people, made on the server: they work without scripts, and a page asks the same services as a gRPC caller,
//! in this process, with the eyes of whoever looks at it.
//!
//! The kit: `catalogue` holds all texts in both languages, `visitor` is who looks and how, `signed` somebody who is signed
//! in, `sent` what a form holds, `faults` what is wrong with one, `returning` keeps what was typed by somebody whose session has ended, `layout` is what surrounds a
//! page, `respond` sends one, `kept` keeps for a moment what anybody sees, `once` for some minutes what is shown once, `problems` shows browsers what went wrong, `assets` are style and script, `tables` lists as files, `consent` the pages to which links in mails lead, `help` what people want to know, `forms` and
//! `pager` the pieces that pages share, `format` writes numbers, dates and places, `words` the contract's codes,
//! and `crate::markdown` what members write. `design` shows all of it on a page. Pages live in folders of their own: `drafts`,
//! `imports`, `office`, `saved`,
//! `people`, `reading`.
//!
//! A page is a struct that derives `askama::Template`, with a field `page` ([`layout::Page`]), a template in
//! `node/templates` that extends `kit/layout.html`, a handler that returns [`respond::Answer`], and samples in `samples`,
//! with which tests write it in both languages and, by `served`, have a browser judge it.
//!
//! A session's secret travels in the cookie `__Host-session` (`http/cookies`), and `http/front` looks at it once, for
//! pages alone: REST, gRPC and feeds take a bearer and no cookie, so a page of another site has nothing to forge a call
//! with. Forms of other sites are refused before any handler, by `Sec-Fetch-Site` and `Origin`. A handler that takes a
//! `Signed` is reached by nobody else: whoever opens the page is led to sign in and back; whoever sends a form gets the
//! sign-in page with what was typed in it, and sends it on from the page after. A form that writes for a member says for
//! which it was opened, and is taken for no other (`returning`). The token of a registered reader can
//! stand in the place of a session (`people/reader`). What scripts read by themselves is no use of a session. What a page
//! did is told by the next one: a cookie carries the id of a text, never a text. What anybody sees is made once for all
//! who ask within a second, and never shown after a change here; what somebody else sees is kept nowhere.

mod asking;
mod assets;
mod catalogue;
mod consent;
mod design;
mod drafts;
mod faults;
mod format;
mod forms;
mod help;
mod imports;
mod kept;
mod layout;
mod office;
mod once;
mod pager;
mod people;
mod preferences;
mod problems;
mod reached;
mod reading;
mod respond;
mod returning;
#[cfg(any(test, feature = "samples"))]
mod samples;
mod saved;
mod sent;
#[cfg(feature = "samples")]
pub mod served;
mod signed;
mod tables;
mod visitor;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use http::request::Parts;
use tokio::sync::Semaphore;
use tower_http::csrf::CsrfLayer;

use crate::accounts::Accounts;
use crate::addresses::Origin;
use crate::config::{BaseUrl, Site};
use crate::delivery::Desk;
use crate::engine::Engine;
use crate::http::Cookies;
use crate::imports::Imports;
use crate::link::LinkBoard;
use crate::services::{Context, InProcess};
use crate::settings::Settings;
use crate::uses::Uses;

/// Workbooks that are written at once: each takes memory and a core for a while.
const EXPORTS: usize = 2;

/// What pages are made of and for.
#[derive(Clone)]
pub(crate) struct Web(Arc<Shared>);

struct Shared {
    engine: Engine,
    accounts: Accounts,
    services: InProcess,
    desk: Desk,
    links: LinkBoard,
    settings: Settings,
    base: Option<BaseUrl>,
    kept: kept::Kept,
    once: once::Once,
    matches: office::Matches,
    cookies: Cookies,
    imports: Imports,
    /// When tokens were last used.
    uses: Uses,
    /// Workbooks that are written at once.
    exports: Arc<Semaphore>,
}

impl Web {
    /// Pages over what the services work on, and the imports that people are at; `base` is where people reach them, as the
    /// operator says; else each is shown the address by which they came.
    pub(crate) fn new(context: &Context, imports: Imports, base: Option<BaseUrl>, cookies: Cookies) -> Self {
        let (engine, links) = (context.engine.clone(), context.links.clone());
        let (services, kept, once) = (InProcess::new(context), kept::Kept::default(), once::Once::default());
        let (accounts, desk) = (context.accounts.clone(), context.subscriptions.clone());
        let exports = Arc::new(Semaphore::new(EXPORTS));
        let (settings, matches) = (context.settings.clone(), office::Matches::default());
        Self(Arc::new(Shared {
            engine,
            accounts,
            services,
            desk,
            links,
            settings,
            base,
            kept,
            once,
            matches,
            cookies,
            imports,
            uses: context.uses.clone(),
            exports,
        }))
    }

    fn engine(&self) -> &Engine {
        &self.0.engine
    }

    fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    fn services(&self) -> &InProcess {
        &self.0.services
    }

    fn desk(&self) -> &Desk {
        &self.0.desk
    }

    fn links(&self) -> &LinkBoard {
        &self.0.links
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What pages say of the office whose they are.
    fn site(&self) -> Site {
        self.0.settings.now().site.clone()
    }

    fn once(&self) -> &once::Once {
        &self.0.once
    }

    fn matches(&self) -> &office::Matches {
        &self.0.matches
    }

    fn cookies(&self) -> Cookies {
        self.0.cookies
    }

    fn imports(&self) -> &Imports {
        &self.0.imports
    }

    fn uses(&self) -> &Uses {
        &self.0.uses
    }

    fn exports(&self) -> Arc<Semaphore> {
        self.0.exports.clone()
    }

    /// Where whoever sent this request reaches this server.
    fn reached_by(&self, parts: &Parts) -> Option<Origin> {
        Origin::of(self.0.base.as_ref(), self.0.cookies.scheme(), &parts.uri, &parts.headers)
    }
}

/// All pages. Forms of other sites are refused.
pub(crate) fn routes(web: &Web) -> Router {
    // A base that is set has been read as an address without a path, which is an origin.
    let csrf = CsrfLayer::new();
    let csrf = match web.0.base.as_ref().map(|base| csrf.clone().add_trusted_origin(base.as_str())) {
        Some(Ok(trusting)) => trusting,
        Some(Err(_)) | None => csrf,
    };
    let pages = Router::new().merge(reading::routes()).merge(people::routes()).merge(drafts::routes());
    let pages = pages.merge(office::routes());
    let pages = pages
        .merge(help::routes())
        .merge(consent::routes())
        .merge(preferences::routes())
        .merge(design::routes())
        .merge(once::routes());
    let keeping = from_fn_with_state(web.clone(), kept::keep);
    let returning = from_fn_with_state(web.clone(), returning::keep_typed);
    // What is written for one, or is large, is not kept for others.
    pages
        .layer(keeping)
        .merge(people::provider_routes())
        .merge(imports::routes())
        .merge(saved::routes())
        .layer(returning)
        .layer(csrf)
        .with_state(web.clone())
        .merge(assets::routes())
}

/// `routes`, with what goes wrong in them shown to browsers as pages.
pub(crate) fn explaining(routes: Router, web: Web) -> Router {
    routes.layer(from_fn_with_state(web, problems::explain))
}

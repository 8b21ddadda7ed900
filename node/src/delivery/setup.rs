//! What can be wrong with how an operator has set deliveries up.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why nothing can be delivered as it is configured.
#[derive(Debug, Error)]
pub enum SetupError {
    /// A file that a setting names.
    #[error("{setting} {} cannot be read", path.display())]
    Unreadable {
        /// The setting, as in `duikou.toml`.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that holds something else than it should.
    #[error("{setting} {}: {why}", path.display())]
    Unfit {
        /// The setting, as in `duikou.toml`.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The mail server.
    #[error("mail.server cannot be used")]
    MailServer(#[from] lettre::transport::smtp::Error),
    /// TLS towards receivers.
    #[error("TLS cannot be set up for deliveries")]
    Tls(#[from] rustls::Error),
}

impl SetupError {
    pub(super) fn unfit(setting: &'static str, path: &Path, why: &'static str) -> Self {
        Self::Unfit { setting, path: path.to_owned(), why }
    }

    pub(super) fn unreadable(setting: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Unreadable { setting, path: path.to_owned(), source }
    }
}

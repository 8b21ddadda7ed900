//! What an operator keeps in files for what this server says to others, and what can be wrong with them.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustls_pki_types::CertificateDer;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::trust::pem::decode_certificates;

/// Longest password.
const SECRET_BYTES: u64 = 4 * 1024;

/// Why nothing can be said to others as it is configured.
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
    #[error("TLS cannot be set up towards others")]
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

/// The password in the file that a setting names, without the end of its line.
///
/// # Errors
/// Where it cannot be read, is no password, or others can read it.
pub(crate) fn secret(setting: &'static str, path: &Path) -> Result<Zeroizing<String>, SetupError> {
    let about = std::fs::metadata(path).map_err(SetupError::unreadable(setting, path))?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err(SetupError::unfit(setting, path, "others can read it; chmod 600"));
    }
    if about.len() > SECRET_BYTES {
        return Err(SetupError::unfit(setting, path, "it is too long for a password"));
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(SetupError::unreadable(setting, path))?);
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The authorities in the file that a setting names.
///
/// # Errors
/// Where it cannot be read, or holds no certificates.
pub(crate) fn roots(setting: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let bytes = std::fs::read(path).map_err(SetupError::unreadable(setting, path))?;
    decode_certificates(&bytes).ok_or_else(|| SetupError::unfit(setting, path, "it holds no certificates in PEM"))
}

//! The one cryptography provider of the process, and its randomness.

use std::sync::{Arc, LazyLock};

use ::aws_lc_rs::error::Unspecified;
use rustls::crypto::{CryptoProvider, aws_lc_rs};

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));

/// Makes aws-lc-rs the provider of libraries that ask for the default. To be called first in `main`; calling it again
/// changes nothing.
pub fn install_default() {
    // The error says only that one is installed already.
    let _ = aws_lc_rs::default_provider().install_default();
}

/// The provider of all our TLS.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::clone(&PROVIDER)
}

/// Octets from the operating system's seeded generator.
///
/// # Errors
/// Where the system gives no randomness.
pub fn random<const N: usize>() -> Result<[u8; N], Unspecified> {
    let mut octets = [0; N];
    ::aws_lc_rs::rand::fill(&mut octets)?;
    Ok(octets)
}

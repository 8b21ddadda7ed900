//! One authority follows another: the key of the next waits for the root, then its certificate is made and stands first
//! in `ca.crt`, before the one that it replaces. What that one had issued stays good until it has ended.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use duikou_node::trust::identity::{AUTHORITY_FILE, BACKDATING, read_certificates, write_certificates};
use duikou_node::trust::key_file::{create_tls_key, read_tls_key};
use duikou_node::trust::vouch::{claimed_generation, vouch};
use duikou_proto::federation;
use duikou_proto::name::NetworkName;
use rcgen::PublicKeyData;
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{Authority, AuthorityError, KEY_FILE, named};

/// The key of the authority that is to follow.
const NEXT_KEY_FILE: &str = "ca.next.key";

/// Numbers authorities: microseconds since 1970 UTC, so that one that is made right after another was lost is newer. Where
/// the one before is numbered by seconds, that is less.
pub(super) fn generation(now: SystemTime) -> i64 {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Makes the key of the next authority, where it is not there yet; what the root has to vouch for. Its generation is
/// later than that of the present one, even where that was made in the same second or by a clock that was ahead: nodes
/// believe no other.
///
/// # Errors
/// Where a file cannot be read or written.
pub fn next_authority(dir: &Path, now: SystemTime) -> Result<federation::Authority, AuthorityError> {
    let file = dir.join(NEXT_KEY_FILE);
    let key = if file.exists() { read_tls_key(&file)? } else { create_tls_key(&file)? };
    let before = read_certificates(&dir.join(AUTHORITY_FILE))?.iter().filter_map(claimed_generation).max();
    let generation = before.map_or(generation(now), |before| generation(now).max(before.saturating_add(1)));
    Ok(federation::Authority { generation, public_key: key.subject_public_key_info() })
}

/// Makes the authority that the root has vouched for, and puts it first.
///
/// # Errors
/// Where another key waits, or a file cannot be read or written.
pub fn succeed(
    dir: &Path,
    network: &NetworkName,
    next: &federation::Authority,
    signature: &[u8],
    now: SystemTime,
) -> Result<(), AuthorityError> {
    let file = dir.join(NEXT_KEY_FILE);
    let key = read_tls_key(&file)?;
    if key.subject_public_key_info() != next.public_key {
        return Err(AuthorityError::Mismatch { path: file });
    }
    let made = Authority::make(key, network.clone(), &vouch(next.generation, signature), now)?;
    let mut all = vec![made.certificate];
    all.extend(read_certificates(&dir.join(AUTHORITY_FILE))?);
    write_certificates(&dir.join(AUTHORITY_FILE), &all)?;
    finish(dir)
}

/// Gives the key of a new authority its place, where its certificate is there and that was not done.
pub(super) fn finish(dir: &Path) -> Result<(), AuthorityError> {
    let (file, path) = (dir.join(NEXT_KEY_FILE), dir.join(AUTHORITY_FILE));
    if !file.exists() || !path.exists() {
        return Ok(());
    }
    let public = read_tls_key(&file)?.subject_public_key_info();
    let first = read_certificates(&path)?.into_iter().next();
    if first.as_ref().and_then(named).is_some_and(|(_, key)| key == public) {
        let io =
            |source| AuthorityError::Key(duikou_node::trust::key_file::KeyFileError::Io { path: file.clone(), source });
        std::fs::rename(&file, dir.join(KEY_FILE)).map_err(io)?;
        std::fs::File::open(dir).and_then(|folder| folder.sync_all()).map_err(io)?;
    }
    Ok(())
}

/// The authorities in `dir` that are still needed: the first, and those before it while what they issued may be in use.
///
/// # Errors
/// Where they cannot be read.
pub(crate) fn in_use(
    dir: &Path,
    lifetime: Duration,
    now: SystemTime,
) -> Result<Vec<CertificateDer<'static>>, AuthorityError> {
    let mut all = read_certificates(&dir.join(AUTHORITY_FILE))?;
    // The last certificate of the one before was issued before the first was made.
    let made = all.first().and_then(|first| {
        let (_, parsed) = X509Certificate::from_der(first).ok()?;
        let seconds = u64::try_from(parsed.validity().not_before.timestamp()).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds) + BACKDATING)
    });
    if made.is_some_and(|made| made + lifetime < now) {
        all.truncate(1);
    }
    Ok(all)
}

//! What lies in folders: authorities, requests, identities.

use super::*;

#[test]
fn an_authority_reads_back_and_is_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let made = Authority::create(dir.path(), network(), &root(), now()).unwrap();
    let read = Authority::load(dir.path()).unwrap();
    assert_eq!((read.network(), read.fingerprint()), (&network(), made.fingerprint()));
    assert!(matches!(Authority::create(dir.path(), network(), &root(), now()), Err(AuthorityError::Key(_))));
    assert_eq!(Authority::load(dir.path()).unwrap().fingerprint(), made.fingerprint());

    let key = KeyPair::generate().unwrap();
    let chain = read.issue_link(&certificate_request(&key).unwrap(), Role::Node, &id("a"), now()).unwrap();
    let link = TlsIdentity::new(chain, &key, vec![made.certificate().clone()]).unwrap();
    assert_eq!(link.peer(&network()).unwrap(), Peer::node(id("a")));
    assert!(link.remaining(now()) > LINK_LIFETIME - Duration::from_secs(10));
    assert!(link.remaining(now()) <= LINK_LIFETIME);
}

/// Go's x509 gives a certificate up where an arc takes more than 31 bits, before it looks at what trusts it.
#[test]
fn every_program_can_read_the_certificates() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::create(dir.path(), network(), &root(), now()).unwrap();
    let key = KeyPair::generate().unwrap();
    let request = certificate_request(&key).unwrap();
    let mut all = authority.issue_link(&request, Role::Node, &id("a"), now()).unwrap();
    all.push(authority.certificate().clone());
    let mut seen = 0;
    for certificate in &all {
        let (_, parsed) = X509Certificate::from_der(certificate).unwrap();
        for extension in parsed.extensions() {
            let arcs: Vec<u64> = extension.oid.iter().expect("arcs of at most 64 bits").collect();
            assert!(arcs.iter().all(|arc| *arc < 1 << 31), "{arcs:?}");
            seen += 1;
        }
    }
    assert!(seen > 3, "{seen} extensions");
}

#[test]
fn an_authority_with_a_loose_or_foreign_key_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    Authority::create(dir.path(), network(), &root(), now()).unwrap();
    let path = dir.path().join(KEY_FILE);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Authority::load(dir.path()), Err(AuthorityError::Key(KeyFileError::Loose(_)))));
    std::fs::remove_file(&path).unwrap();
    create_tls_key(&path).unwrap();
    assert!(matches!(Authority::load(dir.path()), Err(AuthorityError::Mismatch { .. })));
}

#[test]
fn a_request_decides_nothing_but_the_key() {
    let world = World::new();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["evil.example".into()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.subject_alt_names.push(SanType::URI("spiffe://pprd.example/gateway/hub".try_into().unwrap()));
    params.distinguished_name = issue::common_name("evil");
    let request = params.serialize_request(&key).unwrap();
    let issue = |request: &[u8]| world.authority.issue_link(request, Role::Node, &id("a"), now());
    let leaf = issue(request.der()).unwrap().remove(0);
    assert_eq!(Peer::from_certificate(&leaf, &network()).unwrap(), Peer::node(id("a")));
    let (_, parsed) = X509Certificate::from_der(&leaf).unwrap();
    assert_eq!(parsed.subject().to_string(), "CN=a");
    assert_eq!(parsed.public_key().raw, key.subject_public_key_info());
    let usage = parsed.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.server_auth && usage.client_auth && !usage.any);

    let mut forged = request.der().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert!(matches!(issue(&forged), Err(AuthorityError::Request)));
    assert!(matches!(issue(&[0; 20_000]), Err(AuthorityError::Request)));
    let other = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    assert!(matches!(issue(&certificate_request(&other).unwrap()), Err(AuthorityError::Request)));
    let foreign = "a.other.example".parse().unwrap();
    let refused = world.authority.issue_link(request.der(), Role::Node, &foreign, now());
    assert!(matches!(refused, Err(AuthorityError::Foreign { .. })));
}

#[test]
fn a_public_listener_needs_names_that_are_names() {
    let world = World::new();
    let key = KeyPair::generate().unwrap();
    let issue = |names: &[WebName]| world.authority.issue_web(names, &key, now());
    issue(&[WebName::new("对口.example"), WebName::new("::1")]).unwrap_err();
    issue(&[WebName::new("hub.pprd.example"), WebName::new("::1")]).unwrap();
    issue(&[]).unwrap_err();
    issue(&[WebName::new("a b")]).unwrap_err();
    issue(&vec![WebName::new("a.example"); issue::WEB_NAMES + 1]).unwrap_err();
}

#[test]
fn an_identity_reads_back_from_its_folder() {
    let world = World::new();
    let dir = tempfile::tempdir().unwrap();
    let key = create_tls_key(&dir.path().join(TLS_KEY_FILE)).unwrap();
    let request = certificate_request(&key).unwrap();
    let chain = world.authority.issue_link(&request, Role::Node, &id("a"), now()).unwrap();
    let authorities = [world.authority.certificate().clone()];
    TlsIdentity::store_certificates(dir.path(), &chain, &authorities).unwrap();
    let identity = TlsIdentity::load(dir.path()).unwrap();
    assert_eq!(identity.peer(&network()).unwrap(), Peer::node(id("a")));
    assert_eq!(identity.certificates(), chain);
    assert_eq!(identity.authorities(), authorities);

    rewrite_key(dir.path());
    assert!(matches!(TlsIdentity::load(dir.path()), Err(IdentityError::Mismatch(_))));
}

fn rewrite_key(dir: &Path) {
    std::fs::remove_file(dir.join(TLS_KEY_FILE)).unwrap();
    create_tls_key(&dir.join(TLS_KEY_FILE)).unwrap();
}

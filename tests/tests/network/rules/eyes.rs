//! One node, several members: each sees with its own eyes, and strangers with theirs.

use duikou_proto::v1::listing_service_client::ListingServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{CreateListingRequest, GetListingRequest, ListListingsRequest};
use duikou_tests::harness::{Network, Server, WebCertificate, WebClient, offer};
use serde_json::Value;
use tonic::{Code, Status};

use super::{Holder, Watcher, listing_name, reason};

async fn listed(web: &WebClient) -> Result<Vec<String>, Status> {
    let request = ListListingsRequest { parent: "members/-".to_owned(), ..ListListingsRequest::default() };
    let listings = ListingServiceClient::new(web.clone()).list_listings(request).await?.into_inner().listings;
    Ok(listings.into_iter().filter_map(|listing| Some(listing.name.rsplit_once('/')?.1.to_owned())).collect())
}

async fn get(web: &WebClient, name: &str) -> Result<(), Status> {
    ListingServiceClient::new(web.clone()).get_listing(GetListingRequest { name: name.to_owned() }).await.map(drop)
}

/// Makes a token of a registered reader: its name and its secret.
async fn registered(server: &Server) -> (String, String) {
    let made = server.cli(&["tokens", "create", "--registered", "--output", "json"]).await.done();
    let made: Value = serde_json::from_str(&made).unwrap();
    (made["token"]["name"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_their_own_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(771)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("offices", &["bijie", "harbin", "zunyi"])
        .circle("rivers", &["shenzhen", "bijie"])
        .circle("winters", &["shenzhen", "harbin"])
        .web_certificate(&certificate)
        .start()
        .await;
    let (origin, offices) = (net.node("shenzhen"), net.node("offices"));
    for draft in [
        offer("open"),
        offer("vetted").for_scopes(&["registered"]),
        offer("among-us").for_network(),
        offer("river").for_circle("rivers"),
        offer("winter").for_circle("winters"),
        offer("letter").for_members(&["zunyi"]),
    ] {
        origin.publish(draft).await.unwrap();
    }
    net.settle().await;

    let own = [
        ("bijie", ["among-us", "open", "river", "vetted"]),
        ("harbin", ["among-us", "open", "vetted", "winter"]),
        ("zunyi", ["among-us", "letter", "open", "vetted"]),
    ];
    for (server, place) in [(offices, "the node"), (net.gateway(), "the gateway")] {
        for (member, expected) in own {
            let secret = server.token(member, Role::Viewer).await.unwrap();
            let web = server.web(certificate.client(), Some(&secret)).await.unwrap();
            assert_eq!(listed(&web).await.unwrap(), expected, "{member} at {place}");
            let holder = Holder::new(Watcher::new(web, None, "").await.unwrap()).await;
            let expected: Vec<String> = expected.iter().map(|id| listing_name("shenzhen", id)).collect();
            assert_eq!(holder.held.into_iter().collect::<Vec<_>>(), expected, "{member} watches {place}");
        }
        let web = server.web(certificate.client(), None).await.unwrap();
        assert_eq!(listed(&web).await.unwrap(), ["open"], "anybody at {place}");
    }

    let (_, secret) = registered(net.gateway()).await;
    let web = net.gateway().web(certificate.client(), Some(&secret)).await.unwrap();
    assert_eq!(listed(&web).await.unwrap(), ["open", "vetted"]);
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_for_you_does_not_exist() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net = Network::new(772)
        .gateway()
        .node("shenzhen", &["shenzhen"])
        .node("offices", &["bijie", "harbin"])
        .web_certificate(&certificate)
        .start()
        .await;
    net.node("shenzhen").publish(offer("letter").for_members(&["harbin"])).await.unwrap();
    net.settle().await;
    let offices = net.node("offices");
    let secret = offices.token("bijie", Role::Viewer).await.unwrap();
    let eyes = [
        offices.web(certificate.client(), Some(&secret)).await.unwrap(),
        offices.web(certificate.client(), None).await.unwrap(),
        net.gateway().web(certificate.client(), None).await.unwrap(),
    ];
    for web in eyes {
        let closed = get(&web, &listing_name("shenzhen", "letter")).await.unwrap_err();
        let absent = get(&web, &listing_name("shenzhen", "absent")).await.unwrap_err();
        assert_eq!(closed.code(), Code::NotFound);
        assert_eq!(absent.code(), Code::NotFound);
        assert_eq!(closed.message().replace("letter", "absent"), absent.message());
        let text = |status: &Status| String::from_utf8_lossy(status.details()).into_owned();
        assert_eq!(text(&closed).replace("letter", "absent"), text(&absent));
        let known: Vec<String> = closed.metadata().keys().map(|key| format!("{key:?}")).collect();
        assert_eq!(known, absent.metadata().keys().map(|key| format!("{key:?}")).collect::<Vec<_>>());
    }
    net.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_allows_what_its_role_says_until_it_is_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = WebCertificate::make(folder.path());
    let net =
        Network::new(773).gateway().node("offices", &["bijie", "harbin"]).web_certificate(&certificate).start().await;
    let offices = net.node("offices");
    let writes = async |role: Role, member: &str| {
        let secret = offices.token("bijie", role).await.unwrap();
        let web = offices.web(certificate.client(), Some(&secret)).await.unwrap();
        let listing = Some(offer(&format!("of-{}", role as i32)).listing(member));
        let request = CreateListingRequest { listing, ..CreateListingRequest::default() };
        ListingServiceClient::new(web).create_listing(request).await.map(drop)
    };
    assert_eq!(writes(Role::Viewer, "bijie").await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(writes(Role::Editor, "harbin").await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(writes(Role::Admin, "harbin").await.unwrap_err().code(), Code::PermissionDenied);
    writes(Role::Editor, "bijie").await.unwrap();
    let web = offices.web(certificate.client(), None).await.unwrap();
    let request =
        CreateListingRequest { listing: Some(offer("nobody").listing("bijie")), ..CreateListingRequest::default() };
    let refused = ListingServiceClient::new(web).create_listing(request).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::Unauthenticated, "TOKEN_REQUIRED"));

    let (name, secret) = registered(net.gateway()).await;
    let web = net.gateway().web(certificate.client(), Some(&secret)).await.unwrap();
    listed(&web).await.unwrap();
    net.gateway().cli(&["tokens", "revoke", &name]).await.done();
    let refused = listed(&web).await.unwrap_err();
    assert_eq!((refused.code(), &*reason(&refused)), (Code::Unauthenticated, "TOKEN_INVALID"));
    let web = net.gateway().web(certificate.client(), Some("dk_never-made")).await.unwrap();
    assert_eq!(listed(&web).await.unwrap_err().code(), Code::Unauthenticated);
    assert_eq!(net.gateway().cli(&["tokens", "revoke", &name]).await.code, 1, "it is gone already");
    net.finish().await;
}

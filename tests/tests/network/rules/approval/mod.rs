//! Approval before publication: nothing that waits for one is known anywhere else, an approval is for what was shown and
//! takes effect whole or not at all, and an import is approved together.

mod imports;
mod killed;
mod path;

use std::path::Path;

use duikou_proto::v1::draft_service_client::DraftServiceClient;
use duikou_proto::v1::token::Role;
use duikou_proto::v1::{ApproveDraftRequest, ApproveDraftResponse, Draft, GetDraftRequest, Listing};
use duikou_tests::harness::{Server, WebCertificate};
use tonic::Status;
use tonic::transport::Channel;

/// The drafts of a server as its operator deals with them.
fn drafts(server: &Server) -> DraftServiceClient<Channel> {
    DraftServiceClient::new(server.local())
}

async fn get(server: &Server, name: &str) -> Draft {
    drafts(server).get_draft(GetDraftRequest { name: name.to_owned() }).await.unwrap().into_inner()
}

/// Somebody with a token, who reaches the server from outside.
struct Person {
    secret: String,
    certificate: WebCertificate,
}

impl Person {
    async fn of(server: &Server, member: &str, role: Role, certificate: &WebCertificate) -> Self {
        Self { secret: server.token(member, role).await.unwrap(), certificate: certificate.clone() }
    }

    async fn approve(&self, server: &Server, name: &str, hash: &str) -> Result<ApproveDraftResponse, Status> {
        let web = server.web(self.certificate.client(), Some(&self.secret)).await.unwrap();
        let request =
            ApproveDraftRequest { name: name.to_owned(), content_hash: hash.to_owned(), ..Default::default() };
        Ok(DraftServiceClient::new(web).approve_draft(request).await?.into_inner())
    }
}

/// Writes a listing into a file for the command line, and returns the file's name.
fn file(folder: &Path, name: &str, listing: &Listing) -> String {
    let opportunity = listing.listing.as_ref().unwrap();
    let content = serde_json::json!({
        "name": listing.name, "scopes": listing.scopes,
        "listing": {"direction": "OFFER", "title": opportunity.title, "language": "en", "regions": ["440300"],
            "capital": {"instrument": "EQUITY"}},
    });
    let path = folder.join(name);
    std::fs::write(&path, content.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

//! What waits for the root: members' keys in place of lost ones, the next authority, the next directory key.

use std::time::SystemTime;

use duikou_node::engine::facts;
use duikou_node::error::chain;
use duikou_proto::federation::root_request::Statement;
use duikou_proto::federation::root_service_server::RootService;
use duikou_proto::federation::{
    ApplyRootSignatureRequest, ApplyRootSignatureResponse, Key, ListRootRequestsRequest, PrepareAuthorityRequest,
    PrepareDirectoryKeyRequest, RootRequest, RootRequests, SettleDirectoryRequest, SettleDirectoryResponse,
};
use prost::Message;
use tonic::{Code, Request, Response, Status};

use super::{Membership, refuse, unread, unwritten};
use crate::authority::{next_authority, succeed};
use crate::root::statement_input;

/// Begins what the root has signed of members' keys.
const SIGNED: &str = "root-signature/";
/// What may wait at a time.
const LIMIT: usize = 1_000;

fn key(prefix: &str, request: &RootRequest) -> Result<String, Status> {
    let input = statement_input(request).ok_or_else(|| Status::invalid_argument("no statement"))?;
    Ok(format!("{prefix}{}", blake3::hash(&input).to_hex()))
}

impl Membership {
    async fn waiting(&self) -> Result<Vec<(String, RootRequest)>, Status> {
        let found = self.0.engine.facts::<Vec<u8>>(facts::ROOT_REQUESTS, LIMIT).await.map_err(unread)?;
        Ok(found.into_iter().filter_map(|(key, bytes)| Some((key, RootRequest::decode(&*bytes).ok()?))).collect())
    }

    /// Has a statement wait, in the place of others of its kind and subject.
    async fn wait_for_root(&self, statement: Statement) -> Result<RootRequest, Status> {
        let same = |other: &Option<Statement>| match (other, &statement) {
            (Some(Statement::Authority(_)), Statement::Authority(_))
            | (Some(Statement::DirectoryKey(_)), Statement::DirectoryKey(_)) => true,
            (Some(Statement::MemberKey(one)), Statement::MemberKey(two)) => {
                one.member == two.member && one.purpose == two.purpose
            }
            _ => false,
        };
        for (key, _) in self.waiting().await?.into_iter().filter(|(_, request)| same(&request.statement)) {
            self.0.engine.put_fact::<Vec<u8>>(key, None).await.map_err(|error| unwritten(&error))?;
        }
        let network = self.0.engine.identity().network.to_string();
        let request = RootRequest { network, statement: Some(statement), signature: Vec::new() };
        let (key, bytes) = (key(facts::ROOT_REQUESTS, &request)?, request.encode_to_vec());
        self.0.engine.put_fact(key, Some(bytes)).await.map_err(|error| unwritten(&error))?;
        Ok(request)
    }

    /// What the root says of a member's new key; where it has not said it yet, that waits from now on.
    pub(super) async fn by_root(&self, member_key: Key) -> Result<Option<Vec<u8>>, Status> {
        let network = self.0.engine.identity().network.to_string();
        let statement = Some(Statement::MemberKey(member_key.clone()));
        let request = RootRequest { network, statement, signature: Vec::new() };
        let signed: Option<Vec<u8>> = self.0.engine.fact(&key(SIGNED, &request)?).await.map_err(unread)?;
        if signed.is_none() {
            self.wait_for_root(Statement::MemberKey(member_key)).await?;
        }
        Ok(signed)
    }

    async fn apply(&self, request: RootRequest) -> Result<(), Status> {
        let waits = key(facts::ROOT_REQUESTS, &request)?;
        if self.0.engine.fact::<Vec<u8>>(&waits).await.map_err(unread)?.is_none() {
            let (zh, en) = (
                "该请求已不在等待：可能已完成，或被新的请求取代",
                "this does not wait any longer: it is done, or another one took its place",
            );
            return Err(refuse(Code::NotFound, "NO_SUCH_REQUEST", zh, en));
        }
        let root = self.0.engine.directory().root();
        let input = statement_input(&request).unwrap_or_default();
        if root.is_none_or(|root| root.verify(&request.signature, &input).is_err()) {
            let (zh, en) = ("签名不是本网络根密钥所签", "this is not signed by the root key of this network");
            return Err(refuse(Code::PermissionDenied, "WRONG_ROOT", zh, en));
        }
        match request.statement.clone() {
            Some(Statement::MemberKey(_)) => {
                let signed = self.0.engine.put_fact(key(SIGNED, &request)?, Some(request.signature.clone())).await;
                signed.map_err(|error| unwritten(&error))?;
            }
            Some(Statement::DirectoryKey(mut next)) => {
                self.is_settled().await?;
                next.root_signature = request.signature.clone();
                self.follow_directory_key(next).await?;
                tracing::warn!("the directory has a new key");
            }
            Some(Statement::Authority(next)) => {
                let network = &self.0.engine.identity().network;
                let failed = |error: &dyn std::error::Error| {
                    refuse(Code::FailedPrecondition, "AUTHORITY", "新的证书颁发机构未能启用", chain(error))
                };
                succeed(&self.0.dir, network, &next, &request.signature, SystemTime::now())
                    .map_err(|error| failed(&error))?;
                self.0.certificates.renew().map_err(|error| failed(&error))?;
                tracing::warn!("the network has a new certificate authority");
            }
            None => {}
        }
        self.0.engine.put_fact::<Vec<u8>>(waits, None).await.map_err(|error| unwritten(&error))
    }
}

#[tonic::async_trait]
impl RootService for Membership {
    async fn prepare_authority(&self, _: Request<PrepareAuthorityRequest>) -> Result<Response<RootRequest>, Status> {
        let next = next_authority(&self.0.dir, SystemTime::now())
            .map_err(|error| refuse(Code::FailedPrecondition, "AUTHORITY", "无法生成新密钥", chain(&error)))?;
        self.wait_for_root(Statement::Authority(next)).await.map(Response::new)
    }

    async fn prepare_directory_key(
        &self,
        _: Request<PrepareDirectoryKeyRequest>,
    ) -> Result<Response<RootRequest>, Status> {
        self.is_settled().await?;
        let next = self.next_directory_key()?;
        self.wait_for_root(Statement::DirectoryKey(next)).await.map(Response::new)
    }

    async fn list_root_requests(&self, _: Request<ListRootRequestsRequest>) -> Result<Response<RootRequests>, Status> {
        let requests = self.waiting().await?.into_iter().map(|(_, request)| request).collect();
        Ok(Response::new(RootRequests { requests }))
    }

    async fn apply_root_signature(
        &self,
        request: Request<ApplyRootSignatureRequest>,
    ) -> Result<Response<ApplyRootSignatureResponse>, Status> {
        let request = request.into_inner().request.ok_or_else(|| Status::invalid_argument("no request"))?;
        let this = self.clone();
        self.0.engine.to_the_end(async move { this.apply(request).await }).await?;
        Ok(Response::new(ApplyRootSignatureResponse {}))
    }

    async fn settle_directory(
        &self,
        _: Request<SettleDirectoryRequest>,
    ) -> Result<Response<SettleDirectoryResponse>, Status> {
        self.settle().await.map(|()| Response::new(SettleDirectoryResponse {}))
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::time::Duration;

    use duikou_node::audit::{Action, Actor, Broken, Event, Seal, Why};
    use duikou_node::config::{Config, Overrides};
    use duikou_node::server::Server;
    use duikou_node::trust::key_file::SigningKeyFile;
    use duikou_node::trust::provider;
    use duikou_proto::sign::Signer;
    use futures_util::poll;

    use super::*;
    use crate::certificates::Certificates;
    use crate::init::{Founding, init};

    /// How long anything may take that happens at once.
    const AT_ONCE: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn a_directory_key_signs_although_whoever_brought_it_hangs_up() {
        provider::install_default();
        let folder = tempfile::tempdir().unwrap();
        let (dir, root_key) = (folder.path().join("gateway"), folder.path().join("root.key"));
        let network = "n.example".parse().unwrap();
        let founding = Founding { network: &network, id: "hub", address: None, root_key: &root_key };
        init(&dir, founding, Config::default()).await.unwrap();
        let file = dir.join("duikou.toml");
        let config = Config::read(&std::fs::read_to_string(&file).unwrap(), &file, &Overrides::none()).unwrap();
        let server = Server::open(&dir, config, true).await.unwrap();
        let (engine, board, keys) = (server.engine.clone(), server.board.clone(), server.keys.clone());
        let gateway = engine.identity().node.clone();
        let certificates = Certificates::load(&dir, gateway, Duration::from_secs(3600), None).unwrap();
        let address = "localhost:1".to_owned();
        let membership = Membership::new(engine.clone(), board, certificates, keys, address, dir).unwrap();

        // No member lives here: the directory key seals the trail.
        engine.note_audit(Actor::local(), Event::new(Action::Backup, "x")).await.unwrap();
        let sealed = engine.seal_audit().await.unwrap();
        let seal: Seal = engine.fact(&facts::audit_seal(sealed)).await.unwrap().unwrap();
        assert_eq!((&*seal.member, seal.key_number), ("", 1));

        let prepared = membership.prepare_directory_key(Request::new(PrepareDirectoryKeyRequest {})).await;
        let mut request = prepared.unwrap().into_inner();
        let root = Signer::new(0, SigningKeyFile::new(&root_key).read().unwrap());
        request.signature = root.sign_text(&statement_input(&request).unwrap());
        let before = engine.directory().directory_key();
        {
            let apply = ApplyRootSignatureRequest { request: Some(request) };
            let mut call = pin!(membership.apply_root_signature(Request::new(apply)));
            while engine.directory().directory_key() == before {
                assert!(poll!(&mut call).is_pending(), "it is answered before it is written");
                tokio::task::yield_now().await;
            }
        }
        let settled = async {
            while membership.directory_signer().is_err() || !membership.waiting().await.unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(AT_ONCE, settled).await.expect("the new key signs, and nothing waits for the root");

        // The next one goes on, and what the one before has sealed stays so.
        let again = engine.seal_audit().await.unwrap();
        assert!(again > sealed);
        let verdict = engine.verify_audit(None).await.unwrap();
        assert_eq!((verdict.broken, verdict.sealed), (None, again));
        let (node, stranger) = (&engine.identity().node, Signer::from_seed(2, [9; 32]));
        let forged = Seal::sign(node, seal.head, seal.time, None, &stranger);
        engine.put_fact(facts::audit_seal(sealed), Some(forged)).await.unwrap();
        let broken = engine.verify_audit(None).await.unwrap().broken;
        assert_eq!(broken, Some(Broken { number: sealed, why: Why::BadSeal }));
        server.stop.cancel();
        engine.close();
    }
}

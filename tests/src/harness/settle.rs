//! Whether every store holds exactly what it should.
//!
//! Verified: the names and revisions that every store shows its operator, against what the origins show of their own
//! and what the directory says of members, hosts and circles. Not verified: bodies (they are signed), withdrawals and
//! what lies on disk unseen ([`super::Server::never_received`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use duikou_proto::name::{MemberId, NetworkName, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::directory_service_client::DirectoryServiceClient;
use duikou_proto::v1::{ListCirclesRequest, ListMembersRequest, member};

use super::network::{NETWORK, Network};
use super::wait::within;

/// How long a quiet network of a test may take to converge.
const SETTLES: Duration = Duration::from_secs(60);
/// Names that a difference spells out.
const SHOWN: usize = 8;

impl Network {
    /// Waits until every store holds exactly what its members may read (the gateway: everything that leaves its
    /// origin). All servers must run, and nobody may write meanwhile.
    ///
    /// # Panics
    /// Where they do not within a minute: with the seed, and what each store lacks or has too much.
    pub async fn settle(&self) {
        self.settle_within(SETTLES).await;
    }

    /// The same with another bound.
    ///
    /// # Panics
    /// As [`Network::settle`].
    pub async fn settle_within(&self, limit: Duration) {
        for server in self.servers() {
            assert!(server.process_id().is_some(), "{} does not run, so nothing settles", server.name());
        }
        let settled = async || match self.differences().await {
            Ok(differences) if differences.is_empty() => Ok(()),
            Ok(differences) => Err(differences.join("\n")),
            Err(status) => Err(status.to_string()),
        };
        if let Err(reason) = within(limit, settled).await {
            panic!("seed {}: the network does not settle: {reason}", self.seed);
        }
    }

    /// What each store lacks or has too much at this moment; empty where all is well.
    ///
    /// # Errors
    /// Where a server does not answer.
    pub async fn differences(&self) -> Result<Vec<String>, tonic::Status> {
        let members = self.directory().await?;
        let mut stores = Vec::new();
        for server in self.servers() {
            let node = parsed_member(&server.status().await?.node);
            let held = server.list("members/-").await?.iter().map(State::of).collect();
            stores.push(Store { name: server.name().to_owned(), node, held });
        }
        let gateway = stores[0].node.clone();
        Ok(compare(&gateway, &members, &stores))
    }

    async fn directory(&self) -> Result<Vec<Member>, tonic::Status> {
        let mut directory = DirectoryServiceClient::new(self.gateway().local());
        let circles = directory.list_circles(ListCirclesRequest {}).await?.into_inner().circles;
        let mut request = ListMembersRequest { page_size: 1_000, page_token: String::new() };
        let mut members = Vec::new();
        loop {
            let page = directory.list_members(request.clone()).await?.into_inner();
            for listed in page.members {
                let id = parsed_member(listed.name.trim_start_matches("members/"));
                let mut scopes: ScopeSet = [Scope::public(), Scope::registered()].into_iter().collect();
                scopes.insert(Scope::network(&network()));
                scopes.insert(Scope::member(&id));
                for circle in circles.iter().filter(|circle| circle.members.iter().any(|m| m == id.short())) {
                    scopes.insert(Scope::circle(&circle.name, &network()).expect("a circle's name"));
                }
                let active = listed.state() == member::State::Active;
                members.push(Member { node: parsed_member(&listed.node), id, scopes, active });
            }
            if page.next_page_token.is_empty() {
                return Ok(members);
            }
            request.page_token = page.next_page_token;
        }
    }
}

fn network() -> NetworkName {
    NETWORK.parse().expect("a network's name")
}

fn parsed_member(text: &str) -> MemberId {
    MemberId::parse(text, &network()).unwrap_or_else(|error| panic!("{error}"))
}

/// What a store holds of one name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    name: RecordName,
    revision: i64,
    scopes: ScopeSet,
}

impl State {
    fn of(listing: &duikou_proto::v1::Listing) -> Self {
        let name = RecordName::parse(&listing.name, &network()).unwrap_or_else(|error| panic!("{error}"));
        let scope = |text: &String| Scope::parse(text, &network()).or_else(|_| text.parse());
        let scopes = listing.scopes.iter().map(scope).collect::<Result<_, _>>();
        Self { name, revision: listing.revision, scopes: scopes.unwrap_or_else(|error| panic!("{error}")) }
    }
}

struct Store {
    name: String,
    node: MemberId,
    held: BTreeSet<State>,
}

struct Member {
    id: MemberId,
    node: MemberId,
    scopes: ScopeSet,
    active: bool,
}

fn compare(gateway: &MemberId, members: &[Member], stores: &[Store]) -> Vec<String> {
    let hosts: BTreeMap<&MemberId, &Member> = members.iter().map(|member| (&member.id, member)).collect();
    let written: Vec<(&State, &Member)> = stores
        .iter()
        .flat_map(|store| store.held.iter().map(move |state| (state, &store.node)))
        .filter_map(|(state, node)| hosts.get(&state.name.origin()).map(|origin| (state, node, *origin)))
        .filter(|(_, node, origin)| origin.node == **node)
        .map(|(state, _, origin)| (state, origin))
        .collect();
    let belongs = |store: &Store, state: &State, origin: &Member| {
        let mut readers = members.iter().filter(|member| member.node == store.node);
        origin.node == store.node
            || origin.active
                && ((store.node == *gateway && !state.scopes.is_empty())
                    || readers.any(|reader| reader.scopes.meets(&state.scopes)))
    };
    let mut differences = Vec::new();
    for store in stores {
        let wanted: BTreeSet<State> = written
            .iter()
            .filter(|(state, origin)| belongs(store, state, origin))
            .map(|(state, _)| (*state).clone())
            .collect();
        differences.extend(difference(&store.name, "lacks", &wanted, &store.held));
        differences.extend(difference(&store.name, "has too much:", &store.held, &wanted));
    }
    differences
}

fn difference(store: &str, verb: &str, these: &BTreeSet<State>, those: &BTreeSet<State>) -> Option<String> {
    let missing: Vec<String> =
        these.difference(those).map(|s| format!("{} at {} for {:?}", s.name, s.revision, s.scopes)).collect();
    let shown = missing.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    let more = missing.len().saturating_sub(SHOWN);
    (!missing.is_empty()).then(|| format!("{store} {verb} {shown}{}", more_text(more)))
}

fn more_text(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" and {more} more") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: &str, node: &str, circles: &[&str]) -> Member {
        let id = parsed_member(id);
        let mut scopes: ScopeSet = [Scope::public(), Scope::member(&id)].into_iter().collect();
        for circle in circles {
            scopes.insert(Scope::circle(circle, &network()).unwrap());
        }
        Member { id, node: parsed_member(node), scopes, active: true }
    }

    fn state(name: &str, revision: i64, scopes: &[&str]) -> State {
        let name = RecordName::parse(name, &network()).unwrap();
        State { name, revision, scopes: scopes.iter().map(|s| Scope::parse(s, &network()).unwrap()).collect() }
    }

    fn store(name: &str, held: &[&State]) -> Store {
        let held = held.iter().map(|state| (*state).clone()).collect();
        Store { name: name.to_owned(), node: parsed_member(name), held }
    }

    fn differences(stores: &[Store]) -> Vec<String> {
        let members = [member("a", "north", &["c"]), member("b", "south", &["c"]), member("d", "east", &[])];
        compare(&parsed_member("gateway"), &members, stores)
    }

    #[test]
    fn what_is_lacking_stale_or_too_much_is_told() {
        let open = state("members/a/listings/open", 2, &["public"]);
        let old = state("members/a/listings/open", 1, &["public"]);
        let circle = state("members/a/listings/circle", 3, &["circle:c"]);
        let home = state("members/a/listings/home", 4, &[]);
        let north = || store("north", &[&open, &circle, &home]);
        let right = || [store("gateway", &[&open, &circle]), north(), store("south", &[&open, &circle])];
        assert!(differences(&right()).is_empty());
        let all = |east: &[&State]| right().into_iter().chain([store("east", east)]).collect::<Vec<_>>();
        assert!(differences(&all(&[&open])).is_empty());
        assert_eq!(differences(&all(&[])), ["east lacks members/a.pprd.example/listings/open at 2 for {public}"]);
        assert_eq!(
            differences(&all(&[&open, &circle])),
            ["east has too much: members/a.pprd.example/listings/circle at 3 for {circle:c@pprd.example}"]
        );
        assert_eq!(differences(&all(&[&old])).len(), 2, "it lacks the new and has the old");
        assert_eq!(differences(&all(&[&open, &home])).len(), 1);
    }
}

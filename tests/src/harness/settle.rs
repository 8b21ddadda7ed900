//! Whether every store holds exactly what it should.
//!
//! Verified: names, revisions and scopes of listings, against those at their origins and what the directory says of
//! members, hosts and circles; first what every store shows its operator, then what lies in its database. Not
//! verified: bodies (they are signed), withdrawals, other kinds, and bytes that a database holds outside its rows
//! ([`super::Server::never_received`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use duikou_proto::name::{MemberId, NetworkName, RecordName};
use duikou_proto::scope::{Scope, ScopeSet};
use duikou_proto::v1::directory_service_client::DirectoryServiceClient;
use duikou_proto::v1::member::State as MemberState;
use duikou_proto::v1::{ListCirclesRequest, ListMembersRequest, Listing, Record};

use super::disk;
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
            Err(error) => Err(format!("{error:#}")),
        };
        if let Err(reason) = within(limit, settled).await {
            panic!("seed {}: the network does not settle: {reason}", self.seed);
        }
    }

    /// What each store lacks or has too much at this moment; empty where all is well.
    ///
    /// # Errors
    /// Where a server does not answer or its database cannot be read.
    pub async fn differences(&self) -> anyhow::Result<Vec<String>> {
        let members = self.directory().await?;
        let removed: BTreeSet<MemberId> =
            members.iter().filter(|m| m.state == MemberState::Removed).map(|m| m.id.clone()).collect();
        let (mut shown, mut held) = (Vec::new(), Vec::new());
        for server in self.servers() {
            let node = parsed_member(&server.status().await?.node);
            let states = server.list("members/-").await?.iter().map(State::shown).collect();
            shown.push(Store { name: server.name().to_owned(), node: node.clone(), states });
            let mut states: BTreeSet<State> = disk::listings(server.dir()).await?.iter().map(State::held).collect();
            // What removing leaves behind depends on when it was.
            states.retain(|state| !removed.contains(&state.name.origin()));
            held.push(Store { name: format!("the database of {}", server.name()), node, states });
        }
        let gateway = shown[0].node.clone();
        let in_sight: Vec<&Member> = members.iter().filter(|member| member.state == MemberState::Active).collect();
        let differences = compare(&gateway, &members, &in_sight, &shown);
        if !differences.is_empty() {
            return Ok(differences);
        }
        // Suspending hides, and moves nothing.
        Ok(compare(&gateway, &members, &members.iter().collect::<Vec<_>>(), &held))
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
                members.push(Member { node: parsed_member(&listed.node), id, scopes, state: listed.state() });
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
    fn shown(listing: &Listing) -> Self {
        Self::parsed(&listing.name, listing.revision, &listing.scopes)
    }

    fn held(record: &Record) -> Self {
        Self::parsed(&record.name, record.revision, &record.scopes)
    }

    fn parsed(name: &str, revision: i64, scopes: &[String]) -> Self {
        let name = RecordName::parse(name, &network()).unwrap_or_else(|error| panic!("{error}"));
        let scope = |text: &String| Scope::parse(text, &network()).or_else(|_| text.parse());
        let scopes = scopes.iter().map(scope).collect::<Result<_, _>>();
        Self { name, revision, scopes: scopes.unwrap_or_else(|error| panic!("{error}")) }
    }
}

struct Store {
    name: String,
    node: MemberId,
    states: BTreeSet<State>,
}

struct Member {
    id: MemberId,
    node: MemberId,
    scopes: ScopeSet,
    state: MemberState,
}

/// What each store lacks or has too much where the records of `origins` are what counts.
fn compare(gateway: &MemberId, members: &[Member], origins: &[&Member], stores: &[Store]) -> Vec<String> {
    let origins: BTreeMap<MemberId, &Member> = origins.iter().map(|origin| (origin.id.clone(), *origin)).collect();
    let origin = |state: &State| origins.get(&state.name.origin()).copied();
    let at_home = |store: &Store, state: &State| origin(state).is_some_and(|origin| origin.node == store.node);
    let written: Vec<&State> =
        stores.iter().flat_map(|store| store.states.iter().filter(move |state| at_home(store, state))).collect();
    let belongs = |store: &Store, state: &State| {
        // Suspending takes a member's eyes as well.
        let mut readers = members.iter().filter(|m| m.node == store.node && m.state == MemberState::Active);
        at_home(store, state)
            || (store.node == *gateway && !state.scopes.is_empty())
            || readers.any(|reader| reader.scopes.meets(&state.scopes))
    };
    let mut differences = Vec::new();
    for store in stores {
        let wanted: BTreeSet<State> =
            written.iter().filter(|state| belongs(store, state)).map(|state| (*state).clone()).collect();
        differences.extend(difference(&store.name, "lacks", &wanted, &store.states));
        differences.extend(difference(&store.name, "has too much:", &store.states, &wanted));
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
        Member { id, node: parsed_member(node), scopes, state: MemberState::Active }
    }

    fn state(name: &str, revision: i64, scopes: &[&str]) -> State {
        let name = RecordName::parse(name, &network()).unwrap();
        State { name, revision, scopes: scopes.iter().map(|s| Scope::parse(s, &network()).unwrap()).collect() }
    }

    fn store(name: &str, held: &[&State]) -> Store {
        let states = held.iter().map(|state| (*state).clone()).collect();
        Store { name: name.to_owned(), node: parsed_member(name), states }
    }

    fn differences(stores: &[Store]) -> Vec<String> {
        let members = [member("a", "north", &["c"]), member("b", "south", &["c"]), member("d", "east", &[])];
        compare(&parsed_member("gateway"), &members, &members.iter().collect::<Vec<_>>(), stores)
    }

    #[test]
    fn what_is_written_by_none_of_the_origins_is_too_much_anywhere() {
        let open = state("members/a/listings/open", 2, &["public"]);
        let members = [member("a", "north", &[]), member("b", "south", &[])];
        let stores = [store("gateway", &[]), store("north", &[&open]), store("south", &[])];
        let without_a = compare(&parsed_member("gateway"), &members, &[&members[1]], &stores);
        assert_eq!(without_a, ["north has too much: members/a.pprd.example/listings/open at 2 for {public}"]);
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

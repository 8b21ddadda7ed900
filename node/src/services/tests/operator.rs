use std::os::unix::fs::PermissionsExt;

use duikou_proto::federation::{Remove, Restore, Resume, Suspend};
use duikou_proto::language::Text;
use duikou_proto::v1::{BackupRequest, GetStatusRequest, UpdateListingRequest};
use prost_types::FieldMask;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::*;
use crate::backup;
use crate::engine::{Halt, RejectionFact, facts};
use crate::link::{Cause, LinkPhase, LinkView};

#[tokio::test]
async fn status_tells_what_is_held_and_what_to_act_on() {
    let world = World::new().await;
    world.publish("a", "one", &["public"]).await;
    let acknowledged = world.engine.head();
    world.publish("a", "two", &["public"]).await;
    world.publish("a", "on-request", &[]).await;
    world.links.update(&id("gate"), |link: &mut LinkView| {
        link.phase = LinkPhase::Disconnected;
        link.since = START - 3 * 3600 * SECOND;
        link.detail = Text::same("refused");
        link.acknowledged = acknowledged;
        link.clock_offset = Some(-90 * SECOND);
        link.software = "duikou/7".to_owned();
    });
    let fact = RejectionFact {
        revision: 5,
        key_number: 1,
        code: 1,
        detail: "d".into(),
        directory: 0,
        told: None,
        told_by: 0,
        record: None,
    };
    struct Put(String, RejectionFact);
    #[async_trait::async_trait]
    impl crate::engine::Command for Put {
        type Output = ();
        async fn run(self, work: &mut crate::engine::Work<'_>) -> Result<(), crate::store::StoreError> {
            work.put_fact(self.0, &self.1);
            Ok(())
        }
    }
    let name = "members/a.n.example/listings/one".to_owned();
    world.engine.submit(Put(facts::refused(&id("gate")) + &name, fact)).await.unwrap();
    world.engine.halt(Some(Halt::Twice));
    let status = world.operator().get_status(GetStatusRequest {}).await.unwrap().into_inner();
    assert_eq!(status.members, ["a.n.example", "b.n.example"]);
    assert_eq!((status.holdings.len(), status.holdings[0].records, status.holdings[0].own), (1, 3, true));
    let link = &status.links[0];
    assert_eq!((link.unacknowledged, link.clock_offset_ms), (1, -90_000), "what is on request goes nowhere");
    assert_eq!(link.software, "duikou/7");
    assert_eq!(
        (link.rejected_by_peer[0].name.as_str(), link.rejected_by_peer[0].code.as_str()),
        (&*name, "BAD_SIGNATURE")
    );
    let codes: Vec<&str> = status.alarms.iter().map(|alarm| alarm.code.as_str()).collect();
    assert_eq!(codes, ["HALTED", "CLOCK_OFF", "LINK_DOWN", "REJECTED_BY_PEER", "DIRECTORY_STALE"]);
    assert!(status.alarms.iter().all(|alarm| !alarm.message.is_empty() && !alarm.remedy.is_empty()));
}

#[tokio::test]
async fn the_node_of_a_member_that_takes_no_part_says_so_and_why() {
    let mut world = World::new().await;
    let alarms = async |world: &World| {
        let mut request = Request::new(GetStatusRequest {});
        request.metadata_mut().insert("accept-language", "en".parse().unwrap());
        let status = world.operator().get_status(request).await.unwrap().into_inner();
        status.alarms.into_iter().map(|alarm| (alarm.code, alarm.message)).collect::<Vec<_>>()
    };
    let member = |member: &str| id(member).to_string();
    world.act(Action::Suspend(Suspend { member: member("c"), reason: "elsewhere".into() })).await;
    assert_eq!(alarms(&world).await, [], "it lives elsewhere");
    world.act(Action::Suspend(Suspend { member: member("a"), reason: "keys are known to others".into() })).await;
    world.act(Action::Remove(Remove { member: member("b"), ..Remove::default() })).await;
    let told = alarms(&world).await;
    let codes: Vec<&str> = told.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["SUSPENDED", "REMOVED"]);
    assert!(told[0].1.contains("keys are known to others"), "{told:?}");
    assert!(told[1].1.contains("no reason was given"), "{told:?}");
    world.act(Action::Resume(Resume { member: member("a") })).await;
    world.act(Action::Restore(Restore { member: member("b") })).await;
    assert_eq!(alarms(&world).await, []);
}

#[tokio::test]
async fn an_alarm_names_what_is_to_be_looked_at() {
    let world = World::new().await;
    let told = async |change: &dyn Fn(&mut LinkView)| {
        world.links.update(&id("gate"), |link: &mut LinkView| {
            *link = LinkView { since: START - 60 * SECOND, detail: Text::new("因", "why"), ..LinkView::default() };
            change(link);
        });
        let status = world.operator().get_status(GetStatusRequest {}).await.unwrap().into_inner();
        status
            .alarms
            .into_iter()
            .map(|alarm| format!("{} {} {}", alarm.code, alarm.message, alarm.remedy))
            .collect::<Vec<String>>()
    };
    let first = |told: Vec<String>| told.into_iter().next().unwrap_or_default();
    let said = first(told(&|_| {}).await);
    assert!(said.starts_with("LINK_DOWN") && said.contains("：因。") && said.contains("检查网络"), "{said}");
    // What begins anew by itself is none for a while, nor a node that may be about to come back.
    assert_eq!(first(told(&|link| (link.cause, link.since) = (Cause::Anew, START - SECOND)).await), "");
    assert!(first(told(&|link| link.cause = Cause::Anew).await).contains("检查网络"));
    assert_eq!(first(told(&|link| link.cause = Cause::Unheard).await), "");
    let said = first(told(&|link| (link.cause, link.since) = (Cause::Unheard, START - 200 * SECOND)).await);
    assert!(said.starts_with("LINK_DOWN") && said.contains("迁走或移除"), "{said}");
    // A clock is ahead, or behind by so much.
    let said = first(told(&|link| link.clock_offset = Some(-90 * SECOND)).await);
    assert!(said.starts_with("CLOCK_OFF gate.n.example的时钟比本机慢90秒"), "{said}");
    let said = first(told(&|link| link.clock_offset = Some(700 * SECOND)).await);
    assert!(said.starts_with("CLOCK_REFUSED gate.n.example的时钟比本机快700秒"), "{said}");
    // Of two processes the halt tells, and the network is not to blame.
    world.engine.halt(Some(Halt::Twice));
    let said = told(&|link| link.cause = Cause::Twice).await;
    assert!(said.len() == 1 && said[0].starts_with("HALTED") && said[0].contains("停用两台中的一台"), "{said:?}");
}

#[tokio::test]
async fn what_a_peer_has_not_acknowledged_is_counted_as_the_feed_goes_on() {
    let (world, peer) = (World::new().await, id("gate"));
    let acknowledges = |upto| world.links.update(&peer, |link: &mut LinkView| link.acknowledged = upto);
    let counted = async || world.links.unacknowledged(&world.engine, &peer).await.unwrap();
    assert_eq!(counted().await, 0);
    world.publish("a", "one", &["public"]).await;
    world.publish("b", "two", &["public"]).await;
    let first = world.engine.head();
    assert_eq!(counted().await, 2);
    world.publish("a", "three", &["public"]).await;
    let renamed = Opportunity { title: "one again".into(), ..listing("one", &["public"]).listing.unwrap() };
    let name = "members/a/listings/one".to_owned();
    let listing = Some(Listing { name, listing: Some(renamed), ..Listing::default() });
    let update_mask = Some(FieldMask { paths: vec!["listing.title".into()] });
    let request = UpdateListingRequest { listing, update_mask, ..UpdateListingRequest::default() };
    world.admin().update_listing(request).await.unwrap();
    assert_eq!(counted().await, 3, "what is written again is one state");
    acknowledges(first);
    assert_eq!(counted().await, 2, "what was written again has not been acknowledged");
    acknowledges(world.engine.head());
    assert_eq!(counted().await, 0);
    world.publish("b", "four", &["public"]).await;
    assert_eq!(counted().await, 1);
    acknowledges(0);
    assert_eq!(counted().await, 4, "a peer that has lost everything gets everything");
    let mut anew = crate::link::Unacknowledged::default();
    assert_eq!(anew.count(&world.engine, 0, None).await.unwrap(), 4);
    let member = "b.n.example".parse().unwrap();
    let mut of_one = crate::link::Unacknowledged::default();
    assert_eq!(of_one.count(&world.engine, 0, Some(&member)).await.unwrap(), 2);
}

#[tokio::test]
async fn a_backup_comes_back_into_an_empty_folder() {
    let world = World::new().await;
    let made = world.publish("a", "one", &["public"]).await;
    let data = world.folder.path();
    std::fs::create_dir(data.join("keys")).unwrap();
    std::fs::write(data.join("keys/a.key"), b"secret").unwrap();
    std::fs::set_permissions(data.join("keys/a.key"), std::fs::Permissions::from_mode(0o600)).unwrap();
    for (file, text) in [("duikou.toml", "x = 1"), ("lock", ""), ("addresses.json", "{}")] {
        std::fs::write(data.join(file), text).unwrap();
    }
    let _socket = std::os::unix::net::UnixListener::bind(data.join("admin.sock")).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("backup");
    let request = BackupRequest { folder: folder.to_string_lossy().into_owned() };
    let response = world.operator().backup(request.clone()).await.unwrap().into_inner();
    assert!(response.size_bytes > 4096);
    let names = |path: &std::path::Path| {
        let mut names: Vec<_> =
            std::fs::read_dir(path).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&folder), ["data.db", "duikou.toml", "keys"]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("keys/a.key")), mode(&folder.join("data.db"))), (0o700, 0o600, 0o600));
    assert_eq!(world.operator().backup(request).await.unwrap_err().code(), Code::AlreadyExists);
    let relative = BackupRequest { folder: "backup".into() };
    assert_eq!(violations(&world.operator().backup(relative).await.unwrap_err()), ["folder BAD_FORMAT"]);
    let inside = BackupRequest { folder: data.join("inside").to_string_lossy().into_owned() };
    assert_eq!(reason(&world.operator().backup(inside).await.unwrap_err()), "BACKUP_FAILED");
    assert!(
        !names(data).iter().any(|name| name.contains("inside") || name.starts_with(".copy")),
        "nothing is left of it"
    );

    let back = elsewhere.path().join("back");
    assert_eq!(backup::restore(&folder, &back).await.unwrap(), 0, "no log comes with what was made here");
    assert_eq!(names(&back), ["data.db", "duikou.toml", "keys", backup::RESTORED_MARK]);
    assert!(backup::is_restored(&back) && !backup::is_restored(data));
    assert_eq!(mode(&back.join("keys/a.key")), 0o600);
    let store = SqliteStore::open(&back.join("data.db")).await.unwrap();
    let rows = store.read().await.unwrap().rows(&[made.name.parse().unwrap()]).await.unwrap().rows;
    assert_eq!(rows[0].record.as_ref().unwrap().revision(), made.revision);
    assert!(matches!(backup::restore(&folder, &back).await, Err(backup::BackupError::Exists(_))));
    let empty = elsewhere.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let nothing = backup::restore(&empty, &elsewhere.path().join("x")).await;
    assert!(matches!(nothing, Err(backup::BackupError::NoBackup(_))));
    // One that is there is filled where it is: whoever owns it need not be able to write beside it.
    let same = |path: &std::path::Path| std::os::unix::fs::MetadataExt::ino(&std::fs::metadata(path).unwrap());
    let before = same(&empty);
    backup::restore(&folder, &empty).await.unwrap();
    assert_eq!(
        (same(&empty), names(&empty)),
        (before, names(&back).into_iter().filter(|name| !name.starts_with("data.db-")).collect())
    );
}

/// Whether the database in `dir` holds them all.
async fn holds(dir: &std::path::Path, listings: &[&Listing]) -> bool {
    let store = SqliteStore::open(&dir.join("data.db")).await.unwrap();
    let names: Vec<duikou_proto::name::RecordName> =
        listings.iter().map(|listing| listing.name.parse().unwrap()).collect();
    let rows = store.read().await.unwrap().rows(&names).await.unwrap().rows;
    store.close().await;
    rows.len() == listings.len() && rows.iter().all(|row| row.record.is_some())
}

#[tokio::test]
async fn a_copy_of_a_folder_that_was_not_closed_brings_what_only_its_log_holds() {
    let world = World::new().await;
    let (shown, kept) = (world.publish("a", "one", &["public"]).await, world.publish("a", "on-request", &[]).await);
    let elsewhere = tempfile::tempdir().unwrap();
    // As `cp -a` of the disk of a machine that crashed.
    let crashed = elsewhere.path().join("crashed");
    std::fs::create_dir_all(crashed.join("keys")).unwrap();
    for name in ["data.db", "data.db-wal"] {
        std::fs::copy(world.folder.path().join(name), crashed.join(name)).unwrap();
    }
    std::fs::set_permissions(crashed.join("data.db"), std::fs::Permissions::from_mode(0o444)).unwrap();
    let log = std::fs::metadata(crashed.join("data.db-wal")).unwrap().len();
    let back = elsewhere.path().join("back");
    assert_eq!(backup::restore(&crashed, &back).await.unwrap(), log);
    let names = || std::fs::read_dir(&back).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let expected = std::collections::BTreeSet::from(["data.db", "keys", "restored"].map(String::from));
    assert_eq!(names().collect::<std::collections::BTreeSet<_>>(), expected);
    let mode = std::fs::metadata(back.join("data.db")).unwrap().permissions().mode() & 0o777;
    assert_eq!((holds(&back, &[&shown, &kept]).await, mode), (true, 0o600));

    // Files that do not fit together are no backup, and nothing is left of them.
    let mut pages = std::fs::read(back.join("data.db")).unwrap();
    let half = pages.len() / 2;
    pages[4096..half].fill(7);
    std::fs::remove_file(crashed.join("data.db-wal")).unwrap();
    std::fs::set_permissions(crashed.join("data.db"), std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(crashed.join("data.db"), pages).unwrap();
    let again = elsewhere.path().join("again");
    let refused = backup::restore(&crashed, &again).await;
    let damaged = matches!(refused, Err(backup::BackupError::Store(crate::store::StoreError::Damaged(_))));
    assert!(damaged && !again.exists(), "{refused:?}");
    let left = std::fs::read_dir(elsewhere.path()).unwrap().count();
    assert_eq!(left, 2, "what was begun of it is gone");
}

#[tokio::test]
async fn a_folder_at_rest_is_backed_up_as_it_lies_there() {
    let world = World::new().await;
    let (shown, kept) = (world.publish("a", "one", &["public"]).await, world.publish("a", "on-request", &[]).await);
    let elsewhere = tempfile::tempdir().unwrap();
    let (data, target) = (world.folder.path(), elsewhere.path().join("backup"));
    let running = crate::server::Folder::make(data).unwrap();
    let in_use = |done: Result<u64, backup::BackupError>| matches!(done, Err(backup::BackupError::InUse(_)));
    assert!(in_use(backup::create_at_rest(data, &target).await) && !target.exists());
    assert!(in_use(backup::restore(data, &target).await) && !target.exists());
    drop(running);
    let before = std::fs::read(data.join("data.db")).unwrap();
    assert!(backup::create_at_rest(data, &target).await.unwrap() > 4096);
    assert!(std::fs::read(data.join("data.db")).unwrap() == before, "nothing is written to what is copied");
    assert!(!target.join("data.db-wal").exists() && !target.join("lock").exists());
    assert!(matches!(backup::create_at_rest(data, &target).await, Err(backup::BackupError::Exists(_))));
    let inside = backup::create_at_rest(data, &data.join("inside")).await;
    assert!(matches!(inside, Err(backup::BackupError::Inside(_))));
    let back = elsewhere.path().join("back");
    assert_eq!(backup::restore(&target, &back).await.unwrap(), 0);
    assert!(holds(&back, &[&shown, &kept]).await);
}

#[tokio::test]
async fn a_backup_of_a_server_that_can_write_nothing_is_made_all_the_same() {
    let world = World::new().await;
    let made = world.publish("a", "one", &["public"]).await;
    world.engine.close();
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = elsewhere.path().join("backup");
    let request = BackupRequest { folder: folder.to_string_lossy().into_owned() };
    let response = world.operator().backup(request).await.unwrap().into_inner();
    assert!(response.unnoted && response.size_bytes > 4096);
    assert!(holds(&folder, &[&made]).await);
}

#[tokio::test]
async fn the_operators_service_is_for_the_local_socket_alone() {
    let world = World::new().await;
    let mut public = OperatorServiceClient::new(world.public.clone());
    assert_eq!(public.get_status(GetStatusRequest {}).await.unwrap_err().code(), Code::Unimplemented);
    let check = async |routes: Routes, service: &str| {
        let request = HealthCheckRequest { service: service.into() };
        HealthClient::new(routes).check(request).await.map(|response| response.into_inner().status)
    };
    let serving = tonic_health::pb::health_check_response::ServingStatus::Serving as i32;
    for service in ["", "duikou.v1.ListingService", "duikou.v1.FeedService"] {
        assert_eq!(check(world.public.clone(), service).await.unwrap(), serving);
    }
    assert!(check(world.local.clone(), "duikou.v1.OperatorService").await.is_ok());
    assert_eq!(check(world.public.clone(), "duikou.v1.OperatorService").await.unwrap_err().code(), Code::NotFound);
}

//! The audit trail as the engine keeps it: an entry comes in the transaction of the change that it tells of, so either
//! both are on disk or neither. See [`crate::audit`] for what the chain proves.
//!
//! Whoever submits a command for somebody wraps it in [`Audited`], or the command tells it itself ([`Work::audit`]). Each
//! hour and each thousand entries a member's key signs the head; at a gateway without a member of its own the
//! directory key does.

use std::time::Duration;

use async_trait::async_trait;
use duikou_proto::directory::Directory;
use duikou_proto::federation::directory_entry::Action as Entry;
use duikou_proto::hex::hex;
use duikou_proto::name::{NodeId, RecordName};
use tokio_util::sync::CancellationToken;

use super::foresight::Foresight;
use super::{Command, Engine, Work, WriteError, facts};
use crate::audit::{Action, Actor, Event, Head, Seal, Verdict, Verifier};
use crate::limits;
use crate::store::{Store, StoreError};

/// How often it is looked whether the head of the chain is to be sealed.
const LOOK: Duration = Duration::from_secs(60);

impl Work<'_> {
    /// Adds an entry to the audit trail. It is committed with whatever else this transaction does.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn audit(&mut self, actor: &Actor, event: Event) -> Result<(), StoreError> {
        let mut head = self.audit_head().await?;
        let (entry, bytes) = head.follow(self.now, actor, event);
        self.put_fact_bytes(facts::audit_entry(entry.number), bytes);
        self.audit = Some(head);
        Ok(())
    }

    /// The head of the trail as it is now. One that this transaction has moved becomes a fact at its end.
    async fn audit_head(&mut self) -> Result<Head, StoreError> {
        match self.audit {
            Some(head) => Ok(head),
            None => Ok(self.fact(facts::AUDIT_HEAD).await?.unwrap_or_default()),
        }
    }
}

/// A command, and what the audit trail is told of its outcome; None: nothing changed.
pub struct Audited<C, F> {
    /// What is done.
    pub command: C,
    /// Who does it.
    pub by: Actor,
    /// What the trail is told of the outcome.
    pub tell: F,
}

#[async_trait]
impl<C, F> Command for Audited<C, F>
where
    C: Command,
    F: Fn(&C::Output) -> Option<Event> + Send + 'static,
{
    type Output = C::Output;

    fn names(&self) -> Vec<RecordName> {
        self.command.names()
    }

    fn foresee(&self, ahead: &mut Foresight<'_>) {
        self.command.foresee(ahead);
    }

    fn bytes(&self) -> usize {
        512 + self.command.bytes()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<C::Output, StoreError> {
        let output = self.command.run(work).await?;
        if let Some(event) = (self.tell)(&output) {
            work.audit(&self.by, event).await?;
        }
        Ok(output)
    }
}

/// Something that changed nothing here, or was done elsewhere.
struct Note {
    by: Actor,
    event: Event,
}

#[async_trait]
impl Command for Note {
    type Output = ();

    async fn run(self, work: &mut Work<'_>) -> Result<(), StoreError> {
        work.audit(&self.by, self.event).await
    }
}

/// Signs the head, where it has moved since it was last signed; the number up to which the chain is sealed then.
struct SealHead;

#[async_trait]
impl Command for SealHead {
    type Output = u64;

    async fn run(self, work: &mut Work<'_>) -> Result<u64, StoreError> {
        let head = work.audit_head().await?;
        let sealed: u64 = work.fact(facts::AUDIT_SEALED).await?.unwrap_or_default();
        if head.number <= sealed {
            return Ok(sealed);
        }
        let node = work.identity.node.clone();
        let directory = work.memory.directory.clone();
        let signers = &work.identity.signers;
        let mut keys = directory
            .hosted(&node)
            .filter_map(|member| Some((Some(&member.id), signers.newest(&member.id, &directory)?)));
        // A gateway may have no member of its own, and a rebuilt one not yet a directory key.
        let key = keys.next().or_else(|| Some((None, signers.directory(&directory)?)));
        let Some((member, signer)) = key else { return Ok(sealed) };
        let seal = Seal::sign(&node, head, work.now, member, &signer);
        work.put_fact(facts::audit_seal(head.number), &seal);
        work.put_fact(facts::AUDIT_SEALED.to_owned(), &head.number);
        Ok(head.number)
    }
}

impl Engine {
    /// Carries a command out and adds to the audit trail what `tell` makes of its outcome.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn submit_audited<C, F>(&self, by: Actor, command: C, tell: F) -> Result<C::Output, WriteError>
    where
        C: Command,
        F: Fn(&C::Output) -> Option<Event> + Send + 'static,
    {
        self.submit(Audited { command, by, tell }).await
    }

    /// Adds one entry to the audit trail, of what changes nothing in this store.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn note_audit(&self, by: Actor, event: Event) -> Result<(), WriteError> {
        self.submit(Note { by, event }).await
    }

    /// The newest entry's number and hash.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn audit_head(&self) -> Result<Head, StoreError> {
        Ok(self.fact(facts::AUDIT_HEAD).await?.unwrap_or_default())
    }

    /// The entries after number `after`, as their bytes, oldest first, at most `limit`.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn audit_entries(&self, after: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let found = self.audit_facts(facts::AUDIT_ENTRIES, &facts::audit_entry(after), limit).await?;
        Ok(found.into_iter().map(|(key, value)| (number_in(&key, facts::AUDIT_ENTRIES), value)).collect())
    }

    async fn audit_facts(&self, prefix: &str, after: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        self.store().read().await?.facts(prefix, after, limit).await
    }

    /// Reads the whole chain and says where it breaks first. `noted` is a head that somebody has kept elsewhere.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn verify_audit(&self, noted: Option<Head>) -> Result<Verdict, StoreError> {
        verify(self.store(), &self.identity().node, &self.directory(), noted).await
    }

    /// Seals the head of the audit trail, where it has moved; up to which number the chain is sealed then.
    ///
    /// # Errors
    /// Where nothing could be written.
    pub async fn seal_audit(&self) -> Result<u64, WriteError> {
        self.submit(SealHead).await
    }

    /// Seals the audit trail each hour and after each thousand entries, until told to stop. The head is logged then:
    /// whoever keeps logs elsewhere can show that nothing was cut off.
    pub async fn keep_audit_sealed(self, stop: CancellationToken) {
        let due = limits::AUDIT_SEAL_EVERY.as_micros() as i64;
        let mut last = (0, 0);
        loop {
            let (now, head) = (self.now(), self.audit_head().await.unwrap_or_default());
            let waits = head.number > last.0;
            if waits && (now - last.1 >= due || head.number - last.0 >= limits::AUDIT_SEAL_ENTRIES) {
                match self.seal_audit().await {
                    Ok(sealed) => {
                        tracing::info!(audit.number = head.number, audit.hash = %head.hash, audit.sealed = sealed, "head of the audit trail");
                        last = (head.number, now);
                    }
                    Err(error) => {
                        tracing::warn!(error = %crate::error::chain(&error), "the audit trail could not be sealed");
                    }
                }
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}

/// Reads the whole chain that the server `node` keeps in a store, be it at rest, and says where it breaks first.
///
/// # Errors
/// Where the store cannot be read.
pub async fn verify(
    store: &dyn Store,
    node: &NodeId,
    directory: &Directory,
    noted: Option<Head>,
) -> Result<Verdict, StoreError> {
    let mut verifier = noted.map_or_else(Verifier::new, |noted| Verifier::new().expecting(noted));
    let mut after = String::new();
    // Seals, then the head, then entries: the chain only grows meanwhile.
    loop {
        let seals = store.read().await?.facts(facts::AUDIT_SEALS, &after, limits::AUDIT_PAGE).await?;
        let Some((last, _)) = seals.last() else { break };
        after = last.clone();
        for (key, value) in &seals {
            let number = number_in(key, facts::AUDIT_SEALS);
            match facts::decode::<Seal>(key, value) {
                Ok(seal) => verifier.seal(seal.head, seal.head.number == number && seal.is_good(node, directory)),
                Err(_) => verifier.seal(Head { number, ..Head::default() }, false),
            }
        }
    }
    let kept = kept_head(store).await?;
    after.clear();
    loop {
        let page = store.read().await?.facts(facts::AUDIT_ENTRIES, &after, limits::AUDIT_PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = last.clone();
        for (key, bytes) in page {
            let number = number_in(&key, facts::AUDIT_ENTRIES);
            // What came after the head was read is looked at next time; what lies behind no head was put there.
            if number > kept.number && kept_head(store).await?.number > kept.number {
                return Ok(verifier.end(kept));
            }
            verifier.entry(number, &bytes);
        }
    }
    Ok(verifier.end(kept))
}

async fn kept_head(store: &dyn Store) -> Result<Head, StoreError> {
    let kept = store.read().await?.fact(facts::AUDIT_HEAD).await?;
    kept.map_or_else(|| Ok(Head::default()), |kept| facts::decode(facts::AUDIT_HEAD, &kept))
}

/// What the audit trail is told of an entry that was made here.
pub(super) fn of_entry(action: &Entry) -> Event {
    let (resource, what) = match action {
        Entry::Admit(admit) => (format!("members/{}", admit.member), "admit".to_owned()),
        Entry::Host(host) if host.announced => (format!("members/{}", host.member), format!("move to {}", host.node)),
        Entry::Host(host) => (format!("members/{}", host.member), format!("live on {}", host.node)),
        Entry::Key(key) => {
            let what = format!("{} key {}", key.purpose().as_str_name().to_lowercase(), key.number);
            (format!("members/{}", key.member), what)
        }
        Entry::Suspend(suspend) => (format!("members/{}", suspend.member), format!("suspend: {}", suspend.reason)),
        Entry::Resume(resume) => (format!("members/{}", resume.member), "resume".to_owned()),
        Entry::Remove(remove) => (format!("members/{}", remove.member), format!("remove: {}", remove.reason)),
        Entry::Restore(restore) => (format!("members/{}", restore.member), "restore".to_owned()),
        Entry::CircleCreate(create) => (format!("circles/{}", create.circle), "create".to_owned()),
        Entry::CircleAdd(add) => (format!("circles/{}", add.circle), format!("add {}", add.member)),
        Entry::CircleDrop(drop) => (format!("circles/{}", drop.circle), format!("drop {}", drop.member)),
        Entry::Hide(hide) => (format!("hidden/{}", hex(&hide.name_hash)), format!("hide: {}", hide.reason)),
        Entry::Show(show) => (format!("hidden/{}", hex(&show.name_hash)), "show".to_owned()),
        Entry::Limits(_) => ("directory".to_owned(), "limits".to_owned()),
        Entry::Gateway(gateway) => (format!("nodes/{}", gateway.gateway), format!("gateway at {}", gateway.address)),
        Entry::DirectoryKey(key) => ("directory".to_owned(), format!("directory key {}", key.number)),
        Entry::Genesis(_) => ("directory".to_owned(), "genesis".to_owned()),
    };
    Event::new(Action::DirectoryEntry, resource).saying(what)
}

/// The number at the end of a key; 0 where there is none.
fn number_in(key: &str, prefix: &str) -> u64 {
    key.strip_prefix(prefix).and_then(|number| number.parse().ok()).unwrap_or_default()
}

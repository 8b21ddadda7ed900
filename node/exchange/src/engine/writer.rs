//! The one writer: takes what has queued up, runs it in one transaction, and answers when that is on disk. While it is
//! being written, what the next transaction will sign is signed.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use duikou_proto::name::RecordName;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::foresight::{Foreseen, Foresight, Guess, WORTH, begin_to_sign, sign_all};
use super::warm::Warm;
use super::work::{Ground, Memory, Rows, Work};
use crate::defects::{self, Defect};
use crate::limits;
use crate::store::StoreError;

/// Something to be done in a transaction. It decides first and changes then: what it leaves is committed, and its
/// answer is given when that is on disk, a refusal no less than a success.
#[async_trait]
pub trait Command: Send + 'static {
    /// What it answers.
    type Output: Send + 'static;

    /// Rows that it will look at, to be read with those of others in one statement.
    fn names(&self) -> Vec<RecordName> {
        Vec::new()
    }

    /// Tells what it will sign, as far as that is known before the first command of the transaction runs.
    fn foresee(&self, _ahead: &mut Foresight<'_>) {}

    /// About how much memory it holds while it waits.
    fn bytes(&self) -> usize {
        512
    }

    /// Does it.
    ///
    /// # Errors
    /// Where the store does not work; nothing of the transaction is kept then.
    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError>;
}

/// Many commands as one: each is decided by itself, in their order, in one transaction.
pub struct Many<C>(pub Vec<C>);

#[async_trait]
impl<C: Command> Command for Many<C> {
    type Output = Vec<C::Output>;

    fn names(&self) -> Vec<RecordName> {
        self.0.iter().flat_map(Command::names).collect()
    }

    fn foresee(&self, ahead: &mut Foresight<'_>) {
        self.0.iter().for_each(|command| command.foresee(ahead));
    }

    fn bytes(&self) -> usize {
        self.0.iter().map(Command::bytes).sum()
    }

    async fn run(self, work: &mut Work<'_>) -> Result<Self::Output, StoreError> {
        let mut outputs = Vec::with_capacity(self.0.len());
        for command in self.0 {
            outputs.push(command.run(work).await?);
        }
        Ok(outputs)
    }
}

/// Why a command has no answer. Whether it was done is unknown only where the process ends.
#[derive(Debug, Clone, Error)]
pub enum WriteError {
    /// Nothing was written.
    #[error("nothing was written")]
    Store(#[source] Arc<StoreError>),
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Closed,
}

type Answer = Box<dyn FnOnce(Result<(), Arc<StoreError>>) + Send>;

#[async_trait]
trait Erased: Send {
    fn names(&self) -> Vec<RecordName>;
    fn foresee(&self, ahead: &mut Foresight<'_>);
    async fn run(self: Box<Self>, work: &mut Work<'_>) -> Result<Answer, (Answer, StoreError)>;
    fn fail(self: Box<Self>, error: Arc<StoreError>);
}

struct Waiting<C: Command> {
    command: C,
    answer: oneshot::Sender<Result<C::Output, WriteError>>,
}

#[async_trait]
impl<C: Command> Erased for Waiting<C> {
    fn names(&self) -> Vec<RecordName> {
        self.command.names()
    }

    fn foresee(&self, ahead: &mut Foresight<'_>) {
        self.command.foresee(ahead);
    }

    async fn run(self: Box<Self>, work: &mut Work<'_>) -> Result<Answer, (Answer, StoreError)> {
        let answer = self.answer;
        match self.command.run(work).await {
            Ok(output) => Ok(Box::new(move |committed| {
                // A caller that went away does not want to know.
                let _ = answer.send(committed.map(|()| output).map_err(WriteError::Store));
            })),
            Err(error) => {
                let fail: Answer = Box::new(move |committed| {
                    if let Err(error) = committed {
                        let _ = answer.send(Err(WriteError::Store(error)));
                    }
                });
                Err((fail, error))
            }
        }
    }

    fn fail(self: Box<Self>, error: Arc<StoreError>) {
        let _ = self.answer.send(Err(WriteError::Store(error)));
    }
}

pub(super) struct Queued {
    command: Box<dyn Erased>,
    /// How many rows it will look at, at least one: by these transactions are cut.
    rows: usize,
    // Held until the command is answered.
    _permit: OwnedSemaphorePermit,
}

/// Where commands go.
#[derive(Clone)]
pub(crate) struct Queue {
    sender: mpsc::Sender<Queued>,
    budget: Arc<Semaphore>,
    limit: usize,
}

/// A queue that holds at most `bytes` of commands.
pub(super) fn queue(bytes: usize) -> (Queue, mpsc::Receiver<Queued>) {
    let (sender, receiver) = mpsc::channel(limits::WRITE_QUEUE);
    let limit = bytes.min(Semaphore::MAX_PERMITS);
    (Queue { sender, budget: Arc::new(Semaphore::new(limit)), limit }, receiver)
}

impl Queue {
    /// Waits for room, then for the answer.
    pub(crate) async fn submit<C: Command>(&self, command: C) -> Result<C::Output, WriteError> {
        // What is larger than the whole queue has it to itself.
        let bytes = command.bytes().min(limits::WRITE_COMMAND_BYTES).min(self.limit) as u32;
        let permit = self.budget.clone().acquire_many_owned(bytes).await.map_err(|_| WriteError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let rows = command.names().len().max(1);
        let command = Box::new(Waiting { command, answer });
        self.sender.send(Queued { command, rows, _permit: permit }).await.map_err(|_| WriteError::Closed)?;
        answered.await.map_err(|_| WriteError::Closed)?
    }

    /// What waits or is being written, and what may at most.
    pub(super) fn bytes(&self) -> (usize, usize) {
        (self.limit - self.budget.available_permits().min(self.limit), self.limit)
    }

    pub(super) fn close(&self) {
        self.budget.close();
    }
}

/// What has queued up, in its order.
struct Incoming {
    receiver: mpsc::Receiver<Queued>,
    /// What came out of the queue and has not been run: hardly more than one transaction.
    waiting: VecDeque<Queued>,
}

impl Incoming {
    /// Waits until there is something to be done; false where the queue is closed and empty.
    async fn wait(&mut self, finish: &CancellationToken) -> bool {
        let mut came = Vec::with_capacity(limits::WRITE_BATCH);
        while self.waiting.is_empty() {
            let count = tokio::select! {
                biased;
                () = finish.cancelled(), if !self.receiver.is_closed() => {
                    self.receiver.close();
                    continue;
                }
                count = self.receiver.recv_many(&mut came, limits::WRITE_BATCH) => count,
            };
            if count == 0 {
                return false;
            }
            self.waiting.extend(came.drain(..));
        }
        true
    }

    /// How many commands the next transaction would have by now.
    fn count(&mut self) -> usize {
        let mut rows = self.waiting.iter().map(|queued| queued.rows).sum::<usize>();
        while rows < limits::WRITE_ROWS
            && self.waiting.len() < limits::WRITE_BATCH
            && let Ok(queued) = self.receiver.try_recv()
        {
            rows += queued.rows;
            self.waiting.push_back(queued);
        }
        let mut room = limits::WRITE_ROWS;
        let fit = self.waiting.iter().take(limits::WRITE_BATCH).take_while(|queued| {
            let fits = room >= queued.rows;
            room = room.saturating_sub(queued.rows);
            fits
        });
        // One that is larger goes alone.
        fit.count().max(1).min(self.waiting.len())
    }
}

/// What was done for a transaction while the one before was being written; good only if that was committed.
struct Ahead {
    guess: Guess,
    rows: Rows,
    /// For how many of its commands, from the first on.
    commands: usize,
    signing: Pin<Box<dyn Future<Output = Foreseen> + Send>>,
}

/// Runs until the queue is closed and empty.
pub(super) async fn run(shared: Arc<Shared>, receiver: mpsc::Receiver<Queued>, mut memory: Memory) {
    let mut incoming = Incoming { receiver, waiting: VecDeque::new() };
    let (mut ahead, mut warm) = (None, Warm::default());
    while incoming.wait(&shared.finish).await {
        let count = incoming.count();
        let (commands, permits): (Vec<_>, Vec<_>) =
            incoming.waiting.drain(..count).map(|queued| (queued.command, queued._permit)).unzip();
        if let Some((next, looked)) = transact(&shared, commands, ahead.take(), &memory, &mut warm, &mut incoming).await
        {
            (memory, ahead) = (next, looked);
        }
        drop(permits);
    }
}

async fn transact(
    shared: &Shared,
    commands: Vec<Box<dyn Erased>>,
    ahead: Option<Ahead>,
    memory: &Memory,
    warm: &mut Warm,
    incoming: &mut Incoming,
) -> Option<(Memory, Option<Ahead>)> {
    let mut commands = commands.into_iter();
    let mut answers = Vec::with_capacity(commands.len());
    let done = async {
        let mut transaction = shared.store.begin().await?;
        let (mut guess, rows, looked, signing) = match ahead {
            Some(ahead) => (ahead.guess, ahead.rows, ahead.commands, Some(ahead.signing)),
            None => (Guess::new(shared.world.now()), Rows::new(), 0, None),
        };
        let (identity, world) = (&shared.identity, &shared.world);
        let mut work =
            Work::begin(&mut *transaction, identity, world, &shared.departed, warm, memory.clone(), guess.now).await?;
        work.take_rows(rows);
        let names: Vec<RecordName> = commands.as_slice().iter().flat_map(|command| command.names()).collect();
        work.load(names.into_iter()).await?;
        let expected = {
            let unseen = commands.as_slice().iter().skip(looked);
            let mut foresight = Foresight::new(work.ground(), work.rows(), &mut guess);
            if unseen.clone().map(|command| command.names().len()).sum::<usize>() >= WORTH {
                unseen.for_each(|command| command.foresee(&mut foresight));
            }
            foresight.into_expected()
        };
        work.foreseen(sign_all(world, expected).await);
        if let Some(signing) = signing {
            work.foreseen(signing.await);
        }
        for command in commands.by_ref() {
            match command.run(&mut work).await {
                Ok(answer) => answers.push(answer),
                Err((answer, error)) => {
                    answers.push(answer);
                    return Err(error);
                }
            }
        }
        let next = look_ahead(shared, &mut work, incoming).await;
        let outcome = work.flush().await?;
        if defects::on(Defect::AnsweredEarly) {
            answers.drain(..).for_each(|answer| answer(Ok(())));
        }
        transaction.commit().await?;
        Ok((outcome, next))
    };
    match done.await {
        Ok((mut outcome, next)) => {
            warm.keep(std::mem::take(&mut outcome.facts));
            let memory = outcome.memory.clone();
            shared.committed(outcome);
            for answer in answers {
                answer(Ok(()));
            }
            Some((memory, next))
        }
        Err(error) => {
            let told = crate::error::chain(&error);
            // What goes on for as long as a disk is full is said once: each line takes of the room that is lacking.
            if shared.troubled(&error) {
                tracing::error!(error = told, "a transaction failed; nothing of it was written");
            } else {
                tracing::debug!(error = told, "a transaction failed again; nothing of it was written");
            }
            // Nobody knows how far it came.
            warm.forget();
            let error = Arc::new(error);
            for answer in answers {
                answer(Err(error.clone()));
            }
            for command in commands {
                command.fail(error.clone());
            }
            None
        }
    }
}

/// Begins to sign what the next transaction will, where there is enough of it by now. `work` has run all its commands.
async fn look_ahead(shared: &Shared, work: &mut Work<'_>, incoming: &mut Incoming) -> Option<Ahead> {
    let count = incoming.count();
    let names: Vec<RecordName> =
        incoming.waiting.iter().take(count).flat_map(|queued| queued.command.names()).collect();
    if names.len() < WORTH {
        return None;
    }
    // Where they cannot be read, the next transaction will say so.
    let rows = work.rows_of_next(&names).await.ok()?;
    let mut guess = Guess::new(shared.world.now());
    let ground = Ground { now: guess.now, ..work.ground() };
    let mut foresight = Foresight::new(ground, &rows, &mut guess);
    incoming.waiting.iter().take(count).for_each(|queued| queued.command.foresee(&mut foresight));
    let signing = Box::pin(begin_to_sign(&shared.world, foresight.into_expected()));
    Some(Ahead { guess, rows, commands: count, signing })
}

//! The one writer: takes what has queued up, runs it in one transaction, and answers when that is on disk.

use std::sync::Arc;

use async_trait::async_trait;
use duikou_proto::name::RecordName;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::Shared;
use super::foresight::{Foresight, WORTH, sign_all};
use super::work::{Memory, Work};
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
    fn foresee(&self, _ahead: &mut Foresight<'_, '_>) {}

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
    fn foresee(&self, ahead: &mut Foresight<'_, '_>);
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

    fn foresee(&self, ahead: &mut Foresight<'_, '_>) {
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
        let bytes = command.bytes().min(limits::WRITE_COMMAND_BYTES) as u32;
        let permit = self.budget.clone().acquire_many_owned(bytes).await.map_err(|_| WriteError::Closed)?;
        let (answer, answered) = oneshot::channel();
        let command = Box::new(Waiting { command, answer });
        self.sender.send(Queued { command, _permit: permit }).await.map_err(|_| WriteError::Closed)?;
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

/// Runs until the queue is closed and empty.
pub(super) async fn run(shared: Arc<Shared>, mut receiver: mpsc::Receiver<Queued>, mut memory: Memory) {
    let mut batch = Vec::with_capacity(limits::WRITE_BATCH);
    loop {
        let count = tokio::select! {
            biased;
            () = shared.finish.cancelled(), if !receiver.is_closed() => {
                receiver.close();
                continue;
            }
            count = receiver.recv_many(&mut batch, limits::WRITE_BATCH) => count,
        };
        if count == 0 {
            return;
        }
        let (commands, permits): (Vec<_>, Vec<_>) = batch.drain(..).map(|q| (q.command, q._permit)).unzip();
        if let Some(next) = transact(&shared, commands, &memory).await {
            memory = next;
        }
        drop(permits);
    }
}

async fn transact(shared: &Shared, commands: Vec<Box<dyn Erased>>, memory: &Memory) -> Option<Memory> {
    let mut commands = commands.into_iter();
    let mut answers = Vec::with_capacity(commands.len());
    let done = async {
        let mut transaction = shared.store.begin().await?;
        let mut work =
            Work::begin(&mut *transaction, &shared.identity, &shared.world, &shared.departed, memory.clone()).await?;
        let names: Vec<RecordName> = commands.as_slice().iter().flat_map(|command| command.names()).collect();
        work.load(names.into_iter()).await?;
        if commands.len() >= WORTH {
            let unsigned = {
                let mut ahead = Foresight::new(&work);
                commands.as_slice().iter().for_each(|command| command.foresee(&mut ahead));
                ahead.into_unsigned()
            };
            work.foreseen(sign_all(&shared.world, unsigned).await);
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
        let outcome = work.flush().await?;
        if defects::on(Defect::AnsweredEarly) {
            answers.drain(..).for_each(|answer| answer(Ok(())));
        }
        transaction.commit().await?;
        Ok(outcome)
    };
    match done.await {
        Ok(outcome) => {
            let memory = outcome.memory.clone();
            shared.committed(outcome);
            for answer in answers {
                answer(Ok(()));
            }
            Some(memory)
        }
        Err(error) => {
            tracing::error!(error = %crate::error::chain(&error), "a transaction failed; nothing of it was written");
            shared.troubled(&error);
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

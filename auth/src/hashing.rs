//! Hashing of passwords, on threads of its own.
//!
//! One Argon2id hash takes tens of milliseconds of a core and twenty megabytes. On the threads that
//! serve requests it would starve everybody else, so it happens here: a bounded queue before a
//! bounded number of threads, one core left free for the rest. Who finds the queue full is told so
//! at once and costs nothing; who has gone away by the time it is their turn is passed over.
//!
//! A claim about somebody who does not exist is compared all the same, with a hash that nothing
//! matches, so that the time an answer takes tells nobody who has an account.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use argon2::password_hash::phc::{self, Output, ParamsString, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use common::id::Entropy;
use tokio::sync::oneshot;
use zeroize::Zeroize as _;

use crate::domain::{Password, PasswordHash};

/// A thread that has nothing to do for this long gives its memory back.
const IDLE: Duration = Duration::from_secs(2);

/// Memory is asked for in at least this many blocks of a KiB, of which only those used are ever
/// touched: allocators return at once what is larger than 32 MiB, and keep for themselves what is
/// smaller.
const LEAST_BLOCKS: usize = 33 * 1024;

/// Bytes of a salt.
const SALT_BYTES: usize = 16;

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// How much work a hash is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost(Params);

/// Argon2 cannot have such parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Argon2 takes at least 8 KiB of memory and 1 iteration")]
pub struct BadCost;

impl Cost {
    /// Argon2id over `memory_kib` KiB in so many `iterations`.
    ///
    /// # Errors
    /// When Argon2 cannot have such parameters.
    pub fn new(memory_kib: u32, iterations: u32) -> Result<Self, BadCost> {
        Params::new(memory_kib, iterations, 1, Some(HASH_BYTES)).map(Self).map_err(|_| BadCost)
    }
}

impl Default for Cost {
    /// What OWASP asks for: 19 MiB and two iterations.
    fn default() -> Self {
        const OWASP: Params = match Params::new(19 * 1024, 2, 1, Some(HASH_BYTES)) {
            Ok(params) => params,
            Err(_) => panic!("these parameters are within Argon2's bounds"),
        };
        Self(OWASP)
    }
}

/// What a claimed password turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// The password.
    Right,
    /// The password; its hash was made by other parameters than those of today.
    RightButStale,
    /// Another password, or nobody's.
    Wrong,
}

/// Why a password was not hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashingFailed {
    /// Too many are waiting.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// A defect, a tampered store, or no randomness.
    #[error("a password could not be hashed: {0}")]
    Broken(String),
}

/// The threads that hash.
pub struct Hashing {
    shared: Arc<Shared>,
    cost: Cost,
    most_threads: usize,
    most_waiting: usize,
    entropy: Arc<dyn Entropy>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    wake: Condvar,
    operations: AtomicU64,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    threads: Vec<JoinHandle<()>>,
    /// Threads with nothing to do.
    idle: usize,
    closed: bool,
}

/// A password to be hashed, and by what.
struct Job {
    password: Password,
    params: Params,
    salt: Salt,
    answer: oneshot::Sender<Result<Output, HashingFailed>>,
}

impl Hashing {
    /// At most `most_threads` threads, started when they are first needed, before which at most
    /// `most_waiting` passwords wait.
    pub fn new(
        cost: Cost,
        most_threads: usize,
        most_waiting: usize,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let shared = Arc::new(Shared::default());
        Self { shared, cost, most_threads: most_threads.max(1), most_waiting, entropy }
    }

    /// What is to be kept of a password.
    ///
    /// # Errors
    /// See [`HashingFailed`].
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashingFailed> {
        let salt = self.salt()?;
        let output = self.run(password, self.cost.0.clone(), salt).await?;
        let hash = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&self.cost.0).map_err(broken)?,
            salt: Some(salt),
            hash: Some(output),
        };
        Ok(PasswordHash::from_phc(hash.to_string()))
    }

    /// Whether `password` is the one that `kept` is kept of. Where nothing is, it is as much work
    /// to say no.
    ///
    /// # Errors
    /// See [`HashingFailed`].
    pub async fn verify(
        &self,
        password: Password,
        kept: Option<&PasswordHash>,
    ) -> Result<Claim, HashingFailed> {
        let (params, salt, expected) = match kept {
            Some(kept) => read(kept)?,
            None => (self.cost.0.clone(), self.salt()?, None),
        };
        let stale = params != self.cost.0;
        let output = self.run(password, params, salt).await?;
        // `Output` is compared in constant time.
        Ok(match expected.is_some_and(|expected| expected == output) {
            true if stale => Claim::RightButStale,
            true => Claim::Right,
            false => Claim::Wrong,
        })
    }

    /// How many hashes have been computed so far: what a test compares instead of times.
    pub fn operations(&self) -> u64 {
        self.shared.operations.load(Ordering::Relaxed)
    }

    async fn run(
        &self,
        password: Password,
        params: Params,
        salt: Salt,
    ) -> Result<Output, HashingFailed> {
        let (answer, answered) = oneshot::channel();
        self.submit(Job { password, params, salt, answer })?;
        answered.await.unwrap_or_else(|_| Err(broken("the thread is gone")))
    }

    fn submit(&self, job: Job) -> Result<(), HashingFailed> {
        let mut queue = self.shared.lock();
        if queue.jobs.len() >= self.most_waiting {
            // Those who have gone away make room before anybody is turned away.
            queue.jobs.retain(|job| !job.answer.is_closed());
        }
        if queue.jobs.len() >= self.most_waiting {
            return Err(HashingFailed::Busy);
        }
        if queue.idle <= queue.jobs.len() && queue.threads.len() < self.most_threads {
            match start_thread(queue.threads.len(), Arc::clone(&self.shared)) {
                Ok(thread) => queue.threads.push(thread),
                Err(error) if queue.threads.is_empty() => return Err(broken(error)),
                Err(error) => tracing::warn!(%error, "no further thread to hash passwords on"),
            }
        }
        queue.jobs.push_back(job);
        drop(queue);
        self.shared.wake.notify_one();
        Ok(())
    }

    fn salt(&self) -> Result<Salt, HashingFailed> {
        let mut bytes = [0_u8; SALT_BYTES];
        self.entropy.fill(&mut bytes).map_err(broken)?;
        Salt::new(&bytes).map_err(broken)
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.closed = true;
        let threads = std::mem::take(&mut queue.threads);
        drop(queue);
        self.shared.wake.notify_all();
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread that hashes passwords has panicked");
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No code that holds the lock can panic half-way through a change.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job; `None` once there has been none for `patience`, or the queue is closed.
    fn next(&self, patience: Duration) -> Option<Job> {
        let mut queue = self.lock();
        queue.idle += 1;
        let nothing = |queue: &mut Queue| queue.jobs.is_empty() && !queue.closed;
        let waited = self.wake.wait_timeout_while(queue, patience, nothing);
        (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        queue.idle -= 1;
        if queue.closed { None } else { queue.jobs.pop_front() }
    }

    fn work(&self) {
        while !self.lock().closed {
            let Some(first) = self.next(Duration::MAX) else {
                continue;
            };
            let (mut memory, mut next) = (Vec::new(), Some(first));
            while let Some(job) = next {
                if !job.answer.is_closed() {
                    let output = compute(&job, &mut memory);
                    self.operations.fetch_add(1, Ordering::Relaxed);
                    drop(job.answer.send(output));
                }
                next = self.next(IDLE);
            }
            // What is left there was computed from a password.
            memory.zeroize();
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the home of the threads that hash")]
fn start_thread(number: usize, shared: Arc<Shared>) -> std::io::Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name(format!("passwords-{number}"));
    thread.spawn(move || shared.work())
}

fn compute(job: &Job, memory: &mut Vec<Block>) -> Result<Output, HashingFailed> {
    let blocks = job.params.block_count();
    if memory.capacity() < blocks {
        memory.reserve_exact(blocks.max(LEAST_BLOCKS));
    }
    if memory.len() < blocks {
        memory.resize(blocks, Block::new());
    }
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, job.params.clone());
    let mut bytes = [0_u8; HASH_BYTES];
    let (password, salt) = (job.password.as_bytes(), &*job.salt);
    argon2
        .hash_password_into_with_memory(password, salt, &mut bytes, memory.as_mut_slice())
        .map_err(broken)?;
    Output::new(&bytes).map_err(broken)
}

/// The parameters, salt and hash of a PHC string.
fn read(kept: &PasswordHash) -> Result<(Params, Salt, Option<Output>), HashingFailed> {
    let hash = phc::PasswordHash::new(kept.as_str()).map_err(broken)?;
    if hash.algorithm != Algorithm::Argon2id.ident() {
        return Err(broken("a hash of another algorithm"));
    }
    let params = Params::try_from(&hash).map_err(broken)?;
    let salt = hash.salt.ok_or_else(|| broken("a hash without salt"))?;
    Ok((params, salt, hash.hash))
}

fn broken(cause: impl ToString) -> HashingFailed {
    HashingFailed::Broken(cause.to_string())
}

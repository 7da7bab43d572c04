//! The sharded store: keys to payloads for any number of threads, within one limit in true bytes.
//!
//! A key's hash picks its shard; an operation locks that one alone. Where a shard needs more than it
//! was granted, the store moves capacity to it, from the budget while some is left, then from shards
//! with slack, and by eviction elsewhere only for an entry larger than the shard itself. Two locks are
//! never held at once.

mod lending;
mod limits;
mod loading;
mod near;

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;

use self::limits::{policy_config, units, worthwhile_shards};
pub use self::loading::{Kept, Storing};
pub use self::near::{Counting, Near};
use super::budget::Budget;
use super::clock::Clock;
use super::cost::{STALE_WINDOWS, entry_cost, unit_for};
use super::entries::{Entries, Info, Write};
use super::expiry::{Lifetime, StaleWindows};
use super::flight::FlightId;
use super::payload::{Payload, PayloadError, ValueKind};
use super::policy::{Activity, PolicyKind};
use super::population::Population;
use super::reaper;
use super::shard::Shard;
use super::slots::Slot;
use super::stamps::{ShardStamps, Stamps, place};
use super::stats::Stats;
use super::sync::Mutex;

/// How many entries of a timer wheel are looked at before its shard's lock is released.
const SWEEP_SLICE: usize = 64;

/// The largest part of the limit that one entry may take, where there is more than one shard.
const ENTRY_SHARE: u64 = 4;

/// Where the hash of a key begins.
#[derive(Clone, Copy, Debug)]
pub enum Seed {
    /// Unpredictable, so that nobody can choose keys that collide.
    Random,
    /// The same in every run, for tests and replays.
    Fixed(u64),
}

/// What a store is made for.
#[derive(Clone)]
pub struct StoreConfig {
    /// The limit in bytes.
    pub max_bytes: u64,
    /// The limit on the number of entries, if there is one.
    pub max: Option<u64>,
    /// What decides who stays.
    pub policy: PolicyKind,
    /// How many shards; `None` lets the limit decide.
    pub shards: Option<u32>,
    /// Where hashes begin.
    pub seed: Seed,
    /// Where time is read.
    pub clock: Clock,
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetOutcome {
    /// It can be read.
    Stored,
    /// It is larger than the limit allows; what was there before still is.
    TooLarge,
    /// The allocator had no memory for it; what was there before still is.
    OutOfMemory,
}

/// See the [module](self).
pub struct Store {
    shards: Box<[Shard]>,
    budget: Budget,
    population: Arc<Population>,
    stamps: Arc<Stamps>,
    policy: PolicyKind,
    /// How long entries are kept stale that [`Store::set`] stores.
    stale: StaleWindows,
    /// The limit as it was asked for: the budget is that many whole units.
    max_bytes: AtomicU64,
    /// How many bytes a unit of the budget stands for.
    unit: u64,
    hasher: SeedableRandomState,
    clock: Clock,
    /// Whether the sweeper knows of it.
    watched: AtomicBool,
    resizing: Mutex<()>,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(config: &StoreConfig) -> Self {
        let StoreConfig { max_bytes, max, policy, shards, seed, ref clock } = *config;
        let unit = unit_for(max_bytes);
        let max = max.unwrap_or(u64::MAX);
        let shards = shards.map_or_else(|| worthwhile_shards(max_bytes, max), u64::from);
        let hasher = match seed {
            Seed::Random => SeedableRandomState::random(),
            Seed::Fixed(seed) => SeedableRandomState::with_seed(seed, SharedSeed::global_fixed()),
        };
        let population = Arc::new(Population::new(max));
        let limit = units(max_bytes, unit);
        let policy_config = policy_config(policy, limit, max, shards);
        let stamps = Arc::new(Stamps::default());
        let shard = |shard| {
            let stamps = ShardStamps::new(Arc::clone(&stamps), shard, shards);
            Shard::new(policy_config, clock.clone(), Arc::clone(&population), stamps)
        };
        Self {
            shards: (0..shards).map(shard).collect(),
            budget: Budget::new(limit),
            population,
            stamps,
            policy,
            stale: StaleWindows::NONE,
            max_bytes: AtomicU64::new(max_bytes.min((limit + 1) * unit - 1)),
            unit,
            hasher,
            clock: clock.clone(),
            watched: AtomicBool::new(false),
            resizing: Mutex::new(()),
        }
    }

    /// The limit in bytes.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes.load(Ordering::Relaxed)
    }

    /// What decides who stays.
    #[must_use]
    pub fn policy(&self) -> PolicyKind {
        self.policy
    }

    /// The limit on the number of entries, `u64::MAX` for none.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.population.max()
    }

    /// The largest entry that is taken in, in bytes as [`Store::bytes`] counts them.
    #[must_use]
    pub fn max_entry_bytes(&self) -> u64 {
        (self.max_entry() * self.unit).min(self.max_bytes())
    }

    /// What an entry counts here in bytes, one without a deadline or one with.
    #[must_use]
    pub fn entry_cost(&self, endless: bool, key_len: usize, value_len: usize) -> u64 {
        entry_cost(self.policy, endless, key_len, value_len)
    }

    fn max_entry(&self) -> u64 {
        if self.shards.len() == 1 { self.budget.limit() } else { self.budget.limit() / ENTRY_SHARE }
    }

    /// Removes all expired entries, slice by slice; how many there were.
    pub fn purge_expired(&self) -> u64 {
        let swept = self.sweep(|| ());
        let just_now = |shard: &Shard| shard.write(Entries::sweep_present);
        swept + self.shards.iter().map(just_now).sum::<u64>()
    }

    /// Whether any entry has a deadline.
    fn has_deadlines(&self) -> bool {
        self.shards.iter().any(|shard| shard.read(|entries| entries.armed() > 0))
    }

    /// As [`Store::purge_expired`], and calls `pause` after each slice, when no lock is held.
    pub fn sweep(&self, pause: impl Fn()) -> u64 {
        let mut removed = 0;
        for shard in &self.shards {
            while shard.write(|entries, garbage| {
                removed += entries.sweep(SWEEP_SLICE, garbage) as u64;
                !entries.is_swept()
            }) {
                pause();
            }
        }
        removed
    }

    /// Whether the sweeper does not look after this store yet, as it does from now on.
    #[must_use]
    pub fn needs_watching(&self) -> bool {
        !self.watched.load(Ordering::Relaxed) && !self.watched.swap(true, Ordering::Relaxed)
    }

    /// Whether the sweeper may forget this store, as it does then: no entry has a deadline any more.
    #[must_use]
    pub fn needs_no_watching(&self) -> bool {
        if self.has_deadlines() {
            return false;
        }
        self.watched.store(false, Ordering::Relaxed);
        // One may have come in between, before whoever brought it could see that it needs watching.
        !(self.has_deadlines() && self.needs_watching())
    }

    /// What is known of an entry beside its value.
    #[must_use]
    pub fn info(&self, key: &[u8]) -> Option<Info> {
        let hash = self.hash(key);
        self.shard(hash).read(|entries| entries.info(hash, key))
    }

    /// Takes some payloads, from where `cursor` says on; where to go on, `None` at the end. Begin with
    /// [`Cursor::default`]. What is there all the while is seen once; what comes or goes may be seen.
    pub fn scan(&self, cursor: Cursor, most: usize, into: &mut Vec<Payload>) -> Option<Cursor> {
        let Cursor { shard, slot } = cursor;
        let next = self.shards.get(shard)?.read(|entries| entries.scan(slot, most, into));
        match next {
            Some(slot) => Some(Cursor { shard, slot }),
            None if shard + 1 < self.shards.len() => Some(Cursor { shard: shard + 1, slot: 0 }),
            None => None,
        }
    }

    /// How many entries are held, expired ones included until they are swept.
    #[must_use]
    pub fn len(&self) -> u64 {
        // As with the bytes, shards looked at one after the other may both show one that came as another left.
        self.shards.iter().map(Shard::len).sum::<u64>().min(self.max())
    }

    /// Whether none is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What the entries take in bytes: keys, values and overhead.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sum: u64 = self.shards.iter().map(Shard::bytes).sum();
        // The grants never exceed the limit, but shards looked at one after the other may both show
        // what moved from one to the other in between.
        sum.min(self.max_bytes())
    }

    /// What happened so far, over all shards.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut sum = Stats::default();
        for shard in &self.shards {
            shard.read(|entries| sum.add(entries.stats()));
        }
        sum
    }

    /// What the policy of each shard is doing.
    #[must_use]
    pub fn activity(&self) -> Vec<Activity> {
        self.shards.iter().map(|shard| shard.read(|entries| entries.activity())).collect()
    }

    /// Begins to count anew.
    pub fn reset_stats(&self) {
        for shard in &self.shards {
            shard.read(Entries::reset_stats);
        }
    }

    /// The clock that deadlines are measured on.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// A read that counts and keeps the entry alive. `take` runs under the shard's lock: it copies the
    /// payload or clones its count, and calls nothing that could come back here.
    #[inline]
    pub fn get<R>(&self, key: &[u8], take: impl FnOnce(&Payload) -> R) -> Option<R> {
        let hash = self.hash(key);
        self.shard(hash).read(|entries| entries.get(hash, key).map(take))
    }

    /// As [`Store::get`], but leaves no trace.
    #[inline]
    pub fn peek<R>(&self, key: &[u8], take: impl FnOnce(&Payload) -> R) -> Option<R> {
        let hash = self.hash(key);
        self.shard(hash).read(|entries| entries.peek(hash, key).map(take))
    }

    /// Stores copies of key and value.
    pub fn set(&self, key: &[u8], kind: ValueKind, value: &[u8], lifetime: Lifetime) -> SetOutcome {
        let hash = self.hash(key);
        if self.is_too_large(key.len(), value.len(), lifetime, self.stale) {
            return Self::refuse(self.shard(hash));
        }
        match Payload::new(key, kind, value) {
            Ok(payload) => self.take_in(hash, payload, lifetime, self.stale, None),
            Err(PayloadError::TooLong) => Self::refuse(self.shard(hash)),
            Err(PayloadError::OutOfMemory) => SetOutcome::OutOfMemory,
        }
    }

    /// What an entry weighs in the unit of the budget.
    fn weight(&self, key_len: usize, value_len: usize, lifetime: Lifetime, stale: StaleWindows) -> u64 {
        let endless = lifetime.is_endless();
        let windows = if endless || stale == StaleWindows::NONE { 0 } else { STALE_WINDOWS };
        (self.entry_cost(endless, key_len, value_len) + windows).div_ceil(self.unit)
    }

    /// Whether an entry is larger than the limit allows.
    fn is_too_large(
        &self,
        key_len: usize,
        value_len: usize,
        lifetime: Lifetime,
        stale: StaleWindows,
    ) -> bool {
        self.weight(key_len, value_len, lifetime, stale) > self.max_entry()
    }

    /// Stores a payload that is not too large.
    fn take_in(
        &self,
        hash: u64,
        payload: Payload,
        lifetime: Lifetime,
        stale: StaleWindows,
        flight: Option<FlightId>,
    ) -> SetOutcome {
        let shard = self.shard(hash);
        let weight = self.weight(payload.key().len(), payload.value().len(), lifetime, stale) as u32;
        let outcome = self.write(shard, Write { hash, payload, weight, lifetime, stale, flight });
        self.trim(Some(shard));
        if outcome == SetOutcome::TooLarge { Self::refuse(shard) } else { outcome }
    }

    /// Takes an entry out; whether there was one.
    pub fn delete(&self, key: &[u8]) -> bool {
        let hash = self.hash(key);
        self.shard(hash).write(|entries, garbage| entries.delete(hash, key, garbage))
    }

    /// Takes all entries out. What takes long to free is freed off-thread.
    pub fn clear(&self) {
        for shard in &self.shards {
            let old = shard.clear();
            let len = old.len();
            reaper::free(old, len);
        }
    }

    #[inline]
    fn hash(&self, key: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key);
        hasher.finish()
    }

    #[inline]
    fn shard(&self, hash: u64) -> &Shard {
        &self.shards[place(hash, self.shards.len() as u64)] // a place is below the number
    }

    fn refuse(shard: &Shard) -> SetOutcome {
        shard.read(Entries::note_rejected);
        SetOutcome::TooLarge
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Where a [scan](Store::scan) goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The shard.
    pub shard: usize,
    /// The slot in it.
    pub slot: Slot,
}

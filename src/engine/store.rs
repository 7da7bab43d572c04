//! The sharded store: keys to payloads for any number of threads, within one limit in true bytes.
//!
//! A key's hash picks its shard; an operation locks that one alone. Where a shard needs more than it
//! was granted, the store moves capacity to it, from the budget while some is left, then from shards
//! with slack, and by eviction elsewhere only for an entry larger than the shard itself. Two locks are
//! never held at once.

use std::hash::{BuildHasher, Hasher};

use foldhash::SharedSeed;
use foldhash::fast::SeedableRandomState;

use super::budget::Budget;
use super::clock::Clock;
use super::expiry::Lifetime;
use super::payload::{Payload, PayloadError, ValueKind};
use super::policy::{PolicyConfig, PolicyKind};
use super::reaper;
use super::shard::{Entries, Shard, Write};
use super::stats::Stats;

/// The unit of the budget in bytes: moka's weights are 32 bits wide, and so reach to 256 GiB.
pub const UNIT: u64 = 64;

/// What an entry takes beside its payload: moka's node, the index, the slot and the allocator's own.
/// Measured by a test that compares it with the growth of resident memory.
pub const ENTRY_OVERHEAD: u64 = 368;

/// More shards than this gain nothing on the machines that Node serves from.
const MAX_SHARDS: u64 = 16;

/// A shard is worth having from so many bytes on: below, its share is too small for a good policy.
const BYTES_PER_SHARD: u64 = 16 << 20;

/// The largest part of the limit that one entry may take, where there is more than one shard.
const ENTRY_SHARE: u64 = 4;

/// What a shard is to hold beside the entry that it takes in, as a part of its share: as much as the
/// policy's window, or else an entry as heavy as its shard would give way to the very next write.
const COMPANY_SHARE: u64 = 10;

/// A shard fills in so many steps.
const GRANTS_PER_SHARD: u64 = 64;

/// How often a write tries to gather room for an entry larger than its shard before it gives up. Each
/// round makes progress unless other threads take what it found; only they can use it up.
const MAX_ROUNDS: u32 = 64;

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
    /// The limit in bytes, [`UNIT`] at the least.
    pub max_bytes: u64,
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
    max_entry: u64,
    hasher: SeedableRandomState,
    clock: Clock,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new(config: &StoreConfig) -> Self {
        let limit = (config.max_bytes / UNIT).clamp(1, u64::from(u32::MAX - 1));
        let shards = config.shards.map_or_else(
            || prefer_power_of_two((config.max_bytes / BYTES_PER_SHARD).clamp(1, MAX_SHARDS)),
            u64::from,
        );
        let policy =
            PolicyConfig { kind: config.policy, nominal: limit.div_ceil(shards), ceiling: limit as u32 };
        let hasher = match config.seed {
            Seed::Random => SeedableRandomState::random(),
            Seed::Fixed(seed) => SeedableRandomState::with_seed(seed, SharedSeed::global_fixed()),
        };
        Self {
            shards: (0..shards).map(|_| Shard::new(policy, config.clock.clone())).collect(),
            budget: Budget::new(limit),
            max_entry: if shards == 1 { limit } else { limit / ENTRY_SHARE },
            hasher,
            clock: config.clock.clone(),
        }
    }

    /// The limit in bytes, rounded down to whole units.
    #[must_use]
    pub fn max_bytes(&self) -> u64 {
        self.budget.limit() * UNIT
    }

    /// The largest entry that is taken in, in bytes as [`Store::bytes`] counts them.
    #[must_use]
    pub fn max_entry_bytes(&self) -> u64 {
        self.max_entry * UNIT
    }

    /// How many entries are held, expired ones included until they are swept.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.shards.iter().map(Shard::len).sum()
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
        let cost = entry_cost(key.len(), value.len());
        let weight = cost.div_ceil(UNIT);
        let hash = self.hash(key);
        let shard = self.shard(hash);
        if weight > self.max_entry {
            return Self::refuse(shard);
        }
        let payload = match Payload::new(key, kind, value) {
            Ok(payload) => payload,
            Err(PayloadError::TooLong) => return Self::refuse(shard),
            Err(PayloadError::OutOfMemory) => return SetOutcome::OutOfMemory,
        };
        let mut write = Some(Write { hash, payload, weight: weight as u32, cost, lifetime });
        // What was gathered elsewhere for this write.
        let mut gathered = 0;
        for round in 0..MAX_ROUNDS {
            let room = if round == 0 { self.with_company(weight) } else { weight };
            let lacks = shard.write(|entries, garbage| {
                let lacks = entries.lacks(hash, key, weight as u32);
                let lacks = self.grant(entries, lacks, std::mem::take(&mut gathered), garbage);
                // Where only slack elsewhere could help, one look for it is enough: then others go.
                let fits = entries.capacity() >= room;
                if (lacks == 0 || (fits && (round > 0 || !self.could_lend(shard, lacks))))
                    && let Some(write) = write.take()
                {
                    entries.set(write, garbage);
                }
                if fits { lacks } else { lacks.max(room - entries.capacity()) }
            });
            if write.is_none() {
                return SetOutcome::Stored;
            }
            gathered = self.gather(shard, lacks, room);
        }
        shard.write(|entries, garbage| {
            self.grant(entries, 0, gathered, garbage);
        });
        Self::refuse(shard)
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
            reaper::drop_off_thread(old, len);
        }
    }

    #[inline]
    fn hash(&self, key: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key);
        hasher.finish()
    }

    /// The shard of a hash, by bits that neither the index nor moka looks at first.
    #[inline]
    fn shard(&self, hash: u64) -> &Shard {
        &self.shards[(hash >> 32) as usize % self.shards.len()]
    }

    fn refuse(shard: &Shard) -> SetOutcome {
        shard.read(Entries::note_rejected);
        SetOutcome::TooLarge
    }

    /// Grants a shard what was `gathered` for it and as much as the budget has of what it lacks.
    /// Returns what it lacks still.
    fn grant(&self, entries: &mut Entries, lacks: u64, gathered: u64, garbage: &mut Vec<Payload>) -> u64 {
        let mut granted = gathered;
        if lacks > granted {
            granted += self.budget.take((lacks - granted).max(self.chunk()));
        }
        if granted > 0 {
            entries.set_capacity(entries.capacity() + granted, garbage);
        }
        lacks.saturating_sub(granted)
    }

    /// Whether a look at the other shards could find `lacks` to lend to this one.
    fn could_lend(&self, shard: &Shard, lacks: u64) -> bool {
        self.shards.len() > 1
            && (self.is_starved(shard) || self.others(shard).any(|other| self.has_slack(other, lacks)))
    }

    /// Whether a shard has far less than its share, as it does after others took in large entries.
    fn is_starved(&self, shard: &Shard) -> bool {
        shard.capacity() * 2 < self.share()
    }

    /// Whether a shard uses so much less than it is granted that moving the rest pays.
    fn has_slack(&self, shard: &Shard, lacks: u64) -> bool {
        shard.slack() >= lacks.max(self.chunk())
    }

    /// The capacity that a shard should have to take in an entry of `weight`.
    fn with_company(&self, weight: u64) -> u64 {
        (weight + self.share() / COMPANY_SHARE).min(self.budget.limit())
    }

    /// Takes capacity from other shards, one after the other: slack first, and where the capacity of
    /// `shard` would still be below `room` or it is starved, evicting.
    fn gather(&self, shard: &Shard, lacks: u64, room: u64) -> u64 {
        let mut gathered = 0;
        for other in self.others(shard).filter(|other| self.has_slack(other, lacks)) {
            if gathered >= lacks {
                return gathered;
            }
            gathered += other.write(|entries, garbage| {
                let lent = entries.slack().min(lacks - gathered);
                entries.set_capacity(entries.capacity() - lent, garbage);
                lent
            });
        }
        if shard.capacity() + gathered >= room && !self.is_starved(shard) {
            return gathered;
        }
        let mut left = self.shards.len() as u64 - 1;
        for other in self.others(shard) {
            let portion = lacks.saturating_sub(gathered).div_ceil(left);
            gathered += other.write(|entries, garbage| {
                let lent = entries.capacity().min(portion);
                entries.set_capacity(entries.capacity() - lent, garbage);
                lent
            });
            left -= 1;
        }
        gathered
    }

    /// The other shards, from the next one on, so that no shard is always asked first.
    fn others<'a>(&'a self, shard: &'a Shard) -> impl Iterator<Item = &'a Shard> {
        let place = self.shards.iter().position(|other| std::ptr::eq(other, shard)).unwrap_or(0);
        let (before, after) = self.shards.split_at(place);
        after.iter().skip(1).chain(before)
    }

    fn share(&self) -> u64 {
        self.budget.limit() / self.shards.len() as u64
    }

    fn chunk(&self) -> u64 {
        (self.share() / GRANTS_PER_SHARD).max(1)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.clear();
    }
}

/// What an entry counts in bytes: its block as the allocator rounds it, and what keeps track of it.
#[must_use]
pub fn entry_cost(key_len: usize, value_len: usize) -> u64 {
    (Payload::size(key_len, value_len) as u64).next_multiple_of(16) + ENTRY_OVERHEAD
}

/// The largest power of two that is not above `shards`.
fn prefer_power_of_two(shards: u64) -> u64 {
    1 << shards.ilog2()
}

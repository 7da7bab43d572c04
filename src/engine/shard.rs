//! One lock's worth of entries: an index from keys to slots, the payloads, the policy, the deadlines.
//!
//! Everything here runs under the shard's lock, so nothing here calls back to whoever uses the cache.
//! What a shard may hold is granted to it by the [store](super::store).

use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashTable;
use parking_lot::Mutex;

use super::clock::Clock;
use super::expiry::{Expiry, Lifetime};
use super::payload::Payload;
use super::policy::{Cause, Departure, Policy, PolicyConfig};
use super::slots::Slot;
use super::stats::Stats;

/// How many timer-wheel entries a write looks at: more than it can add, so that the wheel is caught up
/// with, and few enough that no write notices.
const SWEEP_PER_WRITE: usize = 16;

/// From here on one read in so many is reported to the policy, before that each that is a power of two.
/// Over the traces this costs no hit ratio, and spares most reads the 120-250 ns that moka takes.
const READ_SAMPLE: u8 = 32;

/// What a shard takes in.
pub struct Write {
    /// The hash of the key.
    pub hash: u64,
    /// Key and value.
    pub payload: Payload,
    /// What it weighs in the budget's unit.
    pub weight: u32,
    /// What it counts in bytes.
    pub cost: u64,
    /// How long it may live.
    pub lifetime: Lifetime,
}

struct Entry {
    payload: Option<Payload>,
    cost: u64,
    /// Reads since it came, up to where the sampling repeats itself.
    reads: u8,
}

/// The entries of a shard: see the [module](self).
pub struct Entries {
    index: HashTable<Slot>,
    tenants: Vec<Entry>,
    vacant: Vec<Slot>,
    policy: Policy,
    expiry: Expiry,
    bytes: u64,
    stats: Stats,
    clock: Clock,
    gone: Vec<Departure>,
    expired: Vec<Slot>,
}

impl Entries {
    fn new(config: PolicyConfig, clock: Clock) -> Self {
        Self {
            index: HashTable::new(),
            tenants: Vec::new(),
            vacant: Vec::new(),
            policy: Policy::new(config),
            expiry: Expiry::default(),
            bytes: 0,
            stats: Stats::default(),
            clock,
            gone: Vec::new(),
            expired: Vec::new(),
        }
    }

    /// What happened here.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Counts a write that was refused.
    pub fn note_rejected(&mut self) {
        self.stats.rejected += 1;
    }

    /// How many entries are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.policy.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policy.is_empty()
    }

    /// How much more this shard must be granted to take in an entry of `weight` without letting
    /// another go.
    #[must_use]
    pub fn lacks(&self, hash: u64, key: &[u8], weight: u32) -> u64 {
        let over = (self.policy.weight() + u64::from(weight)).saturating_sub(self.policy.capacity());
        if over == 0 {
            return 0;
        }
        let freed = self.find(hash, key).map_or(0, |slot| self.policy.weight_of(slot));
        over.saturating_sub(u64::from(freed))
    }

    /// What this shard is granted.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.policy.capacity()
    }

    /// What it is granted and does not use.
    #[must_use]
    pub fn slack(&self) -> u64 {
        self.policy.capacity() - self.policy.weight()
    }

    /// Changes what this shard is granted; entries that no longer fit go into `garbage`.
    pub fn set_capacity(&mut self, capacity: u64, garbage: &mut Vec<Payload>) {
        self.policy.set_capacity(capacity, &mut self.gone);
        self.bury(garbage);
    }

    /// A read that counts and keeps the entry alive. An expired entry is a miss, and left to the sweep.
    #[inline]
    pub fn get(&mut self, hash: u64, key: &[u8]) -> Option<&Payload> {
        let Some(slot) = self.find(hash, key) else {
            self.stats.misses += 1;
            return None;
        };
        if self.expiry.has_deadline(slot) {
            let now = self.clock.now();
            if self.expiry.deadline(slot) <= now {
                self.stats.misses += 1;
                return None;
            }
            self.expiry.touch(slot, now);
        }
        self.stats.hits += 1;
        self.note_use(slot);
        self.tenants[slot as usize].payload.as_ref()
    }

    /// A read that leaves no trace.
    #[inline]
    pub fn peek(&self, hash: u64, key: &[u8]) -> Option<&Payload> {
        let slot = self.find(hash, key)?;
        if self.has_expired(slot) { None } else { self.tenants[slot as usize].payload.as_ref() }
    }

    /// Stores an entry, which must be within the capacity. What it overwrote or displaced goes into
    /// `garbage`.
    pub fn set(&mut self, write: Write, garbage: &mut Vec<Payload>) {
        if self.expiry.armed() > 0 {
            self.sweep(garbage);
        }
        let Write { hash, payload, weight, cost, lifetime } = write;
        let mut found = self.find(hash, payload.key());
        if let Some(slot) = found.take_if(|slot| self.has_expired(*slot)) {
            self.expire(slot, garbage);
        }
        self.stats.sets += 1;
        self.bytes += cost;
        let slot = if let Some(slot) = found {
            self.stats.replaced += 1;
            let entry = &mut self.tenants[slot as usize];
            self.bytes -= entry.cost;
            entry.cost = cost;
            garbage.extend(entry.payload.replace(payload));
            self.policy.reweigh(slot, weight, &mut self.gone);
            self.note_use(slot);
            slot
        } else {
            let slot = self.house(Entry { payload: Some(payload), cost, reads: 0 });
            let policy = &self.policy;
            self.index.insert_unique(hash, slot, |other| policy.hash_of(*other));
            self.policy.insert(slot, hash, weight, &mut self.gone);
            slot
        };
        if !lifetime.is_endless() || self.expiry.has_deadline(slot) {
            self.expiry.arm(slot, lifetime, self.clock.now());
        }
        self.bury(garbage);
    }

    /// Takes an entry out; whether there was one.
    pub fn delete(&mut self, hash: u64, key: &[u8], garbage: &mut Vec<Payload>) -> bool {
        let Some(slot) = self.find(hash, key) else {
            return false;
        };
        if self.has_expired(slot) {
            self.expire(slot, garbage);
            return false;
        }
        self.stats.deletes += 1;
        self.policy.remove(slot);
        self.release(slot, hash, garbage);
        true
    }

    /// Removes some of the entries that have expired.
    pub fn sweep(&mut self, garbage: &mut Vec<Payload>) {
        let mut expired = std::mem::take(&mut self.expired);
        self.expiry.expired(self.clock.now(), SWEEP_PER_WRITE, &mut expired);
        for slot in expired.drain(..) {
            self.expire(slot, garbage);
        }
        self.expired = expired;
    }

    #[inline]
    fn find(&self, hash: u64, key: &[u8]) -> Option<Slot> {
        let same = |slot: &Slot| {
            self.tenants[*slot as usize].payload.as_ref().is_some_and(|payload| payload.key() == key)
        };
        self.index.find(hash, same).copied()
    }

    #[inline]
    fn has_expired(&self, slot: Slot) -> bool {
        self.expiry.has_deadline(slot) && self.expiry.deadline(slot) <= self.clock.now()
    }

    /// Reports a use to the policy, or leaves it out of the sample.
    #[inline]
    fn note_use(&mut self, slot: Slot) {
        let reads = &mut self.tenants[slot as usize].reads;
        *reads = if *reads == 2 * READ_SAMPLE - 1 { READ_SAMPLE } else { *reads + 1 };
        if reads.is_power_of_two() || self.policy.wants_every_read() {
            self.policy.read(slot);
        }
    }

    /// Finds a slot for a new entry.
    fn house(&mut self, entry: Entry) -> Slot {
        if let Some(slot) = self.vacant.pop() {
            self.tenants[slot as usize] = entry;
            return slot;
        }
        self.tenants.push(entry);
        (self.tenants.len() - 1) as Slot
    }

    #[cold]
    fn expire(&mut self, slot: Slot, garbage: &mut Vec<Payload>) {
        self.stats.expirations += 1;
        let hash = self.policy.hash_of(slot);
        self.policy.remove(slot);
        self.release(slot, hash, garbage);
    }

    /// Forgets the entries that the policy let go.
    #[inline]
    fn bury(&mut self, garbage: &mut Vec<Payload>) {
        while let Some(Departure { slot, cause }) = self.gone.pop() {
            self.stats.evictions += 1;
            self.stats.not_admitted += u64::from(cause == Cause::NotAdmitted);
            self.release(slot, self.policy.hash_of(slot), garbage);
        }
    }

    /// Forgets an entry that the policy knows no more.
    fn release(&mut self, slot: Slot, hash: u64, garbage: &mut Vec<Payload>) {
        if let Ok(found) = self.index.find_entry(hash, |other| *other == slot) {
            found.remove();
        }
        self.expiry.disarm(slot);
        let entry = &mut self.tenants[slot as usize];
        self.bytes -= entry.cost;
        garbage.extend(entry.payload.take());
        self.vacant.push(slot);
    }
}

/// A shard: its entries behind their lock, and beside it what others may read without it.
pub struct Shard {
    entries: Mutex<Entries>,
    config: PolicyConfig,
    len: AtomicU64,
    bytes: AtomicU64,
    capacity: AtomicU64,
    slack: AtomicU64,
}

impl Shard {
    /// An empty shard that is granted nothing.
    #[must_use]
    pub fn new(config: PolicyConfig, clock: Clock) -> Self {
        Self {
            entries: Mutex::new(Entries::new(config, clock)),
            config,
            len: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            capacity: AtomicU64::new(0),
            slack: AtomicU64::new(0),
        }
    }

    /// Runs `read` under the lock, on what it will not change in number or size.
    #[inline]
    pub fn read<R>(&self, read: impl FnOnce(&mut Entries) -> R) -> R {
        read(&mut self.entries.lock())
    }

    /// Runs `write` under the lock and drops what it threw away after the lock is released.
    #[inline]
    pub fn write<R>(&self, write: impl FnOnce(&mut Entries, &mut Vec<Payload>) -> R) -> R {
        let mut garbage = Vec::new();
        let mut entries = self.entries.lock();
        let result = write(&mut entries, &mut garbage);
        self.publish(&entries);
        drop(entries);
        result
    }

    /// Swaps in a new, empty set of entries and returns the old one, which takes long to drop.
    #[must_use]
    pub fn clear(&self) -> Entries {
        let mut entries = self.entries.lock();
        let mut fresh = Entries::new(self.config, entries.clock.clone());
        fresh.stats = entries.stats;
        fresh.stats.cleared += entries.len() as u64;
        fresh.policy.set_capacity(entries.capacity(), &mut fresh.gone);
        let old = std::mem::replace(&mut *entries, fresh);
        self.publish(&entries);
        old
    }

    /// How many entries it holds.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len.load(Ordering::Relaxed)
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes its entries count.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// What it is granted, as of its last change.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.capacity.load(Ordering::Relaxed)
    }

    /// What it is granted and does not use, as of its last change.
    #[must_use]
    pub fn slack(&self) -> u64 {
        self.slack.load(Ordering::Relaxed)
    }

    #[inline]
    fn publish(&self, entries: &Entries) {
        self.len.store(entries.len() as u64, Ordering::Relaxed);
        self.bytes.store(entries.bytes, Ordering::Relaxed);
        self.capacity.store(entries.capacity(), Ordering::Relaxed);
        self.slack.store(entries.slack(), Ordering::Relaxed);
    }
}

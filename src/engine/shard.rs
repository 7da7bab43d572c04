//! A shard: entries behind a lock, and beside it what others may read without taking it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::clock::Clock;
use super::entries::Entries;
use super::payload::Payload;
use super::policy::PolicyConfig;
use super::population::Population;
use super::stamps::ShardStamps;

/// A shard: its entries behind their lock, and beside it what others may read without it.
pub struct Shard {
    entries: Mutex<Entries>,
    len: AtomicU64,
    bytes: AtomicU64,
    capacity: AtomicU64,
    slack: AtomicU64,
}

impl Shard {
    /// An empty shard that is granted nothing.
    #[must_use]
    pub fn new(config: PolicyConfig, clock: Clock, population: Arc<Population>, stamps: ShardStamps) -> Self {
        Self {
            entries: Mutex::new(Entries::new(config, clock, population, stamps)),
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
        let fresh = entries.successor();
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
        self.bytes.store(entries.bytes(), Ordering::Relaxed);
        self.capacity.store(entries.capacity(), Ordering::Relaxed);
        self.slack.store(entries.slack(), Ordering::Relaxed);
    }
}

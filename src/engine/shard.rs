//! A shard: entries behind a lock, and beside it what others may read without taking it.
//!
//! A panic under the lock, which is a defect, leaves the entries in a state that nothing may be concluded from. Whoever
//! comes next drops them and begins with none: a cache may forget.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::clock::Clock;
use super::entries::Entries;
use super::payload::Payload;
use super::policy::PolicyConfig;
use super::population::Population;
use super::stamps::ShardStamps;
use super::sync::{Mutex, MutexGuard};

/// A shard: its entries behind their lock, and beside it what others may read without it.
pub struct Shard {
    locked: Mutex<Locked>,
    len: AtomicU64,
    bytes: AtomicU64,
    capacity: AtomicU64,
    slack: AtomicU64,
}

struct Locked {
    entries: Entries,
    /// Whether somebody is at work on the entries, or left that work by a panic.
    busy: bool,
}

impl Shard {
    /// An empty shard that is granted nothing.
    #[must_use]
    pub fn new(config: PolicyConfig, clock: Clock, population: Arc<Population>, stamps: ShardStamps) -> Self {
        let entries = Entries::new(config, clock, population, stamps);
        Self {
            locked: Mutex::new(Locked { entries, busy: false }),
            len: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            capacity: AtomicU64::new(0),
            slack: AtomicU64::new(0),
        }
    }

    /// Runs `read` under the lock, on what it will not change in number or size.
    #[inline]
    pub fn read<R>(&self, read: impl FnOnce(&mut Entries) -> R) -> R {
        let mut locked = self.lock();
        let result = read(&mut locked.entries);
        locked.busy = false;
        result
    }

    /// Runs `write` under the lock and drops what it threw away after the lock is released.
    #[inline]
    pub fn write<R>(&self, write: impl FnOnce(&mut Entries, &mut Vec<Payload>) -> R) -> R {
        let mut garbage = Vec::new();
        let mut locked = self.lock();
        let result = write(&mut locked.entries, &mut garbage);
        self.publish(&locked.entries);
        locked.busy = false;
        drop(locked);
        result
    }

    /// Swaps in a new, empty set of entries and returns the old one, which takes long to drop.
    #[must_use]
    pub fn clear(&self) -> Entries {
        let mut locked = self.lock();
        let fresh = locked.entries.successor();
        let old = std::mem::replace(&mut locked.entries, fresh);
        self.publish(&locked.entries);
        locked.busy = false;
        old
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Locked> {
        let mut locked = self.locked.lock();
        if locked.busy {
            self.begin_anew(&mut locked);
        }
        locked.busy = true;
        locked
    }

    #[cold]
    fn begin_anew(&self, locked: &mut Locked) {
        let fresh = locked.entries.successor_of_torn();
        let torn = std::mem::replace(&mut locked.entries, fresh);
        self.publish(&locked.entries);
        drop(torn);
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

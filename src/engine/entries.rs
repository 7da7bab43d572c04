//! The entries of one shard: an index from keys to slots, the payloads, the policy, the deadlines.
//!
//! Everything here runs under the shard's lock, so nothing here calls back to whoever uses the cache. What
//! leaves goes into the caller's `garbage`, which is dropped after the lock is released.
//!
//! A slot that the index, the policy or the wheel names has a tenant: `set` houses it before it tells them, and `release`
//! takes it from them before the slot is given anew. So none of the places indexed by a slot here is out of range.

mod loading;
mod near;
mod torn;

use std::sync::Arc;

use hashbrown::HashTable;

use super::clock::{Clock, Nanos};
use super::cost::{STALE_WINDOWS, entry_cost};
use super::expiry::{Expiry, Lifetime, NEVER, StaleWindows};
use super::flight::{FlightId, Flights};
use super::payload::Payload;
use super::policy::{Activity, Cause, Departure, Policy, PolicyConfig, is_in_sample};
use super::population::Population;
use super::reaper::Dismantle;
use super::slots::{NONE, Slot};
use super::stamps::ShardStamps;
use super::stats::Stats;
use crate::forms::OutOfMemory;

pub use self::near::Sighting;

/// How many timer-wheel entries a write looks at: more than it can add, so that the wheel is caught up
/// with, and few enough that no write notices.
const SWEEP_PER_WRITE: usize = 16;

/// What a shard takes in.
pub struct Write {
    /// The hash of the key.
    pub hash: u64,
    /// Key and value.
    pub payload: Payload,
    /// What it weighs in the budget's unit.
    pub weight: u32,
    /// How long it may live.
    pub lifetime: Lifetime,
    /// How long it is kept after.
    pub stale: StaleWindows,
    /// The load that brought it, which stores nothing any more once another write came first.
    pub flight: Option<FlightId>,
}

/// What is known of an entry beside its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// What it counts in bytes.
    pub cost: u64,
    /// How long it may live.
    pub lifetime: Lifetime,
    /// How long it has left, [`NEVER`] without a deadline.
    pub remaining: Nanos,
    /// How long ago it was written.
    pub age: Nanos,
}

struct Tenant {
    payload: Option<Payload>,
    /// When it was last written.
    born: Nanos,
    /// Reads since it came, up to where the sampling repeats itself.
    reads: u8,
}

/// The entries of a shard: see the [module](self).
pub struct Entries {
    index: HashTable<Slot>,
    tenants: Vec<Tenant>,
    vacant: Vec<Slot>,
    policy: Policy,
    expiry: Expiry,
    flights: Flights,
    bytes: u64,
    stats: Stats,
    clock: Clock,
    population: Arc<Population>,
    /// How many of the population are here.
    housed: u64,
    stamps: ShardStamps,
    gone: Vec<Departure>,
    expired: Vec<Slot>,
}

impl Entries {
    pub(super) fn new(
        config: PolicyConfig,
        clock: Clock,
        population: Arc<Population>,
        stamps: ShardStamps,
    ) -> Self {
        Self {
            index: HashTable::new(),
            tenants: Vec::new(),
            vacant: Vec::new(),
            policy: Policy::new(config),
            expiry: Expiry::default(),
            flights: Flights::default(),
            bytes: 0,
            stats: Stats::default(),
            clock,
            population,
            housed: 0,
            stamps,
            gone: Vec::new(),
            expired: Vec::new(),
        }
    }

    /// An empty set that goes on where this one is cleared: with its capacity and its counters.
    #[must_use]
    pub fn successor(&mut self) -> Self {
        let (clock, population) = (self.clock.clone(), Arc::clone(&self.population));
        let mut fresh = Self::new(self.policy.config(), clock, population, self.stamps.clone());
        self.stamps.touch_all();
        fresh.stats = self.stats;
        fresh.stats.cleared += self.len() as u64;
        fresh.flights = std::mem::take(&mut self.flights);
        fresh.flights.forget_all();
        fresh.policy.set_capacity(self.capacity(), &mut fresh.gone);
        self.population.leave(std::mem::take(&mut self.housed));
        fresh
    }

    /// What happened here.
    #[must_use]
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// What the policy is doing.
    #[must_use]
    pub fn activity(&self) -> Activity {
        self.policy.activity()
    }

    /// Begins to count anew.
    pub fn reset_stats(&mut self) {
        self.stats = Stats::default();
        self.policy.reset_activity();
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

    /// What the entries count in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
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
        self.policy.capacity().saturating_sub(self.policy.weight())
    }

    /// Changes what this shard is granted; entries that no longer fit go into `garbage`.
    pub fn set_capacity(&mut self, capacity: u64, garbage: &mut Vec<Payload>) {
        self.policy.set_capacity(capacity, &mut self.gone);
        self.bury(garbage);
    }

    /// A read that counts and keeps the entry alive. An expired entry is a miss, and left to the sweep.
    #[inline]
    pub fn get(&mut self, hash: u64, key: &[u8]) -> Option<&Payload> {
        let slot = self.read(hash, key)?;
        self.tenants[slot as usize].payload.as_ref()
    }

    /// What [`Entries::get`] does: the slot that was read.
    #[inline]
    fn read(&mut self, hash: u64, key: &[u8]) -> Option<Slot> {
        let Some(slot) = self.find(hash, key) else {
            self.stats.misses += 1;
            return None;
        };
        if self.expiry.has_deadline(slot) {
            let now = self.clock.now();
            if self.is_over(slot, now) {
                self.stats.misses += 1;
                return None;
            }
            self.expiry.touch(slot, now);
        }
        self.stats.hits += 1;
        self.note_use(slot);
        Some(slot)
    }

    /// A read that leaves no trace.
    #[inline]
    pub fn peek(&self, hash: u64, key: &[u8]) -> Option<&Payload> {
        let slot = self.find(hash, key)?;
        if self.has_expired(slot) { None } else { self.tenants[slot as usize].payload.as_ref() }
    }

    /// Stores an entry, which must be within the capacity, if there is memory for it. What it overwrote or displaced
    /// goes into `garbage`.
    pub fn set(&mut self, write: Write, garbage: &mut Vec<Payload>) -> Result<(), OutOfMemory> {
        self.reserve()?;
        if (write.flight.is_some() || !self.flights.is_empty()) && !self.wins(&write) {
            garbage.push(write.payload);
            return Ok(());
        }
        if self.expiry.armed() > 0 {
            self.sweep(SWEEP_PER_WRITE, garbage);
        }
        let Write { hash, payload, weight, lifetime, stale, flight: _ } = write;
        let now = self.clock.now();
        let mut found = self.find(hash, payload.key());
        if let Some(slot) = found.take_if(|slot| self.has_expired(*slot)) {
            self.expire(slot, garbage);
        }
        self.stats.sets += 1;
        self.stamps.touch(hash);
        let slot = if let Some(slot) = found {
            self.stats.replaced += 1;
            self.bytes -= self.cost(slot);
            let tenant = &mut self.tenants[slot as usize];
            tenant.born = now;
            garbage.extend(tenant.payload.replace(payload));
            self.policy.reweigh(slot, weight, &mut self.gone);
            self.note_use(slot);
            slot
        } else {
            let slot = self.house(Tenant { payload: Some(payload), born: now, reads: 0 });
            let policy = &self.policy;
            self.index.insert_unique(hash, slot, |other| policy.hash_of(*other));
            self.housed += 1;
            let crowded = self.population.enter();
            self.policy.insert(slot, hash, weight, crowded, &mut self.gone);
            slot
        };
        if !lifetime.is_endless() || self.expiry.has_deadline(slot) {
            self.expiry.arm(slot, lifetime, stale, now);
        }
        self.bytes += self.cost(slot);
        self.bury(garbage);
        Ok(())
    }

    /// Makes room for one more entry in each table, where growing it could fail. What is smaller, and what moka takes,
    /// ends the process when there is no memory, as it does in all of Node.
    #[inline]
    fn reserve(&mut self) -> Result<(), OutOfMemory> {
        if !self.vacant.is_empty() {
            return Ok(());
        }
        let (slot, policy) = (self.tenants.len() as Slot, &self.policy);
        self.index.try_reserve(1, |other| policy.hash_of(*other)).map_err(|_| OutOfMemory)?;
        self.tenants.try_reserve(1).map_err(|_| OutOfMemory)?;
        self.policy.reserve(slot)?;
        if self.expiry.armed() > 0 { self.expiry.reserve(slot) } else { Ok(()) }
    }

    /// Takes an entry out; whether there was one.
    pub fn delete(&mut self, hash: u64, key: &[u8], garbage: &mut Vec<Payload>) -> bool {
        self.flights.forget(hash, key);
        self.stamps.touch(hash);
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

    /// Removes entries that have expired, looking at `most` of the timer wheel's; how many it removed.
    pub fn sweep(&mut self, most: usize, garbage: &mut Vec<Payload>) -> usize {
        let mut expired = std::mem::take(&mut self.expired);
        self.expiry.expired(self.clock.now(), most, &mut expired);
        let found = expired.len();
        for slot in expired.drain(..) {
            self.expire(slot, garbage);
        }
        self.expired = expired;
        found
    }

    /// Removes the entries that expired within the present tick, which the wheel has not come to yet.
    pub fn sweep_present(&mut self, garbage: &mut Vec<Payload>) -> u64 {
        let mut expired = std::mem::take(&mut self.expired);
        self.expiry.expired_in_present(self.clock.now(), &mut expired);
        let found = expired.len() as u64;
        for slot in expired.drain(..) {
            self.expire(slot, garbage);
        }
        self.expired = expired;
        found
    }

    /// Whether the timer wheel has nothing more to look at for now.
    #[must_use]
    pub fn is_swept(&self) -> bool {
        self.expiry.is_swept(self.clock.now())
    }

    /// How many entries have a deadline.
    #[must_use]
    pub fn armed(&self) -> usize {
        self.expiry.armed()
    }

    /// What is known of an entry beside its value.
    #[must_use]
    pub fn info(&self, hash: u64, key: &[u8]) -> Option<Info> {
        let slot = self.find(hash, key)?;
        let now = self.clock.now();
        if self.is_over(slot, now) {
            return None;
        }
        let (hard, to_idle) = self.expiry.lifetime(slot);
        let deadline = self.expiry.deadline(slot);
        let born = self.tenants[slot as usize].born;
        let to_live = if hard == NEVER { NEVER } else { hard - born };
        let remaining = if deadline == NEVER { NEVER } else { deadline - now };
        let lifetime = Lifetime { to_live, to_idle };
        Some(Info { cost: self.cost(slot), lifetime, remaining, age: now - born })
    }

    /// Takes up to `most` unexpired payloads from slot `from` on; where to go on, `None` at the end.
    pub fn scan(&self, from: Slot, most: usize, into: &mut Vec<Payload>) -> Option<Slot> {
        let now = self.clock.now();
        let mut left = most;
        for slot in from..self.tenants.len() as Slot {
            if left == 0 {
                return Some(slot);
            }
            if let Some(payload) = &self.tenants[slot as usize].payload
                && !self.is_over(slot, now)
            {
                into.push(payload.clone());
                left -= 1;
            }
        }
        None
    }

    /// Lets one entry go to make room in number, the one that seems least worth keeping.
    pub fn evict_one(&mut self, garbage: &mut Vec<Payload>) {
        self.policy.evict_one(NONE, &mut self.gone);
        self.bury(garbage);
    }

    /// Changes what this shard is made for, then what it is granted.
    pub fn retarget(&mut self, config: PolicyConfig, capacity: u64, garbage: &mut Vec<Payload>) {
        self.policy.retarget(config, &mut self.gone);
        self.set_capacity(capacity, garbage);
    }

    /// What an entry counts in bytes.
    fn cost(&self, slot: Slot) -> u64 {
        let Some(payload) = &self.tenants[slot as usize].payload else { return 0 };
        let endless = !self.expiry.has_deadline(slot);
        let stale = self.expiry.stale_windows(slot) != StaleWindows::NONE;
        entry_cost(self.policy.kind(), endless, payload.key().len(), payload.value().len())
            + if stale { STALE_WINDOWS } else { 0 }
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
        self.expiry.has_deadline(slot) && self.is_over(slot, self.clock.now())
    }

    /// Whether an entry has ended by `now`. Once anyone was told so, no thread that keeps its value trusts it any longer,
    /// however late the clock is that it goes by.
    #[inline]
    fn is_over(&self, slot: Slot, now: Nanos) -> bool {
        let over = self.expiry.deadline(slot) <= now;
        if over {
            self.stamps.touch(self.policy.hash_of(slot));
        }
        over
    }

    /// Reports a use to the policy, or leaves it out of the sample.
    #[inline]
    fn note_use(&mut self, slot: Slot) {
        if is_in_sample(&mut self.tenants[slot as usize].reads) || self.policy.wants_every_read() {
            self.policy.read(slot);
        }
    }

    /// Finds a slot for a new entry.
    fn house(&mut self, entry: Tenant) -> Slot {
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
        self.stamps.touch(hash);
        if let Ok(found) = self.index.find_entry(hash, |other| *other == slot) {
            found.remove();
        }
        self.bytes -= self.cost(slot);
        self.expiry.disarm(slot);
        garbage.extend(self.tenants[slot as usize].payload.take());
        self.vacant.push(slot);
        self.housed -= 1;
        self.population.leave(1);
    }
}

impl Dismantle for Entries {
    fn dismantle(&mut self, most: usize) -> bool {
        let kept = self.tenants.len().saturating_sub(most);
        for (slot, tenant) in (kept as Slot..).zip(self.tenants.drain(kept..)) {
            if tenant.payload.is_some() {
                self.policy.remove(slot);
            }
        }
        kept > 0
    }
}

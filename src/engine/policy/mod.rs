//! The policy: told of slots that come, are read and go, it answers with the slots that must leave.
//!
//! New slots live in the [admission window](super::window). What leaves it and was seen only once is
//! dropped by the [frequency filter](super::sketch); the rest is offered to [moka](super::main_region),
//! which keeps it or not. How large the window is, and whether moka is strict, a [tuner] finds out as it
//! goes. With [`PolicyKind::Lru`] the window is all there is, and its recency list is exact LRU.
//!
//! Every limit is exact: after each call what is held weighs no more than the capacity, and the slot
//! that just came is among it.

mod adaptation;
mod admission;
mod sample;
mod setting;
mod shadow;
mod tuner;

pub use adaptation::Activity;
use admission::Admission;
pub use sample::is_in_sample;
pub use setting::Setting;
use setting::{FIRST, SETTINGS};

use super::main_region::{Departed, MainRegion};
use super::reaper::Dismantle;
use super::slots::{NONE, Region, Slot, SlotState, SlotTable};
use super::window::AdmissionWindow;
use crate::forms::OutOfMemory;
use sample::reported_reads;
use tuner::Tuner;

/// What decides who stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyKind {
    /// Window, filter and moka's TinyLFU.
    TinyLfu,
    /// The least recently used leaves.
    Lru,
}

/// Why a slot has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its time in the window was over and it had not been seen often enough to be kept.
    NotAdmitted,
    /// It made room for another.
    Evicted,
}

/// A slot that must go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Which.
    pub slot: Slot,
    /// Why.
    pub cause: Cause,
}

/// What a policy is made for. Weights are in whatever unit its owner counts.
#[derive(Clone, Copy, Debug)]
pub struct PolicyConfig {
    /// What decides who stays.
    pub kind: PolicyKind,
    /// The capacity it will have as a rule: the window is a share of it.
    pub nominal: u64,
    /// The largest capacity it may ever be given.
    pub ceiling: u32,
    /// How many entries there will be as a rule where their number is limited, else `u64::MAX`.
    pub nominal_len: u64,
}

/// See the [module](self).
pub struct Policy {
    config: PolicyConfig,
    capacity: u64,
    table: SlotTable,
    len: usize,
    window: AdmissionWindow,
    /// The window's share of the capacity now.
    share: f64,
    /// Made when the window first overflows, so that a small cache stays small.
    admission: Option<Admission>,
    departed: Vec<Departed>,
    /// What left the window and has no place yet.
    candidates: Vec<Slot>,
}

impl Policy {
    /// A policy of capacity 0; [`Policy::set_capacity`] comes next.
    #[must_use]
    pub fn new(config: PolicyConfig) -> Self {
        Self {
            config,
            capacity: 0,
            table: SlotTable::default(),
            len: 0,
            window: AdmissionWindow::default(),
            share: SETTINGS[FIRST].window,
            admission: None,
            departed: Vec::new(),
            candidates: Vec::new(),
        }
    }

    /// What may be held.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// What is held.
    #[inline]
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.window.weight() + self.main_weight()
    }

    /// How many entries are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What it is made for.
    #[must_use]
    pub fn config(&self) -> PolicyConfig {
        self.config
    }

    /// What decides who stays.
    #[inline]
    #[must_use]
    pub fn kind(&self) -> PolicyKind {
        self.config.kind
    }

    /// What `slot` weighs.
    #[inline]
    #[must_use]
    pub fn weight_of(&self, slot: Slot) -> u32 {
        self.table.get(slot).weight
    }

    /// Whether `slot` holds an entry.
    #[inline]
    #[must_use]
    pub fn is_held(&self, slot: Slot) -> bool {
        self.table.is_held(slot)
    }

    /// Tells the entry that holds `slot` from those that held it before.
    #[must_use]
    pub fn generation_of(&self, slot: Slot) -> u32 {
        self.table.get(slot).generation
    }

    /// Whether `slot` still holds the entry that had it at `generation`.
    #[must_use]
    pub fn is_current(&self, slot: Slot, generation: u32) -> bool {
        self.table.is_current(slot, generation)
    }

    /// The key hash that `slot` came with.
    #[inline]
    #[must_use]
    pub fn hash_of(&self, slot: Slot) -> u64 {
        self.table.get(slot).hash
    }

    /// Whether every read is to be reported, or a sample will do.
    #[inline]
    #[must_use]
    pub fn wants_every_read(&self) -> bool {
        self.config.kind == PolicyKind::Lru
    }

    /// Makes room for `slot`, if there is memory for it.
    #[inline]
    pub fn reserve(&mut self, slot: Slot) -> Result<(), OutOfMemory> {
        self.table.reserve(slot)
    }

    /// A new entry: `slot` must be vacant and `weight` within the capacity. It stays at least until
    /// the next call. Where the entries are `crowded`, one too many, another leaves if there is one.
    pub fn insert(&mut self, slot: Slot, hash: u64, weight: u32, crowded: bool, gone: &mut Vec<Departure>) {
        debug_assert!(u64::from(weight) <= self.capacity);
        self.table.occupy(slot, hash, weight);
        self.len += 1;
        if let Some(Admission { filter, tuner, .. }) = &mut self.admission {
            filter.increment(hash);
            tuner.note(hash, weight, (1, 1), 0);
            self.table.note_report(slot, 0, tuner.now());
            self.shift_window(weight);
        }
        self.window.enter(&mut self.table, slot);
        self.rebalance(slot, crowded, gone);
        if crowded && gone.is_empty() {
            self.evict_one(slot, gone);
        }
    }

    /// Lets one entry go that is not `fresh`, the one that seems least worth keeping.
    pub fn evict_one(&mut self, fresh: Slot, gone: &mut Vec<Departure>) {
        if let Some(Admission { main, .. }) = &mut self.admission
            && main.weight() > 0
        {
            main.set_bound(main.weight() - 1);
            self.collect(NONE, gone);
        } else if let Some(victim) = self.pop_window(fresh) {
            self.depart(victim, Cause::Evicted, gone);
        }
    }

    /// A report of reads of an entry: of its 1st, 2nd, 4th and so on to the 128th and then of every 128th, or of all if
    /// [`Policy::wants_every_read`].
    #[inline]
    pub fn read(&mut self, slot: Slot) {
        let state = *self.table.get(slot);
        if state.region != Region::Main {
            self.window.touch(&mut self.table, slot);
        }
        let Some(Admission { filter, main, tuner, .. }) = &mut self.admission else { return };
        let (reads, fame) = reported_reads(state.reports);
        for _ in 0..fame {
            filter.increment(state.hash);
            if state.region == Region::Main {
                main.read(slot, state.generation, state.hash);
            }
        }
        tuner.note(state.hash, state.weight, (reads, fame), state.reported);
        self.table.note_report(slot, state.reports.saturating_add(1), tuner.now());
    }

    /// Takes an entry out; it is not reported.
    pub fn remove(&mut self, slot: Slot) {
        let state = *self.table.get(slot);
        if let (Region::Main, Some(Admission { main, .. })) = (state.region, &mut self.admission) {
            main.remove(slot, state.generation, state.hash, state.weight);
        } else {
            self.window.remove(&mut self.table, slot);
        }
        self.vacate(slot);
    }

    /// Weighs an entry anew, which must be within the capacity. It stays at least until the next call.
    pub fn reweigh(&mut self, slot: Slot, weight: u32, gone: &mut Vec<Departure>) {
        let state = *self.table.get(slot);
        if state.weight == weight {
            return;
        }
        let free = self.capacity.saturating_sub(self.window.weight());
        if let (Region::Main, Some(Admission { main, .. })) = (state.region, &mut self.admission) {
            if u64::from(weight) <= free {
                // Nothing leaves for want of a bound that could be higher.
                if main.bound() < free && main.weight() + u64::from(weight) > main.bound() {
                    main.set_bound(free);
                }
                self.table.set_weight(slot, weight);
                main.reweigh(slot, state.generation, state.hash, state.weight, weight);
                if main.weight() > free {
                    // The bound was higher. Others leave now; a candidate that made room later could displace this one.
                    main.set_bound(free);
                }
                self.collect(NONE, gone);
                self.rebalance(slot, false, gone);
                return;
            }
            // Too heavy for where it is: it starts again in the window, under a new generation.
            main.remove(slot, state.generation, state.hash, state.weight);
        } else {
            self.window.remove(&mut self.table, slot);
        }
        self.table.vacate(slot);
        self.table.occupy(slot, state.hash, weight);
        self.window.enter(&mut self.table, slot);
        self.rebalance(slot, false, gone);
    }

    /// Changes what it is made for; [`Policy::set_capacity`] comes next. Only where the main region cannot
    /// be bounded so high does it take time: then moka's part is made anew, and forgets.
    pub fn retarget(&mut self, config: PolicyConfig, gone: &mut Vec<Departure>) {
        self.config = config;
        let Some(Admission { filter, main, tuner, .. }) = &mut self.admission else { return };
        let each = (self.window.weight() + main.weight()) / (self.len as u64).max(1);
        let entries = (config.nominal / each.max(1)).min(config.nominal_len).max(1);
        *tuner = Tuner::new(entries, entries * each.max(1), Some(tuner));
        if u64::from(config.ceiling) <= main.ceiling() {
            return;
        }
        let entries = (filter.capacity() as u64).max(main.len() as u64) * 2;
        let old = std::mem::replace(main, MainRegion::new(config.ceiling, entries));
        main.set_bound(old.weight());
        for slot in self.table.in_main() {
            let SlotState { generation, hash, weight, .. } = *self.table.get(slot);
            main.offer(slot, generation, hash, weight, 1);
        }
        self.collect(NONE, gone);
    }

    /// Changes what may be held. Entries that no longer fit leave.
    pub fn set_capacity(&mut self, capacity: u64, gone: &mut Vec<Departure>) {
        self.capacity = capacity.min(u64::from(self.config.ceiling));
        self.limit_window();
        self.rebalance(NONE, false, gone);
    }

    /// Lets entries leave the window that have had their time there, then makes whatever is held fit.
    /// `fresh` may not go.
    #[inline]
    fn rebalance(&mut self, fresh: Slot, crowded: bool, gone: &mut Vec<Departure>) {
        // All leave before the first is admitted: what the main region may hold depends on what stays.
        let mut candidates = std::mem::take(&mut self.candidates);
        while let Some(candidate) = self.next_candidate(fresh) {
            candidates.push(candidate);
        }
        for candidate in candidates.drain(..) {
            self.admit(candidate, crowded && gone.is_empty(), gone);
        }
        self.candidates = candidates;
        if self.weight() > self.capacity {
            self.make_room(fresh, gone);
        }
    }

    /// The next entry that leaves the window. Where the main region took what a heavier entry left free
    /// in the window, more leave than the window's own capacity asks for.
    #[inline]
    fn next_candidate(&mut self, fresh: Slot) -> Option<Slot> {
        self.window.leave(&mut self.table).or_else(|| {
            if self.weight() > self.capacity {
                self.window.leave_crowded(&mut self.table, fresh)
            } else {
                None
            }
        })
    }

    fn depart(&mut self, slot: Slot, cause: Cause, gone: &mut Vec<Departure>) {
        self.vacate(slot);
        gone.push(Departure { slot, cause });
    }

    fn vacate(&mut self, slot: Slot) {
        self.table.vacate(slot);
        self.len -= 1;
    }

    fn main_weight(&self) -> u64 {
        self.admission.as_ref().map_or(0, |admission| admission.main.weight())
    }
}

impl Dismantle for Policy {
    fn dismantle(&mut self, most: usize) -> bool {
        self.table.truncate(most, |slot, state| {
            if let (Region::Main, Some(Admission { main, .. })) = (state.region, &mut self.admission) {
                main.remove(slot, state.generation, state.hash, state.weight);
            }
        })
    }
}

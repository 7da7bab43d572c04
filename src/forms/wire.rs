//! The policy of a `Cache`, told of slots through the *wire*: a few words of memory that JavaScript shares.
//!
//! Reading numbers there costs a nanosecond where an argument costs several. Every call first takes in the reads
//! noted since the last, and lists who had to leave.

use super::OutOfMemory;
use crate::engine::policy::{Departure, Policy, PolicyConfig};
use crate::engine::reaper;
use crate::engine::slots::{MAX_SLOTS, NONE};

// The wire's words, of which lib/slot-table.ts has the same picture: how many reads wait, how many slots the list
// has and how many have left beyond it, the slot and weight that a call is about; then the reads, then the list.
const READS: usize = 0;
const LISTED: usize = 1;
const UNLISTED: usize = 2;
const SLOT: usize = 3;
const WEIGHT: usize = 4;
const FIRST_READ: usize = 5;
const FIRST_LISTED: usize = 192;
const WORDS: usize = 256;

/// The words of a wire. All positions in it are constants, so none is out of its range.
pub type Wire = [u32; WORDS];

/// A policy that is told of slots through a wire.
pub struct WiredPolicy {
    policy: Policy,
    /// How many entries there may be, where their number is limited beside their weight.
    max_len: usize,
    /// What has left and is not listed yet, the last to leave first: JavaScript takes lists from their end.
    gone: Vec<Departure>,
}

impl WiredPolicy {
    /// A policy for `max_len` entries.
    #[must_use]
    pub fn new(config: PolicyConfig, max_len: usize) -> Self {
        let mut wired = Self { policy: Policy::new(config), max_len: usize::MAX, gone: Vec::new() };
        wired.set_limits(config, max_len);
        wired
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// As [`Policy::reset_activity`].
    pub fn reset_activity(&mut self) {
        self.policy.reset_activity();
    }

    /// Takes in the reads that were noted since the last call.
    #[inline]
    pub fn take_reads(&mut self, wire: &mut Wire) {
        let waiting = (wire[READS] as usize).min(FIRST_LISTED - FIRST_READ);
        wire[READS] = 0;
        for slot in &wire[FIRST_READ..FIRST_READ + waiting] {
            if self.policy.is_held(*slot) {
                self.policy.read(*slot);
            }
        }
    }

    /// Lists as many of those that have left as there is room for; the next call lists more.
    #[inline]
    pub fn list_gone(&mut self, wire: &mut Wire) {
        let list = &mut wire[FIRST_LISTED..];
        let listed = self.gone.len().min(list.len());
        for (word, departure) in list.iter_mut().zip(self.gone.drain(self.gone.len() - listed..)) {
            *word = departure.slot;
        }
        wire[LISTED] = listed as u32;
        wire[UNLISTED] = self.gone.len() as u32;
    }

    /// A new entry in the wire's slot with the wire's weight: whether it could be taken in.
    #[inline]
    pub fn insert(&mut self, wire: &Wire, hash: u64) -> Result<bool, OutOfMemory> {
        let (slot, weight) = (wire[SLOT], wire[WEIGHT]);
        let Self { policy, max_len, gone } = self;
        if slot >= MAX_SLOTS || policy.is_held(slot) || !fits(policy, weight) {
            return Ok(false);
        }
        policy.reserve(slot)?;
        policy.insert(slot, hash, weight, policy.len() >= *max_len, gone);
        gone.reverse();
        Ok(true)
    }

    /// The wire's slot has the wire's weight from now on.
    pub fn reweigh(&mut self, wire: &Wire) {
        let (slot, weight) = (wire[SLOT], wire[WEIGHT]);
        if self.policy.is_held(slot) && fits(&self.policy, weight) {
            self.policy.reweigh(slot, weight, &mut self.gone);
            self.gone.reverse();
        }
    }

    /// Takes the listed slots out.
    pub fn remove(&mut self, wire: &Wire) {
        let listed = (wire[LISTED] as usize).min(WORDS - FIRST_LISTED);
        for slot in &wire[FIRST_LISTED..FIRST_LISTED + listed] {
            if self.policy.is_held(*slot) {
                self.policy.remove(*slot);
            }
        }
    }

    /// Changes the limits.
    pub fn set_limits(&mut self, config: PolicyConfig, max_len: usize) {
        self.max_len = max_len;
        self.policy.retarget(config, &mut self.gone);
        self.policy.set_capacity(config.nominal, &mut self.gone);
        while self.policy.len() > max_len {
            self.policy.evict_one(NONE, &mut self.gone);
        }
        self.gone.reverse();
    }

    /// Forgets all entries, and their fame.
    pub fn clear(&mut self) {
        let mut fresh = Policy::new(self.policy.config());
        fresh.set_capacity(self.policy.capacity(), &mut self.gone);
        std::mem::replace(self, Self { policy: fresh, max_len: self.max_len, gone: Vec::new() }).free();
    }

    /// Frees the policy, off-thread if that takes long.
    pub fn free(self) {
        let len = self.policy.len();
        reaper::free(self.policy, len);
    }
}

/// Whether an entry may have that weight: none weighs nothing.
fn fits(policy: &Policy, weight: u32) -> bool {
    weight > 0 && u64::from(weight) <= policy.capacity()
}

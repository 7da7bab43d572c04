//! The limits of a store: what is made of them at first, and how they change.

use std::ptr;
use std::sync::atomic::Ordering;

use super::super::policy::{PolicyConfig, PolicyKind};
use super::super::shard::Shard;
use super::Store;

/// More shards than this gain nothing on the machines that Node serves from.
const MAX_SHARDS: u64 = 16;

/// A shard is worth having from so many bytes and entries on: below, its share is too small for a good
/// policy.
const BYTES_PER_SHARD: u64 = 16 << 20;
const ENTRIES_PER_SHARD: u64 = 4096;

/// How far above its first limit a cache can be resized before moka's part has to be made anew.
const HEADROOM: u64 = 4;

impl Store {
    /// Changes the limits; `None` leaves one as it is. Where a limit becomes smaller, entries leave at once,
    /// which takes time in proportion to their number.
    pub fn resize(&self, max_bytes: Option<u64>, max: Option<u64>) {
        let _one_at_a_time = self.resizing.lock();
        if let Some(max) = max {
            self.population.set_max(max);
        }
        let max_bytes = max_bytes.unwrap_or_else(|| self.max_bytes());
        let limit = units(max_bytes, self.unit);
        // More units than there can be are not promised either.
        self.max_bytes.store(max_bytes.min((limit + 1) * self.unit - 1), Ordering::Relaxed);
        self.budget.set_limit(limit);
        // Each shard gives up the same part of what it is granted, if all together are granted too much.
        let granted = self.budget.granted().max(limit);
        let config = policy_config(self.policy, limit, self.max(), self.shards.len() as u64);
        for shard in &self.shards {
            let freed = shard.write(|entries, garbage| {
                let before = entries.capacity();
                let kept = (u128::from(before) * u128::from(limit) / u128::from(granted)) as u64;
                entries.retarget(config, kept, garbage);
                before - kept
            });
            self.budget.give_back(freed);
        }
        self.trim(None);
    }

    /// Lets entries go until no more are held than there may be, those of the shard `spared` last.
    pub(super) fn trim(&self, spared: Option<&Shard>) {
        while self.population.excess() > 0 {
            let rank = |shard: &&Shard| (spared.is_none_or(|spared| !ptr::eq(*shard, spared)), shard.len());
            let fullest = self.shards.iter().filter(|shard| !shard.is_empty()).max_by_key(rank);
            let Some(fullest) = fullest else { return };
            let excess = self.population.excess();
            let evicted = fullest.write(|entries, garbage| {
                let most = excess.min(entries.len() as u64);
                (0..most).for_each(|_| entries.evict_one(garbage));
                most
            });
            if evicted == 0 {
                return;
            }
        }
    }
}

pub(super) fn units(max_bytes: u64, unit: u64) -> u64 {
    (max_bytes / unit).clamp(1, u64::from(u32::MAX - 1))
}

pub(super) fn policy_config(kind: PolicyKind, limit: u64, max: u64, shards: u64) -> PolicyConfig {
    PolicyConfig {
        kind,
        nominal: limit.div_ceil(shards),
        ceiling: (limit * HEADROOM).min(u64::from(u32::MAX - 1)) as u32,
        nominal_len: if max == u64::MAX { max } else { max.div_ceil(shards) },
    }
}

/// How many shards limits like these are worth: a power of two.
pub(super) fn worthwhile_shards(max_bytes: u64, max: u64) -> u64 {
    let most = (max_bytes / BYTES_PER_SHARD).min(max / ENTRIES_PER_SHARD).clamp(1, MAX_SHARDS);
    1 << most.ilog2()
}

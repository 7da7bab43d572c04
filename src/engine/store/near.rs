//! What near caches ask of a store: threads that keep values, and read what others changed.

use std::sync::Arc;

use super::super::clock::Nanos;
use super::super::entries::{Entries, Sighting};
use super::super::payload::Payload;
use super::super::slots::Slot;
use super::super::stamps::{Stamp, Stamps, place};
use super::Store;

/// An entry as it was read for a near cache.
pub struct Near<R> {
    /// What was taken of it.
    pub taken: R,
    /// What was taken may be trusted while this stands in its stripe.
    pub stamp: Stamp,
    /// Where later reads of it are to be reported.
    pub shard: u32,
    /// See [`Sighting::slot`].
    pub slot: Slot,
    /// See [`Sighting::generation`].
    pub generation: u32,
    /// See [`Sighting::again`].
    pub again: Nanos,
}

/// Whether a read that finds nothing counts as a miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counting {
    /// It does.
    Misses,
    /// Whoever reads goes on to count it.
    HitsOnly,
}

impl Store {
    /// The stamps of the keys, by which near caches know what to trust.
    #[must_use]
    pub fn stamps(&self) -> &Arc<Stamps> {
        &self.stamps
    }

    /// As [`Store::get`], and what a near cache must know to keep what was taken.
    pub fn get_near<R>(
        &self,
        key: &[u8],
        counting: Counting,
        take: impl FnOnce(&Payload) -> R,
    ) -> Option<Near<R>> {
        self.near(key, counting, None, take)
    }

    /// Reads an entry that is kept elsewhere and was found when its stamp was `stamp`, if that still stands: then the entry
    /// is the same. Counts no miss.
    pub fn read_again(&self, key: &[u8], stamp: u32) -> Option<Near<()>> {
        self.near(key, Counting::HitsOnly, Some(stamp), |_| ())
    }

    fn near<R>(
        &self,
        key: &[u8],
        counting: Counting,
        kept: Option<u32>,
        take: impl FnOnce(&Payload) -> R,
    ) -> Option<Near<R>> {
        let hash = self.hash(key);
        // Before the lookup: see the module of the stamps.
        let stamp = self.stamps.read(hash);
        let shard = place(hash, self.shards.len() as u64);
        self.shards[shard].read(|entries| {
            if kept.is_some_and(|kept| kept != self.stamps.read(hash).value) {
                return None;
            }
            let Some((payload, sighting)) = entries.sight(hash, key) else {
                if counting == Counting::HitsOnly {
                    entries.stats_mut().misses -= 1;
                }
                return None;
            };
            let Sighting { slot, generation, again } = sighting;
            Some(Near { taken: take(payload), stamp, shard: shard as u32, slot, generation, again })
        })
    }

    /// Takes in so many reads of an entry from a near cache. What names no entry is left out.
    pub fn hear_of_reads(&self, shard: u32, slot: Slot, generation: u32, reads: u8) {
        if let Some(shard) = self.shards.get(shard as usize) {
            shard.read(|entries| entries.hear_of_reads(slot, generation, reads));
        }
    }

    /// Has near caches read anew all that they keep: after the clock was moved by hand, which no deadline of theirs knows.
    pub fn distrust(&self) {
        for shard in &self.shards {
            shard.read(Entries::distrust);
        }
    }
}

//! Stamps: by them a thread that keeps decoded values sees, without a lock or a call, that one may have changed.
//!
//! The keys of a store are spread over stripes, each with a stamp in a table that threads map. Whoever changes an entry,
//! takes it out or is told that it has expired moves the stamp of its stripe *under the lock of its shard*; who keeps a
//! value keeps with it the stamp read *before* the entry was looked up under that lock, and trusts the value while the
//! stamp stands.
//!
//! That is coherent. Say that a write has returned, that a thread knows of it, and that the stamp it now reads is still
//! the one it read before its lookup. The write moved the stamp before it returned, so this read comes after that move,
//! and since the stamp is the same, the first read did too. The move was made inside of the writer's critical section, so
//! the lookup, which came after the first read, got the lock after the writer: it found what was written. Nothing but the
//! order in which one word changes is used, so relaxed operations would do; a move releases all the same, so that what
//! was done before it without a lock (a clock that was moved) is seen by who sees the move.
//!
//! A stamp returns to where it was after 2^32 changes of one stripe: only a value that nobody asked for in between, and
//! then at that very change, would be trusted wrongly.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::sync::{AtomicU32, OnceLock};

/// How many stripes a table has: 64 KiB. A change makes threads decode anew what else is in its stripe, one in so many of
/// all keys.
pub const STRIPES: usize = if cfg!(loom) { 2 } else { 1 << 14 };

/// The stamps of one store. There is no table until somebody asks for it: a store whose values nobody keeps pays for a
/// branch.
#[derive(Default)]
pub struct Stamps {
    table: OnceLock<Box<[AtomicU32]>>,
}

/// A stripe and its stamp.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Where it stands in the table.
    pub stripe: u32,
    /// What stood there.
    pub value: u32,
}

impl Stamps {
    /// The table, which is made now if there is none: its words stay where they are as long as the stamps live.
    ///
    /// A writer that found no table is no trouble: it held its shard's lock then, and whoever asked for the table looks up
    /// nothing before, so it gets that lock later and finds what was written.
    pub fn table(&self) -> &[AtomicU32] {
        self.table.get_or_init(|| (0..STRIPES).map(|_| AtomicU32::new(0)).collect())
    }

    /// The stripe of a key by its hash, and its stamp: to be read before the lookup.
    #[must_use]
    pub fn read(&self, hash: u64) -> Stamp {
        let stripe = stripe(hash);
        let value = self.table.get().map_or(0, |table| table[stripe].load(Ordering::Acquire));
        Stamp { stripe: stripe as u32, value }
    }

    /// The stamp that stands now in a stripe, 0 for one that is none.
    #[must_use]
    pub fn value(&self, stripe: u32) -> u32 {
        let word = self.table.get().and_then(|table| table.get(stripe as usize));
        word.map_or(0, |word| word.load(Ordering::Acquire))
    }
}

/// What one shard has of the stamps: those of its keys.
pub struct ShardStamps {
    stamps: Arc<Stamps>,
    stripes: Range<usize>,
}

impl ShardStamps {
    /// Those of the shard with that number of `shards`.
    #[must_use]
    pub fn new(stamps: Arc<Stamps>, shard: u64, shards: u64) -> Self {
        // Where the shards' borders are not the stripes', two shards move the stamp of the one between them.
        let border = |shard: u64| shard * STRIPES as u64;
        let stripes = (border(shard) / shards) as usize..border(shard + 1).div_ceil(shards) as usize;
        Self { stamps, stripes }
    }

    /// Moves the stamp of a key. Under the shard's lock.
    #[inline]
    pub fn touch(&self, hash: u64) {
        if let Some(table) = self.stamps.table.get() {
            table[stripe(hash)].fetch_add(1, Ordering::Release);
        }
    }

    /// Moves the stamps of all keys of the shard. Under its lock.
    pub fn touch_all(&self) {
        if let Some(table) = self.stamps.table.get() {
            for word in &table[self.stripes.clone()] {
                word.fetch_add(1, Ordering::Release);
            }
        }
    }
}

impl Clone for ShardStamps {
    fn clone(&self) -> Self {
        Self { stamps: Arc::clone(&self.stamps), stripes: self.stripes.clone() }
    }
}

/// The stripe of a hash: by the bits that pick the shard, so that each shard has stripes of its own.
#[inline]
fn stripe(hash: u64) -> usize {
    place(hash, STRIPES as u64)
}

/// Which of `count` places belongs to a hash, by bits that neither a shard's index nor moka looks at first.
#[inline]
#[must_use]
pub fn place(hash: u64, count: u64) -> usize {
    // As good as a remainder of the bits below 56, without the division.
    ((u64::from((hash >> 24) as u32) * count) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stamps_of_a_shard_are_those_of_all_its_keys() {
        for shards in [1, 2, 3, 16] {
            let stamps = Arc::new(Stamps::default());
            stamps.table();
            for key in 0..20_000u64 {
                let hash = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let shard = place(hash, shards) as u64;
                let before = stamps.read(hash);
                ShardStamps::new(Arc::clone(&stamps), shard, shards).touch(hash);
                let after = stamps.read(hash);
                assert_eq!(after, Stamp { value: before.value + 1, ..before });
                if key % 500 == 0 {
                    ShardStamps::new(Arc::clone(&stamps), shard, shards).touch_all();
                    assert_ne!(stamps.read(hash), after);
                }
            }
        }
    }

    #[test]
    fn nothing_is_made_before_somebody_asks() {
        let stamps = Arc::new(Stamps::default());
        let shard = ShardStamps::new(Arc::clone(&stamps), 0, 1);
        shard.touch(7);
        shard.touch_all();
        assert!(stamps.table.get().is_none());
        assert_eq!(stamps.read(7).value, 0);
    }
}

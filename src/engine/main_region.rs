//! The main region: a moka cache of slot tokens, whose order and admission decide who stays for long.
//!
//! moka cannot be resized, told to evict, or asked who left; this module adds the three.
//!
//! **Room.** One entry, the *ballast*, weighs as much as the region may not use. Weighed anew it moves
//! the region's bound either way through moka's public interface. It is read often enough never to
//! come near the end where moka looks for victims.
//!
//! **Who left.** moka frees values through epoch-based reclamation, late and without a cause; its
//! eviction listener tells at once. After every change the region runs moka's maintenance and the
//! listener's reports are ready: nothing is ever evicted behind the caller's back.
//!
//! **The sketch.** moka sizes its frequency sketch once, by `entries x weight held / max capacity` at
//! the moment half the capacity is in use, which is far too small for a region that starts with the
//! ballast. So the region first raises that product to the number of entries it expects, with tokens
//! that moka evicts again in the same step.

use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;

use moka::notification::RemovalCause;
use moka::sync::Cache;
use parking_lot::Mutex;

use super::slots::{MAX_SLOTS, Slot};

/// The ballast is read at least once in so many operations, and more often in a small region.
const BALLAST_READ_INTERVAL: usize = 32;

/// The most tokens that sizing the sketch may take; a sketch that would need more (millions of heavy
/// entries) stays smaller than it could be.
const MAX_SIZING_TOKENS: u64 = 8192;

const BALLAST: Token = Token { slot: MAX_SLOTS + 1, generation: 0, hash: 0x5851_F42D_4C95_7F2D };
const SIZING_SLOT: Slot = MAX_SLOTS + 2;

/// What moka holds for an entry. It is one entry's own (slot and generation), but counts as its key
/// does (the hash), so a key that comes back finds its fame.
#[derive(Clone, Copy, Debug)]
struct Token {
    slot: Slot,
    generation: u32,
    hash: u64,
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        (self.slot, self.generation) == (other.slot, other.generation)
    }
}

impl Eq for Token {}

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Hands moka the hash that the key already has.
#[derive(Clone, Copy, Default)]
struct KeyHash;

struct KeyHasher(u64);

impl BuildHasher for KeyHash {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher(0)
    }
}

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("a token hashes one u64")
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// An entry that moka let go: its slot, and the generation it had.
pub type Departed = (Slot, u32);

/// See the [module](self).
pub struct MainRegion {
    cache: Cache<Token, u32, KeyHash>,
    /// moka's fixed capacity: the bound plus the ballast's weight.
    ceiling: u32,
    bound: u64,
    weight: u64,
    len: usize,
    /// The least that an entry has weighed so far.
    lightest: u32,
    /// How many operations ago the ballast was read: no more entries were used since.
    since_ballast: usize,
    departed: Arc<Mutex<Vec<Departed>>>,
}

impl MainRegion {
    /// A region whose bound may be set up to `ceiling`, with a frequency sketch for `entries` entries.
    /// Its bound is 0 at first.
    #[must_use]
    pub fn new(ceiling: u32, entries: u64) -> Self {
        let ceiling = ceiling.max(2);
        let departed = Arc::new(Mutex::new(Vec::new()));
        let reports = Arc::clone(&departed);
        let cache = Cache::builder()
            .max_capacity(u64::from(ceiling))
            .weigher(|_, weight: &u32| *weight)
            .eviction_listener(move |token: Arc<Token>, _, cause| {
                if cause == RemovalCause::Size && token.slot < MAX_SLOTS {
                    reports.lock().push((token.slot, token.generation));
                }
            })
            .build_with_hasher(KeyHash);
        let region = Self {
            cache,
            ceiling,
            bound: 0,
            weight: 0,
            len: 0,
            lightest: ceiling,
            since_ballast: 0,
            departed,
        };
        region.size_sketch(entries);
        region.cache.insert(BALLAST, ceiling);
        region.settle();
        region
    }

    /// What its entries may weigh.
    #[must_use]
    pub fn bound(&self) -> u64 {
        self.bound
    }

    /// The largest bound it can be given.
    #[must_use]
    pub fn ceiling(&self) -> u64 {
        u64::from(self.ceiling)
    }

    /// What its entries weigh.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.weight
    }

    /// How many entries it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Moves the bound. Entries that no longer fit leave, those unused for longest first.
    pub fn set_bound(&mut self, bound: u64) {
        self.bound = bound.min(self.ceiling());
        #[allow(clippy::cast_possible_truncation)] // not above the ceiling, which is a u32
        let ballast = (self.ceiling() - self.bound) as u32;
        self.cache.insert(BALLAST, ballast);
        self.settle();
    }

    /// Offers an entry, which must be within what the others weigh unless there is room for it. moka
    /// decides: either it leaves at once or those that it displaces do. It comes with so many `sightings`.
    pub fn offer(&mut self, slot: Slot, generation: u32, hash: u64, weight: u32, sightings: u32) {
        self.lightest = self.lightest.min(weight).max(1);
        // moka looks at victims up to the candidate's weight. The ballast is read before the insert,
        // which may run a maintenance of its own.
        let victims = weight.div_ceil(self.lightest) as usize;
        self.keep_ballast(self.len.saturating_sub(victims));
        let token = Token { slot, generation, hash };
        // moka counts frequency on reads alone, hits and misses.
        for _ in 0..sightings {
            self.cache.get(&token);
        }
        self.cache.insert(token, weight);
        self.weight += u64::from(weight);
        self.len += 1;
        self.settle();
    }

    /// Notes a read of an entry.
    #[inline]
    pub fn read(&mut self, slot: Slot, generation: u32, hash: u64) {
        self.cache.get(&Token { slot, generation, hash });
        self.keep_ballast(self.len);
    }

    /// Takes an entry out.
    pub fn remove(&mut self, slot: Slot, generation: u32, hash: u64, weight: u32) {
        self.cache.invalidate(&Token { slot, generation, hash });
        self.note_left(weight);
    }

    /// Weighs an entry anew; `weight` must be within the bound. Others may have to leave for it.
    pub fn reweigh(&mut self, slot: Slot, generation: u32, hash: u64, old: u32, weight: u32) {
        self.lightest = self.lightest.min(weight).max(1);
        // Both are read last, so that neither is where moka looks for victims.
        self.cache.get(&BALLAST);
        self.cache.insert(Token { slot, generation, hash }, weight);
        self.weight = self.weight - u64::from(old) + u64::from(weight);
        self.settle();
    }

    /// One of the entries that moka let go, oldest report first; the caller tells with
    /// [`MainRegion::note_left`] what it weighed.
    pub fn take_departed(&mut self, into: &mut Vec<Departed>) {
        into.append(&mut self.departed.lock());
    }

    /// Notes that an entry of `weight` is gone.
    #[inline]
    pub fn note_left(&mut self, weight: u32) {
        self.weight -= u64::from(weight);
        self.len -= 1;
    }

    /// Reads the ballast when it is due, well before it could reach the end where victims are taken,
    /// and always when `most` entries or more may have been used since it was read.
    #[inline]
    fn keep_ballast(&mut self, most: usize) {
        self.since_ballast += 1;
        if self.since_ballast >= BALLAST_READ_INTERVAL.min(self.len / 2).min(most) {
            self.since_ballast = 0;
            self.cache.get(&BALLAST);
        }
    }

    /// Runs moka's maintenance until the weight is within its capacity.
    fn settle(&self) {
        self.cache.run_pending_tasks();
        // One pass stops after 100 ms; a large shrink takes several.
        while self.cache.weighted_size() > self.ceiling() {
            let before = self.cache.weighted_size();
            self.cache.run_pending_tasks();
            if self.cache.weighted_size() == before {
                break;
            }
        }
    }

    /// See the [module](self): makes moka's sketch large enough for `entries`.
    fn size_sketch(&self, entries: u64) {
        let product = u128::from(entries) * u128::from(self.ceiling);
        let heaviest = u128::from(u32::MAX);
        let tokens = product.div_ceil(heaviest).clamp(1, u128::from(MAX_SIZING_TOKENS));
        let heavy = (product / tokens).clamp(1, heaviest);
        #[allow(clippy::cast_possible_truncation)] // both clamped above
        let (tokens, heavy) = (tokens as u32, heavy as u32);
        let token = |generation: u32| {
            let hash = u64::from(generation + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            Token { slot: SIZING_SLOT, generation, hash }
        };
        for generation in 0..tokens {
            self.cache.insert(token(generation), 0);
        }
        self.cache.run_pending_tasks();
        // An entry that is already in may take any weight: for this one step the region holds far more
        // than its capacity, moka sizes its sketch by that, and then evicts the tokens.
        self.cache.insert(token(0), heavy);
        self.settle();
        // None is left unless the sum came out at exactly the capacity.
        (0..tokens).for_each(|generation| self.cache.invalidate(&token(generation)));
    }
}

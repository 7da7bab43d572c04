//! How many entries there may be, for caches that limit their number beside their weight.
//!
//! The number is kept for all shards together: whoever brings in an entry that is one too many has another
//! leave for it.

use std::sync::atomic::{AtomicU64, Ordering};

/// See the [module](self).
pub struct Population {
    max: AtomicU64,
    held: AtomicU64,
}

impl Population {
    /// Nobody yet of at most `max`; `u64::MAX` is no limit.
    #[must_use]
    pub fn new(max: u64) -> Self {
        Self { max: AtomicU64::new(max), held: AtomicU64::new(0) }
    }

    /// The limit.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.max.load(Ordering::Relaxed)
    }

    /// Changes the limit; [`Population::excess`] then tells how many must go.
    pub fn set_max(&self, max: u64) {
        self.max.store(max, Ordering::Relaxed);
    }

    /// How many there are above the limit.
    #[must_use]
    pub fn excess(&self) -> u64 {
        self.held.load(Ordering::Relaxed).saturating_sub(self.max())
    }

    /// Counts a new entry; whether it is one too many.
    #[inline]
    pub fn enter(&self) -> bool {
        self.held.fetch_add(1, Ordering::Relaxed) >= self.max()
    }

    /// Counts entries that left.
    #[inline]
    pub fn leave(&self, entries: u64) {
        self.held.fetch_sub(entries, Ordering::Relaxed);
    }
}

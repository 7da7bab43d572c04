//! What happened to a cache, counted.

/// Counters of one shard, or their sum over all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Reads that found an entry.
    pub hits: u64,
    /// Reads that found none.
    pub misses: u64,
    /// Writes that were stored, overwrites included.
    pub sets: u64,
    /// Writes that overwrote an entry.
    pub replaced: u64,
    /// Writes refused because the entry is larger than the limit allows.
    pub rejected: u64,
    /// Entries deleted.
    pub deletes: u64,
    /// Entries dropped by `clear`.
    pub cleared: u64,
    /// Entries that made room or were not admitted.
    pub evictions: u64,
    /// Of those, the ones that were not admitted at the end of the window.
    pub not_admitted: u64,
    /// Entries whose time ran out.
    pub expirations: u64,
    /// Loads begun.
    pub loads: u64,
    /// Of those, the ones that failed.
    pub load_errors: u64,
    /// Callers who waited for a load that another had begun.
    pub coalesced: u64,
}

impl Stats {
    /// Adds another's counts to these.
    pub fn add(&mut self, other: &Self) {
        let Self {
            hits,
            misses,
            sets,
            replaced,
            rejected,
            deletes,
            cleared,
            evictions,
            not_admitted,
            expirations,
            loads,
            load_errors,
            coalesced,
        } = other;
        self.hits += hits;
        self.misses += misses;
        self.sets += sets;
        self.replaced += replaced;
        self.rejected += rejected;
        self.deletes += deletes;
        self.cleared += cleared;
        self.evictions += evictions;
        self.not_admitted += not_admitted;
        self.expirations += expirations;
        self.loads += loads;
        self.load_errors += load_errors;
        self.coalesced += coalesced;
    }
}

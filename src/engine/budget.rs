//! The one limit that all shards draw on.
//!
//! A shard may hold no more than it was granted, and the grants never add up to more than the limit;
//! so the whole is exact although nobody ever looks at two shards at once. Grants are taken in chunks
//! while the cache fills, and later move from shard to shard only where one has slack or must take
//! in something larger than it holds.

use std::sync::atomic::{AtomicU64, Ordering};

/// See the [module](self).
pub struct Budget {
    limit: AtomicU64,
    granted: AtomicU64,
}

impl Budget {
    /// A budget of which nothing is granted yet.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { limit: AtomicU64::new(limit), granted: AtomicU64::new(0) }
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    /// Changes the limit. Where more is granted than that, nothing is granted until enough was
    /// [given back](Budget::give_back).
    pub fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// What is granted to all shards together.
    #[must_use]
    pub fn granted(&self) -> u64 {
        self.granted.load(Ordering::Relaxed)
    }

    /// Takes back what a shard was granted and has no more.
    pub fn give_back(&self, grant: u64) {
        self.granted.fetch_sub(grant, Ordering::Relaxed);
    }

    /// Grants as much of `wanted` as is left, perhaps nothing.
    pub fn take(&self, wanted: u64) -> u64 {
        let mut granted = self.granted.load(Ordering::Relaxed);
        loop {
            let grant = wanted.min(self.limit().saturating_sub(granted));
            if grant == 0 {
                return 0;
            }
            match self.granted.compare_exchange_weak(
                granted,
                granted + grant,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return grant,
                Err(now) => granted = now,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn grants_as_much_as_plain_numbers_allow(
            limit in 0..1_000_u64, steps in prop::collection::vec((0..4_u8, 0..400_u64), 1..100),
        ) {
            let budget = Budget::new(limit);
            let (mut limit, mut granted) = (limit, 0_u64);
            for (what, amount) in steps {
                match what {
                    0 | 1 => {
                        let grant = amount.min(limit.saturating_sub(granted));
                        prop_assert_eq!(budget.take(amount), grant);
                        granted += grant;
                    }
                    2 => {
                        let back = amount.min(granted);
                        budget.give_back(back);
                        granted -= back;
                    }
                    _ => {
                        limit = amount * 3;
                        budget.set_limit(limit);
                    }
                }
                prop_assert_eq!((budget.limit(), budget.granted()), (limit, granted));
            }
        }
    }

    #[test]
    fn grants_the_limit_and_no_more() {
        let budget = Budget::new(100);
        assert_eq!(budget.take(60), 60);
        assert_eq!(budget.take(60), 40);
        assert_eq!(budget.take(60), 0);
    }

    #[test]
    fn grants_the_limit_once_however_many_ask() {
        let budget = Budget::new(10_000);
        let taken: u64 = std::thread::scope(|scope| {
            let askers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..5_000).map(|_| budget.take(3)).sum::<u64>())).collect();
            askers.into_iter().map(|asker| asker.join().unwrap()).sum()
        });
        assert_eq!(taken, 10_000);
    }
}

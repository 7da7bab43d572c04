//! One sequence of operations has one outcome: nothing depends on moka's own clock, on its deferred
//! reclamation, or on what else the process does.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use moka::sync::Cache;

use super::super::clock::Clock;
use super::super::expiry::{Lifetime, NEVER};
use super::super::policy::{Activity, PolicyKind};
use super::super::stats::Stats;
use super::super::store::{Seed, Store, StoreConfig};
use super::random::{Random, mix};

const MS: u64 = 1_000_000;
const OPERATIONS: u64 = 100_000;

/// What each read found, and the counters at the end.
#[derive(Debug, PartialEq)]
struct Outcome {
    hits: Vec<bool>,
    bytes: u64,
    stats: Stats,
    activity: Vec<Activity>,
}

/// Reads and writes of skewed keys, a tenth of them with a lifetime, over an hour on the clock.
fn replay(policy: PolicyKind, shards: u32, seed: u64) -> Outcome {
    let clock = Clock::manual();
    let (shards, seed) = (Some(shards), Seed::Fixed(seed));
    let store = Store::new(&StoreConfig { max_bytes: 2 << 20, max: None, policy, shards, seed, clock });
    let mut random = Random::new(1);
    let mut hits = Vec::new();
    for _ in 0..OPERATIONS {
        let key = random.skewed(50_000);
        let bytes = key.to_le_bytes();
        match random.below(100) {
            0..90 => {
                let hit = store.get(&bytes, |_| ()).is_some();
                hits.push(hit);
                if !hit {
                    let value = vec![0; mix(key) as usize % 2_000];
                    store.set(&bytes, 0, &value, lifetime(key));
                }
            }
            90..95 => _ = store.set(&bytes, 0, &vec![0; random.below(4_000) as usize], lifetime(key)),
            95..98 => _ = store.delete(&bytes),
            _ => store.clock().advance(random.below(3_600) * MS),
        }
    }
    Outcome { hits, bytes: store.bytes(), stats: store.stats(), activity: store.activity() }
}

fn lifetime(key: u64) -> Lifetime {
    match mix(key) % 20 {
        0 => Lifetime { to_live: 60_000 * MS, to_idle: NEVER },
        1 => Lifetime { to_live: NEVER, to_idle: 30_000 * MS },
        _ => Lifetime::ENDLESS,
    }
}

/// Runs `work` while another thread inserts into a moka cache of its own and makes it evict.
fn beside_another_moka<R>(work: impl FnOnce() -> R) -> R {
    let working = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            let cache: Cache<u64, Vec<u8>> = Cache::builder().max_capacity(1_000).build();
            for key in 0.. {
                cache.insert(key % 10_000, vec![0; 100]);
                if !working.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        let result = work();
        working.store(false, Ordering::Relaxed);
        result
    })
}

#[test]
fn the_same_operations_have_the_same_outcome() {
    for policy in [PolicyKind::TinyLfu, PolicyKind::Lru] {
        for shards in [1, 4] {
            let first = replay(policy, shards, 1);
            assert!(first.stats.evictions > 5_000 && first.stats.expirations > 100, "{:?}", first.stats);
            assert_eq!(first, replay(policy, shards, 1), "{policy:?}, {shards} shards, again");
            let beside = beside_another_moka(|| replay(policy, shards, 1));
            assert_eq!(first, beside, "{policy:?}, {shards} shards, beside another moka");
        }
    }
}

#[test]
fn another_seed_gives_as_many_hits() {
    for policy in [PolicyKind::TinyLfu, PolicyKind::Lru] {
        let hits: Vec<u64> = (1..=4).map(|seed| replay(policy, 4, seed).stats.hits).collect();
        let (least, most) = (hits.iter().min().unwrap(), hits.iter().max().unwrap());
        assert!((most - least) * 50 <= *most, "{policy:?}: {hits:?}");
    }
}

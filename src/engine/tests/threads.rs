//! Several threads on one store, and on moka alone: limits hold all the time and everything ends.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::super::clock::Clock;
use super::super::cost::entry_cost;
use super::super::expiry::{Lifetime, NEVER};
use super::super::policy::PolicyKind;
use super::super::store::{Seed, SetOutcome, Store, StoreConfig};
use super::random::Random;

const THREADS: u64 = 4;

/// Runs `work` and fails when it does not end. On the slowest machine it takes a few seconds.
fn ends(work: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    let worker = thread::spawn(move || {
        work();
        let _ = done.send(());
    });
    let outcome = ended.recv_timeout(Duration::from_secs(120));
    assert_ne!(outcome, Err(mpsc::RecvTimeoutError::Timeout), "it hangs");
    if let Err(panic) = worker.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Runs `work` with the number of each of the threads, and `watch` again and again beside them.
fn beside(work: impl Fn(u64) + Sync, watch: impl Fn() + Sync) {
    let working = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            while working.load(Ordering::Relaxed) {
                watch();
                thread::yield_now();
            }
        });
        let workers: Vec<_> = (0..THREADS)
            .map(|number| {
                scope.spawn({
                    let work = &work;
                    move || work(number)
                })
            })
            .collect();
        // The watcher is to end also when a worker has panicked.
        let outcomes: Vec<_> = workers.into_iter().map(thread::ScopedJoinHandle::join).collect();
        working.store(false, Ordering::Relaxed);
        for outcome in outcomes {
            outcome.unwrap();
        }
    });
}

fn store(max_bytes: u64, shards: u32, policy: PolicyKind) -> Store {
    let clock = Clock::manual();
    Store::new(&StoreConfig {
        max_bytes,
        max: None,
        policy,
        shards: Some(shards),
        seed: Seed::Fixed(7),
        clock,
    })
}

/// The value of a key says whose it is in every word, so that a mixture of two would show.
fn value(key: u64, writer: u64, words: u64) -> Vec<u8> {
    (0..words).flat_map(|_| (key << 8 | writer).to_le_bytes()).collect()
}

fn check_value(key: u64, value: &[u8]) {
    let (words, rest) = value.as_chunks::<8>();
    assert!(rest.is_empty());
    for word in words {
        assert_eq!(u64::from_le_bytes(*word) >> 8, key);
        assert_eq!(word, &words[0], "of one writer");
    }
}

/// What is held and what the counters say must be the same once all is quiet.
fn audit(store: &Store, keys: u64) {
    let lens = (0..keys).filter_map(|key| store.peek(&key.to_le_bytes(), |found| found.value().len()));
    let (len, bytes) =
        lens.fold((0, 0), |(len, bytes), value| (len + 1, bytes + store.entry_cost(true, 8, value)));
    assert_eq!((store.len(), store.bytes()), (len, bytes));
    let stats = store.stats();
    let left = stats.replaced + stats.deletes + stats.cleared + stats.evictions + stats.expirations;
    assert_eq!(stats.sets - left, len);
}

#[test]
fn four_threads_keep_a_small_store_within_its_limit() {
    const KEYS: u64 = 1_000;
    for policy in [PolicyKind::TinyLfu, PolicyKind::Lru] {
        for shards in [1, 4] {
            ends(move || {
                let most = 200;
                let store = store(most * entry_cost(policy, true, 8, 56), shards, policy);
                let gets = AtomicU64::new(0);
                let work = |writer| {
                    let mut random = Random::new(writer);
                    for _ in 0..60_000 {
                        let key = random.skewed(KEYS);
                        let bytes = key.to_le_bytes();
                        match random.below(10) {
                            0..4 => {
                                let value = value(key, writer, 7 + random.below(4));
                                let outcome = store.set(&bytes, 0, &value, Lifetime::ENDLESS);
                                assert_eq!(outcome, SetOutcome::Stored);
                            }
                            4..9 => {
                                gets.fetch_add(1, Ordering::Relaxed);
                                store.get(&bytes, |found| check_value(key, found.value()));
                            }
                            _ => _ = store.delete(&bytes),
                        }
                    }
                };
                beside(work, || {
                    assert!(store.bytes() <= store.max_bytes());
                    // Each shard is exact, but they are looked at one after the other.
                    assert!(store.len() <= most + THREADS);
                });
                assert!(store.bytes() <= store.max_bytes());
                assert!(store.len() <= most);
                assert!(store.len() > most / 2, "the threads keep it filled");
                let stats = store.stats();
                assert_eq!(stats.hits + stats.misses, gets.into_inner());
                assert!(stats.hits > 0 && stats.evictions > 0 && stats.deletes > 0);
                audit(&store, KEYS);
            });
        }
    }
}

#[test]
fn threads_that_clear_and_expire_beside_each_other_leave_the_counters_right() {
    const KEYS: u64 = 2_000;
    ends(|| {
        let store = store(1 << 19, 4, PolicyKind::TinyLfu);
        let work = |writer| {
            let mut random = Random::new(writer + 10);
            for round in 0..40_000 {
                let key = random.below(KEYS);
                let bytes = key.to_le_bytes();
                let lifetime = Lifetime { to_live: 1_000 + random.below(1_000), to_idle: NEVER };
                store.set(&bytes, 0, &value(key, writer, random.below(20)), lifetime);
                store.get(&random.below(KEYS).to_le_bytes(), |_| ());
                store.clock().advance(1);
                if round % 5_000 == 4_999 {
                    store.clear();
                }
            }
        };
        beside(work, || assert!(store.bytes() <= store.max_bytes()));
        // Written anew without end, what had expired is swept or overwritten.
        store.clock().advance(1 << 30);
        for key in (0..KEYS).chain(0..KEYS) {
            store.set(&key.to_le_bytes(), 0, &[], Lifetime::ENDLESS);
        }
        assert!(store.stats().expirations > 0 && store.stats().cleared > 0);
        audit(&store, KEYS);
    });
}

#[test]
fn values_larger_than_a_shard_from_several_threads_at_once_all_find_room() {
    const SMALL_KEYS: u64 = 40_000;
    for policy in [PolicyKind::TinyLfu, PolicyKind::Lru] {
        for shards in [4, 16] {
            ends(move || {
                let store = store(4 << 20, shards, policy);
                let large = (store.max_entry_bytes() - 5000) / 8;
                let refused = AtomicU64::new(0);
                let work = |writer| {
                    let mut random = Random::new(writer + 20);
                    for round in 0..3_000 {
                        let (key, words) = if round % 10 == 0 {
                            (SMALL_KEYS + random.below(100), large - random.below(large / 2))
                        } else {
                            (random.below(SMALL_KEYS), random.below(100))
                        };
                        let value = value(key, writer, words);
                        if store.set(&key.to_le_bytes(), 0, &value, Lifetime::ENDLESS) != SetOutcome::Stored {
                            refused.fetch_add(1, Ordering::Relaxed);
                        }
                        let key = SMALL_KEYS + random.below(100);
                        store.get(&key.to_le_bytes(), |found| check_value(key, found.value()));
                    }
                };
                beside(work, || assert!(store.bytes() <= store.max_bytes()));
                assert_eq!(refused.into_inner(), 0, "{policy:?}, {shards} shards");
                audit(&store, SMALL_KEYS + 100);
                // What a large value leaves free takes as many writes to fill again.
                for key in SMALL_KEYS..SMALL_KEYS + 100 {
                    store.delete(&key.to_le_bytes());
                }
                for key in (0..SMALL_KEYS).chain(0..SMALL_KEYS) {
                    store.set(&key.to_le_bytes(), 0, &[0; 56], Lifetime::ENDLESS);
                }
                let used = store.bytes();
                assert!(used * 100 >= store.max_bytes() * 95, "{policy:?}, {shards} shards: {used}");
            });
        }
    }
}

/// <https://github.com/moka-rs/moka/issues/590>: an update that was still queued when its entry was
/// removed left a node behind that eviction could not get past.
#[test]
fn moka_goes_on_evicting_when_several_threads_write_and_remove_the_same_keys() {
    const MOST: u64 = 200;
    ends(|| {
        let cache: Cache<u64, u64> =
            Cache::builder().max_capacity(MOST).eviction_policy(EvictionPolicy::lru()).build();
        thread::scope(|scope| {
            for number in 0..THREADS {
                let cache = &cache;
                scope.spawn(move || {
                    let mut random = Random::new(number + 30);
                    for _ in 0..100_000 {
                        // A few keys that all threads fight for, and many that push them out.
                        let key = if random.below(2) == 0 { random.below(16) } else { random.below(10_000) };
                        if random.below(4) == 0 {
                            cache.invalidate(&key);
                        } else {
                            cache.insert(key, key);
                        }
                    }
                });
            }
        });
        (0..10).for_each(|_| cache.run_pending_tasks());
        assert!(cache.entry_count() <= MOST, "{} entries", cache.entry_count());
        assert!(cache.iter().count() as u64 <= MOST, "{} entries", cache.iter().count());
    });
}

//! Both limits of a store, and how they change.

use std::collections::HashSet;

use proptest::prelude::*;

use super::super::clock::Clock;
use super::super::expiry::{Lifetime, NEVER};
use super::super::policy::PolicyKind;
use super::super::store::{Cursor, Seed, SetOutcome, Store, StoreConfig};
use super::random::Random;

const BOTH: [PolicyKind; 2] = [PolicyKind::TinyLfu, PolicyKind::Lru];

fn store(max_bytes: u64, max: Option<u64>, shards: u32, policy: PolicyKind) -> Store {
    let clock = Clock::manual();
    Store::new(&StoreConfig { max_bytes, max, policy, shards: Some(shards), seed: Seed::Fixed(7), clock })
}

fn put(store: &Store, key: u64, len: usize) -> SetOutcome {
    store.set(&key.to_le_bytes(), 0, &vec![0; len], Lifetime::ENDLESS)
}

fn keys(store: &Store, at_once: usize) -> Vec<u64> {
    let mut payloads = Vec::new();
    let mut cursor = Some(Cursor::default());
    while let Some(from) = cursor {
        cursor = store.scan(from, at_once, &mut payloads);
    }
    payloads.iter().map(|payload| u64::from_le_bytes(payload.key().try_into().unwrap())).collect()
}

#[test]
fn a_limit_of_n_entries_holds_n_and_then_one_leaves_for_each_that_comes() {
    for policy in BOTH {
        for shards in [1, 4, 16] {
            for max in [1, 2, 3, 10, 100, 5_000] {
                let store = store(64 << 20, Some(max), shards, policy);
                (0..max).for_each(|key| _ = put(&store, key, 20));
                assert_eq!((store.len(), store.stats().evictions), (max, 0), "{policy:?}, {shards} shards");
                for key in max..max + 500 {
                    put(&store, key, 20);
                    assert_eq!(store.len(), max);
                    assert!(store.peek(&key.to_le_bytes(), |_| ()).is_some(), "what was just set");
                }
            }
        }
    }
}

#[test]
fn a_hot_set_outlives_a_scan_where_the_number_of_entries_is_what_is_limited() {
    let held = |policy| {
        let store = store(1 << 30, Some(1_000), 1, policy);
        let touch = |key: u64| {
            if store.get(&key.to_le_bytes(), |_| ()).is_none() {
                put(&store, key, 20);
            }
        };
        (0..20).for_each(|_| (0..500).for_each(touch));
        (10_000..20_000).for_each(touch);
        (0..500u64).filter(|key| store.peek(&key.to_le_bytes(), |_| ()).is_some()).count()
    };
    assert_eq!(held(PolicyKind::Lru), 0);
    assert!(held(PolicyKind::TinyLfu) >= 450, "{}", held(PolicyKind::TinyLfu));
}

#[test]
fn a_smaller_limit_holds_at_once_and_a_larger_one_can_be_filled() {
    for policy in BOTH {
        for shards in [1, 4] {
            let store = store(8 << 20, None, shards, policy);
            let fill = |keys: std::ops::Range<u64>| keys.for_each(|key| _ = put(&store, key, 100));
            fill(0..40_000);
            let full = store.bytes();
            store.resize(Some(1 << 20), None);
            assert!(store.bytes() <= 1 << 20 && store.bytes() * 100 >= 95 << 20, "{}", store.bytes());
            store.resize(Some(8 << 20), None);
            fill(40_000..80_000);
            assert!(store.bytes() * 100 >= full * 98, "{} of {full}", store.bytes());
            // Far above what it was made for: moka's part is made anew, and nothing is lost.
            let before: HashSet<_> = keys(&store, 100).into_iter().collect();
            store.resize(Some(100 << 20), None);
            assert_eq!(keys(&store, 100).into_iter().collect::<HashSet<_>>(), before);
            (100_000..300_000).for_each(|key| _ = put(&store, key, 1_000));
            assert!(store.bytes() * 100 >= (100 << 20) * 98, "{}", store.bytes());
            store.resize(None, Some(77));
            assert_eq!((store.len(), store.max()), (77, 77));
            fill(0..1_000);
            assert_eq!(store.len(), 77);
        }
    }
}

#[test]
fn a_scan_meets_each_entry_once_whatever_it_takes_at_a_time() {
    let store = store(8 << 20, None, 4, PolicyKind::TinyLfu);
    (0..5_000).for_each(|key| _ = put(&store, key, 20));
    (0..5_000).step_by(3).for_each(|key: u64| _ = store.delete(&key.to_le_bytes()));
    store.set(&1u64.to_le_bytes(), 0, &[], Lifetime { to_live: 5, to_idle: NEVER });
    store.clock().advance(5);
    for at_once in [1, 7, 256, 100_000] {
        let mut met = keys(&store, at_once);
        met.sort_unstable();
        let expected: Vec<_> = (2..5_000).filter(|key| key % 3 != 0).collect();
        assert_eq!(met, expected);
    }
    let nowhere = Cursor { shard: 99, slot: 5 };
    assert_eq!(store.scan(nowhere, 10, &mut Vec::new()), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn both_limits_hold_after_every_call(
        lru: bool, shards in prop::sample::select(vec![1u32, 4]), max in 1..60u64, seed: u64,
    ) {
        let policy = if lru { PolicyKind::Lru } else { PolicyKind::TinyLfu };
        let store = store(16 << 10, Some(max), shards, policy);
        let mut random = Random::new(seed);
        for _ in 0..600 {
            let key = random.below(100);
            match random.below(12) {
                0..6 => {
                    let outcome = put(&store, key, random.skewed(3_000) as usize);
                    let there = store.peek(&key.to_le_bytes(), |_| ()).is_some();
                    prop_assert!(outcome != SetOutcome::Stored || there);
                }
                6..9 => _ = store.get(&key.to_le_bytes(), |_| ()),
                9 => _ = store.delete(&key.to_le_bytes()),
                10 => store.resize(Some((4 << 10) + random.below(20 << 10)), Some(1 + random.below(60))),
                _ => if random.below(20) == 0 { store.clear() },
            }
            prop_assert!(store.bytes() <= store.max_bytes());
            prop_assert!(store.len() <= store.max(), "{} of {}", store.len(), store.max());
            prop_assert_eq!(keys(&store, 64).len() as u64, store.len());
            let stats = store.stats();
            let left = stats.replaced + stats.deletes + stats.cleared + stats.evictions;
            prop_assert_eq!(stats.sets - left, store.len());
        }
    }
}

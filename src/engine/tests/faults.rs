//! A panic under a shard's lock: the shard forgets, and all that is counted adds up.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::clock::Clock;
use super::super::expiry::Lifetime;
use super::super::flight::{Asking, Joined, Standing};
use super::super::policy::PolicyKind;
use super::super::store::{Counting, Cursor, Seed, SetOutcome, Store, StoreConfig};

const KEYS: u32 = 300;

fn store(policy: PolicyKind, shards: u32) -> Store {
    let clock = Clock::manual();
    let (max_bytes, max) = (1 << 20, Some(u64::from(KEYS)));
    Store::new(&StoreConfig { max_bytes, max, policy, shards: Some(shards), seed: Seed::Fixed(7), clock })
}

fn put(store: &Store, key: u32) -> SetOutcome {
    store.set(&key.to_le_bytes(), 0, b"value", Lifetime::ENDLESS)
}

fn fail_at(store: &Store, key: u32) {
    let failing = || store.get(&key.to_le_bytes(), |_| panic!("on purpose"));
    assert!(catch_unwind(AssertUnwindSafe(failing)).is_err());
}

fn audit(store: &Store) {
    let (mut payloads, mut cursor) = (Vec::new(), Some(Cursor::default()));
    while let Some(from) = cursor {
        cursor = store.scan(from, 64, &mut payloads);
    }
    let stats = store.stats();
    let left = stats.replaced + stats.deletes + stats.cleared + stats.evictions + stats.expirations;
    assert_eq!((store.len(), stats.sets - left), (payloads.len() as u64, payloads.len() as u64));
    assert!(store.len() <= store.max() && store.bytes() <= store.max_bytes());
}

#[test]
fn a_panic_under_the_lock_costs_a_shard_its_entries_and_no_more() {
    for policy in [PolicyKind::TinyLfu, PolicyKind::Lru] {
        for shards in [1, 4] {
            let store = store(policy, shards);
            store.stamps().table();
            (0..KEYS).for_each(|key| assert_eq!(put(&store, key), SetOutcome::Stored));
            let near = store.get_near(&7_u32.to_le_bytes(), Counting::Misses, |_| ()).unwrap();
            let full = store.len();
            fail_at(&store, 7);
            assert!(store.peek(&7_u32.to_le_bytes(), |_| ()).is_none());
            assert_ne!(store.stamps().value(near.stamp.stripe), near.stamp.value, "near caches see it");
            audit(&store);
            assert!(shards == 1 || store.len() > full / 2, "the other shards are as they were");
            (KEYS..3 * KEYS).for_each(|key| assert_eq!(put(&store, key), SetOutcome::Stored));
            assert_eq!(store.len(), u64::from(KEYS), "as full as before");
            audit(&store);
            fail_at(&store, 3 * KEYS - 1);
            store.clear();
            assert_eq!((store.len(), store.bytes()), (0, 0));
            audit(&store);
        }
    }
}

#[test]
fn who_waits_for_a_load_in_a_shard_that_forgets_finds_that_there_is_none() {
    let store = store(PolicyKind::TinyLfu, 1);
    put(&store, 0);
    let Joined::Load(flight) = store.join(b"key", 1, Asking::default()) else { panic!("nobody loads") };
    assert!(matches!(store.join(b"key", 2, Asking::default()), Joined::Wait(_)));
    fail_at(&store, 0);
    assert!(matches!(store.look(flight, 2), Standing::Unknown));
    let Joined::Load(next) = store.join(b"key", 2, Asking::default()) else { panic!("nobody loads") };
    assert_ne!(next, flight);
    assert_eq!(store.complete(flight, 1, 0, b"late", None), Some(0), "which changes nothing");
}

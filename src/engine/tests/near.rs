//! Near caches over a store: what is trusted by its stamp is what the store has.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use super::super::clock::Clock;
use super::super::expiry::{Lifetime, NEVER};
use super::super::payload::Payload;
use super::super::policy::PolicyKind;
use super::super::stamps::Stamp;
use super::super::store::{Counting, Cursor, Seed, Store, StoreConfig};
use super::random::Random;

fn store(shards: u32, max: Option<u64>, clock: &Clock) -> Store {
    Store::new(&StoreConfig {
        max_bytes: 64 << 20,
        max,
        policy: PolicyKind::TinyLfu,
        shards: Some(shards),
        seed: Seed::Fixed(1),
        clock: clock.clone(),
    })
}

fn number(payload: &Payload) -> u64 {
    u64::from_le_bytes(payload.value().try_into().unwrap())
}

/// Something that is done to a store.
type Change = fn(&Store, &Clock);

/// Whether what was found with that stamp may still be trusted.
fn stands(store: &Store, stamp: Stamp) -> bool {
    store.stamps().value(stamp.stripe) == stamp.value
}

fn stamp_of(store: &Store, key: &[u8]) -> Stamp {
    store.get_near(key, Counting::Misses, number).unwrap().stamp
}

#[test]
fn a_stamp_stands_until_its_entry_changes_or_leaves() {
    let clock = Clock::manual();
    let hour = Lifetime { to_live: 3_600_000_000_000, to_idle: NEVER };
    let value = 1u64.to_le_bytes();
    let changes: [(&str, Change); 12] = [
        ("set", |store, _| _ = store.set(b"key", 0, &2u64.to_le_bytes(), Lifetime::ENDLESS)),
        ("delete", |store, _| _ = store.delete(b"key")),
        ("clear", |store, _| store.clear()),
        ("resize", |store, _| {
            store.set(b"other", 0, b"12345678", Lifetime::ENDLESS);
            store.resize(None, Some(1));
            store.set(b"another", 0, b"12345678", Lifetime::ENDLESS);
            store.set(b"yet another", 0, b"12345678", Lifetime::ENDLESS);
        }),
        ("eviction", |store, _| {
            for other in 0..100_000u64 {
                store.set(&other.to_le_bytes(), 0, &[0; 2000], Lifetime::ENDLESS);
            }
        }),
        ("expiry", |store, clock| {
            clock.advance(7_200_000_000_000);
            store.purge_expired();
        }),
        ("distrust", |store, _| store.distrust()),
        ("delete of what is gone", |store, clock| {
            clock.advance(7_200_000_000_000);
            store.delete(b"key");
        }),
        // Who keeps its value may go by a clock that is late.
        ("a get that finds it expired", |store, clock| {
            clock.advance(3_600_000_000_000);
            assert_eq!(store.get(b"key", number), None);
        }),
        ("a peek that finds it expired", |store, clock| {
            clock.advance(3_600_000_000_000);
            assert_eq!(store.peek(b"key", number), None);
        }),
        ("what is known of it, once it has expired", |store, clock| {
            clock.advance(3_600_000_000_000);
            assert!(store.info(b"key").is_none());
        }),
        ("a look at all that are left", |store, clock| {
            clock.advance(3_600_000_000_000);
            let mut cursor = Some(Cursor { shard: 0, slot: 0 });
            while let Some(from) = cursor {
                cursor = store.scan(from, 100, &mut Vec::new());
            }
        }),
    ];
    for shards in [1, 3, 16] {
        for (what, change) in changes {
            let store = store(shards, None, &clock);
            store.stamps().table();
            store.set(b"key", 0, &value, hour);
            let stamp = stamp_of(&store, b"key");
            assert_eq!(store.get(b"key", number), Some(1));
            assert_eq!(store.peek(b"key", number), Some(1));
            assert!(stands(&store, stamp), "a read is no change");
            assert!(store.read_again(b"key", stamp.value).is_some());
            change(&store, &clock);
            assert!(!stands(&store, stamp), "{what} with {shards} shards");
            assert!(store.read_again(b"key", stamp.value).is_none());
        }
    }
}

#[test]
fn a_read_tells_when_to_read_again() {
    let clock = Clock::manual();
    let store = store(1, None, &clock);
    let again = |store: &Store| store.get_near(b"key", Counting::Misses, |_| ()).map(|near| near.again);
    store.set(b"key", 0, b"", Lifetime::ENDLESS);
    assert_eq!(again(&store), Some(NEVER));
    store.set(b"key", 0, b"", Lifetime { to_live: 1000, to_idle: NEVER });
    clock.advance(300);
    assert_eq!(again(&store), Some(700));
    store.set(b"key", 0, b"", Lifetime { to_live: 1000, to_idle: 400 });
    assert_eq!(again(&store), Some(100));
    clock.advance(390);
    assert_eq!(again(&store), Some(100), "the read has moved the time to idle");
    clock.advance(390);
    assert_eq!(again(&store), Some(100));
    clock.advance(200);
    assert_eq!(again(&store), Some(20));
    clock.advance(20);
    assert_eq!(again(&store), None);
}

#[test]
fn reads_elsewhere_keep_an_entry_and_name_no_other() {
    let store = store(1, Some(100), &Clock::manual());
    store.set(b"hot", 0, b"", Lifetime::ENDLESS);
    for other in 0..20_000u64 {
        let near = store.get_near(b"hot", Counting::Misses, |_| ()).expect("it is read all the time");
        for _ in 0..3 {
            store.hear_of_reads(near.shard, near.slot, near.generation, 1);
        }
        store.hear_of_reads(near.shard, near.slot, near.generation.wrapping_add(1), 1);
        store.hear_of_reads(77, near.slot, near.generation, 1);
        store.hear_of_reads(near.shard, u32::MAX, 0, 1);
        store.set(&other.to_le_bytes(), 0, b"", Lifetime::ENDLESS);
    }
    assert_eq!(store.stats().hits, 20_000, "what is heard of is counted apart");
}

/// Writers set, delete and clear under versions that only grow; readers keep what they find and trust it by its stamp. What
/// a reader trusts or finds must not be older than the last write that had returned before it looked.
#[test]
fn nothing_is_trusted_that_a_write_which_returned_has_changed() {
    const KEYS: usize = 40;
    const WRITERS: usize = 2;
    for (shards, max) in [(1, None), (16, None), (2, Some(20))] {
        let clock = Clock::manual();
        let store = store(shards, max, &clock);
        store.stamps().table();
        let returned: Vec<AtomicU64> = (0..KEYS).map(|_| AtomicU64::new(0)).collect();
        let writing = AtomicBool::new(true);
        thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (store, clock, returned, writing) = (&store, &clock, &returned, &writing);
                scope.spawn(move || {
                    let mut random = Random::new(writer as u64);
                    for version in 1..30_000u64 {
                        let key = random.below(KEYS as u64 / 2) as usize * WRITERS + writer;
                        let name = key.to_le_bytes();
                        match version % 97 {
                            0 => store.clear(),
                            1 => clock.advance(1_000_000),
                            2 => store.distrust(),
                            3..10 => _ = store.delete(&name),
                            _ => {
                                let lifetime =
                                    Lifetime { to_live: 1_000_000 * (version % 5 + 1), to_idle: NEVER };
                                store.set(&name, 0, &version.to_le_bytes(), lifetime);
                            }
                        }
                        if version % 97 > 2 {
                            returned[key].store(version, Ordering::Release);
                        }
                        for _ in 0..version % 300 {
                            std::hint::spin_loop();
                        }
                    }
                    writing.store(false, Ordering::Release);
                });
            }
            for reader in 0..2 {
                let (store, returned, writing) = (&store, &returned, &writing);
                scope.spawn(move || {
                    let mut random = Random::new(100 + reader);
                    let mut kept: HashMap<usize, (Stamp, u64)> = HashMap::new();
                    let mut trusted = 0u64;
                    while writing.load(Ordering::Acquire) {
                        let key = random.below(KEYS as u64) as usize;
                        let least = returned[key].load(Ordering::Acquire);
                        let version = match kept.get(&key) {
                            Some((stamp, version)) if stands(store, *stamp) => {
                                trusted += 1;
                                Some(*version)
                            }
                            _ => {
                                let near = store.get_near(&key.to_le_bytes(), Counting::Misses, number);
                                if let Some(near) = &near {
                                    kept.insert(key, (near.stamp, near.taken));
                                }
                                near.map(|near| near.taken)
                            }
                        };
                        if let Some(version) = version {
                            assert!(version >= least, "key {key}: {version} after {least} had returned");
                        }
                    }
                    assert!(trusted > 0);
                });
            }
        });
    }
}

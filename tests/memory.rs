//! What happens where there is less memory than the limit promises.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::process::Command;

use mokapot::engine::clock::Clock;
use mokapot::engine::expiry::Lifetime;
use mokapot::engine::flight::{Asking, Joined};
use mokapot::engine::policy::PolicyKind;
use mokapot::engine::store::{Seed, SetOutcome, Store, StoreConfig};

/// What a process may map beyond what it has at its start, in KiB, and a value of which few fit in there. What is left
/// when the last one did not fit is enough for all that is small.
const ROOM: u64 = 640 << 10;
const LARGE: usize = 96 << 20;

#[test]
fn a_write_without_memory_is_refused_and_leaves_all_as_it_was() {
    let mapped = std::fs::read_to_string("/proc/self/statm").unwrap();
    let mapped = mapped.split(' ').next().unwrap().parse::<u64>().unwrap() * 4;
    let limited = format!("ulimit -v {} && exec \"$0\" \"$@\"", mapped + ROOM);
    let run = Command::new("sh")
        .args(["-c", &limited, std::env::current_exe().unwrap().to_str().unwrap()])
        .args(["--exact", "in_little_memory", "--ignored", "--test-threads=1"])
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
}

#[test]
#[ignore = "the other test runs it, in a process that may not have much memory"]
fn in_little_memory() {
    for policy in [PolicyKind::TinyLfu, PolicyKind::Lru] {
        let store = Store::new(&StoreConfig {
            max_bytes: 1 << 40,
            max: None,
            policy,
            shards: None,
            seed: Seed::Fixed(1),
            clock: Clock::manual(),
        });
        let set = |key: u32, value: &[u8]| store.set(&key.to_le_bytes(), 0, value, Lifetime::ENDLESS);
        let len_of = |key: u32| store.peek(&key.to_le_bytes(), |found| found.value().len());
        let large = vec![7; LARGE];
        (0..1_000).for_each(|key| assert_eq!(set(key, b"small"), SetOutcome::Stored));
        let refused = (1..100).find(|key| set(*key, &large) != SetOutcome::Stored).expect("memory is short");
        assert!(refused > 2, "some fit: {refused}");
        assert_eq!(set(refused, &large), SetOutcome::OutOfMemory);
        assert_eq!(len_of(refused), Some(5), "the old value stays");
        assert_eq!((store.len(), store.stats().evictions), (1_000, 0));
        let Joined::Load(flight) = store.join(b"loading", 1, Asking::default()) else {
            panic!("nobody loads")
        };
        assert_eq!(store.complete(flight, 1, 0, &large, None), None, "the flight goes on");
        assert_eq!(store.complete(flight, 1, 0, b"small", None), Some(0));
        // What another entry gives back can be used again.
        assert!(store.delete(&1_u32.to_le_bytes()));
        assert_eq!(set(refused, &large), SetOutcome::Stored);
        assert_eq!(len_of(refused), Some(LARGE));
        store.clear();
        assert_eq!(store.bytes(), 0);
        assert_eq!(set(1, &large), SetOutcome::Stored);
    }
}

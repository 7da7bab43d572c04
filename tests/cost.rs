//! What an entry is said to cost, held against what the process grows by.
#![cfg(all(target_os = "linux", not(system_allocator)))]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::process::Command;

use mokapot::engine::clock::Clock;
use mokapot::engine::expiry::{Lifetime, NEVER, StaleWindows};
use mokapot::engine::policy::PolicyKind;
use mokapot::engine::store::{Seed, Store, StoreConfig};

const ENTRIES: u64 = 500_000;

/// Policy, length of the values, and how the entries end: never, at a deadline, or some time after it.
const CASES: [(&str, usize, &str); 8] = [
    ("tinylfu", 100, "never"),
    ("tinylfu", 100, "deadline"),
    ("tinylfu", 1_000, "never"),
    ("lru", 100, "never"),
    ("lru", 100, "stale"),
    ("lru", 1_000, "deadline"),
    ("tinylfu", 1_024, "never"),
    ("lru", 1_024, "deadline"),
];

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn what_is_counted_is_what_resident_memory_grows_by() {
    for (policy, len, end) in CASES {
        let case = format!("{policy} {len} {end}");
        let run = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "one_case", "--ignored", "--nocapture"])
            .env("CASE", &case)
            .output()
            .unwrap();
        let output = String::from_utf8(run.stdout).unwrap();
        let ratio = output.lines().find_map(|line| line.strip_prefix("ratio ")).expect(&output);
        let ratio: f64 = ratio.parse().unwrap();
        assert!((0.88..1.12).contains(&ratio), "{case}: memory grew by {ratio} of what is counted");
    }
}

#[test]
#[ignore = "the other test runs it, each case in a process of its own"]
fn one_case() {
    let case = std::env::var("CASE").expect("the other test says which case");
    let [policy, len, end] = case.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let policy = if policy == "lru" { PolicyKind::Lru } else { PolicyKind::TinyLfu };
    let len: usize = len.parse().unwrap();
    let value = vec![7; len];
    let lifetime = Lifetime { to_live: if end == "never" { NEVER } else { NEVER - 1 }, to_idle: NEVER };
    let store = Store::new(&StoreConfig {
        // Nearly full: an entry of the window, a fifth of it at first, takes less than is counted.
        max_bytes: ENTRIES * (len as u64 * 5 / 4 + 420),
        max: None,
        policy,
        shards: None,
        seed: Seed::Fixed(1),
        clock: Clock::machine(),
    })
    .keeping_stale(StaleWindows { revalidate: u64::from(end == "stale"), on_error: 0 });
    let before = resident();
    for key in 0..ENTRIES {
        store.set(&key.to_le_bytes(), 0, &value, lifetime);
    }
    assert_eq!(store.len(), ENTRIES);
    println!("\nratio {}", (resident() - before) as f64 / store.bytes() as f64);
}

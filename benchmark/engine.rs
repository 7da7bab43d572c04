//! What the engine's operations cost called from Rust: the measure for what the binding adds to them.
//!
//! benchmark/binding.mts runs it and makes the same calls through the addon: the same keys in the same order, in a cache
//! of the same options. Prints nanoseconds an operation as JSON.

use std::hint::black_box;
use std::time::{Duration, Instant};

use mokapot::engine::clock::Clock;
use mokapot::engine::expiry::Lifetime;
use mokapot::engine::payload::{Payload, ValueKind};
use mokapot::engine::policy::PolicyKind;
use mokapot::engine::store::{Seed, Store, StoreConfig};

/// How many keys, in what order: as in benchmark/binding.mts.
const COUNT: usize = 10_000;
const STEP: usize = 7919;
const MAX_BYTES: u64 = 256 << 20;

/// How long one measurement runs, after a warm-up and in how many runs, whose best counts: as in benchmark/_harness.mts.
const WARM_UP: Duration = Duration::from_millis(150);
const RUN: Duration = Duration::from_millis(25);
const RUNS: u32 = 12;

/// The kinds of value and the first byte of a string key, as the binding has them.
const NUMBER: ValueKind = 4;
const STRING: ValueKind = 5;
const STRING_KEY: u8 = 1;

fn main() {
    // Stored in the order of their numbers and read in another, but lying in memory as they are read: a key is fresh as
    // a rule, and fetching it is no work of the cache's.
    let keys: Vec<Vec<u8>> = (0..COUNT).map(|i| key((i * STEP) % COUNT)).collect();
    let string = [b'x'; 64];
    let numbers = filled(NUMBER, &1.5f64.to_ne_bytes());
    let strings = filled(STRING, &string);
    println!("[{},{}]", measure(&keys, &numbers, &strings, false), measure(&keys, &numbers, &strings, true));
}

/// All operations, as JSON. Without `chain` the processor may begin one before the last has ended, as it will in a
/// loop as tight as this; with it each waits for what the last one found, as it rather does behind a call from JavaScript.
fn measure(keys: &[Vec<u8>], numbers: &Store, strings: &Store, chain: bool) -> String {
    let string = [b'x'; 64];
    let mut scratch = [0u8; 4096];
    let key = |i: usize| keys[i % COUNT].as_slice();
    let has = nanoseconds(chain, |i| usize::from(numbers.peek(key(i), |_| ()).is_some()));
    let get_number = nanoseconds(chain, |i| numbers.get(key(i), |it| copy(it, &mut scratch)).unwrap_or(0));
    let get_string = nanoseconds(chain, |i| strings.get(key(i), |it| copy(it, &mut scratch)).unwrap_or(0));
    let set_number = nanoseconds(chain, |i| {
        numbers.set(key(i), NUMBER, &(i as f64).to_ne_bytes(), Lifetime::ENDLESS) as usize
    });
    let set_string = nanoseconds(chain, |i| strings.set(key(i), STRING, &string, Lifetime::ENDLESS) as usize);
    format!(
        r#"{{"has":{has},"get, number":{get_number},"get, string of 64":{get_string},"set, number":{set_number},"set, string of 64":{set_string}}}"#
    )
}

fn key(number: usize) -> Vec<u8> {
    let mut key = vec![STRING_KEY];
    key.extend_from_slice(format!("user:profile:{number}").as_bytes());
    key
}

fn filled(kind: ValueKind, value: &[u8]) -> Store {
    let store = Store::new(&StoreConfig {
        max_bytes: MAX_BYTES,
        max: None,
        policy: PolicyKind::TinyLfu,
        shards: None,
        seed: Seed::Random,
        clock: Clock::machine(),
    });
    for number in 0..COUNT {
        store.set(&key(number), kind, value, Lifetime::ENDLESS);
    }
    store
}

/// Copies the value out, as the binding does under the shard's lock; something that depends on it.
#[inline]
fn copy(payload: &Payload, scratch: &mut [u8]) -> usize {
    let value = payload.value();
    scratch[..value.len()].copy_from_slice(value);
    black_box(scratch);
    value.len() + usize::from(payload.kind())
}

/// What one call of `operation` takes: called with 0, 1, 2, …, which with `chain` depend on the result before.
fn nanoseconds(chain: bool, mut operation: impl FnMut(usize) -> usize) -> f64 {
    let none = black_box(0);
    let mut last = 0;
    let mut run = |span: Duration| {
        let start = Instant::now();
        let mut count = 0;
        loop {
            for i in count..count + COUNT {
                last = black_box(operation(if chain { i + (last & none) } else { i }));
            }
            count += COUNT;
            let spent = start.elapsed();
            if spent >= span {
                return spent.as_nanos() as f64 / count as f64;
            }
        }
    };
    run(WARM_UP);
    (0..RUNS).map(|_| run(RUN)).fold(f64::INFINITY, f64::min)
}

//! Removes expired entries that nobody asks for, on a thread of its own.
//!
//! Deadlines hold without it: no read returns an entry past its own. It gives the memory back. One thread
//! serves all caches of the process; it runs while any of them has an entry with a deadline, holds a
//! shard's lock for a few microseconds at a time, and keeps neither a cache nor the process alive.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use super::store::Store;
use crate::allocator;

/// How long it lets others at a shard between two slices of its work.
const PAUSE: Duration = Duration::from_micros(50);

/// How often it looks: so long an expired entry may take up memory, beside the time that sweeping takes.
const INTERVAL: Duration = Duration::from_millis(100);

struct Rounds {
    stores: Vec<Weak<Store>>,
    running: bool,
}

static ROUNDS: Mutex<Rounds> = Mutex::new(Rounds { stores: Vec::new(), running: false });

/// Has the sweeper look after `store`, which got its first entry with a deadline.
#[inline]
pub fn watch(store: &Arc<Store>) {
    if store.needs_watching() {
        add(store);
    }
}

#[cold]
fn add(store: &Arc<Store>) {
    let mut rounds = ROUNDS.lock();
    rounds.stores.push(Arc::downgrade(store));
    if !rounds.running {
        // Where no thread can be had, writes still sweep, and so does the next cache's thread.
        rounds.running = thread::Builder::new().name("mokapot-sweeper".into()).spawn(run).is_ok();
    }
}

fn run() {
    loop {
        thread::sleep(INTERVAL);
        // What is added meanwhile is met again below.
        let mut stores = std::mem::take(&mut ROUNDS.lock().stores);
        stores.retain(|store| {
            store.upgrade().is_some_and(|store| {
                // A panic is a defect of one store: the others are still looked after, and that one by its own writes.
                catch_unwind(AssertUnwindSafe(|| !sweep(&store))).unwrap_or(false)
            })
        });
        let mut rounds = ROUNDS.lock();
        rounds.stores.append(&mut stores);
        if rounds.stores.is_empty() {
            rounds.running = false;
            drop(rounds);
            allocator::give_back();
            return;
        }
    }
}

/// Removes what has expired; whether nothing that will expire is left.
fn sweep(store: &Store) -> bool {
    store.sweep(|| thread::sleep(PAUSE));
    store.needs_no_watching()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::engine::clock::Clock;
    use crate::engine::expiry::{Lifetime, NEVER};
    use crate::engine::policy::PolicyKind;
    use crate::engine::store::{Seed, StoreConfig};

    #[test]
    fn expired_entries_leave_without_being_touched_and_the_thread_ends_with_them() {
        let clock = Clock::manual();
        let store = Arc::new(Store::new(&StoreConfig {
            max_bytes: 64 << 20,
            max: None,
            policy: PolicyKind::TinyLfu,
            shards: None,
            seed: Seed::Fixed(1),
            clock: clock.clone(),
        }));
        for key in 0..10_000u32 {
            store.set(&key.to_le_bytes(), 0, b"value", Lifetime { to_live: 1_000_000_000, to_idle: NEVER });
            watch(&store);
        }
        clock.advance(2_000_000_000);
        let patience = Instant::now() + Duration::from_secs(20);
        while !store.is_empty() || ROUNDS.lock().running {
            assert!(Instant::now() < patience, "{} entries are left", store.len());
            thread::yield_now();
        }
        assert_eq!(store.bytes(), 0);
        assert_eq!(store.stats().expirations, 10_000);
    }
}

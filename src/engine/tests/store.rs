//! The store against a plain model: a map with a clock.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::clock::{Clock, Nanos};
use super::super::expiry::{Lifetime, NEVER};
use super::super::policy::PolicyKind;
use super::super::stats::Stats;
use super::super::store::{Seed, SetOutcome, Store, StoreConfig};
use super::random::Random;

const MS: Nanos = 1_000_000;
const BOTH: [PolicyKind; 2] = [PolicyKind::TinyLfu, PolicyKind::Lru];

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

fn readable(store: &Store, key: u64) -> bool {
    store.peek(&key.to_le_bytes(), |_| ()).is_some()
}

fn put(store: &Store, key: u64, len: usize) -> SetOutcome {
    store.set(&key.to_le_bytes(), 0, &vec![0; len], Lifetime::ENDLESS)
}

/// How many are held as the counters tell it.
fn balance(stats: &Stats) -> u64 {
    let left = stats.replaced + stats.deletes + stats.cleared + stats.evictions + stats.expirations;
    stats.sets - left
}

/// A store, and beside it what was last written of each key. What the model holds, the store may have
/// let go; what the model does not hold, the store must not have.
struct Watched {
    store: Store,
    model: HashMap<u8, Written>,
    versions: u64,
    gets: u64,
    refused: u64,
    /// Whether the store is too large for the test ever to fill it: then it must hold the model exactly.
    spacious: bool,
    /// Whether nothing was ever written with a deadline.
    endless: bool,
}

#[derive(Clone)]
struct Written {
    value: Vec<u8>,
    kind: u8,
    hard: Nanos,
    idle: Nanos,
    to_idle: Nanos,
}

impl Written {
    fn deadline(&self) -> Nanos {
        self.hard.min(self.idle)
    }
}

/// Keys of different lengths, the empty one among them.
fn key_bytes(key: u8) -> Vec<u8> {
    vec![key; usize::from(key % 40)]
        .into_iter()
        .chain(std::iter::once(key))
        .skip(usize::from(key == 0))
        .collect()
}

impl Watched {
    fn new(store: Store, spacious: bool) -> Self {
        Self { store, model: HashMap::new(), versions: 0, gets: 0, refused: 0, spacious, endless: true }
    }

    fn now(&self) -> Nanos {
        self.store.clock().now()
    }

    fn set(&mut self, key: u8, len: usize, lifetime: Lifetime) {
        let bytes = key_bytes(key);
        self.versions += 1;
        let mut value = self.versions.to_le_bytes().to_vec();
        value.resize(len, key);
        let kind = self.versions as u8;
        let before = self.peek(key);
        let cost = self.store.entry_cost(lifetime.is_endless(), bytes.len(), len);
        let too_large = cost > self.store.max_entry_bytes();
        let outcome = self.store.set(&bytes, kind, &value, lifetime);
        if too_large {
            assert_eq!(outcome, SetOutcome::TooLarge);
            assert_eq!(self.peek(key), before, "a refused write leaves what was there");
            self.refused += 1;
        } else {
            assert_eq!(outcome, SetOutcome::Stored);
            let now = self.now();
            self.endless &= lifetime.is_endless();
            let Lifetime { to_live, to_idle } = lifetime;
            let (hard, idle) = (now.saturating_add(to_live), now.saturating_add(to_idle));
            assert!(to_live > 0 && to_idle > 0);
            self.model.insert(key, Written { value: value.clone(), kind, hard, idle, to_idle });
            assert_eq!(self.peek(key), Some((kind, value)), "what was just set is readable");
        }
        self.check();
    }

    fn get(&mut self, key: u8) {
        self.gets += 1;
        let found = self.store.get(&key_bytes(key), |found| (found.kind(), found.value().to_vec()));
        self.compare(key, found.as_ref());
        let now = self.now();
        if let Some(written) = self.model.get_mut(&key)
            && found.is_some()
        {
            written.idle = now.saturating_add(written.to_idle);
        }
        self.check();
    }

    fn peek(&mut self, key: u8) -> Option<(u8, Vec<u8>)> {
        let found = self.store.peek(&key_bytes(key), |found| (found.kind(), found.value().to_vec()));
        self.compare(key, found.as_ref());
        found
    }

    /// What is found is what was written last and has not expired. What is not found is gone for good.
    fn compare(&mut self, key: u8, found: Option<&(u8, Vec<u8>)>) {
        let now = self.now();
        let expected = self.model.get(&key).filter(|written| written.deadline() > now);
        if let Some((kind, value)) = found {
            let written = expected.expect("what is found was written and has not expired");
            assert_eq!((kind, value), (&written.kind, &written.value));
        } else {
            assert!(!self.spacious || expected.is_none(), "nothing leaves a store with room");
            self.model.remove(&key);
        }
    }

    fn delete(&mut self, key: u8) {
        let present = self.peek(key).is_some();
        assert_eq!(self.store.delete(&key_bytes(key)), present);
        self.model.remove(&key);
        assert_eq!(self.peek(key), None);
        self.check();
    }

    fn clear(&mut self) {
        self.store.clear();
        self.model.clear();
        assert_eq!((self.store.len(), self.store.bytes()), (0, 0));
        self.check();
    }

    fn check(&mut self) {
        let stats = self.store.stats();
        assert_eq!(balance(&stats), self.store.len());
        assert_eq!(stats.hits + stats.misses, self.gets);
        assert_eq!(stats.rejected, self.refused);
        assert!(stats.not_admitted <= stats.evictions);
        assert!(self.store.bytes() <= self.store.max_bytes());
    }

    /// Looks every key up. What can be read, and what has expired and is not swept yet, is all that the
    /// store counts.
    fn audit(&mut self) {
        let (mut bytes, mut len) = (0, 0);
        for key in 0..=u8::MAX {
            if let Some((_, value)) = self.peek(key) {
                let endless = self.model.get(&key).is_some_and(|written| written.deadline() == NEVER);
                bytes += self.store.entry_cost(endless, key_bytes(key).len(), value.len());
                len += 1;
            }
        }
        if self.endless {
            assert_eq!((self.store.bytes(), self.store.len()), (bytes, len));
        } else {
            assert!(self.store.bytes() >= bytes && self.store.len() >= len);
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Set {
        key: u8,
        len: usize,
        lifetime: Lifetime,
    },
    Get {
        key: u8,
    },
    Delete {
        key: u8,
    },
    Clear,
    Advance {
        by: Nanos,
    },
    /// To so many nanoseconds before the deadline of a key: at 0 it has expired.
    AdvanceTowards {
        key: u8,
        short: Nanos,
    },
    Audit,
}

fn endless() -> impl Strategy<Value = Lifetime> + Clone {
    Just(Lifetime::ENDLESS)
}

fn lifetimes() -> impl Strategy<Value = Lifetime> + Clone {
    let span = prop_oneof![1 => Just(NEVER), 1 => 1..=50 * MS, 1 => 1..=2_000 * MS, 1 => 1..=1_000_u64];
    (span.clone(), span).prop_map(|(to_live, to_idle)| Lifetime { to_live, to_idle })
}

fn steps(
    lens: impl Strategy<Value = usize> + Clone,
    lifetimes: impl Strategy<Value = Lifetime> + Clone,
) -> impl Strategy<Value = Vec<Step>> {
    let key = || any::<u8>().prop_map(|key| if key < 128 { key % 16 } else { key });
    let step = prop_oneof![
        40 => (key(), lens, lifetimes).prop_map(|(key, len, lifetime)| Step::Set { key, len, lifetime }),
        30 => key().prop_map(|key| Step::Get { key }),
        6 => key().prop_map(|key| Step::Delete { key }),
        1 => Just(Step::Clear),
        4 => (0..=40 * MS).prop_map(|by| Step::Advance { by }),
        1 => (0..=4_000 * MS).prop_map(|by| Step::Advance { by }),
        4 => (key(), 0..=2_u64).prop_map(|(key, short)| Step::AdvanceTowards { key, short }),
        3 => Just(Step::Audit),
    ];
    proptest::collection::vec(step, 1..400)
}

fn run(mut watched: Watched, steps: &[Step]) {
    for step in steps {
        match *step {
            Step::Set { key, len, lifetime } => watched.set(key, len, lifetime),
            Step::Get { key } => watched.get(key),
            Step::Delete { key } => watched.delete(key),
            Step::Clear => watched.clear(),
            Step::Advance { by } => watched.store.clock().advance(by),
            Step::AdvanceTowards { key, short } => {
                let deadline = watched.model.get(&key).map_or(NEVER, Written::deadline);
                let target = deadline.saturating_sub(short);
                if deadline != NEVER && target >= watched.now() {
                    watched.store.clock().advance(target - watched.now());
                    assert!(short > 0 || watched.peek(key).is_none(), "at its deadline it has expired");
                }
                watched.get(key);
            }
            Step::Audit => watched.audit(),
        }
    }
    watched.audit();
}

fn shard_counts() -> impl Strategy<Value = u32> {
    prop_oneof![Just(1), Just(4), Just(8)]
}

fn kinds() -> impl Strategy<Value = PolicyKind> {
    prop_oneof![Just(PolicyKind::TinyLfu), Just(PolicyKind::Lru)]
}

/// Most small, some as large as a shard of the small stores below, some larger than they take at all.
fn lens() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![8 => 8..=200_usize, 2 => 8..=3_000_usize, 1 => 3_000..=12_000_usize]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_store_too_small_for_its_entries_agrees_with_the_model(
        kind in kinds(), shards in shard_counts(), max_bytes in 8_000..=64_000_u64,
        steps in steps(lens(), endless()),
    ) {
        run(Watched::new(store(max_bytes, shards, kind), false), &steps);
    }

    #[test]
    fn a_store_too_small_for_its_entries_agrees_with_the_model_as_they_expire(
        kind in kinds(), shards in shard_counts(), max_bytes in 8_000..=64_000_u64,
        steps in steps(lens(), lifetimes()),
    ) {
        run(Watched::new(store(max_bytes, shards, kind), false), &steps);
    }

    #[test]
    fn a_store_with_room_holds_exactly_what_the_model_holds(
        kind in kinds(), shards in shard_counts(), steps in steps(8..=500_usize, lifetimes()),
    ) {
        run(Watched::new(store(8 << 20, shards, kind), true), &steps);
    }
}

/// A value that makes an entry of a whole number of the budget's units.
const SMALL: usize = 56;

#[test]
fn a_store_lets_nothing_go_until_nearly_all_of_its_bytes_are_used() {
    for kind in BOTH {
        for shards in [1, 4, 16] {
            for units in [0, 4, 13, 70] {
                let store = store(16 << 20, shards, kind);
                let mut used = 0;
                for key in 0.. {
                    assert_eq!(put(&store, key, SMALL + units * 64), SetOutcome::Stored);
                    if store.stats().evictions > 0 {
                        break;
                    }
                    used = store.bytes();
                }
                assert!(used * 1000 >= store.max_bytes() * 985, "{kind:?}, {shards} shards: {used}");
            }
        }
    }
}

#[test]
fn a_full_store_stays_full_under_values_of_all_sizes() {
    for kind in BOTH {
        for shards in [1, 4, 16] {
            let store = store(16 << 20, shards, kind);
            let mut random = Random::new(3);
            for key in 0..30_000 {
                put(&store, key, 8 + random.skewed(32_000) as usize);
                let used = store.bytes();
                let full = key < 20_000 || used * 100 >= store.max_bytes() * 97;
                assert!(full, "{kind:?}, {shards} shards: {used}");
            }
            assert!(store.stats().evictions > 10_000);
        }
    }
}

#[test]
fn a_value_of_a_quarter_of_the_limit_fits_whatever_is_held_and_its_room_is_used_again() {
    for kind in BOTH {
        for shards in [1, 4, 16] {
            let store = store(4 << 20, shards, kind);
            let quarter = (store.max_bytes() / 4) as usize - 5000;
            assert!(store.entry_cost(true, 8, quarter) <= store.max_entry_bytes());
            let fill = store.max_bytes() / store.entry_cost(true, 8, SMALL);
            let mut smalls = 0..;
            let mut write = |count: u64| {
                for key in smalls.by_ref().take(count as usize) {
                    assert_eq!(put(&store, key, SMALL), SetOutcome::Stored);
                    assert!(store.bytes() <= store.max_bytes());
                }
            };
            for heavy in 1 << 60..(1 << 60) + 8 {
                assert_eq!(put(&store, heavy, quarter), SetOutcome::Stored);
                assert!(readable(&store, heavy), "{kind:?}, {shards} shards");
                assert!(store.bytes() <= store.max_bytes());
                // The window is a tenth of the shard, which sees a tenth of the writes more or less.
                write(fill / 12);
                assert!(readable(&store, heavy), "{kind:?}, {shards} shards: gone too soon");
                // The first comes into an empty store, the next ones into a full one.
                write(fill);
            }
            write(2 * fill);
            let used = store.bytes();
            assert!(used * 100 >= store.max_bytes() * 98, "{kind:?}, {shards} shards: {used}");
        }
    }
}

#[test]
fn a_value_as_large_as_its_shard_does_not_give_way_to_the_next_write() {
    for kind in BOTH {
        let store = store(16 << 20, 4, kind);
        let fill = store.max_bytes() / store.entry_cost(true, 8, SMALL);
        (0..2 * fill).for_each(|key| _ = put(&store, key, SMALL));
        put(&store, 1 << 60, (store.max_bytes() / 4) as usize - 5000);
        for key in 2 * fill..2 * fill + fill / 12 {
            put(&store, key, SMALL);
            assert!(readable(&store, 1 << 60), "{kind:?}: gone after {} writes", key - 2 * fill);
        }
    }
}

#[test]
fn what_nobody_asks_for_any_more_is_swept_by_later_writes() {
    let store = store(8 << 20, 4, PolicyKind::TinyLfu);
    let soon = Lifetime { to_live: 10 * MS, to_idle: NEVER };
    (0..4_000_u64).for_each(|key| _ = store.set(&key.to_le_bytes(), 0, &[], soon));
    assert_eq!(store.len(), 4_000);
    store.clock().advance(20 * MS);
    assert_eq!(store.len(), 4_000, "counted until swept");
    (4_000..5_000).for_each(|key| _ = put(&store, key, 0));
    assert_eq!((store.len(), store.stats().expirations), (1_000, 4_000));
}

#[test]
fn a_write_over_an_entry_gives_it_a_new_lifetime() {
    let store = store(1 << 20, 1, PolicyKind::TinyLfu);
    let set = |to_live, to_idle| store.set(b"key", 0, b"value", Lifetime { to_live, to_idle });
    let held = || store.peek(b"key", |_| ()).is_some();
    set(10 * MS, NEVER);
    store.clock().advance(9 * MS);
    set(10 * MS, NEVER);
    store.clock().advance(9 * MS);
    assert!(held(), "counted from the second write");
    set(NEVER, NEVER);
    store.clock().advance(1_000 * MS);
    assert!(held(), "without end");
    set(NEVER, 10 * MS);
    for _ in 0..5 {
        store.clock().advance(9 * MS);
        assert!(store.get(b"key", |_| ()).is_some(), "kept alive by reads");
    }
    store.clock().advance(9 * MS);
    assert!(held());
    store.clock().advance(MS - 1);
    assert!(held(), "a peek prolongs nothing, and a nanosecond is left");
    store.clock().advance(1);
    assert!(!held(), "at its deadline it has expired");
    assert!(!store.delete(b"key"), "and is not there to be deleted");
    assert_eq!((store.stats().expirations, store.stats().deletes), (1, 0));
}

//! The policy against a plain model: a map of what is held, and for exact LRU a list of it.

use std::collections::{BTreeMap, HashMap};

use proptest::prelude::*;

use super::super::policy::{Departure, Policy, PolicyConfig, PolicyKind};
use super::super::slots::Slot;
use super::random::{Random, mix};

/// A policy, and beside it what its owner knows: which key has which slot, and what it weighs. Every
/// call checks what must hold after every call.
struct Watched {
    policy: Policy,
    kind: PolicyKind,
    slots: HashMap<u64, Slot>,
    held: HashMap<Slot, Held>,
    weight: u64,
    /// The held slots by when they were used last.
    order: BTreeMap<u64, Slot>,
    uses: u64,
    vacant: Vec<Slot>,
    /// The keys that left at the last call, in the order of the reports.
    left: Vec<u64>,
}

#[derive(Clone, Copy)]
struct Held {
    key: u64,
    hash: u64,
    weight: u32,
    used: u64,
}

impl Watched {
    fn new(kind: PolicyKind, capacity: u32) -> Self {
        Self::with_ceiling(kind, capacity, capacity)
    }

    fn with_ceiling(kind: PolicyKind, capacity: u32, ceiling: u32) -> Self {
        let config = PolicyConfig { kind, nominal: u64::from(capacity), ceiling, nominal_len: u64::MAX };
        let mut watched = Self {
            policy: Policy::new(config),
            kind,
            slots: HashMap::new(),
            held: HashMap::new(),
            weight: 0,
            order: BTreeMap::new(),
            uses: 0,
            vacant: Vec::new(),
            left: Vec::new(),
        };
        watched.set_capacity(u64::from(capacity));
        watched
    }

    fn holds(&self, key: u64) -> bool {
        self.slots.contains_key(&key)
    }

    /// A write of `key`: a new entry, or the present one weighed anew. Like the shard, it reports a
    /// write of a present key as a use.
    fn set(&mut self, key: u64, weight: u32) {
        self.set_hashed(key, mix(key), weight);
    }

    fn set_hashed(&mut self, key: u64, hash: u64, weight: u32) {
        let present = self.slots.get(&key).copied();
        let old = present.map_or(0, |slot| self.held[&slot].weight);
        let fits = self.weight - u64::from(old) + u64::from(weight) <= self.policy.capacity();
        let mut gone = Vec::new();
        let slot = if let Some(slot) = present {
            self.policy.reweigh(slot, weight, &mut gone);
            slot
        } else {
            let unused = self.held.len() + self.vacant.len();
            let slot = self.vacant.pop().unwrap_or(unused as Slot);
            self.policy.insert(slot, hash, weight, false, &mut gone);
            slot
        };
        if present.is_some() {
            self.forget(slot);
            self.vacant.pop();
        }
        self.slots.insert(key, slot);
        self.held.insert(slot, Held { key, hash, weight, used: 0 });
        self.weight += u64::from(weight);
        self.touch(slot);
        self.settle(&gone, Some(slot));
        if fits {
            assert_eq!(self.left, [], "something left although everything fits");
        }
        if present.is_some() {
            self.policy.read(slot);
            self.check();
        }
    }

    fn get(&mut self, key: u64) -> bool {
        let Some(slot) = self.slots.get(&key).copied() else {
            return false;
        };
        self.policy.read(slot);
        self.touch(slot);
        self.check();
        true
    }

    fn delete(&mut self, key: u64) {
        let Some(slot) = self.slots.get(&key).copied() else {
            return;
        };
        self.policy.remove(slot);
        self.forget(slot);
        self.check();
    }

    fn set_capacity(&mut self, capacity: u64) {
        let fits = self.weight <= capacity;
        let mut gone = Vec::new();
        self.policy.set_capacity(capacity, &mut gone);
        self.settle(&gone, None);
        if fits {
            assert_eq!(self.left, [], "something left although everything fits");
        }
    }

    fn settle(&mut self, gone: &[Departure], fresh: Option<Slot>) {
        self.left.clear();
        for Departure { slot, .. } in gone {
            assert_ne!(Some(*slot), fresh, "the fresh entry left");
            let held = self.held.get(slot).expect("a slot left that was not held, or left twice");
            self.left.push(held.key);
            if self.kind == PolicyKind::Lru {
                let oldest = self.order.first_key_value().map(|(_, oldest)| oldest);
                assert_eq!(oldest, Some(slot), "not the least recently used left");
            }
            self.forget(*slot);
        }
        self.check();
    }

    fn touch(&mut self, slot: Slot) {
        let held = self.held.get_mut(&slot).expect("the slot is held");
        self.order.remove(&held.used);
        self.uses += 1;
        held.used = self.uses;
        self.order.insert(self.uses, slot);
    }

    fn forget(&mut self, slot: Slot) {
        let held = self.held.remove(&slot).expect("the slot is held");
        self.weight -= u64::from(held.weight);
        self.slots.remove(&held.key);
        self.order.remove(&held.used);
        self.vacant.push(slot);
    }

    fn check(&self) {
        assert_eq!(self.policy.len(), self.held.len());
        assert_eq!(self.policy.is_empty(), self.held.is_empty());
        assert!(self.policy.weight() <= self.policy.capacity(), "over the capacity");
        assert_eq!(self.policy.weight(), self.weight);
        // In the large tests it would take too long to look at each slot each time.
        if self.held.len() <= KEYS as usize {
            for (slot, held) in &self.held {
                assert_eq!(self.policy.weight_of(*slot), held.weight);
                assert_eq!(self.policy.hash_of(*slot), held.hash);
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Set {
        key: u64,
        weight: u32,
    },
    Get {
        key: u64,
    },
    /// Reads enough to make a key famous.
    GetOften {
        key: u64,
    },
    Delete {
        key: u64,
    },
    SetCapacity {
        share: u64,
    },
}

const KEYS: u64 = 48;

fn steps(weights: impl Strategy<Value = u32> + Clone) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => (0..KEYS, weights).prop_map(|(key, weight)| Step::Set { key, weight }),
        6 => (0..KEYS).prop_map(|key| Step::Get { key }),
        1 => (0..KEYS).prop_map(|key| Step::GetOften { key }),
        2 => (0..KEYS).prop_map(|key| Step::Delete { key }),
        1 => (1..=200_u64).prop_map(|share| Step::SetCapacity { share }),
    ];
    proptest::collection::vec(step, 1..300)
}

/// Weights in parts of a hundred of the capacity: most within the window, some above it, some as heavy
/// as the capacity itself.
fn mixed_weights() -> impl Strategy<Value = u32> + Clone {
    prop_oneof![6 => 1..=10_u32, 3 => 8..=30_u32, 1 => 30..=99_u32, 1 => Just(100_u32)]
}

fn kinds() -> impl Strategy<Value = PolicyKind> {
    prop_oneof![Just(PolicyKind::TinyLfu), Just(PolicyKind::Lru)]
}

/// Runs `steps` on a policy of `capacity`, which `Step::SetCapacity` takes up to twice as high.
fn run(kind: PolicyKind, capacity: u32, steps: &[Step]) {
    let mut watched = Watched::with_ceiling(kind, capacity, capacity * 2);
    for step in steps {
        match *step {
            Step::Set { key, weight } => {
                // Some keys share their hash, as keys may.
                let weight = weight.min(watched.policy.capacity() as u32);
                watched.set_hashed(key, mix(key % (KEYS - 8)), weight);
                assert!(watched.holds(key), "what was just set is held");
            }
            Step::Get { key } => {
                watched.get(key);
            }
            Step::GetOften { key } => (0..20).for_each(|_| {
                watched.get(key);
            }),
            Step::Delete { key } => watched.delete(key),
            Step::SetCapacity { share } => {
                watched.set_capacity((u64::from(capacity) * share / 100).max(1));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn entries_of_one_weight_are_held_as_the_model_says(
        kind in kinds(), capacity in 1..=40_u32, steps in steps(Just(1)),
    ) {
        run(kind, capacity, &steps);
    }

    #[test]
    fn entries_of_mixed_weights_are_held_as_the_model_says(
        kind in kinds(), steps in steps(mixed_weights()),
    ) {
        run(kind, 100, &steps);
    }

    #[test]
    fn entries_far_heavier_than_the_unit_are_held_as_the_model_says(
        kind in kinds(), steps in steps(mixed_weights().prop_map(|weight| weight * 41)),
    ) {
        run(kind, 4_100, &steps);
    }
}

const BOTH: [PolicyKind; 2] = [PolicyKind::TinyLfu, PolicyKind::Lru];

#[test]
fn a_limit_of_n_holds_n_keys_and_gives_freed_room_back() {
    for kind in BOTH {
        for n in [1, 2, 3, 10, 100, 1_000, 5_000] {
            let mut watched = Watched::new(kind, n);
            let n = u64::from(n);
            let fill = |watched: &mut Watched, keys: std::ops::Range<u64>| {
                for key in keys {
                    watched.set(key, 1);
                    assert_eq!(watched.left, [], "{kind:?} of {n} let one go before it was full");
                }
            };
            fill(&mut watched, 0..n);
            assert_eq!(watched.held.len() as u64, n);
            for key in n..2 * n {
                watched.set(key, 1);
                assert_eq!(watched.left.len(), 1, "{kind:?} of {n}: one comes, one goes");
            }
            let mut held: Vec<u64> = watched.slots.keys().copied().collect();
            held.sort_unstable();
            let freed = n.div_ceil(3);
            held.iter().take(freed as usize).for_each(|key| watched.delete(*key));
            fill(&mut watched, 2 * n..2 * n + freed);
            assert_eq!(watched.held.len() as u64, n);
        }
    }
}

#[test]
fn whatever_the_weights_nothing_leaves_until_the_capacity_is_used() {
    // 1,090 takes 18 entries of 60: the window has room for one, the rest of it must serve as well.
    for (capacity, weight) in [(1_090, 60), (100, 7), (10, 3), (1_000, 501), (1_000, 100), (1_001, 91)] {
        for kind in BOTH {
            let mut watched = Watched::new(kind, capacity);
            let fit = u64::from(capacity / weight);
            (0..fit).for_each(|key| watched.set(key, weight));
            assert_eq!(watched.held.len() as u64, fit, "{kind:?}: {capacity} by {weight}");
            (0..fit).for_each(|key| assert!(watched.get(key)));
        }
    }
}

#[test]
fn a_fresh_entry_lives_until_a_windows_worth_of_others_has_come() {
    let mut watched = Watched::new(PolicyKind::TinyLfu, 1_000);
    (0..2_000).for_each(|key| watched.set(key, 1));
    // Where no key comes again, no window is better than the first.
    let window = (watched.policy.activity().window_share * 1_000.0) as u64;
    assert_eq!(window, 200);
    for key in (10_000..30_000).step_by(400) {
        watched.set(key, 1);
        for other in key + 1..key + window {
            watched.set(other, 1);
            assert!(watched.holds(key), "left after {} others", other - key);
        }
        // It was seen once, in a full cache.
        watched.set(key + window, 1);
        assert!(!watched.holds(key));
    }
}

#[test]
fn a_fresh_entry_among_others_of_all_weights_lives_through_the_window() {
    const HEAVIEST: u64 = 50;
    let mut random = Random::new(1);
    let mut watched = Watched::new(PolicyKind::TinyLfu, 10_000);
    for round in 0..200_u64 {
        let fresh = round * 10_000;
        watched.set(fresh, random.below(HEAVIEST) as u32 + 1);
        let mut others = 0;
        for key in fresh + 1.. {
            let weight = random.below(HEAVIEST) as u32 + 1;
            others += u64::from(weight);
            watched.set(key, weight);
            // The window is a fifth, of which it is promised seven eighths where weights differ.
            if others > 2_000 * 7 / 8 - HEAVIEST {
                break;
            }
            assert!(watched.holds(fresh), "left after others of {others}");
        }
    }
}

#[test]
fn an_entry_heavier_than_the_window_lives_until_a_tenth_of_the_capacity_was_written() {
    let mut watched = Watched::new(PolicyKind::TinyLfu, 10_000);
    (0..3_000).for_each(|key| watched.set(key, 10));
    for (round, weight) in [2_001, 3_000, 9_000].into_iter().enumerate() {
        let heavy = (round as u64 + 1) * 100_000;
        watched.set(heavy, weight);
        for other in 1..100 {
            watched.set(heavy + other, 10);
            assert!(watched.holds(heavy), "{weight} left after {other} others");
        }
        (100..3_000).for_each(|other| watched.set(heavy + other, 10));
        assert!(!watched.holds(heavy), "seen once, it gives way in the end");
        assert!(watched.policy.weight() > 9_900, "and its room is used again");
    }
}

/// Reads a key, or writes it where it is missing.
fn use_key(watched: &mut Watched, key: u64) -> bool {
    let hit = watched.get(key);
    if !hit {
        watched.set(key, 1);
    }
    hit
}

/// How many of 500 keys that were used 20 times are held after 20,000 others were seen once.
fn hot_keys_after_a_scan(kind: PolicyKind) -> usize {
    let mut watched = Watched::new(kind, 1_000);
    for _ in 0..20 {
        (0..500).for_each(|key| _ = use_key(&mut watched, key));
    }
    (10_000..30_000).for_each(|key| _ = use_key(&mut watched, key));
    (0..500).filter(|key| watched.holds(*key)).count()
}

#[test]
fn a_hot_set_outlives_a_long_scan_unless_the_policy_is_lru() {
    assert_eq!(hot_keys_after_a_scan(PolicyKind::Lru), 0);
    let kept = hot_keys_after_a_scan(PolicyKind::TinyLfu);
    assert!(kept >= 490, "{kept} of 500");
}

/// How many of 15,000 keys that were used 4 times a policy of 20,000 holds after 100,000 others were
/// seen `seen` times each.
fn hot_keys_after_noise(seen: u32) -> usize {
    let mut watched = Watched::new(PolicyKind::TinyLfu, 20_000);
    for _ in 0..4 {
        (0..15_000).for_each(|key| _ = use_key(&mut watched, key));
    }
    for key in 1_000_000..1_100_000 {
        (0..seen).for_each(|_| _ = use_key(&mut watched, key));
    }
    (0..15_000).filter(|key| watched.holds(*key)).count()
}

#[test]
fn moka_tells_frequencies_apart_among_many_thousands_of_keys() {
    // With the sketch that moka would make for itself (128 counters) none of them is left.
    for seen in [1, 2, 3] {
        let kept = hot_keys_after_noise(seen);
        assert!(kept >= 14_700, "{kept} of 15000 after others were seen {seen} times");
    }
}

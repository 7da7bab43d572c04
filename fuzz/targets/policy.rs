//! Sequences of calls on a policy, whose slots and weights are held against a map.
#![no_main]

use std::collections::HashMap;

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use mokapot::engine::policy::{Departure, Policy, PolicyConfig, PolicyKind};
use mokapot::engine::slots::{NONE, Slot};

const MOST_STEPS: usize = 1000;

#[derive(Arbitrary, Debug)]
struct Settings {
    lru: bool,
    capacity: u16,
    max: Option<u8>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Insert { slot: u8, hash: u16, weight: Weight },
    InsertAnywhere { slot: u16, hash: u64 },
    Read { slot: u8, times: u8 },
    Remove { slot: u8 },
    Reweigh { slot: u8, weight: Weight },
    EvictOne,
    SetCapacity { capacity: u16 },
    Retarget { capacity: u16, max: Option<u8> },
    Ask { slot: u32, generation: u32 },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Weight {
    One,
    Share(u8),
    Any(u16),
}

impl Weight {
    /// Within the capacity, and never 0, as it never is.
    fn of(self, capacity: u64) -> u32 {
        let weight = match self {
            Weight::One => 1,
            Weight::Share(share) => capacity * u64::from(share) / 255,
            Weight::Any(weight) => u64::from(weight),
        };
        weight.clamp(1, capacity) as u32
    }
}

struct Watched {
    policy: Policy,
    held: HashMap<Slot, (u64, u32)>,
    gone: Vec<Departure>,
}

fn config(kind: PolicyKind, capacity: u16, max: Option<u8>) -> PolicyConfig {
    let nominal = u64::from(capacity) + 1;
    let nominal_len = max.map_or(u64::MAX, |max| u64::from(max) + 1);
    PolicyConfig { kind, nominal, ceiling: nominal as u32 * 4, nominal_len }
}

impl Watched {
    fn new(settings: &Settings) -> Self {
        let kind = if settings.lru { PolicyKind::Lru } else { PolicyKind::TinyLfu };
        let config = config(kind, settings.capacity, settings.max);
        let mut policy = Policy::new(config);
        policy.set_capacity(config.nominal, &mut Vec::new());
        Self { policy, held: HashMap::new(), gone: Vec::new() }
    }

    fn insert(&mut self, slot: Slot, hash: u64, weight: u32) {
        let weight = weight.min(self.policy.capacity() as u32);
        if self.policy.is_held(slot) {
            return;
        }
        let crowded = self.held.len() as u64 >= self.policy.config().nominal_len;
        let fits = !crowded && self.policy.weight() + u64::from(weight) <= self.policy.capacity();
        self.policy.insert(slot, hash, weight, crowded, &mut self.gone);
        assert!(!fits || self.gone.is_empty(), "nothing leaves while there is room");
        assert!(!crowded || self.held.is_empty() || !self.gone.is_empty(), "one leaves for one too many");
        self.held.insert(slot, (hash, weight));
        self.settle(slot);
    }

    fn reweigh(&mut self, slot: Slot, weight: Weight) {
        let weight = weight.of(self.policy.capacity());
        if let Some((_, held)) = self.held.get_mut(&slot) {
            *held = weight;
            self.policy.reweigh(slot, weight, &mut self.gone);
            self.settle(slot);
        }
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Insert { slot, hash, weight } => {
                self.insert(Slot::from(slot), u64::from(hash), weight.of(self.policy.capacity()));
            }
            Step::InsertAnywhere { slot, hash } => self.insert(Slot::from(slot), hash, 1),
            Step::Read { slot, times } => {
                for _ in 0..times {
                    if self.policy.is_held(Slot::from(slot)) {
                        self.policy.read(Slot::from(slot));
                    }
                }
            }
            Step::Remove { slot } => {
                let slot = Slot::from(slot);
                if self.held.remove(&slot).is_some() {
                    self.policy.remove(slot);
                }
            }
            Step::Reweigh { slot, weight } => self.reweigh(Slot::from(slot), weight),
            Step::EvictOne => {
                self.policy.evict_one(NONE, &mut self.gone);
                assert_eq!(self.gone.is_empty(), self.held.is_empty(), "one leaves if there is one");
            }
            Step::SetCapacity { capacity } => {
                self.policy.set_capacity(u64::from(capacity.max(1)), &mut self.gone);
            }
            Step::Retarget { capacity, max } => {
                let config = config(self.policy.kind(), capacity, max);
                self.policy.retarget(config, &mut self.gone);
                self.policy.set_capacity(config.nominal, &mut self.gone);
            }
            Step::Ask { slot, generation } => {
                let current = self.policy.is_current(slot, generation);
                assert!(!current || self.policy.is_held(slot));
            }
        }
        self.settle(NONE);
    }

    /// Takes out of the model what left, which was there and is not the `fresh` entry.
    fn settle(&mut self, fresh: Slot) {
        for Departure { slot, .. } in self.gone.drain(..) {
            assert_ne!(slot, fresh, "the fresh entry left");
            assert!(self.held.remove(&slot).is_some(), "a slot left that was not held, or twice");
        }
        assert_eq!(self.policy.len(), self.held.len());
        let weight = self.held.values().map(|(_, weight)| u64::from(*weight)).sum::<u64>();
        assert_eq!(self.policy.weight(), weight);
        assert!(weight <= self.policy.capacity(), "over the capacity");
        if fresh != NONE {
            let held = (self.policy.hash_of(fresh), self.policy.weight_of(fresh));
            assert_eq!(self.held.get(&fresh), Some(&held), "what was just set is held");
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let mut data = Unstructured::new(data);
    let Ok(settings) = Settings::arbitrary(&mut data) else { return };
    let mut watched = Watched::new(&settings);
    for _ in 0..MOST_STEPS {
        let Ok(step) = Step::arbitrary(&mut data) else { return };
        watched.run(&step);
        if data.is_empty() {
            return;
        }
    }
});

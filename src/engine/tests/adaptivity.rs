//! The policy on workloads that change: what it makes of each phase, beside the best that one setting could.

use std::collections::HashMap;

use super::super::policy::{Activity, Departure, Policy, PolicyConfig, PolicyKind};
use super::super::slots::Slot;
use super::random::{Random, mix};

/// A cache of keys alone, which reports its reads in the sample that the real ones use.
struct Cache {
    policy: Policy,
    slots: HashMap<u64, Slot>,
    tenants: Vec<(u64, u32)>,
    vacant: Vec<Slot>,
    gone: Vec<Departure>,
}

impl Cache {
    fn new(max: u32) -> Self {
        let nominal = u64::from(max);
        let config = PolicyConfig { kind: PolicyKind::TinyLfu, nominal, ceiling: max, nominal_len: u64::MAX };
        let mut policy = Policy::new(config);
        policy.set_capacity(nominal, &mut Vec::new());
        Self { policy, slots: HashMap::new(), tenants: Vec::new(), vacant: Vec::new(), gone: Vec::new() }
    }

    /// A read, and a write where it misses; whether it was a hit.
    fn request(&mut self, key: u64) -> bool {
        if let Some(&slot) = self.slots.get(&key) {
            let reads = &mut self.tenants[slot as usize].1;
            *reads += 1;
            if reads.is_power_of_two() && *reads <= 32 || reads.is_multiple_of(32) {
                self.policy.read(slot);
            }
            return true;
        }
        let slot = self.vacant.pop().unwrap_or(self.tenants.len() as Slot);
        if slot as usize == self.tenants.len() {
            self.tenants.push((key, 0));
        } else {
            self.tenants[slot as usize] = (key, 0);
        }
        self.slots.insert(key, slot);
        self.policy.insert(slot, mix(key), 1, false, &mut self.gone);
        for Departure { slot, .. } in self.gone.drain(..) {
            self.slots.remove(&self.tenants[slot as usize].0);
            self.vacant.push(slot);
        }
        assert!(self.slots.len() as u64 <= self.policy.capacity());
        false
    }

    /// The hit ratio over all requests, in percent.
    fn replay(&mut self, requests: impl Iterator<Item = u64>) -> f64 {
        let (mut hits, mut all) = (0, 0);
        for key in requests {
            all += 1;
            hits += u32::from(self.request(key));
        }
        100.0 * f64::from(hits) / f64::from(all)
    }
}

const MAX: u32 = 1_000;

/// A loop over more keys than fit: at best the cache's part of them are hits, 66.6 %; with LRU none.
fn over_and_over() -> impl Iterator<Item = u64> {
    (0..100_000).map(|at| at % 1_500)
}

/// Every key twice, with 599 others between: by recency one request in two is a hit, by frequency none.
fn twice(phase: u64) -> impl Iterator<Item = u64> {
    (0..100_000).map(move |at| (phase << 32) + at / 1_200 * 600 + at % 600)
}

#[test]
fn a_loop_is_held_in_part_then_recency_then_the_loop_again() {
    let mut cache = Cache::new(MAX);
    let shares: Vec<(f64, Activity)> = vec![
        (cache.replay(over_and_over()), cache.policy.activity()),
        (cache.replay(twice(1)), cache.policy.activity()),
        (cache.replay(over_and_over()), cache.policy.activity()),
        (cache.replay(twice(2)), cache.policy.activity()),
    ];
    for (at, best) in [66.6, 50.0, 66.6, 50.0].into_iter().enumerate() {
        let (ratio, activity) = shares[at];
        // What is missing is lost while it changes over, in a phase of 100 capacities.
        assert!(ratio >= best * 0.75, "phase {at}: {ratio:.1} of {best}, {activity:?}");
        let recency = activity.setting.recency();
        assert!(if at % 2 == 0 { recency < 0.1 } else { recency > 0.7 }, "phase {at}: {activity:?}");
    }
}

#[test]
fn skewed_keys_lose_nothing_to_adapting() {
    let mut cache = Cache::new(MAX);
    let mut random = Random::new(7);
    let ratio = cache.replay((0..400_000).map(|_| random.skewed(50_000)));
    // The 1,000 most frequent of these keys are 63.8 % of the requests.
    assert!(ratio >= 59.0, "{ratio:.1}");
}

#[test]
fn what_it_does_can_be_seen() {
    let mut cache = Cache::new(MAX);
    let fresh = cache.policy.activity();
    assert_eq!((fresh.admitted, fresh.refused), (0, 0));
    cache.replay(over_and_over());
    let Activity { window_share, setting, admitted, refused } = cache.policy.activity();
    assert!((window_share - setting.window).abs() < 1e-9, "the window has arrived where it should");
    assert!(admitted >= 800, "the main region was filled: {admitted}");
    assert!(refused >= 20_000, "most that was missed was not kept: {refused}");
}

#[test]
fn the_same_requests_have_the_same_outcome() {
    let run = || {
        let mut cache = Cache::new(300);
        let mut random = Random::new(3);
        let ratios = [
            cache.replay((0..50_000).map(|_| random.skewed(3_000))),
            cache.replay(over_and_over()),
            cache.replay(twice(1)),
        ];
        (ratios, cache.policy.activity())
    };
    assert_eq!(run(), run());
}

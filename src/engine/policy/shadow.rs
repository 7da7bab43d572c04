//! A shadow cache: a small model of window, filter and main region, which tells how a setting would do.
//!
//! It holds fingerprints instead of entries and sees a sample of the keys at a capacity scaled down alike, so it
//! misses about as often as a cache of the full size would (Waldspurger, Saemundsson, Ahmad, Park: "Cache Modeling and
//! Optimization using Miniature Simulations", 2017). It counts fame as moka does, on offers and on reads in the main
//! region: counting all uses, as the filter does, its hit ratio on `orm-night` was 4.5 points off; so it is 0.1 off.

use hashbrown::HashTable;

use super::super::sketch::FrequencySketch;
use super::admission::FILTER_THRESHOLD;
use super::setting::Setting;

/// A key in the sample.
pub(super) type Fingerprint = u32;

/// One use of a key, or several that are reported together.
#[derive(Clone, Copy)]
pub(super) struct Sighting {
    pub key: Fingerprint,
    pub weight: u32,
    /// For how many sightings it counts in the sketches.
    pub fame: u32,
    /// When it is, in sightings.
    pub now: u32,
}

/// How fast [`ShadowCache::stay`] follows: an average over about fifty that left.
const STAY_FOLLOWS: f32 = 0.02;

type Index = u16;

/// The end of a list.
const NONE: Index = Index::MAX;

#[derive(Clone, Copy)]
struct Node {
    key: Fingerprint,
    weight: u32,
    /// When it was used last.
    used: u32,
    newer: Index,
    older: Index,
    in_main: bool,
}

/// The recency list of the window or of the main region.
struct List {
    newest: Index,
    oldest: Index,
    weight: u64,
}

const EMPTY: List = List { newest: NONE, oldest: NONE, weight: 0 };

/// See the [module](self).
pub(super) struct ShadowCache {
    nodes: Vec<Node>,
    index: HashTable<Index>,
    vacant: Vec<Index>,
    /// However light they are, no more entries than this.
    most: usize,
    window: List,
    main: List,
    window_capacity: u64,
    capacity: u64,
    lenient: bool,
    /// How famous the keys are that were offered to the main region.
    fame: FrequencySketch,
    stay: f32,
}

/// The hash of a fingerprint.
#[inline]
pub(super) fn spread(key: Fingerprint) -> u64 {
    u64::from(key).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

impl ShadowCache {
    /// An empty one for about `entries` entries that weigh `capacity` together.
    pub(super) fn new(setting: Setting, capacity: u64, entries: usize) -> Self {
        let capacity = capacity.max(1);
        let window_capacity = ((capacity as f64 * setting.window).round() as u64).max(1);
        Self {
            nodes: Vec::new(),
            index: HashTable::new(),
            vacant: Vec::new(),
            most: (entries * 4).min(usize::from(NONE) - 1),
            window: EMPTY,
            main: EMPTY,
            window_capacity,
            capacity,
            lenient: setting.lenient,
            fame: FrequencySketch::new(entries),
            stay: 0.0,
        }
    }

    /// How long after their last use entries left of late, on average, in sightings.
    pub(super) fn stay(&self) -> f32 {
        self.stay
    }

    /// Uses a key, which comes in if it was not there; whether it was. `filter` has counted this use already.
    #[inline]
    pub(super) fn access(&mut self, sighting: Sighting, filter: &FrequencySketch) -> bool {
        let Sighting { key, weight, fame, now } = sighting;
        let Self { index, nodes, .. } = self;
        let found = index.find(spread(key), |at| nodes[*at as usize].key == key).copied();
        if let Some(at) = found {
            let node = &mut nodes[at as usize];
            node.used = now;
            if node.in_main {
                (0..fame).for_each(|_| self.fame.increment(spread(key)));
            }
            self.unlink(at);
            self.push(at);
        } else if u64::from(weight) <= self.capacity {
            self.enter(sighting, filter);
        }
        found.is_some()
    }

    fn enter(&mut self, Sighting { key, weight, now, .. }: Sighting, filter: &FrequencySketch) {
        if self.index.len() >= self.most {
            self.drop_one(now);
        }
        let node = Node { key, weight, used: now, newer: NONE, older: NONE, in_main: false };
        let at = if let Some(at) = self.vacant.pop() {
            self.nodes[at as usize] = node;
            at
        } else {
            self.nodes.push(node);
            (self.nodes.len() - 1) as Index
        };
        let Self { index, nodes, .. } = self;
        index.insert_unique(spread(key), at, |at| spread(nodes[*at as usize].key));
        self.push(at);
        while self.window.weight > self.window_capacity && self.window.oldest != at {
            self.leave_window(now, filter);
        }
        while self.window.weight + self.main.weight > self.capacity {
            self.drop_one(now);
        }
    }

    /// The oldest of the window goes to the main region, or away.
    fn leave_window(&mut self, now: u32, filter: &FrequencySketch) {
        let candidate = self.window.oldest;
        self.unlink(candidate);
        let Node { key, weight, .. } = self.nodes[candidate as usize];
        let weight = u64::from(weight);
        self.nodes[candidate as usize].in_main = true;
        let room = self.capacity - self.window_capacity.min(self.capacity);
        if self.main.weight + weight > room {
            if filter.count(spread(key)) <= FILTER_THRESHOLD || self.main.weight < weight {
                return self.forget(candidate, now);
            }
            self.fame.increment(spread(key));
            if !self.lenient && !self.is_more_famous(candidate) {
                return self.forget(candidate, now);
            }
            while self.main.weight + weight > room && self.main.oldest != NONE {
                self.drop(self.main.oldest, now);
            }
        } else {
            self.fame.increment(spread(key));
        }
        self.push(candidate);
    }

    /// Whether moka would admit the candidate: it must be more famous than the victims of its weight together.
    fn is_more_famous(&self, candidate: Index) -> bool {
        let Node { key, weight, .. } = self.nodes[candidate as usize];
        let (mut victim, mut freed, mut fame) = (self.main.oldest, 0, 0);
        while freed < weight && victim != NONE {
            let node = &self.nodes[victim as usize];
            freed += node.weight;
            fame += u32::from(self.fame.count(spread(node.key)));
            victim = node.newer;
        }
        u32::from(self.fame.count(spread(key))) > fame
    }

    /// Makes room: the oldest of the main region goes, else that of the window.
    fn drop_one(&mut self, now: u32) {
        let victim = if self.main.oldest == NONE { self.window.oldest } else { self.main.oldest };
        self.drop(victim, now);
    }

    fn drop(&mut self, victim: Index, now: u32) {
        self.unlink(victim);
        self.forget(victim, now);
    }

    fn forget(&mut self, at: Index, now: u32) {
        let Node { key, used, .. } = self.nodes[at as usize];
        self.stay += (now.wrapping_sub(used) as f32 - self.stay) * STAY_FOLLOWS;
        if let Ok(found) = self.index.find_entry(spread(key), |other| *other == at) {
            found.remove();
        }
        self.vacant.push(at);
    }

    fn push(&mut self, at: Index) {
        let Node { weight, in_main, .. } = self.nodes[at as usize];
        let list = if in_main { &mut self.main } else { &mut self.window };
        list.weight += u64::from(weight);
        let newest = std::mem::replace(&mut list.newest, at);
        if newest == NONE {
            list.oldest = at;
        } else {
            self.nodes[newest as usize].newer = at;
        }
        self.nodes[at as usize].newer = NONE;
        self.nodes[at as usize].older = newest;
    }

    fn unlink(&mut self, at: Index) {
        let Node { weight, newer, older, in_main, .. } = self.nodes[at as usize];
        let list = if in_main { &mut self.main } else { &mut self.window };
        list.weight -= u64::from(weight);
        if newer == NONE {
            list.newest = older;
        } else {
            self.nodes[newer as usize].older = older;
        }
        if older == NONE {
            list.oldest = newer;
        } else {
            self.nodes[older as usize].newer = newer;
        }
    }

    /// How many entries it has memory for.
    #[cfg(test)]
    pub(super) fn footprint(&self) -> usize {
        self.nodes.len()
    }
}

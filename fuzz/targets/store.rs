//! Sequences of operations on a store, of which every answer and every limit is held against a map with a clock.
#![no_main]

use std::collections::HashMap;

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use mokapot::engine::clock::{Clock, Nanos};
use mokapot::engine::expiry::{Lifetime, NEVER, StaleWindows};
use mokapot::engine::flight::{Asking, Joined, Landing, Standing};
use mokapot::engine::payload::Payload;
use mokapot::engine::policy::PolicyKind;
use mokapot::engine::stamps::Stamp;
use mokapot::engine::store::{Counting, Cursor, Seed, SetOutcome, Store, StoreConfig, Storing};

const MS: Nanos = 1_000_000;
const MOST_STEPS: usize = 500;

#[derive(Arbitrary, Debug)]
struct Settings {
    lru: bool,
    shards: u8,
    max_bytes: u16,
    max: Option<u8>,
    stale: Option<u8>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Set { key: u8, len: u16, life: Life },
    SetSmall { key: u8, len: u8 },
    Get { key: u8 },
    Peek { key: u8 },
    Delete { key: u8 },
    Clear,
    Advance { ms: u8 },
    AdvanceNanos { nanos: u32 },
    Resize { max_bytes: Option<u16>, max: Option<u8> },
    Purge,
    Scan { at_once: u8 },
    ScanFrom { shard: u8, slot: u32, most: u8 },
    Near { key: u8 },
    HearOfReads { shard: u8, slot: u8, generation: u8, reads: u8 },
    ReadAgain { key: u8 },
    Distrust,
    Held { key: u8 },
    Join { key: u8, party: u8, anew: bool, in_background: bool },
    Complete { party: u8, len: u16, life: Option<Life> },
    Fail { party: u8, stands: u8 },
    Look { flight: u8, party: u8 },
    Leave { flight: u8, party: u8, lasting: bool },
    Abandon { party: u8 },
}

#[derive(Arbitrary, Clone, Copy, Debug)]
struct Life {
    ttl: Option<u8>,
    tti: Option<u8>,
}

impl Life {
    fn lifetime(self) -> Lifetime {
        let span = |ms: Option<u8>| ms.map_or(NEVER, |ms| (Nanos::from(ms) + 1) * MS / 2);
        Lifetime { to_live: span(self.ttl), to_idle: span(self.tti) }
    }
}

/// What was last written of a key.
#[derive(Clone)]
struct Written {
    value: Vec<u8>,
    hard: Nanos,
    idle: Nanos,
    to_idle: Nanos,
}

impl Written {
    fn deadline(&self) -> Nanos {
        self.hard.min(self.idle)
    }
}

/// A load that a party was told to do.
struct Load {
    id: u64,
    key: u8,
    party: u64,
}

struct Watched {
    store: Store,
    stale: StaleWindows,
    /// What the store may hold, and nothing else.
    model: HashMap<u8, Written>,
    near: HashMap<u8, (Stamp, Vec<u8>)>,
    loads: Vec<Load>,
    /// All flights there ever were, and their keys.
    flights: Vec<(u64, u8)>,
    versions: u64,
    gets: u64,
}

/// Keys of different lengths, the empty one among them.
fn key_bytes(key: u8) -> Vec<u8> {
    vec![key; if key == 0 { 0 } else { 1 + usize::from(key % 40) }]
}

fn bytes_of(payload: &Payload) -> Vec<u8> {
    payload.value().to_vec()
}

impl Watched {
    fn new(settings: &Settings) -> Self {
        let ms = settings.stale.map_or(0, |ms| Nanos::from(ms) * MS);
        let stale = StaleWindows { revalidate: ms, on_error: ms / 2 };
        let store = Store::new(&StoreConfig {
            max_bytes: 1 + u64::from(settings.max_bytes),
            max: settings.max.map(|max| u64::from(max) + 1),
            policy: if settings.lru { PolicyKind::Lru } else { PolicyKind::TinyLfu },
            shards: Some(1 << (settings.shards % 3)),
            seed: Seed::Fixed(7),
            clock: Clock::manual(),
        });
        Self {
            store: store.keeping_stale(stale),
            stale,
            model: HashMap::new(),
            near: HashMap::new(),
            loads: Vec::new(),
            flights: Vec::new(),
            versions: 0,
            gets: 0,
        }
    }

    fn now(&self) -> Nanos {
        self.store.clock().now()
    }

    fn fresh_value(&mut self, len: usize) -> Vec<u8> {
        self.versions += 1;
        let mut value = self.versions.to_le_bytes().to_vec();
        value.resize(len.max(8), self.versions as u8);
        value
    }

    fn note_written(&mut self, key: u8, value: Vec<u8>, lifetime: Lifetime) {
        let now = self.now();
        let (hard, idle) = (now.saturating_add(lifetime.to_live), now.saturating_add(lifetime.to_idle));
        self.model.insert(key, Written { value, hard, idle, to_idle: lifetime.to_idle });
    }

    fn set(&mut self, key: u8, len: usize, lifetime: Lifetime) {
        let (value, before) = (self.fresh_value(len), self.peek(key));
        match self.store.set(&key_bytes(key), 0, &value, lifetime) {
            SetOutcome::Stored => {
                self.note_written(key, value.clone(), lifetime);
                assert_eq!(self.peek(key), Some(value), "what was just set is readable");
            }
            SetOutcome::TooLarge => {
                assert_eq!(self.peek(key), before, "a refused write leaves what was there");
            }
            SetOutcome::OutOfMemory => panic!("there is memory"),
        }
    }

    /// What is found is what was written last, and has not expired.
    fn compare(&mut self, key: u8, found: Option<&Vec<u8>>) {
        let now = self.now();
        let Some(found) = found else {
            // It is gone for good, but may be kept stale.
            if self.stale == StaleWindows::NONE {
                self.model.remove(&key);
            }
            return;
        };
        let written = self.model.get(&key).expect("what is found was written");
        assert!(written.deadline() > now, "and has not expired");
        assert_eq!(found, &written.value);
    }

    fn touch(&mut self, key: u8) {
        let now = self.now();
        if let Some(written) = self.model.get_mut(&key) {
            written.idle = now.saturating_add(written.to_idle);
        }
    }

    fn peek(&mut self, key: u8) -> Option<Vec<u8>> {
        let found = self.store.peek(&key_bytes(key), bytes_of);
        self.compare(key, found.as_ref());
        found
    }

    fn get(&mut self, key: u8) {
        self.gets += 1;
        let found = self.store.get(&key_bytes(key), bytes_of);
        self.compare(key, found.as_ref());
        if found.is_some() {
            self.touch(key);
        }
    }

    fn near(&mut self, key: u8) {
        self.store.stamps().table();
        self.gets += 1;
        let near = self.store.get_near(&key_bytes(key), Counting::Misses, bytes_of);
        let found = near.as_ref().map(|near| &near.taken);
        self.compare(key, found);
        if let Some(near) = near {
            self.touch(key);
            self.near.insert(key, (near.stamp, near.taken));
        }
    }

    /// A value that is kept elsewhere and whose stamp stands is the one written last.
    fn check_near(&mut self) {
        let now = self.now();
        for (key, (stamp, value)) in &self.near {
            if self.store.stamps().value(stamp.stripe) != stamp.value {
                continue;
            }
            let written = self.model.get(key);
            let expired = written.is_none_or(|written| written.deadline() <= now);
            assert!(expired || written.is_some_and(|written| written.value == *value), "a stale near value");
        }
    }

    fn read_again(&mut self, key: u8) {
        let Some((stamp, value)) = self.near.get(&key).cloned() else { return };
        let near = self.store.read_again(&key_bytes(key), stamp.value);
        if near.is_some() {
            self.gets += 1;
            self.compare(key, Some(&value));
            self.touch(key);
        }
    }

    fn scan(&mut self, at_once: usize) {
        let (mut payloads, mut cursor) = (Vec::new(), Some(Cursor::default()));
        while let Some(from) = cursor {
            cursor = self.store.scan(from, at_once, &mut payloads);
        }
        assert!(payloads.len() as u64 <= self.store.len());
        let mut keys: Vec<_> = payloads.iter().map(|payload| payload.key().to_vec()).collect();
        keys.sort_unstable();
        assert!(keys.windows(2).all(|pair| pair[0] != pair[1]), "each entry once");
    }

    fn held(&mut self, key: u8) {
        let now = self.now();
        let Some(kept) = self.store.held(&key_bytes(key), bytes_of) else { return };
        let written = self.model.get(&key).expect("what is kept was written");
        assert_eq!(kept.taken, written.value);
        assert_eq!(kept.past, now.checked_sub(written.deadline()));
        assert!(kept.past.is_none_or(|past| past < kept.stale.longest()));
    }

    fn join(&mut self, key: u8, party: u64, asking: Asking) {
        match self.store.join(&key_bytes(key), party, asking) {
            Joined::Fresh => assert!(self.peek(key).is_some()),
            Joined::Load(id) => {
                let other = self.loads.iter().find(|load| load.id == id);
                assert!(other.is_none_or(|load| load.party == party), "a flight has one loader");
                self.loads.push(Load { id, key, party });
                self.flights.push((id, key));
            }
            Joined::Loading(id) => {
                assert!(self.loads.iter().any(|load| load.id == id && load.party == party));
            }
            Joined::Wait(id) => {
                assert!(
                    self.loads.iter().any(|load| load.id == id && load.key == key && load.party != party)
                );
            }
            Joined::Failed(..) => assert!(!asking.anew),
            Joined::Busy => assert!(asking.in_background),
            Joined::OutOfMemory => panic!("there is memory"),
        }
    }

    fn complete(&mut self, party: u64, len: usize, life: Option<Life>) {
        let Some(place) = self.loads.iter().rposition(|load| load.party == party) else { return };
        let Load { id, key, .. } = self.loads.remove(place);
        let value = self.fresh_value(len);
        let sets = self.store.stats().sets;
        let storing = life.map(|life| Storing { lifetime: life.lifetime(), stale: StaleWindows::NONE });
        assert!(self.store.complete(id, party, 0, &value, storing).is_some());
        if let Some(storing) = storing
            && self.store.stats().sets > sets
        {
            self.note_written(key, value.clone(), storing.lifetime);
            assert_eq!(self.peek(key), Some(value), "what was just loaded is readable");
        }
    }

    fn fail(&mut self, party: u64, stands: u8) {
        let Some(place) = self.loads.iter().rposition(|load| load.party == party) else { return };
        let Load { id, .. } = self.loads.remove(place);
        assert!(self.store.fail(id, party, b"error", Nanos::from(stands) * MS).is_some());
    }

    fn look(&mut self, flight: u8, party: u64) {
        let Some((id, key)) = self.flight(flight) else { return };
        match self.store.look(id, party) {
            Standing::Yours => {
                assert!(self.loads.iter().all(|load| load.id != id), "a flight has one loader");
                self.loads.push(Load { id, key, party });
            }
            Standing::Landed(Landing::Loaded(payload)) => assert!(payload.value().len() >= 8),
            Standing::Landed(Landing::Failed(payload)) => assert_eq!(payload.value(), b"error"),
            Standing::Deserted => self.loads.retain(|load| load.id != id),
            Standing::UnderWay => assert!(self.loads.iter().any(|load| load.id == id)),
            Standing::Unknown => {}
        }
    }

    fn leave(&mut self, flight: u8, party: u64, lasting: bool) {
        let Some((id, _)) = self.flight(flight) else { return };
        if self.store.leave(id, party, lasting) {
            self.loads.retain(|load| load.id != id || load.party != party);
        }
    }

    fn flight(&self, flight: u8) -> Option<(u64, u8)> {
        let place = usize::from(flight) % self.flights.len().max(1);
        self.flights.get(place).copied()
    }

    fn run(&mut self, step: &Step) {
        match *step {
            Step::Set { key, len, life } => self.set(key, usize::from(len), life.lifetime()),
            Step::SetSmall { key, len } => self.set(key, usize::from(len), Lifetime::ENDLESS),
            Step::Get { key } => self.get(key),
            Step::Peek { key } => _ = self.peek(key),
            Step::Delete { key } => {
                let there = self.peek(key).is_some();
                assert_eq!(self.store.delete(&key_bytes(key)), there);
                self.model.remove(&key);
            }
            Step::Clear => {
                self.store.clear();
                self.model.clear();
                assert_eq!((self.store.len(), self.store.bytes()), (0, 0));
            }
            Step::Advance { ms } => self.store.clock().advance(Nanos::from(ms) * MS),
            Step::AdvanceNanos { nanos } => self.store.clock().advance(Nanos::from(nanos)),
            Step::Resize { max_bytes, max } => {
                self.store.resize(max_bytes.map(|max| 1 + u64::from(max)), max.map(|max| u64::from(max) + 1));
            }
            Step::Purge => {
                self.store.purge_expired();
                if self.stale == StaleWindows::NONE {
                    let now = self.now();
                    self.model.retain(|_, written| written.deadline() > now);
                    assert!(self.store.len() <= self.model.len() as u64, "none that has expired is left");
                }
            }
            Step::Scan { at_once } => self.scan(usize::from(at_once) + 1),
            Step::ScanFrom { shard, slot, most } => {
                let cursor = Cursor { shard: usize::from(shard), slot };
                self.store.scan(cursor, usize::from(most), &mut Vec::new());
            }
            Step::Near { key } => self.near(key),
            Step::HearOfReads { shard, slot, generation, reads } => {
                let [shard, slot, generation] = [shard, slot, generation].map(u32::from);
                self.store.hear_of_reads(shard, slot, generation, reads);
            }
            Step::ReadAgain { key } => self.read_again(key),
            Step::Distrust => self.store.distrust(),
            Step::Held { key } => self.held(key),
            Step::Join { key, party, anew, in_background } => {
                self.join(key, u64::from(party % 4), Asking { anew, in_background });
            }
            Step::Complete { party, len, life } => {
                self.complete(u64::from(party % 4), usize::from(len), life)
            }
            Step::Fail { party, stands } => self.fail(u64::from(party % 4), stands),
            Step::Look { flight, party } => self.look(flight, u64::from(party % 4)),
            Step::Leave { flight, party, lasting } => self.leave(flight, u64::from(party % 4), lasting),
            Step::Abandon { party } => {
                let party = u64::from(party % 4);
                self.store.abandon(party);
                self.loads.retain(|load| load.party != party);
            }
        }
    }

    fn check(&self) {
        let stats = self.store.stats();
        let left = stats.replaced + stats.deletes + stats.cleared + stats.evictions + stats.expirations;
        assert_eq!(stats.sets - left, self.store.len());
        assert_eq!(stats.hits + stats.misses, self.gets);
        assert!(self.store.bytes() <= self.store.max_bytes());
        assert!(self.store.len() <= self.store.max());
        assert!(self.store.is_empty() == (self.store.bytes() == 0));
    }
}

fuzz_target!(|data: &[u8]| {
    let mut data = Unstructured::new(data);
    let Ok(settings) = Settings::arbitrary(&mut data) else { return };
    let mut watched = Watched::new(&settings);
    for _ in 0..MOST_STEPS {
        let Ok(step) = Step::arbitrary(&mut data) else { return };
        watched.run(&step);
        watched.check();
        watched.check_near();
        if data.is_empty() {
            return;
        }
    }
});

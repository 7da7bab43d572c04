//! Loads beside writes, and entries that are kept past their deadline.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::thread;

use super::super::clock::Clock;
use super::super::expiry::{Lifetime, NEVER, StaleWindows};
use super::super::flight::{Asking, FlightId, Joined, Landing, Party, Standing};
use super::super::policy::PolicyKind;
use super::super::store::{Cursor, Seed, SetOutcome, Store, StoreConfig, Storing};

const KEY: &[u8] = b"key";
const LOADER: Party = 1;
const WAITER: Party = 2;
const SECOND: u64 = 1_000_000_000;
const WAITING: Asking = Asking { anew: false, in_background: false };
const ENDLESS: Storing = Storing { lifetime: Lifetime::ENDLESS, stale: StaleWindows::NONE };
const FOR_A_SECOND: Lifetime = Lifetime { to_live: SECOND, to_idle: NEVER };

fn store(max_bytes: u64, shards: u32, clock: &Clock) -> Store {
    let clock = clock.clone();
    let (policy, seed) = (PolicyKind::TinyLfu, Seed::Fixed(7));
    Store::new(&StoreConfig { max_bytes, max: None, policy, shards: Some(shards), seed, clock })
}

fn load(store: &Store, key: &[u8]) -> FlightId {
    match store.join(key, LOADER, WAITING) {
        Joined::Load(id) => id,
        _ => panic!("it is not to load"),
    }
}

fn wait(store: &Store, key: &[u8]) -> FlightId {
    match store.join(key, WAITER, WAITING) {
        Joined::Wait(id) => id,
        _ => panic!("it is not to wait"),
    }
}

fn landed(store: &Store, id: FlightId) -> Vec<u8> {
    match store.look(id, WAITER) {
        Standing::Landed(Landing::Loaded(payload)) => payload.value().to_vec(),
        _ => panic!("it did not land"),
    }
}

fn get(store: &Store, key: &[u8]) -> Option<Vec<u8>> {
    store.peek(key, |payload| payload.value().to_vec())
}

#[test]
fn flights_of_all_shards_land_where_they_began() {
    let store = store(64 << 20, 4, &Clock::manual());
    let keys: Vec<[u8; 2]> = (0..300u16).map(u16::to_le_bytes).collect();
    let flights: Vec<_> = keys.iter().map(|key| load(&store, key)).collect();
    for (key, id) in keys.iter().zip(&flights) {
        assert_eq!(wait(&store, key), *id);
    }
    for (key, id) in keys.iter().zip(&flights) {
        assert_eq!(store.complete(*id, LOADER, 9, key, Some(ENDLESS)), Some(1));
    }
    for (key, id) in keys.iter().zip(&flights) {
        assert_eq!(get(&store, key).unwrap(), key);
        assert!(matches!(store.join(key, WAITER, WAITING), Joined::Fresh));
        assert_eq!(landed(&store, *id), key);
    }
}

#[test]
fn any_write_wins_over_a_load() {
    let store = store(1 << 20, 1, &Clock::manual());
    for (write, left) in [(0, Some(&b"written"[..])), (1, None), (2, None)] {
        let id = load(&store, KEY);
        wait(&store, KEY);
        match write {
            0 => assert_eq!(store.set(KEY, 0, b"written", Lifetime::ENDLESS), SetOutcome::Stored),
            1 => assert!(!store.delete(KEY)),
            _ => store.clear(),
        }
        assert_eq!(store.complete(id, LOADER, 0, b"loaded", Some(ENDLESS)), Some(1));
        assert_eq!(get(&store, KEY).as_deref(), left);
        assert_eq!(landed(&store, id), b"loaded");
        store.delete(KEY);
    }
}

#[test]
fn a_write_that_is_refused_changes_nothing_for_a_load() {
    let store = store(4096, 1, &Clock::manual());
    let id = load(&store, KEY);
    assert_eq!(store.set(KEY, 0, &[0; 10_000], Lifetime::ENDLESS), SetOutcome::TooLarge);
    store.complete(id, LOADER, 0, b"loaded", Some(ENDLESS));
    assert_eq!(get(&store, KEY).as_deref(), Some(&b"loaded"[..]));
}

#[test]
fn what_is_refused_still_reaches_those_who_wait() {
    let store = store(4096, 1, &Clock::manual());
    let id = load(&store, KEY);
    wait(&store, KEY);
    assert_eq!(store.complete(id, LOADER, 0, &[7; 10_000], Some(ENDLESS)), Some(1));
    assert_eq!((store.len(), store.stats().rejected), (0, 1));
    assert_eq!(landed(&store, id), [7; 10_000]);
    assert_ne!(load(&store, KEY), id);
}

#[test]
fn what_was_evicted_during_its_load_is_stored() {
    let store = store(4096, 1, &Clock::manual());
    let id = load(&store, KEY);
    for key in 0..1000u32 {
        store.set(&key.to_le_bytes(), 0, &[0; 100], Lifetime::ENDLESS);
    }
    store.complete(id, LOADER, 0, b"loaded", Some(ENDLESS));
    assert_eq!(get(&store, KEY).as_deref(), Some(&b"loaded"[..]));
}

#[test]
fn an_entry_past_its_deadline_is_held_for_loading_alone() {
    let clock = Clock::manual();
    let stale = StaleWindows { revalidate: SECOND, on_error: 2 * SECOND };
    let store = store(1 << 20, 1, &clock).keeping_stale(stale);
    store.set(KEY, 0, b"value", FOR_A_SECOND);
    let bytes = store.bytes();
    assert_eq!(store.held(KEY, |_| ()).unwrap().past, None);
    clock.advance(SECOND);
    for after in [0, SECOND, 2 * SECOND - 1] {
        let held = store.held(KEY, |payload| payload.value().to_vec()).unwrap();
        assert_eq!((held.taken.as_slice(), held.past, held.stale), (&b"value"[..], Some(after), stale));
        assert_eq!(store.get(KEY, |_| ()), None);
        assert_eq!((get(&store, KEY), store.info(KEY)), (None, None));
        assert_eq!(store.scan(Cursor::default(), 10, &mut Vec::new()), None);
        assert_eq!((store.purge_expired(), store.len(), store.bytes()), (0, 1, bytes));
        clock.advance(if after == 0 { SECOND } else { SECOND - 1 });
    }
    clock.advance(1);
    assert!(store.held(KEY, |_| ()).is_none());
    assert_eq!((store.purge_expired(), store.len(), store.bytes()), (1, 0, 0));
}

#[test]
fn an_idle_entry_is_kept_stale_too_and_reading_it_does_not_bring_it_back() {
    let clock = Clock::manual();
    let store = store(1 << 20, 1, &clock).keeping_stale(StaleWindows { revalidate: 0, on_error: 5 * SECOND });
    store.set(KEY, 0, b"value", Lifetime { to_live: NEVER, to_idle: SECOND });
    clock.advance(SECOND / 2);
    assert!(store.get(KEY, |_| ()).is_some());
    clock.advance(2 * SECOND);
    assert_eq!(store.get(KEY, |_| ()), None);
    assert_eq!(store.held(KEY, |_| ()).unwrap().past, Some(SECOND));
}

#[test]
fn a_stale_entry_leaves_with_a_write() {
    let clock = Clock::manual();
    let store = store(1 << 20, 1, &clock).keeping_stale(StaleWindows { revalidate: NEVER, on_error: NEVER });
    for round in 1..=3 {
        store.set(KEY, 0, b"value", FOR_A_SECOND);
        clock.advance(100 * SECOND);
        assert!(store.held(KEY, |_| ()).is_some());
        match round {
            1 => assert!(!store.delete(KEY), "it had expired"),
            2 => store.clear(),
            _ => assert_eq!(store.set(KEY, 0, b"new", FOR_A_SECOND), SetOutcome::Stored),
        }
        assert!(store.held(KEY, |_| ()).is_none_or(|held| held.past.is_none()));
    }
    assert_eq!(store.len(), 1);
}

#[test]
fn how_long_a_loaded_entry_is_kept_is_said_by_its_load() {
    let clock = Clock::manual();
    let store = store(1 << 20, 1, &clock).keeping_stale(StaleWindows { revalidate: NEVER, on_error: NEVER });
    let stale = StaleWindows { revalidate: 0, on_error: SECOND };
    let id = load(&store, KEY);
    store.complete(id, LOADER, 0, b"value", Some(Storing { lifetime: FOR_A_SECOND, stale }));
    clock.advance(SECOND);
    assert_eq!(store.held(KEY, |_| ()).unwrap().stale, stale);
    clock.advance(SECOND);
    assert!(store.held(KEY, |_| ()).is_none());
    store.purge_expired();
    assert_eq!(store.len(), 0);
}

#[test]
fn stale_entries_are_paid_for_and_keep_the_limit() {
    let clock = Clock::manual();
    let store = store(64 << 10, 1, &clock).keeping_stale(StaleWindows { revalidate: NEVER, on_error: 0 });
    for key in 0..10_000u32 {
        store.set(&key.to_le_bytes(), 0, &[0; 50], FOR_A_SECOND);
        clock.advance(SECOND / 10);
        assert!(store.bytes() <= store.max_bytes());
    }
    let stats = store.stats();
    assert_eq!(stats.sets - stats.evictions, store.len());
    let each = store.bytes() / store.len();
    assert_eq!(each, store.entry_cost(false, 4, 50) + 16);
}

#[test]
fn a_miss_is_counted_by_who_asks_to_load() {
    let store = store(1 << 20, 1, &Clock::manual());
    assert_eq!(store.get_before_loading(KEY, |_| ()), None);
    store.set(KEY, 0, b"value", Lifetime::ENDLESS);
    assert_eq!(store.get_before_loading(KEY, |_| ()), Some(()));
    store.count(|stats| stats.coalesced += 3);
    let stats = store.stats();
    assert_eq!((stats.hits, stats.misses, stats.coalesced), (1, 0, 3));
}

#[test]
fn of_four_threads_one_loads_a_key_at_a_time_though_loaders_vanish() {
    const KEYS: usize = 3;
    const ROUNDS: u64 = 20_000;
    let store = store(1 << 20, 1, &Clock::manual());
    let running: [AtomicU32; KEYS] = Default::default();
    let loads = AtomicU64::new(0);
    let load = |id, party, key: usize, vanishes: bool| {
        assert_eq!(running[key].fetch_add(1, Ordering::SeqCst), 0, "key {key} is loaded twice at once");
        thread::yield_now();
        running[key].fetch_sub(1, Ordering::SeqCst);
        if vanishes {
            store.abandon(party);
        } else {
            let nth = loads.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            let forgotten = Storing { lifetime: FOR_A_SECOND, ..ENDLESS };
            store.complete(id, party, 0, &nth, (key > 0).then_some(forgotten)).unwrap();
        }
    };
    thread::scope(|scope| {
        for number in 0..4u64 {
            let (store, load) = (&store, &load);
            scope.spawn(move || {
                let mut party = number << 32;
                for round in 0..ROUNDS {
                    let key = (round as usize + number as usize) % KEYS;
                    let vanishes = (round * 7 + number).is_multiple_of(13);
                    let name = [key as u8];
                    match store.join(&name, party, Asking { anew: true, in_background: false }) {
                        Joined::Load(id) => load(id, party, key, vanishes),
                        Joined::Wait(id) => loop {
                            match store.look(id, party) {
                                Standing::UnderWay => thread::yield_now(),
                                Standing::Yours => break load(id, party, key, vanishes),
                                Standing::Landed(Landing::Loaded(payload)) => {
                                    assert_eq!(payload.key(), name);
                                    break;
                                }
                                _ => panic!("the flight is lost"),
                            }
                        },
                        _ => panic!("a party that takes part in nothing else"),
                    }
                    party += u64::from(vanishes);
                }
            });
        }
    });
    for key in 0..KEYS as u8 {
        assert!(matches!(store.join(&[key], LOADER, Asking { anew: true, ..WAITING }), Joined::Load(_)));
    }
    assert!(loads.into_inner() > ROUNDS / 2);
}

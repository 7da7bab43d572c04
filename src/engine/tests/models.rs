//! Models: every order in which a few threads may come to the locks and atomics of `sync`, tried by loom.
//!
//! `npm run test:models` runs them, with `--cfg loom`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use loom::sync::atomic::AtomicU32;
use loom::thread;

use super::super::clock::Clock;
use super::super::expiry::{Lifetime, StaleWindows};
use super::super::flight::{Asking, FlightId, Joined, Landing, Party, Standing};
use super::super::payload::Payload;
use super::super::policy::PolicyKind;
use super::super::registry::{Registry, Settings, Shared};
use super::super::store::{Counting, Seed, Store, StoreConfig, Storing};

const KEY: &[u8] = b"key";

/// Tries all orders with no more than three switches that no thread asked for: most defects show with two.
fn model(body: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(body);
}

fn store() -> Store {
    Store::new(&StoreConfig {
        max_bytes: 1 << 20,
        max: None,
        policy: PolicyKind::Lru,
        shards: Some(1),
        seed: Seed::Fixed(7),
        clock: Clock::manual(),
    })
}

fn set(store: &Store, value: &[u8]) {
    store.set(KEY, 0, value, Lifetime::ENDLESS);
}

fn value_of(payload: &Payload) -> Vec<u8> {
    payload.value().to_vec()
}

/// What a thread keeps of the key: the value, and the stamp and stripe by which it trusts it.
fn keep(store: &Store) -> Option<(Vec<u8>, u32, u32)> {
    store.stamps().table();
    let near = store.get_near(KEY, Counting::Misses, value_of)?;
    Some((near.taken, near.stamp.stripe, near.stamp.value))
}

/// Runs `write` beside a reader who keeps a value: once the write is known to be over (one was told by the other, so
/// that one comes before the other), what is kept and still trusted is what the write left.
fn a_write_beside_a_reader(write: fn(&Store), left: Option<&'static [u8]>, mapped_before: bool) {
    model(move || {
        let store = Arc::new(store());
        if mapped_before {
            store.stamps().table();
        }
        set(&store, b"old");
        let over = Arc::new(AtomicU32::new(0));
        let writer = thread::spawn({
            let (store, over) = (Arc::clone(&store), Arc::clone(&over));
            move || {
                write(&store);
                over.store(1, Ordering::Release);
            }
        });
        let kept = keep(&store);
        let known = over.load(Ordering::Acquire) == 1;
        if let Some((value, stripe, stamp)) = &kept {
            let trusted = store.stamps().value(*stripe) == *stamp;
            assert!(!(known && trusted) || Some(&value[..]) == left, "a stale value is trusted");
        }
        writer.join().unwrap();
        if let Some((value, stripe, stamp)) = kept {
            let trusted = store.stamps().value(stripe) == stamp;
            assert!(!trusted || Some(&value[..]) == left, "a stale value is trusted for good");
        }
    });
}

#[test]
fn a_reader_never_trusts_what_was_overwritten() {
    for mapped_before in [true, false] {
        a_write_beside_a_reader(|store| set(store, b"new"), Some(b"new"), mapped_before);
    }
}

#[test]
fn a_reader_never_trusts_what_was_deleted_or_cleared() {
    for mapped_before in [true, false] {
        a_write_beside_a_reader(|store| _ = store.delete(KEY), None, mapped_before);
        a_write_beside_a_reader(Store::clear, None, mapped_before);
    }
}

fn join(store: &Store, party: Party) -> Joined {
    store.join(KEY, party, Asking::default())
}

fn begin(store: &Store, party: Party) -> FlightId {
    let Joined::Load(flight) = join(store, party) else { panic!("nobody else loads") };
    flight
}

#[test]
fn of_two_that_ask_at_once_one_loads_and_the_other_waits_for_it() {
    model(|| {
        let store = Arc::new(store());
        let ask = |party| {
            let store = Arc::clone(&store);
            thread::spawn(move || match join(&store, party) {
                Joined::Load(flight) => (true, flight),
                Joined::Wait(flight) => (false, flight),
                _ => panic!("it neither loads nor waits"),
            })
        };
        let (first, second) = (ask(1), ask(2));
        let ((one, flight), (other, same)) = (first.join().unwrap(), second.join().unwrap());
        assert_eq!(flight, same);
        assert!(one != other, "one loads, one waits");
    });
}

#[test]
fn when_the_loader_is_gone_one_of_two_waiters_loads_in_its_place() {
    model(|| {
        let store = Arc::new(store());
        let flight = begin(&store, 1);
        assert!(matches!(join(&store, 2), Joined::Wait(_)) && matches!(join(&store, 3), Joined::Wait(_)));
        let look = |party| {
            let store = Arc::clone(&store);
            thread::spawn(move || matches!(store.look(flight, party), Standing::Yours))
        };
        let lookers = [look(2), look(3)];
        store.abandon(1);
        let mut told = lookers.map(|looker| looker.join().unwrap()).iter().filter(|yours| **yours).count();
        for party in [2, 3] {
            told += usize::from(matches!(store.look(flight, party), Standing::Yours));
        }
        assert_eq!(told, 1);
    });
}

#[test]
fn a_write_during_a_load_wins_and_who_waits_gets_what_was_loaded() {
    model(|| {
        let store = Arc::new(store());
        let flight = begin(&store, 1);
        assert!(matches!(join(&store, 2), Joined::Wait(_)));
        let writer = thread::spawn({
            let store = Arc::clone(&store);
            move || set(&store, b"written")
        });
        let storing = Storing { lifetime: Lifetime::ENDLESS, stale: StaleWindows::NONE };
        assert_eq!(store.complete(flight, 1, 0, b"loaded", Some(storing)), Some(1));
        writer.join().unwrap();
        assert_eq!(store.peek(KEY, value_of).as_deref(), Some(&b"written"[..]));
        let Standing::Landed(Landing::Loaded(payload)) = store.look(flight, 2) else { panic!("it landed") };
        assert_eq!(payload.value(), b"loaded");
    });
}

#[test]
fn a_waiter_is_told_whether_the_loader_lands_or_dies_first() {
    model(|| {
        let store = Arc::new(store());
        let flight = begin(&store, 1);
        assert!(matches!(join(&store, 2), Joined::Wait(_)));
        let end = thread::spawn({
            let store = Arc::clone(&store);
            move || store.abandon(1)
        });
        store.complete(flight, 1, 0, b"loaded", None);
        end.join().unwrap();
        assert!(matches!(store.look(flight, 2), Standing::Landed(_) | Standing::Yours));
        assert!(matches!(store.look(flight, 2), Standing::Unknown | Standing::UnderWay));
    });
}

fn open(registry: &Arc<Registry>) -> Arc<Shared> {
    let settings = Settings {
        lifetime: Lifetime::ENDLESS,
        stale: StaleWindows::NONE,
        spans: [0.0; 5],
        codec: String::new(),
    };
    registry.create(Some("name".into()), settings, store).unwrap_or_else(|living| living)
}

#[test]
fn all_who_open_a_name_at_once_get_one_cache_and_the_last_frees_the_name() {
    model(|| {
        let registry = Arc::<Registry>::default();
        let opener = thread::spawn({
            let registry = Arc::clone(&registry);
            move || open(&registry)
        });
        let (mine, theirs) = (open(&registry), opener.join().unwrap());
        assert!(Arc::ptr_eq(&mine, &theirs));
        assert_eq!(registry.living(), 1);
        let leaver = thread::spawn(move || drop(theirs));
        drop(mine);
        leaver.join().unwrap();
        assert_eq!(registry.living(), 0);
        assert!(registry.named("name").is_none());
    });
}

#[test]
fn who_attaches_as_the_last_one_lets_go_gets_the_living_cache_or_none() {
    model(|| {
        let registry = Arc::<Registry>::default();
        let cache = open(&registry);
        let (index, generation) = (cache.index, cache.generation);
        let leaver = thread::spawn(move || drop(cache));
        let attached = registry.find(index, generation);
        let opened = open(&registry);
        if let Some(attached) = &attached {
            assert!(Arc::ptr_eq(attached, &opened), "the living one has the name");
        }
        leaver.join().unwrap();
        assert_eq!(registry.living(), 1);
        assert!(registry.named("name").is_some_and(|named| Arc::ptr_eq(&named, &opened)));
        let found = registry.find(opened.index, opened.generation);
        assert!(found.is_some_and(|found| Arc::ptr_eq(&found, &opened)));
        drop((attached, opened));
        assert_eq!(registry.living(), 0);
        assert!(registry.find(index, generation).is_none(), "a handle of one that is gone finds none");
    });
}

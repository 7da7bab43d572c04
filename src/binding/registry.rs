//! The shared caches of the process: found by name, or by the index and generation of a handle.
//!
//! One table for all threads, since they share one image of the addon. It holds no cache alive: the
//! threads that have one open do, and the last one to let go takes it out.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Weak};

use parking_lot::Mutex;

use crate::engine::clock::{Clock, Nanos};
use crate::engine::expiry::{Lifetime, StaleWindows};
use crate::engine::store::Store;

/// How a cache was made; `open` compares it with what it is asked for.
#[derive(Clone)]
pub struct Settings {
    /// What entries get that are stored without a lifetime of their own.
    pub lifetime: Lifetime,
    /// How long they are kept past their deadline.
    pub stale: StaleWindows,
    /// The same as it was asked for, in milliseconds: ttl, tti, `staleWhileRevalidate`, `staleIfError`; and `errorTtl`.
    pub spans: [f64; 5],
    /// The codec's name: the values mean nothing to who uses another.
    pub codec: String,
}

/// A cache that threads share.
pub struct Shared {
    pub store: Arc<Store>,
    pub settings: Settings,
    pub name: Option<String>,
    /// Where it stands in the registry, for its handle.
    pub index: u32,
    pub generation: u32,
}

#[derive(Default)]
struct Place {
    generation: u32,
    cache: Weak<Shared>,
}

#[derive(Default)]
struct Registry {
    places: Vec<Place>,
    vacant: Vec<u32>,
    names: HashMap<String, u32>,
}

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(Mutex::default);

/// The time of all of them. Only mokapot/testing moves it.
pub static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::machine);

/// Tells this image of the addon from any other copy in the process, and from other processes.
pub static IMAGE: LazyLock<String> = LazyLock::new(|| {
    use std::hash::{BuildHasher, RandomState};
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
});

/// Makes a cache. If it has a `name` that a living cache has already, that one is returned as the error.
pub fn create(
    name: Option<String>,
    settings: Settings,
    store: impl FnOnce() -> Store,
) -> Result<Arc<Shared>, Arc<Shared>> {
    let mut registry = REGISTRY.lock();
    let registry = &mut *registry;
    if let Some(living) = name.as_ref().and_then(|name| registry.named(name)) {
        return Err(living);
    }
    let index = registry.vacant.pop().unwrap_or_else(|| {
        registry.places.push(Place::default());
        registry.places.len() as u32 - 1
    });
    if let Some(name) = &name {
        registry.names.insert(name.clone(), index);
    }
    let place = &mut registry.places[index as usize];
    let shared =
        Arc::new(Shared { store: Arc::new(store()), settings, name, index, generation: place.generation });
    place.cache = Arc::downgrade(&shared);
    Ok(shared)
}

/// The living cache of a handle.
pub fn find(index: u32, generation: u32) -> Option<Arc<Shared>> {
    let registry = REGISTRY.lock();
    let place = registry.places.get(index as usize).filter(|place| place.generation == generation)?;
    place.cache.upgrade()
}

/// The living cache of a name.
pub fn named(name: &str) -> Option<Arc<Shared>> {
    REGISTRY.lock().named(name)
}

/// Moves the clock forward, and has near caches ask anew, whose deadlines are by a clock of their own.
pub fn advance(by: Nanos) {
    CLOCK.advance(by);
    let living: Vec<_> = REGISTRY.lock().places.iter().filter_map(|place| place.cache.upgrade()).collect();
    // Holds are let go without the lock, which the last one takes.
    for cache in living {
        cache.store.distrust();
    }
}

/// How many caches live in this process.
pub fn living() -> usize {
    let registry = REGISTRY.lock();
    registry.places.iter().filter(|place| place.cache.strong_count() > 0).count()
}

impl Registry {
    fn named(&self, name: &str) -> Option<Arc<Shared>> {
        self.places[*self.names.get(name)? as usize].cache.upgrade()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Whoever drops the last hold does so outside of the registry's lock: it only ever hands holds
        // out. A cache of the same name may have been made since the last hold was gone.
        let mut registry = REGISTRY.lock();
        let registry = &mut *registry;
        if let Some(name) = &self.name
            && registry.names.get(name) == Some(&self.index)
        {
            registry.names.remove(name);
        }
        registry.places[self.index as usize].generation += 1;
        registry.vacant.push(self.index);
    }
}

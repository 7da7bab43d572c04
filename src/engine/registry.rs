//! The shared caches of a process: found by name, or by the index and generation of a handle.
//!
//! One table for all threads. It holds no cache alive: the threads that have one open do, and the last one to let go
//! takes it out.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use super::expiry::{Lifetime, StaleWindows};
use super::store::Store;
use super::sync::Mutex;

/// How a cache was made; whoever opens it compares this with what was asked for.
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
    /// Its entries.
    pub store: Arc<Store>,
    /// How it was made.
    pub settings: Settings,
    /// By what it is found, unless by its handle alone.
    pub name: Option<String>,
    /// Where it stands in the registry, for its handle.
    pub index: u32,
    /// Tells it from others that stood there.
    pub generation: u32,
    registry: Arc<Registry>,
}

#[derive(Default)]
struct Place {
    generation: u32,
    cache: Weak<Shared>,
}

#[derive(Default)]
struct Table {
    places: Vec<Place>,
    vacant: Vec<u32>,
    names: HashMap<String, u32>,
}

/// See the [module](self).
#[derive(Default)]
pub struct Registry(Mutex<Table>);

impl Registry {
    /// Makes a cache. If it has a `name` that a living cache has already, that one is returned as the error.
    pub fn create(
        self: &Arc<Self>,
        name: Option<String>,
        settings: Settings,
        store: impl FnOnce() -> Store,
    ) -> Result<Arc<Shared>, Arc<Shared>> {
        let mut table = self.0.lock();
        let table = &mut *table;
        if let Some(living) = name.as_ref().and_then(|name| table.named(name)) {
            return Err(living);
        }
        let store = Arc::new(store());
        let index = table.vacant.pop().unwrap_or_else(|| {
            table.places.push(Place::default());
            table.places.len() as u32 - 1
        });
        if let Some(name) = &name {
            table.names.insert(name.clone(), index);
        }
        // What is vacant, and what was just added, is there.
        let place = &mut table.places[index as usize];
        let generation = place.generation;
        let shared =
            Arc::new(Shared { store, settings, name, index, generation, registry: Arc::clone(self) });
        place.cache = Arc::downgrade(&shared);
        Ok(shared)
    }

    /// The living cache of a handle.
    #[must_use]
    pub fn find(&self, index: u32, generation: u32) -> Option<Arc<Shared>> {
        let table = self.0.lock();
        let place = table.places.get(index as usize).filter(|place| place.generation == generation)?;
        place.cache.upgrade()
    }

    /// The living cache of a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Arc<Shared>> {
        self.0.lock().named(name)
    }

    /// All living caches. Whoever gets them lets go of them when the lock is released, which the last hold takes.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Shared>> {
        self.0.lock().places.iter().filter_map(|place| place.cache.upgrade()).collect()
    }

    /// How many caches live.
    #[must_use]
    pub fn living(&self) -> usize {
        self.0.lock().places.iter().filter(|place| place.cache.strong_count() > 0).count()
    }
}

impl Table {
    fn named(&self, name: &str) -> Option<Arc<Shared>> {
        self.places.get(*self.names.get(name)? as usize)?.cache.upgrade()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // Whoever drops the last hold does so outside of the registry's lock: it only ever hands holds
        // out. A cache of the same name may have been made since the last hold was gone.
        let mut table = self.registry.0.lock();
        let table = &mut *table;
        if let Some(name) = &self.name
            && table.names.get(name) == Some(&self.index)
        {
            table.names.remove(name);
        }
        if let Some(place) = table.places.get_mut(self.index as usize) {
            place.generation = place.generation.wrapping_add(1);
            table.vacant.push(self.index);
        }
    }
}

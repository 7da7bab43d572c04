//! The registry of this process: one for all threads, since they share one image of the addon.

use std::sync::{Arc, LazyLock};

use crate::engine::clock::{Clock, Nanos};
pub use crate::engine::registry::{Registry, Settings, Shared};

/// The shared caches.
pub static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(Arc::default);

/// The time of all of them. Only mokapot/testing moves it.
pub static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::machine);

/// Tells this image of the addon from any other copy in the process, and from other processes.
pub static IMAGE: LazyLock<String> = LazyLock::new(|| {
    use std::hash::{BuildHasher, RandomState};
    let random = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", random(), random())
});

/// Moves the clock forward, and has near caches ask anew, whose deadlines are by a clock of their own.
pub fn advance(by: Nanos) {
    CLOCK.advance(by);
    for cache in REGISTRY.all() {
        cache.store.distrust();
    }
}

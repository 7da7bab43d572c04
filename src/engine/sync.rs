//! The lock and the atomics whose every order the models look at: with `--cfg loom` they are loom's.
//!
//! What is left out of it (counters that are only estimates, threads that tidy up) runs as it is in the models too.

#[cfg(not(loom))]
pub use std::sync::OnceLock;
#[cfg(not(loom))]
pub use std::sync::atomic::AtomicU32;

#[cfg(not(loom))]
pub use parking_lot::{Mutex, MutexGuard};

#[cfg(loom)]
pub use loom::sync::MutexGuard;
#[cfg(loom)]
pub use loom::sync::atomic::AtomicU32;

/// loom's, with the face of `parking_lot`'s.
#[cfg(loom)]
#[derive(Default)]
pub struct Mutex<T>(loom::sync::Mutex<T>);

#[cfg(loom)]
#[allow(missing_docs, clippy::unwrap_used)] // as in parking_lot; a model that panics has failed
impl<T> Mutex<T> {
    pub fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
    }

    pub fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap()
    }
}

/// The standard library's, whose order loom is told by a flag: for one thread that makes the value and others that look.
#[cfg(loom)]
#[derive(Default)]
pub struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    made: loom::sync::atomic::AtomicBool,
}

#[cfg(loom)]
#[allow(missing_docs)] // as in the standard library
impl<T> OnceLock<T> {
    pub fn get(&self) -> Option<&T> {
        if self.made.load(std::sync::atomic::Ordering::Acquire) { self.value.get() } else { None }
    }

    pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        let value = self.value.get_or_init(make);
        self.made.store(true, std::sync::atomic::Ordering::Release);
        value
    }
}

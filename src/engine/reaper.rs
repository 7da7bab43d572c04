//! Drops what takes long to drop on a thread of its own.
//!
//! Freeing a million entries takes the better part of a second, most of it inside moka; the thread
//! that cleared or closed the cache should not wait for it. The thread touches nothing but what it
//! was given, ends with its work, and does not keep the process alive.

/// Below this many entries dropping takes less than starting a thread is worth, about a millisecond.
const WORTH_A_THREAD: usize = 4096;

/// Drops `garbage`, which holds so many `entries`: here if it is little, else elsewhere.
pub fn drop_off_thread<T: Send + 'static>(garbage: T, entries: usize) {
    if entries < WORTH_A_THREAD {
        return;
    }
    // Where no thread can be had, the closure comes back in the error and is dropped here.
    let _ = std::thread::Builder::new().name("mokapot-reaper".into()).spawn(move || drop(garbage));
}

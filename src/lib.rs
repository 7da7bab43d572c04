//! mokapot: a cache for Node.js whose core is moka.
//!
//! [`engine`] decides who stays and holds the bytes; it knows nothing of Node. `binding` turns
//! JavaScript's strings and buffers into slices and back; it decides nothing.

// The registration that napi-derive writes does not exist in test builds, which would leave all of it unused.
#[cfg(all(feature = "node", not(test)))]
mod binding;
pub mod engine;

/// mimalloc frees a block of another thread without a lock. glibc's `free` takes the lock of the block's
/// arena each time: while a cache of a million entries was freed off-thread, a `set` in the thread that had
/// filled it waited up to a second; here 10 ms at the most.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

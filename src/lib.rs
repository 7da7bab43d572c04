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
/// filled it waited up to a second. Here it is 3 to 23 ms on a quiet machine and up to 94 on a busy one
/// (`npm run bench pauses`), when mimalloc has that thread take in what the other one freed.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

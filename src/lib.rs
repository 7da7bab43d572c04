//! mokapot: a cache for Node.js whose core is moka.
//!
//! [`engine`] decides who stays and holds the bytes; it knows nothing of Node. `binding` turns
//! JavaScript's strings and buffers into the bytes that [`forms`] describes, and back; it decides nothing.

pub mod allocator;
// The registration that napi-derive writes does not exist in test builds, which would leave all of it unused.
#[cfg(all(feature = "node", not(test)))]
mod binding;
pub mod engine;
pub mod forms;

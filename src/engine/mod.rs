//! The engine: who stays, for how long, and where the bytes lie. It knows nothing of Node.
//!
//! | module | what it is |
//! |---|---|
//! | [`policy`] | decides which slots stay: window, then frequency filter, then main region |
//! | [`window`] | the admission window, where every new entry lives first |
//! | [`sketch`] | the frequency sketch that filters what leaves the window |
//! | [`main_region`] | moka, told of slots |
//! | [`stamps`] | by which threads see that what they keep of an entry may have changed |
//! | [`slots`] | the table of slots and the recency list threaded through it |
//! | [`expiry`] | deadlines and the timer wheel that finds the passed ones |
//! | [`flight`] | loads under way, so that a key is loaded once for all threads |
//! | [`payload`] | one entry's bytes, key and value, counted |
//! | `size_class` | what the allocator takes for a block |
//! | [`entries`] | one lock's worth of entries: index, payloads, policy, expiry |
//! | [`shard`] | entries behind their lock |
//! | [`budget`] | the one byte limit that all shards draw on |
//! | [`population`] | the one limit on the number of entries |
//! | [`store`] | the shards behind one face |
//! | [`cost`] | what an entry counts in bytes |
//! | [`sweeper`] | the thread that removes expired entries nobody asks for |
//! | [`reaper`] | the thread that frees what takes long to free |
//! | [`clock`] | monotonic time, injectable |
//! | [`stats`] | what happened, counted |
//! | [`registry`] | the shared caches of the process, found by name or handle |
//! | [`sync`] | locks and atomics, which the models exchange |

pub mod budget;
pub mod clock;
pub mod cost;
pub mod entries;
pub mod expiry;
pub mod flight;
pub mod main_region;
pub mod payload;
pub mod policy;
pub mod population;
pub mod reaper;
pub mod registry;
pub mod shard;
mod size_class;
pub mod sketch;
pub mod slots;
pub mod stamps;
pub mod stats;
pub mod store;
pub mod sweeper;
pub mod sync;
pub mod window;

#[cfg(test)]
mod tests;

//! The forms in which keys, texts and lists cross the boundary: bytes and words, with no Node in sight.
//!
//! | module | what it is |
//! |---|---|
//! | [`key`] | keys as bytes, without loss and never the same for two types |
//! | [`text`] | strings as one or two bytes a unit |
//! | [`reads`] | reads that a near cache reports |
//! | [`wire`] | the policy of a `Cache`, told of slots through a few words of shared memory |
//!
//! What is read here came from JavaScript and may be anything: nothing here panics on it.

pub mod key;
pub mod reads;
pub mod text;
pub mod wire;

/// There is no memory for what was to be copied; nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

/// Room for `more` items, without the abort that growing a vector ends with where there is no memory.
#[inline]
pub(crate) fn reserve<T>(items: &mut Vec<T>, more: usize) -> Result<(), OutOfMemory> {
    items.try_reserve(more).map_err(|_| OutOfMemory)
}

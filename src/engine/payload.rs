//! One entry's bytes in one counted block: a header, the value, the key.
//!
//! A value that would make the allocator round the block up by much lies in a block of its own: with 1 KiB values that
//! are 208 of 1,280 bytes.
//!
//! A reader of a long value clones the count under the shard's lock and copies the bytes after it is
//! released, so a removal frees the block as soon as nobody reads it. It is a hand-made `Arc` because
//! that one aborts the process when memory runs out, and because 8 bytes an entry count at millions.

use std::alloc::{Layout, alloc, dealloc};
use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use super::size_class::taken;
use super::sync::AtomicU32;

/// How the value's bytes are to be read. The engine keeps it and gives it back.
pub type ValueKind = u8;

#[repr(C)]
struct Header {
    holders: AtomicU32,
    key_len: u32,
    value_len: u32,
    kind: ValueKind,
    /// Whether the value lies apart, at the address that stands in its place.
    apart: bool,
}

const HEADER: usize = size_of::<Header>();
const _: () = assert!(HEADER.is_multiple_of(align_of::<*mut u8>()), "an address can follow");

/// What the address of a value takes that lies apart.
const ADDRESS: usize = size_of::<*mut u8>();

/// How many bytes a block of its own for the value must spare to be worth a second allocation and a second miss of the
/// processor's cache.
const LEAST_SPARED: u64 = 64;

/// Shorter values never spare as much.
const SHORT: usize = 512;

/// See the [module](self).
pub struct Payload(NonNull<Header>);

// SAFETY: the block is never written after it is made, except for the count, which is atomic.
unsafe impl Send for Payload {}
// SAFETY: as above.
unsafe impl Sync for Payload {}

/// What may go wrong in making one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadError {
    /// Key or value is longer than `u32::MAX` bytes.
    TooLong,
    /// The allocator has no memory left.
    OutOfMemory,
}

impl Payload {
    /// A block that holds copies of key and value.
    pub fn new(key: &[u8], kind: ValueKind, value: &[u8]) -> Result<Self, PayloadError> {
        let key_len = u32::try_from(key.len()).map_err(|_| PayloadError::TooLong)?;
        let value_len = u32::try_from(value.len()).map_err(|_| PayloadError::TooLong)?;
        let Blocks { first, apart } = Blocks::of(key.len(), value.len());
        let elsewhere = if apart { Some(allocate(value.len())?) } else { None };
        let block = match allocate(first) {
            Ok(block) => block,
            Err(error) => {
                // SAFETY: it was allocated just now with this size, and nobody knows of it.
                elsewhere.inspect(|elsewhere| unsafe { free(*elsewhere, value.len()) });
                return Err(error);
            }
        };
        let header = block.cast::<Header>();
        #[allow(clippy::cast_ptr_alignment, reason = "blocks are aligned to 8, and the header keeps that")]
        // SAFETY: the blocks are ours alone, the first aligned for a header and long enough for what follows it: the
        // value or, aligned too, its address, and then the key. The sources lie elsewhere, since the blocks are new.
        unsafe {
            header.write(Header { holders: AtomicU32::new(1), key_len, value_len, kind, apart });
            let place = block.as_ptr().add(HEADER);
            let behind = if let Some(elsewhere) = elsewhere {
                place.cast::<*mut u8>().write(elsewhere.as_ptr());
                elsewhere.as_ptr().copy_from_nonoverlapping(value.as_ptr(), value.len());
                place.add(ADDRESS)
            } else {
                place.copy_from_nonoverlapping(value.as_ptr(), value.len());
                place.add(value.len())
            };
            behind.copy_from_nonoverlapping(key.as_ptr(), key.len());
        }
        Ok(Self(header))
    }

    /// The value's bytes, aligned to 8.
    #[inline]
    #[must_use]
    pub fn value(&self) -> &[u8] {
        let Header { value_len, apart, .. } = *self.header();
        let bytes = if apart { self.elsewhere() } else { self.bytes() };
        // SAFETY: `new` wrote so many bytes there, and nobody writes them again.
        unsafe { std::slice::from_raw_parts(bytes, value_len as usize) }
    }

    /// The key's bytes.
    #[inline]
    #[must_use]
    pub fn key(&self) -> &[u8] {
        let Header { key_len, value_len, apart, .. } = *self.header();
        let before = if apart { ADDRESS } else { value_len as usize };
        // SAFETY: `new` wrote so many bytes behind the value or its address, and nobody writes them again.
        unsafe { std::slice::from_raw_parts(self.bytes().add(before), key_len as usize) }
    }

    /// How the value's bytes are to be read.
    #[inline]
    #[must_use]
    pub fn kind(&self) -> ValueKind {
        self.header().kind
    }

    /// How many bytes a key and a value of these lengths take from the allocator, with its rounding.
    #[must_use]
    pub fn footprint(key_len: usize, value_len: usize) -> u64 {
        Blocks::of(key_len, value_len).footprint(value_len)
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: the block lives as long as any of its holders, of whom `self` is one.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    fn bytes(&self) -> *const u8 {
        // SAFETY: the block is longer than its header, or as long when key and value are empty.
        unsafe { self.0.as_ptr().cast::<u8>().add(HEADER) }
    }

    /// Where the value lies if it lies apart.
    #[inline]
    #[allow(clippy::cast_ptr_alignment, reason = "blocks are aligned to 8, and the header keeps that")]
    fn elsewhere(&self) -> *mut u8 {
        // SAFETY: for a value that lies apart, as the caller knows, `new` wrote its address behind the header.
        unsafe { self.bytes().cast::<*mut u8>().read() }
    }
}

/// How a payload lies in memory.
#[derive(Clone, Copy)]
struct Blocks {
    /// The size of the block with header and key.
    first: usize,
    /// Whether the value has one of its own.
    apart: bool,
}

impl Blocks {
    #[inline]
    fn of(key_len: usize, value_len: usize) -> Self {
        let together = Self { first: HEADER + key_len + value_len, apart: false };
        if value_len < SHORT {
            return together;
        }
        let apart = Self { first: HEADER + ADDRESS + key_len, apart: true };
        if apart.footprint(value_len) + LEAST_SPARED <= together.footprint(value_len) {
            apart
        } else {
            together
        }
    }

    #[inline]
    fn footprint(self, value_len: usize) -> u64 {
        taken(self.first as u64) + if self.apart { taken(value_len as u64) } else { 0 }
    }
}

impl Clone for Payload {
    #[inline]
    fn clone(&self) -> Self {
        // As in `Arc`: a new holder is made from a living one, so no order is needed. A reader holds
        // one only while it copies, so the count is bounded by the number of threads.
        self.header().holders.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl Drop for Payload {
    #[inline]
    fn drop(&mut self) {
        // As in `Arc`: every use of the block happens before the last holder frees it.
        if self.header().holders.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        // A fence would do, but ThreadSanitizer sees none.
        self.header().holders.load(Ordering::Acquire);
        let Header { key_len, value_len, apart, .. } = *self.header();
        let (key_len, value_len) = (key_len as usize, value_len as usize);
        // SAFETY: `new` allocated the blocks with these sizes, and nobody holds them any more.
        unsafe {
            if apart {
                free(NonNull::new_unchecked(self.elsewhere()), value_len);
            }
            free(self.0.cast(), Blocks::of(key_len, value_len).first);
        }
    }
}

/// The layout of a block of `size` bytes.
fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size, align_of::<u64>()).ok()
}

/// A block of `size` bytes, of which there is at least one.
fn allocate(size: usize) -> Result<NonNull<u8>, PayloadError> {
    let layout = layout(size).ok_or(PayloadError::TooLong)?;
    // SAFETY: no block is empty: the first has the header, and no short value lies apart.
    NonNull::new(unsafe { alloc(layout) }).ok_or(PayloadError::OutOfMemory)
}

/// Frees what [`allocate`] made.
///
/// # Safety
/// The block was allocated with this size, and nobody uses it any more.
unsafe fn free(block: NonNull<u8>, size: usize) {
    if let Some(layout) = layout(size) {
        // SAFETY: as the caller promises.
        unsafe { dealloc(block.as_ptr(), layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_put_in() {
        let long = [3; 5000];
        let lens = [0, 1, 7, 511, 512, 600, 1000, 1001, 1024, 1025, 4096, 4999];
        for value in lens.map(|len| &long[..len]) {
            for key in [&b""[..], b"k", b"key", &[4; 1000]] {
                let payload = Payload::new(key, 7, value).unwrap();
                let copy = payload.clone();
                assert_eq!((payload.key(), payload.value(), payload.kind()), (key, value, 7));
                assert_eq!(payload.value().as_ptr().align_offset(8), 0);
                drop(payload);
                assert_eq!((copy.key(), copy.value()), (key, value));
            }
        }
    }

    #[test]
    fn a_value_lies_apart_where_that_spares_memory() {
        for (key_len, value_len, footprint) in [(10, 90, 128), (10, 998, 1024), (10, 1024, 48 + 1024)] {
            assert_eq!(Payload::footprint(key_len, value_len), footprint);
        }
        for value_len in 0..70_000 {
            let together = taken((HEADER + 10 + value_len) as u64);
            assert!(Payload::footprint(10, value_len) <= together, "{value_len}");
        }
    }

    #[test]
    fn lives_as_long_as_its_last_holder() {
        let payload = Payload::new(b"key", 0, &[9; 1000]).unwrap();
        let reader = payload.clone();
        let thread = std::thread::spawn(move || reader.value().iter().all(|byte| *byte == 9));
        drop(payload);
        assert!(thread.join().unwrap());
    }
}

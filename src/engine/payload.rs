//! One entry's bytes in one counted block: a header, the value, the key.
//!
//! A reader of a long value clones the count under the shard's lock and copies the bytes after it is
//! released, so a removal frees the block as soon as nobody reads it. It is a hand-made `Arc` because
//! that one aborts the process when memory runs out, and because 8 bytes an entry count at millions.

use std::alloc::{Layout, alloc, dealloc};
use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use super::sync::AtomicU32;

/// How the value's bytes are to be read. The engine keeps it and gives it back.
pub type ValueKind = u8;

#[repr(C)]
struct Header {
    holders: AtomicU32,
    key_len: u32,
    value_len: u32,
    kind: ValueKind,
}

const HEADER: usize = size_of::<Header>();

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
        let layout = layout(key.len(), value.len()).ok_or(PayloadError::TooLong)?;
        // SAFETY: the layout is never of size 0, since it has the header.
        let block = NonNull::new(unsafe { alloc(layout) }).ok_or(PayloadError::OutOfMemory)?;
        let header = block.cast::<Header>();
        // SAFETY: the block is ours alone, aligned for a header, and long enough for header, value
        // and key in this order; the sources lie elsewhere, since the block is new.
        unsafe {
            header.write(Header { holders: AtomicU32::new(1), key_len, value_len, kind });
            let bytes = block.as_ptr().add(HEADER);
            bytes.copy_from_nonoverlapping(value.as_ptr(), value.len());
            bytes.add(value.len()).copy_from_nonoverlapping(key.as_ptr(), key.len());
        }
        Ok(Self(header))
    }

    /// The value's bytes, aligned to 8.
    #[inline]
    #[must_use]
    pub fn value(&self) -> &[u8] {
        let len = self.header().value_len as usize;
        // SAFETY: `new` wrote so many bytes behind the header, and nobody writes them again.
        unsafe { std::slice::from_raw_parts(self.bytes(), len) }
    }

    /// The key's bytes.
    #[inline]
    #[must_use]
    pub fn key(&self) -> &[u8] {
        let Header { key_len, value_len, .. } = *self.header();
        // SAFETY: `new` wrote so many bytes behind the value, and nobody writes them again.
        unsafe { std::slice::from_raw_parts(self.bytes().add(value_len as usize), key_len as usize) }
    }

    /// How the value's bytes are to be read.
    #[inline]
    #[must_use]
    pub fn kind(&self) -> ValueKind {
        self.header().kind
    }

    /// How many bytes the block takes from the allocator, before its rounding.
    #[must_use]
    pub fn size(key_len: usize, value_len: usize) -> usize {
        HEADER + key_len + value_len
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
        let Header { key_len, value_len, .. } = *self.header();
        if let Some(layout) = layout(key_len as usize, value_len as usize) {
            // SAFETY: `new` allocated the block with this layout, and nobody holds it any more.
            unsafe { dealloc(self.0.as_ptr().cast(), layout) }
        }
    }
}

fn layout(key_len: usize, value_len: usize) -> Option<Layout> {
    let size = HEADER.checked_add(key_len)?.checked_add(value_len)?;
    Layout::from_size_align(size, align_of::<u64>()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_what_was_put_in() {
        for (key, value) in [(&b""[..], &b""[..]), (b"k", b""), (b"", b"v"), (b"key", b"a value")] {
            let payload = Payload::new(key, 7, value).unwrap();
            assert_eq!((payload.key(), payload.value(), payload.kind()), (key, value, 7));
            assert_eq!(payload.value().as_ptr().align_offset(8), 0);
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

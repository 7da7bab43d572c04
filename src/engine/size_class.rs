//! What the allocator takes for a block: it has a few sizes, its *size classes*, and rounds up to the next.

/// What is taken for a block of `size` bytes. The size classes of jemalloc, and of mimalloc on Windows, are the multiples
/// of 16 up to 64, then four to each doubling; a block too large for them takes whole pages.
#[inline]
#[must_use]
pub fn taken(size: u64) -> u64 {
    const LARGEST_CLASS: u64 = 64 << 10;
    const PAGE: u64 = 4096;
    let step = match size {
        0..=64 => 16,
        65..=LARGEST_CLASS => 1 << ((size - 1).ilog2() - 2),
        _ => PAGE,
    };
    size.next_multiple_of(step)
}

#[cfg(all(test, not(any(windows, system_allocator))))]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_rounded_as_jemalloc_rounds_them() {
        for size in (17..5000).chain([10_000, 65_536, 65_537, 100_000, 131_072, 131_073, 1_000_000, 5 << 20])
        {
            // SAFETY: the function only computes.
            let given = unsafe { tikv_jemalloc_sys::nallocx(size, 0) } as u64;
            assert_eq!(taken(size as u64), given, "{size}");
        }
    }
}

//! What an entry costs in bytes: the one place that knows.
//!
//! The limit of a cache is only worth its name if it counts what an entry really takes. The constants
//! were measured as the growth of resident memory over 0.5 to 1.5 million entries, less the payload's block
//! (jemalloc, Linux x86-64); a test holds them to it.

use super::expiry::StaleWindows;
use super::payload::Payload;
use super::policy::PolicyKind;

/// What the index, the slot table and the shard keep of each entry, with the room they grow by.
const SLOT: u64 = 80;

/// What moka keeps of each entry of the main region, spread over all: 240 to 260.
const MAIN: u64 = 256;

/// What the timer wheel keeps of each entry that has a deadline, 40, rounded to the unit.
const DEADLINE: u64 = 48;

/// What is kept of how long an entry may be stale, for one that may.
pub const STALE_WINDOWS: u64 = size_of::<StaleWindows>() as u64;

/// What an entry counts in bytes, unless it is kept stale.
#[inline]
#[must_use]
pub fn entry_cost(policy: PolicyKind, endless: bool, key_len: usize, value_len: usize) -> u64 {
    let block = block_size(Payload::size(key_len, value_len) as u64);
    let main = if policy == PolicyKind::TinyLfu { MAIN } else { 0 };
    block + SLOT + main + if endless { 0 } else { DEADLINE }
}

/// What the allocator takes for a block of `size` bytes. The size classes of jemalloc, and of mimalloc on Windows, are
/// the multiples of 16 up to 64, then four to each doubling; a block too large for them takes whole pages.
fn block_size(size: u64) -> u64 {
    const LARGEST_CLASS: u64 = 64 << 10;
    const PAGE: u64 = 4096;
    let step = match size {
        0..=64 => 16,
        65..=LARGEST_CLASS => 1 << ((size - 1).ilog2() - 2),
        _ => PAGE,
    };
    size.next_multiple_of(step)
}

/// The smallest unit that limits are kept in: what all costs are multiples of.
const SMALLEST_UNIT: u64 = 16;

/// How many units the largest limit may have: moka's weights are 32 bits wide, and a limit may grow.
const MOST_UNITS: u64 = 1 << 28;

/// The unit in which a limit of so many bytes is kept: the smallest that leaves it room to grow, so that
/// little is lost by rounding.
#[must_use]
pub fn unit_for(max_bytes: u64) -> u64 {
    max_bytes.div_ceil(MOST_UNITS).next_power_of_two().max(SMALLEST_UNIT)
}

#[cfg(all(test, not(any(windows, system_allocator))))]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_rounded_as_jemalloc_rounds_them() {
        for size in (17..5000).chain([10_000, 65_536, 65_537, 100_000, 131_072, 131_073, 1_000_000, 5 << 20])
        {
            // SAFETY: the function only computes.
            let taken = unsafe { tikv_jemalloc_sys::nallocx(size, 0) } as u64;
            assert_eq!(block_size(size as u64), taken, "{size}");
        }
    }
}

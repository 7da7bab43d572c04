//! What an entry costs in bytes: the one place that knows.
//!
//! The limit of a cache is only worth its name if it counts what an entry really takes. The constants
//! were measured as the growth of resident memory over 0.5 to 1.5 million entries, less the payload's blocks
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
    let main = if policy == PolicyKind::TinyLfu { MAIN } else { 0 };
    Payload::footprint(key_len, value_len) + SLOT + main + if endless { 0 } else { DEADLINE }
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

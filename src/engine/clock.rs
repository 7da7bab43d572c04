//! Monotonic time in nanoseconds, read from the machine or held in a test's hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Nanoseconds since the clock was made. `u64` lasts 584 years.
pub type Nanos = u64;

/// How far a clock can be moved by hand: 292 years, so that it never wraps, which would move it back.
pub const FARTHEST: Nanos = Nanos::MAX / 2;

/// Where the engine reads time: it never goes back and does not jump with the wall clock. Clones read
/// the same time.
#[derive(Clone)]
pub struct Clock {
    /// When the machine's clock was first read; `None` for a clock that only moves when it is told to.
    start: Option<Instant>,
    /// How far the clock was moved by hand.
    moved: Arc<AtomicU64>,
}

impl Clock {
    /// The machine's monotonic clock, starting at zero now.
    #[must_use]
    pub fn machine() -> Self {
        Self { start: Some(Instant::now()), moved: Arc::default() }
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    #[must_use]
    pub fn manual() -> Self {
        Self { start: None, moved: Arc::default() }
    }

    /// The present.
    #[inline]
    #[must_use]
    pub fn now(&self) -> Nanos {
        // Truncation would need 584 years of uptime.
        #[allow(clippy::cast_possible_truncation)]
        let elapsed = self.start.map_or(0, |start| start.elapsed().as_nanos() as u64);
        elapsed + self.moved.load(Ordering::Relaxed)
    }

    /// Moves the clock forward, for tests, by [`FARTHEST`] in all.
    pub fn advance(&self, by: Nanos) {
        let farther = |moved: Nanos| Some(moved.saturating_add(by).min(FARTHEST));
        let moved = self.moved.fetch_update(Ordering::Relaxed, Ordering::Relaxed, farther);
        debug_assert!(moved.is_ok(), "the clock is always moved");
    }
}

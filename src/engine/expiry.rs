//! Deadlines, and the timer wheel that finds the entries whose deadline has passed.
//!
//! The deadline kept here is the authority for time to live and time to idle: a read compares it with
//! the clock and never returns an entry past it. The wheel only frees what nobody asks for any more,
//! some at each write. It is a hierarchical timer wheel (Varghese and Lauck, SOSP 1987): a read that
//! prolongs a time to idle does not move the entry in it; the entry is placed anew when its bucket
//! comes up.
//!
//! An entry may be kept past its deadline, stale, for a load that fails or takes its time; then the wheel
//! finds it when that is over.

use super::clock::Nanos;
use super::slots::{NONE, Slot};
use crate::forms::{OutOfMemory, reserve};

/// No deadline.
pub const NEVER: Nanos = Nanos::MAX;

/// Buckets a level, as a power of two.
const BUCKET_BITS: u32 = 6;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// One turn of the last level takes 2^56 ns, 2.3 years; what lies beyond waits there for another turn.
const LEVELS: usize = 6;
/// The furthest tick that the last level tells apart from the present one.
const LAST_TICK_AHEAD: u64 = (1 << (BUCKET_BITS * LEVELS as u32)) - 1;
/// The finest tick: 2^20 ns, about a millisecond.
const TICK_BITS: u32 = 20;

/// How long an entry may live: each in nanoseconds, [`NEVER`] for without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// From its last write.
    pub to_live: Nanos,
    /// From its last write or read.
    pub to_idle: Nanos,
}

impl Lifetime {
    /// Without end.
    pub const ENDLESS: Self = Self { to_live: NEVER, to_idle: NEVER };

    /// Whether it never ends.
    #[inline]
    #[must_use]
    pub fn is_endless(self) -> bool {
        self == Self::ENDLESS
    }
}

/// How long an entry is kept past its deadline, each in nanoseconds: 0 for not at all, [`NEVER`] for without end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StaleWindows {
    /// To be served while a load brings a fresh value.
    pub revalidate: Nanos,
    /// To be served when a load fails.
    pub on_error: Nanos,
}

impl StaleWindows {
    /// Not at all.
    pub const NONE: Self = Self { revalidate: 0, on_error: 0 };

    /// How long it is kept in all.
    #[must_use]
    pub fn longest(self) -> Nanos {
        self.revalidate.max(self.on_error)
    }
}

#[derive(Clone, Copy)]
struct Deadline {
    /// When it ends whatever is read.
    hard: Nanos,
    /// When it ends if it is not read before.
    idle: Nanos,
    /// How far a read moves `idle`.
    to_idle: Nanos,
    next: Slot,
    previous: Slot,
    /// The bucket it is in, [`LOOSE`] or [`NONE`].
    bucket: u32,
}

/// The bucket of an entry that was found expired and is about to be removed.
const LOOSE: u32 = NONE - 1;

const UNSET: Deadline =
    Deadline { hard: NEVER, idle: NEVER, to_idle: NEVER, next: NONE, previous: NONE, bucket: NONE };

/// See the [module](self). Takes no memory until an entry has a deadline.
#[derive(Default)]
pub struct Expiry {
    deadlines: Vec<Deadline>,
    /// By slot, as far as there was one that is kept stale: most caches never keep one.
    windows: Vec<StaleWindows>,
    /// The first slot of each bucket of each level.
    buckets: Box<[Slot]>,
    /// How many entries each level holds.
    levels: [usize; LEVELS],
    armed: usize,
    /// The tick up to which every bucket has been emptied.
    cursor: u64,
}

impl Expiry {
    /// How many entries have a deadline.
    #[must_use]
    pub fn armed(&self) -> usize {
        self.armed
    }

    /// Makes room for `slot`, if there is memory for it.
    pub fn reserve(&mut self, slot: Slot) -> Result<(), OutOfMemory> {
        let more = (slot as usize + 1).saturating_sub(self.deadlines.len());
        reserve(&mut self.deadlines, more)
    }

    /// Gives `slot` its lifetime, counted from `now`, and says how long it is kept after.
    pub fn arm(&mut self, slot: Slot, lifetime: Lifetime, stale: StaleWindows, now: Nanos) {
        self.disarm(slot);
        if lifetime.is_endless() {
            return;
        }
        if self.buckets.is_empty() {
            self.buckets = vec![NONE; BUCKETS * LEVELS].into_boxed_slice();
        }
        let index = slot as usize;
        if index >= self.deadlines.len() {
            self.deadlines.resize(index + 1, UNSET);
        }
        if self.armed == 0 {
            self.cursor = now >> TICK_BITS;
        }
        self.armed += 1;
        self.deadlines[index] = Deadline {
            hard: now.saturating_add(lifetime.to_live),
            idle: now.saturating_add(lifetime.to_idle),
            to_idle: lifetime.to_idle,
            ..UNSET
        };
        if stale != StaleWindows::NONE {
            if index >= self.windows.len() {
                self.windows.resize(index + 1, StaleWindows::NONE);
            }
            self.windows[index] = stale;
        }
        self.place(slot);
    }

    /// Forgets the deadline of `slot`.
    #[inline]
    pub fn disarm(&mut self, slot: Slot) {
        if self.has_deadline(slot) {
            self.unlink(slot);
            self.deadlines[slot as usize] = UNSET;
            if let Some(windows) = self.windows.get_mut(slot as usize) {
                *windows = StaleWindows::NONE;
            }
            self.armed -= 1;
        }
    }

    /// Whether `slot` has a deadline at all: if not, the clock need not be read.
    #[inline]
    #[must_use]
    pub fn has_deadline(&self, slot: Slot) -> bool {
        self.deadlines.get(slot as usize).is_some_and(|deadline| deadline.bucket != NONE)
    }

    /// When `slot` expires, [`NEVER`] without a deadline. At that moment it is expired.
    #[inline]
    #[must_use]
    pub fn deadline(&self, slot: Slot) -> Nanos {
        self.deadlines.get(slot as usize).map_or(NEVER, |deadline| deadline.hard.min(deadline.idle))
    }

    /// How long `slot` is kept past its deadline.
    #[must_use]
    pub fn stale_windows(&self, slot: Slot) -> StaleWindows {
        self.windows.get(slot as usize).copied().unwrap_or_default()
    }

    /// When nothing of `slot` is of use any more, even stale.
    fn kept_until(&self, slot: Slot) -> Nanos {
        self.deadline(slot).saturating_add(self.stale_windows(slot).longest())
    }

    /// When `slot` expires whatever is read, and how far a read moves its idle deadline.
    #[must_use]
    pub fn lifetime(&self, slot: Slot) -> (Nanos, Nanos) {
        self.deadlines.get(slot as usize).map_or((NEVER, NEVER), |deadline| (deadline.hard, deadline.to_idle))
    }

    /// Whether every bucket has been emptied that is due by `now`.
    #[must_use]
    pub fn is_swept(&self, now: Nanos) -> bool {
        self.armed == 0 || self.cursor >= now >> TICK_BITS
    }

    /// Moves the idle deadline of `slot`, which was read.
    #[inline]
    pub fn touch(&mut self, slot: Slot, now: Nanos) {
        if let Some(deadline) = self.deadlines.get_mut(slot as usize) {
            deadline.idle = now.saturating_add(deadline.to_idle);
        }
    }

    /// Finds entries that have expired by `now` and are not kept stale, a tick late at the most, and looks at no
    /// more than `most`: what is left is found by the next calls. The caller removes those that it gets.
    pub fn expired(&mut self, now: Nanos, most: usize, into: &mut Vec<Slot>) {
        let mut left = most;
        while self.armed > 0 && self.cursor < now >> TICK_BITS {
            for level in (0..LEVELS).rev() {
                if self.cursor.trailing_zeros() < BUCKET_BITS * level as u32 {
                    continue; // this level's bucket is not due at this tick
                }
                let bucket = Self::bucket_at(level, self.cursor);
                while self.buckets[bucket] != NONE {
                    if left == 0 {
                        return;
                    }
                    left -= 1;
                    let slot = self.buckets[bucket];
                    self.unlink(slot);
                    if self.kept_until(slot) <= now {
                        self.deadlines[slot as usize].bucket = LOOSE;
                        into.push(slot);
                    } else {
                        self.place(slot);
                    }
                }
            }
            self.cursor = self.next_tick().min(now >> TICK_BITS);
        }
    }

    /// Finds the entries of the present tick that have expired by `now`, for a wheel that has been emptied up to
    /// it. The caller removes them.
    pub fn expired_in_present(&mut self, now: Nanos, into: &mut Vec<Slot>) {
        if self.armed == 0 {
            return;
        }
        // Where a bucket of a higher level begins with this tick, what is in it was not placed anew yet.
        let due = self.cursor.trailing_zeros() / BUCKET_BITS;
        for level in 0..LEVELS.min(due as usize + 1) {
            let mut slot = self.buckets[Self::bucket_at(level, self.cursor)];
            while slot != NONE {
                let next = self.deadlines[slot as usize].next;
                if self.kept_until(slot) <= now {
                    self.unlink(slot);
                    self.deadlines[slot as usize].bucket = LOOSE;
                    into.push(slot);
                }
                slot = next;
            }
        }
    }

    /// The next tick at which a bucket may be due: empty levels are skipped whole.
    fn next_tick(&self) -> u64 {
        let empty = self.levels.iter().take_while(|held| **held == 0).count().min(LEVELS - 1);
        let step = 1u64 << (BUCKET_BITS * empty as u32);
        (self.cursor / step + 1) * step
    }

    /// Puts `slot` into the bucket of its deadline, as seen from the cursor.
    fn place(&mut self, slot: Slot) {
        let due = (self.kept_until(slot) >> TICK_BITS).max(self.cursor);
        let ahead = due - self.cursor;
        let level = ((u64::BITS - ahead.leading_zeros()).saturating_sub(1) / BUCKET_BITS) as usize;
        let (level, due) =
            if level < LEVELS { (level, due) } else { (LEVELS - 1, self.cursor + LAST_TICK_AHEAD) };
        let bucket = Self::bucket_at(level, due);
        let first = self.buckets[bucket];
        if first != NONE {
            self.deadlines[first as usize].previous = slot;
        }
        let entry = &mut self.deadlines[slot as usize];
        entry.next = first;
        entry.previous = NONE;
        entry.bucket = bucket as u32;
        self.buckets[bucket] = slot;
        self.levels[level] += 1;
    }

    fn unlink(&mut self, slot: Slot) {
        let Deadline { next, previous, bucket, .. } = self.deadlines[slot as usize];
        if bucket == LOOSE {
            return;
        }
        if previous == NONE {
            self.buckets[bucket as usize] = next;
        } else {
            self.deadlines[previous as usize].next = next;
        }
        if next != NONE {
            self.deadlines[next as usize].previous = previous;
        }
        self.levels[bucket as usize / BUCKETS] -= 1;
    }

    fn bucket_at(level: usize, tick: u64) -> usize {
        level * BUCKETS + ((tick >> (BUCKET_BITS * level as u32)) as usize & (BUCKETS - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Nanos = 1 << TICK_BITS;

    fn lifetime(to_live: Nanos, to_idle: Nanos) -> Lifetime {
        Lifetime { to_live, to_idle }
    }

    fn sweep(expiry: &mut Expiry, now: Nanos) -> Vec<Slot> {
        let mut found = Vec::new();
        expiry.expired(now, usize::MAX, &mut found);
        for slot in &found {
            expiry.disarm(*slot);
        }
        found.sort_unstable();
        found
    }

    #[test]
    fn finds_each_entry_once_and_only_after_its_deadline() {
        let mut expiry = Expiry::default();
        let spans = [1, 63, 64, 65, 4_000, 4_096, 5_000, 300_000, 20_000_000, 3_000_000_000];
        for (slot, ticks) in spans.iter().enumerate() {
            expiry.arm(slot as Slot, lifetime(ticks * MS, NEVER), StaleWindows::NONE, 7 * MS);
        }
        for (slot, ticks) in spans.iter().enumerate() {
            assert_eq!(sweep(&mut expiry, (7 + ticks) * MS - 1), [], "{ticks} ticks, too early");
            assert_eq!(sweep(&mut expiry, (8 + ticks) * MS), [slot as Slot], "{ticks} ticks");
        }
        assert_eq!(expiry.armed(), 0);
    }

    #[test]
    fn a_read_prolongs_time_to_idle_but_not_time_to_live() {
        let mut expiry = Expiry::default();
        expiry.arm(0, lifetime(100 * MS, 10 * MS), StaleWindows::NONE, 0);
        for tick in (5..100).step_by(5) {
            assert!(expiry.deadline(0) > tick * MS);
            assert_eq!(sweep(&mut expiry, tick * MS), []);
            expiry.touch(0, tick * MS);
        }
        assert_eq!(expiry.deadline(0), 100 * MS);
        assert_eq!(sweep(&mut expiry, 101 * MS), [0]);
    }

    #[test]
    fn an_entry_that_is_kept_stale_is_found_when_that_is_over() {
        let mut expiry = Expiry::default();
        let stale = StaleWindows { revalidate: 20 * MS, on_error: 50 * MS };
        expiry.arm(0, lifetime(100 * MS, NEVER), stale, 0);
        expiry.arm(1, lifetime(100 * MS, NEVER), StaleWindows::NONE, 0);
        expiry.arm(2, lifetime(NEVER, 10 * MS), StaleWindows { revalidate: NEVER, on_error: 0 }, 0);
        assert_eq!((expiry.deadline(0), expiry.stale_windows(0)), (100 * MS, stale));
        assert_eq!(sweep(&mut expiry, 140 * MS), [1]);
        assert_eq!(sweep(&mut expiry, 151 * MS), [0]);
        assert_eq!(sweep(&mut expiry, 1 << 60), []);
        expiry.arm(0, lifetime(100 * MS, NEVER), StaleWindows::NONE, 0);
        assert_eq!(expiry.stale_windows(0), StaleWindows::NONE);
    }

    #[test]
    fn what_expires_with_the_first_tick_of_a_bucket_is_found_in_that_tick() {
        for ticks in [1, 63, 64, 65, 100, 128, 4_096, 8_192] {
            for start in [0, 1, 27, 28, 36, 100] {
                let mut expiry = Expiry::default();
                expiry.arm(0, lifetime(ticks * MS, NEVER), StaleWindows::NONE, start * MS);
                let now = (start + ticks) * MS + 5;
                let mut found = sweep(&mut expiry, now);
                expiry.expired_in_present(now, &mut found);
                assert_eq!(found, [0], "{ticks} ticks from {start} on");
            }
        }
    }

    #[test]
    fn a_mass_of_expired_entries_comes_in_slices() {
        let mut expiry = Expiry::default();
        (0..10_000).for_each(|slot| {
            expiry.arm(slot, lifetime(Nanos::from(slot % 97) * MS + 1, NEVER), StaleWindows::NONE, 0);
        });
        let mut calls = 0;
        while expiry.armed() > 0 {
            let mut found = Vec::new();
            expiry.expired(1_000_000 * MS, 16, &mut found);
            assert!(found.len() <= 16);
            for slot in &found {
                expiry.disarm(*slot);
            }
            calls += 1;
            assert!(calls < 10_000, "no progress");
        }
    }

    #[test]
    fn reads_between_slices_do_not_stop_the_sweep() {
        let mut expiry = Expiry::default();
        (0..1_000).for_each(|slot| expiry.arm(slot, lifetime(NEVER, 100 * MS), StaleWindows::NONE, 0));
        for tick in 1..400 {
            (0..500).for_each(|slot| expiry.touch(slot, tick * MS));
            let mut found = Vec::new();
            expiry.expired(tick * MS, 8, &mut found);
            assert!(found.iter().all(|slot| *slot >= 500));
            for slot in &found {
                expiry.disarm(*slot);
            }
        }
        assert_eq!(expiry.armed(), 500);
    }

    #[test]
    fn the_end_of_time_is_never_reached() {
        let mut expiry = Expiry::default();
        expiry.arm(0, lifetime(NEVER - 1, NEVER), StaleWindows::NONE, 5);
        assert_eq!(sweep(&mut expiry, 1 << 60), []);
        assert!(expiry.deadline(0) > 1 << 60);
    }

    mod properties {
        use std::collections::BTreeMap;

        use proptest::prelude::*;

        use super::*;

        #[derive(Clone, Copy, Debug)]
        enum Step {
            Arm { slot: Slot, lifetime: Lifetime, stale: StaleWindows },
            Disarm { slot: Slot },
            Touch { slot: Slot },
            Sweep { by: Nanos, most: usize },
            SweepAll { by: Nanos },
        }

        /// When a slot expires, how far a read moves that, and how long it is kept after.
        struct Armed {
            hard: Nanos,
            idle: Nanos,
            to_idle: Nanos,
            kept: Nanos,
        }

        impl Armed {
            fn deadline(&self) -> Nanos {
                self.hard.min(self.idle)
            }

            fn kept_until(&self) -> Nanos {
                self.deadline().saturating_add(self.kept)
            }
        }

        fn steps() -> impl Strategy<Value = Vec<Step>> {
            let slot = 0..24_u32;
            let span = || prop_oneof![2 => 1..200 * MS, 2 => 1..100_000 * MS, 1 => 1..MS, 1 => Just(NEVER)];
            let by = || prop_oneof![3 => 0..20 * MS, 2 => 0..5_000 * MS, 1 => 0..1_000_000 * MS, 1 => 0..MS];
            let lifetime = (span(), span()).prop_map(|(to_live, to_idle)| Lifetime { to_live, to_idle });
            let stale = prop_oneof![
                3 => Just(StaleWindows::NONE),
                1 => (0..300 * MS, 0..300 * MS)
                    .prop_map(|(revalidate, on_error)| StaleWindows { revalidate, on_error }),
            ];
            let step = prop_oneof![
                6 => (slot.clone(), lifetime, stale)
                    .prop_map(|(slot, lifetime, stale)| Step::Arm { slot, lifetime, stale }),
                1 => slot.clone().prop_map(|slot| Step::Disarm { slot }),
                4 => slot.prop_map(|slot| Step::Touch { slot }),
                3 => (by(), 0..8_usize).prop_map(|(by, most)| Step::Sweep { by, most }),
                2 => by().prop_map(|by| Step::SweepAll { by }),
            ];
            prop::collection::vec(step, 1..200)
        }

        fn take(expiry: &mut Expiry, model: &mut BTreeMap<Slot, Armed>, now: Nanos, found: &[Slot]) {
            for slot in found {
                let armed = model.remove(slot).expect("what is found had a deadline, and is found once");
                assert!(armed.kept_until() <= now, "too early");
                expiry.disarm(*slot);
            }
        }

        proptest! {
            #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

            #[test]
            fn the_wheel_finds_what_a_plain_list_finds(start in 0..1_000_000 * MS, steps in steps()) {
                let (mut expiry, mut model, mut now) = (Expiry::default(), BTreeMap::new(), start);
                for step in steps {
                    match step {
                        Step::Arm { slot, lifetime, stale } => {
                            expiry.arm(slot, lifetime, stale, now);
                            model.remove(&slot);
                            if !lifetime.is_endless() {
                                let Lifetime { to_live, to_idle } = lifetime;
                                let (hard, idle) = (now.saturating_add(to_live), now.saturating_add(to_idle));
                                model.insert(slot, Armed { hard, idle, to_idle, kept: stale.longest() });
                            }
                        }
                        Step::Disarm { slot } => {
                            expiry.disarm(slot);
                            model.remove(&slot);
                        }
                        Step::Touch { slot } => {
                            expiry.touch(slot, now);
                            if let Some(armed) = model.get_mut(&slot) {
                                armed.idle = now.saturating_add(armed.to_idle);
                            }
                        }
                        Step::Sweep { by, most } => {
                            now += by;
                            let mut found = Vec::new();
                            expiry.expired(now, most, &mut found);
                            prop_assert!(found.len() <= most);
                            take(&mut expiry, &mut model, now, &found);
                        }
                        Step::SweepAll { by } => {
                            now += by;
                            let mut found = Vec::new();
                            expiry.expired(now, usize::MAX, &mut found);
                            prop_assert!(expiry.is_swept(now));
                            take(&mut expiry, &mut model, now, &found);
                            let mut present = Vec::new();
                            expiry.expired_in_present(now, &mut present);
                            take(&mut expiry, &mut model, now, &present);
                            let left = model.values().find(|armed| armed.kept_until() <= now);
                            prop_assert!(left.is_none(), "one that expired is left");
                        }
                    }
                    prop_assert_eq!(expiry.armed(), model.len());
                    for slot in 0..24 {
                        let deadline = model.get(&slot).map_or(NEVER, Armed::deadline);
                        prop_assert_eq!(expiry.deadline(slot), deadline);
                        prop_assert_eq!(expiry.has_deadline(slot), model.contains_key(&slot));
                    }
                }
            }
        }
    }
}

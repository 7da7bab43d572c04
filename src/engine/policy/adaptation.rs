//! How the policy follows its [tuner](super::tuner): the window's bounds move a little with each write.

use super::admission::Admission;
use super::setting::{FIRST, SETTINGS, Setting};
use super::{Policy, PolicyKind};

/// While the window shrinks so many times the weight of each new entry leave it beside that of the entry, and moka takes
/// in as much more: some microseconds on those writes alone. With 10 the mean hit ratios are 0.1 higher.
const SHRINK_STEP: f64 = 3.0;

/// How much is written, in parts of the capacity, before an entry that was too heavy for the window's list has had its
/// time: a tenth, whatever the window's share is, so that most of the room is the others' again soon.
const SEAT_CREDIT: f64 = 0.1;

/// What the policy is doing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activity {
    /// The window's share of the capacity now: from 1 % where frequency counts to 90 % where recency does, all of it
    /// for [`PolicyKind::Lru`].
    pub window_share: f64,
    /// The setting that it goes by, towards which the window's share moves.
    pub setting: Setting,
    /// How many entries were kept at the end of their time in the window.
    pub admitted: u64,
    /// How many were not.
    pub refused: u64,
}

impl Policy {
    /// What the policy is doing.
    #[must_use]
    pub fn activity(&self) -> Activity {
        if self.config.kind == PolicyKind::Lru {
            let setting = Setting { window: 1.0, lenient: false };
            return Activity { window_share: 1.0, setting, admitted: 0, refused: 0 };
        }
        let (setting, admitted, refused) = match &self.admission {
            Some(Admission { tuner, admitted, refused, .. }) => (tuner.setting(), *admitted, *refused),
            None => (SETTINGS[FIRST], 0, 0),
        };
        Activity { window_share: self.share, setting, admitted, refused }
    }

    /// Begins to count anew.
    pub fn reset_activity(&mut self) {
        if let Some(Admission { admitted, refused, .. }) = &mut self.admission {
            (*admitted, *refused) = (0, 0);
        }
    }

    /// Moves the window's share towards the one that was found best. It grows at once, since that costs nothing until
    /// entries come, and shrinks with the writes: `weight` is that of a new entry.
    #[inline]
    pub(super) fn shift_window(&mut self, weight: u32) {
        let Some(Admission { tuner, .. }) = &self.admission else { return };
        let target = tuner.setting().window;
        #[allow(clippy::float_cmp)] // it arrives at exactly the target
        if self.share != target {
            self.shift_towards(target, weight);
        }
    }

    #[cold]
    fn shift_towards(&mut self, target: f64, weight: u32) {
        let nominal = self.config.nominal as f64;
        let mut used = self.window.list_weight() as f64 / nominal;
        let mut step = SHRINK_STEP * f64::from(weight) / nominal;
        if self.config.nominal_len != u64::MAX {
            let most = self.config.nominal_len as f64;
            used = used.max(self.window.len() as f64 / most);
            step = step.max(SHRINK_STEP / most);
        }
        self.share = (self.share.min(used) - step).max(target);
        self.limit_window();
    }

    /// Sets the window's limits to its share.
    pub(super) fn limit_window(&mut self) {
        match self.config.kind {
            PolicyKind::Lru => self.window.set_limits(self.capacity, u64::MAX, self.capacity),
            PolicyKind::TinyLfu => self.window.set_limits(
                part(self.config.nominal, self.share).min(self.capacity),
                part(self.config.nominal_len, self.share),
                part(self.capacity, SEAT_CREDIT),
            ),
        }
    }
}

/// A share of `nominal`: at least one.
fn part(nominal: u64, share: f64) -> u64 {
    ((nominal as f64 * share).round() as u64).max(1)
}

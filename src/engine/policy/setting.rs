//! The settings that the policy chooses from: how large its window is, and whom it admits behind it.

/// How the room is divided, and who is admitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// The window's share of the capacity.
    pub window: f64,
    /// Whether all that were seen twice are admitted, whomever they displace, instead of those alone that were
    /// seen more often than their victims.
    pub lenient: bool,
}

impl Setting {
    const fn strict(window: f64) -> Self {
        Self { window, lenient: false }
    }

    const fn lenient(window: f64) -> Self {
        Self { window, lenient: true }
    }

    /// How much it goes by recency, from 0 to 1: a lenient main region is a list by recency too.
    #[must_use]
    pub fn recency(&self) -> f64 {
        if self.lenient { 1.0 } else { self.window }
    }
}

/// The settings that compete. Each is the best for some kind of trace: 1 % for loops, 20 and 40 % for most
/// production traces (mean over 15 rows 47.4 and 47.3; 10 % 47.2, 1 % 40.9), 90 % where hardly anything but
/// recency counts, the lenient ones where once-seen keys are many and fame is soon past (`arc-p3` at 131,072: lenient
/// 47.3 and 43.7, the others 38.4 to 43.0; `orm-night` at 625: 61.2 and 64.2). With 10 % beside them or instead of 20 %,
/// or with 70 and 95 %, the means are no better, and each more has its price.
pub(super) const SETTINGS: [Setting; 6] = [
    Setting::strict(0.01),
    Setting::strict(0.2),
    Setting::strict(0.4),
    Setting::strict(0.9),
    Setting::lenient(0.2),
    Setting::lenient(0.01),
];

/// The one to begin with: the best of all over production traces where nothing adapts.
pub(super) const FIRST: usize = 1;

//! What is left of entries that a panic interrupted.

use std::sync::Arc;

use super::super::flight::Flights;
use super::super::stats::Stats;
use super::Entries;

impl Entries {
    /// As [`Entries::successor`], where work on this one was broken off: of it only plain numbers are looked at. What was
    /// held counts as cleared, and who waits for a load finds that there is none.
    #[must_use]
    pub fn successor_of_torn(&mut self) -> Self {
        let (clock, population) = (self.clock.clone(), Arc::clone(&self.population));
        let mut fresh = Self::new(self.policy.config(), clock, population, self.stamps.clone());
        self.stamps.touch_all();
        fresh.stats = self.stats;
        let Stats { sets, replaced, deletes, evictions, expirations, .. } = self.stats;
        fresh.stats.cleared = sets.saturating_sub(replaced + deletes + evictions + expirations);
        fresh.flights = Flights::after(&self.flights);
        fresh.policy.set_capacity(self.capacity(), &mut fresh.gone);
        self.population.leave(std::mem::take(&mut self.housed));
        fresh
    }
}

//! What loading asks of the entries of a shard: values past their deadline, and the flights of its keys.

use super::super::clock::Nanos;
use super::super::expiry::StaleWindows;
use super::super::flight::{Asking, Flights, Joined, Party};
use super::super::payload::Payload;
use super::super::stats::Stats;
use super::{Entries, Write};

/// An entry that is fresh, or past its deadline and kept all the same.
pub struct Held<'a> {
    /// Key and value.
    pub payload: &'a Payload,
    /// How long it is past its deadline, `None` while it is fresh.
    pub past: Option<Nanos>,
    /// How long past its deadline it may be served.
    pub stale: StaleWindows,
}

impl Entries {
    /// The entry of a key, fresh or stale. Leaves no trace.
    #[must_use]
    pub fn held(&self, hash: u64, key: &[u8]) -> Option<Held<'_>> {
        let slot = self.find(hash, key)?;
        let payload = self.tenants[slot as usize].payload.as_ref()?;
        let deadline = self.expiry.deadline(slot);
        let now = if self.expiry.has_deadline(slot) { self.clock.now() } else { 0 };
        let stale = self.expiry.stale_windows(slot);
        let past = now.checked_sub(deadline);
        past.is_none_or(|past| past < stale.longest()).then_some(Held { payload, past, stale })
    }

    /// Has `party` take part in the load of a key, unless its value is there by now.
    pub fn join(&mut self, hash: u64, key: &[u8], party: Party, asking: Asking) -> Joined {
        if !asking.anew && self.peek(hash, key).is_some() {
            return Joined::Fresh;
        }
        self.flights.join(hash, key, party, asking, self.clock.now())
    }

    /// The flights of its keys.
    pub fn flights(&mut self) -> &mut Flights {
        &mut self.flights
    }

    /// The counters, for what only the one who loads knows.
    pub fn stats_mut(&mut self) -> &mut Stats {
        &mut self.stats
    }

    /// Whether a write is to be stored: one that a load brought is not, if another came first. Any write ends the
    /// flight of its key for those who have not joined it yet.
    #[cold]
    pub(super) fn wins(&mut self, write: &Write) -> bool {
        let wins = write.flight.is_none_or(|id| self.flights.is_current(id));
        if wins {
            self.flights.forget(write.hash, write.payload.key());
        }
        wins
    }
}

//! Loads that all threads share: who loads a key, who waits for it, and what becomes of the result.

use super::super::clock::Nanos;
use super::super::entries::Entries;
use super::super::expiry::{Lifetime, StaleWindows};
use super::super::flight::{Asking, FlightId, Joined, Landing, Party, Standing};
use super::super::payload::{Payload, ValueKind};
use super::super::shard::Shard;
use super::super::stats::Stats;
use super::Store;

/// Under what a load's result is stored.
#[derive(Clone, Copy, Debug)]
pub struct Storing {
    /// How long it may live.
    pub lifetime: Lifetime,
    /// How long it is kept after.
    pub stale: StaleWindows,
}

/// An entry taken out that is fresh, or past its deadline and kept all the same.
pub struct Kept<R> {
    /// What was taken of it.
    pub taken: R,
    /// How long it is past its deadline, `None` while it is fresh.
    pub past: Option<Nanos>,
    /// How long past its deadline it may be served.
    pub stale: StaleWindows,
}

impl Store {
    /// This store, which keeps what [`Store::set`] stores so long past its deadline.
    #[must_use]
    pub fn keeping_stale(mut self, stale: StaleWindows) -> Self {
        self.stale = stale;
        self
    }

    /// As [`Store::get`], but does not count a miss: whoever loads then knows whether it was one.
    #[inline]
    pub fn get_before_loading<R>(&self, key: &[u8], take: impl FnOnce(&Payload) -> R) -> Option<R> {
        let hash = self.hash(key);
        self.shard(hash).read(|entries| {
            let found = entries.get(hash, key).map(take);
            if found.is_none() {
                entries.stats_mut().misses -= 1;
            }
            found
        })
    }

    /// The entry of a key, fresh or stale. Leaves no trace. `take` runs under the shard's lock.
    pub fn held<R>(&self, key: &[u8], take: impl FnOnce(&Payload) -> R) -> Option<Kept<R>> {
        let hash = self.hash(key);
        self.shard(hash).read(|entries| {
            let held = entries.held(hash, key)?;
            Some(Kept { taken: take(held.payload), past: held.past, stale: held.stale })
        })
    }

    /// Changes the counters.
    pub fn count(&self, change: impl FnOnce(&mut Stats)) {
        // Which shard counts does not matter: only sums are read.
        self.shards[0].read(|entries| change(entries.stats_mut()));
    }

    /// Has `party` take part in the load of a key, unless its value is there by now.
    pub fn join(&self, key: &[u8], party: Party, asking: Asking) -> Joined {
        let hash = self.hash(key);
        let shard = self.shard(hash);
        let place = self.shards.iter().position(|other| std::ptr::eq(other, shard)).unwrap_or(0) as u64;
        let wide = |id: FlightId| id * self.shards.len() as u64 + place;
        match shard.read(|entries| entries.join(hash, key, party, asking)) {
            Joined::Load(id) => Joined::Load(wide(id)),
            Joined::Loading(id) => Joined::Loading(wide(id)),
            Joined::Wait(id) => Joined::Wait(wide(id)),
            Joined::Failed(id, error) => Joined::Failed(wide(id), error),
            other @ (Joined::Fresh | Joined::Busy | Joined::OutOfMemory) => other,
        }
    }

    /// Lands the flight that `party` loads with a value, and stores it as `storing` says if nobody wrote to the key
    /// meanwhile: for how many other parties. `None` if there is no memory for the value; the flight goes on then.
    pub fn complete(
        &self,
        id: FlightId,
        party: Party,
        kind: ValueKind,
        value: &[u8],
        storing: Option<Storing>,
    ) -> Option<usize> {
        let (shard, id) = self.flight(id);
        let Some((hash, key)) = shard.read(|entries| entries.flights().key_of(id, party)) else {
            return Some(0);
        };
        let key = key.key();
        let payload = Payload::new(key, kind, value).ok()?;
        if let Some(Storing { lifetime, stale }) = storing {
            if self.is_too_large(key.len(), value.len(), lifetime, stale) {
                if shard.read(|entries| entries.flights().is_current(id)) {
                    Self::refuse(shard);
                }
            } else {
                self.take_in(hash, payload.clone(), lifetime, stale, Some(id));
            }
        }
        Some(shard.read(|entries| entries.flights().land(id, party, Landing::Loaded(payload), 0)))
    }

    /// Lands the flight that `party` loads with an error, which stands for so long: for how many other parties.
    /// `None` if there is no memory for the error; the flight goes on then.
    pub fn fail(&self, id: FlightId, party: Party, error: &[u8], stands: Nanos) -> Option<usize> {
        let (shard, id) = self.flight(id);
        let payload = Payload::new(&[], 0, error).ok()?;
        let until = if stands == 0 { 0 } else { self.clock.now().saturating_add(stands) };
        Some(shard.read(|entries| entries.flights().land(id, party, Landing::Failed(payload), until)))
    }

    /// How a flight stands for `party`.
    pub fn look(&self, id: FlightId, party: Party) -> Standing {
        let (shard, id) = self.flight(id);
        shard.read(|entries| entries.flights().look(id, party))
    }

    /// Takes the callers of `party` out of a flight: whether its loader is to stop.
    pub fn leave(&self, id: FlightId, party: Party, lasting: bool) -> bool {
        let (shard, id) = self.flight(id);
        shard.read(|entries| entries.flights().leave(id, party, lasting))
    }

    /// Takes a party out of all flights, since it is gone.
    pub fn abandon(&self, party: Party) {
        for shard in &self.shards {
            shard.read(|entries: &mut Entries| entries.flights().abandon(party));
        }
    }

    fn flight(&self, id: FlightId) -> (&Shard, FlightId) {
        let shards = self.shards.len() as u64;
        (&self.shards[(id % shards) as usize], id / shards) // a remainder is below the number
    }
}

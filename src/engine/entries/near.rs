//! What threads that keep decoded values ask of the entries of a shard.

use super::super::clock::Nanos;
use super::super::expiry::NEVER;
use super::super::payload::Payload;
use super::super::slots::Slot;
use super::Entries;

/// Of a time to idle, the part that may pass between two reads that arrive: what is read more often idles out no earlier
/// than its last read but this part says.
const IDLE_SHARE: Nanos = 4;

/// An entry as a read met it: by this its later reads elsewhere are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Where it is.
    pub slot: Slot,
    /// Tells it from others that have the slot before or after.
    pub generation: u32,
    /// After so long it is to be read here again, [`NEVER`] if it does not expire: by then it has expired, or idles.
    pub again: Nanos,
}

impl Entries {
    /// As [`Entries::get`], and where the entry is.
    pub fn sight(&mut self, hash: u64, key: &[u8]) -> Option<(&Payload, Sighting)> {
        let slot = self.read(hash, key)?;
        let mut again = NEVER;
        if self.expiry.has_deadline(slot) {
            let (_, to_idle) = self.expiry.lifetime(slot);
            let left = self.expiry.deadline(slot).saturating_sub(self.clock.now());
            again = if to_idle == NEVER { left } else { left.min(to_idle / IDLE_SHARE) };
        }
        let generation = self.policy.generation_of(slot);
        let payload = self.tenants[slot as usize].payload.as_ref()?;
        Some((payload, Sighting { slot, generation, again }))
    }

    /// Takes in reads that happened elsewhere: they join the others in the sample that the policy gets. They count nothing,
    /// and may be old, so they prolong no time to idle.
    pub fn hear_of_reads(&mut self, slot: Slot, generation: u32, reads: u8) {
        if self.policy.is_current(slot, generation) {
            (0..reads).for_each(|_| self.note_use(slot));
        }
    }

    /// Has all that is kept of the entries elsewhere read anew.
    pub fn distrust(&mut self) {
        self.stamps.touch_all();
    }
}

//! What stands behind the window: the filter and the main region, and how an entry gets past them.

use super::super::main_region::MainRegion;
use super::super::sketch::FrequencySketch;
use super::super::slots::{NONE, Region, Slot};
use super::tuner::Tuner;
use super::{Cause, Departure, Policy, PolicyKind};

/// A candidate seen no more often than this is dropped at the window's end without asking a full main
/// region: it raises the mean hit ratios from 53.3 and 54.4 to 54.3 and 55.2, and spares most of the price of an insert.
pub(super) const FILTER_THRESHOLD: u8 = 1;

/// As how many sightings a candidate is offered to moka: as what it is, or where admission is lenient as the most
/// that moka counts, which no victim exceeds that was not read as often of late. (A strict offer as two or as its
/// whole count lets loops through.)
const STRICT_SIGHTINGS: u32 = 1;
const LENIENT_SIGHTINGS: u32 = 15;

/// What stands behind the window.
pub(super) struct Admission {
    pub(super) filter: FrequencySketch,
    pub(super) main: MainRegion,
    pub(super) tuner: Tuner,
    /// How many candidates were let into the main region.
    pub(super) admitted: u64,
    /// How many were not.
    pub(super) refused: u64,
}

impl Policy {
    /// Finds a place for an entry that left the window; in a `crowded` main region only another's.
    pub(super) fn admit(&mut self, slot: Slot, crowded: bool, gone: &mut Vec<Departure>) {
        if self.config.kind == PolicyKind::Lru {
            self.depart(slot, Cause::Evicted, gone);
            return;
        }
        let state = *self.table.get(slot);
        let weight = u64::from(state.weight);
        let (reserved, free) = self.main_bounds();
        if weight > free {
            self.refuse(slot, gone);
            return;
        }
        let len = self.len;
        let Admission { filter, main, tuner, .. } = self.admission(weight);
        let sightings = if tuner.setting().lenient { LENIENT_SIGHTINGS } else { STRICT_SIGHTINGS };
        if len > filter.capacity() * 2 {
            // The entries turned out far lighter than the first ones told.
            *filter = FrequencySketch::new(len * 2);
        }
        let (reserved, free) = if crowded {
            let full = main.weight().min(free);
            (full, full)
        } else {
            (reserved, free)
        };
        let fits = main.weight() + weight <= free;
        if fits {
            if main.weight() + weight > main.bound() {
                main.set_bound(free);
            }
        } else {
            // moka takes victims of the candidate's weight or refuses it; without so many it would
            // count the ballast among them.
            if filter.count(state.hash) <= FILTER_THRESHOLD || main.weight() < weight {
                self.refuse(slot, gone);
                return;
            }
            // Every bound between the two will do; it moves only if it must, since that is not cheap.
            if main.bound() < reserved || main.bound() > free {
                main.set_bound(main.weight().clamp(reserved, free));
            }
        }
        main.offer(slot, state.generation, state.hash, state.weight, sightings);
        self.table.place(slot, Region::Main);
        self.collect(slot, gone);
        let held = self.table.is_current(slot, state.generation);
        if let Some(Admission { admitted, refused, .. }) = &mut self.admission {
            *(if held { admitted } else { refused }) += 1;
        }
    }

    /// Drops a candidate without asking moka.
    fn refuse(&mut self, slot: Slot, gone: &mut Vec<Departure>) {
        self.depart(slot, Cause::NotAdmitted, gone);
        if let Some(admission) = &mut self.admission {
            admission.refused += 1;
        }
    }

    /// What the main region may hold: with the whole of the window kept free for it, and with what the
    /// window's entries weigh now. The second is the higher one by less than an entry of the window,
    /// as a rule, and makes that nothing is refused while there is room.
    fn main_bounds(&self) -> (u64, u64) {
        let (window, seat) = (self.window.capacity(), self.window.seat_weight());
        let reserved = self.capacity.saturating_sub(window + seat);
        // What the list weighs above its capacity is about to leave it.
        let free = self.capacity.saturating_sub(self.window.list_weight().min(window) + seat);
        (reserved, free)
    }

    /// Evicts until what is held fits: first from the main region, then from the list, then from the
    /// seat, never `fresh`.
    #[cold]
    pub(super) fn make_room(&mut self, fresh: Slot, gone: &mut Vec<Departure>) {
        let excess = self.weight() - self.capacity;
        if let Some(Admission { main, .. }) = &mut self.admission {
            let bound = main.weight().saturating_sub(excess);
            main.set_bound(bound);
            self.collect(NONE, gone);
        }
        while self.weight() > self.capacity {
            let Some(victim) = self.pop_window(fresh) else { break };
            self.depart(victim, Cause::Evicted, gone);
        }
    }

    /// Takes an entry out of the window, but not `fresh`: the oldest of the list, else the seated one, which has its
    /// time although it takes most of the room.
    pub(super) fn pop_window(&mut self, fresh: Slot) -> Option<Slot> {
        self.window.pop_oldest_but(&mut self.table, fresh).or_else(|| self.window.pop_seat(fresh))
    }

    /// Turns moka's reports into departures, of which that of `candidate` was a refusal. A report about
    /// a slot's earlier tenant is out of date.
    pub(super) fn collect(&mut self, candidate: Slot, gone: &mut Vec<Departure>) {
        let Some(Admission { main, .. }) = &mut self.admission else {
            return;
        };
        main.take_departed(&mut self.departed);
        for (slot, generation) in self.departed.drain(..) {
            if self.table.is_current(slot, generation) {
                main.note_left(self.table.get(slot).weight);
                self.table.vacate(slot);
                self.len -= 1;
                let cause = if slot == candidate { Cause::NotAdmitted } else { Cause::Evicted };
                gone.push(Departure { slot, cause });
            }
        }
    }

    /// Filter, main region and tuner, made when the first `candidate` of that weight comes: by then it can be told
    /// what an entry weighs.
    #[inline]
    fn admission(&mut self, candidate: u64) -> &mut Admission {
        let Self { admission, window, config, len, .. } = self;
        admission.get_or_insert_with(|| {
            let each = ((window.weight() + candidate) / (*len).max(1) as u64).max(1);
            let entries = (config.nominal / each).min(config.nominal_len).max(1);
            Admission {
                filter: FrequencySketch::new(entries as usize),
                main: MainRegion::new(config.ceiling, entries),
                tuner: Tuner::new(entries, entries * each, None),
                admitted: 0,
                refused: 0,
            }
        })
    }
}

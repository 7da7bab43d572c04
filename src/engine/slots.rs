//! The table of slots: a slot is a small number that stands for an entry, and all the policy knows.
//!
//! Who owns keys and values picks the numbers; the table only keeps what the policy must remember of
//! each: its key's hash, its weight, the region it is in and its neighbours in the recency list. The
//! generation tells the entry that holds a slot now from the ones that held it before, because moka
//! reports removals late enough for a slot to have a new tenant.
//!
//! What may be asked of any slot, whoever named it, is whether it is held and current. All else is only asked of a slot
//! that was occupied, and the table never becomes shorter than that as long as it is in use.

use crate::forms::{OutOfMemory, reserve};

/// The number that stands for an entry. Small and dense: tables are indexed by it.
pub type Slot = u32;

/// No slot: the end of a list.
pub const NONE: Slot = u32::MAX;

/// The largest number of entries a table holds; the numbers above it are for the policy's own use.
pub const MAX_SLOTS: u32 = u32::MAX - 16;

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Region {
    /// Nowhere: the slot has no entry.
    Vacant,
    /// In the admission window's recency list.
    Window,
    /// In the window's seat for an entry too heavy for the list.
    Seat,
    /// In moka.
    Main,
}

/// What the policy remembers of one slot.
#[derive(Clone, Copy, Debug)]
pub struct SlotState {
    /// The hash of the entry's key: its identity in the frequency sketches.
    pub hash: u64,
    /// What the entry weighs.
    pub weight: u32,
    /// How many tenants the slot had before this one.
    pub generation: u32,
    newer: Slot,
    older: Slot,
    /// Where the entry is.
    pub region: Region,
    /// How many reports of its reads there were: with the time of the last they fill what was padding.
    pub reports: u8,
    /// When the last one was, or when the entry came, on the policy's own clock.
    pub reported: u32,
}

/// All slots of one policy, indexed by slot.
#[derive(Default)]
pub struct SlotTable {
    slots: Vec<SlotState>,
}

impl SlotTable {
    /// What is known of `slot`.
    #[inline]
    #[must_use]
    pub fn get(&self, slot: Slot) -> &SlotState {
        &self.slots[slot as usize]
    }

    /// Whether `slot` holds an entry.
    #[inline]
    #[must_use]
    pub fn is_held(&self, slot: Slot) -> bool {
        self.slots.get(slot as usize).is_some_and(|state| state.region != Region::Vacant)
    }

    /// Whether `slot` still holds the entry that had it at `generation`.
    #[inline]
    #[must_use]
    pub fn is_current(&self, slot: Slot, generation: u32) -> bool {
        self.is_held(slot) && self.get(slot).generation == generation
    }

    /// The slots whose entries are in the main region.
    pub fn in_main(&self) -> impl Iterator<Item = Slot> {
        (0..).zip(&self.slots).filter(|(_, state)| state.region == Region::Main).map(|(slot, _)| slot)
    }

    /// Drops the last slots, up to `most`, telling `each` of those that hold an entry; whether there are more. Only
    /// for a table that is taken apart: lists through it are no longer good.
    pub fn truncate(&mut self, most: usize, mut each: impl FnMut(Slot, &SlotState)) -> bool {
        let kept = self.slots.len().saturating_sub(most);
        for (slot, state) in (kept as Slot..).zip(self.slots.drain(kept..)) {
            if state.region != Region::Vacant {
                each(slot, &state);
            }
        }
        kept > 0
    }

    /// Makes room for `slot`, if there is memory for it.
    #[inline]
    pub fn reserve(&mut self, slot: Slot) -> Result<(), OutOfMemory> {
        let more = (slot as usize + 1).saturating_sub(self.slots.len());
        reserve(&mut self.slots, more)
    }

    /// Gives `slot` a new tenant. Its region is set by whoever takes it in.
    pub fn occupy(&mut self, slot: Slot, hash: u64, weight: u32) {
        let index = slot as usize;
        if index >= self.slots.len() {
            let vacant = SlotState {
                hash: 0,
                weight: 0,
                generation: 0,
                newer: NONE,
                older: NONE,
                region: Region::Vacant,
                reports: 0,
                reported: 0,
            };
            self.slots.resize(index + 1, vacant);
        }
        let state = &mut self.slots[index];
        debug_assert_eq!(state.region, Region::Vacant);
        state.hash = hash;
        state.weight = weight;
        state.reports = 0;
    }

    /// Ends the tenancy of `slot`: whatever still speaks of it is out of date from here on.
    #[inline]
    pub fn vacate(&mut self, slot: Slot) {
        let state = &mut self.slots[slot as usize];
        state.region = Region::Vacant;
        state.generation = state.generation.wrapping_add(1);
    }

    /// Records where `slot` is.
    #[inline]
    pub fn place(&mut self, slot: Slot, region: Region) {
        self.slots[slot as usize].region = region;
    }

    /// Records when its reads were reported for the `reports`-th time.
    #[inline]
    pub fn note_report(&mut self, slot: Slot, reports: u8, now: u32) {
        let state = &mut self.slots[slot as usize];
        state.reports = reports;
        state.reported = now;
    }

    /// Records what `slot` weighs.
    #[inline]
    pub fn set_weight(&mut self, slot: Slot, weight: u32) {
        self.slots[slot as usize].weight = weight;
    }
}

/// A recency list threaded through the table: the newest at one end, the oldest at the other.
pub struct RecencyList {
    newest: Slot,
    oldest: Slot,
    len: usize,
}

impl Default for RecencyList {
    fn default() -> Self {
        Self { newest: NONE, oldest: NONE, len: 0 }
    }
}

impl RecencyList {
    /// How many slots are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no slot is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The slot that was used longest ago.
    #[must_use]
    pub fn oldest(&self) -> Option<Slot> {
        (self.oldest != NONE).then_some(self.oldest)
    }

    /// Adds `slot` as the newest.
    #[inline]
    pub fn push_newest(&mut self, table: &mut SlotTable, slot: Slot) {
        let state = &mut table.slots[slot as usize];
        state.newer = NONE;
        state.older = self.newest;
        if self.newest == NONE {
            self.oldest = slot;
        } else {
            table.slots[self.newest as usize].newer = slot;
        }
        self.newest = slot;
        self.len += 1;
    }

    /// Takes `slot` out.
    #[inline]
    pub fn unlink(&mut self, table: &mut SlotTable, slot: Slot) {
        let SlotState { newer, older, .. } = table.slots[slot as usize];
        if newer == NONE {
            self.newest = older;
        } else {
            table.slots[newer as usize].older = older;
        }
        if older == NONE {
            self.oldest = newer;
        } else {
            table.slots[older as usize].newer = newer;
        }
        self.len -= 1;
    }

    /// Makes `slot` the newest.
    #[inline]
    pub fn touch(&mut self, table: &mut SlotTable, slot: Slot) {
        if self.newest != slot {
            self.unlink(table, slot);
            self.push_newest(table, slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn a_recency_list_orders_as_a_plain_one_does(
            steps in prop::collection::vec((0..12_u32, 0..3_u8), 1..200),
        ) {
            let (mut table, mut list, mut model) = (SlotTable::default(), RecencyList::default(), Vec::new());
            let mut generations = [0; 12];
            for (slot, what) in steps {
                let held = model.contains(&slot);
                prop_assert_eq!(table.is_held(slot), held);
                match what {
                    0 if !held => {
                        table.reserve(slot).unwrap();
                        table.occupy(slot, u64::from(slot), slot + 1);
                        table.place(slot, Region::Window);
                        list.push_newest(&mut table, slot);
                        model.push(slot);
                    }
                    1 if held => {
                        list.touch(&mut table, slot);
                        model.retain(|other| *other != slot);
                        model.push(slot);
                    }
                    2 if held => {
                        list.unlink(&mut table, slot);
                        table.vacate(slot);
                        model.retain(|other| *other != slot);
                        let generation = &mut generations[slot as usize];
                        prop_assert!(!table.is_current(slot, *generation));
                        *generation += 1;
                    }
                    _ => {}
                }
                prop_assert_eq!(list.len(), model.len());
                prop_assert_eq!(list.oldest(), model.first().copied());
                for slot in &model {
                    prop_assert!(table.is_current(*slot, generations[*slot as usize]));
                    prop_assert_eq!((table.get(*slot).hash, table.get(*slot).weight), (u64::from(*slot), slot + 1));
                }
            }
            // From the oldest on, all leave in the model's order.
            for slot in model {
                prop_assert_eq!(list.oldest(), Some(slot));
                list.unlink(&mut table, slot);
            }
            prop_assert!(list.is_empty());
        }
    }
}

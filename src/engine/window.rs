//! The admission window: new entries live here, in order of use, before moka is asked to keep them.
//!
//! moka's TinyLFU admits by frequency, and a fresh key has none; the window gives it time to earn
//! some. Together they are W-TinyLFU (Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient Cache
//! Admission Policy", 2017). An entry heavier than the whole window does not go through the
//! list, where it would push everything else out: it takes the one seat beside it, and keeps it until
//! others of a certain weight were written or the next such entry comes.

use super::slots::{RecencyList, Region, Slot, SlotTable};

/// What the window is promised of its capacity. Where entries differ in weight it has gaps, which the
/// main region may use; were all of it promised, entries of the main region would leave, compared with
/// nobody, whenever a gap closes. It is also what a window that grows comes to: with 7 in 8 keys that come again after
/// 0.8 of the capacity were missed although a window of 0.9 was wanted.
const CROWDED: (u64, u64) = (15, 16);

/// The entry that is too heavy for the list.
struct Seat {
    slot: Slot,
    weight: u64,
    /// How much more may be written before the seat is given up.
    credit: u64,
}

/// See the [module](self).
#[derive(Default)]
pub struct AdmissionWindow {
    list: RecencyList,
    list_weight: u64,
    capacity: u64,
    /// How many entries the list may have, beside what they may weigh.
    max_len: u64,
    /// How much others may weigh that are written before the seat is given up.
    seat_credit: u64,
    seat: Option<Seat>,
    /// The entry that the seat's new holder displaced.
    displaced: Option<Slot>,
}

impl AdmissionWindow {
    /// What the list may weigh.
    #[must_use]
    pub fn capacity(&self) -> u64 {
        self.capacity
    }

    /// Sets what the list may weigh, how many entries it may have, and how much may be written before an entry leaves
    /// the seat; [`AdmissionWindow::leave`] then tells who must go.
    pub fn set_limits(&mut self, capacity: u64, max_len: u64, seat_credit: u64) {
        self.capacity = capacity;
        self.max_len = max_len;
        self.seat_credit = seat_credit.max(1);
    }

    /// What the list weighs.
    #[must_use]
    pub fn list_weight(&self) -> u64 {
        self.list_weight
    }

    /// What the seated entry weighs, if there is one.
    #[must_use]
    pub fn seat_weight(&self) -> u64 {
        self.seat.as_ref().map_or(0, |seat| seat.weight)
    }

    /// What the window holds in all.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.list_weight + self.seat_weight()
    }

    /// Takes in a new entry.
    #[inline]
    pub fn enter(&mut self, table: &mut SlotTable, slot: Slot) {
        let weight = u64::from(table.get(slot).weight);
        if weight > self.capacity {
            debug_assert!(self.displaced.is_none());
            self.displaced = self.seat.take().map(|seat| seat.slot);
            table.place(slot, Region::Seat);
            self.seat = Some(Seat { slot, weight, credit: self.seat_credit });
            return;
        }
        table.place(slot, Region::Window);
        self.list.push_newest(table, slot);
        self.list_weight += weight;
        if let Some(seat) = &mut self.seat {
            seat.credit = seat.credit.saturating_sub(weight);
        }
    }

    /// The next entry whose time in the window is over, taken out of it; `None` when all may stay.
    #[inline]
    pub fn leave(&mut self, table: &mut SlotTable) -> Option<Slot> {
        if let Some(slot) = self.displaced.take() {
            return Some(slot);
        }
        if let Some(seat) = self.seat.take_if(|seat| seat.credit == 0) {
            return Some(seat.slot);
        }
        if self.list_weight > self.capacity || self.list.len() as u64 > self.max_len {
            self.pop_oldest(table)
        } else {
            None
        }
    }

    /// As [`AdmissionWindow::leave`] where what is held weighs too much although the list is within its
    /// capacity: the oldest leaves, rather than an entry of the main region, unless the list is so far
    /// below its capacity that it may grow at the main region's expense.
    pub fn leave_crowded(&mut self, table: &mut SlotTable, fresh: Slot) -> Option<Slot> {
        let oldest = self.list.oldest()?;
        if oldest == fresh || self.list_weight * CROWDED.1 <= self.capacity * CROWDED.0 {
            return None;
        }
        self.pop_oldest(table)
    }

    /// Takes out the entry of the list that was used longest ago.
    pub fn pop_oldest(&mut self, table: &mut SlotTable) -> Option<Slot> {
        let slot = self.list.oldest()?;
        self.remove(table, slot);
        Some(slot)
    }

    /// As [`AdmissionWindow::pop_oldest`], but never takes out `spared`.
    pub fn pop_oldest_but(&mut self, table: &mut SlotTable, spared: Slot) -> Option<Slot> {
        if self.list.oldest() == Some(spared) { None } else { self.pop_oldest(table) }
    }

    /// Takes out the seated entry unless it is `spared`.
    pub fn pop_seat(&mut self, spared: Slot) -> Option<Slot> {
        self.seat.take_if(|seat| seat.slot != spared).map(|seat| seat.slot)
    }

    /// Notes a use of an entry of the window.
    #[inline]
    pub fn touch(&mut self, table: &mut SlotTable, slot: Slot) {
        if table.get(slot).region == Region::Window {
            self.list.touch(table, slot);
        }
    }

    /// Takes `slot` out. Its region stays as it was: the caller knows where it goes.
    #[inline]
    pub fn remove(&mut self, table: &mut SlotTable, slot: Slot) {
        if table.get(slot).region == Region::Window {
            self.list.unlink(table, slot);
            self.list_weight -= u64::from(table.get(slot).weight);
        } else {
            self.seat.take_if(|seat| seat.slot == slot);
        }
    }

    /// How many entries are in the list.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether the list holds no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

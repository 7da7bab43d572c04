//! How shards come by capacity: from the budget, from each other's slack, and at last by eviction elsewhere.
//!
//! One shard is locked at a time. What was taken from others for a write is carried along and not put
//! back into the budget, where other threads could take it away: so each round of a write makes
//! progress.

use super::super::entries::{Entries, Write};
use super::super::payload::Payload;
use super::super::shard::Shard;
use super::{SetOutcome, Store};

/// What a shard is to hold beside the entry that it takes in, as a part of its share: a tenth, or else an entry as
/// heavy as its shard would give way to the very next write.
const COMPANY_SHARE: u64 = 10;

/// A shard fills in so many steps.
const GRANTS_PER_SHARD: u64 = 64;

/// How often a write tries to gather room for an entry larger than its shard before it gives up. Each
/// round makes progress unless other threads take what it found; only they can use it up.
const MAX_ROUNDS: u32 = 64;

impl Store {
    /// Stores an entry that is no larger than the limit allows, if room is found for it.
    pub(super) fn write(&self, shard: &Shard, write: Write) -> SetOutcome {
        let weight = u64::from(write.weight);
        let mut write = Some(write);
        let mut outcome = SetOutcome::Stored;
        let mut gathered = 0;
        for round in 0..MAX_ROUNDS {
            let room = if round == 0 { self.with_company(weight) } else { weight };
            let lacks = shard.write(|entries, garbage| {
                let Some(pending) = &write else { return 0 };
                let lacks = entries.lacks(pending.hash, pending.payload.key(), pending.weight);
                let lacks = self.grant(entries, lacks, std::mem::take(&mut gathered), garbage);
                let fits = entries.capacity() >= room;
                // One look for slack elsewhere is enough; then entries of this shard have to go.
                let settled = lacks == 0 || (fits && (round > 0 || !self.could_lend(shard, lacks)));
                if settled && let Some(write) = write.take() {
                    outcome = entries.set(write, garbage).map_or(SetOutcome::OutOfMemory, |()| outcome);
                }
                if fits { lacks } else { lacks.max(room - entries.capacity()) }
            });
            if write.is_none() {
                return outcome;
            }
            gathered = self.gather(shard, lacks, room);
        }
        shard.write(|entries, garbage| self.grant(entries, 0, gathered, garbage));
        SetOutcome::TooLarge
    }

    /// Grants a shard what was `gathered` for it and as much as the budget has of what it lacks.
    /// Returns what it lacks still.
    fn grant(&self, entries: &mut Entries, lacks: u64, gathered: u64, garbage: &mut Vec<Payload>) -> u64 {
        let mut granted = gathered;
        if lacks > granted {
            granted += self.budget.take((lacks - granted).max(self.chunk()));
        }
        if granted > 0 {
            entries.set_capacity(entries.capacity() + granted, garbage);
        }
        lacks.saturating_sub(granted)
    }

    /// Whether a look at the other shards could find `lacks` to lend to this one.
    fn could_lend(&self, shard: &Shard, lacks: u64) -> bool {
        self.shards.len() > 1
            && (self.is_starved(shard) || self.others(shard).any(|other| self.has_slack(other, lacks)))
    }

    /// Whether a shard has far less than its share, as it does after others took in large entries.
    fn is_starved(&self, shard: &Shard) -> bool {
        shard.capacity() * 2 < self.share()
    }

    /// Whether a shard uses so much less than it is granted that moving the rest pays.
    fn has_slack(&self, shard: &Shard, lacks: u64) -> bool {
        shard.slack() >= lacks.max(self.chunk())
    }

    /// The capacity that a shard should have to take in an entry of `weight`.
    fn with_company(&self, weight: u64) -> u64 {
        (weight + self.share() / COMPANY_SHARE).min(self.budget.limit())
    }

    /// Takes capacity from other shards, one after the other: slack first, and where the capacity of
    /// `shard` would still be below `room` or it is starved, evicting.
    fn gather(&self, shard: &Shard, lacks: u64, room: u64) -> u64 {
        let mut gathered = 0;
        for other in self.others(shard).filter(|other| self.has_slack(other, lacks)) {
            if gathered >= lacks {
                return gathered;
            }
            gathered += other.write(|entries, garbage| {
                let lent = entries.slack().min(lacks - gathered);
                entries.set_capacity(entries.capacity() - lent, garbage);
                lent
            });
        }
        if shard.capacity() + gathered >= room && !self.is_starved(shard) {
            return gathered;
        }
        let mut left = self.shards.len() as u64 - 1;
        for other in self.others(shard) {
            let portion = lacks.saturating_sub(gathered).div_ceil(left);
            gathered += other.write(|entries, garbage| {
                let lent = entries.capacity().min(portion);
                entries.set_capacity(entries.capacity() - lent, garbage);
                lent
            });
            left -= 1;
        }
        gathered
    }

    /// The other shards, from the next one on, so that no shard is always asked first.
    fn others<'a>(&'a self, shard: &'a Shard) -> impl Iterator<Item = &'a Shard> {
        let place = self.shards.iter().position(|other| std::ptr::eq(other, shard)).unwrap_or(0);
        let (before, after) = self.shards.split_at(place);
        after.iter().skip(1).chain(before)
    }

    fn share(&self) -> u64 {
        self.budget.limit() / self.shards.len() as u64
    }

    fn chunk(&self) -> u64 {
        (self.share() / GRANTS_PER_SHARD).max(1)
    }
}

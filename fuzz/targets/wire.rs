//! The wire of a `Cache` with anything in it: nothing panics, and what the policy holds and lists as gone adds up.
#![no_main]

use std::collections::HashSet;

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use mokapot::engine::policy::{PolicyConfig, PolicyKind};
use mokapot::forms::wire::{Wire, WiredPolicy};

const MOST_STEPS: usize = 1000;
const LISTED: usize = 1;
const UNLISTED: usize = 2;
const SLOT: usize = 3;
const FIRST_LISTED: usize = 192;

#[derive(Arbitrary, Debug)]
enum Step {
    Write { at: u8, word: u8 },
    WriteAny { at: u8, word: u32 },
    Insert { slot: u8, weight: u8, hash: u16 },
    InsertAsWritten { hash: u64 },
    Reweigh,
    Remove,
    More,
    SetLimits { limit: u16, max: u8 },
    Clear,
}

fn config(kind: PolicyKind, limit: u16) -> PolicyConfig {
    let nominal = u64::from(limit) + 1;
    PolicyConfig { kind, nominal, ceiling: nominal as u32 * 4, nominal_len: u64::MAX }
}

/// Slots above would make tables of gigabytes.
const MOST_SLOTS: u32 = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let mut data = Unstructured::new(data);
    let Ok((lru, limit, max)) = <(bool, u16, u8)>::arbitrary(&mut data) else { return };
    let kind = if lru { PolicyKind::Lru } else { PolicyKind::TinyLfu };
    let mut wired = WiredPolicy::new(config(kind, limit), usize::from(max) + 1);
    let mut wire: Wire = [0; 256];
    let mut held = HashSet::new();
    for _ in 0..MOST_STEPS {
        let Ok(step) = Step::arbitrary(&mut data) else { return };
        if let Step::Insert { slot, weight, .. } = step {
            wire[SLOT] = u32::from(slot);
            wire[SLOT + 1] = u32::from(weight);
        }
        wire[SLOT] = wire[SLOT].min(MOST_SLOTS);
        wired.take_reads(&mut wire);
        match step {
            Step::Write { at, word } => wire[usize::from(at)] = u32::from(word),
            Step::WriteAny { at, word } => wire[usize::from(at)] = word,
            Step::Insert { hash, .. } => {
                if wired.insert(&wire, u64::from(hash)) == Ok(true) {
                    held.insert(wire[SLOT]);
                }
            }
            Step::InsertAsWritten { hash } => {
                if wired.insert(&wire, hash) == Ok(true) {
                    held.insert(wire[SLOT]);
                }
            }
            Step::Reweigh => wired.reweigh(&wire),
            Step::Remove => {
                let listed = (wire[LISTED] as usize).min(wire.len() - FIRST_LISTED);
                wire[FIRST_LISTED..FIRST_LISTED + listed].iter().for_each(|slot| _ = held.remove(slot));
                wired.remove(&wire);
            }
            Step::More => {}
            Step::SetLimits { limit, max } => wired.set_limits(config(kind, limit), usize::from(max) + 1),
            Step::Clear => {
                wired.clear();
                held.clear();
            }
        }
        // All that is gone is listed, a list at a time.
        loop {
            wired.list_gone(&mut wire);
            for slot in &wire[FIRST_LISTED..FIRST_LISTED + wire[LISTED] as usize] {
                assert!(held.remove(slot), "a slot left that was not held, or twice");
            }
            if wire[UNLISTED] == 0 {
                break;
            }
        }
        assert_eq!(wired.policy().len(), held.len());
        assert!(wired.policy().weight() <= wired.policy().capacity());
        if data.is_empty() {
            return;
        }
    }
});

//! What a replay is compared with: exact LRU, and the optimum that knows the future.

use std::collections::BinaryHeap;

use crate::Score;
use crate::traces::Trace;

/// The end of a list, or a key that is not in it.
const NONE: u32 = u32::MAX;

/// Exact LRU, by number of entries or by weight.
pub fn lru(trace: &Trace, size: u64) -> Score {
    let mut newer = vec![NONE; trace.distinct + 1];
    let mut older = vec![NONE; trace.distinct + 1];
    let mut weights = vec![0u32; trace.distinct];
    // The list is a ring through `head`.
    let head = trace.distinct as u32;
    newer[trace.distinct] = head;
    older[trace.distinct] = head;
    let (mut held, mut score) = (0u64, Score::default());
    for (at, &key) in trace.keys.iter().enumerate() {
        let (index, weight) = (key as usize, trace.weight(at));
        if newer[index] != NONE {
            score.hits += 1;
            score.bytes += u64::from(weight);
            unlink(&mut newer, &mut older, key);
        } else if u64::from(weight) > size {
            continue;
        } else {
            held += u64::from(weight);
            weights[index] = weight;
            while held > size {
                let victim = newer[head as usize];
                unlink(&mut newer, &mut older, victim);
                newer[victim as usize] = NONE;
                held -= u64::from(weights[victim as usize]);
            }
        }
        let newest = older[head as usize];
        (newer[newest as usize], older[index]) = (key, newest);
        (newer[index], older[head as usize]) = (head, key);
    }
    score
}

fn unlink(newer: &mut [u32], older: &mut [u32], key: u32) {
    let (above, below) = (newer[key as usize], older[key as usize]);
    older[above as usize] = below;
    newer[below as usize] = above;
}

/// Belady's optimum for entries of one weight: whatever is needed again last of all leaves.
pub fn belady(trace: &Trace, size: u64) -> Score {
    let mut next = vec![NONE; trace.keys.len()];
    let mut seen = vec![NONE; trace.distinct];
    for (at, &key) in trace.keys.iter().enumerate().rev() {
        next[at] = seen[key as usize];
        seen[key as usize] = at as u32;
    }
    // For each held key when it is needed next; the heap has outdated entries too.
    let mut due = vec![None; trace.distinct];
    let mut heap: BinaryHeap<(u32, u32)> = BinaryHeap::new();
    let (mut held, mut score) = (0u64, Score::default());
    for (at, &key) in trace.keys.iter().enumerate() {
        if due[key as usize].is_some() {
            score.hits += 1;
            score.bytes += u64::from(trace.weight(at));
        } else {
            held += 1;
        }
        due[key as usize] = Some(next[at]);
        heap.push((next[at], key));
        while held > size {
            let Some((when, victim)) = heap.pop() else { break };
            if due[victim as usize] == Some(when) {
                due[victim as usize] = None;
                held -= 1;
            }
        }
    }
    score
}

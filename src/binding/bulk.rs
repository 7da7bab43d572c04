//! Exports: operations on many keys in one crossing, and the scan that iteration is made of.

use std::slice;

use super::answer::{
    BAD_CALL, BAD_KEY, BAD_VALUE, CLOSED, MISS_IN_BULK, OK, OUT_OF_MEMORY, code, code_of, id,
};
use super::guard::Args;
use super::key;
use super::operations::{lifetime, watch};
use super::raw::{self, Value};
use super::thread::Thread;
use super::value::{self, NUMBER, NumberBuffer, Taken};
use crate::engine::payload::Payload;
use crate::engine::store::{Cursor, SetOutcome};

/// `(id, keys, kinds)`: what makes each value, in the order of the keys, or a code; `kinds` is filled with
/// their kinds. Each key counts as a read.
pub fn get_many(args: &Args<3>, thread: &mut Thread) -> Value {
    let env = args.env;
    let Some((cache, key, _, scratch)) = thread.parts(id(args)) else { return code(args, CLOSED) };
    let Some(kinds) = kinds_argument(args, 2) else { return code(args, BAD_CALL) };
    // SAFETY: the callback's own environment; scratch and payloads are aligned to 8.
    unsafe {
        let result = raw::make_array(env, &[]);
        for (index, kind) in (0..).zip(kinds) {
            let key = match key.read(env, raw::element(env, args.get(1), index)) {
                Ok(key) => key,
                Err(unread) => return code(args, code_of(unread, BAD_KEY)),
            };
            let Some(taken) = cache.store.get(key, |payload| Taken::take(payload, scratch)) else {
                *kind = MISS_IN_BULK;
                continue;
            };
            let (found, wide, bytes) = taken.parts(scratch);
            *kind = found;
            raw::set_element(env, result, index, value::make(env, found, wide, bytes));
        }
        result
    }
}

/// `(id, keys, kinds, payloads, ttl?, tti?)`: a code.
pub fn set_many(args: &Args<6>, thread: &mut Thread) -> Value {
    let env = args.env;
    let Some((cache, key, text, _)) = thread.parts(id(args)) else { return code(args, CLOSED) };
    let Some(kinds) = kinds_argument(args, 2) else { return code(args, BAD_CALL) };
    let lifetime = lifetime(args, 4, cache);
    let mut number = NumberBuffer::default();
    for (index, kind) in (0..).zip(kinds) {
        // SAFETY: the callback's own environment and values; the bytes are copied before the next round.
        unsafe {
            let key = match key.read(env, raw::element(env, args.get(1), index)) {
                Ok(key) => key,
                Err(unread) => return code(args, code_of(unread, BAD_KEY)),
            };
            let payload = raw::element(env, args.get(3), index);
            if *kind == NUMBER {
                let Some(given) = raw::number(env, payload) else { return code(args, BAD_VALUE) };
                number = given.to_ne_bytes();
            }
            let incoming = match value::read(env, *kind, payload, text, &number) {
                Ok(incoming) => incoming,
                Err(unread) => return code(args, code_of(unread, BAD_VALUE)),
            };
            if cache.store.set(key, incoming.kind, incoming.bytes, lifetime) == SetOutcome::OutOfMemory {
                return code(args, OUT_OF_MEMORY);
            }
        }
    }
    watch(cache, lifetime);
    code(args, OK)
}

/// `(id, keys, count)`: how many were there, or a code.
pub fn delete_many(args: &Args<3>, thread: &mut Thread) -> Value {
    let env = args.env;
    let Some((cache, key, ..)) = thread.parts(id(args)) else { return code(args, CLOSED) };
    // SAFETY: the callback's own environment and values.
    let Some(count) = (unsafe { raw::small(env, args.get(2)) }) else { return code(args, BAD_CALL) };
    let mut deleted = 0;
    for index in 0..count {
        // SAFETY: as above.
        let key = match unsafe { key.read(env, raw::element(env, args.get(1), index)) } {
            Ok(key) => key,
            Err(unread) => return code(args, code_of(unread, BAD_KEY)),
        };
        deleted += i32::from(cache.store.delete(key));
    }
    code(args, deleted)
}

/// `(id, shard, slot, most)`: `[nextShard, nextSlot, key, key, …]`, or a code. The next shard is -1 at the end. A
/// key that is an `ArrayBuffer` stands for a `Uint8Array` over it.
pub fn scan(args: &Args<4>, thread: &mut Thread) -> Value {
    let env = args.env;
    let Some(cache) = thread.cache(id(args)) else { return code(args, CLOSED) };
    // SAFETY: the callback's own environment and values.
    let numbers = [1, 2, 3].map(|index| unsafe { raw::small(env, args.get(index)) });
    let [Some(shard), Some(slot), Some(most)] = numbers else { return code(args, BAD_CALL) };
    let mut payloads: Vec<Payload> = Vec::new();
    let next = cache.store.scan(Cursor { shard: shard as usize, slot }, most as usize, &mut payloads);
    let next = next.map_or([-1.0, 0.0], |cursor| [cursor.shard as f64, f64::from(cursor.slot)]);
    // SAFETY: the callback's own environment.
    unsafe {
        let mut items = next.map(|number| raw::make_number(env, number)).to_vec();
        items.extend(payloads.iter().map(|payload| key::make(env, payload.key())));
        raw::make_array(env, &items)
    }
}

/// A `Uint8Array` of JavaScript's that kinds are read from or written to.
fn kinds_argument<const N: usize>(args: &Args<N>, index: usize) -> Option<&'static mut [u8]> {
    // SAFETY: the callback's own environment and values.
    let bytes = unsafe { raw::bytes(args.env, args.get(index)) }?;
    // SAFETY: the array was made for this call by lib/, which keeps it, and nothing else looks at it until
    // the call returns. Its bytes do not move once Node has told where they are.
    Some(unsafe { slice::from_raw_parts_mut(bytes.as_ptr().cast_mut(), bytes.len()) })
}

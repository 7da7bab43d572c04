//! Exports: what a near cache takes, which keeps decoded values in its thread and reads the stamps where they are.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use napi::sys;

use super::answer::{BAD_CALL, BAD_KEY, CLOSED, MISS, OK, code, code_of, id, millis};
use super::guard::{self, Args};
use super::operations::deliver;
use super::raw::{self, Env, Value};
use super::thread::{Spot, Thread};
use super::value::Taken;
use crate::engine::payload::Payload;
use crate::engine::stamps::Stamps;
use crate::engine::store::{Counting, Near};
use crate::forms::reads::{Reads, reads_of};

/// `(id)`: an `ArrayBuffer` over the stamps of a cache, undefined where there can be none, or a code.
pub fn map_stamps(args: &Args<1>, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else { return code(args, CLOSED) };
    let stamps = Arc::clone(cache.store.stamps());
    let table = stamps.table();
    let (start, len) = (table.as_ptr().cast_mut().cast::<c_void>(), size_of_val(table));
    let mut buffer = ptr::null_mut();
    let hold = Arc::into_raw(stamps).cast_mut().cast::<c_void>();
    // SAFETY: the callback's own environment; the table stays where it is while it is held, which the buffer does until
    // `let_go` gets the hold back. JavaScript only reads it, a word at a time.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(args.env, start, len, Some(let_go), hold, &raw mut buffer)
    };
    if status == sys::Status::napi_ok {
        return buffer;
    }
    // Runtimes that keep all their memory in one region refuse it, and then call no finalizer.
    // SAFETY: it was made just above.
    drop(unsafe { Arc::from_raw(hold.cast::<Stamps>()) });
    ptr::null_mut()
}

unsafe extern "C" fn let_go(_: Env, _: *mut c_void, hold: *mut c_void) {
    guard::contain(|| {
        // SAFETY: `map_stamps` gave this hold to the buffer alone, and finalizers run once.
        drop(unsafe { Arc::from_raw(hold.cast::<Stamps>()) });
    });
}

/// `(id, stripe)`: its stamp, or undefined for a closed cache.
pub fn stamp_of(args: &Args<2>, thread: &mut Thread) -> Value {
    // SAFETY: the callback's own environment and values.
    let stripe = unsafe { raw::small(args.env, args.get(1)) };
    match (thread.cache(id(args)), stripe) {
        (Some(cache), Some(stripe)) => code(args, cache.store.stamps().value(stripe).cast_signed()),
        _ => ptr::null_mut(),
    }
}

/// `(key)`: as [`get`](super::operations::get), and tells the [`Spot`].
pub fn get_near(args: &Args<1>, thread: &mut Thread) -> Value {
    read(args, thread, Counting::Misses)
}

/// `(key)`: as [`find`](super::operations::find), and tells the [`Spot`].
pub fn find_near(args: &Args<1>, thread: &mut Thread) -> Value {
    read(args, thread, Counting::HitsOnly)
}

fn read(args: &Args<1>, thread: &mut Thread, counting: Counting) -> Value {
    let Some((cache, key, _, scratch)) = thread.parts(thread.call().cache) else {
        return thread.answer(CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let key = match unsafe { key.read(args.env, args.get(0)) } {
        Ok(key) => key,
        Err(unread) => return thread.answer(code_of(unread, BAD_KEY)),
    };
    let take = |payload: &Payload| Taken::take(payload, scratch);
    let Some(near) = cache.store.get_near(key, counting, take) else {
        return thread.answer(MISS);
    };
    let spot = spot_of(&near);
    let (value, kind, len) = deliver(args.env, &near.taken, scratch);
    thread.answer_with(kind, len);
    thread.tell(spot);
    value
}

/// `(key, stamp)`: reads without a value, for one that is kept since that stamp: answers 1, or 0 if it has left or may have
/// changed, which counts nothing; and tells the [`Spot`].
pub fn read_again(args: &Args<2>, thread: &mut Thread) -> Value {
    let Some((cache, key, ..)) = thread.parts(thread.call().cache) else {
        return thread.answer(CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let key = match unsafe { key.read(args.env, args.get(0)) } {
        Ok(key) => key,
        Err(unread) => return thread.answer(code_of(unread, BAD_KEY)),
    };
    // SAFETY: as above.
    let Some(stamp) = (unsafe { raw::small(args.env, args.get(1)) }) else {
        return thread.answer(BAD_CALL);
    };
    let near = cache.store.read_again(key, stamp);
    if let Some(near) = &near {
        thread.tell(spot_of(near));
    }
    thread.answer(i32::from(near.is_some()))
}

fn spot_of<R>(near: &Near<R>) -> Spot {
    Spot {
        stripe: near.stamp.stripe,
        stamp: near.stamp.value,
        shard: near.shard,
        slot: near.slot,
        generation: near.generation,
        unused: 0,
        again: millis(near.again),
    }
}

/// `(id, reads, count, hits)`: takes in reads of a near cache, so many times shard, slot, generation and how many, and
/// how many hits it had in all; a code.
pub fn report_near(args: &Args<4>, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else { return code(args, CLOSED) };
    // SAFETY: the callback's own environment and values.
    let (reads, count, hits) = unsafe {
        let (reads, count) = (raw::bytes(args.env, args.get(1)), raw::small(args.env, args.get(2)));
        (reads, count, raw::number(args.env, args.get(3)))
    };
    let (Some(reads), Some(count), Some(hits)) = (reads, count, hits) else { return code(args, BAD_CALL) };
    for Reads { shard, slot, generation, times } in reads_of(reads, count as usize) {
        cache.store.hear_of_reads(shard, slot, generation, times);
    }
    cache.store.count(|stats| stats.hits += hits as u64);
    code(args, OK)
}

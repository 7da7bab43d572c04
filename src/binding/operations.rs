//! Exports: operations on one key, and on a cache as a whole.
//!
//! The hot ones find what they need beside a key and a payload in the [`Call`](super::thread::Call) and leave their answer there: a
//! number that goes over as an argument or comes back as a result costs 3-14 ns, in a buffer 1-2.

use std::ptr;

use super::answer::{
    BAD_KEY, BAD_VALUE, CLOSED, MISS, OK, OUT_OF_MEMORY, TOO_LARGE, code, code_of, id, millis, nanos, numbers,
};
use super::guard::Args;
use super::raw::{self, Value};
use super::registry::Shared;
use super::thread::Thread;
use super::value::{self, Taken};
use crate::engine::expiry::Lifetime;
use crate::engine::payload::Payload;
use crate::engine::store::{SetOutcome, Store};
use crate::engine::sweeper;

// How `read` reads: as `get` does, leaving no trace, or without counting a miss.
const GET: u8 = 0;
const PEEK: u8 = 1;
const BEFORE_LOADING: u8 = 2;

/// `(key)`: as [`get`], but does not count a miss.
pub fn find(args: &Args<1>, thread: &mut Thread) -> Value {
    read::<BEFORE_LOADING>(args, thread)
}

/// `(key)`: answers with the value's kind, [`MISS`] or an error, and returns what makes the value.
pub fn get(args: &Args<1>, thread: &mut Thread) -> Value {
    read::<GET>(args, thread)
}

/// `(key)`: as [`get`], but leaves no trace.
pub fn peek(args: &Args<1>, thread: &mut Thread) -> Value {
    read::<PEEK>(args, thread)
}

#[inline]
fn read<const HOW: u8>(args: &Args<1>, thread: &mut Thread) -> Value {
    let Some((cache, key, _, scratch)) = thread.parts(thread.call().cache) else {
        return thread.answer(CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let key = match unsafe { key.read(args.env, args.get(0)) } {
        Ok(key) => key,
        Err(unread) => return thread.answer(code_of(unread, BAD_KEY)),
    };
    let take = |payload: &Payload| Taken::take(payload, scratch);
    let taken = match HOW {
        GET => cache.store.get(key, take),
        PEEK => cache.store.peek(key, take),
        _ => cache.store.get_before_loading(key, take),
    };
    let Some(taken) = taken else {
        return thread.answer(MISS);
    };
    let (value, kind, len) = deliver(args.env, &taken, scratch);
    thread.answer_with(kind, len);
    value
}

/// What makes a value that was taken, if it is not read where it lies; its kind and length.
#[inline]
pub fn deliver(env: raw::Env, taken: &Taken, scratch: &[u8]) -> (Value, i32, u32) {
    let (kind, wide, bytes) = taken.parts(scratch);
    let value = if value::is_read_in_place(kind) && matches!(taken, Taken::Copied(..)) {
        ptr::null_mut()
    } else {
        // SAFETY: the callback's own environment; scratch and payloads are aligned to 8.
        unsafe { value::make(env, kind, wide, bytes) }
    };
    (value, i32::from(kind), bytes.len() as u32)
}

/// `(key)`: answers with 1, 0 or an error.
pub fn has(args: &Args<1>, thread: &mut Thread) -> Value {
    with_key(args, thread, |store, key| store.peek(key, |_| ()).is_some())
}

/// `(key)`: answers with 1, 0 or an error.
pub fn delete(args: &Args<1>, thread: &mut Thread) -> Value {
    with_key(args, thread, Store::delete)
}

#[inline]
pub fn with_key(args: &Args<1>, thread: &mut Thread, act: impl FnOnce(&Store, &[u8]) -> bool) -> Value {
    let Some((cache, key, ..)) = thread.parts(thread.call().cache) else {
        return thread.answer(CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let key = match unsafe { key.read(args.env, args.get(0)) } {
        Ok(key) => key,
        Err(unread) => return thread.answer(code_of(unread, BAD_KEY)),
    };
    let truth = act(&cache.store, key);
    thread.answer(i32::from(truth))
}

/// `(key, payload)`: answers with a code. The cache's lifetime holds.
pub fn set(args: &Args<2>, thread: &mut Thread) -> Value {
    write(args, thread, |cache| cache.settings.lifetime)
}

/// `(key, payload, ttl?, tti?)`: answers with a code.
pub fn set_for(args: &Args<4>, thread: &mut Thread) -> Value {
    write(args, thread, |cache| lifetime(args, 2, cache))
}

#[inline]
pub fn write<const N: usize>(
    args: &Args<N>,
    thread: &mut Thread,
    lifetime: impl FnOnce(&Shared) -> Lifetime,
) -> Value {
    let env = args.env;
    let call = thread.call();
    let Some((cache, key, text, scratch)) = thread.parts(call.cache) else {
        return thread.answer(CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let key = match unsafe { key.read(env, args.get(0)) } {
        Ok(key) => key,
        Err(unread) => return thread.answer(code_of(unread, BAD_KEY)),
    };
    // SAFETY: as above; the bytes are copied before this call ends.
    let incoming = match unsafe { value::read_call(env, call, args.get(1), text, scratch) } {
        Ok(incoming) => incoming,
        Err(unread) => return thread.answer(code_of(unread, BAD_VALUE)),
    };
    let lifetime = lifetime(cache);
    let outcome = cache.store.set(key, incoming.kind, incoming.bytes, lifetime);
    watch(cache, lifetime);
    thread.answer(match outcome {
        SetOutcome::Stored => OK,
        SetOutcome::TooLarge => TOO_LARGE,
        SetOutcome::OutOfMemory => OUT_OF_MEMORY,
    })
}

/// The lifetime that the arguments from `first` on give an entry, the cache's where they say nothing.
#[inline]
pub fn lifetime<const N: usize>(args: &Args<N>, first: usize, cache: &Shared) -> Lifetime {
    let default = cache.settings.lifetime;
    // SAFETY: the callback's own environment and values.
    let own = |index| unsafe { raw::number(args.env, args.get(index)) }.map(nanos);
    Lifetime {
        to_live: own(first).unwrap_or(default.to_live),
        to_idle: own(first + 1).unwrap_or(default.to_idle),
    }
}

/// Has the sweeper look after a cache, once an entry that expires is in it: before, it might find nothing to
/// look after.
#[inline]
pub fn watch(cache: &Shared, lifetime: Lifetime) {
    if !lifetime.is_endless() {
        sweeper::watch(&cache.store);
    }
}

/// `(id, maxBytes | undefined, max | undefined)`: a code.
pub fn resize(args: &Args<3>, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let limit = |index| unsafe { raw::number(args.env, args.get(index)) }.map(|limit| limit as u64);
    cache.store.resize(limit(1), limit(2));
    code(args, OK)
}

/// `(id)`: how many were removed, or a code.
pub fn purge_expired(args: &Args<1>, thread: &mut Thread) -> Value {
    count(args, thread, Store::purge_expired)
}

/// `(id)`: a code.
pub fn reset_stats(args: &Args<1>, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    cache.store.reset_stats();
    code(args, OK)
}

/// `(id, key)`: `[bytes, ttl, tti, remaining, age]`, 0 for a key that is not there, or a code.
pub fn info(args: &Args<2>, thread: &mut Thread) -> Value {
    let Some((cache, key, ..)) = thread.parts(id(args)) else {
        return code(args, CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let key = match unsafe { key.read(args.env, args.get(1)) } {
        Ok(key) => key,
        Err(unread) => return code(args, code_of(unread, BAD_KEY)),
    };
    let Some(info) = cache.store.info(key) else {
        return code(args, OK);
    };
    let Lifetime { to_live, to_idle } = info.lifetime;
    let spans = [to_live, to_idle, info.remaining, info.age].map(millis);
    numbers(args, &[&[info.cost as f64], &spans[..]].concat())
}

pub fn clear(args: &Args<1>, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    cache.store.clear();
    code(args, OK)
}

pub fn size(args: &Args<1>, thread: &mut Thread) -> Value {
    count(args, thread, Store::len)
}

pub fn bytes(args: &Args<1>, thread: &mut Thread) -> Value {
    count(args, thread, Store::bytes)
}

pub fn count(args: &Args<1>, thread: &mut Thread, count: impl FnOnce(&Store) -> u64) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    let count = count(&cache.store) as f64;
    // SAFETY: the callback's own environment.
    unsafe { raw::make_number(args.env, count) }
}

/// The counters in the order that lib/stats.ts knows.
pub fn stats(args: &Args<1>, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    let stats = cache.store.stats();
    let activities = cache.store.activity();
    let shares = activities.iter().map(|activity| activity.window_share).sum::<f64>();
    let counters = [
        stats.hits,
        stats.misses,
        stats.sets,
        stats.replaced,
        stats.deletes,
        stats.cleared,
        stats.evictions,
        stats.expirations,
        stats.rejected,
        stats.loads,
        stats.load_errors,
        stats.coalesced,
        activities.iter().map(|activity| activity.admitted).sum(),
        activities.iter().map(|activity| activity.refused).sum(),
    ];
    let mut all = counters.map(|counter| counter as f64).to_vec();
    all.push(shares / activities.len() as f64);
    numbers(args, &all)
}

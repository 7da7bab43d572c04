//! Exports: operations on one key, and on a cache as a whole.

use std::ptr;

use super::answer::{
    BAD_KEY, BAD_VALUE, CLOSED, MISS, OK, OUT_OF_MEMORY, READ_BAD_KEY, READ_CLOSED, TOO_LARGE, code, id,
    millis, nanos, numbers,
};
use super::guard::Args;
use super::raw::{self, Value};
use super::registry::Shared;
use super::thread::Thread;
use super::value::{self, NumberBuffer, Taken};
use crate::engine::expiry::Lifetime;
use crate::engine::payload::Payload;
use crate::engine::store::{SetOutcome, Store};
use crate::engine::sweeper;

pub fn get(args: &Args, thread: &mut Thread) -> Value {
    read(args, thread, |store, key, take| store.get(key, take))
}

pub fn peek(args: &Args, thread: &mut Thread) -> Value {
    read(args, thread, |store, key, take| store.peek(key, take))
}

/// `(id, key)`: reports the value's kind, [`MISS`] or an error, and returns what makes the value.
#[inline]
pub fn read(
    args: &Args,
    thread: &mut Thread,
    find: impl FnOnce(&Store, &[u8], &mut dyn FnMut(&Payload) -> Taken) -> Option<Taken>,
) -> Value {
    let Some((cache, key, _, scratch)) = thread.parts(id(args)) else {
        thread.report(READ_CLOSED);
        return ptr::null_mut();
    };
    // SAFETY: the callback's own environment and values.
    let Some(key) = (unsafe { key.read(args.env, args.get(1)) }) else {
        thread.report(READ_BAD_KEY);
        return ptr::null_mut();
    };
    let Some(taken) = find(&cache.store, key, &mut |payload| Taken::take(payload, scratch)) else {
        thread.report(MISS);
        return ptr::null_mut();
    };
    let (kind, wide, bytes) = taken.parts(scratch);
    let len = bytes.len() as u32;
    let value = if kind >= value::FIRST_BYTES && matches!(taken, Taken::Copied(..)) {
        // Short bytes stay where they are, and JavaScript copies them: a buffer made here costs more.
        ptr::null_mut()
    } else {
        // SAFETY: the callback's own environment; scratch and payloads are aligned to 8.
        unsafe { value::make(args.env, kind, wide, bytes) }
    };
    thread.report_with(u32::from(kind), len);
    value
}

/// `(id, key)`: a boolean or a code.
pub fn has(args: &Args, thread: &mut Thread) -> Value {
    with_key(args, thread, |store, key| store.peek(key, |_| ()).is_some())
}

/// `(id, key)`: a boolean or a code.
pub fn delete(args: &Args, thread: &mut Thread) -> Value {
    with_key(args, thread, Store::delete)
}

#[inline]
pub fn with_key(args: &Args, thread: &mut Thread, act: impl FnOnce(&Store, &[u8]) -> bool) -> Value {
    let Some((cache, key, ..)) = thread.parts(id(args)) else {
        return code(args, CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let Some(key) = (unsafe { key.read(args.env, args.get(1)) }) else {
        return code(args, BAD_KEY);
    };
    let truth = act(&cache.store, key);
    // SAFETY: the callback's own environment.
    unsafe { raw::make_bool(args.env, truth) }
}

/// `(id, key, kind, payload, ttl?, tti?)`: a code.
pub fn set(args: &Args, thread: &mut Thread) -> Value {
    let env = args.env;
    let Some((cache, key, text, _)) = thread.parts(id(args)) else {
        return code(args, CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let Some(key) = (unsafe { key.read(env, args.get(1)) }) else {
        return code(args, BAD_KEY);
    };
    let mut number = NumberBuffer::default();
    // SAFETY: as above; the bytes are copied before this call ends.
    let incoming = unsafe {
        raw::small(env, args.get(2))
            .and_then(|kind| value::read(env, kind as u8, args.get(3), text, &mut number))
    };
    let Some(incoming) = incoming else {
        return code(args, BAD_VALUE);
    };
    let lifetime = lifetime(args, cache);
    let outcome = cache.store.set(key, incoming.kind, incoming.bytes, lifetime);
    watch(cache, lifetime);
    code(
        args,
        match outcome {
            SetOutcome::Stored => OK,
            SetOutcome::TooLarge => TOO_LARGE,
            SetOutcome::OutOfMemory => OUT_OF_MEMORY,
        },
    )
}

/// The lifetime that the arguments from the fifth on give an entry, the cache's where they say nothing.
#[inline]
pub fn lifetime(args: &Args, cache: &Shared) -> Lifetime {
    let default = cache.settings.lifetime;
    if args.len() > 4 {
        // SAFETY: the callback's own environment and values.
        let own = |index| unsafe { raw::number(args.env, args.get(index)) }.map(nanos);
        Lifetime { to_live: own(4).unwrap_or(default.to_live), to_idle: own(5).unwrap_or(default.to_idle) }
    } else {
        default
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
pub fn resize(args: &Args, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let limit = |index| unsafe { raw::number(args.env, args.get(index)) }.map(|limit| limit as u64);
    cache.store.resize(limit(1), limit(2));
    code(args, OK)
}

/// `(id)`: how many were removed, or a code.
pub fn purge_expired(args: &Args, thread: &mut Thread) -> Value {
    count(args, thread, Store::purge_expired)
}

/// `(id)`: a code.
pub fn reset_stats(args: &Args, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    cache.store.reset_stats();
    code(args, OK)
}

/// `(id, key)`: `[bytes, ttl, tti, remaining, age]`, 0 for a key that is not there, or a code.
pub fn info(args: &Args, thread: &mut Thread) -> Value {
    let Some((cache, key, ..)) = thread.parts(id(args)) else {
        return code(args, CLOSED);
    };
    // SAFETY: the callback's own environment and values.
    let Some(key) = (unsafe { key.read(args.env, args.get(1)) }) else {
        return code(args, BAD_KEY);
    };
    let Some(info) = cache.store.info(key) else {
        return code(args, OK);
    };
    let Lifetime { to_live, to_idle } = info.lifetime;
    let spans = [to_live, to_idle, info.remaining, info.age].map(millis);
    numbers(args, &[&[info.cost as f64], &spans[..]].concat())
}

pub fn clear(args: &Args, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    cache.store.clear();
    code(args, OK)
}

pub fn size(args: &Args, thread: &mut Thread) -> Value {
    count(args, thread, Store::len)
}

pub fn bytes(args: &Args, thread: &mut Thread) -> Value {
    count(args, thread, Store::bytes)
}

pub fn count(args: &Args, thread: &mut Thread, count: impl FnOnce(&Store) -> u64) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    let count = count(&cache.store) as f64;
    // SAFETY: the callback's own environment.
    unsafe { raw::make_number(args.env, count) }
}

/// The counters in the order that lib/stats.ts knows.
pub fn stats(args: &Args, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    let stats = cache.store.stats();
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
    ];
    numbers(args, &counters.map(|counter| counter as f64))
}

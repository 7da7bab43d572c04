//! The exported functions of shared caches. lib/native.ts has their types and says what each does.
//!
//! Each takes the number that the cache was opened under, and answers with a value or a code;
//! TypeScript makes the errors, since a throw through Node-API costs 2-7 us.

use std::ptr;

use napi::sys;

use super::guard::{Args, export_all};
use super::raw::{self, Env, Value};
use super::registry::{self, Settings, Shared};
use super::thread::Thread;
use super::value::{self, NumberBuffer, Taken};
use crate::engine::clock::Nanos;
use crate::engine::expiry::{Lifetime, NEVER};
use crate::engine::payload::Payload;
use crate::engine::policy::PolicyKind;
use crate::engine::store::{Seed, SetOutcome, Store, StoreConfig};

// What operations answer: the same numbers stand in lib/native.ts.
const OK: i32 = 0;
const TOO_LARGE: i32 = 1;
const CLOSED: i32 = -1;
const BAD_KEY: i32 = -2;
const BAD_VALUE: i32 = -3;
const OUT_OF_MEMORY: i32 = -4;
const NAME_TAKEN: i32 = -5;
const GONE: i32 = -6;
const BAD_CALL: i32 = -7;

// What `create` may do about a living cache of the same name, and about none.
const MODE_MAKE_OR_OPEN: u32 = 1;
const MODE_OPEN: u32 = 2;

// What reads report beside their result, above all kinds of value.
const MISS: u32 = 0x100;
const READ_CLOSED: u32 = 0x101;
const READ_BAD_KEY: u32 = 0x102;

/// Exports all of them.
///
/// # Safety
/// Both are of the environment that is loading the addon.
pub unsafe fn export(env: Env, exports: Value) {
    // SAFETY: as asked of the caller.
    let thread = unsafe { Thread::register(env) };
    export_all!(env, exports, thread, {
        "register" => register,
        "image" => image,
        "living" => living,
        "advance" => advance,
        "create" => create,
        "attach" => attach,
        "describe" => describe,
        "release" => release,
        "get" => get,
        "peek" => peek,
        "has" => has,
        "set" => set,
        "delete" => delete,
        "clear" => clear,
        "size" => size,
        "bytes" => bytes,
        "stats" => stats,
    });
}

fn register(args: &Args, thread: &mut Thread) -> Value {
    // SAFETY: the callback's own environment and values; JavaScript keeps the buffer it registers.
    let done = unsafe { raw::bytes(args.env, args.get(0)) }
        .is_some_and(|buffer| unsafe { thread.set_scratch(buffer) });
    code(args, if done { OK } else { BAD_CALL })
}

/// `(milliseconds)`
fn advance(args: &Args, _: &mut Thread) -> Value {
    // SAFETY: the callback's own environment and values.
    let Some(by) = (unsafe { raw::number(args.env, args.get(0)) }) else {
        return code(args, BAD_CALL);
    };
    registry::CLOCK.advance(nanos(by));
    code(args, OK)
}

fn image(args: &Args, _: &mut Thread) -> Value {
    // SAFETY: the callback's own environment.
    unsafe { raw::make_string(args.env, &registry::IMAGE) }
}

/// What this thread has open, and how many caches live in the process.
fn living(args: &Args, thread: &mut Thread) -> Value {
    numbers(args, &[thread.open_count() as f64, registry::living() as f64])
}

/// `(name | undefined, mode, maxBytes, lru, ttl, tti, codec)`
fn create(args: &Args, thread: &mut Thread) -> Value {
    let Some((name, mode, settings)) = read_settings(args) else {
        return code(args, BAD_CALL);
    };
    if mode == MODE_OPEN {
        return match name.and_then(|name| registry::named(&name)) {
            Some(living) => code(args, thread.open(living).cast_signed()),
            None => code(args, GONE),
        };
    }
    let config = StoreConfig {
        max_bytes: settings.max_bytes,
        policy: settings.policy,
        shards: None,
        seed: Seed::Random,
        clock: registry::CLOCK.clone(),
    };
    match registry::create(name, settings, || Store::new(&config)) {
        Ok(cache) => code(args, thread.open(cache).cast_signed()),
        Err(living) if mode == MODE_MAKE_OR_OPEN => code(args, thread.open(living).cast_signed()),
        Err(_) => code(args, NAME_TAKEN),
    }
}

fn read_settings(args: &Args) -> Option<(Option<String>, u32, Settings)> {
    let env = args.env;
    // SAFETY: the callback's own environment and values.
    unsafe {
        let lifetime = Lifetime {
            to_live: nanos(raw::number(env, args.get(4))?),
            to_idle: nanos(raw::number(env, args.get(5))?),
        };
        let settings = Settings {
            max_bytes: raw::number(env, args.get(2))? as u64,
            policy: if raw::small(env, args.get(3))? == 1 { PolicyKind::Lru } else { PolicyKind::TinyLfu },
            lifetime,
            codec: raw::string(env, args.get(6))?,
        };
        Some((raw::string(env, args.get(0)), raw::small(env, args.get(1))?, settings))
    }
}

/// `(index, generation)`
fn attach(args: &Args, thread: &mut Thread) -> Value {
    // SAFETY: the callback's own environment and values.
    let (index, generation) =
        unsafe { (raw::small(args.env, args.get(0)), raw::small(args.env, args.get(1))) };
    let (Some(index), Some(generation)) = (index, generation) else {
        return code(args, BAD_CALL);
    };
    match registry::find(index, generation) {
        Some(cache) => code(args, thread.open(cache).cast_signed()),
        None => code(args, GONE),
    }
}

/// `[index, generation, maxBytes, maxEntryBytes, lru, ttl, tti, codec, name | undefined]`
fn describe(args: &Args, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    let Shared { settings, store, .. } = cache;
    let env = args.env;
    // SAFETY: the callback's own environment.
    let number = |number: f64| unsafe { raw::make_number(env, number) };
    // SAFETY: the callback's own environment.
    unsafe {
        let items = [
            number(f64::from(cache.index)),
            number(f64::from(cache.generation)),
            number(settings.max_bytes as f64),
            number(store.max_entry_bytes() as f64),
            number(f64::from(u8::from(settings.policy == PolicyKind::Lru))),
            number(millis(settings.lifetime.to_live)),
            number(millis(settings.lifetime.to_idle)),
            raw::make_string(env, &settings.codec),
        ];
        let array = raw::make_array(env, &items);
        if let Some(name) = &cache.name {
            sys::napi_set_element(env, array, items.len() as u32, raw::make_string(env, name));
        }
        array
    }
}

fn release(args: &Args, thread: &mut Thread) -> Value {
    thread.close(id(args));
    code(args, OK)
}

fn get(args: &Args, thread: &mut Thread) -> Value {
    read(args, thread, |store, key, take| store.get(key, take))
}

fn peek(args: &Args, thread: &mut Thread) -> Value {
    read(args, thread, |store, key, take| store.peek(key, take))
}

/// `(id, key)`: reports the value's kind, [`MISS`] or an error, and returns what makes the value.
#[inline]
fn read(
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
fn has(args: &Args, thread: &mut Thread) -> Value {
    with_key(args, thread, |store, key| store.peek(key, |_| ()).is_some())
}

/// `(id, key)`: a boolean or a code.
fn delete(args: &Args, thread: &mut Thread) -> Value {
    with_key(args, thread, Store::delete)
}

#[inline]
fn with_key(args: &Args, thread: &mut Thread, act: impl FnOnce(&Store, &[u8]) -> bool) -> Value {
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
fn set(args: &Args, thread: &mut Thread) -> Value {
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
    let lifetime = if args.len() > 4 {
        // SAFETY: as above.
        let own = |index| unsafe { raw::number(env, args.get(index)) }.map(nanos);
        let default = cache.settings.lifetime;
        Lifetime { to_live: own(4).unwrap_or(default.to_live), to_idle: own(5).unwrap_or(default.to_idle) }
    } else {
        cache.settings.lifetime
    };
    code(
        args,
        match cache.store.set(key, incoming.kind, incoming.bytes, lifetime) {
            SetOutcome::Stored => OK,
            SetOutcome::TooLarge => TOO_LARGE,
            SetOutcome::OutOfMemory => OUT_OF_MEMORY,
        },
    )
}

fn clear(args: &Args, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    cache.store.clear();
    code(args, OK)
}

fn size(args: &Args, thread: &mut Thread) -> Value {
    count(args, thread, Store::len)
}

fn bytes(args: &Args, thread: &mut Thread) -> Value {
    count(args, thread, Store::bytes)
}

fn count(args: &Args, thread: &mut Thread, count: impl FnOnce(&Store) -> u64) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    let count = count(&cache.store) as f64;
    // SAFETY: the callback's own environment.
    unsafe { raw::make_number(args.env, count) }
}

/// The counters in the order that lib/stats.ts knows.
fn stats(args: &Args, thread: &mut Thread) -> Value {
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

#[inline]
fn id(args: &Args) -> u32 {
    // SAFETY: the callback's own environment and values.
    unsafe { raw::small(args.env, args.get(0)) }.unwrap_or(u32::MAX)
}

#[inline]
fn code(args: &Args, code: i32) -> Value {
    // SAFETY: the callback's own environment.
    unsafe { raw::make_code(args.env, code) }
}

fn numbers(args: &Args, numbers: &[f64]) -> Value {
    // SAFETY: the callback's own environment.
    unsafe {
        let items: Vec<_> = numbers.iter().map(|number| raw::make_number(args.env, *number)).collect();
        raw::make_array(args.env, &items)
    }
}

/// Milliseconds as the engine counts time, rounded up; infinity is [`NEVER`].
fn nanos(millis: f64) -> Nanos {
    // The cast saturates, and the largest number is what stands for never.
    (millis * 1e6).ceil() as Nanos
}

fn millis(nanos: Nanos) -> f64 {
    if nanos == NEVER { f64::INFINITY } else { nanos as f64 / 1e6 }
}

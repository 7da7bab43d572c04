//! Exports: how a thread comes to have a cache open, and lets go of it.

use super::answer::{
    BAD_CALL, CLOSED, GONE, MODE_MAKE_OR_OPEN, MODE_OPEN, NAME_TAKEN, OK, code, id, nanos, numbers,
};
use super::guard::Args;
use super::raw::{self, Value};
use super::registry::{self, Settings, Shared};
use super::thread::Thread;
use crate::engine::expiry::Lifetime;
use crate::engine::policy::PolicyKind;
use crate::engine::store::{Seed, Store, StoreConfig};

pub fn register(args: &Args, thread: &mut Thread) -> Value {
    // SAFETY: the callback's own environment and values; JavaScript keeps the buffer it registers.
    let done = unsafe { raw::bytes(args.env, args.get(0)) }
        .is_some_and(|buffer| unsafe { thread.set_scratch(buffer) });
    code(args, if done { OK } else { BAD_CALL })
}

/// `(milliseconds)`
pub fn advance(args: &Args, _: &mut Thread) -> Value {
    // SAFETY: the callback's own environment and values.
    let Some(by) = (unsafe { raw::number(args.env, args.get(0)) }) else {
        return code(args, BAD_CALL);
    };
    registry::CLOCK.advance(nanos(by));
    code(args, OK)
}

pub fn image(args: &Args, _: &mut Thread) -> Value {
    // SAFETY: the callback's own environment.
    unsafe { raw::make_string(args.env, &registry::IMAGE) }
}

/// What this thread has open, and how many caches live in the process.
pub fn living(args: &Args, thread: &mut Thread) -> Value {
    numbers(args, &[thread.open_count() as f64, registry::living() as f64])
}

/// `(name | undefined, mode, maxBytes, max, lru, ttl, tti, codec)`
pub fn create(args: &Args, thread: &mut Thread) -> Value {
    let Some(Request { name, mode, config, settings }) = read_request(args) else {
        return code(args, BAD_CALL);
    };
    if mode == MODE_OPEN {
        return match name.and_then(|name| registry::named(&name)) {
            Some(living) => code(args, thread.open(living).cast_signed()),
            None => code(args, GONE),
        };
    }
    match registry::create(name, settings, || Store::new(&config)) {
        Ok(cache) => code(args, thread.open(cache).cast_signed()),
        Err(living) if mode == MODE_MAKE_OR_OPEN => code(args, thread.open(living).cast_signed()),
        Err(_) => code(args, NAME_TAKEN),
    }
}

struct Request {
    name: Option<String>,
    mode: u32,
    config: StoreConfig,
    settings: Settings,
}

fn read_request(args: &Args) -> Option<Request> {
    let env = args.env;
    // SAFETY: the callback's own environment and values, here and below.
    let number = |index| unsafe { raw::number(env, args.get(index)) };
    // SAFETY: as above.
    let (name, mode, lru, codec) = unsafe {
        let name = raw::string(env, args.get(0));
        (name, raw::small(env, args.get(1))?, raw::small(env, args.get(4))?, raw::string(env, args.get(7))?)
    };
    let max = number(3)?;
    let config = StoreConfig {
        max_bytes: number(2)? as u64,
        max: max.is_finite().then_some(max as u64),
        policy: if lru == 1 { PolicyKind::Lru } else { PolicyKind::TinyLfu },
        shards: None,
        seed: Seed::Random,
        clock: registry::CLOCK.clone(),
    };
    let spans = [number(5)?, number(6)?];
    let lifetime = Lifetime { to_live: nanos(spans[0]), to_idle: nanos(spans[1]) };
    Some(Request { name, mode, config, settings: Settings { lifetime, spans, codec } })
}

/// `(index, generation)`
pub fn attach(args: &Args, thread: &mut Thread) -> Value {
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

/// `[index, generation, maxBytes, max, maxEntryBytes, lru, ttl, tti, codec, name | undefined]`
pub fn describe(args: &Args, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else {
        return code(args, CLOSED);
    };
    let Shared { settings, store, .. } = cache;
    let env = args.env;
    let max = if store.max() == u64::MAX { f64::INFINITY } else { store.max() as f64 };
    let numbers = [
        f64::from(cache.index),
        f64::from(cache.generation),
        store.max_bytes() as f64,
        max,
        store.max_entry_bytes() as f64,
        f64::from(u8::from(store.policy() == PolicyKind::Lru)),
        settings.spans[0],
        settings.spans[1],
    ];
    // SAFETY: the callback's own environment.
    unsafe {
        let mut items = numbers.map(|number| raw::make_number(env, number)).to_vec();
        items.push(raw::make_string(env, &settings.codec));
        if let Some(name) = &cache.name {
            items.push(raw::make_string(env, name));
        }
        raw::make_array(env, &items)
    }
}

pub fn release(args: &Args, thread: &mut Thread) -> Value {
    thread.close(id(args));
    code(args, OK)
}

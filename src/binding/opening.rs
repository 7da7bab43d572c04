//! Exports: how a thread comes to have a cache open, and lets go of it.

use std::ptr;

use napi::sys;

use super::answer::{
    BAD_CALL, CLOSED, GONE, MODE_MAKE_OR_OPEN, MODE_OPEN, NAME_TAKEN, OK, code, id, nanos, numbers,
};
use super::guard::Args;
use super::raw::{self, Value};
use super::registry::{self, REGISTRY, Settings, Shared};
use super::thread::Thread;
use super::ticker::{self, Page};
use crate::engine::expiry::{Lifetime, StaleWindows};
use crate::engine::policy::PolicyKind;
use crate::engine::store::{Seed, Store, StoreConfig};

/// `(buffer)`: what the hot operations are told by and answer in from now on.
pub fn register(args: &Args<1>, thread: &mut Thread) -> Value {
    // SAFETY: the callback's own environment and values; lib/native.ts never detaches the buffer it registers.
    let done = unsafe { thread.set_scratch(args.env, args.get(0)) };
    code(args, if done { OK } else { BAD_CALL })
}

/// `(page)`: where this thread reads coarse time from now on.
pub fn register_page(args: &Args<1>, thread: &mut Thread) -> Value {
    let mut hold = ptr::null_mut();
    // SAFETY: the callback's own environment and values; the reference, never deleted, keeps the buffer for as long as
    // the environment lives, and the thread forgets the page in a cleanup hook, which runs before.
    let page = unsafe {
        raw::bytes(args.env, args.get(0)).filter(|bytes| bytes.len() >= 16).and_then(|bytes| {
            let held = sys::napi_create_reference(args.env, args.get(0), 1, &raw mut hold);
            if held == sys::Status::napi_ok { Page::new(bytes.as_ptr().cast_mut()) } else { None }
        })
    };
    if let Some(old) = std::mem::replace(&mut thread.page, page) {
        old.forget();
    }
    code(args, if page.is_some() { OK } else { BAD_CALL })
}

/// The time in milliseconds, which is kept in this thread's page for as long as it is read there.
pub fn keep_time(args: &Args<0>, thread: &mut Thread) -> Value {
    let now = thread.page.map_or(0.0, |page| page.keep(&ticker::CLOCK));
    // SAFETY: the callback's own environment.
    unsafe { raw::make_number(args.env, now) }
}

/// `(milliseconds)`
pub fn advance(args: &Args<1>, _: &mut Thread) -> Value {
    // SAFETY: the callback's own environment and values.
    let Some(by) = (unsafe { raw::number(args.env, args.get(0)) }) else {
        return code(args, BAD_CALL);
    };
    registry::advance(nanos(by));
    code(args, OK)
}

pub fn image(args: &Args<0>, _: &mut Thread) -> Value {
    // SAFETY: the callback's own environment.
    unsafe { raw::make_string(args.env, &registry::IMAGE) }
}

/// What this thread has open, and how many caches live in the process.
pub fn living(args: &Args<0>, thread: &mut Thread) -> Value {
    numbers(args, &[thread.open_count() as f64, REGISTRY.living() as f64])
}

/// `(name | undefined, mode, maxBytes, max, lru, [ttl, tti, staleWhileRevalidate, staleIfError, errorTtl], codec)`
pub fn create(args: &Args<7>, thread: &mut Thread) -> Value {
    let Some(Request { name, mode, config, settings }) = read_request(args) else {
        return code(args, BAD_CALL);
    };
    if mode == MODE_OPEN {
        return match name.and_then(|name| REGISTRY.named(&name)) {
            Some(living) => code(args, thread.open(living).cast_signed()),
            None => code(args, GONE),
        };
    }
    let stale = settings.stale;
    match REGISTRY.create(name, settings, || Store::new(&config).keeping_stale(stale)) {
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

fn read_request(args: &Args<7>) -> Option<Request> {
    let env = args.env;
    // SAFETY: the callback's own environment and values, here and below.
    let number = |index| unsafe { raw::number(env, args.get(index)) };
    // SAFETY: as above.
    let (name, mode, lru, codec) = unsafe {
        let name = raw::string(env, args.get(0));
        (name, raw::small(env, args.get(1))?, raw::small(env, args.get(4))?, raw::string(env, args.get(6))?)
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
    let mut spans = [0.0; 5];
    for (index, span) in (0..).zip(&mut spans) {
        // SAFETY: as above.
        *span = unsafe { raw::number(env, raw::element(env, args.get(5), index))? };
    }
    let lifetime = Lifetime { to_live: nanos(spans[0]), to_idle: nanos(spans[1]) };
    let stale = StaleWindows { revalidate: nanos(spans[2]), on_error: nanos(spans[3]) };
    Some(Request { name, mode, config, settings: Settings { lifetime, stale, spans, codec } })
}

/// `(index, generation)`
pub fn attach(args: &Args<2>, thread: &mut Thread) -> Value {
    // SAFETY: the callback's own environment and values.
    let (index, generation) =
        unsafe { (raw::small(args.env, args.get(0)), raw::small(args.env, args.get(1))) };
    let (Some(index), Some(generation)) = (index, generation) else {
        return code(args, BAD_CALL);
    };
    match REGISTRY.find(index, generation) {
        Some(cache) => code(args, thread.open(cache).cast_signed()),
        None => code(args, GONE),
    }
}

/// `[index, generation, maxBytes, max, maxEntryBytes, lru, ttl, tti, codec, name | undefined, staleWhileRevalidate,
/// staleIfError, errorTtl]`
pub fn describe(args: &Args<1>, thread: &mut Thread) -> Value {
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
        items.push(cache.name.as_ref().map_or(ptr::null_mut(), |name| raw::make_string(env, name)));
        items.extend(settings.spans[2..].iter().map(|span| raw::make_number(env, *span)));
        raw::make_array(env, &items)
    }
}

/// `(id, key | undefined)`: fails inside, under the lock of the key's shard if there is a key. For tests of what is left
/// then.
pub fn fail_inside(args: &Args<2>, thread: &mut Thread) -> Value {
    let Some((cache, key, ..)) = thread.parts(id(args)) else { return code(args, CLOSED) };
    // SAFETY: the callback's own environment and values.
    let key = unsafe { key.read(args.env, args.get(1)) };
    #[allow(clippy::panic)] // it is what is asked for
    let fail = || panic!("as it was told to");
    if let Ok(key) = key {
        cache.store.get(key, |_| fail());
    }
    fail()
}

/// `(id)`: lets go of a cache.
pub fn release(args: &Args<1>, thread: &mut Thread) -> Value {
    thread.close(id(args));
    code(args, OK)
}

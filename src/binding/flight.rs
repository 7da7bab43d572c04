//! Exports: what loading a value once for all threads takes.
//!
//! lib/shared-loading.ts says how they go together. A flight is named by its number within the cache.

use std::ptr;

use super::answer::{
    BAD_CALL, BAD_KEY, BAD_VALUE, BUSY, CLOSED, DESERTED, ERROR, FAILED, FRESH, LOAD, LOADING, OK,
    OUT_OF_MEMORY, UNDER_WAY, UNKNOWN, WAIT, YOURS, code, code_of, id, millis, nanos,
};
use super::guard::Args;
use super::operations::watch;
use super::raw::{self, Unread, Value};
use super::thread::Thread;
use super::value::{self, NumberBuffer, Taken};
use crate::engine::expiry::{Lifetime, StaleWindows};
use crate::engine::flight::{Asking, FlightId, Joined, Landing, Standing};
use crate::engine::payload::Payload;
use crate::engine::store::{Kept, Storing};

/// `(id, key)`: `[kind, value, past, staleWhileRevalidate, staleIfError]` of an entry that is fresh or kept stale, 0
/// if there is none, or a code; `past` is negative while it is fresh. Leaves no trace.
pub fn held(args: &Args<2>, thread: &mut Thread) -> Value {
    let Some((cache, key, _, scratch)) = thread.parts(id(args)) else { return code(args, CLOSED) };
    // SAFETY: the callback's own environment and values.
    let key = match unsafe { key.read(args.env, args.get(1)) } {
        Ok(key) => key,
        Err(unread) => return code(args, code_of(unread, BAD_KEY)),
    };
    let Some(kept) = cache.store.held(key, |payload| Taken::take(payload, scratch)) else {
        return code(args, OK);
    };
    let Kept { taken, past, stale } = kept;
    let (kind, wide, bytes) = taken.parts(scratch);
    // SAFETY: the callback's own environment; scratch and payloads are aligned to 8.
    unsafe {
        let number = |number| raw::make_number(args.env, number);
        let value = value::make(args.env, kind, wide, bytes);
        let past = past.map_or(-1.0, millis);
        let spans = [past, millis(stale.revalidate), millis(stale.on_error)].map(number);
        raw::make_array(args.env, &[&[number(f64::from(kind)), value], &spans[..]].concat())
    }
}

/// `(id, counter)`: a code. The counters are those of lib/loading.ts.
pub fn count(args: &Args<2>, thread: &mut Thread) -> Value {
    let Some(cache) = thread.cache(id(args)) else { return code(args, CLOSED) };
    // SAFETY: the callback's own environment and values.
    let Some(counter) = (unsafe { raw::small(args.env, args.get(1)) }) else { return code(args, BAD_CALL) };
    cache.store.count(|stats| {
        match counter {
            0 => stats.hits += 1,
            1 => stats.misses += 1,
            2 => {
                stats.hits += 1;
                stats.misses = stats.misses.saturating_sub(1); // they may have been reset meanwhile
            }
            3 => stats.loads += 1,
            4 => stats.load_errors += 1,
            _ => stats.coalesced += 1,
        }
    });
    code(args, OK)
}

/// `(id, key, anew, inBackground)`: `[what to do, flight, error]`, or a code.
pub fn join(args: &Args<4>, thread: &mut Thread) -> Value {
    let env = args.env;
    let party = thread.party(id(args));
    let Some((cache, key, ..)) = thread.parts(id(args)) else { return code(args, CLOSED) };
    // SAFETY: the callback's own environment and values.
    let key = match unsafe { key.read(env, args.get(1)) } {
        Ok(key) => key,
        Err(unread) => return code(args, code_of(unread, BAD_KEY)),
    };
    // SAFETY: as above.
    let [anew, in_background] = [2, 3].map(|index| unsafe { raw::small(env, args.get(index)) } == Some(1));
    let (role, flight, error) = match cache.store.join(key, party, Asking { anew, in_background }) {
        Joined::Fresh => (FRESH, 0, None),
        Joined::Load(flight) => (LOAD, flight, None),
        Joined::Loading(flight) => (LOADING, flight, None),
        Joined::Wait(flight) => (WAIT, flight, None),
        Joined::Busy => (BUSY, 0, None),
        Joined::Failed(flight, error) => (FAILED, flight, Some(error)),
        Joined::OutOfMemory => return code(args, OUT_OF_MEMORY),
    };
    // SAFETY: the callback's own environment.
    unsafe {
        let numbers = [f64::from(role), flight as f64].map(|number| raw::make_number(env, number));
        let error = error.map_or(ptr::null_mut(), |error| raw::make_array_buffer(env, error.value()));
        raw::make_array(env, &[numbers[0], numbers[1], error])
    }
}

/// `(id, flight, kind, payload, ttl?, tti?, staleWhileRevalidate?, staleIfError?)`: for how many other threads, or a
/// code. What is not given is the cache's; a ttl of 0 stores nothing.
pub fn complete(args: &Args<8>, thread: &mut Thread) -> Value {
    let env = args.env;
    let party = thread.party(id(args));
    let Some((cache, _, text, _)) = thread.parts(id(args)) else { return code(args, CLOSED) };
    let Some(flight) = flight(args) else { return code(args, BAD_CALL) };
    // SAFETY: the callback's own environment and values. What is no number is not read from here.
    let number: NumberBuffer = unsafe { raw::number(env, args.get(3)) }.unwrap_or_default().to_ne_bytes();
    // SAFETY: the callback's own environment and values; the bytes are copied before this call ends.
    let incoming = unsafe {
        match raw::small(env, args.get(2)) {
            Some(kind) => value::read(env, kind as u8, args.get(3), text, &number),
            None => Err(Unread::Unfit),
        }
    };
    let incoming = match incoming {
        Ok(incoming) => incoming,
        Err(unread) => return code(args, code_of(unread, BAD_VALUE)),
    };
    // SAFETY: as above.
    let own = |index| unsafe { raw::number(env, args.get(index)) }.map(nanos);
    let settings = &cache.settings;
    let storing = (own(4) != Some(0)).then(|| Storing {
        lifetime: Lifetime {
            to_live: own(4).unwrap_or(settings.lifetime.to_live),
            to_idle: own(5).unwrap_or(settings.lifetime.to_idle),
        },
        stale: StaleWindows {
            revalidate: own(6).unwrap_or(settings.stale.revalidate),
            on_error: own(7).unwrap_or(settings.stale.on_error),
        },
    });
    let waiting = cache.store.complete(flight, party, incoming.kind, incoming.bytes, storing);
    if let Some(Storing { lifetime, .. }) = storing {
        watch(cache, lifetime);
    }
    code(args, waiting.map_or(OUT_OF_MEMORY, |waiting| (waiting as u32).cast_signed()))
}

/// `(id, flight, error, stands)`: for how many other threads, or a code.
pub fn fail(args: &Args<4>, thread: &mut Thread) -> Value {
    let party = thread.party(id(args));
    let Some(cache) = thread.cache(id(args)) else { return code(args, CLOSED) };
    // SAFETY: the callback's own environment and values; the bytes are copied before this call ends.
    let (error, stands) = unsafe { (raw::bytes(args.env, args.get(2)), raw::number(args.env, args.get(3))) };
    let (Some(flight), Some(error), Some(stands)) = (flight(args), error, stands) else {
        return code(args, BAD_CALL);
    };
    let waiting = cache.store.fail(flight, party, error, nanos(stands));
    code(args, waiting.map_or(OUT_OF_MEMORY, |waiting| (waiting as u32).cast_signed()))
}

/// `(id, flight)`: how it stands, or `[kind, payload]` once it has landed; what `fail` was given has the kind
/// [`ERROR`]. It tells that once.
pub fn look(args: &Args<2>, thread: &mut Thread) -> Value {
    let party = thread.party(id(args));
    let Some(cache) = thread.cache(id(args)) else { return code(args, CLOSED) };
    let Some(flight) = flight(args) else { return code(args, BAD_CALL) };
    match cache.store.look(flight, party) {
        Standing::UnderWay => code(args, UNDER_WAY),
        Standing::Yours => code(args, YOURS),
        Standing::Deserted => code(args, DESERTED),
        Standing::Unknown => code(args, UNKNOWN),
        Standing::Landed(Landing::Loaded(payload)) => landed(args, None, payload),
        Standing::Landed(Landing::Failed(payload)) => landed(args, Some(ERROR), payload),
    }
}

fn landed<const N: usize>(args: &Args<N>, error: Option<u32>, payload: Payload) -> Value {
    let held = Taken::Held(payload);
    let (kind, wide, bytes) = held.parts(&[]);
    // SAFETY: the callback's own environment; payloads are aligned to 8.
    unsafe {
        let value = match error {
            Some(_) => raw::make_array_buffer(args.env, bytes),
            None => value::make(args.env, kind, wide, bytes),
        };
        let kind = raw::make_number(args.env, f64::from(error.unwrap_or(u32::from(kind))));
        raw::make_array(args.env, &[kind, value])
    }
}

/// `(id, flight, lasting)`: 1 if nobody waits for the flight any more, else 0, or a code.
pub fn leave(args: &Args<3>, thread: &mut Thread) -> Value {
    let party = thread.party(id(args));
    let Some(cache) = thread.cache(id(args)) else { return code(args, CLOSED) };
    // SAFETY: the callback's own environment and values.
    let lasting = unsafe { raw::small(args.env, args.get(2)) } == Some(1);
    let Some(flight) = flight(args) else { return code(args, BAD_CALL) };
    let deserted = cache.store.leave(flight, party, lasting);
    code(args, i32::from(deserted))
}

/// The flight that the second argument names.
fn flight<const N: usize>(args: &Args<N>) -> Option<FlightId> {
    // SAFETY: the callback's own environment and values.
    unsafe { raw::number(args.env, args.get(1)) }.map(|number| number as FlightId)
}

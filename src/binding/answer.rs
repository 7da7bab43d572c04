//! What exported functions answer: values, or codes from which TypeScript makes errors.

use super::guard::Args;
use super::raw::{self, Unread, Value};
use crate::engine::clock::Nanos;
use crate::engine::expiry::NEVER;

// What operations answer: the same numbers stand in lib/native.ts.
pub const OK: i32 = 0;
pub const TOO_LARGE: i32 = 1;
pub const CLOSED: i32 = -1;
pub const BAD_KEY: i32 = -2;
pub const BAD_VALUE: i32 = -3;
pub const OUT_OF_MEMORY: i32 = -4;
pub const NAME_TAKEN: i32 = -5;
pub const GONE: i32 = -6;
pub const BAD_CALL: i32 = -7;

// What `create` may do about a living cache of the same name, and about none.
pub const MODE_MAKE_OR_OPEN: u32 = 1;
pub const MODE_OPEN: u32 = 2;

/// What reads answer for a key that is not there, above all kinds of value.
pub const MISS: i32 = 0x100;

// What `join` tells a thread to do about a key.
pub const FRESH: u32 = 0;
pub const LOAD: u32 = 1;
pub const LOADING: u32 = 2;
pub const WAIT: u32 = 3;
pub const BUSY: u32 = 4;
pub const FAILED: u32 = 5;

// How a flight stands that has not landed.
pub const UNDER_WAY: i32 = 0;
pub const YOURS: i32 = 1;
pub const DESERTED: i32 = 2;
pub const UNKNOWN: i32 = 3;

/// What stands in place of a kind for an error.
pub const ERROR: u32 = 0x103;

/// What `getMany` notes in place of a kind for a key that is not there.
pub const MISS_IN_BULK: u8 = 0xFF;

#[inline]
pub fn id<const N: usize>(args: &Args<N>) -> u32 {
    // SAFETY: the callback's own environment and values.
    unsafe { raw::small(args.env, args.get(0)) }.unwrap_or(u32::MAX)
}

#[inline]
pub fn code<const N: usize>(args: &Args<N>, code: i32) -> Value {
    // SAFETY: the callback's own environment.
    unsafe { raw::make_code(args.env, code) }
}

/// The code for what was not read, `unfit` where it cannot be.
#[cold]
pub fn code_of(unread: Unread, unfit: i32) -> i32 {
    match unread {
        Unread::Unfit => unfit,
        Unread::OutOfMemory => OUT_OF_MEMORY,
    }
}

pub fn numbers<const N: usize>(args: &Args<N>, numbers: &[f64]) -> Value {
    // SAFETY: the callback's own environment.
    unsafe {
        let items: Vec<_> = numbers.iter().map(|number| raw::make_number(args.env, *number)).collect();
        raw::make_array(args.env, &items)
    }
}

/// Milliseconds as the engine counts time, rounded up; infinity is [`NEVER`].
pub fn nanos(millis: f64) -> Nanos {
    // The cast saturates, and the largest number is what stands for never.
    (millis * 1e6).ceil() as Nanos
}

pub fn millis(nanos: Nanos) -> f64 {
    if nanos == NEVER { f64::INFINITY } else { nanos as f64 / 1e6 }
}

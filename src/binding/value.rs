//! Values: read from JavaScript into bytes and a kind, and given back.
//!
//! The kinds are those of lib/codecs.ts; the binding only needs to know which are text, which are a
//! number, and which are bytes. Text that needs two bytes a unit is told by a flag on the kind.

use super::raw::{self, Env, TextBuffer, Unread, Value};
use super::thread::Call;
use crate::engine::payload::{Payload, ValueKind};
use crate::forms::text::Text;

pub const NUMBER: ValueKind = 4;
pub const STRING: ValueKind = 5;
pub const JSON: ValueKind = 6;
/// From this kind on the payload is bytes.
pub const FIRST_BYTES: ValueKind = 7;
/// Set on text kinds whose units take two bytes.
const WIDE: ValueKind = 0x80;

/// Added to the kind of text that JavaScript wrote into the draft, one byte a unit.
const DRAFTED: u32 = 0x100;

/// Up to here a value is copied out under the shard's lock; a longer one is read after its release.
/// What JavaScript drafts lies behind it in the scratch buffer. lib/native.ts has the same number.
pub const SHORT: usize = 4096;

/// A value on its way in.
pub struct Incoming<'a> {
    pub kind: ValueKind,
    pub bytes: &'a [u8],
}

/// Room for a number.
pub type NumberBuffer = [u8; 8];

/// Whether JavaScript reads a payload of that kind where it lies, in the scratch buffer: a number or a buffer
/// made here costs more.
#[inline]
pub fn is_read_in_place(kind: ValueKind) -> bool {
    kind == NUMBER || kind >= FIRST_BYTES
}

/// Reads the payload of a call: a number or a draft from `scratch`, anything else as [`read`] does.
///
/// # Safety
/// See [`Env`]; the bytes must not outlive the callback.
#[inline]
pub unsafe fn read_call<'a>(
    env: Env,
    call: Call,
    value: Value,
    text: &'a mut TextBuffer,
    scratch: &'a [u8],
) -> Result<Incoming<'a>, Unread> {
    let kind = call.kind as ValueKind;
    if call.kind & DRAFTED != 0 {
        let bytes = scratch.get(SHORT..).and_then(|draft| draft.get(..call.len as usize));
        return bytes.map(|bytes| Incoming { kind, bytes }).ok_or(Unread::Unfit);
    }
    // SAFETY: as asked of the caller.
    unsafe { read(env, kind, value, text, scratch) }
}

/// Reads a payload of the given kind, if the argument fits the kind. A number is not read
/// from `value` but lies in the first bytes of `number`.
///
/// # Safety
/// See [`Env`]; the bytes must not outlive the callback.
#[inline]
pub unsafe fn read<'a>(
    env: Env,
    kind: ValueKind,
    value: Value,
    text: &'a mut TextBuffer,
    number: &'a [u8],
) -> Result<Incoming<'a>, Unread> {
    if kind <= NUMBER {
        let len = if kind == NUMBER { size_of::<NumberBuffer>() } else { 0 };
        return number.get(..len).map(|bytes| Incoming { kind, bytes }).ok_or(Unread::Unfit);
    }
    if kind < FIRST_BYTES {
        // SAFETY: as asked of the caller.
        return Ok(match unsafe { text.read(env, value)? } {
            Text::Narrow(bytes) => Incoming { kind, bytes },
            Text::Wide(bytes) => Incoming { kind: kind | WIDE, bytes },
        });
    }
    // SAFETY: as asked of the caller.
    let bytes = unsafe { raw::bytes(env, value) }.ok_or(Unread::Unfit)?;
    Ok(Incoming { kind, bytes })
}

/// A value taken out of the cache: what the shard's lock need not be held for any more.
pub enum Taken {
    /// So many bytes were copied into the thread's scratch buffer.
    Copied(ValueKind, usize),
    /// A long one: the payload itself.
    Held(Payload),
}

impl Taken {
    /// Takes a payload out, under the shard's lock.
    #[inline]
    pub fn take(payload: &Payload, scratch: &mut [u8]) -> Self {
        let value = payload.value();
        if value.len() <= SHORT && value.len() <= scratch.len() {
            scratch[..value.len()].copy_from_slice(value); // as just compared
            Self::Copied(payload.kind(), value.len())
        } else {
            Self::Held(payload.clone())
        }
    }

    /// The kind as lib/codecs.ts knows it, and where the bytes lie.
    #[inline]
    pub fn parts<'a>(&'a self, scratch: &'a [u8]) -> (ValueKind, bool, &'a [u8]) {
        let (kind, bytes) = match self {
            Self::Copied(kind, len) => (*kind, scratch.get(..*len).unwrap_or_default()),
            Self::Held(payload) => (payload.kind(), payload.value()),
        };
        (kind & !WIDE, kind & WIDE != 0, bytes)
    }
}

/// Makes the JavaScript value that stands for a payload: a number, a string, or for bytes an
/// `ArrayBuffer` of their own.
///
/// # Safety
/// See [`Env`]; wide text is aligned to 2.
#[inline]
pub unsafe fn make(env: Env, kind: ValueKind, wide: bool, bytes: &[u8]) -> Value {
    // SAFETY: as asked of the caller, in each of them.
    unsafe {
        match kind {
            NUMBER => {
                let number = bytes.try_into().map_or(f64::NAN, f64::from_ne_bytes);
                raw::make_number(env, number)
            }
            STRING | JSON if wide => raw::make_wide(env, bytes),
            STRING | JSON => raw::make_narrow(env, bytes),
            FIRST_BYTES.. => raw::make_array_buffer(env, bytes),
            _ => std::ptr::null_mut(),
        }
    }
}

//! The Node-API calls that the rest is made of, with their status turned into `Option`s.

use std::mem::MaybeUninit;
use std::ptr;

use napi::sys;

use crate::forms::OutOfMemory;
use crate::forms::text::{LANES, Text, text_of};

/// Every function here asks this: the environment is the one of the running callback, and the values
/// came from it.
pub type Env = sys::napi_env;
pub type Value = sys::napi_value;

/// Why something of JavaScript's was not read.
#[derive(Clone, Copy)]
pub enum Unread {
    /// It is of a kind that can not be read here.
    Unfit,
    /// There is no memory for a copy of it.
    OutOfMemory,
}

impl From<OutOfMemory> for Unread {
    fn from(_: OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

/// Buffers that strings are read into. They grow to the longest string and are cut back after a very
/// long one.
#[derive(Default)]
pub struct TextBuffer {
    units: Vec<u16>,
    narrow: Vec<u8>,
}

/// A buffer longer than so many units is given back after use.
const KEPT_UNITS: usize = 1 << 20;

/// What fits without asking for the length first.
const FIRST_UNITS: usize = 4096;

impl TextBuffer {
    /// Reads `value`, if it is a string.
    ///
    /// # Safety
    /// See [`Env`].
    #[inline]
    pub unsafe fn read(&mut self, env: Env, value: Value) -> Result<Text<'_>, Unread> {
        self.trim();
        grow(&mut self.units, FIRST_UNITS)?;
        // SAFETY: as asked of the caller; the buffer is as long as it says.
        let mut len = unsafe { string_units(env, value, &mut self.units) }.ok_or(Unread::Unfit)?;
        if len + 1 == self.units.len() {
            // Full to the brim: perhaps cut short.
            // SAFETY: as asked of the caller.
            let all = unsafe { string_length(env, value) }.ok_or(Unread::Unfit)?;
            if all > len {
                grow(&mut self.units, all + 1)?;
                // SAFETY: as above.
                len = unsafe { string_units(env, value, &mut self.units) }.ok_or(Unread::Unfit)?;
            }
        }
        // Node tells no more units than it was given room for.
        Ok(text_of(&self.units[..len], &mut self.narrow)?)
    }

    fn trim(&mut self) {
        if self.units.len() > KEPT_UNITS {
            *self = Self::default();
        }
    }
}

/// Makes `units` at least `len` long.
#[inline]
fn grow(units: &mut Vec<u16>, len: usize) -> Result<(), OutOfMemory> {
    if units.len() < len {
        units.try_reserve_exact(len - units.len()).map_err(|_| OutOfMemory)?;
        units.resize(len, 0);
    }
    Ok(())
}

/// Copies a string's units into `buffer`, as many as fit beside a terminator; `None` for no string.
///
/// # Safety
/// See [`Env`].
#[inline]
pub unsafe fn string_units(env: Env, value: Value, buffer: &mut [u16]) -> Option<usize> {
    let mut len = 0;
    // SAFETY: as asked of the caller; the buffer's length is the one given.
    let status = unsafe {
        sys::napi_get_value_string_utf16(env, value, buffer.as_mut_ptr(), buffer.len(), &raw mut len)
    };
    (status == sys::Status::napi_ok).then_some(len)
}

/// The length of a string, cut short to one less than `buffer` holds beside [`LANES`], and its units in vectors, the last
/// one filled up with zeros; `None` for no string.
///
/// # Safety
/// See [`Env`].
#[inline]
pub unsafe fn short_string(
    env: Env,
    value: Value,
    buffer: &mut [MaybeUninit<u16>],
) -> Option<(usize, &[[u16; LANES]])> {
    let mut len = 0;
    let start = buffer.as_mut_ptr().cast::<u16>();
    let room = buffer.len() - LANES;
    // SAFETY: as asked of the caller; the buffer is longer than the length given.
    let status = unsafe { sys::napi_get_value_string_utf16(env, value, start, room, &raw mut len) };
    if status != sys::Status::napi_ok {
        return None;
    }
    // Node tells no more units than it was given room for.
    buffer[len..len + LANES].fill(MaybeUninit::new(0));
    // SAFETY: Node wrote so many units, and the zeros end no earlier than the last vector.
    Some((len, unsafe { std::slice::from_raw_parts(start.cast(), len.div_ceil(LANES)) }))
}

/// The number of units of a string.
///
/// # Safety
/// See [`Env`].
pub unsafe fn string_length(env: Env, value: Value) -> Option<usize> {
    let mut len = 0;
    // SAFETY: as asked of the caller; without a buffer only the length is told.
    let status = unsafe { sys::napi_get_value_string_utf16(env, value, ptr::null_mut(), 0, &raw mut len) };
    (status == sys::Status::napi_ok).then_some(len)
}

/// A number argument.
///
/// # Safety
/// See [`Env`].
#[inline]
pub unsafe fn number(env: Env, value: Value) -> Option<f64> {
    let mut number = 0.0;
    // SAFETY: as asked of the caller.
    let status = unsafe { sys::napi_get_value_double(env, value, &raw mut number) };
    (status == sys::Status::napi_ok).then_some(number)
}

/// A small whole number argument.
///
/// # Safety
/// See [`Env`].
#[inline]
pub unsafe fn small(env: Env, value: Value) -> Option<u32> {
    let mut number = 0;
    // SAFETY: as asked of the caller.
    let status = unsafe { sys::napi_get_value_uint32(env, value, &raw mut number) };
    (status == sys::Status::napi_ok).then_some(number)
}

/// A UTF-8 copy of a string argument.
///
/// # Safety
/// See [`Env`].
pub unsafe fn string(env: Env, value: Value) -> Option<String> {
    // SAFETY: as asked of the caller.
    let len = unsafe { string_length(env, value)? };
    let mut units = Vec::new();
    grow(&mut units, len + 1).ok()?;
    // SAFETY: as above.
    let len = unsafe { string_units(env, value, &mut units)? };
    Some(String::from_utf16_lossy(&units[..len]))
}

/// The bytes of a `Uint8Array` argument, a `Buffer` among them; `None` for anything else, and for one
/// whose store was transferred away. They belong
/// to JavaScript: they are good until it runs again, and another thread may write them if they are
/// shared.
///
/// # Safety
/// See [`Env`]; the slice must not outlive the callback.
#[inline]
pub unsafe fn bytes<'a>(env: Env, value: Value) -> Option<&'a [u8]> {
    let (mut kind, mut len, mut data) = (0, 0, ptr::null_mut());
    let (none, nothing) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: as asked of the caller; what is not asked for is null.
    let status = unsafe {
        sys::napi_get_typedarray_info(env, value, &raw mut kind, &raw mut len, &raw mut data, none, nothing)
    };
    if status != sys::Status::napi_ok || kind != sys::TypedarrayType::uint8_array {
        return None;
    }
    if len == 0 || data.is_null() {
        // SAFETY: as asked of the caller.
        return if unsafe { is_detached(env, value) } { None } else { Some(&[]) };
    }
    // SAFETY: Node tells where the array lies and how long it is.
    Some(unsafe { std::slice::from_raw_parts(data.cast(), len) })
}

/// Whether the store of a `Uint8Array` was transferred away.
///
/// # Safety
/// See [`Env`].
#[cold]
unsafe fn is_detached(env: Env, value: Value) -> bool {
    let (mut buffer, mut detached, nothing) = (ptr::null_mut(), false, ptr::null_mut());
    // SAFETY: as asked of the caller; what is not asked for is null.
    unsafe {
        let (kind, len, data) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        sys::napi_get_typedarray_info(env, value, kind, len, data, &raw mut buffer, nothing);
        sys::napi_is_detached_arraybuffer(env, buffer, &raw mut detached);
    }
    detached
}

/// An item of an array, or null (which reads as undefined) if there is none.
///
/// # Safety
/// See [`Env`].
pub unsafe fn element(env: Env, array: Value, index: u32) -> Value {
    let mut item = ptr::null_mut();
    // SAFETY: as asked of the caller.
    unsafe { sys::napi_get_element(env, array, index, &raw mut item) };
    item
}

/// Puts an item into an array; null stands for undefined.
///
/// # Safety
/// See [`Env`].
pub unsafe fn set_element(env: Env, array: Value, index: u32, item: Value) {
    if !item.is_null() {
        // SAFETY: as asked of the caller.
        unsafe { sys::napi_set_element(env, array, index, item) };
    }
}

/// A new JavaScript value, or null (which JavaScript sees as undefined) when none can be made.
macro_rules! make {
    ($call:ident, $env:expr $(, $arg:expr)*) => {{
        let mut value = std::ptr::null_mut();
        // SAFETY: as asked of the caller; on failure the value stays null.
        unsafe { sys::$call($env $(, $arg)*, &raw mut value) };
        value
    }};
}

/// # Safety
/// See [`Env`].
#[inline]
pub unsafe fn make_number(env: Env, number: f64) -> Value {
    make!(napi_create_double, env, number)
}

/// # Safety
/// See [`Env`].
#[inline]
pub unsafe fn make_code(env: Env, code: i32) -> Value {
    make!(napi_create_int32, env, code)
}

/// A string of one byte per unit.
///
/// # Safety
/// See [`Env`].
#[inline]
pub unsafe fn make_narrow(env: Env, bytes: &[u8]) -> Value {
    make!(napi_create_string_latin1, env, bytes.as_ptr().cast(), bytes.len().cast_signed())
}

/// A string of UTF-16 units in native order.
///
/// # Safety
/// See [`Env`]; the bytes are aligned to 2.
#[inline]
pub unsafe fn make_wide(env: Env, bytes: &[u8]) -> Value {
    debug_assert_eq!(bytes.as_ptr().align_offset(align_of::<u16>()), 0);
    make!(napi_create_string_utf16, env, bytes.as_ptr().cast(), (bytes.len() / 2).cast_signed())
}

/// # Safety
/// See [`Env`].
pub unsafe fn make_string(env: Env, text: &str) -> Value {
    make!(napi_create_string_utf8, env, text.as_ptr().cast(), text.len().cast_signed())
}

/// An `ArrayBuffer` of its own with a copy of `bytes`.
///
/// # Safety
/// See [`Env`].
pub unsafe fn make_array_buffer(env: Env, bytes: &[u8]) -> Value {
    let mut data = ptr::null_mut();
    let value = make!(napi_create_arraybuffer, env, bytes.len(), &raw mut data);
    if !value.is_null() && !data.is_null() {
        // SAFETY: Node made the buffer this long, and it is new.
        unsafe {
            data.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
    }
    value
}

/// # Safety
/// See [`Env`].
pub unsafe fn make_array(env: Env, items: &[Value]) -> Value {
    let array = make!(napi_create_array_with_length, env, items.len());
    for (index, item) in items.iter().enumerate() {
        // SAFETY: as asked of the caller; the array was just made.
        unsafe { set_element(env, array, index as u32, *item) };
    }
    array
}

/// A bigint of words, the least significant one first.
///
/// # Safety
/// See [`Env`].
pub unsafe fn make_bigint(env: Env, negative: bool, words: &[u64]) -> Value {
    make!(napi_create_bigint_words, env, i32::from(negative), words.len(), words.as_ptr())
}

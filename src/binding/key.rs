//! Keys: read from JavaScript into their form, and given back.

use std::mem::MaybeUninit;
use std::ptr;

use napi::sys;

use super::raw::{self, Env, TextBuffer, Unread, Value};
use crate::forms::OutOfMemory;
use crate::forms::key::{Key, KeyBuffer, SHORT, key_of};
use crate::forms::text::{LANES, as_bytes};

/// Reads keys.
#[derive(Default)]
pub struct KeyReader {
    buffer: KeyBuffer,
    text: TextBuffer,
}

impl KeyReader {
    /// The form of the key that `value` stands for, if it can be one.
    ///
    /// # Safety
    /// See [`Env`].
    #[inline]
    pub unsafe fn read(&mut self, env: Env, value: Value) -> Result<&[u8], Unread> {
        let mut buffer = [const { MaybeUninit::<u16>::uninit() }; SHORT + LANES];
        // SAFETY: as asked of the caller.
        let Some((len, vectors)) = (unsafe { raw::short_string(env, value, &mut buffer) }) else {
            // SAFETY: as asked of the caller.
            return unsafe { self.read_other(env, value) };
        };
        // One less would be the whole of it with its terminator; as many may have been cut short.
        if len == SHORT - 1 {
            // SAFETY: as asked of the caller.
            return unsafe { self.read_long(env, value) };
        }
        Ok(self.buffer.short_string(len, vectors)?)
    }

    #[cold]
    unsafe fn read_long(&mut self, env: Env, value: Value) -> Result<&[u8], Unread> {
        // SAFETY: as asked of the caller.
        let text = unsafe { self.text.read(env, value)? };
        Ok(self.buffer.string(text)?)
    }

    #[inline]
    unsafe fn read_other(&mut self, env: Env, value: Value) -> Result<&[u8], Unread> {
        // SAFETY: as asked of the caller.
        if let Some(number) = unsafe { raw::number(env, value) } {
            return Ok(self.buffer.number(number)?);
        }
        // SAFETY: as asked of the caller; the bytes are copied before anything else runs.
        if let Some(bytes) = unsafe { raw::bytes(env, value) } {
            return Ok(self.buffer.bytes(bytes)?);
        }
        // SAFETY: as asked of the caller.
        unsafe { self.read_bigint(env, value) }
    }

    unsafe fn read_bigint(&mut self, env: Env, value: Value) -> Result<&[u8], Unread> {
        let (mut sign, mut count) = (0, 0);
        // SAFETY: as asked of the caller; without room for words only their number is told.
        let status = unsafe {
            sys::napi_get_value_bigint_words(env, value, ptr::null_mut(), &raw mut count, ptr::null_mut())
        };
        if status != sys::Status::napi_ok {
            return Err(Unread::Unfit);
        }
        let mut words: Vec<u64> = Vec::new();
        words.try_reserve_exact(count).map_err(|_| OutOfMemory)?;
        words.resize(count, 0);
        if count > 0 {
            let start = words.as_mut_ptr();
            // SAFETY: as asked of the caller; there is room for the number of words just told.
            let status =
                unsafe { sys::napi_get_value_bigint_words(env, value, &raw mut sign, &raw mut count, start) };
            if status != sys::Status::napi_ok {
                return Err(Unread::Unfit);
            }
        }
        Ok(self.buffer.bigint(sign != 0, &words)?)
    }
}

/// The JavaScript value of a key: an `ArrayBuffer` for bytes, null for what is no key.
///
/// # Safety
/// See [`Env`].
pub unsafe fn make(env: Env, form: &[u8]) -> Value {
    // SAFETY: as asked of the caller, in each of them.
    unsafe {
        match key_of(form) {
            Some(Key::Narrow(content)) => raw::make_narrow(env, content),
            Some(Key::Wide(units)) => raw::make_wide(env, as_bytes(&units)),
            Some(Key::Number(number)) => raw::make_number(env, number),
            Some(Key::BigInt(negative, words)) => raw::make_bigint(env, negative, &words),
            Some(Key::Bytes(content)) => raw::make_array_buffer(env, content),
            None => ptr::null_mut(),
        }
    }
}

//! Keys, read without loss: no two types and no two lone surrogates ever meet.
//!
//! A key becomes a tag byte and its content. A string is one byte a unit if all its units fit, else
//! UTF-16 (UTF-8 would merge lone surrogates); one string has one form, so equal bytes are equal keys.

use std::mem::MaybeUninit;
use std::ptr;

use napi::sys;

use super::raw::{self, Env, LANES, Text, TextBuffer, Value};

const NARROW: u8 = 1;
const WIDE: u8 = 2;
const NUMBER: u8 = 3;
const BIGINT: u8 = 4;
const BIGINT_NEGATIVE: u8 = 5;
const BYTES: u8 = 6;

/// Room for a short key without the heap: units of a string and a terminator.
const SHORT: usize = 256;

/// The buffers a key is read into.
pub struct KeyBuffer {
    short: [u8; 1 + SHORT],
    long: Vec<u8>,
    text: TextBuffer,
}

impl Default for KeyBuffer {
    fn default() -> Self {
        Self { short: [0; 1 + SHORT], long: Vec::new(), text: TextBuffer::default() }
    }
}

impl KeyBuffer {
    /// The key that `value` stands for; `None` when it can be none.
    ///
    /// # Safety
    /// See [`Env`].
    #[inline]
    pub unsafe fn read(&mut self, env: Env, value: Value) -> Option<&[u8]> {
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
        let mut seen = [0; LANES];
        let (bytes, _) = self.short[1..].as_chunks_mut::<LANES>();
        for (bytes, units) in bytes.iter_mut().zip(vectors) {
            for lane in 0..LANES {
                seen[lane] |= units[lane];
                bytes[lane] = units[lane] as u8;
            }
        }
        if seen.iter().fold(0, |seen, lane| seen | lane) <= 0xFF {
            self.short[0] = NARROW;
            return Some(&self.short[..=len]);
        }
        let units = &vectors.as_flattened()[..len];
        self.put(WIDE, raw::as_bytes(units));
        Some(&self.long)
    }

    #[cold]
    unsafe fn read_long(&mut self, env: Env, value: Value) -> Option<&[u8]> {
        let mut text = std::mem::take(&mut self.text);
        // SAFETY: as asked of the caller.
        match unsafe { text.read(env, value)? } {
            Text::Narrow(bytes) => self.put(NARROW, bytes),
            Text::Wide(bytes) => self.put(WIDE, bytes),
        }
        self.text = text;
        Some(&self.long)
    }

    #[inline]
    unsafe fn read_other(&mut self, env: Env, value: Value) -> Option<&[u8]> {
        // SAFETY: as asked of the caller.
        if let Some(number) = unsafe { raw::number(env, value) } {
            self.put(NUMBER, &canonical(number).to_bits().to_le_bytes());
            return Some(&self.long);
        }
        // SAFETY: as asked of the caller; the bytes are copied before anything else runs.
        if let Some(bytes) = unsafe { raw::bytes(env, value) } {
            self.put(BYTES, bytes);
            return Some(&self.long);
        }
        // SAFETY: as asked of the caller.
        unsafe { self.read_bigint(env, value) }
    }

    unsafe fn read_bigint(&mut self, env: Env, value: Value) -> Option<&[u8]> {
        let (mut sign, mut count) = (0, 0);
        // SAFETY: as asked of the caller; without room for words only their number is told.
        let status = unsafe {
            sys::napi_get_value_bigint_words(env, value, ptr::null_mut(), &raw mut count, ptr::null_mut())
        };
        if status != sys::Status::napi_ok {
            return None;
        }
        let mut words = vec![0u64; count];
        if count > 0 {
            // SAFETY: as asked of the caller; there is room for the number of words just told.
            let status = unsafe {
                sys::napi_get_value_bigint_words(
                    env,
                    value,
                    &raw mut sign,
                    &raw mut count,
                    words.as_mut_ptr(),
                )
            };
            if status != sys::Status::napi_ok {
                return None;
            }
        }
        self.put(if sign == 0 { BIGINT } else { BIGINT_NEGATIVE }, &[]);
        self.long.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        Some(&self.long)
    }

    #[inline]
    fn put(&mut self, tag: u8, content: &[u8]) {
        self.long.clear();
        self.long.push(tag);
        self.long.extend_from_slice(content);
    }
}

/// The one form of a number: `-0` is `0`, and there is one NaN.
#[inline]
fn canonical(number: f64) -> f64 {
    if number.is_nan() { f64::NAN } else { number + 0.0 }
}

/// The JavaScript value of a key: an `ArrayBuffer` for bytes, null for what is no key.
///
/// # Safety
/// See [`Env`].
pub unsafe fn make(env: Env, key: &[u8]) -> Value {
    let Some((tag, content)) = key.split_first() else { return ptr::null_mut() };
    // SAFETY: as asked of the caller, in each of them.
    unsafe {
        match *tag {
            NARROW => raw::make_narrow(env, content),
            WIDE => {
                // The content has no alignment of its own.
                let units: Vec<u16> =
                    content.as_chunks().0.iter().map(|unit| u16::from_ne_bytes(*unit)).collect();
                raw::make_wide(env, raw::as_bytes(&units))
            }
            NUMBER => {
                let bits = content.try_into().map_or(0, u64::from_le_bytes);
                raw::make_number(env, f64::from_bits(bits))
            }
            BYTES => raw::make_array_buffer(env, content),
            tag => {
                let words: Vec<u64> =
                    content.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
                raw::make_bigint(env, tag == BIGINT_NEGATIVE, &words)
            }
        }
    }
}

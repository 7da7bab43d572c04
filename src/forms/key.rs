//! Keys as bytes: a tag and the content, so that no two types and no two lone surrogates ever meet.
//!
//! A string is one byte a unit if all its units fit, else UTF-16 (UTF-8 would merge lone surrogates); one
//! string has one form, so equal bytes are equal keys.

use super::text::{LANES, Text, as_bytes};
use super::{OutOfMemory, reserve};

const NARROW: u8 = 1;
const WIDE: u8 = 2;
const NUMBER: u8 = 3;
const BIGINT: u8 = 4;
const BIGINT_NEGATIVE: u8 = 5;
const BYTES: u8 = 6;

/// How many units of a string are read without the heap.
pub const SHORT: usize = 256;

/// A key as JavaScript knows it.
#[derive(Clone, Debug, PartialEq)]
pub enum Key<'a> {
    /// A string of units below 256.
    Narrow(&'a [u8]),
    /// Any other string.
    Wide(Vec<u16>),
    /// A number.
    Number(f64),
    /// A bigint: whether it is negative, and its words, the least significant one first.
    BigInt(bool, Vec<u64>),
    /// A `Uint8Array`.
    Bytes(&'a [u8]),
}

/// The buffers that the form of a key is made in.
pub struct KeyBuffer {
    short: [u8; 1 + SHORT],
    long: Vec<u8>,
}

impl Default for KeyBuffer {
    fn default() -> Self {
        Self { short: [0; 1 + SHORT], long: Vec::new() }
    }
}

/// What making a form answers: the form, which lies in the buffer.
type Formed<'a> = Result<&'a [u8], OutOfMemory>;

impl KeyBuffer {
    /// The form of a string of `len` units, no more than [`SHORT`], given in vectors of which the last one is filled up
    /// with zeros.
    #[inline]
    pub fn short_string(&mut self, len: usize, vectors: &[[u16; LANES]]) -> Formed<'_> {
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
            return Ok(self.short.get(..=len).unwrap_or(&self.short));
        }
        let units = vectors.as_flattened();
        self.put(WIDE, as_bytes(units.get(..len).unwrap_or(units)))
    }

    /// The form of a string.
    pub fn string(&mut self, text: Text) -> Formed<'_> {
        match text {
            Text::Narrow(bytes) => self.put(NARROW, bytes),
            Text::Wide(bytes) => self.put(WIDE, bytes),
        }
    }

    /// The form of a number: `-0` is `0`, and there is one NaN.
    #[inline]
    pub fn number(&mut self, number: f64) -> Formed<'_> {
        let canonical = if number.is_nan() { f64::NAN } else { number + 0.0 };
        self.put(NUMBER, &canonical.to_bits().to_le_bytes())
    }

    /// The form of a `Uint8Array`.
    pub fn bytes(&mut self, bytes: &[u8]) -> Formed<'_> {
        self.put(BYTES, bytes)
    }

    /// The form of a bigint, the least significant word first.
    pub fn bigint(&mut self, negative: bool, words: &[u64]) -> Formed<'_> {
        self.long.clear();
        reserve(&mut self.long, 1 + size_of_val(words))?;
        self.long.push(if negative { BIGINT_NEGATIVE } else { BIGINT });
        self.long.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        Ok(&self.long)
    }

    #[inline]
    fn put(&mut self, tag: u8, content: &[u8]) -> Formed<'_> {
        self.long.clear();
        reserve(&mut self.long, 1 + content.len())?;
        self.long.push(tag);
        self.long.extend_from_slice(content);
        Ok(&self.long)
    }
}

/// The key of a form, `None` for bytes that are none.
#[must_use]
pub fn key_of(form: &[u8]) -> Option<Key<'_>> {
    let (tag, content) = form.split_first()?;
    Some(match *tag {
        NARROW => Key::Narrow(content),
        WIDE => {
            // The content has no alignment of its own.
            let (units, rest) = content.as_chunks();
            if !rest.is_empty() {
                return None;
            }
            Key::Wide(units.iter().map(|unit| u16::from_ne_bytes(*unit)).collect())
        }
        NUMBER => Key::Number(f64::from_bits(u64::from_le_bytes(content.try_into().ok()?))),
        BIGINT | BIGINT_NEGATIVE => {
            let (words, rest) = content.as_chunks();
            if !rest.is_empty() {
                return None;
            }
            Key::BigInt(*tag == BIGINT_NEGATIVE, words.iter().map(|word| u64::from_le_bytes(*word)).collect())
        }
        BYTES => Key::Bytes(content),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::text::text_of;
    use super::*;

    fn long_form(units: &[u16]) -> Vec<u8> {
        let mut narrow = Vec::new();
        KeyBuffer::default().string(text_of(units, &mut narrow).unwrap()).unwrap().to_vec()
    }

    fn short_form(units: &[u16]) -> Vec<u8> {
        let mut padded = units.to_vec();
        padded.resize(units.len().next_multiple_of(LANES), 0);
        KeyBuffer::default().short_string(units.len(), padded.as_chunks().0).unwrap().to_vec()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn a_string_has_one_form_and_comes_back(
            units in prop::collection::vec(prop_oneof![0..0x100_u16, any::<u16>()], 0..=SHORT),
            cut in any::<bool>(),
        ) {
            let units: Vec<_> = units.iter().map(|unit| if cut { unit & 0xFF } else { *unit }).collect();
            let form = long_form(&units);
            prop_assert_eq!(&short_form(&units), &form);
            let back = match key_of(&form) {
                Some(Key::Narrow(bytes)) => bytes.iter().map(|byte| u16::from(*byte)).collect(),
                Some(Key::Wide(back)) => back,
                other => return Err(TestCaseError::fail(format!("{other:?}"))),
            };
            prop_assert_eq!(back, units);
        }

        #[test]
        fn numbers_bigints_and_bytes_come_back(
            number: f64, negative: bool, words in prop::collection::vec(any::<u64>(), 0..5), bytes: Vec<u8>,
        ) {
            let mut buffer = KeyBuffer::default();
            prop_assert_eq!(key_of(buffer.number(number).unwrap()), Some(Key::Number(number)));
            prop_assert_eq!(key_of(buffer.bytes(&bytes).unwrap()), Some(Key::Bytes(&bytes)));
            let form = buffer.bigint(negative, &words).unwrap();
            prop_assert_eq!(key_of(form), Some(Key::BigInt(negative, words)));
        }
    }

    #[test]
    fn what_is_no_key_is_told_from_keys() {
        assert_eq!(key_of(&[]), None);
        assert_eq!(key_of(&[WIDE, 1]), None);
        assert_eq!(key_of(&[NUMBER, 1, 2, 3]), None);
        assert_eq!(key_of(&[BIGINT, 1]), None);
        assert_eq!(key_of(&[0, 1]), None);
        let mut buffer = KeyBuffer::default();
        assert_eq!(buffer.number(-0.0).unwrap().to_vec(), buffer.number(0.0).unwrap());
        assert_eq!(buffer.number(-f64::NAN).unwrap().to_vec(), buffer.number(f64::NAN).unwrap());
    }
}

//! The forms of keys: each comes back as it was, no two share one, and no bytes make reading them panic.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use mokapot::forms::key::{Key, KeyBuffer, SHORT, key_of};
use mokapot::forms::reads::reads_of;
use mokapot::forms::text::{LANES, text_of};

#[derive(Arbitrary, Clone, Debug)]
enum Given {
    String(Vec<u16>),
    Latin(Vec<u8>),
    Number(f64),
    BigInt(bool, Vec<u64>),
    Bytes(Vec<u8>),
}

impl Given {
    /// The units of a string.
    fn units(&self) -> Option<Vec<u16>> {
        match self {
            Given::String(units) => Some(units.clone()),
            Given::Latin(bytes) => Some(bytes.iter().map(|byte| u16::from(*byte)).collect()),
            _ => None,
        }
    }

    /// Whether two are one key to JavaScript.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Given::Number(one), Given::Number(other)) => one == other || (one.is_nan() && other.is_nan()),
            (Given::BigInt(negative, one), Given::BigInt(other_sign, other)) => {
                (negative, one) == (other_sign, other)
            }
            (Given::Bytes(one), Given::Bytes(other)) => one == other,
            _ => self.units().is_some_and(|one| other.units() == Some(one)),
        }
    }

    fn form(&self) -> Vec<u8> {
        let (mut buffer, mut narrow) = (KeyBuffer::default(), Vec::new());
        match self {
            Given::Number(number) => buffer.number(*number),
            Given::BigInt(negative, words) => buffer.bigint(*negative, words),
            Given::Bytes(bytes) => buffer.bytes(bytes),
            Given::String(_) | Given::Latin(_) => {
                let units = self.units().unwrap_or_default();
                let form = buffer.string(text_of(&units, &mut narrow).unwrap()).unwrap().to_vec();
                if units.len() <= SHORT {
                    let mut padded = units.clone();
                    padded.resize(units.len().next_multiple_of(LANES), 0);
                    let short = buffer.short_string(units.len(), padded.as_chunks().0).unwrap();
                    assert_eq!(short, form, "a string has one form");
                }
                return form;
            }
        }
        .unwrap()
        .to_vec()
    }

    fn check(&self, key: &Key) {
        let back = match key.clone() {
            Key::Narrow(bytes) => Given::Latin(bytes.to_vec()),
            Key::Wide(units) => Given::String(units),
            Key::Number(number) => Given::Number(number),
            Key::BigInt(negative, words) => Given::BigInt(negative, words),
            Key::Bytes(bytes) => Given::Bytes(bytes.to_vec()),
        };
        assert!(self.is(&back), "{self:?} came back as {back:?}");
    }
}

fuzz_target!(|input: (Given, Given, &[u8])| {
    let (one, other, bytes) = input;
    let (form, other_form) = (one.form(), other.form());
    one.check(&key_of(&form).expect("the form of a key is one"));
    assert_eq!(form == other_form, one.is(&other), "{one:?} and {other:?}");
    let _ = key_of(bytes);
    assert!(reads_of(bytes, usize::MAX).count() <= bytes.len() / 16);
});

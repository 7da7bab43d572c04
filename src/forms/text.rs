//! Strings: one byte a unit where all units fit, else UTF-16 in native order, lone surrogates and all.

use super::{OutOfMemory, reserve};

/// What a string held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text<'a> {
    /// Every unit is below 256: one byte each.
    Narrow(&'a [u8]),
    /// UTF-16 units in native order.
    Wide(&'a [u8]),
}

/// How many units are looked at together: as many as make a vector.
pub const LANES: usize = 8;

/// The form of a string, for which `narrow` has room.
#[inline]
pub fn text_of<'a>(units: &'a [u16], narrow: &'a mut Vec<u8>) -> Result<Text<'a>, OutOfMemory> {
    let high = units.iter().fold(0, |seen, unit| seen | *unit);
    if high > 0xFF {
        return Ok(Text::Wide(as_bytes(units)));
    }
    narrow.clear();
    reserve(narrow, units.len())?;
    narrow.extend(units.iter().map(|unit| *unit as u8));
    Ok(Text::Narrow(narrow))
}

/// UTF-16 units as bytes in native order.
#[inline]
#[must_use]
pub fn as_bytes(units: &[u16]) -> &[u8] {
    // SAFETY: any two bytes make a unit and the other way round; the length is in bytes.
    unsafe { std::slice::from_raw_parts(units.as_ptr().cast(), size_of_val(units)) }
}

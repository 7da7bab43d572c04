//! The frequency sketch: roughly how often a key was seen of late, in 4 bits a counter.
//!
//! A count-min sketch (Cormode and Muthukrishnan, 2005) with the periodic halving of TinyLFU, so that
//! old fame fades. It is a filter in front of moka, which has a sketch of its own but costs hundreds
//! of nanoseconds to ask: what was seen only once is not worth asking about.

/// How many counters stand for one key.
const DEPTH: u32 = 4;

/// After how many sightings per entry all counts are halved. TinyLFU's customary sample: ten times the
/// number of entries.
const SAMPLE_FACTOR: u64 = 10;

/// Odd multipliers that make independent counters of one hash (the fractional parts of the square
/// roots of 2, 3, 5 and 7).
const SEEDS: [u64; DEPTH as usize] =
    [0x6A09_E667_F3BC_C909, 0xBB67_AE85_84CA_A73B, 0x3C6E_F372_FE94_F82B, 0xA54F_F53A_5F1D_36F1];

const ONES: u64 = 0x1111_1111_1111_1111;
const HALVES: u64 = 0x7777_7777_7777_7777;

/// See the [module](self).
pub struct FrequencySketch {
    /// Sixteen counters a word.
    words: Box<[u64]>,
    mask: u64,
    seen: u64,
    sample: u64,
}

impl FrequencySketch {
    /// The largest count it tells.
    pub const MAX: u8 = 15;

    /// A sketch for about `entries` entries: one word each, rounded up to a power of two.
    #[must_use]
    pub fn new(entries: usize) -> Self {
        let words = entries.clamp(16, 1 << 28).next_power_of_two();
        Self {
            words: vec![0; words].into_boxed_slice(),
            mask: words as u64 - 1,
            seen: 0,
            sample: words as u64 * SAMPLE_FACTOR,
        }
    }

    /// For how many entries it was made.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.words.len()
    }

    /// Counts one sighting of the key with `hash`.
    #[inline]
    pub fn increment(&mut self, hash: u64) {
        let mut added = false;
        for seed in SEEDS {
            let (word, shift) = self.locate(hash, seed);
            let counter = &mut self.words[word];
            if (*counter >> shift) & 0xF != 0xF {
                *counter += 1 << shift;
                added = true;
            }
        }
        if added {
            self.seen += 1;
            if self.seen >= self.sample {
                self.age();
            }
        }
    }

    /// How often the key with `hash` was seen of late: never less than it was, sometimes more.
    #[inline]
    #[must_use]
    pub fn count(&self, hash: u64) -> u8 {
        let mut least = u64::from(Self::MAX);
        for seed in SEEDS {
            let (word, shift) = self.locate(hash, seed);
            least = least.min((self.words[word] >> shift) & 0xF);
        }
        #[allow(clippy::cast_possible_truncation)] // four bits
        return least as u8;
    }

    /// The word and the bit offset of one of the key's counters.
    #[inline]
    fn locate(&self, hash: u64, seed: u64) -> (usize, u32) {
        let mixed = (hash ^ (hash >> 32)).wrapping_mul(seed);
        #[allow(clippy::cast_possible_truncation)] // masked to the table
        let word = ((mixed >> 16) & self.mask) as usize;
        (word, (mixed >> 60) as u32 * 4)
    }

    /// Halves every count.
    fn age(&mut self) {
        let mut odd = 0;
        for word in &mut self.words {
            odd += u64::from((*word & ONES).count_ones());
            *word = (*word >> 1) & HALVES;
        }
        self.seen = (self.seen / 2).saturating_sub(odd / (2 * u64::from(DEPTH)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(n: u64) -> u64 {
        (n + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17).wrapping_mul(0xD6E8_FEB8_6659_FD93)
    }

    #[test]
    fn never_counts_less_than_was_seen() {
        let mut sketch = FrequencySketch::new(1024);
        for key in 0..500 {
            for _ in 0..=(key % 4) {
                sketch.increment(hash(key));
            }
        }
        for key in 0..500 {
            assert!(u64::from(sketch.count(hash(key))) > key % 4);
        }
    }

    #[test]
    fn tells_the_unseen_from_the_seen() {
        let mut sketch = FrequencySketch::new(1024);
        (0..1024).for_each(|key| sketch.increment(hash(key)));
        let wrong = (10_000..20_000).filter(|key| sketch.count(hash(*key)) > 0).count();
        assert!(wrong < 100, "{wrong} of 10000 unseen keys look seen");
    }

    #[test]
    fn halves_old_counts() {
        let mut sketch = FrequencySketch::new(64);
        (0..15).for_each(|_| sketch.increment(hash(0)));
        assert_eq!(sketch.count(hash(0)), FrequencySketch::MAX);
        (1..=64 * SAMPLE_FACTOR).for_each(|key| sketch.increment(hash(key)));
        assert!(sketch.count(hash(0)) < FrequencySketch::MAX);
    }
}

//! Reads that a near cache had and reports: four words for each entry.

/// How many bytes tell of the reads of one entry.
const RECORD: usize = 4 * size_of::<u32>();

/// Reads of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reads {
    /// Where the entry was.
    pub shard: u32,
    /// As above.
    pub slot: u32,
    /// Tells it from others that had the slot.
    pub generation: u32,
    /// How many.
    pub times: u8,
}

/// The first `count` reports, as many as there are; what is no whole one is left out.
pub fn reads_of(bytes: &[u8], count: usize) -> impl Iterator<Item = Reads> {
    let (records, _) = bytes.as_chunks::<RECORD>();
    records.iter().take(count).map(|record| {
        let (words, _) = record.as_chunks();
        let mut words = words.iter().map(|word| u32::from_ne_bytes(*word));
        let mut next = || words.next().unwrap_or(u32::MAX);
        let (shard, slot, generation) = (next(), next(), next());
        Reads { shard, slot, generation, times: next().min(u32::from(u8::MAX)) as u8 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_reports_are_read_and_the_rest_is_left_out() {
        let bytes: Vec<u8> =
            [1u32, 2, 3, 4, 5, 6, 7, 800, 9].iter().flat_map(|word| word.to_ne_bytes()).collect();
        let all: Vec<_> = reads_of(&bytes, 99).collect();
        let first = Reads { shard: 1, slot: 2, generation: 3, times: 4 };
        assert_eq!(all, [first, Reads { shard: 5, slot: 6, generation: 7, times: 255 }]);
        assert_eq!(reads_of(&bytes, 1).collect::<Vec<_>>(), [first]);
        assert_eq!(reads_of(&[], 1).count(), 0);
    }
}

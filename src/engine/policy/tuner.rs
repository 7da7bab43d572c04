//! The tuner: shadow caches, one of each setting, compete on a sample of the keys, and the best one's setting is used.
//!
//! A rival is preferred once it has had more hits than the present setting's shadow by more than chance, and by more
//! than changing over costs. Everything follows from the operations alone.

use super::super::sketch::FrequencySketch;
use super::setting::{FIRST, SETTINGS, Setting};
use super::shadow::{Fingerprint, ShadowCache, Sighting, spread};

/// A shadow holds as many entries as this, so that one of the sample counts little, or the whole of a smaller cache.
const LEAST_ENTRIES: u64 = 256;

/// A large cache's shadows hold one entry in so many. At 256 entries for 131,072 the choice is left to chance.
const ONE_IN: u64 = 16;

/// No shadow holds more, so that all of a cache's together take less than 1 MB as a rule.
const MOST_ENTRIES: u64 = 4096;

/// What was seen counts half after so many sightings for each entry of the shadows. With 5 the choice wavers; from 10
/// to 15 the means are the same.
const HALF_LIFE: f64 = 12.0;

/// How many standard deviations a lead must be above nothing. From 1.5 to 2.5 it matters little (0.15 of the mean).
const CERTAINTY: f64 = 1.5;

/// The least lead, in parts of all sightings.
const LEAST_LEAD: f64 = 0.005;

/// What changing over costs in hits, in parts of the capacity: the square of the distance in recency times this.
/// Towards frequency much has to be found out anew that pays late: at 0.3 `arc-p3` with 131,072 entries has 40.7 % where
/// it has 44.2 from 0.5 on. Towards recency less is lost, yet without any cost a cache that is not yet settled goes there
/// by chance: `lirs-gli` with 1,000 entries then loses half of its hits. At 0.1 `arc-oltp` does (54.2, from 0.15 on 55.4).
const TOWARDS_FREQUENCY: f64 = 0.8;
const TOWARDS_RECENCY: f64 = 0.15;

/// A shadow that does not hold a key when several reads of it are reported at once would still have had all of them but
/// the first if their distance, on average and times this, is below the time it keeps entries: reads come in bursts,
/// and what is not told to it takes no room in it. With 1 recency is overrated, with 6 underrated.
const BURSTS: f32 = 2.0;

struct Rival {
    setting: Setting,
    shadow: ShadowCache,
    /// What it had of the last sighting.
    hits: f32,
    /// How many more hits it had of late than the present setting's shadow.
    lead: f64,
    /// The sum of the squares of the differences that made the lead.
    spread: f64,
}

/// See the [module](self).
pub(super) struct Tuner {
    rivals: Vec<Rival>,
    chosen: usize,
    filter: FrequencySketch,
    /// How many entries a shadow holds.
    entries: f64,
    /// A key is in the sample if 32 bits of its hash are below this.
    sample: u64,
    now: u32,
    /// How many reads and writes there were of late.
    recent: f64,
    /// What is left of the past at each sighting.
    fade: f64,
}

impl Tuner {
    /// A tuner for a cache of about `entries` entries that weigh `capacity` together. It goes on with the setting of
    /// the `former` one, if there was one.
    pub(super) fn new(entries: u64, capacity: u64, former: Option<&Self>) -> Self {
        let scaled = (entries / ONE_IN).clamp(LEAST_ENTRIES, MOST_ENTRIES).min(entries).max(1);
        let rate = scaled as f64 / entries.max(1) as f64;
        let rival = |&setting: &Setting| Rival {
            setting,
            shadow: ShadowCache::new(setting, (capacity as f64 * rate) as u64, scaled as usize),
            hits: 0.0,
            lead: 0.0,
            spread: 0.0,
        };
        Self {
            rivals: SETTINGS.iter().map(rival).collect(),
            chosen: former.map_or(FIRST, |former| former.chosen),
            filter: FrequencySketch::new(scaled as usize),
            entries: scaled as f64,
            sample: (rate * (1_u64 << 32) as f64) as u64,
            now: former.map_or(0, |former| former.now),
            recent: 0.0,
            fade: 0.5_f64.powf(1.0 / (scaled as f64 * HALF_LIFE)),
        }
    }

    /// The setting that is found best.
    #[inline]
    pub(super) fn setting(&self) -> Setting {
        self.rivals[self.chosen].setting
    }

    /// What time it is, in sightings.
    #[inline]
    pub(super) fn now(&self) -> u32 {
        self.now
    }

    /// A use of a key: a new entry, or a report of `reads` reads since the one at the time `since`, which counts as
    /// `fame` sightings.
    #[inline]
    pub(super) fn note(&mut self, hash: u64, weight: u32, (reads, fame): (u32, u32), since: u32) {
        self.now = self.now.wrapping_add(1);
        let mixed = hash.wrapping_mul(0xD6E8_FEB8_6659_FD93);
        if mixed >> 32 >= self.sample {
            return;
        }
        let key = (mixed ^ (mixed >> 29)) as Fingerprint;
        let sighting = Sighting { key, weight, fame, now: self.now };
        self.run(sighting, reads as f32, since);
        self.choose();
    }

    /// Shows all shadows a sighting and counts what each had of it.
    fn run(&mut self, sighting: Sighting, reads: f32, since: u32) {
        let Self { filter, now, .. } = self;
        (0..sighting.fame).for_each(|_| filter.increment(spread(sighting.key)));
        let distance = now.wrapping_sub(since) as f32 / reads;
        for rival in &mut self.rivals {
            rival.hits = if rival.shadow.access(sighting, filter) {
                reads
            } else if rival.shadow.stay() > distance * BURSTS {
                reads - 1.0
            } else {
                0.0
            };
        }
        let held = self.rivals[self.chosen].hits;
        self.recent = self.recent * self.fade + f64::from(reads);
        for rival in &mut self.rivals {
            let more = f64::from(rival.hits - held);
            rival.lead = rival.lead * self.fade + more;
            rival.spread = rival.spread * self.fade + more * more;
        }
    }

    /// Changes the setting where another is surely better.
    fn choose(&mut self) {
        let present = self.setting().recency();
        let certain = |rival: &&Rival| {
            let distance = present - rival.setting.recency();
            let cost = if distance > 0.0 { TOWARDS_FREQUENCY } else { TOWARDS_RECENCY };
            let cost = self.entries * cost * distance * distance;
            rival.lead > CERTAINTY * rival.spread.sqrt() + LEAST_LEAD * self.recent + cost
        };
        let leads = self.rivals.iter().enumerate().filter(|(_, rival)| rival.lead > 0.0 && certain(rival));
        let Some((best, lead)) =
            leads.map(|(at, rival)| (at, rival.lead)).max_by(|(_, one), (_, other)| one.total_cmp(other))
        else {
            return;
        };
        self.chosen = best;
        for rival in &mut self.rivals {
            rival.lead -= lead;
        }
    }

    /// How many entries all shadows have memory for.
    #[cfg(test)]
    pub(super) fn footprint(&self) -> usize {
        self.rivals.iter().map(|rival| rival.shadow.footprint()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shadows_stay_small_however_large_the_cache_and_however_light_its_entries() {
        for (entries, most) in [(1, 4), (100, 400), (10_000, 2_500), (100_000_000, 4 * MOST_ENTRIES)] {
            // Entries of a tenth of the weight that it was made for.
            let mut tuner = Tuner::new(entries, entries * 10, None);
            for key in 0..entries.min(200_000) * 10 {
                tuner.note(spread(key as Fingerprint) ^ key, 1, (1, 1), 0);
            }
            let footprint = tuner.footprint() as u64;
            assert!(footprint <= SETTINGS.len() as u64 * most, "{footprint} for {entries}");
        }
    }

    #[test]
    fn a_tuner_made_anew_goes_on_with_its_setting() {
        let mut tuner = Tuner::new(100, 100, None);
        // A loop over more than there is room for.
        (0..20_000).for_each(|at| tuner.note(spread(at % 150), 1, (1, 1), 0));
        assert_eq!(tuner.setting(), SETTINGS[0]);
        assert_eq!(Tuner::new(1_000, 1_000, Some(&tuner)).setting(), SETTINGS[0]);
    }
}

//! Access traces: read from files, or made here from a seed.

use std::collections::HashMap;
use std::fs;

/// The made traces, for the help text.
pub const MADE: &str = "    zipf:S        skewed by exponent S over 100,000 keys
    loop:N        0 … N-1 again and again
    scan:S:P      zipf:S, P percent of the requests from endless scans of 2,000 keys that never come again
    shift:S:N     zipf:S over 50,000 keys, others after every N requests
    recent:N      two thirds new keys, one third again a key of the last N
    twice:N       each key twice, N others apart, then never again
    walk:N        stack distances with a heavy tail, N the median
    interleaved:N zipf:0.8 and a loop over N keys in turn
    phases:N      loop:2000, recent:500 and zipf:1 in turn, N requests each";

/// How many requests a made trace has.
const LENGTH: usize = 1_000_000;

/// A list of requests. Keys are numbered by first appearance.
pub struct Trace {
    pub keys: Vec<u32>,
    /// One for each request, or none where all weigh 1.
    pub weights: Vec<u32>,
    pub distinct: usize,
}

impl Trace {
    /// Reads what `spec` names: parts joined by `+`.
    pub fn read(spec: &str, by_weight: bool) -> Result<Self, std::io::Error> {
        let mut numbers: HashMap<(usize, u64), u32> = HashMap::new();
        let mut sources: Vec<(&str, Vec<(u64, u32)>)> = Vec::new();
        let (mut keys, mut weights) = (Vec::new(), Vec::new());
        for part in spec.split('+') {
            let (part, times) = split_number(part, '*');
            let (name, most) = if is_made(part) { (part, None) } else { split_number(part, ':') };
            let source = if let Some(known) = sources.iter().position(|(known, _)| *known == name) {
                known
            } else {
                sources.push((name, if is_made(name) { made(name) } else { parse(&fs::read(name)?) }));
                sources.len() - 1
            };
            let requests = &sources[source].1;
            let most = most.unwrap_or(requests.len()).min(requests.len());
            for _ in 0..times.unwrap_or(1) {
                for &(key, weight) in &requests[..most] {
                    let number = numbers.len() as u32;
                    keys.push(*numbers.entry((source, key)).or_insert(number));
                    weights.push(weight);
                }
            }
        }
        if !by_weight {
            weights.clear();
        }
        Ok(Self { keys, weights, distinct: numbers.len() })
    }

    pub fn weight(&self, at: usize) -> u32 {
        self.weights.get(at).copied().unwrap_or(1)
    }

    pub fn total_weight(&self) -> u64 {
        (0..self.keys.len()).map(|at| u64::from(self.weight(at))).sum()
    }
}

/// `name` and the number behind the last `sign`, if there is one.
fn split_number(part: &str, sign: char) -> (&str, Option<usize>) {
    match part.rsplit_once(sign).map(|(name, number)| (name, number.parse().ok())) {
        Some((name, Some(number))) => (name, Some(number)),
        _ => (part, None),
    }
}

fn parse(text: &[u8]) -> Vec<(u64, u32)> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let mut fields = line.split(|byte| *byte == b',');
            let key = fields.next().unwrap_or_default();
            let weight = fields.next().and_then(|field| std::str::from_utf8(field).ok()?.trim().parse().ok());
            (fingerprint(key), weight.unwrap_or(1))
        })
        .collect()
}

/// A number for whatever a line has as its key.
fn fingerprint(key: &[u8]) -> u64 {
    key.iter().fold(key.len() as u64, |hash, byte| mix(hash ^ u64::from(*byte)))
}

const KINDS: [&str; 9] =
    ["zipf", "loop", "scan", "shift", "recent", "twice", "walk", "interleaved", "phases"];

fn is_made(name: &str) -> bool {
    KINDS.contains(&name.split(':').next().unwrap_or_default())
}

fn made(name: &str) -> Vec<(u64, u32)> {
    let mut words = name.split(':');
    let kind = words.next().unwrap_or_default();
    let numbers: Vec<f64> = words.filter_map(|word| word.parse().ok()).collect();
    let mut random = Random(mix(fingerprint(name.as_bytes())));
    let mut maker = Maker::new(kind, &numbers);
    (0..LENGTH).map(|at| (maker.next(at as u64, &mut random), 1)).collect()
}

enum Maker {
    Zipf(Zipf),
    Loop(u64),
    Scan { zipf: Zipf, percent: u64, fresh: u64, left: u64 },
    Shift { zipf: Zipf, every: u64 },
    Recent { span: u64, fresh: u64 },
    Twice { apart: u64 },
    Walk { median: f64, stack: Vec<u64>, fresh: u64 },
    Interleaved { zipf: Zipf, count: u64 },
    Phases { each: u64, makers: Vec<Maker> },
}

/// Keys of scans and the like begin here, out of the others' way.
const APART: u64 = 1 << 40;

impl Maker {
    fn new(kind: &str, numbers: &[f64]) -> Self {
        let number = |at: usize, default: f64| numbers.get(at).copied().unwrap_or(default);
        match kind {
            "zipf" => Self::Zipf(Zipf::new(100_000, number(0, 1.0))),
            "loop" => Self::Loop(number(0, 1000.0) as u64),
            "scan" => Self::Scan {
                zipf: Zipf::new(100_000, number(0, 1.0)),
                percent: number(1, 30.0) as u64,
                fresh: APART,
                left: 0,
            },
            "shift" => {
                Self::Shift { zipf: Zipf::new(50_000, number(0, 1.0)), every: number(1, 50_000.0) as u64 }
            }
            "recent" => Self::Recent { span: number(0, 500.0) as u64, fresh: 0 },
            "twice" => Self::Twice { apart: number(0, 200.0) as u64 },
            "walk" => Self::Walk { median: number(0, 500.0), stack: Vec::new(), fresh: 0 },
            "interleaved" => {
                Self::Interleaved { zipf: Zipf::new(100_000, 0.8), count: number(0, 2000.0) as u64 }
            }
            _ => Self::Phases {
                each: number(0, 100_000.0) as u64,
                makers: [("loop", 2000.0), ("recent", 500.0), ("zipf", 1.0)]
                    .map(|(kind, number)| Self::new(kind, &[number]))
                    .into(),
            },
        }
    }

    fn next(&mut self, at: u64, random: &mut Random) -> u64 {
        match self {
            Self::Zipf(zipf) => zipf.next(random),
            Self::Loop(keys) => at % *keys,
            Self::Scan { zipf, percent, fresh, left } => {
                if *left == 0 && random.below(200_000) < *percent {
                    *left = 2000 * 100 / (100 - *percent).max(1);
                }
                if *left > 0 {
                    *left -= 1;
                    *fresh += 1;
                    *fresh
                } else {
                    zipf.next(random)
                }
            }
            Self::Shift { zipf, every } => mix((at / *every) << 32 | zipf.next(random)),
            Self::Recent { span, fresh } => {
                if random.below(3) == 0 && *fresh > *span {
                    *fresh - 1 - random.below(*span)
                } else {
                    *fresh += 1;
                    *fresh - 1
                }
            }
            Self::Twice { apart } => {
                let (round, place) = (at / (2 * *apart), at % *apart);
                round * *apart + place
            }
            Self::Walk { median, stack, fresh } => {
                // A Pareto-like distance: half of them below the median, a long tail above.
                let unit = random.unit().max(1e-9);
                let distance = (*median * (1.0 / unit - 1.0)) as usize;
                let key = if distance < stack.len() {
                    stack.remove(stack.len() - 1 - distance)
                } else {
                    *fresh += 1;
                    *fresh
                };
                stack.push(key);
                if stack.len() > 40_000 {
                    stack.drain(..20_000);
                }
                key
            }
            Self::Interleaved { zipf, count } => {
                if at.is_multiple_of(2) {
                    zipf.next(random)
                } else {
                    APART + at / 2 % *count
                }
            }
            Self::Phases { each, makers } => {
                let phase = (at / *each) as usize % makers.len();
                (phase as u64) << 44 ^ makers[phase].next(at, random)
            }
        }
    }
}

/// Zipf's law by a table of the sums.
struct Zipf {
    sums: Vec<f64>,
}

impl Zipf {
    fn new(keys: usize, exponent: f64) -> Self {
        let mut sum = 0.0;
        let sums = (1..=keys).map(|rank| {
            sum += (rank as f64).powf(-exponent);
            sum
        });
        Self { sums: sums.collect() }
    }

    fn next(&self, random: &mut Random) -> u64 {
        let total = self.sums[self.sums.len() - 1];
        let point = random.unit() * total;
        mix(self.sums.partition_point(|sum| *sum < point) as u64)
    }
}

/// `SplitMix64`.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Scatters the bits of a number: the hash of a key.
pub fn mix(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    key ^ (key >> 31)
}

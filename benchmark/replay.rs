//! What the policy makes of an access trace, beside LRU and Belady's optimum: hit ratios of the engine alone.
//!
//!     cargo run --release --no-default-features --example replay -- [options] TRACE…
//!
//! A trace is a list of keys, one a line, or `key,weight` lines; or one made here, as `zipf:0.9` (`--help` lists
//! them). Parts are joined by `+`: `a.txt+b.txt:5000*3+a.txt` is all of a, three times the first 5,000 requests of b, a
//! again; the keys of different files are kept apart. Each request is a read, and where it misses, a write.

#[path = "replay/rivals.rs"]
mod rivals;
#[path = "replay/traces.rs"]
mod traces;

use std::time::Instant;

use mokapot::engine::policy::{Departure, Policy, PolicyConfig, PolicyKind, is_in_sample};
use mokapot::engine::slots::Slot;

use rivals::{belady, lru};
use traces::{Trace, mix};

/// What a replay came to.
#[derive(Clone, Copy, Default)]
pub struct Score {
    /// Requests that were hits, and the bytes of all of them.
    pub hits: u64,
    /// The weight of those requests.
    pub bytes: u64,
}

const HELP: &str =
    "replay [--sizes N,N…] [--by-weight] [--seed N] [--only lru,belady,policy] [--every-read] TRACE…
  sizes: how many entries, or with --by-weight how much they may weigh together (default 100,1000,10000)
  TRACE: a file, or one of the made ones:";

struct Options {
    sizes: Vec<u64>,
    by_weight: bool,
    every_read: bool,
    seed: u64,
    only: Vec<String>,
    traces: Vec<String>,
}

fn main() {
    let options = options();
    println!("trace\tsize\tlru\tbelady\tpolicy\tns\tat the end");
    for spec in &options.traces {
        let trace = match Trace::read(spec, options.by_weight) {
            Ok(trace) => trace,
            Err(error) => {
                eprintln!("{spec}: {error}");
                std::process::exit(1);
            }
        };
        for &size in &options.sizes {
            row(&trace, spec, size, &options);
        }
    }
}

fn options() -> Options {
    let mut options = Options {
        sizes: vec![100, 1000, 10_000],
        by_weight: false,
        every_read: false,
        seed: 1,
        only: vec!["lru".into(), "belady".into(), "policy".into()],
        traces: Vec::new(),
    };
    let mut words = std::env::args().skip(1);
    let list = |text: Option<String>| -> Vec<String> {
        text.unwrap_or_default().split(',').map(str::to_owned).collect()
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--sizes" => {
                options.sizes = list(words.next()).iter().filter_map(|size| size.parse().ok()).collect();
            }
            "--by-weight" => options.by_weight = true,
            "--every-read" => options.every_read = true,
            "--seed" => options.seed = words.next().and_then(|seed| seed.parse().ok()).unwrap_or(1),
            "--only" => options.only = list(words.next()),
            "--help" => {
                println!("{HELP}\n{}", traces::MADE);
                std::process::exit(0);
            }
            _ => options.traces.push(word),
        }
    }
    options
}

fn row(trace: &Trace, name: &str, size: u64, options: &Options) {
    let wants = |what: &str| options.only.iter().any(|only| only == what);
    let show = |score: Score| {
        let ratio = 100.0 * score.hits as f64 / trace.keys.len() as f64;
        if options.by_weight {
            format!("{ratio:.2}/{:.2}", 100.0 * score.bytes as f64 / trace.total_weight() as f64)
        } else {
            format!("{ratio:.2}")
        }
    };
    let none = || "-".to_owned();
    let lru = if wants("lru") { show(lru(trace, size)) } else { none() };
    let best = if wants("belady") && !options.by_weight { show(belady(trace, size)) } else { none() };
    let (mut policy, mut nanoseconds, mut note) = (none(), 0.0, String::new());
    if wants("policy") {
        let start = Instant::now();
        let mut replay = Replay::new(size, options);
        let score = replay.run(trace);
        nanoseconds = start.elapsed().as_nanos() as f64 / trace.keys.len() as f64;
        policy = show(score);
        note = replay.note();
    }
    let name: Vec<&str> = name.split('+').map(|part| part.rsplit('/').next().unwrap_or(part)).collect();
    let name = name.join("+");
    println!("{name}\t{size}\t{lru}\t{best}\t{policy}\t{nanoseconds:.0}\t{note}");
}

/// A cache of keys without values over the policy.
struct Replay {
    policy: Policy,
    slots: Vec<Slot>,
    tenants: Vec<(u32, u8)>,
    vacant: Vec<Slot>,
    gone: Vec<Departure>,
    seed: u64,
    every_read: bool,
}

const ABSENT: Slot = Slot::MAX;

impl Replay {
    fn new(size: u64, options: &Options) -> Self {
        let ceiling = (size * 4).min(u64::from(u32::MAX - 1)) as u32;
        let kind = PolicyKind::TinyLfu;
        let mut policy = Policy::new(PolicyConfig { kind, nominal: size, ceiling, nominal_len: u64::MAX });
        let mut gone = Vec::new();
        policy.set_capacity(size, &mut gone);
        let (seed, every_read) = (options.seed, options.every_read);
        Self { policy, slots: Vec::new(), tenants: Vec::new(), vacant: Vec::new(), gone, seed, every_read }
    }

    fn run(&mut self, trace: &Trace) -> Score {
        self.slots = vec![ABSENT; trace.distinct];
        let mut score = Score::default();
        for (at, &key) in trace.keys.iter().enumerate() {
            let weight = trace.weight(at);
            let slot = self.slots[key as usize];
            if slot == ABSENT {
                if u64::from(weight) <= self.policy.capacity() {
                    self.insert(key, weight);
                }
            } else {
                score.hits += 1;
                score.bytes += u64::from(weight);
                self.note_use(slot);
            }
        }
        score
    }

    fn insert(&mut self, key: u32, weight: u32) {
        let slot = self.vacant.pop().unwrap_or(self.tenants.len() as Slot);
        if slot as usize == self.tenants.len() {
            self.tenants.push((key, 0));
        } else {
            self.tenants[slot as usize] = (key, 0);
        }
        self.slots[key as usize] = slot;
        let hash = mix(u64::from(key) ^ mix(self.seed));
        self.policy.insert(slot, hash, weight, false, &mut self.gone);
        for Departure { slot, .. } in self.gone.drain(..) {
            self.slots[self.tenants[slot as usize].0 as usize] = ABSENT;
            self.vacant.push(slot);
        }
    }

    fn note_use(&mut self, slot: Slot) {
        if is_in_sample(&mut self.tenants[slot as usize].1) || self.every_read {
            self.policy.read(slot);
        }
    }

    fn note(&self) -> String {
        let activity = self.policy.activity();
        let lenient = if activity.setting.lenient { ", lenient" } else { "" };
        let (share, admitted, refused) = (100.0 * activity.window_share, activity.admitted, activity.refused);
        format!("window {share:.0} %{lenient}, admitted {admitted}, refused {refused}")
    }
}

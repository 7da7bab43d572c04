//! The flights of a shard: the loads under way, so that one key is loaded once however many threads ask.
//!
//! A party is what takes part in flights: one thread's hold on the cache. The first that asks for a key loads
//! it, those that ask meanwhile wait, and the flight carries what was loaded to each of them. A write to the key
//! forgets its flight: who waits already still gets the result, who asks later starts another. When the party
//! that loads is gone, the next one that waits and looks loads in its place.
//!
//! All of it happens under the shard's lock, so nothing can come between a look at the entries and a look here.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};

use hashbrown::HashTable;

use super::clock::Nanos;
use super::payload::Payload;

/// Names a flight of its shard; never given twice.
pub type FlightId = u64;

/// Names one thread's hold on a cache.
pub type Party = u64;

/// How many errors a shard remembers: what is forgotten beyond is loaded anew, as without a time to live.
const MOST_ERRORS: usize = 256;

/// What a flight ended with.
#[derive(Clone)]
pub enum Landing {
    /// A value.
    Loaded(Payload),
    /// An error, in the form that lib/ gave it.
    Failed(Payload),
}

/// What a party is to do about a key that it asked for.
pub enum Joined {
    /// The value is there now.
    Fresh,
    /// Load it.
    Load(FlightId),
    /// It is loading it already.
    Loading(FlightId),
    /// Wait for another party's load.
    Wait(FlightId),
    /// Nothing: it is being loaded, and the party does not want to wait.
    Busy,
    /// The last load failed, and its error still stands.
    Failed(FlightId, Payload),
    /// Nothing: there is no memory for another flight.
    OutOfMemory,
}

/// How a party asks for a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asking {
    /// For a new load, whatever is there.
    pub anew: bool,
    /// Without waiting: nobody's leaving aborts the load.
    pub in_background: bool,
}

/// How a flight stands, for a party that takes part in it.
pub enum Standing {
    /// It is under way.
    UnderWay,
    /// Its loader is gone, and this party is to load now.
    Yours,
    /// Nobody waits for it any more: its loader, who is told once, may as well stop.
    Deserted,
    /// It has landed. The party is not told again.
    Landed(Landing),
    /// There is no such flight.
    Unknown,
}

struct Flight {
    hash: u64,
    /// The key, without a value.
    key: Payload,
    loader: Option<Party>,
    /// The parties with callers who wait, the loader among them.
    waiting: Vec<Party>,
    /// Goes on though nobody waits.
    lasting: bool,
    landing: Option<Landing>,
    /// Until when its error stands.
    stands_until: Nanos,
}

impl Flight {
    fn is_deserted(&self) -> bool {
        self.waiting.is_empty() && !self.lasting && self.landing.is_none()
    }

    fn seat(&mut self, party: Party, asking: Asking) {
        if asking.in_background {
            self.lasting = true;
        } else if !self.waiting.contains(&party) {
            self.waiting.push(party);
        }
    }
}

/// See the [module](self).
#[derive(Default)]
pub struct Flights {
    all: HashMap<FlightId, Flight>,
    /// Those that who asks for their key meets, by the hash of the key.
    current: HashTable<(u64, FlightId)>,
    /// Those that failed and stand, the oldest first, and some that do no more.
    errors: VecDeque<FlightId>,
    last: FlightId,
}

impl Flights {
    /// None yet, of whom no one has the number of one of `others`.
    #[must_use]
    pub fn after(others: &Self) -> Self {
        Self { last: others.last, ..Self::default() }
    }

    /// Whether a write has no flight to forget.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.current.is_empty()
    }

    /// Has `party` take part in the flight of a key, which begins if there is none.
    pub fn join(&mut self, hash: u64, key: &[u8], party: Party, asking: Asking, now: Nanos) -> Joined {
        if let Some(id) = self.find(hash, key)
            && let Some(flight) = self.all.get_mut(&id)
        {
            match (&flight.landing, flight.loader) {
                (Some(Landing::Failed(error)), _) if now < flight.stands_until && !asking.anew => {
                    return Joined::Failed(id, error.clone());
                }
                (Some(_), _) => self.forget(hash, key),
                (None, None) => {
                    flight.loader = Some(party);
                    flight.seat(party, asking);
                    return Joined::Load(id);
                }
                (None, Some(_)) if asking.in_background => return Joined::Busy,
                (None, Some(loader)) => {
                    flight.seat(party, asking);
                    return if loader == party { Joined::Loading(id) } else { Joined::Wait(id) };
                }
            }
        }
        let Ok(key) = Payload::new(key, 0, &[]) else { return Joined::OutOfMemory };
        self.last += 1;
        let id = self.last;
        let mut flight = Flight {
            hash,
            key,
            loader: Some(party),
            waiting: Vec::new(),
            lasting: false,
            landing: None,
            stands_until: 0,
        };
        flight.seat(party, asking);
        self.all.insert(id, flight);
        self.current.insert_unique(hash, (hash, id), |(hash, _)| *hash);
        Joined::Load(id)
    }

    /// The key of a flight that `party` loads, which has no value, and its hash.
    #[must_use]
    pub fn key_of(&self, id: FlightId, party: Party) -> Option<(u64, Payload)> {
        let flight = self.all.get(&id).filter(|flight| flight.loader == Some(party))?;
        Some((flight.hash, flight.key.clone()))
    }

    /// Whether nobody wrote to the key of a flight since it began.
    #[must_use]
    pub fn is_current(&self, id: FlightId) -> bool {
        self.all.get(&id).is_some_and(|flight| self.find(flight.hash, flight.key.key()) == Some(id))
    }

    /// Ends the flight of a key for those who have not joined it yet.
    #[inline]
    pub fn forget(&mut self, hash: u64, key: &[u8]) {
        if !self.is_empty()
            && let Some(id) = self.find(hash, key)
        {
            self.remove_current(hash, id);
        }
    }

    /// Ends all flights for those who have not joined them yet.
    pub fn forget_all(&mut self) {
        self.current.clear();
        self.all.retain(|_, flight| flight.landing.is_none() || !flight.waiting.is_empty());
        self.errors.clear();
    }

    /// Lands a flight that `party` loads: for how many other parties, whom it waits for to look. An error stands
    /// until `stands_until`, unless the flight was forgotten.
    pub fn land(&mut self, id: FlightId, party: Party, landing: Landing, stands_until: Nanos) -> usize {
        let current = self.is_current(id);
        let Some(flight) = self.all.get_mut(&id).filter(|flight| flight.loader == Some(party)) else {
            return 0;
        };
        flight.waiting.retain(|waiting| *waiting != party);
        flight.landing = Some(landing);
        flight.stands_until = stands_until;
        let (hash, waiting) = (flight.hash, flight.waiting.len());
        if current && stands_until > 0 {
            self.errors.push_back(id);
            if self.errors.len() > MOST_ERRORS
                && let Some(oldest) = self.errors.pop_front()
                && let Some(hash) = self.all.get(&oldest).map(|flight| flight.hash)
            {
                self.remove_current(hash, oldest);
            }
        } else if current {
            self.remove_current(hash, id);
        }
        self.drop_if_over(id);
        waiting
    }

    /// How a flight stands for `party`, which is told of its landing once.
    pub fn look(&mut self, id: FlightId, party: Party) -> Standing {
        let Some(flight) = self.all.get_mut(&id) else { return Standing::Unknown };
        if let Some(landing) = &flight.landing {
            let landing = landing.clone();
            flight.waiting.retain(|waiting| *waiting != party);
            self.drop_if_over(id);
            return Standing::Landed(landing);
        }
        if flight.is_deserted() {
            flight.loader = None;
            self.drop_if_over(id);
            return Standing::Deserted;
        }
        if flight.loader.is_none() {
            flight.loader = Some(party);
            return Standing::Yours;
        }
        Standing::UnderWay
    }

    /// Takes the callers of `party` out of a flight, which goes on if they want it to be `lasting`: whether
    /// nobody waits for it any more, so that its loader is to stop. It lands no more if that is `party`.
    pub fn leave(&mut self, id: FlightId, party: Party, lasting: bool) -> bool {
        let Some(flight) = self.all.get_mut(&id) else { return false };
        flight.waiting.retain(|waiting| *waiting != party);
        flight.lasting |= lasting;
        let (hash, deserted) = (flight.hash, flight.is_deserted());
        if deserted && flight.loader == Some(party) {
            flight.loader = None;
        }
        if deserted {
            self.remove_current(hash, id);
        }
        self.drop_if_over(id);
        deserted
    }

    /// Takes a party out of all flights: it is gone, and loads and waits for nothing any more.
    pub fn abandon(&mut self, party: Party) {
        let mut over = Vec::new();
        for (id, flight) in &mut self.all {
            flight.waiting.retain(|waiting| *waiting != party);
            if flight.loader == Some(party) && flight.landing.is_none() {
                flight.loader = None;
            }
            if flight.waiting.is_empty() {
                over.push((*id, flight.hash, flight.loader.is_none() || flight.is_deserted()));
            }
        }
        for (id, hash, forgotten) in over {
            if forgotten {
                self.remove_current(hash, id);
            }
            self.drop_if_over(id);
        }
    }

    fn find(&self, hash: u64, key: &[u8]) -> Option<FlightId> {
        let same = |(other, id): &(u64, FlightId)| {
            *other == hash && self.all.get(id).is_some_and(|flight| flight.key.key() == key)
        };
        self.current.find(hash, same).map(|(_, id)| *id)
    }

    fn remove_current(&mut self, hash: u64, id: FlightId) {
        if let Ok(found) = self.current.find_entry(hash, |(_, other)| *other == id) {
            found.remove();
            self.drop_if_over(id);
        }
    }

    /// Drops a flight that nobody will look at any more.
    fn drop_if_over(&mut self, id: FlightId) {
        let Some(flight) = self.all.get(&id) else { return };
        let under_way = flight.landing.is_none() && flight.loader.is_some();
        let met = self.current.find(flight.hash, |(_, other)| *other == id).is_some();
        if flight.waiting.is_empty() && !under_way && !met {
            self.all.remove(&id);
        }
    }
}

use super::*;

const HASH: u64 = 7;
const KEY: &[u8] = b"key";
const A: Party = 1;
const B: Party = 2;
const C: Party = 3;
const WAITING: Asking = Asking { anew: false, in_background: false };
const ANEW: Asking = Asking { anew: true, in_background: false };
const BACKGROUND: Asking = Asking { anew: false, in_background: true };

fn payload(value: &[u8]) -> Payload {
    Payload::new(KEY, 0, value).unwrap()
}

fn loads(flights: &mut Flights, party: Party) -> FlightId {
    match flights.join(HASH, KEY, party, WAITING, 0) {
        Joined::Load(id) => id,
        _ => panic!("party {party} is not to load"),
    }
}

fn waits(flights: &mut Flights, party: Party) -> FlightId {
    match flights.join(HASH, KEY, party, WAITING, 0) {
        Joined::Wait(id) => id,
        _ => panic!("party {party} is not to wait"),
    }
}

fn loaded(flights: &mut Flights, id: FlightId, party: Party) -> Option<Vec<u8>> {
    match flights.look(id, party) {
        Standing::Landed(Landing::Loaded(payload)) => Some(payload.value().to_vec()),
        _ => None,
    }
}

fn land(flights: &mut Flights, id: FlightId, party: Party) -> usize {
    flights.land(id, party, Landing::Loaded(payload(b"value")), 0)
}

fn fail(flights: &mut Flights, id: FlightId, party: Party, until: Nanos) -> usize {
    flights.land(id, party, Landing::Failed(payload(b"error")), until)
}

fn is_over(flights: &Flights) -> bool {
    flights.all.is_empty() && flights.current.is_empty()
}

#[test]
fn one_party_loads_and_each_that_waits_is_told_once() {
    let mut flights = Flights::default();
    let id = loads(&mut flights, A);
    assert_eq!((waits(&mut flights, B), waits(&mut flights, C)), (id, id));
    assert_eq!(waits(&mut flights, B), id, "a second caller of a party");
    assert!(matches!(flights.join(HASH, KEY, A, WAITING, 0), Joined::Loading(same) if same == id));
    assert!(matches!(flights.look(id, B), Standing::UnderWay));
    assert_eq!(land(&mut flights, id, A), 2);
    assert!(flights.is_empty());
    assert_eq!(loaded(&mut flights, id, B).as_deref(), Some(&b"value"[..]));
    assert_eq!(loaded(&mut flights, id, C).as_deref(), Some(&b"value"[..]));
    assert!(matches!(flights.look(id, B), Standing::Unknown));
    assert!(is_over(&flights));
}

#[test]
fn keys_of_one_hash_have_flights_of_their_own() {
    let mut flights = Flights::default();
    let first = loads(&mut flights, A);
    let Joined::Load(second) = flights.join(HASH, b"other", B, WAITING, 0) else { panic!() };
    assert_ne!(first, second);
    flights.forget(HASH, KEY);
    assert!(!flights.is_current(first) && flights.is_current(second));
}

#[test]
fn a_forgotten_flight_still_reaches_those_who_wait_and_nobody_else() {
    let mut flights = Flights::default();
    let first = loads(&mut flights, A);
    waits(&mut flights, B);
    flights.forget(HASH, KEY);
    assert!(!flights.is_current(first));
    let second = loads(&mut flights, C);
    assert_ne!(first, second);
    assert_eq!(land(&mut flights, first, A), 1);
    assert!(flights.is_current(second));
    assert!(loaded(&mut flights, first, B).is_some());
    assert_eq!(land(&mut flights, second, C), 0);
    assert!(is_over(&flights));
}

#[test]
fn when_the_loader_is_gone_the_first_that_looks_loads() {
    let mut flights = Flights::default();
    let id = loads(&mut flights, A);
    waits(&mut flights, B);
    waits(&mut flights, C);
    flights.abandon(A);
    assert!(matches!(flights.look(id, C), Standing::Yours));
    assert!(matches!(flights.look(id, B), Standing::UnderWay));
    assert_eq!(land(&mut flights, id, A), 0, "the one that is gone has no say");
    assert_eq!(land(&mut flights, id, C), 1);
    assert!(loaded(&mut flights, id, B).is_some());
    assert!(is_over(&flights));
}

#[test]
fn when_the_loader_is_gone_one_that_comes_may_load_too() {
    let mut flights = Flights::default();
    let id = loads(&mut flights, A);
    waits(&mut flights, B);
    flights.abandon(A);
    assert_eq!(loads(&mut flights, C), id);
    assert!(matches!(flights.look(id, B), Standing::UnderWay));
}

#[test]
fn a_flight_whose_parties_are_all_gone_is_over() {
    let mut flights = Flights::default();
    loads(&mut flights, A);
    waits(&mut flights, B);
    flights.abandon(B);
    flights.abandon(A);
    assert!(is_over(&flights));
    let id = loads(&mut flights, A);
    waits(&mut flights, B);
    assert_eq!(land(&mut flights, id, A), 1);
    flights.abandon(B);
    assert!(is_over(&flights));
    flights.join(HASH, KEY, A, BACKGROUND, 0);
    flights.abandon(A);
    assert!(is_over(&flights));
}

#[test]
fn when_the_last_caller_of_all_parties_has_left_the_loader_is_to_stop() {
    let mut flights = Flights::default();
    let id = loads(&mut flights, A);
    waits(&mut flights, B);
    assert!(!flights.leave(id, A, false), "B still waits");
    assert!(matches!(flights.look(id, A), Standing::UnderWay));
    assert!(flights.leave(id, B, false));
    assert!(matches!(flights.look(id, A), Standing::Deserted));
    assert_ne!(loads(&mut flights, C), id, "who comes later starts anew");
    assert_eq!(land(&mut flights, id, A), 0);
    assert_eq!(flights.all.len(), 1);
    let last = waits(&mut flights, A);
    flights.leave(last, A, false);
    assert!(flights.leave(last, C, false));
    assert!(is_over(&flights));
}

#[test]
fn a_caller_that_ran_out_of_time_leaves_the_load_to_go_on() {
    let mut flights = Flights::default();
    let id = loads(&mut flights, A);
    assert!(!flights.leave(id, A, true));
    assert_eq!(waits(&mut flights, B), id);
    assert!(!flights.leave(id, B, false));
    assert!(flights.is_current(id));
    assert_eq!(land(&mut flights, id, A), 0);
    assert!(is_over(&flights));
}

#[test]
fn a_load_in_the_background_is_joined_but_not_begun_twice() {
    let mut flights = Flights::default();
    let Joined::Load(id) = flights.join(HASH, KEY, A, BACKGROUND, 0) else { panic!() };
    assert!(matches!(flights.join(HASH, KEY, B, BACKGROUND, 0), Joined::Busy));
    assert!(matches!(flights.join(HASH, KEY, A, BACKGROUND, 0), Joined::Busy));
    assert_eq!(waits(&mut flights, B), id);
    assert!(!flights.leave(id, B, false));
    assert!(matches!(flights.look(id, A), Standing::UnderWay));
}

#[test]
fn an_error_stands_for_its_time_or_until_the_key_is_written() {
    let mut flights = Flights::default();
    let error = |flights: &mut Flights, asking, now| {
        matches!(flights.join(HASH, KEY, B, asking, now), Joined::Failed(..))
    };
    let id = loads(&mut flights, A);
    assert_eq!(fail(&mut flights, id, A, 100), 0);
    assert!(error(&mut flights, WAITING, 99));
    assert!(error(&mut flights, BACKGROUND, 99));
    assert!(!error(&mut flights, WAITING, 100));
    flights.abandon(B);
    let id = loads(&mut flights, A);
    fail(&mut flights, id, A, 100);
    assert!(!error(&mut flights, ANEW, 0), "a new load was asked for");
    flights.abandon(B);
    let id = loads(&mut flights, A);
    fail(&mut flights, id, A, 100);
    flights.forget(HASH, KEY);
    assert!(is_over(&flights));
    let id = loads(&mut flights, A);
    flights.forget(HASH, KEY);
    fail(&mut flights, id, A, 100);
    assert!(is_over(&flights), "a write came first");
}

#[test]
fn so_many_errors_stand_and_no_more() {
    let mut flights = Flights::default();
    for key in 0..2 * MOST_ERRORS as u64 {
        let Joined::Load(id) = flights.join(key, &key.to_le_bytes(), A, WAITING, 0) else { panic!() };
        fail(&mut flights, id, A, 100);
    }
    assert_eq!(flights.all.len(), MOST_ERRORS);
    assert_eq!(flights.current.len(), MOST_ERRORS);
    flights.forget_all();
    assert!(is_over(&flights));
}

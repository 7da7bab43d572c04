//! Exports: the policy of a `Cache`, whose keys and values stay in JavaScript.
//!
//! JavaScript maps keys to slots; here only slots are known. Numbers cross through the *wire*, a few words of
//! JavaScript's memory that a cache registers when it gets its first entry: reading them there costs
//! a nanosecond where an argument costs several. Every call first takes in the reads noted since the last.

use std::hash::{BuildHasher, Hasher};
use std::ptr::{self, NonNull};
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use napi::sys;

use super::answer::{BAD_CALL, CLOSED, OK, code, id, numbers};
use super::guard::Args;
use super::raw::{self, Env, Value};
use super::thread::Thread;
use crate::engine::policy::{Activity, Departure, Policy, PolicyConfig, PolicyKind};
use crate::engine::reaper;
use crate::engine::slots::{MAX_SLOTS, NONE};

// The wire's words, of which lib/slot-table.ts has the same picture: how many reads wait, how many slots the list
// has and how many have left beyond it, the slot and weight that a call is about; then the reads, then the list.
const READS: usize = 0;
const LISTED: usize = 1;
const UNLISTED: usize = 2;
const SLOT: usize = 3;
const WEIGHT: usize = 4;
const FIRST_READ: usize = 5;
const FIRST_LISTED: usize = 192;
const WORDS: usize = 256;

/// How far above its first limit a cache can be resized before moka's part has to be made anew.
const HEADROOM: f64 = 4.0;

/// Hashes keys for the frequency sketches: with a seed of the process's own, so that nobody can choose keys that
/// collide.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// A `Cache`'s policy and its wire.
pub struct Reference {
    policy: Policy,
    wire: NonNull<[u32; WORDS]>,
    /// Keeps the wire alive.
    hold: sys::napi_ref,
    /// How many entries there may be, where their number is limited beside their weight.
    max_len: usize,
    /// What has left and is not listed yet, the last to leave first: JavaScript takes lists from their end.
    gone: Vec<Departure>,
}

impl Reference {
    /// Takes in the reads that were noted since the last call.
    #[inline]
    fn take_reads(&mut self) {
        // SAFETY: the wire lives as long as `hold`; JavaScript writes it between calls only.
        let wire = unsafe { self.wire.as_mut() };
        let waiting = (wire[READS] as usize).min(FIRST_LISTED - FIRST_READ);
        wire[READS] = 0;
        for slot in &wire[FIRST_READ..FIRST_READ + waiting] {
            if self.policy.is_held(*slot) {
                self.policy.read(*slot);
            }
        }
    }

    /// Lists as many of those that have left as there is room for; the next call of `policyMore` lists more.
    #[inline]
    fn list_gone(&mut self) {
        // SAFETY: as above.
        let wire = unsafe { self.wire.as_mut() };
        let list = &mut wire[FIRST_LISTED..];
        let listed = self.gone.len().min(list.len());
        for (word, departure) in list.iter_mut().zip(self.gone.drain(self.gone.len() - listed..)) {
            *word = departure.slot;
        }
        wire[LISTED] = listed as u32;
        wire[UNLISTED] = self.gone.len() as u32;
    }

    #[inline]
    fn argument(&self, word: usize) -> u32 {
        // SAFETY: as above.
        unsafe { self.wire.as_ref()[word] }
    }

    /// Sets the limits; [`Reference::list_gone`] then tells who had to leave.
    fn set_limits(&mut self, config: PolicyConfig, max_len: usize) {
        self.max_len = max_len;
        self.policy.retarget(config, &mut self.gone);
        self.policy.set_capacity(config.nominal, &mut self.gone);
        while self.policy.len() > max_len {
            self.policy.evict_one(NONE, &mut self.gone);
        }
        self.gone.reverse();
    }

    /// Lets go of the wire and frees the policy.
    ///
    /// # Safety
    /// `env` is the running callback's.
    unsafe fn free(self, env: Env) {
        // SAFETY: the reference was made in this environment and is deleted once.
        unsafe { sys::napi_delete_reference(env, self.hold) };
        let len = self.policy.len();
        reaper::free(self.policy, len);
    }
}

/// `(wire, lru, limit, max)`: the number by which calls name the policy. `limit` is of the sum of weights, `max` of
/// the number of entries.
pub fn policy_new(args: &Args<4>, thread: &mut Thread) -> Value {
    let env = args.env;
    // SAFETY: the callback's own environment and values.
    let (wire, lru) = unsafe { (words(env, args.get(0)), raw::small(env, args.get(1))) };
    let (Some(wire), Some(lru), Some((limit, max))) = (wire, lru, limits(args, 2)) else {
        return code(args, BAD_CALL);
    };
    let mut hold = ptr::null_mut();
    // SAFETY: the wire is an object of this environment.
    if unsafe { sys::napi_create_reference(env, args.get(0), 1, &raw mut hold) } != sys::Status::napi_ok {
        return code(args, BAD_CALL);
    }
    let kind = if lru == 1 { PolicyKind::Lru } else { PolicyKind::TinyLfu };
    let config = config(kind, limit, max);
    let mut reference =
        Reference { policy: Policy::new(config), wire, hold, max_len: usize::MAX, gone: Vec::new() };
    reference.set_limits(config, max as usize);
    code(args, thread.references.add(reference).cast_signed())
}

/// `(id)`: lets go of a policy.
pub fn policy_free(args: &Args<1>, thread: &mut Thread) -> Value {
    if let Some(reference) = thread.references.take(id(args)) {
        // SAFETY: the callback's own environment.
        unsafe { reference.free(args.env) };
    }
    code(args, OK)
}

/// `(id, key)`: a new entry in the wire's slot with the wire's weight; lists those that had to leave for it.
#[inline]
pub fn policy_insert(args: &Args<2>, thread: &mut Thread) -> Value {
    let Some(reference) = thread.references.get(id(args)) else { return code(args, CLOSED) };
    // SAFETY: the callback's own environment and values.
    let Some(key) = (unsafe { thread.key.read(args.env, args.get(1)) }) else { return code(args, BAD_CALL) };
    let mut hasher = HASHER.build_hasher();
    hasher.write(key);
    let hash = hasher.finish();
    reference.take_reads();
    let (slot, weight) = (reference.argument(SLOT), reference.argument(WEIGHT));
    let Reference { policy, max_len, gone, .. } = reference;
    if slot >= MAX_SLOTS || policy.is_held(slot) || u64::from(weight) > policy.capacity() {
        return code(args, BAD_CALL);
    }
    policy.insert(slot, hash, weight, policy.len() >= *max_len, gone);
    gone.reverse();
    reference.list_gone();
    ptr::null_mut()
}

/// `(id)`: the wire's slot has the wire's weight from now on; lists those that had to leave for it.
pub fn policy_reweigh(args: &Args<1>, thread: &mut Thread) -> Value {
    act(args, thread, |reference| {
        let (slot, weight) = (reference.argument(SLOT), reference.argument(WEIGHT));
        let Reference { policy, gone, .. } = reference;
        if policy.is_held(slot) && u64::from(weight) <= policy.capacity() {
            policy.reweigh(slot, weight, gone);
            gone.reverse();
        }
    })
}

/// `(id)`: takes the listed slots out.
pub fn policy_remove(args: &Args<1>, thread: &mut Thread) -> Value {
    act(args, thread, |reference| {
        // SAFETY: as in `take_reads`.
        let wire = unsafe { reference.wire.as_ref() };
        let listed = (wire[LISTED] as usize).min(WORDS - FIRST_LISTED);
        for slot in &wire[FIRST_LISTED..FIRST_LISTED + listed] {
            if reference.policy.is_held(*slot) {
                reference.policy.remove(*slot);
            }
        }
    })
}

/// `(id)`: takes in the reads that wait, and lists more of those that have left.
pub fn policy_more(args: &Args<1>, thread: &mut Thread) -> Value {
    act(args, thread, |_| ())
}

/// `(id, limit, max)`: changes the limits; lists those that had to leave.
pub fn policy_resize(args: &Args<3>, thread: &mut Thread) -> Value {
    let Some((limit, max)) = limits(args, 1) else { return code(args, BAD_CALL) };
    act(args, thread, |reference| {
        reference.set_limits(config(reference.policy.kind(), limit, max), max as usize);
    })
}

/// `(id)`: what the policy is doing, `[admitted, refused, windowShare]`.
pub fn policy_activity(args: &Args<1>, thread: &mut Thread) -> Value {
    let Some(reference) = thread.references.get(id(args)) else { return code(args, CLOSED) };
    let Activity { window_share, admitted, refused, .. } = reference.policy.activity();
    numbers(args, &[admitted as f64, refused as f64, window_share])
}

/// `(id)`: counts anew what it is doing.
pub fn policy_reset_activity(args: &Args<1>, thread: &mut Thread) -> Value {
    act(args, thread, |reference| reference.policy.reset_activity())
}

/// `(id)`: forgets all entries, and their fame.
pub fn policy_clear(args: &Args<1>, thread: &mut Thread) -> Value {
    act(args, thread, |reference| {
        let mut fresh = Policy::new(reference.policy.config());
        fresh.set_capacity(reference.policy.capacity(), &mut reference.gone);
        let old = std::mem::replace(&mut reference.policy, fresh);
        let len = old.len();
        reaper::free(old, len);
    })
}

/// Takes in reads, acts and lists who had to leave.
#[inline]
fn act<const N: usize>(args: &Args<N>, thread: &mut Thread, act: impl FnOnce(&mut Reference)) -> Value {
    let Some(reference) = thread.references.get(id(args)) else { return code(args, CLOSED) };
    reference.take_reads();
    act(reference);
    reference.list_gone();
    ptr::null_mut()
}

fn config(kind: PolicyKind, limit: u32, max: u64) -> PolicyConfig {
    let most = f64::from(u32::MAX - 1);
    PolicyConfig {
        kind,
        nominal: u64::from(limit),
        ceiling: (f64::from(limit) * HEADROOM).min(most) as u32,
        nominal_len: max,
    }
}

/// The limit of the sum of weights, and that of the number of entries, which may be infinite.
fn limits<const N: usize>(args: &Args<N>, first: usize) -> Option<(u32, u64)> {
    // SAFETY: the callback's own environment and values.
    let (limit, max) =
        unsafe { (raw::number(args.env, args.get(first))?, raw::number(args.env, args.get(first + 1))?) };
    // The casts saturate: infinity is the largest number, which stands for no limit.
    (limit >= 1.0 && max >= 1.0).then_some(((limit as u32).min(u32::MAX - 1), max as u64))
}

/// The words of a wire.
///
/// # Safety
/// See [`Env`]; the words are good for as long as the array is kept.
unsafe fn words(env: Env, value: Value) -> Option<NonNull<[u32; WORDS]>> {
    let (mut kind, mut len, mut data) = (0, 0, ptr::null_mut());
    // SAFETY: as asked of the caller; what is not asked for is null.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut len,
            &raw mut data,
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    let fits = status == sys::Status::napi_ok && kind == sys::TypedarrayType::uint32_array && len >= WORDS;
    if fits { NonNull::new(data.cast()) } else { None }
}

/// The policies of one thread, by number.
#[derive(Default)]
pub struct References {
    held: Vec<Option<Box<Reference>>>,
    vacant: Vec<u32>,
}

impl References {
    fn add(&mut self, reference: Reference) -> u32 {
        let reference = Some(Box::new(reference));
        if let Some(id) = self.vacant.pop() {
            self.held[id as usize] = reference;
            return id;
        }
        self.held.push(reference);
        self.held.len() as u32 - 1
    }

    fn take(&mut self, id: u32) -> Option<Reference> {
        let reference = self.held.get_mut(id as usize)?.take()?;
        self.vacant.push(id);
        Some(*reference)
    }

    #[inline]
    fn get(&mut self, id: u32) -> Option<&mut Reference> {
        self.held.get_mut(id as usize)?.as_deref_mut()
    }
}

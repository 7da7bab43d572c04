//! Exports: the policy of a `Cache`, whose keys and values stay in JavaScript.
//!
//! JavaScript maps keys to slots; here only slots are known. Numbers cross through the [wire](crate::forms::wire), a
//! few words of JavaScript's memory that a cache registers when it gets its first entry.

use std::hash::{BuildHasher, Hasher};
use std::ptr::{self, NonNull};
use std::sync::LazyLock;

use foldhash::fast::RandomState;
use napi::sys;

use super::answer::{BAD_CALL, CLOSED, OK, OUT_OF_MEMORY, code, code_of, id, numbers};
use super::guard::Args;
use super::raw::{self, Env, Value};
use super::thread::Thread;
use crate::engine::policy::{Activity, PolicyConfig, PolicyKind};
use crate::forms::OutOfMemory;
use crate::forms::wire::{Wire, WiredPolicy};

/// How far above its first limit a cache can be resized before moka's part has to be made anew.
const HEADROOM: f64 = 4.0;

/// Hashes keys for the frequency sketches: with a seed of the process's own, so that nobody can choose keys that
/// collide.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::default);

/// A `Cache`'s policy and its wire.
pub struct Reference {
    wired: WiredPolicy,
    wire: NonNull<Wire>,
    /// Keeps the wire alive.
    hold: sys::napi_ref,
}

impl Reference {
    /// Takes in reads, acts and lists who had to leave.
    #[inline]
    fn act<R>(&mut self, act: impl FnOnce(&mut WiredPolicy, &mut Wire) -> R) -> R {
        // SAFETY: the wire lives as long as `hold`; JavaScript writes it between calls only.
        let wire = unsafe { self.wire.as_mut() };
        self.wired.take_reads(wire);
        let result = act(&mut self.wired, wire);
        self.wired.list_gone(wire);
        result
    }

    /// Lets go of the wire and frees the policy.
    ///
    /// # Safety
    /// `env` is the running callback's.
    unsafe fn free(self, env: Env) {
        // SAFETY: the reference was made in this environment and is deleted once.
        unsafe { sys::napi_delete_reference(env, self.hold) };
        self.wired.free();
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
    let reference = Reference { wired: WiredPolicy::new(config, max as usize), wire, hold };
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
    let key = match unsafe { thread.key.read(args.env, args.get(1)) } {
        Ok(key) => key,
        Err(unread) => return code(args, code_of(unread, BAD_CALL)),
    };
    let mut hasher = HASHER.build_hasher();
    hasher.write(key);
    let hash = hasher.finish();
    match reference.act(|wired, wire| wired.insert(wire, hash)) {
        Ok(true) => ptr::null_mut(),
        Ok(false) => code(args, BAD_CALL),
        Err(OutOfMemory) => code(args, OUT_OF_MEMORY),
    }
}

/// `(id)`: the wire's slot has the wire's weight from now on; lists those that had to leave for it.
pub fn policy_reweigh(args: &Args<1>, thread: &mut Thread) -> Value {
    act(args, thread, |wired, wire| wired.reweigh(wire))
}

/// `(id)`: takes the listed slots out.
pub fn policy_remove(args: &Args<1>, thread: &mut Thread) -> Value {
    act(args, thread, |wired, wire| wired.remove(wire))
}

/// `(id)`: takes in the reads that wait, and lists more of those that have left.
pub fn policy_more(args: &Args<1>, thread: &mut Thread) -> Value {
    act(args, thread, |_, _| ())
}

/// `(id, limit, max)`: changes the limits; lists those that had to leave.
pub fn policy_resize(args: &Args<3>, thread: &mut Thread) -> Value {
    let Some((limit, max)) = limits(args, 1) else { return code(args, BAD_CALL) };
    act(args, thread, |wired, _| {
        wired.set_limits(config(wired.policy().kind(), limit, max), max as usize);
    })
}

/// `(id)`: what the policy is doing, `[admitted, refused, windowShare]`.
pub fn policy_activity(args: &Args<1>, thread: &mut Thread) -> Value {
    let Some(reference) = thread.references.get(id(args)) else { return code(args, CLOSED) };
    let Activity { window_share, admitted, refused, .. } = reference.wired.policy().activity();
    numbers(args, &[admitted as f64, refused as f64, window_share])
}

/// `(id)`: counts anew what it is doing.
pub fn policy_reset_activity(args: &Args<1>, thread: &mut Thread) -> Value {
    act(args, thread, |wired, _| wired.reset_activity())
}

/// `(id)`: forgets all entries, and their fame.
pub fn policy_clear(args: &Args<1>, thread: &mut Thread) -> Value {
    act(args, thread, |wired, _| wired.clear())
}

#[inline]
fn act<const N: usize>(
    args: &Args<N>,
    thread: &mut Thread,
    act: impl FnOnce(&mut WiredPolicy, &mut Wire),
) -> Value {
    let Some(reference) = thread.references.get(id(args)) else { return code(args, CLOSED) };
    reference.act(act);
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
unsafe fn words(env: Env, value: Value) -> Option<NonNull<Wire>> {
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
    let fits = status == sys::Status::napi_ok
        && kind == sys::TypedarrayType::uint32_array
        && len >= size_of::<Wire>() / size_of::<u32>();
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

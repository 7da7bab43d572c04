//! What one thread of JavaScript holds open, and the buffers its calls use.
//!
//! Made when the thread loads the addon, freed by the environment's cleanup hook: that alone runs
//! however a worker ends, so that is where its holds are let go.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use napi::sys;

use super::guard;
use super::key::KeyReader;
use super::raw::{self, Env, TextBuffer, Value};
use super::reference::References;
use super::registry::Shared;
use super::ticker::Page;
use crate::engine::flight::Party;

/// See the [module](self).
#[derive(Default)]
pub struct Thread {
    /// Tells it from the other threads, also from those that were.
    number: u32,
    open: Vec<Option<Arc<Shared>>>,
    vacant: Vec<u32>,
    /// Where keys are read into.
    pub key: KeyReader,
    /// Where text values are read into.
    pub text: TextBuffer,
    /// The policies of this thread's `Cache`s.
    pub references: References,
    /// Where this thread reads coarse time.
    pub page: Option<Page>,
    scratch: Option<Scratch>,
}

/// A buffer of JavaScript's: the [`Call`], then the bytes that go with it.
struct Scratch {
    start: NonNull<u8>,
    len: usize,
    /// Keeps the buffer alive; of the thread's environment.
    hold: sys::napi_ref,
}

/// What a call of a hot operation is told, and what it answers. lib/native.ts has the same words.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Call {
    /// Which cache.
    pub cache: u32,
    /// The kind of the value that is set; a number itself lies in the bytes that follow.
    pub kind: u32,
    /// A code, or the kind of the value that was read.
    answer: i32,
    /// How many bytes of the value lie in those that follow.
    pub len: u32,
}

/// What a call for a near cache tells beside: lib/native.ts has the same words.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Spot {
    /// The key's stripe.
    pub stripe: u32,
    /// Its stamp before the lookup.
    pub stamp: u32,
    /// Where the entry is, for reports of later reads.
    pub shard: u32,
    /// As above.
    pub slot: u32,
    /// As above.
    pub generation: u32,
    /// The span is to be aligned.
    pub unused: u32,
    /// After so many milliseconds the entry is to be read here again.
    pub again: f64,
}

/// A call that names no cache.
const NO_CALL: Call = Call { cache: u32::MAX, kind: 0, answer: 0, len: 0 };

/// What lies before the bytes.
#[repr(C)]
struct Words {
    call: Call,
    spot: Spot,
}

const HEADER: usize = size_of::<Words>();

impl Thread {
    /// A new thread's, registered to be freed when its environment ends.
    ///
    /// # Safety
    /// `env` is the environment that is loading the addon.
    pub unsafe fn register(env: Env) -> *mut Self {
        static THREADS: AtomicU32 = AtomicU32::new(0);
        let mut thread = Box::<Self>::default();
        thread.number = THREADS.fetch_add(1, Ordering::Relaxed);
        let thread = Box::into_raw(thread);
        // SAFETY: the hook gets the pointer just made, and runs once.
        unsafe { sys::napi_add_env_cleanup_hook(env, Some(free), thread.cast()) };
        thread
    }

    /// Opens a cache: the number by which this thread's calls name it.
    pub fn open(&mut self, cache: Arc<Shared>) -> u32 {
        if let Some(id) = self.vacant.pop() {
            self.open[id as usize] = Some(cache); // a place that was left
            return id;
        }
        self.open.push(Some(cache));
        self.open.len() as u32 - 1
    }

    /// Lets go of a cache; nothing if it was let go before.
    pub fn close(&mut self, id: u32) {
        if let Some(cache) = self.open.get_mut(id as usize).and_then(Option::take) {
            cache.store.abandon(self.party(id));
            self.vacant.push(id);
            drop(cache);
        }
    }

    /// What stands for this thread's hold on a cache in the flights of its keys.
    pub fn party(&self, id: u32) -> Party {
        u64::from(self.number) << 32 | u64::from(id)
    }

    /// How many caches it has open.
    pub fn open_count(&self) -> usize {
        self.open.iter().flatten().count()
    }

    /// An open cache.
    #[inline]
    pub fn cache(&self, id: u32) -> Option<&Shared> {
        self.open.get(id as usize)?.as_deref()
    }

    /// An open cache, and beside it the buffers that a call uses.
    #[inline]
    pub fn parts(&mut self, id: u32) -> Option<(&Shared, &mut KeyReader, &mut TextBuffer, &mut [u8])> {
        let cache = self.open.get(id as usize)?.as_deref()?;
        let scratch = match &mut self.scratch {
            // SAFETY: the buffer is held, and longer than the header; lib/native.ts neither detaches nor resizes it;
            // only this thread's calls and JavaScript between them use it.
            Some(Scratch { start, len, .. }) => unsafe {
                std::slice::from_raw_parts_mut(start.as_ptr().add(HEADER), *len - HEADER)
            },
            None => &mut [],
        };
        Some((cache, &mut self.key, &mut self.text, scratch))
    }

    /// Uses the `Uint8Array` for results from here on, and holds it; whether it will do.
    ///
    /// # Safety
    /// See [`Env`]; nobody detaches or resizes the array's buffer.
    pub unsafe fn set_scratch(&mut self, env: Env, array: Value) -> bool {
        // SAFETY: as asked of the caller.
        let Some(bytes) = (unsafe { raw::bytes(env, array) }) else { return false };
        let Some(start) = NonNull::new(bytes.as_ptr().cast_mut()) else { return false };
        if bytes.len() < 2 * HEADER || !start.cast::<u64>().is_aligned() {
            return false;
        }
        let mut hold = ptr::null_mut();
        // SAFETY: as asked of the caller. References still there at the environment's end are its own to free.
        if unsafe { sys::napi_create_reference(env, array, 1, &raw mut hold) } != sys::Status::napi_ok {
            return false;
        }
        if let Some(old) = self.scratch.replace(Scratch { start, len: bytes.len(), hold }) {
            // SAFETY: it was made in this environment and is deleted once.
            unsafe { sys::napi_delete_reference(env, old.hold) };
        }
        true
    }

    /// What JavaScript wrote for the running call.
    #[inline]
    pub fn call(&self) -> Call {
        // SAFETY: as in `parts`; the buffer is aligned and longer than a call, and any bytes are one.
        self.scratch.as_ref().map_or(NO_CALL, |scratch| unsafe { scratch.start.cast().read() })
    }

    /// Answers the running call, which returns nothing beside.
    #[inline]
    pub fn answer(&mut self, answer: i32) -> Value {
        self.answer_with(answer, 0);
        ptr::null_mut()
    }

    /// Tells a near cache where the entry is that the running call read.
    pub fn tell(&mut self, spot: Spot) {
        if let Some(Scratch { start, .. }) = &self.scratch {
            let words = start.cast::<Words>().as_ptr();
            // SAFETY: as in `call`; nobody has a reference to it.
            unsafe { (*words).spot = spot };
        }
    }

    /// Answers the running call; so many bytes of the value lie in the scratch buffer.
    #[inline]
    pub fn answer_with(&mut self, answer: i32, len: u32) {
        if let Some(Scratch { start, .. }) = &self.scratch {
            let call = start.cast::<Call>().as_ptr();
            // SAFETY: as in `call`; nobody has a reference to it.
            unsafe {
                (*call).answer = answer;
                (*call).len = len;
            }
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(page) = self.page {
            page.forget();
        }
        // What it loads is for others to load now.
        (0..self.open.len() as u32).for_each(|id| self.close(id));
    }
}

unsafe extern "C" fn free(thread: *mut c_void) {
    guard::contain(|| {
        // SAFETY: `register` leaked this box for the hook alone, and no callback runs after the hooks do.
        drop(unsafe { Box::from_raw(thread.cast::<Thread>()) });
    });
}

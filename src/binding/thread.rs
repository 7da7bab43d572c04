//! What one thread of JavaScript holds open, and the buffers its calls use.
//!
//! Made when the thread loads the addon, freed by the environment's cleanup hook: that alone runs
//! however a worker ends, so that is where its holds are let go.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use napi::sys;

use super::key::KeyBuffer;
use super::raw::{Env, TextBuffer};
use super::registry::Shared;

/// See the [module](self).
#[derive(Default)]
pub struct Thread {
    open: Vec<Option<Arc<Shared>>>,
    vacant: Vec<u32>,
    /// Where keys are read into.
    pub key: KeyBuffer,
    /// Where text values are read into.
    pub text: TextBuffer,
    scratch: Option<Scratch>,
}

/// A buffer of JavaScript's that results are written into.
struct Scratch {
    start: NonNull<u8>,
    len: usize,
}

/// The scratch buffer begins with so many bytes for the kind of a result; the rest is for its bytes.
const HEADER: usize = 8;

impl Thread {
    /// A new thread's, registered to be freed when its environment ends.
    ///
    /// # Safety
    /// `env` is the environment that is loading the addon.
    pub unsafe fn register(env: Env) -> *mut Self {
        let thread = Box::into_raw(Box::<Self>::default());
        // SAFETY: the hook gets the pointer just made, and runs once.
        unsafe { sys::napi_add_env_cleanup_hook(env, Some(free), thread.cast()) };
        thread
    }

    /// Opens a cache: the number by which this thread's calls name it.
    pub fn open(&mut self, cache: Arc<Shared>) -> u32 {
        if let Some(id) = self.vacant.pop() {
            self.open[id as usize] = Some(cache);
            return id;
        }
        self.open.push(Some(cache));
        self.open.len() as u32 - 1
    }

    /// Lets go of a cache; nothing if it was let go before.
    pub fn close(&mut self, id: u32) {
        if let Some(cache) = self.open.get_mut(id as usize).and_then(Option::take) {
            self.vacant.push(id);
            drop(cache);
        }
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
    pub fn parts(&mut self, id: u32) -> Option<(&Shared, &mut KeyBuffer, &mut TextBuffer, &mut [u8])> {
        let cache = self.open.get(id as usize)?.as_deref()?;
        let scratch = match &mut self.scratch {
            // SAFETY: JavaScript keeps the buffer for the life of the thread and neither detaches nor
            // resizes it; only this thread's calls and JavaScript between them use it.
            Some(Scratch { start, len }) => unsafe {
                std::slice::from_raw_parts_mut(start.as_ptr().add(HEADER), *len - HEADER)
            },
            None => &mut [],
        };
        Some((cache, &mut self.key, &mut self.text, scratch))
    }

    /// Uses `buffer` for results from here on.
    ///
    /// # Safety
    /// The buffer lives, unmoved, for as long as the thread.
    pub unsafe fn set_scratch(&mut self, buffer: &[u8]) -> bool {
        let Some(start) = NonNull::new(buffer.as_ptr().cast_mut()) else {
            return false;
        };
        if buffer.len() < 2 * HEADER || !start.cast::<u64>().is_aligned() {
            return false;
        }
        self.scratch = Some(Scratch { start, len: buffer.len() });
        true
    }

    /// Tells JavaScript what kind of result it gets.
    #[inline]
    pub fn report(&mut self, kind: u32) {
        self.report_with(kind, 0);
    }

    /// As [`Thread::report`], and how many bytes of the result lie in the scratch buffer.
    #[inline]
    pub fn report_with(&mut self, kind: u32, len: u32) {
        if let Some(Scratch { start, .. }) = &self.scratch {
            // SAFETY: as in `parts`; the buffer is aligned and longer than its header of two words.
            unsafe { start.cast::<[u32; 2]>().write([kind, len]) };
        }
    }
}

unsafe extern "C" fn free(thread: *mut c_void) {
    // SAFETY: `register` leaked this box for the hook alone, and no callback runs after the hooks do.
    drop(unsafe { Box::from_raw(thread.cast::<Thread>()) });
}

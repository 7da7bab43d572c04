//! Coarse time for threads that read it at every `get`: a word of their own memory, kept by one ticker.
//!
//! Reading the machine's clock from JavaScript costs as much as the rest of a `get`. The ticker writes the
//! time into a *page* of each thread once a millisecond, whatever the thread is doing; it does so only while
//! the thread keeps reading, and sleeps or ends when none does. It keeps no process alive.

use std::ptr::NonNull;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::engine::clock::Clock;

/// How often the time is written: an entry is returned no longer than 2 ms past its deadline.
const TICK: Duration = Duration::from_millis(1);

/// After so many ticks without a read a page is left alone, until its thread asks for the time again.
const IDLE_TICKS: u32 = 100;

/// After so long without a page to keep, the ticker's thread ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// A thread's page, a `Float64Array` of JavaScript's: the time in milliseconds or 0, and whether it was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Page(NonNull<[u64; 2]>);

// SAFETY: whoever makes a page promises that its words stay where they are until it is forgotten, and they are only
// used atomically here.
unsafe impl Send for Page {}

/// The clock that pages tell: monotonic, the same for all threads.
pub static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::machine);

struct Pages {
    kept: Vec<(Page, u32)>,
    running: bool,
}

static PAGES: Mutex<Pages> = Mutex::new(Pages { kept: Vec::new(), running: false });
static WANTED: Condvar = Condvar::new();

impl Page {
    /// A page at `start`; `None` if it is not aligned.
    ///
    /// # Safety
    /// The words stay there, and nobody but the thread's JavaScript uses them, until [`Page::forget`].
    pub unsafe fn new(start: *mut u8) -> Option<Self> {
        let start = NonNull::new(start)?.cast::<[u64; 2]>();
        start.is_aligned().then_some(Self(start))
    }

    /// Has the page kept from now on, and returns the time.
    pub fn keep(self, clock: &Clock) -> f64 {
        let now = millis(clock);
        self.word(0).store(now.to_bits(), Ordering::Relaxed);
        let mut pages = PAGES.lock();
        if pages.kept.iter().all(|(page, _)| *page != self) {
            pages.kept.push((self, 0));
        }
        if pages.running {
            WANTED.notify_one();
        } else {
            let clock = clock.clone();
            let ticker = thread::Builder::new().name("mokapot-ticker".into()).spawn(move || run(&clock));
            pages.running = ticker.is_ok();
            if ticker.is_err() {
                // Without a thread the page stays empty, and every read asks for the time.
                pages.kept.clear();
                self.word(0).store(0, Ordering::Relaxed);
            }
        }
        now
    }

    /// Never touches the page again.
    pub fn forget(self) {
        PAGES.lock().kept.retain(|(page, _)| *page != self);
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        // SAFETY: the words are there as long as the page is kept, which the lock on the pages guards;
        // JavaScript reads and writes them whole, being aligned.
        unsafe { AtomicU64::from_ptr(self.0.as_ptr().cast::<u64>().add(index)) }
    }
}

fn millis(clock: &Clock) -> f64 {
    clock.now() as f64 / 1e6 + 1.0 // never 0, which says that the page is not kept
}

fn run(clock: &Clock) {
    let mut pages = PAGES.lock();
    loop {
        if pages.kept.is_empty() && WANTED.wait_for(&mut pages, PATIENCE).timed_out() && pages.kept.is_empty()
        {
            pages.running = false;
            return;
        }
        let now = millis(clock).to_bits();
        pages.kept.retain_mut(|(page, idle)| {
            let read = page.word(1).swap(0, Ordering::Relaxed) != 0;
            *idle = if read { 0 } else { *idle + 1 };
            let kept = *idle < IDLE_TICKS;
            page.word(0).store(if kept { now } else { 0 }, Ordering::Relaxed);
            kept
        });
        MutexGuard::unlocked(&mut pages, || thread::sleep(TICK));
    }
}

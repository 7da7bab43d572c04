//! Takes apart what takes long to free, slice by slice, on a thread of its own.
//!
//! Freeing a million entries takes the better part of a second, most of it inside moka; the thread that
//! cleared or closed the cache should not wait for it, nor for the locks of the allocator: hence the
//! slices. One thread at a time does it for the whole process. It touches nothing but what it was given,
//! returns the memory to the system at the end, ends with its work, and does not keep the process alive.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::allocator;

/// Below this many entries freeing takes less than starting a thread is worth, about a millisecond.
const WORTH_A_THREAD: usize = 4096;

/// How many entries are freed between two pauses, and how long those are.
const SLICE: usize = 256;
const PAUSE: Duration = Duration::from_micros(50);

/// What can be taken apart.
pub trait Dismantle: Send {
    /// Frees up to `most` entries; whether there are more.
    fn dismantle(&mut self, most: usize) -> bool;
}

struct Heap {
    garbage: Vec<Box<dyn Dismantle>>,
    /// Whether a thread is at work that will see what is added.
    tended: bool,
}

static HEAP: Mutex<Heap> = Mutex::new(Heap { garbage: Vec::new(), tended: false });

/// Frees `garbage`, which holds so many `entries`: here if they are few, else elsewhere.
pub fn free<T: Dismantle + 'static>(garbage: T, entries: usize) {
    if entries < WORTH_A_THREAD {
        return;
    }
    let mut heap = HEAP.lock();
    heap.garbage.push(Box::new(garbage));
    if !heap.tended {
        let thread = thread::Builder::new().name("mokapot-reaper".into()).spawn(work);
        heap.tended = thread.is_ok();
        if thread.is_err() {
            // No thread can be had: then the caller waits after all.
            let garbage = std::mem::take(&mut heap.garbage);
            drop(heap);
            drop(garbage);
        }
    }
}

fn work() {
    loop {
        let mut heap = HEAP.lock();
        let Some(mut garbage) = heap.garbage.pop() else {
            heap.tended = false;
            drop(heap);
            // Nobody else may allocate for long, and so do it in passing.
            allocator::give_back();
            return;
        };
        drop(heap);
        // A panic is a defect of what is freed, of which the rest may be freed all the same.
        let _ = catch_unwind(AssertUnwindSafe(move || {
            while garbage.dismantle(SLICE) {
                thread::sleep(PAUSE);
            }
        }));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::thread::ThreadId;

    use super::*;

    struct Tells(Sender<(ThreadId, usize)>, usize);

    impl Dismantle for Tells {
        fn dismantle(&mut self, most: usize) -> bool {
            self.1 = self.1.saturating_sub(most);
            self.1 > 0
        }
    }

    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send((thread::current().id(), self.1)).unwrap();
        }
    }

    #[test]
    fn frees_few_entries_here_and_many_elsewhere_slice_by_slice() {
        let (sender, dropped) = channel();
        free(Tells(sender.clone(), 10), 10);
        assert_eq!(dropped.recv().unwrap(), (thread::current().id(), 10));
        for _ in 0..20 {
            free(Tells(sender.clone(), 10_000), 10_000);
        }
        for _ in 0..20 {
            let (by, left) = dropped.recv().unwrap();
            assert_ne!(by, thread::current().id());
            assert_eq!(left, 0);
        }
    }
}

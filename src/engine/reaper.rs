//! Drops what takes long to drop on a thread of its own.
//!
//! Freeing a million entries takes the better part of a second, most of it inside moka; the thread that
//! cleared or closed the cache should not wait for it. One thread at a time does it for the whole
//! process. It touches nothing but what it was given, ends with its work, and does not keep the process
//! alive.

use std::any::Any;

use parking_lot::Mutex;

/// Below this many entries dropping takes less than starting a thread is worth, about a millisecond.
const WORTH_A_THREAD: usize = 4096;

struct Heap {
    garbage: Vec<Box<dyn Any + Send>>,
    /// Whether a thread is at work that will see what is added.
    tended: bool,
}

static HEAP: Mutex<Heap> = Mutex::new(Heap { garbage: Vec::new(), tended: false });

/// Drops `garbage`, which holds so many `entries`: here if it is little, else elsewhere.
pub fn drop_off_thread<T: Send + 'static>(garbage: T, entries: usize) {
    if entries < WORTH_A_THREAD {
        return;
    }
    let mut heap = HEAP.lock();
    heap.garbage.push(Box::new(garbage));
    if !heap.tended {
        let thread = std::thread::Builder::new().name("mokapot-reaper".into()).spawn(work);
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
        let Some(garbage) = heap.garbage.pop() else {
            heap.tended = false;
            return;
        };
        drop(heap);
        drop(garbage);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::thread::{self, ThreadId};

    use super::*;

    struct Tells(Sender<ThreadId>);

    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send(thread::current().id()).unwrap();
        }
    }

    #[test]
    fn drops_little_here_and_much_elsewhere() {
        let (sender, dropped) = channel();
        drop_off_thread(Tells(sender.clone()), 10);
        assert_eq!(dropped.recv().unwrap(), thread::current().id());
        for _ in 0..20 {
            drop_off_thread(Tells(sender.clone()), 1_000_000);
        }
        for _ in 0..20 {
            assert_ne!(dropped.recv().unwrap(), thread::current().id());
        }
    }
}

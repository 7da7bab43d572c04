//! The allocator of everything here: jemalloc, where it can be had, with mimalloc in its place on Windows.
//!
//! A cache frees in one thread what another one allocated, all the time: shared between threads, overwritten,
//! cleared off-thread. Which allocator stands that well was measured.
//!
//! - glibc's `free` takes the lock of the block's arena each time: while a cache of a million entries was freed
//!   off-thread, a `set` in the thread that had filled it waited up to a second.
//! - mimalloc keeps each block for the thread that allocated it, which takes back what others freed once in
//!   a while and all at once: 3 to 23 ms on a quiet machine, 50 and more on a busy one. Until then the memory is
//!   neither used nor returned: under a limit of 64 MiB, values of all sizes written by four threads
//!   took 4.8 times the limit.
//! - jemalloc lets whoever frees a block give it back to all.
//!
//! With `--cfg system_allocator` it is the system's, for what watches each allocation: sanitizers, Miri, fuzzers.

/// mimalloc's version 3 takes the thread that loads it for the one that outlives all others, and crashes when that
/// was a worker, so it is version 2.
#[cfg(all(windows, not(system_allocator)))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(not(any(windows, system_allocator)))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// What is set otherwise than jemalloc has it.
///
/// - `oversize_threshold`: from this size on (1 MiB) a block that is freed is returned to the system at once.
///   A `set` of so much takes 0.5 ms for it, most of it the system's handing out pages anew, and 0.03 ms
///   without. But with values of all sizes most of the memory that is held in vain lies in such blocks: with
///   four threads 1.9 times the limit are resident without, 1.5 from 2 MiB on, 1.2 from 1 MiB on.
/// - `dirty_decay_ms`: smaller ones are returned within a second, not ten.
/// - `narenas`: memory that is free in one arena is of no use to another, and the threads' own caches keep most
///   of them from the arenas' locks.
/// - `slab_sizes`, where a page has 4 KiB: blocks of these sizes come by default in runs of one page, each with 128
///   bytes to describe it. With four pages a million values of 1 KiB take 20 bytes less each; with more, or for other
///   sizes too, values of changing sizes take up to a twentieth more.
#[cfg(not(any(windows, system_allocator)))]
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static OPTIONS: Option<&'static std::ffi::c_char> = {
    let options = if cfg!(target_arch = "x86_64") {
        c"oversize_threshold:1048576,dirty_decay_ms:1000,narenas:2,slab_sizes:512-512:4|1024-1024:4|2048-2048:4"
    } else {
        c"oversize_threshold:1048576,dirty_decay_ms:1000,narenas:2"
    };
    // SAFETY: the literals are not empty and live for ever.
    Some(unsafe { &*options.as_ptr() })
};

/// Returns to the system what is free. jemalloc does so by itself only in passing, when something is allocated or freed.
#[cfg(not(any(windows, system_allocator)))]
pub fn give_back() {
    use std::ptr::null_mut;
    // The number that stands for all arenas.
    let purge_all = c"arena.4096.purge";
    // SAFETY: the name ends with a zero, and this control takes and gives no value.
    unsafe { tikv_jemalloc_sys::mallctl(purge_all.as_ptr(), null_mut(), null_mut(), null_mut(), 0) };
}

/// Nothing: mimalloc returns memory by itself, when the thread that had it comes along.
#[cfg(any(windows, system_allocator))]
pub fn give_back() {}

#[cfg(all(test, not(any(windows, system_allocator))))]
mod tests {
    use std::ptr::null_mut;

    #[test]
    fn the_options_are_in_force() {
        assert_eq!(read::<usize>("opt.oversize_threshold"), 1 << 20);
        let mut bins = (0..read::<u32>("arenas.nbins")).map(|bin| format!("arenas.bin.{bin}"));
        let bin = bins.find(|bin| read::<usize>(&format!("{bin}.size")) == 1024).unwrap_or_default();
        let slab = read::<usize>(&format!("{bin}.slab_size"));
        let pages = slab / read::<usize>("arenas.page");
        assert_eq!(pages, if cfg!(target_arch = "x86_64") { 4 } else { 1 });
    }

    /// What jemalloc tells under a name; `T` is the C type that its manual gives.
    fn read<T: Copy + Default>(name: &str) -> T {
        let name = format!("{name}\0");
        let mut value = T::default();
        let mut size = size_of::<T>();
        // SAFETY: the name ends with a zero, and jemalloc refuses to write to a place of another size.
        let code = unsafe {
            tikv_jemalloc_sys::mallctl(
                name.as_ptr().cast(),
                (&raw mut value).cast(),
                &raw mut size,
                null_mut(),
                0,
            )
        };
        assert_eq!((code, size), (0, size_of::<T>()), "{name:?}");
        value
    }
}

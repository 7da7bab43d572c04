//! How Rust functions become exports: arguments in, panics turned into JavaScript errors.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use napi::sys;

use super::raw::{Env, Value};
use super::thread::Thread;

/// The arguments of a call to an export that takes `N`. Node fills in each place, whatever was given, so an
/// export pays for as many as it has.
pub struct Args<const N: usize> {
    /// The call's environment.
    pub env: Env,
    values: [Value; N],
}

impl<const N: usize> Args<N> {
    /// One of them: undefined when it was not given.
    #[inline]
    pub fn get(&self, index: usize) -> Value {
        self.values[index] // a constant at each place, below N
    }
}

/// A function to export.
pub type Export<const N: usize> = fn(&Args<N>, &mut Thread) -> Value;

/// Runs `body` as the callback that Node called: the one entry from JavaScript into Rust.
///
/// # Safety
/// `env` and `info` are those of the running callback, which was exported with a [`Thread`] as its data.
#[inline]
pub unsafe fn enter<const N: usize>(env: Env, info: sys::napi_callback_info, body: Export<N>) -> Value {
    let mut args = Args { env, values: [ptr::null_mut(); N] };
    let mut len = N;
    let mut data: *mut c_void = ptr::null_mut();
    // SAFETY: as asked of the caller; Node fills as many values as there is room for.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut len,
            args.values.as_mut_ptr(),
            ptr::null_mut(),
            &raw mut data,
        )
    };
    if status != sys::Status::napi_ok || data.is_null() {
        return ptr::null_mut();
    }
    // SAFETY: the data is this environment's `Thread`, which lives until the environment's cleanup hook.
    // Only the environment's own thread comes here, and no export calls back into JavaScript, so there
    // is no second reference.
    let thread = unsafe { &mut *data.cast::<Thread>() };
    match catch_unwind(AssertUnwindSafe(|| body(&args, thread))) {
        Ok(value) => value,
        Err(panic) => {
            let message = panic
                .downcast_ref::<&str>()
                .map(|message| (*message).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            let text = format!("mokapot failed inside, please report it: {message}\0"); // at worst cut short by a NUL
            // SAFETY: both strings end with NUL.
            unsafe { sys::napi_throw_error(env, c"ERR_MOKAPOT_INTERNAL".as_ptr(), text.as_ptr().cast()) };
            ptr::null_mut()
        }
    }
}

/// Runs what Node calls beside the exports, a finalizer or a cleanup hook: a panic goes no further, since nobody could be
/// told of it but the process, which would end.
pub fn contain(body: impl FnOnce()) {
    // The panic was reported on the standard error stream when it happened.
    let _ = catch_unwind(AssertUnwindSafe(body));
}

/// Adds a function to `exports`.
///
/// # Safety
/// All are of the environment that is loading the addon; `thread` lives as long as it does.
pub unsafe fn add(env: Env, exports: Value, name: &str, callback: sys::napi_callback, thread: *mut Thread) {
    let mut function = ptr::null_mut();
    let mut key = ptr::null_mut();
    let (text, len) = (name.as_ptr().cast(), name.len().cast_signed());
    // SAFETY: as asked of the caller; the name's length is the one given.
    unsafe {
        sys::napi_create_function(env, text, len, callback, thread.cast(), &raw mut function);
        sys::napi_create_string_utf8(env, text, len, &raw mut key);
        sys::napi_set_property(env, exports, key, function);
    }
}

/// Exports each function under its name in JavaScript.
macro_rules! export_all {
    ($env:expr, $exports:expr, $thread:expr, { $($name:literal => $body:path),* $(,)? }) => {{
        $({
            unsafe extern "C" fn callback(
                env: napi::sys::napi_env,
                info: napi::sys::napi_callback_info,
            ) -> napi::sys::napi_value {
                // SAFETY: Node calls this with its own, and it was exported with the thread as its data.
                unsafe { $crate::binding::guard::enter(env, info, $body) }
            }
            // SAFETY: as asked of the caller.
            unsafe { $crate::binding::guard::add($env, $exports, $name, Some(callback), $thread) };
        })*
    }};
}
pub(super) use export_all;

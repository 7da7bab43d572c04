//! The boundary: JavaScript's strings, numbers and buffers to slices and back. It decides nothing.
//!
//! | module | what it is |
//! |---|---|
//! | [`guard`] | how Rust functions become exports: arguments in, panics turned into errors |
//! | [`raw`] | the Node-API calls that the rest is made of |
//! | [`key`] | keys, read into their form and given back |
//! | [`value`] | values, read into a thread's buffers and given back |
//! | [`registry`] | the shared caches of the process, found by name or handle |
//! | [`reference`] | the policy of a `Cache`, whose keys and values stay in JavaScript |
//! | [`ticker`] | coarse time for threads that read it at every `get` |
//! | [`thread`] | what one thread holds open, and its buffers |
//! | [`opening`], [`operations`], [`bulk`], [`near`], [`flight`] | the exported functions; lib/native.ts has their types |
//! | [`answer`] | what they answer |
//!
//! Hot operations are plain functions over `napi::sys`: a `#[napi]` method costs 140-190 ns more. No
//! Node-API call is made while a lock of the engine is held, since any may collect garbage.

mod answer;
mod bulk;
mod flight;
mod guard;
mod key;
mod near;
mod opening;
mod operations;
mod raw;
mod reference;
mod registry;
mod thread;
mod ticker;
mod value;

use guard::export_all;
use napi::bindgen_prelude::Object;
use napi::{Env, JsValue};
use napi_derive::napi;
use thread::Thread;

/// The version of the addon: that of the package it was built for.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Fills the addon's exports, once for each thread that loads it.
#[napi(module_exports)]
pub fn export(exports: Object, env: Env) {
    // Node unloads an addon when the last thread that loaded it ends, and with it the registry; build.rs
    // pins the image at link time where the linker can, this does it elsewhere.
    napi::bindgen_prelude::retain_current_module_for_unload_safety();
    // SAFETY: both are what Node passed to the addon's initialiser, which is running.
    unsafe { add_all(env.raw(), exports.raw()) };
}

/// Exports all of them.
///
/// # Safety
/// Both are of the environment that is loading the addon.
unsafe fn add_all(env: raw::Env, exports: raw::Value) {
    // SAFETY: as asked of the caller.
    let thread = unsafe { Thread::register(env) };
    export_all!(env, exports, thread, {
        "register" => opening::register,
        "image" => opening::image,
        "living" => opening::living,
        "advance" => opening::advance,
        "create" => opening::create,
        "attach" => opening::attach,
        "describe" => opening::describe,
        "release" => opening::release,
        "failInside" => opening::fail_inside,
        "get" => operations::get,
        "peek" => operations::peek,
        "has" => operations::has,
        "set" => operations::set,
        "setFor" => operations::set_for,
        "delete" => operations::delete,
        "clear" => operations::clear,
        "size" => operations::size,
        "bytes" => operations::bytes,
        "stats" => operations::stats,
        "resetStats" => operations::reset_stats,
        "info" => operations::info,
        "resize" => operations::resize,
        "purgeExpired" => operations::purge_expired,
        "getMany" => bulk::get_many,
        "setMany" => bulk::set_many,
        "deleteMany" => bulk::delete_many,
        "scan" => bulk::scan,
        "policyNew" => reference::policy_new,
        "policyFree" => reference::policy_free,
        "policyInsert" => reference::policy_insert,
        "policyReweigh" => reference::policy_reweigh,
        "policyRemove" => reference::policy_remove,
        "policyMore" => reference::policy_more,
        "policyResize" => reference::policy_resize,
        "policyActivity" => reference::policy_activity,
        "policyResetActivity" => reference::policy_reset_activity,
        "policyClear" => reference::policy_clear,
        "registerPage" => opening::register_page,
        "keepTime" => opening::keep_time,
        "find" => operations::find,
        "mapStamps" => near::map_stamps,
        "stampOf" => near::stamp_of,
        "getNear" => near::get_near,
        "findNear" => near::find_near,
        "readAgain" => near::read_again,
        "reportNear" => near::report_near,
        "held" => flight::held,
        "count" => flight::count,
        "join" => flight::join,
        "complete" => flight::complete,
        "fail" => flight::fail,
        "look" => flight::look,
        "leave" => flight::leave,
    });
}

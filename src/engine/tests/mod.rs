//! The engine as a whole, against plain models.

mod adaptivity;
mod determinism;
mod faults;
mod limits;
mod loading;
#[cfg(loom)]
mod models;
mod near;
mod policy;
mod random;
mod store;
mod threads;

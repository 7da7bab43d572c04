//! The engine as a whole, against plain models.

mod determinism;
mod limits;
mod policy;
mod random;
mod store;
mod threads;

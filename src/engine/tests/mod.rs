//! The engine as a whole, against plain models.

mod adaptivity;
mod determinism;
mod limits;
mod loading;
mod near;
mod policy;
mod random;
mod store;
mod threads;

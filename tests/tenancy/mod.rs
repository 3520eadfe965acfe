//! Sessions, and the schemas they open.

mod cancellation;
mod provisioning;
mod sessions;
mod steps;

//! Sessions, and the schemas they open.

mod cancellation;
mod lifecycle;
mod provisioning;
mod sessions;
mod steps;

//! Sessions, and the schemas they open.

mod cancellation;
mod encryption;
mod lifecycle;
mod provisioning;
mod sessions;
mod steps;

//! An app for each test: a database cloned from a template, a clock that stands still, requests without sockets.

mod app;
mod client;
mod cluster;
mod market;
mod sample;

pub use app::{App, PASSWORD, auth_settings};
pub use client::{Answer, Client};
pub use sample::{CALLS, Call, Root, Sample, Superuser, follow, root_fields};

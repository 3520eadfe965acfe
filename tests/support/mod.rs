//! An app for each test: a database cloned from a template, a clock that stands still, requests without sockets.

mod app;
mod book;
mod books;
mod client;
mod cluster;
mod inside;
mod log;
mod market;
mod sample;
pub mod working;

pub use app::{App, NOW, PASSWORD, auth_settings};
pub use book::{Book, RECORD, REVERSE};
pub use books::books;
pub use client::{Answer, Client};
pub use cluster::empty;
pub use inside::Inside;
pub use log::logged;
pub use sample::{CALLS, Call, Root, Sample, Superuser, follow, root_fields};

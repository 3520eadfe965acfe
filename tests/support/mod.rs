//! An app for each test: a database cloned from a template, a clock that stands still, requests without sockets.

mod app;
mod book;
mod client;
mod cluster;
mod inside;
mod market;

pub use app::{App, NOW, PASSWORD};
pub use book::{Book, RECORD, REVERSE};
pub use client::{Answer, Client};
pub use cluster::empty;
pub use inside::Inside;

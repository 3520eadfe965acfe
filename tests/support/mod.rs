//! An app for each test: a database cloned from a template, a clock that stands still, requests without sockets.

mod app;
mod client;
mod cluster;
mod market;

pub use app::{App, NOW, PASSWORD};
pub use client::{Answer, Client};

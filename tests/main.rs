//! The tests of the whole server, in process: one binary, a PostgreSQL of its own, a database a test.

mod support;

mod access;
mod audit;
mod authentication;
mod contract;
mod figures;
mod imports;
mod isolation;
mod jobs;
mod layering;
mod ledger;
mod lots;
mod market;
mod providers;
mod tenancy;

//! What is recorded in a ledger, and what follows from it.

mod guarded;
mod idempotency;
mod kinds;
mod people;
mod rebuild;
mod record;
mod refusals;
mod reversal;

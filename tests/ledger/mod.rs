//! What is recorded in a ledger, and what follows from it.

mod activities;
mod corporate_actions;
mod correction;
mod events;
mod guarded;
mod idempotency;
mod kinds;
mod known_at;
mod locks;
mod market_dividends;
mod people;
mod rebuild;
mod record;
mod refusals;
mod refused_activities;
mod reversal;

//! What the ledger takes and what it refuses.

mod record;

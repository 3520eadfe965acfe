//! Identities that the ledger passes through: one newtype per noun, so that an account is never taken for an instrument.

use std::fmt;

use uuid::Uuid;

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The identity as the storage knows it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

identity! {
    /// Anything that can be held and priced.
    InstrumentId
}
identity! {
    /// A place where securities and cash are kept; lots never cross it.
    AccountId
}
identity! {
    /// One entry of the ledger.
    TransactionId
}

//! From when until when instruments are traded, and what became of them.

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use super::instrument::Instrument;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, InstrumentKey};
use crate::graphql::scalars::Date;
use crate::storage::instrument::listing::Listing;
use crate::storage::instrument::succession::Succession as Noted;

/// How one instrument follows another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::storage::instrument::succession::SuccessionKind")]
pub enum SuccessionKind {
    /// It was merged into the other, which goes on.
    Merger,
    /// The other was made of a part of it. It goes on too.
    SpinOff,
    /// It goes on as the other.
    Rename,
}

/// That one instrument follows another from a day on. It books nothing: what became of units that are held is recorded in the
/// ledger.
pub struct Succession(pub Noted);

/// That one instrument follows another from a day on. It books nothing: what became of units that are held is recorded in the
/// ledger.
#[Object]
impl Succession {
    /// The id.
    async fn id(&self) -> ID {
        Kind::Succession.id(self.0.id)
    }

    /// How the one follows the other.
    async fn kind(&self) -> SuccessionKind {
        self.0.kind.into()
    }

    /// The first day on which it is so.
    async fn effective_on(&self) -> Date {
        Date(self.0.effective_on)
    }

    /// The id of what was before.
    async fn predecessor_id(&self) -> ID {
        Kind::Instrument.id(self.0.predecessor)
    }

    /// The id of what follows it.
    async fn successor_id(&self) -> ID {
        Kind::Instrument.id(self.0.successor)
    }

    /// What was before. Null, with an error, for operators of the platform: instruments are read by a tenant's people.
    async fn predecessor(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        Ok(loaders::find(ctx, InstrumentKey(self.0.predecessor)).await?.map(Instrument))
    }

    /// What follows it. Null, with an error, for operators of the platform.
    async fn successor(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        Ok(loaders::find(ctx, InstrumentKey(self.0.successor)).await?.map(Instrument))
    }
}

/// From when until when an instrument is traded.
#[derive(SimpleObject)]
pub struct InstrumentListing {
    /// The instrument's id.
    instrument_id: ID,
    /// Its symbol.
    symbol: String,
    /// Its market, by ISO 10383 code.
    mic: String,
    /// Its first day of trading, where known.
    listed_on: Option<Date>,
    /// Its first day without trading, where known.
    delisted_on: Option<Date>,
    /// Whether it is no longer traded.
    is_delisted: bool,
}

impl From<Listing> for InstrumentListing {
    fn from(row: Listing) -> Self {
        let Listing { id, symbol, mic, listed_on, delisted_on, delisted } = row;
        Self {
            instrument_id: Kind::Instrument.id(id),
            symbol,
            mic,
            listed_on: listed_on.map(Date),
            delisted_on: delisted_on.map(Date),
            is_delisted: delisted,
        }
    }
}

//! What operators of the platform say of the market's instruments.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, OneofObject, Result, SimpleObject};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::Date;
use crate::graphql::types::succession::{InstrumentListing, Succession, SuccessionKind};
use crate::graphql::types::user_error::UserError;
use crate::services::market_instrument::{ListingChange, Named, NewSuccession};

/// Which of the market's instruments is meant: one of these.
#[derive(Debug, OneofObject)]
pub enum MarketInstrumentInput {
    /// The instrument with this id.
    Id(ID),
    /// What a market lists by a symbol.
    Listed(ListedInput),
}

/// What a market lists by a symbol; what is traded before what no longer is.
#[derive(Debug, InputObject)]
pub struct ListedInput {
    /// The symbol.
    symbol: String,
    /// The market, by ISO 10383 code.
    mic: String,
}

impl MarketInstrumentInput {
    fn named(self, argument: &str) -> Result<Named> {
        Ok(match self {
            Self::Id(id) => Named::Id(Kind::Instrument.parse(&id, argument)?),
            Self::Listed(ListedInput { symbol, mic }) => Named::Listed { symbol, mic },
        })
    }
}

/// From when until when an instrument is traded. What is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct InstrumentListingSetInput {
    /// The instrument.
    instrument: MarketInstrumentInput,
    /// Its first day of trading.
    listed_on: Option<Date>,
    /// Its first day without trading, today at the latest, and after its last price; null says that it is traded.
    delisted_on: MaybeUndefined<Date>,
}

/// What setting days of trading gives.
#[derive(SimpleObject)]
pub struct InstrumentListingPayload {
    /// The days as they are since; null where they were refused.
    listing: Option<InstrumentListing>,
    /// Why they were refused; nothing was changed then.
    user_errors: Vec<UserError>,
}

/// That one instrument follows another.
#[derive(Debug, InputObject)]
pub struct InstrumentSuccessionRecordInput {
    /// What was before.
    predecessor: MarketInstrumentInput,
    /// What follows it.
    successor: MarketInstrumentInput,
    /// How the one follows the other.
    kind: SuccessionKind,
    /// The first day on which it is so; it may lie ahead.
    effective_on: Date,
}

/// What a succession's mutations give.
#[derive(SimpleObject)]
pub struct InstrumentSuccessionPayload {
    /// The succession as it was noted or taken back; null where that was refused.
    succession: Option<Succession>,
    /// Why it was refused; nothing was changed then.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct MarketInstrumentMutation;

#[Object(guard = "Ruled")]
impl MarketInstrumentMutation {
    /// Sets from when until when one of the market's instruments is traded; for operators of the platform. From the first day without
    /// trading on it has no price, for the reason `DELISTED`, and every tenant's values since then are computed again.
    async fn instrument_listing_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instrument and its days.")] input: InstrumentListingSetInput,
    ) -> Result<Option<InstrumentListingPayload>> {
        let operation = Operation::of(ctx);
        let named = input.instrument.named("input.instrument.id")?;
        let change = ListingChange {
            listed_on: input.listed_on.map(|day| day.0),
            delisted_on: match input.delisted_on {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(day) => Some(Some(day.0)),
            },
        };
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.instrument_listing_set(caller, &named, change).await
        };
        let (listing, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(InstrumentListingPayload { listing: listing.map(InstrumentListing::from), user_errors }))
    }

    /// Notes that one of the market's instruments follows another: by a merger, a spin-off or a rename; for operators of the platform. Of
    /// two instruments there is one succession a day.
    async fn instrument_succession_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The succession.")] input: InstrumentSuccessionRecordInput,
    ) -> Result<Option<InstrumentSuccessionPayload>> {
        let operation = Operation::of(ctx);
        let new = NewSuccession {
            predecessor: input.predecessor.named("input.predecessor.id")?,
            successor: input.successor.named("input.successor.id")?,
            kind: input.kind.into(),
            effective_on: input.effective_on.0,
        };
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.instrument_succession_record(caller, new).await
        };
        let (succession, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(InstrumentSuccessionPayload { succession: succession.map(Succession), user_errors }))
    }

    /// Takes a succession back that was noted in error; for operators of the platform.
    async fn instrument_succession_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The succession's id.")] id: ID,
    ) -> Result<Option<InstrumentSuccessionPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::Succession.parse(&id, "id")?;
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.instrument_succession_remove(caller, id).await
        };
        let (succession, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(InstrumentSuccessionPayload { succession: succession.map(Succession), user_errors }))
    }
}

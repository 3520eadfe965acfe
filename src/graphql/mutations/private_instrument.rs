//! A firm's own instruments.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};

use super::idempotency;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Currency, Date, Decimal};
use crate::graphql::types::instrument::Instrument;
use crate::graphql::types::instrument_terms::DayCount;
use crate::graphql::types::user_error::UserError;
use crate::services::ServiceError;
use crate::services::private_instrument::{Description, NewInstrument};
use crate::storage::instrument::{BondTerms, Instrument as Row};

/// What a firm's own instrument can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum PrivateAssetType {
    /// A share of a company.
    Stock,
    /// An exchange-traded fund.
    Etf,
    /// A fund that is not traded on an exchange.
    Fund,
    /// A crypto asset.
    Crypto,
    /// A bond.
    Bond,
    /// What no market trades: a stake, a loan, a house.
    Private,
}

impl PrivateAssetType {
    fn code(self) -> &'static str {
        match self {
            Self::Stock => "STOCK",
            Self::Etf => "ETF",
            Self::Fund => "FUND",
            Self::Crypto => "CRYPTO",
            Self::Bond => "BOND",
            Self::Private => "PRIVATE",
        }
    }
}

/// What a bond pays, all of it.
#[derive(Debug, InputObject)]
pub struct BondTermsInput {
    /// The coupons of a year as a fraction of the face, zero or more: 0.05 is 5 %.
    coupon_rate: Decimal,
    /// Coupons a year: 0 (none), 1, 2, 4 or 12.
    coupon_frequency: i32,
    /// How days are counted.
    day_count: DayCount,
    /// The day that the face is paid back.
    maturity: Date,
    /// What a unit pays back, in the bond's currency: 100 × `priceMultiplier`, since a bond is quoted per 100 of face.
    face: Decimal,
}

impl From<BondTermsInput> for BondTerms {
    fn from(input: BondTermsInput) -> Self {
        Self {
            coupon_rate: input.coupon_rate.0,
            // What does not fit is none of the numbers that are allowed.
            coupon_frequency: i16::try_from(input.coupon_frequency).unwrap_or(-1),
            day_count: input.day_count.code().to_owned(),
            maturity: input.maturity.0,
            face: input.face.0,
        }
    }
}

/// An instrument of the firm's own to add.
#[derive(Debug, InputObject)]
pub struct InstrumentCreateInput {
    /// What it is called by in imports; 1 to 32 characters, and no symbol that is listed.
    symbol: String,
    /// Its name; 1 to 200 characters.
    name: String,
    /// What kind of instrument it is. It stays.
    asset_type: PrivateAssetType,
    /// What it is priced in. It stays.
    currency: Currency,
    /// Money per unit of quantity and price, above zero: 0.01 for what is quoted per 100 of face. It stays.
    #[graphql(default_with = "Decimal(rust_decimal::Decimal::ONE)")]
    price_multiplier: Decimal,
    /// The ISO 3166 code of its country.
    country: Option<String>,
    /// Its ISIN, whose check digit has to be right.
    isin: Option<String>,
    /// The code of a sector, industry group or industry.
    sector: Option<String>,
    /// What it pays, for a bond.
    bond: Option<BondTermsInput>,
}

/// What an instrument of the firm's own is to be described by since; what is not given is nothing.
#[derive(Debug, InputObject)]
pub struct InstrumentUpdateInput {
    /// What it is called by in imports; 1 to 32 characters, and no symbol that is listed.
    symbol: String,
    /// Its name; 1 to 200 characters.
    name: String,
    /// The ISO 3166 code of its country.
    country: Option<String>,
    /// Its ISIN, whose check digit has to be right.
    isin: Option<String>,
    /// The code of a sector, industry group or industry.
    sector: Option<String>,
    /// What it pays, for a bond.
    bond: Option<BondTermsInput>,
}

/// What adding or changing an instrument gives.
#[derive(SimpleObject)]
pub struct InstrumentPayload {
    /// The instrument; null where it was refused.
    instrument: Option<Instrument>,
    /// Why it was refused; nothing was done then.
    user_errors: Vec<UserError>,
}

fn payload(operation: &Operation, outcome: Result<Row, ServiceError>) -> Result<Option<InstrumentPayload>> {
    let (instrument, user_errors) = operation.payload(outcome)?;
    let instrument = instrument.map(|row| Instrument(Arc::new(row)));
    Ok(Some(InstrumentPayload { instrument, user_errors }))
}

#[derive(Default)]
pub struct PrivateInstrumentMutation;

#[Object(guard = "Ruled")]
impl PrivateInstrumentMutation {
    /// Adds an instrument that no market lists. It is seen by the caller's tenant alone, wherever instruments are, and its prices
    /// are entered by hand (`manualPricesRecord`).
    async fn instrument_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instrument.")] input: InstrumentCreateInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<InstrumentPayload>> {
        let operation = Operation::of(ctx);
        let key = idempotency(idempotency_key, "instrumentCreate", format!("{input:?}"));
        let InstrumentCreateInput { symbol, name, country, isin, sector, bond, .. } = input;
        let new = NewInstrument {
            asset_type: input.asset_type.code(),
            currency: input.currency.0,
            price_multiplier: input.price_multiplier.0,
            description: Description { symbol, name, country, isin, sector, bond: bond.map(BondTerms::from) },
        };
        let outcome = async { operation.services.instrument_create(operation.changing().await?, new, key).await };
        payload(operation, outcome.await)
    }

    /// Describes an instrument of the firm's own anew. Its kind, currency and multiplier stay, since books are kept by them.
    async fn instrument_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instrument's id.")] id: ID,
        #[graphql(desc = "The version that the caller has read.")] expected_version: i32,
        #[graphql(desc = "All that is to be said of it.")] input: InstrumentUpdateInput,
        #[graphql(desc = "The same key again gives the same answer and does nothing twice; 1 to 128 bytes.")]
        idempotency_key: Option<String>,
    ) -> Result<Option<InstrumentPayload>> {
        let operation = Operation::of(ctx);
        let request = format!("{id:?} {expected_version} {input:?}");
        let key = idempotency(idempotency_key, "instrumentUpdate", request);
        let id = Kind::Instrument.parse(&id, "id")?;
        let InstrumentUpdateInput { symbol, name, country, isin, sector, bond } = input;
        let description = Description { symbol, name, country, isin, sector, bond: bond.map(BondTerms::from) };
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.instrument_update(caller, id, expected_version.into(), description, key).await
        };
        payload(operation, outcome.await)
    }
}

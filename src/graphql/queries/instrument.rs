//! Instruments, closes and exchange rates.

use async_graphql::{Context, ID, Object, Result};
use chrono::{DateTime, Utc};

use crate::graphql::connection;
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, InstrumentKey};
use crate::graphql::queries;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Currency, Date};
use crate::graphql::types::exchange_rate::ExchangeRate;
use crate::graphql::types::instrument::{ExchangeRateHistory, Instrument, InstrumentConnection, PriceHistory};
use crate::graphql::types::instrument_terms::{IdentifierScheme, Sector};
use crate::storage::instrument::search::Search;

/// The longest range of exchange rates, in days: since the euro's first day, and room to spare.
const MAX_RATE_DAYS: i64 = 40 * 366;

#[derive(Default)]
pub struct InstrumentQuery;

#[Object(guard = "Ruled")]
impl InstrumentQuery {
    /// Instruments that a text finds, the best first: whose symbol it is; whose ISIN, CUSIP, FIGI, former or provider's symbol it
    /// is; whose symbol begins with it; whose name has its words. Where there is none of these, names that are spelled alike.
    /// Without a text every instrument by symbol. Of what fits as well, what is still traded comes first. The tenant's own are among them.
    async fn instruments(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to look for, whatever its case; every instrument where nothing is given.")]
        search: Option<String>,
        #[graphql(desc = "True for what is no longer traded alone, false for what is still traded alone.")]
        delisted: Option<bool>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<InstrumentConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let limit = page.limit;
        if search.as_ref().is_some_and(|search| search.len() > 100) {
            return Err(ErrorCode::BadUserInput.error("search: more than 100 bytes"));
        }
        let search = Search { text: search, delisted };
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.instrument_page(&session, &search, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.instrument_count(&session, &search).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |(place, _)| place.clone());
        let rows = rows.into_iter().map(|(cursor, (_, row))| (cursor, Instrument(row))).collect();
        Ok(Some(InstrumentConnection::new(rows, info, total)))
    }

    /// One instrument. Null where there is none with this id.
    async fn instrument(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instrument's id.")] id: ID,
    ) -> Result<Option<Instrument>> {
        let id = Kind::Instrument.parse(&id, "id")?;
        Ok(loaders::find(ctx, InstrumentKey(id)).await?.map(Instrument))
    }

    /// What was known by an identifier on a day, by symbol, a hundred at the most. Several instruments have one ISIN where a security
    /// trades on several markets; one symbol is another security's on another day.
    #[graphql(complexity = "10 + 20 * child_complexity")]
    async fn instruments_by_identifier(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The kind of identifier.")] scheme: IdentifierScheme,
        #[graphql(desc = "The identifier; its check digit has to be right.")] value: String,
        #[graphql(desc = "The market of a ticker by its ISO 10383 code; any where none is given.")] mic: Option<String>,
        #[graphql(desc = "The provider of a provider's symbol; any where none is given.")] provider: Option<String>,
        #[graphql(desc = "The day; today where none is given.")] as_of: Option<Date>,
    ) -> Result<Option<Vec<Instrument>>> {
        let operation = Operation::of(ctx);
        let qualifier = mic.or(provider);
        let read = async {
            let (session, day) = (operation.session().await?, as_of.map(|day| day.0));
            operation
                .services
                .instruments_by_identifier(&session, scheme.into(), &value, qualifier.as_deref(), day)
                .await
        };
        let found = read.await.map_err(|error| operation.fail(error))?;
        Ok(Some(found.into_iter().map(Instrument).collect()))
    }

    /// The sectors that instruments are sorted by, with their industry groups and industries, by code.
    async fn sectors(&self, ctx: &Context<'_>) -> Result<Option<Vec<Sector>>> {
        let operation = Operation::of(ctx);
        let read = async { operation.services.sectors(&*operation.session().await?).await };
        let found = read.await.map_err(|error| operation.fail(error))?;
        Ok(Some(found.into_iter().map(Sector::from).collect()))
    }

    /// The closes of an instrument, as they are in force or as they were at an instant. Null where there is none with this id.
    async fn prices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The instrument's id.")] instrument_id: ID,
        #[graphql(desc = "From this day on, inclusive.")] from: Option<Date>,
        #[graphql(desc = "Until this day, inclusive.")] to: Option<Date>,
        #[graphql(
            desc = "As they were in force at this instant, which must have passed: revisions that came later are not in. \
                    A price that was provisional then is not kept. Not for what is priced by hand."
        )]
        known_at: Option<DateTime<Utc>>,
    ) -> Result<Option<PriceHistory>> {
        let operation = Operation::of(ctx);
        let id = Kind::Instrument.parse(&instrument_id, "instrumentId")?;
        let read = async {
            let session = operation.session().await?;
            let (from, to) = (from.map(|day| day.0), to.map(|day| day.0));
            match known_at {
                Some(at) => operation.services.prices_known_at(&session, id, at, from, to).await,
                None => operation.services.prices(&session, id, from, to).await,
            }
        };
        let found = read.await.map_err(|error| operation.fail(error))?;
        Ok(found.map(|(instrument, columns)| PriceHistory::new(instrument, columns)))
    }

    /// What one unit of a currency costs in another on a day, and the published rates that it is computed from.
    async fn exchange_rate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The currency whose unit is priced, or a unit of quotation such as GBX.")] base: Currency,
        #[graphql(desc = "The currency it is priced in.")] quote: Currency,
        #[graphql(desc = "The day; the last complete market day where none is given.")] as_of: Option<Date>,
    ) -> Result<Option<ExchangeRate>> {
        let operation = Operation::of(ctx);
        let day = queries::as_of(operation, as_of).await?;
        let read = async {
            let session = operation.session().await?;
            let row = operation.services.exchange_rate(&session, base.0, quote.0, day).await?;
            Ok(ExchangeRate::new(base.0, quote.0, &row)?)
        };
        read.await.map(Some).map_err(|error| operation.fail(error))
    }

    /// What one unit of a currency cost in another.
    async fn exchange_rates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The currency whose unit is priced.")] base: Currency,
        #[graphql(desc = "The currency it is priced in.")] quote: Currency,
        #[graphql(desc = "From this day on, inclusive; a year before `to` where none is given.")] from: Option<Date>,
        #[graphql(desc = "Until this day, inclusive; today where none is given.")] to: Option<Date>,
    ) -> Result<Option<ExchangeRateHistory>> {
        let operation = Operation::of(ctx);
        if base == quote {
            return Err(ErrorCode::BadUserInput.error(format!("base, quote: both are {}", base.0)));
        }
        let to = to.map_or_else(|| operation.services.environment.clock.today(), |day| day.0);
        let from = from.map_or_else(|| to.checked_sub_days(chrono::Days::new(365)).unwrap_or(to), |day| day.0);
        let days = (to - from).num_days();
        if days < 0 {
            return Err(ErrorCode::BadUserInput.error(format!("from: {from} is after the last day, {to}")));
        }
        if days > MAX_RATE_DAYS {
            let message = format!("from, to: a range of {days} days; {MAX_RATE_DAYS} at the most");
            return Err(ErrorCode::BadUserInput.error(message));
        }
        let read = async {
            let session = operation.session().await?;
            operation.services.exchange_rates(&session, base.0, quote.0, from, to).await
        };
        let columns = read.await.map_err(|error| operation.fail(error))?;
        Ok(Some(ExchangeRateHistory::new(base.0, quote.0, columns)))
    }
}

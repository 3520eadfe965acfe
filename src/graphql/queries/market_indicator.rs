//! Figures of the market at large.

use std::sync::Arc;

use async_graphql::{Context, Object, Result};

use super::as_of;
use crate::graphql::connection;
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Currency, Date};
use crate::graphql::types::market_indicator::{
    IndicatorKind, MarketIndicator, MarketIndicatorConnection, RiskFreeRate,
};
use crate::storage::market_indicator::IndicatorFilter;

/// Bytes of a code or a tenor at most.
const MAX_NAME: usize = 64;

#[derive(Default)]
pub struct MarketIndicatorQuery;

#[Object(guard = "Ruled")]
impl MarketIndicatorQuery {
    /// Series of the market at large: rates of interest, points of curves, indices, volatilities; by code.
    async fn market_indicators(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only of this kind.")] kind: Option<IndicatorKind>,
        #[graphql(desc = "Only of this currency.")] currency: Option<Currency>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<MarketIndicatorConnection>> {
        let operation = Operation::of(ctx);
        let filter =
            IndicatorFilter { kind: kind.map(IndicatorKind::code), currency: currency.map(|currency| currency.0) };
        let page = connection::page(Some(first), after.as_deref())?;
        let limit = page.limit;
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.indicator_page(&session, &filter, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.indicator_count(&session, &filter).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |row| row.code.clone());
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, MarketIndicator(Arc::new(row)))).collect();
        Ok(Some(MarketIndicatorConnection::new(rows, info, total)))
    }

    /// One series of the market at large. Null where there is none with this code.
    async fn market_indicator(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Its code, such as `UST_PAR_YIELD_3M`.")] code: String,
    ) -> Result<Option<MarketIndicator>> {
        let operation = Operation::of(ctx);
        short("code", &code)?;
        let read = async { operation.services.indicator(&*operation.session().await?, &code).await };
        let found = read.await.map_err(|error| operation.fail(error))?;
        Ok(found.map(|row| MarketIndicator(Arc::new(row))))
    }

    /// What money without risk earned in a currency over a tenor, as it was known on a day.
    async fn risk_free_rate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The currency.")] currency: Currency,
        #[graphql(desc = "For how long money is lent: `ON`, or a number with D, W, M or Y, such as `3M`.")]
        tenor: String,
        #[graphql(desc = "The day; the last complete market day where none is given.")] as_of: Option<Date>,
    ) -> Result<Option<RiskFreeRate>> {
        let operation = Operation::of(ctx);
        short("tenor", &tenor)?;
        let day = self::as_of(operation, as_of).await?;
        let read = async {
            let session = operation.session().await?;
            operation.services.risk_free_rates(&session, &[(currency.0, &tenor, day)]).await
        };
        let found = read.await.map_err(|error| operation.fail(error))?;
        Ok(found.into_iter().next().map(RiskFreeRate::new))
    }
}

fn short(argument: &str, text: &str) -> Result<()> {
    if text.len() > MAX_NAME {
        return Err(ErrorCode::BadUserInput.error(format!("{argument}: more than {MAX_NAME} bytes")));
    }
    Ok(())
}

//! Figures over portfolios together.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result};

use super::portfolio::moment;
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, FirstDateKey};
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Currency, Date, Instant};
use crate::graphql::types::analytics::{Analytics, RangeInput};
use crate::services::analytics::{Part, Scope};
use crate::services::valuation::View;
use crate::storage::Page;

/// Portfolios that are looked at together, at most.
const MAX_PORTFOLIOS: usize = 1_000;

#[derive(Default)]
pub struct AnalyticsQuery;

#[Object(guard = "Ruled")]
impl AnalyticsQuery {
    /// Figures over portfolios together, as if they were one: all that the caller may see, or those that are named. What goes from one of
    /// them to another on one day flows out and in. Null where they cannot be computed: see the errors.
    async fn analytics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The currency to show figures in.")] currency: Currency,
        #[graphql(desc = "Which portfolios; all that the caller may see where none is given. 1,000 at the most.")]
        portfolio_ids: Option<Vec<ID>>,
        #[graphql(desc = "From when to when; since inception where none is given.")] range: Option<RangeInput>,
        #[graphql(desc = "The day at whose close figures stand; the last complete market day where none is given.")]
        as_of: Option<Date>,
        #[graphql(desc = "Of what had been recorded at this instant; of everything where none is given.")]
        known_at: Option<Instant>,
    ) -> Result<Option<Analytics>> {
        let operation = Operation::of(ctx);
        let (day, known_at) = moment(operation, as_of, known_at).await?;
        let asked: Option<BTreeSet<_>> = portfolio_ids
            .map(|ids| ids.iter().map(|id| Kind::Portfolio.parse(id, "portfolioIds")).collect::<Result<_>>())
            .transpose()?;
        if asked.as_ref().is_some_and(|ids| ids.is_empty() || ids.len() > MAX_PORTFOLIOS) {
            let message = format!("portfolioIds: give 1 to {MAX_PORTFOLIOS} portfolios, or none for all");
            return Err(ErrorCode::BadUserInput.error(message));
        }
        let read = async {
            let session = operation.session().await?;
            match &asked {
                Some(ids) => operation.services.portfolios(&session, &ids.iter().copied().collect::<Vec<_>>()).await,
                None => {
                    let page = Page { after: None, limit: MAX_PORTFOLIOS as u64 + 1 };
                    operation.services.portfolio_page(&session, page).await
                }
            }
        };
        let rows = read.await.map_err(|error| operation.fail(error))?;
        if asked.is_some_and(|ids| rows.len() < ids.len()) {
            return Err(ErrorCode::NotFound.error("portfolioIds: one of them is no portfolio that you may see"));
        }
        if rows.is_empty() || rows.len() > MAX_PORTFOLIOS {
            let found = if rows.is_empty() { "none".to_owned() } else { format!("more than {MAX_PORTFOLIOS}") };
            let message = format!("there are {found} to look at together: name 1 to {MAX_PORTFOLIOS} as portfolioIds");
            return Err(ErrorCode::BadUserInput.error(message));
        }
        let keys = rows.iter().map(|row| loaders::find(ctx, FirstDateKey(row.id, known_at)));
        let first = futures_util::future::try_join_all(keys).await?.into_iter().flatten().min();
        let range = range.unwrap_or_default().range(day, first)?;
        let views = rows.iter().map(|row| View::new(row, Some(currency.0)).known_at(known_at)).collect();
        let scope = Scope { views, currency: currency.0, part: Part::Whole, trades: Vec::new() };
        Analytics::over(ctx, Arc::new(scope), range).await.map(Some)
    }
}

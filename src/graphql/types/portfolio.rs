//! Portfolios.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use domain::valuation::{MissingLine, MissingSpan, Subject};

use super::account::Account;
use super::analytics::{self, Analytics, RangeInput, RangePreset};
use super::bookkeeping::Bookkeeping;
use super::daily_value::DailyFacts;
use super::figure::{DataStatus, DoubtfulInput, FigureReason, KnownPart, MoneyFigure, missing_reason};
use super::gains::RealizedGains;
use super::held_transaction::{HeldTransaction, HeldTransactionConnection};
use super::holding::{self, CashBalance, Holding, HoldingConnection};
use super::lot::{self, Books, LotConnection};
use super::lot_match::{self, DisposalFilter, LotMatchConnection};
use super::metrics::Metrics;
use super::money::Money;
use super::news::{self, NewsItemConnection};
use super::performance_metrics::PerformanceMetrics;
use super::period_lock::PeriodLock;
use super::portfolio_share::PortfolioShare;
use super::replay::{Replay, ReplayConnection};
use super::sale_preview::{SalePreview, SalePreviewInput};
use super::simulation::Simulation;
use super::transaction::{Transaction, TransactionConnection, TransactionType};
use super::user::User;
use super::valuation::{Basis, DailyChange, ValuationHistory};
use crate::graphql::connection::{self, connection};
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{
    self, AccountsKey, FirstDateKey, FreshnessKey, HistoryKey, MatchesKey, MetricsKey, PeriodLockKey, PersonKey,
    SharesKey, SimulationsKey, SnapshotKey,
};
use crate::graphql::scalars::{Currency, Date, Instant};
use crate::services::analytics::{Part, Scope};
use crate::services::lot::{Standing, filtered_matches};
use crate::services::performance;
use crate::services::performance_metrics::MetricsOf;
use crate::services::valuation::{History, Snapshot, View, opening_of};
use crate::storage::lot::LotFilter;
use crate::storage::portfolio::Portfolio as Row;
use crate::storage::transaction::Filter;

/// Which rows of a ledger to show; what is not given does not restrict.
#[derive(Debug, Default, InputObject)]
pub struct TransactionFilter {
    /// From this trade date on, inclusive.
    from: Option<Date>,
    /// Until this trade date, inclusive.
    to: Option<Date>,
    /// Only what is about this instrument, or brings it.
    instrument_id: Option<ID>,
    /// Only of these types.
    types: Option<Vec<TransactionType>>,
}

impl TransactionFilter {
    fn filter(self) -> Result<Filter> {
        let instrument = self.instrument_id.map(|id| Kind::Instrument.parse(&id, "filter.instrumentId")).transpose()?;
        let types = self.types.map(|types| types.into_iter().map(TransactionType::code).collect());
        let (from, to) = (self.from.map(|day| day.0), self.to.map(|day| day.0));
        Ok(Filter { from, to, instrument, types, known_at: None })
    }
}

/// A portfolio, looked at as of a day and in a currency, which everything below it inherits.
#[derive(Clone)]
pub struct Portfolio {
    row: Arc<Row>,
    as_of: NaiveDate,
    view: View,
}

impl Portfolio {
    /// A portfolio as of a day, in its base currency or another.
    pub fn new(row: Arc<Row>, as_of: NaiveDate, currency: Option<Currency>) -> Self {
        let view = View::new(&row, currency.map(|currency| currency.0));
        Self { row, as_of, view }
    }

    /// The same of what had been recorded at a time.
    pub fn of_what_was_known(self, known_at: Option<DateTime<Utc>>) -> Self {
        Self { view: self.view.known_at(known_at), ..self }
    }

    async fn snapshot(&self, ctx: &Context<'_>) -> Result<Arc<Snapshot>> {
        Ok(loaders::get(ctx, SnapshotKey { view: self.view.clone(), as_of: self.as_of }).await??)
    }

    /// The range's history: from the first transaction's day where no first day is given, until `asOf` where no last is.
    async fn history(&self, ctx: &Context<'_>, from: Option<Date>, to: Option<Date>) -> Result<Arc<History>> {
        let end = to.map_or(self.as_of, |to| to.0);
        if end > self.as_of {
            let message = format!("to: {end} is after the portfolio's asOf, {}", self.as_of);
            return Err(ErrorCode::BadUserInput.error(message));
        }
        let first = loaders::find(ctx, FirstDateKey(self.row.id, self.view.known_at)).await?.unwrap_or(end).min(end);
        let from = from.map_or(first, |from| from.0);
        if from > end {
            return Err(ErrorCode::BadUserInput.error(format!("from: {from} is after the last day, {end}")));
        }
        self.history_between(ctx, opening_of(from), end).await
    }

    /// The account of this portfolio that an id names.
    async fn own_account(&self, ctx: &Context<'_>, id: &ID) -> Result<uuid::Uuid> {
        let asked = Kind::Account.parse(id, "accountId")?;
        let accounts = loaders::find(ctx, AccountsKey(self.row.id)).await?.unwrap_or_default();
        let own = accounts.iter().find(|account| account.id == asked);
        own.map(|account| account.id).ok_or_else(|| {
            ErrorCode::NotFound.error(format!("accountId: the portfolio has no account {}", id.as_str()))
        })
    }

    async fn books(&self, ctx: &Context<'_>) -> Result<Arc<Books>> {
        Books::as_of(ctx, self.view.clone(), self.as_of).await
    }

    /// What tells how good the data behind the figures of a history is.
    fn basis(&self, history: &History) -> Basis {
        let dates = &history.daily.dates;
        let day = |date: Option<&NaiveDate>| date.copied().unwrap_or(self.as_of);
        let range = HistoryKey { view: self.view.clone(), opening: day(dates.first()), end: day(dates.last()) };
        Basis { range, lacks_input: !history.daily.missing.is_empty() }
    }

    async fn history_between(&self, ctx: &Context<'_>, opening: NaiveDate, end: NaiveDate) -> Result<Arc<History>> {
        Ok(loaders::get(ctx, HistoryKey { view: self.view.clone(), opening, end }).await??)
    }
}

/// A portfolio, looked at as of a day and in a currency, which everything below it inherits. `id` is the same in every view: a
/// normalising cache keys it by `id`, `asOf`, `currency` and `knownAt` together, and `Lot` and `Transaction` not at all.
#[Object]
impl Portfolio {
    /// The portfolio's id.
    pub async fn id(&self) -> ID {
        Kind::Portfolio.id(self.row.id)
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.row.name
    }

    /// What it is for, in its people's words.
    async fn description(&self) -> &str {
        &self.row.description
    }

    /// The currency that its books are kept in.
    async fn base_currency(&self) -> Currency {
        Currency(self.row.base_currency)
    }

    /// The currency that figures are shown in: the one asked for, else the base currency.
    async fn currency(&self) -> Currency {
        Currency(self.view.currency)
    }

    /// The day at whose close figures stand: the one asked for, else the last day with complete market data.
    async fn as_of(&self) -> Date {
        Date(self.as_of)
    }

    /// The instant that was asked for: figures are of what had been recorded then. Null where they are of what is known now.
    async fn known_at(&self) -> Option<Instant> {
        self.view.known_at.map(Instant)
    }

    /// Whose it is.
    async fn owner(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        Ok(loaders::find(ctx, PersonKey(self.row.owner_id)).await?.map(User))
    }

    /// Who advises on it.
    async fn advisor(&self, ctx: &Context<'_>) -> Result<Option<User>> {
        match self.row.advisor_id {
            Some(id) => Ok(loaders::find(ctx, PersonKey(id)).await?.map(User)),
            None => Ok(None),
        }
    }

    /// With whom it is shared, the earliest first, 50 at the most. Null for whoever may not share it.
    async fn shares(&self, ctx: &Context<'_>) -> Result<Option<Vec<PortfolioShare>>> {
        let shares = loaders::find(ctx, SharesKey(self.row.id)).await?;
        Ok(shares.map(|shares| shares.into_iter().map(PortfolioShare::from).collect()))
    }

    /// Its accounts, in the order of their making.
    async fn accounts(&self, ctx: &Context<'_>) -> Result<Vec<Account>> {
        let accounts = loaders::find(ctx, AccountsKey(self.row.id)).await?.unwrap_or_default();
        Ok(accounts.into_iter().map(Account::from).collect())
    }

    /// Grows with each change of the record or the ledger: pass it as `expectedVersion` to `portfolioUpdate`. Today's, whatever
    /// `asOf` and `knownAt`.
    async fn version(&self) -> i64 {
        self.row.version
    }

    /// Since when it exists.
    async fn created_at(&self) -> Instant {
        Instant(self.row.created_at)
    }

    /// When its record or its ledger last changed.
    async fn updated_at(&self) -> Instant {
        Instant(self.row.updated_at)
    }

    /// Until when its books are closed: what bears on the period is refused. Null where nothing is locked. Today's, whatever
    /// `asOf` and `knownAt`.
    async fn period_lock(&self, ctx: &Context<'_>) -> Result<Option<PeriodLock>> {
        Ok(loaders::find(ctx, PeriodLockKey(self.row.id)).await?.and_then(PeriodLock::in_force))
    }

    /// What it is worth and what it earned, over everything it holds. Null where it cannot be computed: see the errors.
    async fn totals(&self, ctx: &Context<'_>) -> Result<Option<PortfolioTotals>> {
        Ok(Some(PortfolioTotals::new(&*self.snapshot(ctx).await?)))
    }

    /// What it holds at the close of `asOf`, open holdings by symbol. Null where it cannot be computed: see the errors.
    async fn holdings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
        #[graphql(desc = "Also holdings that were closed, for their realised gain.", default = false)]
        include_closed: bool,
    ) -> Result<Option<HoldingConnection>> {
        let snapshot = self.snapshot(ctx).await?;
        let lines = snapshot.holdings.iter().enumerate();
        let shown: Vec<usize> =
            lines.filter(|(_, line)| include_closed || line.value.is_some()).map(|(index, _)| index).collect();
        let key = |index: usize| {
            let line = &snapshot.holdings[index];
            (format!("{} {}", line.instrument.symbol, line.account.simple()), line.instrument.id)
        };
        let page = connection::page::<(String, uuid::Uuid)>(Some(first), after.as_deref())?;
        let start = match &page.after {
            None => 0,
            Some(after) => {
                shown.iter().position(|index| key(*index) == *after).map(|place| place + 1).ok_or_else(|| {
                    ErrorCode::BadUserInput.error("after: the holding that the cursor marks is no longer there")
                })?
            }
        };
        let total = shown.len() as u64;
        let rows: Vec<usize> =
            shown.into_iter().skip(start).take(usize::try_from(page.limit).unwrap_or(usize::MAX)).collect();
        let (rows, info) = connection::cut(rows, page.limit, |index| key(*index));
        let holding = |index| Holding { portfolio: self.row.id, snapshot: Arc::clone(&snapshot), index };
        let rows = rows.into_iter().map(|(cursor, index)| (cursor, holding(index))).collect();
        Ok(Some(HoldingConnection::new(rows, info, total)))
    }

    /// Its cash balances at the close of `asOf`. Null where they cannot be computed: see the errors.
    async fn cash(&self, ctx: &Context<'_>) -> Result<Option<Vec<CashBalance>>> {
        let snapshot = self.snapshot(ctx).await?;
        Ok(Some(snapshot.cash.iter().map(|line| CashBalance::new(&snapshot, line)).collect()))
    }

    /// The news that names what it holds at the close of `asOf`, published until the end of that day (UTC), the latest first. Null
    /// where it cannot be read: see the errors.
    async fn news(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<NewsItemConnection>> {
        let snapshot = self.snapshot(ctx).await?;
        let held = snapshot.holdings.iter().filter(|line| line.value.is_some()).map(|line| line.instrument.id);
        // An instrument of several accounts is one.
        let held: BTreeSet<uuid::Uuid> = held.collect();
        news::page(ctx, held.into_iter().collect(), Some(self.as_of), first, after.as_deref()).await.map(Some)
    }

    /// Its ledger, the latest trade date first, whatever `asOf`; with `knownAt`, the rows that had been recorded then.
    async fn transactions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
        #[graphql(desc = "Which rows; all where none is given.")] filter: Option<TransactionFilter>,
    ) -> Result<Option<TransactionConnection>> {
        let operation = Operation::of(ctx);
        let filter = Filter { known_at: self.view.known_at, ..filter.unwrap_or_default().filter()? };
        let page = connection::page(Some(first), after.as_deref())?;
        let limit = page.limit;
        let session = operation.session().await.map_err(|error| operation.fail(error))?;
        let read = async {
            let rows = operation.services.transaction_page(&session, self.row.id, &filter, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.transaction_count(&session, self.row.id, &filter).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |row| (row.trade_date, row.sequence));
        let rows = rows
            .into_iter()
            .map(|(cursor, row)| (cursor, Transaction::known(Arc::new(row), self.view.known_at)))
            .collect();
        Ok(Some(TransactionConnection::new(rows, info, total)))
    }

    /// What imports brought and is not recorded before somebody decides, the first that was held first, whatever `asOf` and
    /// `knownAt`: splits and dividends that differ from what the market knows, or that the account has already.
    async fn held_transactions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<HeldTransactionConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let limit = page.limit;
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.held_page(&session, self.row.id, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.held_count(&session, self.row.id).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |held| held.id);
        let rows = rows.into_iter().map(|(cursor, held)| (cursor, HeldTransaction(Arc::new(held)))).collect();
        Ok(Some(HeldTransactionConnection::new(rows, info, total)))
    }

    /// What was asked of its ledger as it had been recorded at an instant, and is booked by jobs: the latest first, whatever `asOf` and
    /// `knownAt`.
    async fn replays(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<ReplayConnection>> {
        let operation = Operation::of(ctx);
        let page = connection::page(Some(first), after.as_deref())?;
        let limit = page.limit;
        let read = async {
            let session = operation.session().await?;
            let rows = operation.services.replay_page(&session, self.row.id, page).await?;
            let total = match connection::wants_total(ctx) {
                true => operation.services.replay_count(&session, self.row.id).await?,
                false => 0,
            };
            Ok((rows, total))
        };
        let (rows, total) = read.await.map_err(|error| operation.fail(error))?;
        let (rows, info) = connection::cut(rows, limit, |replay| replay.id);
        let replay = |row| Replay::new(row, Arc::clone(&self.row));
        let rows = rows.into_iter().map(|(cursor, row)| (cursor, replay(row))).collect();
        Ok(Some(ReplayConnection::new(rows, info, total)))
    }

    /// What `simulationRequest` asked of it, the latest first: the last 100. Null where they cannot be read: see the errors.
    async fn simulations(&self, ctx: &Context<'_>) -> Result<Option<Vec<Simulation>>> {
        let rows = loaders::find(ctx, SimulationsKey(self.row.id)).await?.unwrap_or_default();
        Ok(Some(rows.into_iter().map(Simulation::new).collect()))
    }

    /// Its value by day. Null where it cannot be computed: see the errors.
    async fn valuations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day, inclusive; the first transaction's where none is given.")] from: Option<Date>,
        #[graphql(desc = "The last day, inclusive, `asOf` at the latest; `asOf` where none is given.")] to: Option<
            Date,
        >,
    ) -> Result<Option<ValuationHistory>> {
        let history = self.history(ctx, from, to).await?;
        let reasons = span_reasons(&history);
        Ok(Some(ValuationHistory::new(&history.daily, self.basis(&history), history.currency, reasons)))
    }

    /// How fresh its stored daily values are, from which `valuations` and `metrics` in the base currency are answered where
    /// they hold. Null where it cannot be told: see the errors.
    async fn daily_facts(&self, ctx: &Context<'_>) -> Result<Option<DailyFacts>> {
        Ok(Some(loaders::get(ctx, FreshnessKey(self.row.id)).await?.into()))
    }

    /// What changed on the last valuation day until `asOf`. Null where it cannot be computed: see the errors.
    async fn today(&self, ctx: &Context<'_>) -> Result<Option<DailyChange>> {
        // Ten days reach back over any run of holidays to the session before.
        let opening = self.as_of.checked_sub_days(chrono::Days::new(10)).unwrap_or(self.as_of);
        let history = self.history_between(ctx, opening, self.as_of).await?;
        let reasons = span_reasons(&history);
        let basis = self.basis(&history);
        Ok(performance::last_step(&history).map(|step| DailyChange {
            basis: Basis { range: HistoryKey { opening: step.previous_date, ..basis.range }, ..basis },
            date: Date(step.date),
            previous_date: Date(step.previous_date),
            value: step.value.map(|value| Money::new(value, history.currency)),
            previous_value: step.previous_value.map(|value| Money::new(value, history.currency)),
            flow: Money::new(step.flow, history.currency),
            change: step.change.map(|change| Money::new(change, history.currency)),
            change_return: step.change_return,
            reasons,
        }))
    }

    /// Its returns and risk over a range. Null where they cannot be computed: see the errors.
    async fn metrics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day, inclusive; the first transaction's where none is given.")] from: Option<Date>,
        #[graphql(desc = "The last day, inclusive, `asOf` at the latest; `asOf` where none is given.")] to: Option<
            Date,
        >,
        #[graphql(
            desc = "The risk-free rate, as a fraction a year: 0.02 is 2 %. Zero where none is given.",
            default = 0.0
        )]
        risk_free_rate: f64,
    ) -> Result<Option<Metrics>> {
        analytics::check_rate("riskFreeRate", risk_free_rate)?;
        let operation = Operation::of(ctx);
        let history = self.history(ctx, from, to).await?;
        let computed = performance::performance(&history, risk_free_rate).map_err(|error| operation.fail(error))?;
        let now = operation.services.environment.clock.now();
        Ok(Some(Metrics::new(&computed, self.basis(&history), history.currency, risk_free_rate, now)))
    }

    /// The figures over a range until `asOf` that are asked for most, stored where they hold: cheap to ask of many portfolios. Null where
    /// they cannot be computed: see the errors.
    async fn performance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How far back from `asOf`.")] range: RangePreset,
    ) -> Result<Option<PerformanceMetrics>> {
        let of = MetricsOf { view: self.view.clone(), preset: range.into(), end: self.as_of };
        let found = loaders::get(ctx, MetricsKey(of)).await??;
        PerformanceMetrics::new(Operation::of(ctx), &found).map(Some)
    }

    /// Its figures over a range, or those of an account or a holding of it. Null where they cannot be computed: see the errors.
    async fn analytics(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From when to when; since inception where none is given.")] range: Option<RangeInput>,
        #[graphql(desc = "Only this account; what comes from other accounts counts as paid in.")] account_id: Option<
            ID,
        >,
        #[graphql(
            desc = "Only what is held of this instrument, in all accounts: what is paid for it counts as paid in, what it brings as \
                          paid out."
        )]
        instrument_id: Option<ID>,
    ) -> Result<Option<Analytics>> {
        let first = loaders::find(ctx, FirstDateKey(self.row.id, self.view.known_at)).await?;
        let range = range.unwrap_or_default().range(self.as_of, first)?;
        let part = match (account_id, instrument_id) {
            (Some(_), Some(_)) => {
                return Err(ErrorCode::BadUserInput.error("give `accountId` or `instrumentId`, not both"));
            }
            (Some(account), None) => Part::Account(self.own_account(ctx, &account).await?),
            (None, Some(instrument)) => Part::Holding(Kind::Instrument.parse(&instrument, "instrumentId")?),
            (None, None) => Part::Whole,
        };
        let scope = Scope { part, ..Scope::portfolio(self.view.clone()) };
        Analytics::over(ctx, Arc::new(scope), range).await.map(Some)
    }

    /// What it decides about its books: which lots a disposal uses, and what counts as cost.
    async fn bookkeeping(&self) -> Bookkeeping {
        self.row.bookkeeping.into()
    }

    /// Its lots at the close of `asOf`, the oldest first: what was recorded for later days is left out, and lots that are
    /// closed since are open. Null where they cannot be computed: see the errors.
    async fn lots(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
        #[graphql(desc = "Only of this instrument.")] instrument_id: Option<ID>,
        #[graphql(desc = "Only in this account.")] account_id: Option<ID>,
        #[graphql(desc = "Only those of which something is left at `asOf`.", default = false)] open_only: bool,
    ) -> Result<Option<LotConnection>> {
        let instrument = instrument_id.map(|id| Kind::Instrument.parse(&id, "instrumentId")).transpose()?;
        let account = account_id.map(|id| Kind::Account.parse(&id, "accountId")).transpose()?;
        let books = self.books(ctx).await?;
        lot::page(ctx, &books, LotFilter { instrument, account, open_only }, first, after.as_deref()).await.map(Some)
    }

    /// What was disposed of until `asOf`, lot by lot, the earliest first. Not wash-sale adjusted. Null where it cannot be
    /// computed: see the errors.
    async fn disposals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
        #[graphql(desc = "Which disposals; all where none is given.")] filter: Option<DisposalFilter>,
    ) -> Result<Option<LotMatchConnection>> {
        let filter = filter.unwrap_or_default().until(self.as_of)?;
        lot_match::page(ctx, &self.books(ctx).await?, filter, first, after.as_deref()).await.map(Some)
    }

    /// Gains realised until `asOf`, by calendar year, the earliest first; years without a disposal are left out. Not
    /// wash-sale adjusted. The file at `/portfolios/{id}/realized-gains.csv?year=…` lists the same disposals. Null where
    /// they cannot be computed: see the errors.
    async fn realized_gains(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which disposals; all where none is given.")] filter: Option<DisposalFilter>,
    ) -> Result<Option<Vec<RealizedGains>>> {
        let filter = filter.unwrap_or_default().until(self.as_of)?;
        let matches = match &self.books(ctx).await?.standing {
            Standing::Booked(booking) => filtered_matches(booking, &filter),
            Standing::Stored => {
                loaders::find(ctx, MatchesKey { portfolio: self.row.id, filter }).await?.unwrap_or_default()
            }
        };
        RealizedGains::by_year(&matches, self.view.currency).map(Some)
    }

    /// What a sale would realise, once under each lot method, before it is made; nothing is recorded. A sale that would be
    /// refused is an error with the numbers. Null then, or where it cannot be computed.
    async fn sale_preview(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The sale.")] input: SalePreviewInput,
    ) -> Result<Option<Vec<SalePreview>>> {
        let operation = Operation::of(ctx);
        let sale = input.sale()?;
        let day = sale.date;
        let preview = async {
            let session = operation.session().await?;
            operation.services.sale_preview(&session, &self.row, &self.view, sale).await
        };
        let outcomes = preview.await.map_err(|error| operation.fail(error))?;
        let books = Books::as_of(ctx, self.view.clone(), day).await?;
        Ok(Some(outcomes.into_iter().map(|outcome| SalePreview::new(&books, outcome)).collect()))
    }
}

fn span_reasons(history: &History) -> Vec<FigureReason> {
    let reason = |span: &MissingSpan| missing_reason(&span.input, &history.name(span)).over(span.first, span.last);
    history.daily.missing.iter().map(reason).collect()
}

/// What a portfolio is worth and what it earned until `asOf`, in the portfolio's `currency`.
#[derive(Clone, Debug, SimpleObject)]
pub struct PortfolioTotals {
    /// Securities and cash together.
    total_value: MoneyFigure,
    /// The part of the total value that is known.
    known: KnownPart,
    /// What the securities are worth.
    market_value: MoneyFigure,
    /// What the cash balances are worth.
    cash: MoneyFigure,
    /// What the open lots cost, fees and taxes by the portfolio's `bookkeeping`.
    cost: Money,
    /// Market value of the securities minus their cost.
    unrealized_gain: MoneyFigure,
    /// Proceeds minus cost of everything disposed of, fees and taxes by the portfolio's `bookkeeping`.
    realized_gain: Money,
    /// Dividends and coupons before withholding.
    income: Money,
}

impl PortfolioTotals {
    fn new(snapshot: &Snapshot) -> Self {
        let symbol = |line: &MissingLine| match line.line {
            Subject::Currency(currency) => currency.to_string(),
            Subject::Instrument(id) => {
                let holding = snapshot.holdings.iter().find(|holding| holding.instrument.id == id.uuid());
                holding.map_or_else(|| id.to_string(), |holding| holding.instrument.symbol.clone())
            }
        };
        let reasons: Vec<FigureReason> =
            snapshot.known.missing.iter().map(|line| missing_reason(&line.input, &symbol(line))).collect();
        let securities: Vec<DoubtfulInput> =
            (0..snapshot.holdings.len()).flat_map(|index| holding::doubtful_inputs_of(snapshot, index)).collect();
        let cash: Vec<DoubtfulInput> =
            snapshot.cash.iter().flat_map(|line| CashBalance::doubtful_inputs(snapshot, line)).collect();
        let figure = |amount: Option<rust_decimal::Decimal>, doubtful: &[&[DoubtfulInput]]| match amount {
            Some(amount) => MoneyFigure::known(Money::new(amount, snapshot.currency), doubtful.concat()),
            None => MoneyFigure { value: None, status: DataStatus::Missing, reasons: reasons.clone() },
        };
        let totals = &snapshot.totals;
        Self {
            total_value: figure(snapshot.value, &[&securities, &cash]),
            known: KnownPart::new(&snapshot.known, snapshot.currency, symbol),
            market_value: figure(totals.securities, &[&securities]),
            cash: figure(totals.cash, &[&cash]),
            cost: Money::new(totals.cost, snapshot.currency),
            unrealized_gain: figure(totals.unrealized_gain, &[&securities]),
            realized_gain: Money::new(totals.realized_gain, snapshot.currency),
            income: Money::new(totals.income, snapshot.currency),
        }
    }
}

connection!(PortfolioConnection, PortfolioEdge, Portfolio, "portfolios");

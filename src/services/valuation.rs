//! What portfolios hold and are worth: on a day, line by line, and over a range, day by day.
//!
//! Several portfolios are valued by a fixed number of statements. Figures in a portfolio's base currency come from the
//! stored projections; in another currency the ledger is booked again in that currency, since cost at the trade dates'
//! rates cannot be had by converting cost at today's.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc, Weekday};
use domain::id::InstrumentId;
use domain::ledger::{
    self, Booking, CashPeriod, Flow, InstrumentTerms, Instruments, Policy, PositionPeriod, Transaction, TransactionKind,
};
use domain::money::{self, Currency};
use domain::pricing::{FxRates, Lookup, MaxAge, MissingReason, Series};
use domain::valuation::{
    self, CashLine, Daily, DoubtfulSpan, HoldingLine, Inputs, Known, PriceSource, Subject, ValuationError,
};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::corporate_action::placed;
use super::error::ledger_refusal;
use super::{RefusalCode, ServiceError, Services, policy};
use crate::market_data::MarketView;
use crate::storage;
use crate::storage::account::Account;
use crate::storage::bookkeeping::Bookkeeping;
use crate::storage::exchange::ALWAYS_OPEN;
use crate::storage::instrument::Instrument;
use crate::storage::portfolio::Portfolio;
use crate::storage::projection::Border;
use crate::tenancy::{Session, Tenant};

/// Sessions for which the last close may stand in.
const EXCHANGE_MAX_AGE_SESSIONS: u32 = 5;

/// Rows of a ledger that are booked again for a question, at most: what takes longer is no question to answer at once.
const MAX_REPLAY: i64 = 500_000;

/// A portfolio and how to look at it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct View {
    /// The portfolio.
    pub portfolio: Uuid,
    /// The currency that its books are kept in.
    pub base: Currency,
    /// What it decides about its books.
    pub bookkeeping: Bookkeeping,
    /// The currency to show figures in.
    pub currency: Currency,
    /// Of what had been recorded when; of everything where it is not given.
    pub known_at: Option<DateTime<Utc>>,
    /// Rows of its ledger, at most.
    pub rows: i64,
}

impl View {
    /// A portfolio in its base currency or another.
    pub fn new(portfolio: &Portfolio, currency: Option<Currency>) -> Self {
        let currency = currency.unwrap_or(portfolio.base_currency);
        let Portfolio { id, base_currency, bookkeeping, last_sequence, .. } = *portfolio;
        Self { portfolio: id, base: base_currency, bookkeeping, currency, known_at: None, rows: last_sequence }
    }

    /// The same of what had been recorded at a time.
    pub fn known_at(self, known_at: Option<DateTime<Utc>>) -> Self {
        Self { known_at, ..self }
    }

    /// Whether the books that are kept answer it: those of everything recorded, in the base currency.
    pub fn is_stored(&self) -> bool {
        self.currency == self.base && self.known_at.is_none()
    }

    /// The rules that its books are kept by, in the currency to show. Of `accounts`, those of the portfolio count.
    pub(super) fn policy(&self, accounts: &[Account]) -> Policy {
        policy::of(&policy::current(self.portfolio, self.bookkeeping, accounts), self.currency)
    }
}

/// One security of a portfolio, open or closed.
#[derive(Clone, Debug)]
pub struct Holding {
    /// The account it is held in.
    pub account: Uuid,
    /// What is held.
    pub instrument: Arc<Instrument>,
    /// The books: quantity, cost, cumulative gains and income, `…_base` in the currency of the view.
    pub books: PositionPeriod,
    /// Price, value and weight; nothing for a holding that is closed.
    pub value: Option<HoldingLine>,
}

/// A portfolio at the close of a day.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The day.
    pub as_of: NaiveDate,
    /// The currency of every figure that is not said to be local.
    pub currency: Currency,
    /// Securities by symbol: open ones, then closed ones.
    pub holdings: Vec<Holding>,
    /// Cash balances.
    pub cash: Vec<CashLine>,
    /// What everything is worth; nothing where a part of it is unknown.
    pub value: Option<Decimal>,
    /// What is known, whatever is missing.
    pub known: Known,
    /// Sums over all holdings, closed ones too.
    pub totals: Totals,
}

/// Sums over the holdings of a snapshot.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// What open lots cost.
    pub cost: Decimal,
    /// What the securities are worth; nothing where one is unknown.
    pub securities: Option<Decimal>,
    /// What cash is worth; nothing where a rate is missing.
    pub cash: Option<Decimal>,
    /// Value minus cost.
    pub unrealized_gain: Option<Decimal>,
    /// Gains of what was sold, after fees and taxes of the trades.
    pub realized_gain: Decimal,
    /// Dividends before withholding.
    pub income: Decimal,
}

/// The rows that one view is valued from.
#[derive(Clone, Default)]
pub(super) struct Rows {
    pub(super) positions: Vec<PositionPeriod>,
    pub(super) cash: Vec<CashPeriod>,
    pub(super) flows: Vec<Flow>,
}

/// Market data of what a set of portfolios holds.
pub(super) struct Market {
    instruments: HashMap<Uuid, Arc<Instrument>>,
    terms: Instruments,
    series: BTreeMap<Uuid, Arc<Series>>,
    calendars: HashMap<String, Arc<Vec<NaiveDate>>>,
    pub(super) fx: Arc<FxRates>,
}

impl Services {
    /// The day that figures are of where none is asked for: the last complete market day, today at the latest.
    pub async fn default_as_of(&self, session: &Session<Tenant>) -> Result<NaiveDate, ServiceError> {
        let today = self.environment.clock.today();
        let last = self.market.view(session).await?.last_complete_day();
        Ok(last.map_or(today, |last| last.min(today)))
    }

    /// Each view at the close of a day. A view that cannot be valued does not keep the others from it.
    pub async fn snapshots(
        &self,
        session: &Session<Tenant>,
        views: &[View],
        as_of: NaiveDate,
    ) -> Result<OfViews<Arc<Snapshot>>, ServiceError> {
        let market_view = self.market.view(session).await?;
        let mut snapshots = OfViews::new();
        for (moment, views) in by_moment(views) {
            let market_view = market_view.at(moment);
            let (rows, market) = self.rows_in_market(session, &market_view, &views, (as_of, as_of)).await?;
            snapshots.extend(each(rows, |view, rows| Ok(Arc::new(snapshot(view, as_of, rows, &market)?))));
        }
        Ok(snapshots)
    }

    /// Each view by day: the close of `opening`, then each valuation day until `end`. A view that cannot be valued does not
    /// keep the others from it.
    ///
    /// Valuation days are the sessions of the exchanges that price what is held, or weekdays where none does, and `end`.
    pub async fn histories(
        &self,
        session: &Session<Tenant>,
        views: &[View],
        opening: NaiveDate,
        end: NaiveDate,
    ) -> Result<OfViews<Arc<History>>, ServiceError> {
        let market_view = self.market.view(session).await?;
        let fx = market_view.fx(session).await?;
        let mut stored = self.stored_histories(session, &market_view, &fx, views, opening, end).await?;
        let others: Vec<View> = views.iter().filter(|view| !stored.contains_key(view)).cloned().collect();
        for (moment, views) in by_moment(&others) {
            let market_view = market_view.at(moment);
            let (rows, market) = self.rows_in_market(session, &market_view, &views, (opening, end)).await?;
            stored.extend(each(rows, |view, Rows { positions, cash, flows }| {
                let days = valuation_days(positions.iter().map(|row| row.instrument.uuid()), &market, opening, end);
                let (daily, flows) = market.value(view.currency, &positions, &cash, &flows, |inputs| {
                    let value = |flow: &Flow| Ok((flow.date, valuation::flow_value(inputs, flow)?));
                    let flows: Result<Vec<_>, ValuationError> = flows.iter().map(value).collect();
                    Ok((valuation::daily(inputs, &days)?, flows?))
                })?;
                let names = market.instruments.iter().map(|(id, instrument)| (*id, instrument.symbol.clone()));
                Ok(Arc::new(History { currency: view.currency, daily, flows, names: names.collect() }))
            }));
        }
        Ok(stored)
    }

    /// Of each view by day, the prices and rates that stood in for later days or were not final, with the name of each.
    pub async fn doubtful_inputs(
        &self,
        session: &Session<Tenant>,
        views: &[View],
        opening: NaiveDate,
        end: NaiveDate,
    ) -> Result<OfViews<Arc<[(String, DoubtfulSpan)]>>, ServiceError> {
        let market_view = self.market.view(session).await?;
        let mut doubtful = OfViews::new();
        for (moment, views) in by_moment(views) {
            let market_view = market_view.at(moment);
            let (rows, market) = self.rows_in_market(session, &market_view, &views, (opening, end)).await?;
            doubtful.extend(each(rows, |view, Rows { positions, cash, .. }| {
                let days = valuation_days(positions.iter().map(|row| row.instrument.uuid()), &market, opening, end);
                let spans = market
                    .value(view.currency, &positions, &cash, &[], |inputs| valuation::doubtful_inputs(inputs, &days))?;
                Ok(spans.into_iter().map(|span| (market.name(span.subject), span)).collect())
            }));
        }
        Ok(doubtful)
    }

    /// A view in its base currency on every calendar day of a range, both ends included.
    pub(super) async fn calendar_days(
        &self,
        session: &Session<Tenant>,
        market_view: &MarketView,
        view: &View,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<Daily, ServiceError> {
        // From the close before, since rows of a single day come without its flows.
        let views = std::slice::from_ref(view);
        let (mut rows, market) = self.rows_in_market(session, market_view, views, (opening_of(from), to)).await?;
        let rows = rows.remove(view).ok_or_else(|| ServiceError::Internal("a view is gone".to_owned()))??;
        let days: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= to).collect();
        market.value(view.currency, &rows.positions, &rows.cash, &rows.flows, |inputs| valuation::daily(inputs, &days))
    }

    /// Rows of views of one moment, with the market of what they hold.
    async fn rows_in_market(
        &self,
        session: &Session<Tenant>,
        market_view: &MarketView,
        views: &[View],
        range: (NaiveDate, NaiveDate),
    ) -> Result<(OfViews<Rows>, Market), ServiceError> {
        let fx = market_view.fx(session).await?;
        let rows = self.rows(session, views, range, Border::Portfolio, &fx).await?;
        let held = rows.values().flatten().flat_map(|rows| &rows.positions).map(|row| row.instrument.uuid()).collect();
        let market = load_calendars(session, market_view, fx, held).await?.with_prices(session, market_view).await?;
        Ok((rows, market))
    }

    /// Rows from the projections, or booked again for a view in another currency or of another time; all are of one moment. Flows are
    /// those across `border`.
    pub(super) async fn rows(
        &self,
        session: &Session<Tenant>,
        views: &[View],
        (from, to): (NaiveDate, NaiveDate),
        border: Border,
        fx: &Arc<FxRates>,
    ) -> Result<OfViews<Rows>, ServiceError> {
        let (in_base, rebooked): (Vec<&View>, Vec<&View>) = views.iter().partition(|view| view.is_stored());
        let mut rows = OfViews::new();
        if !in_base.is_empty() {
            let ids: Vec<Uuid> = in_base.iter().map(|view| view.portfolio).collect();
            let mut positions = grouped(storage::projection::positions(session, &ids, from, to).await?);
            let mut cash = grouped(storage::projection::cash(session, &ids, from, to).await?);
            let mut flows = match from < to {
                true => grouped(storage::projection::flows(session, &ids, from, to, border).await?),
                false => HashMap::new(),
            };
            for view in in_base {
                let of_view = Rows {
                    positions: positions.remove(&view.portfolio).unwrap_or_default(),
                    cash: cash.remove(&view.portfolio).unwrap_or_default(),
                    flows: flows.remove(&view.portfolio).unwrap_or_default(),
                };
                rows.insert(view.clone(), Ok(of_view));
            }
        }
        let bookings = self.bookings(session, &rebooked, to, fx).await?;
        rows.extend(
            bookings.into_iter().map(|(view, booking)| (view, booking.map(|booking| from_day(booking, from, border)))),
        );
        Ok(rows)
    }

    /// The ledger of each view until a day, as it was known at the moment that all of them are of, booked in the currency of the view.
    pub(super) async fn bookings(
        &self,
        session: &Session<Tenant>,
        views: &[&View],
        until: NaiveDate,
        fx: &Arc<FxRates>,
    ) -> Result<OfViews<Booking>, ServiceError> {
        let mut bookings = OfViews::new();
        let known_at = views.first().and_then(|view| view.known_at);
        let (views, too_long): (Vec<&View>, Vec<&View>) = views.iter().partition(|view| view.rows <= MAX_REPLAY);
        for view in too_long {
            let instead = match view.known_at {
                Some(_) => "replayRequest has it booked by a job",
                None => "ask for what is known now",
            };
            let message = format!(
                "{} rows of the ledger would have to be booked again for this, {MAX_REPLAY} at the most: {instead}, in {}",
                view.rows, view.base
            );
            bookings.insert(view.clone(), Err(ServiceError::BadInput(message)));
        }
        let ids: Vec<Uuid> = views.iter().map(|view| view.portfolio).collect();
        if ids.is_empty() {
            return Ok(bookings);
        }
        let accounts = storage::account::of_portfolios(session, &ids).await?;
        let revisions = match known_at {
            Some(known_at) => storage::bookkeeping::known_at(session, &ids, known_at).await?,
            None => HashMap::new(),
        };
        let mut ledgers: HashMap<Uuid, Vec<Transaction>> = HashMap::new();
        for row in storage::transaction::effective(session, &ids, Some(until), known_at).await? {
            ledgers.entry(row.portfolio_id).or_default().extend(row.transaction());
        }
        let instruments = self.terms(session, ledgers.values().flatten().map(|entry| &entry.kind)).await?;
        let splits_known = self.splits_known(session, &instruments).await?;
        let (ledgers, instruments) = (Arc::new(ledgers), Arc::new(instruments));
        for view in views {
            let ledger = ledgers.get(&view.portfolio).map(Vec::as_slice).unwrap_or_default();
            let policy = match revisions.get(&view.portfolio) {
                Some(revision) => policy::of(revision, view.currency),
                None => view.policy(&accounts),
            };
            let mut splits = placed(&splits_known, &policy, ledger);
            // Lots stand in the share basis of the day.
            splits.retain(|split| split.ex_date <= until);
            let (portfolio, ledgers, instruments, fx) =
                (view.portfolio, Arc::clone(&ledgers), Arc::clone(&instruments), Arc::clone(fx));
            // Off the threads that serve requests: a whole ledger takes its time.
            let booked = tokio::task::spawn_blocking(move || {
                let ledger = ledgers.get(&portfolio).map(Vec::as_slice).unwrap_or_default();
                ledger::book(&policy, ledger, &splits, &instruments, &fx).map_err(Box::new)
            });
            let booked = booked.await.map_err(|error| ServiceError::Internal(error.to_string()))?;
            let booking = booked.map_err(|error| {
                let message = format!("figures in {}: {error}", view.currency);
                match ledger_refusal(&error, &[]).code {
                    code @ RefusalCode::AmountTooLarge => ServiceError::refused(code, &[], message),
                    _ => ServiceError::BadInput(message),
                }
            });
            bookings.insert(view.clone(), booking);
        }
        Ok(bookings)
    }

    /// Terms of every instrument that the transactions name; one that does not exist is left out.
    pub(super) async fn terms(
        &self,
        session: &Session<Tenant>,
        kinds: impl IntoIterator<Item = &TransactionKind>,
    ) -> Result<Instruments, ServiceError> {
        let named = kinds.into_iter().flat_map(|kind| [kind.instrument(), kind.counter_instrument()]).flatten();
        self.terms_of(session, named.map(|id| id.uuid()).collect()).await
    }

    /// Terms of these instruments and of the underlyings of options among them; one that does not exist is left out.
    pub(super) async fn terms_of(
        &self,
        session: &Session<Tenant>,
        ids: BTreeSet<Uuid>,
    ) -> Result<Instruments, ServiceError> {
        let market = self.market.view(session).await?;
        let mut instruments = market.instruments(session, ids).await?;
        let underlyings: BTreeSet<Uuid> = instruments
            .values()
            .filter_map(|instrument| Some(instrument.option?.underlying.uuid()))
            .filter(|id| !instruments.contains_key(id))
            .collect();
        if !underlyings.is_empty() {
            instruments.extend(market.instruments(session, underlyings).await?);
        }
        terms(&instruments)
    }
}

/// A portfolio by day.
#[derive(Clone, Debug)]
pub struct History {
    /// The currency of every figure.
    pub currency: Currency,
    /// Values and flows by valuation day.
    pub daily: Daily,
    /// External flows on their own days, in the currency at each day's rate.
    pub flows: Vec<(NaiveDate, Decimal)>,
    /// The symbols of the instruments that the history may name.
    pub names: HashMap<Uuid, String>,
}

/// What became of each view.
pub type OfViews<T> = HashMap<View, Result<T, ServiceError>>;

fn each<T, U>(views: OfViews<T>, mut work: impl FnMut(&View, T) -> Result<U, ServiceError>) -> OfViews<U> {
    let done = |(view, outcome): (View, Result<T, ServiceError>)| {
        let outcome = outcome.and_then(|value| work(&view, value));
        (view, outcome)
    };
    views.into_iter().map(done).collect()
}

/// The rows of a booking that say something of a day or later.
fn from_day(booking: Booking, from: NaiveDate, border: Border) -> Rows {
    let open = |until: Option<NaiveDate>| until.is_none_or(|until| until > from);
    let crosses = |flow: &Flow| border == Border::Account || flow.counter_account.is_none();
    Rows {
        positions: booking.positions.into_iter().filter(|row| open(row.valid_until)).collect(),
        cash: booking.cash.into_iter().filter(|row| open(row.valid_until)).collect(),
        flows: booking.flows.into_iter().filter(|flow| flow.date >= from && crosses(flow)).collect(),
    }
}

pub(super) fn grouped<T>(rows: Vec<(Uuid, T)>) -> HashMap<Uuid, Vec<T>> {
    let mut groups: HashMap<Uuid, Vec<T>> = HashMap::new();
    for (portfolio, row) in rows {
        groups.entry(portfolio).or_default().push(row);
    }
    groups
}

fn terms(instruments: &HashMap<Uuid, Arc<Instrument>>) -> Result<Instruments, ServiceError> {
    instruments
        .values()
        .map(|instrument| {
            let terms =
                InstrumentTerms::new(instrument.symbol.clone(), instrument.currency, instrument.price_multiplier);
            let terms = match instrument.option {
                Some(option) => terms.and_then(|terms| terms.with_option(option)),
                None => terms,
            };
            let terms = terms.map_err(|error| ServiceError::Internal(error.to_string()))?;
            Ok((InstrumentId::from(instrument.id), terms))
        })
        .collect()
}

/// Views by the moment that they are of.
pub(super) fn by_moment<'a>(views: impl IntoIterator<Item = &'a View>) -> BTreeMap<Option<DateTime<Utc>>, Vec<View>> {
    let mut moments = BTreeMap::new();
    for view in views {
        moments.entry(view.known_at).or_insert_with(Vec::new).push(view.clone());
    }
    moments
}

/// The market without prices.
pub(super) async fn load_calendars(
    session: &Session<Tenant>,
    view: &MarketView,
    fx: Arc<FxRates>,
    held: BTreeSet<Uuid>,
) -> Result<Market, ServiceError> {
    let instruments = view.instruments(session, held).await?;
    let mut calendars = HashMap::new();
    for instrument in instruments.values().filter(|instrument| !instrument.manually_priced) {
        if !calendars.contains_key(&instrument.mic) {
            calendars.insert(instrument.mic.clone(), view.sessions(session, &instrument.mic).await?);
        }
    }
    Ok(Market { terms: terms(&instruments)?, instruments, series: BTreeMap::new(), calendars, fx })
}

impl Market {
    /// The same with the prices of its instruments.
    pub(super) async fn with_prices(self, session: &Session<Tenant>, view: &MarketView) -> Result<Self, ServiceError> {
        Ok(Self { series: view.prices(session, &self.instruments).await?, ..self })
    }

    /// What people call it.
    pub(super) fn name(&self, subject: Subject) -> String {
        match subject {
            Subject::Currency(currency) => currency.to_string(),
            Subject::Instrument(id) => {
                let instrument = self.instruments.get(&id.uuid());
                instrument.map_or_else(|| id.to_string(), |instrument| instrument.symbol.clone())
            }
        }
    }

    pub(super) fn instrument(&self, id: Uuid) -> Option<Arc<Instrument>> {
        self.instruments.get(&id).cloned()
    }

    /// Prices as quoted on their day.
    pub(super) fn closes(&self, id: Uuid) -> Option<&Series> {
        self.series.get(&id).map(Arc::as_ref)
    }

    /// The last price on a day or before; nothing for an instrument that is not in this market.
    pub(super) fn quote(&self, id: Uuid, day: NaiveDate) -> Option<Lookup> {
        self.quote_of(id, day, self.closes(id))
    }

    /// The same from these closes.
    pub(super) fn quote_of(&self, id: Uuid, day: NaiveDate, closes: Option<&Series>) -> Option<Lookup> {
        let max_age = self.max_age(self.instruments.get(&id)?);
        let missing = Lookup::Missing { reason: MissingReason::NoData };
        Some(closes.map_or(missing, |closes| closes.as_of(day, max_age)))
    }

    pub(super) fn instruments(&self) -> &HashMap<Uuid, Arc<Instrument>> {
        &self.instruments
    }

    /// The days of a range, both ends included, on which the instrument's exchange trades, weekdays where its calendar is not known;
    /// none for what no exchange prices.
    pub(super) fn sessions(&self, instrument: &Instrument, from: NaiveDate, to: NaiveDate) -> Vec<NaiveDate> {
        if instrument.manually_priced {
            return Vec::new();
        }
        match self.calendars.get(&instrument.mic) {
            Some(calendar) if !calendar.is_empty() => {
                let first = calendar.partition_point(|day| *day < from);
                calendar[first..].iter().copied().take_while(|day| *day <= to).collect()
            }
            _ => {
                let every = from.iter_days().take_while(|day| *day <= to);
                let is_always_open = instrument.mic == ALWAYS_OPEN;
                every.filter(|day| is_always_open || day.weekday().number_from_monday() <= 5).collect()
            }
        }
    }

    pub(super) fn value<T>(
        &self,
        currency: Currency,
        positions: &[PositionPeriod],
        cash: &[CashPeriod],
        flows: &[Flow],
        valuation: impl FnOnce(&Inputs<'_>) -> Result<T, ValuationError>,
    ) -> Result<T, ServiceError> {
        let prices = self
            .series
            .iter()
            .filter_map(|(id, series)| {
                let instrument = self.instruments.get(id)?;
                Some((InstrumentId::from(*id), PriceSource { series, max_age: self.max_age(instrument) }))
            })
            .collect();
        let inputs = Inputs {
            positions,
            cash,
            flows,
            instruments: &self.terms,
            prices: &prices,
            fx: &self.fx,
            base: currency,
            currency,
        };
        Ok(valuation(&inputs)?)
    }

    /// How long a price of the instrument may stand in.
    pub(super) fn max_age(&self, instrument: &Instrument) -> MaxAge<'_> {
        if instrument.manually_priced {
            return MaxAge::UntilReplaced;
        }
        let n = EXCHANGE_MAX_AGE_SESSIONS;
        // A market that never closes has a session each day, one whose calendar is not known on weekdays.
        let known = self.calendars.get(&instrument.mic).map(|days| days.as_slice());
        let calendar = if instrument.mic == ALWAYS_OPEN { None } else { Some(known.unwrap_or_default()) };
        match (instrument.delisted_on, calendar) {
            (Some(on), calendar) => MaxAge::Ended { on, n, calendar },
            (None, Some(calendar)) => MaxAge::Sessions { n, calendar },
            (None, None) => MaxAge::Days(n),
        }
    }
}

fn snapshot(
    view: &View,
    as_of: NaiveDate,
    Rows { positions, cash, .. }: Rows,
    market: &Market,
) -> Result<Snapshot, ServiceError> {
    let on_day = |from: NaiveDate, until: Option<NaiveDate>| from <= as_of && until.is_none_or(|until| until > as_of);
    let positions: Vec<PositionPeriod> =
        positions.into_iter().filter(|row| on_day(row.valid_from, row.valid_until)).collect();
    let valued = market.value(view.currency, &positions, &cash, &[], |inputs| valuation::holdings(inputs, as_of))?;
    let mut lines: HashMap<(Uuid, Uuid), HoldingLine> =
        valued.positions.into_iter().map(|line| ((line.account.uuid(), line.instrument.uuid()), line)).collect();
    let mut holdings = Vec::with_capacity(positions.len());
    for books in positions {
        let instrument = market
            .instruments
            .get(&books.instrument.uuid())
            .ok_or_else(|| ServiceError::Internal(format!("instrument {} is unknown", books.instrument)))?;
        let value = lines.remove(&(books.account.uuid(), books.instrument.uuid()));
        holdings.push(Holding { account: books.account.uuid(), instrument: Arc::clone(instrument), books, value });
    }
    holdings.sort_by(|left, right| {
        let key = |holding: &Holding| (holding.value.is_none(), holding.instrument.symbol.clone(), holding.account);
        key(left).cmp(&key(right))
    });
    let totals = totals(&holdings, &valued.cash)?;
    Ok(Snapshot {
        as_of,
        currency: view.currency,
        holdings,
        cash: valued.cash,
        value: valued.value,
        known: valued.known,
        totals,
    })
}

fn sum(mut amounts: impl Iterator<Item = Decimal>) -> Result<Decimal, ServiceError> {
    Ok(amounts.try_fold(Decimal::ZERO, money::add)?)
}

fn totals(holdings: &[Holding], cash: &[CashLine]) -> Result<Totals, ServiceError> {
    let known_sum = |amounts: Option<Vec<Decimal>>| amounts.map(|amounts| sum(amounts.into_iter())).transpose();
    let open = || holdings.iter().filter_map(|holding| holding.value.as_ref());
    Ok(Totals {
        cost: sum(holdings.iter().map(|holding| holding.books.cost_base))?,
        securities: known_sum(open().map(|line| line.market_value).collect())?,
        cash: known_sum(cash.iter().map(|line| line.value).collect())?,
        unrealized_gain: known_sum(open().map(|line| line.unrealized_gain).collect())?,
        realized_gain: sum(holdings.iter().map(|holding| holding.books.realized_base))?,
        income: sum(holdings.iter().map(|holding| holding.books.income_base))?,
    })
}

/// The valuation days of a range in which these instruments are held.
pub(super) fn valuation_days(
    held: impl Iterator<Item = Uuid>,
    market: &Market,
    opening: NaiveDate,
    end: NaiveDate,
) -> Vec<NaiveDate> {
    let mut days = vec![opening, end];
    let exchanges: BTreeSet<&str> = held
        .filter_map(|id| market.instruments.get(&id))
        .filter(|instrument| !instrument.manually_priced)
        .map(|instrument| instrument.mic.as_str())
        .collect();
    let calendars: Vec<_> =
        exchanges.iter().filter_map(|mic| market.calendars.get(*mic)).filter(|days| !days.is_empty()).collect();
    for calendar in &calendars {
        let first = calendar.partition_point(|day| *day <= opening);
        days.extend(calendar[first..].iter().copied().take_while(|day| *day < end));
    }
    if calendars.is_empty() {
        let weekdays = opening.iter_days().take_while(|day| *day < end);
        days.extend(weekdays.filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)));
    }
    // Exchanges have most days in common.
    days.sort_unstable();
    days.dedup();
    days
}

pub(super) fn convert_flows(
    flows: &[Flow],
    currency: Currency,
    fx: &FxRates,
) -> Result<Vec<(NaiveDate, Decimal)>, ServiceError> {
    flows
        .iter()
        .map(|flow| {
            let amount = fx
                .convert(flow.amount, flow.currency, currency, flow.date)
                .map_err(|error| ServiceError::BadInput(error.to_string()))?;
            Ok((flow.date, amount))
        })
        .collect()
}

/// The close that a range of days opens from: the day before its first.
pub fn opening_of(from: NaiveDate) -> NaiveDate {
    from.checked_sub_days(Days::new(1)).unwrap_or(from)
}

//! Instruments, closes and rates.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};

use domain::ledger::{OccSymbol, OptionTerms};

use super::figure::{DataStatus, Quote};
use super::instrument_figures::{self, BondFigures, OptionFigures, OptionFiguresInput};
use super::instrument_terms::{BondTerms, Identifier, Sector};
use super::money::Money;
use super::news::{self, NewsItemConnection};
use super::price::{self, PriceAdjustment, PriceSeries};
use super::price_override::PriceOverride;
use super::succession::Succession;
use crate::graphql::connection::connection;
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{
    self, DividendsKey, IdentifiersKey, InstrumentKey, OverridesKey, SectorPathKey, SplitsKey, SuccessionsKey,
};
use crate::graphql::scalars::{Currency, Date, Decimal, Instant};
use crate::services::instrument::Columns;
use crate::storage::instrument::{Dividend as DividendRow, Instrument as Row, Split as SplitRow};
use crate::storage::price::Revision;
use crate::storage::price_override::ranges;

/// Revisions that are shown of a range.
const MAX_REVISIONS: u64 = 1_000;

/// What kind of instrument it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum AssetType {
    /// A share of a company.
    Stock,
    /// An exchange-traded fund.
    Etf,
    /// A fund that is not traded on an exchange.
    Fund,
    /// An index; it cannot be held.
    Index,
    /// A crypto asset.
    Crypto,
    /// A bond, quoted per 100 of face; its quantity is the face amount.
    Bond,
    /// An option.
    Option,
    /// A currency's price in another; it cannot be held.
    Currency,
    /// What no market trades: a stake, a loan, a house.
    Private,
}

impl AssetType {
    const CODES: [(&'static str, Self); 9] = [
        ("STOCK", Self::Stock),
        ("ETF", Self::Etf),
        ("FUND", Self::Fund),
        ("INDEX", Self::Index),
        ("CRYPTO", Self::Crypto),
        ("BOND", Self::Bond),
        ("OPTION", Self::Option),
        ("CURRENCY", Self::Currency),
        ("PRIVATE", Self::Private),
    ];

    /// The code that it is stored under.
    pub fn code(self) -> &'static str {
        Self::CODES.iter().find(|(_, of)| *of == self).map_or("", |(code, _)| code)
    }

    fn of_code(code: &str) -> Option<Self> {
        Self::CODES.iter().find(|(of, _)| *of == code).map(|(_, asset_type)| *asset_type)
    }
}

/// Something that can be held or compared with.
#[derive(Clone)]
pub struct Instrument(pub Arc<Row>);

/// Something that can be held or compared with.
#[Object]
impl Instrument {
    /// The instrument's id.
    pub async fn id(&self) -> ID {
        Kind::Instrument.id(self.0.id)
    }

    /// Its ticker on its market.
    async fn symbol(&self) -> &str {
        &self.0.symbol
    }

    /// Its name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What kind of instrument it is.
    async fn asset_type(&self) -> Result<AssetType> {
        AssetType::of_code(&self.0.asset_type).ok_or_else(|| ErrorCode::Internal.error("internal error"))
    }

    /// The market it trades on, by its ISO 10383 market identifier code; `24X7` for a market that never closes, `XXXX` for none.
    async fn mic(&self) -> &str {
        &self.0.mic
    }

    /// The currency that a price times the multiplier is in. `XXX` where that is not known.
    async fn currency(&self) -> Currency {
        Currency(self.0.currency)
    }

    /// What the market quotes it in: the currency, or a hundredth of one, such as `GBX` for pence. Prices here are in the currency:
    /// quotes in a hundredth are divided when they are taken.
    async fn quote_unit(&self) -> &str {
        &self.0.quote_unit
    }

    /// The ISO 3166 code of its country, where known.
    async fn country(&self) -> Option<&str> {
        self.0.country.as_deref()
    }

    /// Its first day of trading, where known.
    async fn listed_on(&self) -> Option<Date> {
        self.0.listed_on.map(Date)
    }

    /// Whether it is no longer traded.
    async fn is_delisted(&self) -> bool {
        self.0.delisted
    }

    /// The first day that it was no longer traded on, where known.
    async fn delisted_on(&self) -> Option<Date> {
        self.0.delisted_on.map(Date)
    }

    /// Whether it is the tenant's own, which nobody else sees.
    async fn is_private(&self) -> bool {
        self.0.is_private()
    }

    /// Of the tenant's own, how often it was changed, from 1 on: pass it as `expectedVersion`. Null for the market's.
    async fn version(&self) -> Option<i32> {
        self.0.own_version.and_then(|version| i32::try_from(version).ok())
    }

    /// The tenant's own prices that count in place of the market's, by day.
    async fn price_overrides(&self, ctx: &Context<'_>) -> Result<Vec<PriceOverride>> {
        let days = loaders::find(ctx, OverridesKey(self.0.id)).await?;
        let ranges = days.map(|days| ranges(&days)).unwrap_or_default();
        Ok(ranges.into_iter().map(PriceOverride::from).collect())
    }

    /// By what it is and was known, by kind, the latest first.
    async fn identifiers(&self, ctx: &Context<'_>) -> Result<Vec<Identifier>> {
        let found = loaders::find(ctx, IdentifiersKey(self.0.id)).await?.unwrap_or_default();
        Ok(found.into_iter().map(Identifier::from).collect())
    }

    /// What followed it: by a merger, a spin-off or a rename, by day.
    async fn successors(&self, ctx: &Context<'_>) -> Result<Vec<Succession>> {
        let found = loaders::find(ctx, SuccessionsKey(self.0.id)).await?.unwrap_or_default();
        Ok(found.into_iter().filter(|one| one.predecessor == self.0.id).map(Succession).collect())
    }

    /// What it followed, by day.
    async fn predecessors(&self, ctx: &Context<'_>) -> Result<Vec<Succession>> {
        let found = loaders::find(ctx, SuccessionsKey(self.0.id)).await?.unwrap_or_default();
        Ok(found.into_iter().filter(|one| one.successor == self.0.id).map(Succession).collect())
    }

    /// Its ISIN, where known.
    async fn isin(&self) -> Option<&str> {
        self.0.isin.as_deref()
    }

    /// The code of its sector, where known.
    async fn sector(&self) -> Option<&str> {
        self.0.sector_code.as_deref()
    }

    /// Its sector, industry group and industry as far as they are known, the widest first.
    async fn sector_path(&self, ctx: &Context<'_>) -> Result<Vec<Sector>> {
        let Some(code) = self.0.industry_code.as_ref().or(self.0.sector_code.as_ref()) else {
            return Ok(Vec::new());
        };
        let path = loaders::find(ctx, SectorPathKey(code.clone())).await?.unwrap_or_default();
        Ok(path.into_iter().map(Sector::from).collect())
    }

    /// What it pays and when, for a bond whose terms are known.
    async fn bond(&self) -> Option<BondTerms> {
        self.0.bond.clone().map(BondTerms::from)
    }

    /// Money per unit of quantity and price: 1 for shares, 0.01 for bonds quoted per 100 of face.
    async fn price_multiplier(&self) -> Decimal {
        Decimal(self.0.price_multiplier.normalize())
    }

    /// Whether its prices are entered by hand, by the tenant's people.
    async fn manually_priced(&self) -> bool {
        self.0.manually_priced
    }

    /// What a contract is about, for an option.
    async fn option(&self) -> Option<OptionContract> {
        self.0.option.map(|terms| OptionContract { terms, currency: self.0.currency })
    }

    /// Its splits, the earliest first. They are applied to holdings by themselves.
    async fn splits(&self, ctx: &Context<'_>) -> Result<Vec<Split>> {
        let splits = loaders::find(ctx, SplitsKey(self.0.id)).await?.unwrap_or_default();
        Ok(splits.into_iter().map(Split::from).collect())
    }

    /// Its closes that were in force until others took their place, by day, then by when that was; the first 1,000 of the range. One that was
    /// provisional before its session's close is none.
    async fn price_revisions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From this day on, inclusive.")] from: Option<Date>,
        #[graphql(desc = "Until this day, inclusive.")] to: Option<Date>,
    ) -> Result<Vec<PriceRevision>> {
        let operation = Operation::of(ctx);
        let read = async {
            let session = operation.session().await?;
            let (from, to) = (from.map(|day| day.0), to.map(|day| day.0));
            operation.services.price_revisions(&session, self.0.id, from, to, MAX_REVISIONS).await
        };
        let rows = read.await.map_err(|error| operation.fail(error))?;
        Ok(rows.into_iter().map(PriceRevision::from).collect())
    }

    /// Its cash dividends that the market knows, the earliest first. They book nothing by themselves: a dividend that is
    /// recorded or imported is linked with the one that it is the payment of.
    async fn dividends(&self, ctx: &Context<'_>) -> Result<Vec<MarketDividend>> {
        let dividends = loaders::find(ctx, DividendsKey(self.0.id)).await?.unwrap_or_default();
        Ok(dividends.into_iter().map(MarketDividend::from).collect())
    }

    /// The last price on a day or before, as valuations read it: an exchange's close for five sessions, one entered by hand until
    /// it is replaced. Its amount is null where there is none. Null where it cannot be read: see the errors.
    async fn price(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The day; the last complete market day where none is given.")] as_of: Option<Date>,
    ) -> Result<Option<Quote>> {
        price::price(ctx, &self.0, as_of).await
    }

    /// Its prices by session, adjusted as asked for from the prices as traded: nothing of it is stored. Null where they cannot be
    /// read: see the errors.
    async fn prices(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "From this day on, inclusive; the first price where none is given.")] from: Option<Date>,
        #[graphql(desc = "Until this day, inclusive; today at the latest, and where none is given.")] to: Option<Date>,
        #[graphql(desc = "What to apply.", default_with = "PriceAdjustment::None")] adjustment: PriceAdjustment,
    ) -> Result<Option<PriceSeries>> {
        price::prices(ctx, &self.0, from, to, adjustment).await
    }

    /// What a bond yields and how its price moves, at its quote, or at a price or yield that is given. Null for what is no bond.
    async fn bond_figures(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The day; the last complete market day where none is given.")] as_of: Option<Date>,
        #[graphql(desc = "A clean price as it is quoted, above zero; not beside `yield`.")] price: Option<Decimal>,
        #[graphql(
            name = "yield",
            desc = "A yield to maturity, as a fraction a year, compounded as often as coupons: 0.03 is 3 %."
        )]
        rate: Option<f64>,
    ) -> Result<Option<BondFigures>> {
        instrument_figures::bond_figures(ctx, &self.0, as_of, price, rate).await
    }

    /// What explains an option's price and how it moves, at its quote and its underlying's, or at what is given. Null for what is no
    /// option.
    async fn option_figures(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The day; the last complete market day where none is given.")] as_of: Option<Date>,
        #[graphql(desc = "What to compute with.")] input: Option<OptionFiguresInput>,
    ) -> Result<Option<OptionFigures>> {
        instrument_figures::option_figures(ctx, &self.0, as_of, input).await
    }

    /// The news that names it, the latest first. Null where it cannot be read: see the errors.
    async fn news(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<NewsItemConnection>> {
        news::page(ctx, Arc::new([self.0.id]), None, first, after.as_deref()).await.map(Some)
    }
}

/// Whether an option's holder may buy or sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "domain::ledger::OptionRight")]
pub enum OptionRight {
    /// To buy the underlying.
    Call,
    /// To sell the underlying.
    Put,
}

/// What a contract of an option is about.
pub struct OptionContract {
    terms: OptionTerms,
    currency: domain::money::Currency,
}

/// What a contract of an option is about.
#[Object]
impl OptionContract {
    /// What is bought or sold when it is exercised.
    async fn underlying(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        Ok(loaders::find(ctx, InstrumentKey(self.terms.underlying.uuid())).await?.map(Instrument))
    }

    /// Whether its holder may buy or sell.
    async fn right(&self) -> OptionRight {
        self.terms.right.into()
    }

    /// The price of a unit of the underlying, in the option's currency; zero or more.
    async fn strike(&self) -> Money {
        Money::new(self.terms.strike, self.currency)
    }

    /// Units of the underlying that a contract is about, above zero.
    async fn units_per_contract(&self) -> Decimal {
        Decimal(self.terms.units_per_contract.normalize())
    }

    /// The last day that it can be exercised on.
    async fn expiry(&self) -> Date {
        Date(self.terms.expiry)
    }

    /// Its symbol of 21 characters by the Options Clearing Corporation, after the underlying's; null where that has no
    /// room for the terms.
    async fn occ_symbol(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        let underlying = loaders::find(ctx, InstrumentKey(self.terms.underlying.uuid())).await?;
        let symbol = |root: &str| OccSymbol::new(root, self.terms.expiry, self.terms.right, self.terms.strike).ok();
        Ok(underlying.and_then(|underlying| symbol(&underlying.symbol)).map(|symbol| symbol.to_string()))
    }
}

/// A split: `denominator` old units become `numerator` new ones.
#[derive(Clone, Debug, SimpleObject)]
pub struct Split {
    /// The first day that the instrument trades divided.
    ex_date: Date,
    /// Units after.
    numerator: Decimal,
    /// Units before.
    denominator: Decimal,
}

impl From<SplitRow> for Split {
    fn from(row: SplitRow) -> Self {
        Self {
            ex_date: Date(row.ex_date),
            numerator: Decimal(row.numerator.normalize()),
            denominator: Decimal(row.denominator.normalize()),
        }
    }
}

/// A cash dividend as the market knows it.
#[derive(Clone, Debug, SimpleObject)]
pub struct MarketDividend {
    /// Its id.
    id: ID,
    /// The first day that the instrument trades without it.
    ex_date: Date,
    /// The day it is paid on; null where that is not known.
    pay_date: Option<Date>,
    /// The gross amount per unit held before the ex-date, above zero, not rounded.
    amount: Money,
    /// Whether it is paid beside the ordinary ones.
    is_special: bool,
}

impl From<DividendRow> for MarketDividend {
    fn from(row: DividendRow) -> Self {
        Self {
            id: Kind::CorporateAction.id(row.id),
            ex_date: Date(row.ex_date),
            pay_date: row.pay_date.map(Date),
            amount: Money::new(row.terms.amount, row.terms.currency),
            is_special: row.is_special,
        }
    }
}

/// A close that was in force until another took its place.
#[derive(Clone, Debug, SimpleObject)]
pub struct PriceRevision {
    /// The day it is the close of.
    date: Date,
    /// The close, as quoted then.
    close: Decimal,
    /// Whether it had been accepted or repaired by hand.
    is_estimated: bool,
    /// Since when it was in force; null where that was not noted.
    known_from: Option<Instant>,
    /// When another took its place.
    known_until: Option<Instant>,
    /// Who had delivered it; null where that is not known, and for what was decided by hand.
    provider: Option<String>,
}

impl From<Revision> for PriceRevision {
    fn from(row: Revision) -> Self {
        Self {
            date: Date(row.date),
            close: Decimal(row.close.normalize()),
            is_estimated: row.status == "E",
            known_from: row.known_from.map(Instant),
            known_until: row.known_until.map(Instant),
            provider: row.provider,
        }
    }
}

/// The closes of an instrument, as columns of one length.
#[derive(Clone, SimpleObject)]
pub struct PriceHistory {
    /// Whose closes they are.
    instrument: Instrument,
    /// The currency they are quoted in.
    currency: Currency,
    /// The days that have a close, ascending.
    dates: Vec<Date>,
    /// The close of each day as quoted then: not adjusted for later splits or dividends. On the days of the instrument's
    /// `priceOverrides` it is the tenant's own price.
    closes: Vec<Decimal>,
    /// How good each is: `COMPLETE`, `PROVISIONAL` or `ESTIMATED`.
    statuses: Vec<DataStatus>,
}

impl PriceHistory {
    /// The closes in columns.
    pub fn new(instrument: Arc<Row>, columns: Columns) -> Self {
        Self {
            currency: Currency(instrument.currency),
            instrument: Instrument(instrument),
            dates: columns.dates.into_iter().map(Date).collect(),
            statuses: columns.certainties.into_iter().map(DataStatus::from).collect(),
            closes: columns.values.into_iter().map(|value| Decimal(value.normalize())).collect(),
        }
    }
}

/// What a currency cost in another, as columns of one length.
#[derive(Clone, Debug, SimpleObject)]
pub struct ExchangeRateHistory {
    /// The currency whose unit is priced.
    base: Currency,
    /// The currency it is priced in.
    quote: Currency,
    /// The days that have a rate of their own, ascending.
    dates: Vec<Date>,
    /// What one unit of `base` cost in `quote`: the shortest chain of published rates, such as both currencies' euro reference rates
    /// of the European Central Bank.
    rates: Vec<Decimal>,
    /// How good each is: `COMPLETE`, or `ESTIMATED` where a published rate in it is.
    statuses: Vec<DataStatus>,
}

impl ExchangeRateHistory {
    /// The rates in columns.
    pub fn new(base: domain::money::Currency, quote: domain::money::Currency, columns: Columns) -> Self {
        Self {
            base: Currency(base),
            quote: Currency(quote),
            dates: columns.dates.into_iter().map(Date).collect(),
            statuses: columns.certainties.into_iter().map(DataStatus::from).collect(),
            rates: columns.values.into_iter().map(|value| Decimal(value.normalize())).collect(),
        }
    }
}

connection!(InstrumentConnection, InstrumentEdge, Instrument, "instruments");

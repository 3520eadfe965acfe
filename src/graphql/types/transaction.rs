//! Rows of a portfolio's ledger.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};

use super::account::Account;
use super::instrument::{Instrument, MarketDividend};
use super::lot::Books;
use super::lot_match::{self, LotMatchConnection};
use super::money::Money;
use crate::graphql::connection::connection;
use crate::graphql::context::Operation;
use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{
    self, AccountsKey, CorrectionKey, DividendKey, InstrumentKey, PortfolioKey, ReversalKey, SaleMatchesKey,
};
use crate::graphql::scalars::{Currency, Date, Decimal, Instant};
use crate::services::valuation::View;
use crate::storage::transaction::{Activity, LedgerRow, RowColumns};

/// What a row of the ledger says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TransactionType {
    /// Opens a lot; cash goes out.
    Buy,
    /// Closes lots; cash comes in.
    Sell,
    /// Opens a short lot; cash comes in.
    ShortSell,
    /// Closes short lots; cash goes out.
    Cover,
    /// A bond was paid back at its end.
    Maturity,
    /// A bond was paid back before its end.
    Call,
    /// A payment on a holding.
    Dividend,
    /// A dividend in units.
    StockDividend,
    /// A reward for staking, in units.
    Staking,
    /// Units given away.
    Airdrop,
    /// Interest on cash, or a bond's coupon.
    Interest,
    /// A charge that belongs to no trade.
    Fee,
    /// A tax that belongs to no trade.
    Tax,
    /// Cash from outside.
    Deposit,
    /// Cash to the outside.
    Withdrawal,
    /// Cash to another account of the portfolio.
    CashTransfer,
    /// One currency for another inside the account.
    FxConversion,
    /// Units from outside at a given cost.
    TransferIn,
    /// Units to the outside at their cost.
    TransferOut,
    /// Units to another account of the portfolio.
    Transfer,
    /// Old units become new ones.
    Split,
    /// Units received without payment for those held.
    BonusIssue,
    /// Units of another company received for those held.
    SpinOff,
    /// Rights to subscribe received for the units held.
    RightsIssue,
    /// Rights and money become units.
    RightsExercise,
    /// The units of a company become another's, or cash, or both.
    Merger,
    /// The same units under another symbol.
    InstrumentChange,
    /// A payment that lowers the cost of what is held.
    ReturnOfCapital,
    /// Contracts ended without worth.
    OptionExpiry,
    /// The holder exercised contracts.
    OptionExercise,
    /// Written contracts were exercised by their holder.
    OptionAssignment,
    /// An earlier row no longer counts.
    Reversal,
}

/// Each type with the code that the ledger stores.
const CODES: [(TransactionType, &str); 32] = [
    (TransactionType::Buy, "BUY"),
    (TransactionType::Sell, "SELL"),
    (TransactionType::ShortSell, "SHORT_SELL"),
    (TransactionType::Cover, "COVER"),
    (TransactionType::Maturity, "MATURITY"),
    (TransactionType::Call, "CALL"),
    (TransactionType::Dividend, "DIVIDEND"),
    (TransactionType::StockDividend, "STOCK_DIVIDEND"),
    (TransactionType::Staking, "STAKING"),
    (TransactionType::Airdrop, "AIRDROP"),
    (TransactionType::Interest, "INTEREST"),
    (TransactionType::Fee, "FEE"),
    (TransactionType::Tax, "TAX"),
    (TransactionType::Deposit, "DEPOSIT"),
    (TransactionType::Withdrawal, "WITHDRAWAL"),
    (TransactionType::CashTransfer, "CASH_TRANSFER"),
    (TransactionType::FxConversion, "FX_CONVERSION"),
    (TransactionType::TransferIn, "TRANSFER_IN"),
    (TransactionType::TransferOut, "TRANSFER_OUT"),
    (TransactionType::Transfer, "TRANSFER"),
    (TransactionType::Split, "SPLIT"),
    (TransactionType::BonusIssue, "BONUS_ISSUE"),
    (TransactionType::SpinOff, "SPIN_OFF"),
    (TransactionType::RightsIssue, "RIGHTS_ISSUE"),
    (TransactionType::RightsExercise, "RIGHTS_EXERCISE"),
    (TransactionType::Merger, "MERGER"),
    (TransactionType::InstrumentChange, "INSTRUMENT_CHANGE"),
    (TransactionType::ReturnOfCapital, "RETURN_OF_CAPITAL"),
    (TransactionType::OptionExpiry, "OPTION_EXPIRY"),
    (TransactionType::OptionExercise, "OPTION_EXERCISE"),
    (TransactionType::OptionAssignment, "OPTION_ASSIGNMENT"),
    (TransactionType::Reversal, "REVERSAL"),
];

impl TransactionType {
    /// The code that the ledger stores.
    pub fn code(self) -> &'static str {
        CODES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, code)| code)
    }

    /// The type that a stored code stands for.
    pub(super) fn of(code: &str) -> Result<Self> {
        let found = CODES.iter().find(|(_, known)| *known == code).map(|(kind, _)| *kind);
        found.ok_or_else(|| ErrorCode::Internal.error("internal error"))
    }
}

/// A row of a portfolio's ledger. Rows are added and never changed: a mistake is reversed, and both rows stay to be seen.
#[derive(Clone)]
pub struct Transaction {
    row: Arc<LedgerRow>,
    known_at: Option<DateTime<Utc>>,
}

impl From<LedgerRow> for Transaction {
    fn from(row: LedgerRow) -> Self {
        Self::known(Arc::new(row), None)
    }
}

impl Transaction {
    /// A row as it stood among what had been recorded at a time.
    pub fn known(row: Arc<LedgerRow>, known_at: Option<DateTime<Utc>>) -> Self {
        Self { row, known_at }
    }

    fn columns(&self) -> RowColumns {
        RowColumns::of(&self.row.activity)
    }

    async fn account_of(&self, ctx: &Context<'_>, id: uuid::Uuid) -> Result<Option<Account>> {
        let accounts = loaders::find(ctx, AccountsKey(self.row.portfolio_id)).await?.unwrap_or_default();
        Ok(accounts.into_iter().find(|account| account.id == id).map(Account::from))
    }
}

pub(super) fn exact(number: Option<rust_decimal::Decimal>) -> Option<Decimal> {
    number.map(|number| Decimal(number.normalize()))
}

pub(super) fn money(amount: Option<rust_decimal::Decimal>, currency: Option<domain::money::Currency>) -> Option<Money> {
    Some(Money::new(amount?, currency?))
}

pub(super) async fn instrument(ctx: &Context<'_>, id: Option<uuid::Uuid>) -> Result<Option<Instrument>> {
    match id {
        Some(id) => Ok(loaders::find(ctx, InstrumentKey(id)).await?.map(Instrument)),
        None => Ok(None),
    }
}

/// A row of a portfolio's ledger. Rows are added and never changed: a mistake is reversed, and both rows stay to be seen.
#[Object]
impl Transaction {
    /// The row's id.
    pub async fn id(&self) -> ID {
        Kind::Transaction.id(self.row.id)
    }

    /// What the row says.
    #[graphql(name = "type")]
    async fn kind(&self) -> Result<TransactionType> {
        TransactionType::of(self.columns().code)
    }

    /// The id of the event that it belongs to: rows of one event were recorded together and are reversed together. A
    /// reversal belongs to the event that it reverses.
    async fn event_id(&self) -> ID {
        Kind::Event.id(self.row.event_id)
    }

    /// The day it counts from: the trade date; of a payment its ex-date, where that is known.
    async fn trade_date(&self) -> Date {
        Date(self.row.trade_date)
    }

    /// The day its cash moves on, where that is another day: until then the amount is a receivable or a payable.
    async fn settlement_date(&self) -> Option<Date> {
        self.row.dates.settlement.map(Date)
    }

    /// The first day that the instrument traded without the payment, where it was given or the market knows it.
    async fn ex_date(&self) -> Option<Date> {
        self.row.dates.ex.map(Date)
    }

    /// The day that the payment is made on, where it was given.
    async fn pay_date(&self) -> Option<Date> {
        self.row.dates.pay.map(Date)
    }

    /// The ex-date of the market's split that the row is, or takes the place of.
    async fn action_ex_date(&self) -> Option<Date> {
        self.row.dates.action_ex.map(Date)
    }

    /// The market's dividend that the row is the payment of; null for other rows, and where the market knows none.
    async fn market_dividend(&self, ctx: &Context<'_>) -> Result<Option<MarketDividend>> {
        match self.row.dates.action {
            Some(id) => Ok(loaders::find(ctx, DividendKey(id)).await?.map(MarketDividend::from)),
            None => Ok(None),
        }
    }

    /// The account that it belongs to.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        self.account_of(ctx, self.row.account_id).await
    }

    /// The account that receives, of a transfer inside the portfolio.
    async fn counter_account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        match self.columns().counter_account {
            Some(id) => self.account_of(ctx, id).await,
            None => Ok(None),
        }
    }

    /// What it is about; nothing where it concerns cash alone.
    async fn instrument(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        instrument(ctx, self.columns().instrument).await
    }

    /// What is received for the instrument or beside it: of spin-offs, rights, mergers and changes of instrument.
    async fn counter_instrument(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        instrument(ctx, self.columns().counter_instrument).await
    }

    /// Units of the instrument, above zero; for bonds the face amount, for options contracts.
    async fn quantity(&self) -> Option<Decimal> {
        exact(self.columns().quantity)
    }

    /// Units received of the counter-instrument, above zero.
    async fn counter_quantity(&self) -> Option<Decimal> {
        exact(self.columns().counter_quantity)
    }

    /// Price as quoted, in `currency`; null where a total was given.
    async fn price(&self) -> Option<Decimal> {
        exact(self.columns().price)
    }

    /// What was paid in all or received in the end, fee and tax inside; null where a price was given.
    async fn total(&self) -> Option<Money> {
        let columns = self.columns();
        money(columns.total, columns.currency)
    }

    /// The gross amount: of a dividend before withholding, of a conversion what was sold, of income in units their value, of a
    /// merger the cash. Above zero but for interest that was paid and charges that were refunded. Null for trades, whose
    /// amount is quantity × price × the instrument's multiplier.
    async fn amount(&self) -> Option<Money> {
        let columns = self.columns();
        money(columns.amount, columns.currency)
    }

    /// The fee that came with it, zero or more.
    async fn fee(&self) -> Option<Money> {
        let columns = self.columns();
        money(columns.fee, columns.currency)
    }

    /// The tax that came with it, zero or more; of a dividend what was withheld.
    async fn tax(&self) -> Option<Money> {
        let columns = self.columns();
        money(columns.tax, columns.currency)
    }

    /// Interest accrued since the last coupon, above zero: paid by a buyer, received by a seller.
    async fn accrued_interest(&self) -> Option<Money> {
        let columns = self.columns();
        money(columns.accrued_interest, columns.currency)
    }

    /// The currency of price, total, amount, fee, tax and accrued interest.
    async fn currency(&self) -> Option<Currency> {
        self.columns().currency.map(Currency)
    }

    /// The conversion that was booked with it.
    async fn settlement(&self) -> Option<Settlement> {
        let columns = self.columns();
        let (currency, rate) = (columns.counter_currency?, columns.settlement_rate?);
        Some(Settlement { currency: Currency(currency), rate: Decimal(rate.normalize()) })
    }

    /// What a conversion brought.
    async fn bought(&self) -> Option<Money> {
        let columns = self.columns();
        money(columns.counter_amount, columns.counter_currency)
    }

    /// The ratio of a split, or of the exchange in a merger.
    async fn ratio(&self) -> Option<SplitRatio> {
        let columns = self.columns();
        SplitRatio::new(columns.ratio_numerator, columns.ratio_denominator)
    }

    /// The part of the cost, 0 to 1, that went with what was received or was set against the cash.
    async fn cost_fraction(&self) -> Option<Decimal> {
        exact(self.columns().cost_fraction)
    }

    /// The price of a received unit on the day, in its own currency, where a merger was taxed by it.
    async fn received_price(&self) -> Option<Decimal> {
        exact(self.columns().counter_price)
    }

    /// The day that units from outside were first bought on, where it is known.
    async fn opened_on(&self) -> Option<Date> {
        self.columns().opened_on.map(Date)
    }

    /// The lots that were chosen; empty where the lot method chose.
    async fn lots(&self) -> Vec<LotPick> {
        self.columns().lots.iter().map(LotPick::from).collect()
    }

    /// The id of the row that no longer counts because of this one; for a reversal.
    async fn reverses_id(&self) -> Option<ID> {
        match self.row.activity {
            Activity::Reversal { of } => Some(Kind::Transaction.id(of)),
            Activity::Event(_) => None,
        }
    }

    /// The id of the reversal because of which this row no longer counts; below a portfolio with `knownAt`, of one that had
    /// been recorded then.
    async fn reversed_by_id(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        Ok(loaders::find(ctx, ReversalKey(self.row.id, self.known_at)).await?.map(|id| Kind::Transaction.id(id)))
    }

    /// The id of the row that no longer counts because this one stands in its place; for a correction.
    async fn supersedes_id(&self) -> Option<ID> {
        self.row.supersedes.map(|id| Kind::Transaction.id(id))
    }

    /// The id of the correction that stands in the place of this row, which no longer counts; below a portfolio with `knownAt`,
    /// of one that had been recorded then.
    async fn superseded_by_id(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        Ok(loaders::find(ctx, CorrectionKey(self.row.id, self.known_at)).await?.map(|id| Kind::Transaction.id(id)))
    }

    /// What it disposed of, lot by lot in the order in which the lots were used, as the portfolio's whole ledger is booked today, in the
    /// portfolio's base currency; empty for a transaction that closes no lot. Not wash-sale adjusted. Null where it cannot be
    /// read: see the errors.
    async fn disposals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default = 20)] first: i32,
        #[graphql(desc = "The cursor after which to go on.")] after: Option<String>,
    ) -> Result<Option<LotMatchConnection>> {
        let Some(portfolio) = loaders::find(ctx, PortfolioKey(self.row.portfolio_id)).await? else {
            return Ok(None);
        };
        let as_of = Operation::of(ctx).services.environment.clock.today();
        let books = Books::as_of(ctx, View::new(&portfolio, None), as_of).await?;
        let matches = loaders::find(ctx, SaleMatchesKey(self.row.id)).await?.unwrap_or_default();
        lot_match::listed(ctx, &books, matches, first, after.as_deref()).await.map(Some)
    }

    /// The source's own id for it.
    async fn external_id(&self) -> Option<&str> {
        self.row.external_id.as_deref()
    }

    /// A remark.
    async fn note(&self) -> Option<&str> {
        self.row.note.as_deref()
    }

    /// When it was recorded.
    async fn recorded_at(&self) -> Instant {
        Instant(self.row.recorded_at)
    }
}

/// A conversion that was booked together with a transaction.
#[derive(Clone, Debug, SimpleObject)]
pub struct Settlement {
    /// The currency that the cash moved in; of a deposit or withdrawal the one that it counted in.
    currency: Currency,
    /// One unit of the transaction's currency in units of this one.
    rate: Decimal,
}

/// A lot that was chosen, by what was given of it.
#[derive(Clone, Debug, SimpleObject)]
pub struct LotPick {
    /// The id of the transaction that opened it.
    transaction_id: Option<ID>,
    /// The day it was opened on.
    opened_on: Option<Date>,
    /// Its cost per unit in the instrument's currency.
    unit_cost: Option<Decimal>,
    /// How many units of it.
    quantity: Option<Decimal>,
}

impl From<&domain::ledger::LotPick> for LotPick {
    fn from(pick: &domain::ledger::LotPick) -> Self {
        Self {
            transaction_id: pick.lot.map(|lot| Kind::Transaction.id(lot.uuid())),
            opened_on: pick.opened_on.map(Date),
            unit_cost: exact(pick.unit_cost),
            quantity: exact(pick.quantity),
        }
    }
}

/// `denominator` old units became `numerator` new ones.
#[derive(Clone, Debug, SimpleObject)]
pub struct SplitRatio {
    /// Units after.
    numerator: Decimal,
    /// Units before.
    denominator: Decimal,
}

impl SplitRatio {
    /// The ratio, where both numbers are there.
    pub(super) fn new(
        numerator: Option<rust_decimal::Decimal>,
        denominator: Option<rust_decimal::Decimal>,
    ) -> Option<Self> {
        Some(Self { numerator: exact(numerator)?, denominator: exact(denominator)? })
    }
}

connection!(TransactionConnection, TransactionEdge, Transaction, "a portfolio's ledger, the latest trade date first");

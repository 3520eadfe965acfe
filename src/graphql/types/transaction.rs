//! Rows of a portfolio's ledger.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ledger::TransactionKind;

use super::account::Account;
use super::instrument::Instrument;
use super::lot::Books;
use super::lot_match::{self, LotMatchConnection};
use super::money::Money;
use crate::graphql::connection::connection;
use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::loaders::{self, AccountsKey, InstrumentKey, PortfolioKey, ReversalKey, SaleMatchesKey};
use crate::graphql::scalars::{Currency, Date, Decimal};
use crate::services::lot::Standing;
use crate::services::valuation::View;
use crate::storage::transaction::{Activity, LedgerRow};

/// What a row of the ledger says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum TransactionType {
    /// Opens a lot; cash goes out.
    Buy,
    /// Closes lots; cash comes in.
    Sell,
    /// A payment on a holding.
    Dividend,
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
    /// Old units become new ones.
    Split,
    /// One currency for another inside the account.
    FxConversion,
    /// An earlier row no longer counts.
    Reversal,
}

impl TransactionType {
    /// The code that the ledger stores.
    pub fn code(self) -> &'static str {
        match self {
            Self::Buy => "BUY",
            Self::Sell => "SELL",
            Self::Dividend => "DIVIDEND",
            Self::Interest => "INTEREST",
            Self::Fee => "FEE",
            Self::Tax => "TAX",
            Self::Deposit => "DEPOSIT",
            Self::Withdrawal => "WITHDRAWAL",
            Self::Split => "SPLIT",
            Self::FxConversion => "FX_CONVERSION",
            Self::Reversal => "REVERSAL",
        }
    }

    fn of(activity: &Activity) -> Self {
        match activity {
            Activity::Reversal { .. } => Self::Reversal,
            Activity::Event(kind) => match kind {
                TransactionKind::Buy(_) => Self::Buy,
                TransactionKind::Sell(_) => Self::Sell,
                TransactionKind::Dividend { .. } => Self::Dividend,
                TransactionKind::Interest { .. } => Self::Interest,
                TransactionKind::Fee { .. } => Self::Fee,
                TransactionKind::Tax { .. } => Self::Tax,
                TransactionKind::Deposit(_) => Self::Deposit,
                TransactionKind::Withdrawal(_) => Self::Withdrawal,
                TransactionKind::Split { .. } => Self::Split,
                TransactionKind::FxConversion(_) => Self::FxConversion,
                _ => Self::Reversal,
            },
        }
    }
}

/// A row of a portfolio's ledger. Rows are added and never changed: a mistake is reversed, and both rows stay to be seen.
#[derive(Clone)]
pub struct Transaction(pub Arc<LedgerRow>);

impl From<LedgerRow> for Transaction {
    fn from(row: LedgerRow) -> Self {
        Self(Arc::new(row))
    }
}

/// What a row holds beside its type, each only where the type has it.
#[derive(Default)]
struct Figures {
    quantity: Option<rust_decimal::Decimal>,
    price: Option<rust_decimal::Decimal>,
    amount: Option<rust_decimal::Decimal>,
    fee: Option<rust_decimal::Decimal>,
    tax: Option<rust_decimal::Decimal>,
    currency: Option<domain::money::Currency>,
    bought: Option<Money>,
}

impl Transaction {
    fn figures(&self) -> Figures {
        let Activity::Event(kind) = &self.0.activity else {
            return Figures::default();
        };
        let cash = |amount, currency| Figures { amount: Some(amount), currency: Some(currency), ..Figures::default() };
        match kind {
            TransactionKind::Buy(trade) | TransactionKind::Sell(trade) => Figures {
                quantity: Some(trade.quantity),
                price: trade.price(),
                fee: Some(trade.fee),
                tax: Some(trade.tax),
                currency: Some(trade.currency),
                ..Figures::default()
            },
            &TransactionKind::Dividend { amount, withheld, fee, currency, .. } => {
                Figures { tax: Some(withheld), fee: Some(fee), ..cash(amount, currency) }
            }
            &TransactionKind::Interest { amount, tax, currency, .. } => {
                Figures { tax: Some(tax), ..cash(amount, currency) }
            }
            &TransactionKind::Fee { amount, currency, .. } | &TransactionKind::Tax { amount, currency, .. } => {
                cash(amount, currency)
            }
            TransactionKind::Deposit(moved) | TransactionKind::Withdrawal(moved) => cash(moved.amount, moved.currency),
            TransactionKind::FxConversion(conversion) => Figures {
                fee: Some(conversion.fee),
                bought: Some(Money::new(conversion.bought_amount, conversion.bought_currency)),
                ..cash(conversion.sold_amount, conversion.sold_currency)
            },
            _ => Figures::default(),
        }
    }

    fn money(&self, amount: Option<rust_decimal::Decimal>) -> Option<Money> {
        Some(Money::new(amount?, self.figures().currency?))
    }
}

/// A row of a portfolio's ledger. Rows are added and never changed: a mistake is reversed, and both rows stay to be seen.
#[Object]
impl Transaction {
    /// The row's id.
    pub async fn id(&self) -> ID {
        Kind::Transaction.id(self.0.id)
    }

    /// What the row says.
    #[graphql(name = "type")]
    async fn kind(&self) -> TransactionType {
        TransactionType::of(&self.0.activity)
    }

    /// The day it counts from.
    async fn trade_date(&self) -> Date {
        Date(self.0.trade_date)
    }

    /// The account that it belongs to.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        let accounts = loaders::find(ctx, AccountsKey(self.0.portfolio_id)).await?.unwrap_or_default();
        Ok(accounts.into_iter().find(|account| account.id == self.0.account_id).map(Account::from))
    }

    /// What it is about, for trades, dividends, coupons and splits.
    async fn instrument(&self, ctx: &Context<'_>) -> Result<Option<Instrument>> {
        let Activity::Event(kind) = &self.0.activity else {
            return Ok(None);
        };
        match kind.instrument() {
            Some(id) => Ok(loaders::find(ctx, InstrumentKey(id.uuid())).await?.map(Instrument)),
            None => Ok(None),
        }
    }

    /// Units traded, above zero; for bonds the face amount.
    async fn quantity(&self) -> Option<Decimal> {
        self.figures().quantity.map(|quantity| Decimal(quantity.normalize()))
    }

    /// Price as quoted, in `currency`.
    async fn price(&self) -> Option<Decimal> {
        self.figures().price.map(|price| Decimal(price.normalize()))
    }

    /// The gross amount: of a dividend before withholding, of a conversion what was sold. Above zero but for interest
    /// that was paid. Null for trades, whose amount is quantity × price × the instrument's multiplier.
    async fn amount(&self) -> Option<Money> {
        self.money(self.figures().amount)
    }

    /// The fee that came with it, zero or more.
    async fn fee(&self) -> Option<Money> {
        self.money(self.figures().fee)
    }

    /// The tax that came with it, zero or more; of a dividend what was withheld.
    async fn tax(&self) -> Option<Money> {
        self.money(self.figures().tax)
    }

    /// The currency of price, amount, fee and tax.
    async fn currency(&self) -> Option<Currency> {
        self.figures().currency.map(Currency)
    }

    /// What a conversion brought.
    async fn bought(&self) -> Option<Money> {
        self.figures().bought
    }

    /// The ratio of a split.
    async fn ratio(&self) -> Option<SplitRatio> {
        match &self.0.activity {
            Activity::Event(TransactionKind::Split { numerator, denominator, .. }) => Some(SplitRatio {
                numerator: Decimal(numerator.normalize()),
                denominator: Decimal(denominator.normalize()),
            }),
            _ => None,
        }
    }

    /// The id of the row that no longer counts because of this one; for a reversal.
    async fn reverses_id(&self) -> Option<ID> {
        match self.0.activity {
            Activity::Reversal { of } => Some(Kind::Transaction.id(of)),
            Activity::Event(_) => None,
        }
    }

    /// The id of the reversal because of which this row no longer counts.
    async fn reversed_by_id(&self, ctx: &Context<'_>) -> Result<Option<ID>> {
        Ok(loaders::find(ctx, ReversalKey(self.0.id)).await?.map(|id| Kind::Transaction.id(id)))
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
        let Some(portfolio) = loaders::find(ctx, PortfolioKey(self.0.portfolio_id)).await? else {
            return Ok(None);
        };
        let as_of = Operation::of(ctx).services.environment.clock.today();
        let books = Books { view: View::new(&portfolio, None), as_of, standing: Standing::Stored };
        let matches = loaders::find(ctx, SaleMatchesKey(self.0.id)).await?.unwrap_or_default();
        lot_match::listed(ctx, &Arc::new(books), matches, first, after.as_deref()).await.map(Some)
    }

    /// The source's own id for it.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// A remark.
    async fn note(&self) -> Option<&str> {
        self.0.note.as_deref()
    }

    /// When it was recorded.
    async fn recorded_at(&self) -> DateTime<Utc> {
        self.0.recorded_at
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

connection!(TransactionConnection, TransactionEdge, Transaction, "a portfolio's ledger, the latest trade date first");

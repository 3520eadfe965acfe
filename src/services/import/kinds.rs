//! What a row of each type says.

use domain::id::{AccountId, InstrumentId};
use domain::ledger::{
    Boot, BootTreatment, CashMovement, Conversion, Detachment, Exchange, FxConversion, InKindSource, Merger,
    OptionEvent, RightsExercise, Trade, TradeValue, TransactionKind,
};
use domain::money::Currency;
use rust_decimal::Decimal;

use super::RowError;
use super::csv_rows::ParsedRow;
use crate::services::transaction::Days;

/// What the names in a row stand for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named {
    pub instrument: Option<InstrumentId>,
    /// The instrument's currency.
    pub currency: Option<Currency>,
    pub counter_instrument: Option<InstrumentId>,
    pub counter_account: Option<AccountId>,
}

const TRADE: &[&str] = &[
    "symbol",
    "quantity",
    "price",
    "total",
    "fee",
    "tax",
    "accrued_interest",
    "currency",
    "counter_currency",
    "settlement_rate",
    "settlement_date",
    "lots",
];
const CASH: &[&str] = &["amount", "fee", "currency", "counter_currency", "settlement_rate", "settlement_date"];
const IN_KIND: &[&str] = &["symbol", "quantity", "amount", "currency"];
const DETACHMENT: &[&str] = &["symbol", "counter_symbol", "counter_quantity", "cost_fraction"];
const OPTION: &[&str] = &["symbol", "quantity", "fee", "tax", "settlement_date"];

/// The cells that a type may have beside those that every type has.
fn allowed(kind: &str) -> Option<&'static [&'static str]> {
    Some(match kind {
        "BUY" | "SELL" | "SHORT_SELL" | "COVER" | "MATURITY" | "CALL" => TRADE,
        "DIVIDEND" => {
            &["symbol", "amount", "fee", "tax", "currency", "settlement_date", "ex_date", "pay_date", "decision"]
        }
        "INTEREST" => &["symbol", "amount", "tax", "currency", "settlement_date", "ex_date", "pay_date"],
        "RETURN_OF_CAPITAL" => &["symbol", "amount", "currency", "settlement_date", "ex_date", "pay_date"],
        "STOCK_DIVIDEND" | "STAKING" | "AIRDROP" => IN_KIND,
        "FEE" | "TAX" => &["symbol", "amount", "currency", "settlement_date"],
        "DEPOSIT" | "WITHDRAWAL" => CASH,
        "CASH_TRANSFER" => &["amount", "currency", "counter_account", "settlement_date"],
        "FX_CONVERSION" => &["amount", "fee", "currency", "counter_amount", "counter_currency", "settlement_date"],
        "TRANSFER_IN" => &[
            "symbol",
            "quantity",
            "price",
            "total",
            "fee",
            "tax",
            "currency",
            "counter_currency",
            "settlement_rate",
            "settlement_date",
            "opened_on",
        ],
        "TRANSFER_OUT" => &["symbol", "quantity", "fee", "currency", "settlement_date", "lots"],
        "TRANSFER" => &["symbol", "quantity", "counter_account", "lots"],
        "SPLIT" => &["symbol", "ratio", "decision"],
        "BONUS_ISSUE" | "OPTION_EXPIRY" => &["symbol", "quantity"],
        "SPIN_OFF" | "RIGHTS_ISSUE" => DETACHMENT,
        "RIGHTS_EXERCISE" => &[
            "symbol",
            "quantity",
            "counter_symbol",
            "counter_quantity",
            "amount",
            "fee",
            "currency",
            "settlement_date",
        ],
        "MERGER" => &[
            "symbol",
            "counter_symbol",
            "ratio",
            "amount",
            "currency",
            "cost_fraction",
            "counter_price",
            "settlement_date",
        ],
        "INSTRUMENT_CHANGE" => &["symbol", "counter_symbol"],
        "OPTION_EXERCISE" | "OPTION_ASSIGNMENT" => OPTION,
        _ => return None,
    })
}

impl ParsedRow {
    /// The days of the transaction.
    pub(super) fn days(&self) -> Days {
        Days { trade: self.date, settlement: self.settlement_date, ex: self.ex_date, pay: self.pay_date }
    }

    /// The transaction, with what its names stand for.
    pub(super) fn kind(&self, named: &Named) -> Result<TransactionKind, RowError> {
        let allowed = allowed(&self.kind)
            .ok_or_else(|| self.error("type", format!("\"{}\" is no type of transaction", self.kind)))?;
        self.refuse_other_cells(allowed)?;
        let (fee, tax) = (self.fee.unwrap_or_default(), self.tax.unwrap_or_default());
        let instrument = || self.need(named.instrument, "symbol");
        let amount = || self.need(self.amount, "amount");
        let currency = || self.need(self.currency, "currency");
        let quantity = || self.need(self.quantity, "quantity");
        Ok(match self.kind.as_str() {
            "BUY" => TransactionKind::Buy(self.trade(named)?),
            "SELL" => TransactionKind::Sell(self.trade(named)?),
            "SHORT_SELL" => TransactionKind::ShortSell(self.trade(named)?),
            "COVER" => TransactionKind::Cover(self.trade(named)?),
            "MATURITY" => TransactionKind::Maturity(self.trade(named)?),
            "CALL" => TransactionKind::Call(self.trade(named)?),
            "DIVIDEND" => TransactionKind::Dividend {
                instrument: instrument()?,
                amount: amount()?,
                withheld: tax,
                fee,
                currency: currency()?,
            },
            "STOCK_DIVIDEND" => self.in_kind(InKindSource::StockDividend, named)?,
            "STAKING" => self.in_kind(InKindSource::Staking, named)?,
            "AIRDROP" => self.in_kind(InKindSource::Airdrop, named)?,
            "INTEREST" => TransactionKind::Interest {
                amount: amount()?,
                tax,
                currency: currency()?,
                instrument: named.instrument,
            },
            "FEE" => TransactionKind::Fee { amount: amount()?, currency: currency()?, instrument: named.instrument },
            "TAX" => TransactionKind::Tax { amount: amount()?, currency: currency()?, instrument: named.instrument },
            "DEPOSIT" => TransactionKind::Deposit(self.cash()?),
            "WITHDRAWAL" => TransactionKind::Withdrawal(self.cash()?),
            "CASH_TRANSFER" => {
                let to = self.need(named.counter_account, "counter_account")?;
                TransactionKind::CashTransfer { amount: amount()?, currency: currency()?, to }
            }
            "FX_CONVERSION" => TransactionKind::FxConversion(FxConversion {
                sold_amount: amount()?,
                sold_currency: currency()?,
                bought_amount: self.need(self.counter_amount, "counter_amount")?,
                bought_currency: self.need(self.counter_currency, "counter_currency")?,
                fee,
            }),
            "TRANSFER_IN" => TransactionKind::TransferIn { trade: self.delivery(named)?, opened_on: self.opened_on },
            "TRANSFER_OUT" => TransactionKind::TransferOut {
                instrument: instrument()?,
                quantity: quantity()?,
                fee,
                // Without a fee there is nothing that a currency would be of.
                currency: match self.currency.or(named.currency.filter(|_| fee.is_zero())) {
                    Some(currency) => currency,
                    None => currency()?,
                },
                lots: self.lots.clone(),
            },
            "TRANSFER" => {
                let to = self.need(named.counter_account, "counter_account")?;
                let lots = self.lots.clone();
                TransactionKind::Transfer { instrument: instrument()?, quantity: quantity()?, to, lots }
            }
            "SPLIT" => {
                let (numerator, denominator) = self.need(self.ratio, "ratio")?;
                TransactionKind::Split { instrument: instrument()?, numerator, denominator }
            }
            "BONUS_ISSUE" => TransactionKind::BonusIssue { instrument: instrument()?, quantity: quantity()? },
            "SPIN_OFF" => TransactionKind::SpinOff(self.detachment(named)?),
            "RIGHTS_ISSUE" => TransactionKind::RightsIssue(self.detachment(named)?),
            "RIGHTS_EXERCISE" => TransactionKind::RightsExercise(RightsExercise {
                instrument: instrument()?,
                quantity: quantity()?,
                into: self.need(named.counter_instrument, "counter_symbol")?,
                received: self.need(self.counter_quantity, "counter_quantity")?,
                amount: amount()?,
                fee,
                currency: currency()?,
            }),
            "MERGER" => TransactionKind::Merger(self.merger(named)?),
            "INSTRUMENT_CHANGE" => {
                let into = self.need(named.counter_instrument, "counter_symbol")?;
                TransactionKind::InstrumentChange { instrument: instrument()?, into }
            }
            "RETURN_OF_CAPITAL" => {
                TransactionKind::ReturnOfCapital { instrument: instrument()?, amount: amount()?, currency: currency()? }
            }
            "OPTION_EXPIRY" => TransactionKind::OptionExpiry { instrument: instrument()?, quantity: quantity()? },
            "OPTION_EXERCISE" => {
                let event = OptionEvent { instrument: instrument()?, quantity: quantity()?, fee, tax };
                TransactionKind::OptionExercise(event)
            }
            // The last of the types that have cells.
            _ => {
                let event = OptionEvent { instrument: instrument()?, quantity: quantity()?, fee, tax };
                TransactionKind::OptionAssignment(event)
            }
        })
    }

    fn trade(&self, named: &Named) -> Result<Trade, RowError> {
        let value = match (self.price, self.total) {
            (None, Some(total)) => TradeValue::Total(total),
            (price, None) => TradeValue::Price(self.need(price, "price")?),
            (Some(_), Some(_)) => {
                return Err(self.error("total", format!("a {} has a price or a total, not both", self.kind)));
            }
        };
        Ok(Trade {
            instrument: self.need(named.instrument, "symbol")?,
            quantity: self.need(self.quantity, "quantity")?,
            value,
            fee: self.fee.unwrap_or_default(),
            tax: self.tax.unwrap_or_default(),
            accrued_interest: self.accrued_interest.unwrap_or_default(),
            currency: self.need(self.currency, "currency")?,
            conversion: self.conversion()?,
            lots: self.lots.clone(),
        })
    }

    /// What arrives from outside. As the second row of a transfer between accounts it needs no cost: the lots bring theirs.
    fn delivery(&self, named: &Named) -> Result<Trade, RowError> {
        if self.event_id.is_none() || self.price.is_some() || self.total.is_some() {
            return self.trade(named);
        }
        let currency = self.need(self.currency.or(named.currency), "currency")?;
        let (instrument, quantity) = (self.need(named.instrument, "symbol")?, self.need(self.quantity, "quantity")?);
        let trade = Trade::at_price(instrument, quantity, Decimal::ZERO, currency);
        Ok(Trade { fee: self.fee.unwrap_or_default(), tax: self.tax.unwrap_or_default(), ..trade })
    }

    fn conversion(&self) -> Result<Option<Conversion>, RowError> {
        match (self.counter_currency, self.settlement_rate) {
            (None, None) => Ok(None),
            (currency, rate) => {
                let currency = self.need(currency, "counter_currency")?;
                Ok(Some(Conversion { currency, rate: self.need(rate, "settlement_rate")? }))
            }
        }
    }

    fn cash(&self) -> Result<CashMovement, RowError> {
        let amount = self.need(self.amount, "amount")?;
        let moved = CashMovement::new(amount, self.need(self.currency, "currency")?);
        Ok(CashMovement { fee: self.fee.unwrap_or_default(), conversion: self.conversion()?, ..moved })
    }

    fn in_kind(&self, source: InKindSource, named: &Named) -> Result<TransactionKind, RowError> {
        Ok(TransactionKind::InKindIncome {
            source,
            instrument: self.need(named.instrument, "symbol")?,
            quantity: self.need(self.quantity, "quantity")?,
            value: self.need(self.amount, "amount")?,
            currency: self.need(self.currency, "currency")?,
        })
    }

    fn detachment(&self, named: &Named) -> Result<Detachment, RowError> {
        Ok(Detachment {
            instrument: self.need(named.instrument, "symbol")?,
            child: self.need(named.counter_instrument, "counter_symbol")?,
            quantity: self.need(self.counter_quantity, "counter_quantity")?,
            cost_fraction: self.need(self.cost_fraction, "cost_fraction")?,
        })
    }

    fn merger(&self, named: &Named) -> Result<Merger, RowError> {
        let into = match named.counter_instrument {
            Some(instrument) => {
                let (numerator, denominator) = self.need(self.ratio, "ratio")?;
                Some(Exchange { instrument, numerator, denominator })
            }
            None if self.ratio.is_some() => {
                return Err(self.error("counter_symbol", "of what is the ratio?".to_owned()));
            }
            None => None,
        };
        let cash = match self.amount {
            Some(amount) => Some(Boot {
                amount,
                currency: self.need(self.currency, "currency")?,
                treatment: self.treatment(into.is_some())?,
            }),
            None => None,
        };
        Ok(Merger { instrument: self.need(named.instrument, "symbol")?, into, cash })
    }

    fn treatment(&self, beside_units: bool) -> Result<BootTreatment, RowError> {
        match (self.cost_fraction, self.counter_price, beside_units) {
            (Some(cost_fraction), None, true) => Ok(BootTreatment::PartialSale { cost_fraction }),
            (None, Some(price), true) => Ok(BootTreatment::GainUpToCash { price }),
            (None, None, false) => Ok(BootTreatment::PartialSale { cost_fraction: Decimal::ONE }),
            (_, _, true) => {
                Err(self
                    .error("cost_fraction", "cash beside units needs a cost_fraction or a counter_price".to_owned()))
            }
            (_, _, false) => {
                Err(self
                    .error("cost_fraction", "cash for all units needs no cost_fraction or counter_price".to_owned()))
            }
        }
    }
}

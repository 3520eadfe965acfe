//! Which columns of a ledger row each type fills.

use chrono::NaiveDate;
use domain::ledger::{
    BootTreatment, Conversion, Detachment, InKindSource, LotPick, Merger, OptionEvent, Trade, TransactionKind,
};
use domain::money::Currency;
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::{Activity, LedgerRow, lots};

/// What a row says, column by column; `None` is NULL.
#[derive(Clone, Debug, Default)]
pub struct RowColumns {
    /// The type's code.
    pub code: &'static str,
    /// The row that no longer counts.
    pub reverses_id: Option<Uuid>,
    /// What it is about.
    pub instrument: Option<Uuid>,
    /// Units of it.
    pub quantity: Option<Decimal>,
    /// Price as quoted.
    pub price: Option<Decimal>,
    /// What was paid or received in all, in place of a price.
    pub total: Option<Decimal>,
    /// Gross amount of what is no trade.
    pub amount: Option<Decimal>,
    /// Fee.
    pub fee: Option<Decimal>,
    /// Tax.
    pub tax: Option<Decimal>,
    /// Interest accrued, beside the value.
    pub accrued_interest: Option<Decimal>,
    /// The currency of all of these.
    pub currency: Option<Currency>,
    /// What a conversion brought.
    pub counter_amount: Option<Decimal>,
    /// Its currency; beside `settlement_rate` that of the booked conversion.
    pub counter_currency: Option<Currency>,
    /// One unit of `currency` in units of `counter_currency`.
    pub settlement_rate: Option<Decimal>,
    /// Units after, or received …
    pub ratio_numerator: Option<Decimal>,
    /// … for so many before, or given.
    pub ratio_denominator: Option<Decimal>,
    /// The account that receives.
    pub counter_account: Option<Uuid>,
    /// The instrument that is received.
    pub counter_instrument: Option<Uuid>,
    /// Units of it.
    pub counter_quantity: Option<Decimal>,
    /// The price of a unit of it on the day.
    pub counter_price: Option<Decimal>,
    /// The part of the cost that goes with what is received.
    pub cost_fraction: Option<Decimal>,
    /// The day that units from outside were first bought on.
    pub opened_on: Option<NaiveDate>,
    /// The lots that the holder chose.
    pub lots: Vec<LotPick>,
}

impl RowColumns {
    /// The columns of an activity.
    pub fn of(activity: &Activity) -> Self {
        match activity {
            Activity::Reversal { of } => Self { reverses_id: Some(*of), ..Self::bare("REVERSAL") },
            Activity::Event(kind) => Self::of_event(kind),
        }
    }

    fn of_event(kind: &TransactionKind) -> Self {
        match kind {
            TransactionKind::Buy(trade) => Self::trade("BUY", trade),
            TransactionKind::Sell(trade) => Self::trade("SELL", trade),
            TransactionKind::ShortSell(trade) => Self::trade("SHORT_SELL", trade),
            TransactionKind::Cover(trade) => Self::trade("COVER", trade),
            TransactionKind::Maturity(trade) => Self::trade("MATURITY", trade),
            TransactionKind::Call(trade) => Self::trade("CALL", trade),
            TransactionKind::TransferIn { trade, opened_on } => {
                Self { opened_on: *opened_on, ..Self::trade("TRANSFER_IN", trade) }
            }
            &TransactionKind::Dividend { instrument, amount, withheld, fee, currency } => {
                let cash = Self::cash("DIVIDEND", amount, currency);
                Self { instrument: Some(instrument.uuid()), tax: Some(withheld), fee: Some(fee), ..cash }
            }
            &TransactionKind::InKindIncome { source, instrument, quantity, value, currency } => {
                let cash = Self::cash(of_source(source), value, currency);
                Self { instrument: Some(instrument.uuid()), quantity: Some(quantity), ..cash }
            }
            &TransactionKind::Interest { amount, tax, currency, instrument } => {
                let cash = Self::cash("INTEREST", amount, currency);
                Self { instrument: instrument.map(|id| id.uuid()), tax: Some(tax), ..cash }
            }
            &TransactionKind::Fee { amount, currency, instrument } => {
                Self { instrument: instrument.map(|id| id.uuid()), ..Self::cash("FEE", amount, currency) }
            }
            &TransactionKind::Tax { amount, currency, instrument } => {
                Self { instrument: instrument.map(|id| id.uuid()), ..Self::cash("TAX", amount, currency) }
            }
            TransactionKind::Deposit(moved) => {
                let cash = Self::cash("DEPOSIT", moved.amount, moved.currency);
                Self { fee: Some(moved.fee), ..cash.converted(moved.conversion) }
            }
            TransactionKind::Withdrawal(moved) => {
                let cash = Self::cash("WITHDRAWAL", moved.amount, moved.currency);
                Self { fee: Some(moved.fee), ..cash.converted(moved.conversion) }
            }
            &TransactionKind::CashTransfer { amount, currency, to } => {
                Self { counter_account: Some(to.uuid()), ..Self::cash("CASH_TRANSFER", amount, currency) }
            }
            TransactionKind::FxConversion(conversion) => Self {
                counter_amount: Some(conversion.bought_amount),
                counter_currency: Some(conversion.bought_currency),
                fee: Some(conversion.fee),
                ..Self::cash("FX_CONVERSION", conversion.sold_amount, conversion.sold_currency)
            },
            TransactionKind::TransferOut { instrument, quantity, fee, currency, lots } => Self {
                fee: Some(*fee),
                currency: Some(*currency),
                lots: lots.clone(),
                ..Self::units("TRANSFER_OUT", instrument.uuid(), *quantity)
            },
            TransactionKind::Transfer { instrument, quantity, to, lots } => Self {
                counter_account: Some(to.uuid()),
                lots: lots.clone(),
                ..Self::units("TRANSFER", instrument.uuid(), *quantity)
            },
            _ => Self::of_corporate_action(kind),
        }
    }

    fn of_corporate_action(kind: &TransactionKind) -> Self {
        match kind {
            &TransactionKind::Split { instrument, numerator, denominator } => {
                Self { instrument: Some(instrument.uuid()), ..Self::bare("SPLIT") }.with_ratio(numerator, denominator)
            }
            &TransactionKind::BonusIssue { instrument, quantity } => {
                Self::units("BONUS_ISSUE", instrument.uuid(), quantity)
            }
            TransactionKind::SpinOff(detachment) => Self::detachment("SPIN_OFF", detachment),
            TransactionKind::RightsIssue(detachment) => Self::detachment("RIGHTS_ISSUE", detachment),
            TransactionKind::RightsExercise(exercise) => Self {
                quantity: Some(exercise.quantity),
                instrument: Some(exercise.instrument.uuid()),
                counter_instrument: Some(exercise.into.uuid()),
                counter_quantity: Some(exercise.received),
                fee: Some(exercise.fee),
                ..Self::cash("RIGHTS_EXERCISE", exercise.amount, exercise.currency)
            },
            TransactionKind::Merger(merger) => Self::merger(merger),
            TransactionKind::InstrumentChange { instrument, into } => Self {
                instrument: Some(instrument.uuid()),
                counter_instrument: Some(into.uuid()),
                ..Self::bare("INSTRUMENT_CHANGE")
            },
            &TransactionKind::ReturnOfCapital { instrument, amount, currency } => {
                Self { instrument: Some(instrument.uuid()), ..Self::cash("RETURN_OF_CAPITAL", amount, currency) }
            }
            &TransactionKind::OptionExpiry { instrument, quantity } => {
                Self::units("OPTION_EXPIRY", instrument.uuid(), quantity)
            }
            TransactionKind::OptionExercise(event) => Self::option("OPTION_EXERCISE", event),
            TransactionKind::OptionAssignment(event) => Self::option("OPTION_ASSIGNMENT", event),
            // The other types are no corporate actions.
            _ => Self::default(),
        }
    }

    fn bare(code: &'static str) -> Self {
        Self { code, ..Self::default() }
    }

    fn cash(code: &'static str, amount: Decimal, currency: Currency) -> Self {
        Self { amount: Some(amount), currency: Some(currency), ..Self::bare(code) }
    }

    fn units(code: &'static str, instrument: Uuid, quantity: Decimal) -> Self {
        Self { instrument: Some(instrument), quantity: Some(quantity), ..Self::bare(code) }
    }

    fn trade(code: &'static str, trade: &Trade) -> Self {
        let columns = Self {
            price: trade.price(),
            total: trade.total(),
            fee: Some(trade.fee),
            tax: Some(trade.tax),
            accrued_interest: Some(trade.accrued_interest).filter(|accrued| !accrued.is_zero()),
            currency: Some(trade.currency),
            lots: trade.lots.clone(),
            ..Self::units(code, trade.instrument.uuid(), trade.quantity)
        };
        columns.converted(trade.conversion)
    }

    fn detachment(code: &'static str, detachment: &Detachment) -> Self {
        Self {
            instrument: Some(detachment.instrument.uuid()),
            counter_instrument: Some(detachment.child.uuid()),
            counter_quantity: Some(detachment.quantity),
            cost_fraction: Some(detachment.cost_fraction),
            ..Self::bare(code)
        }
    }

    fn merger(merger: &Merger) -> Self {
        let mut columns = match merger.cash {
            Some(boot) => Self::cash("MERGER", boot.amount, boot.currency),
            None => Self::bare("MERGER"),
        };
        columns.instrument = Some(merger.instrument.uuid());
        match merger.cash.map(|boot| boot.treatment) {
            Some(BootTreatment::PartialSale { cost_fraction }) => columns.cost_fraction = Some(cost_fraction),
            Some(BootTreatment::GainUpToCash { price }) => columns.counter_price = Some(price),
            None => {}
        }
        match merger.into {
            Some(exchange) => Self { counter_instrument: Some(exchange.instrument.uuid()), ..columns }
                .with_ratio(exchange.numerator, exchange.denominator),
            None => columns,
        }
    }

    fn option(code: &'static str, event: &OptionEvent) -> Self {
        Self {
            fee: Some(event.fee),
            tax: Some(event.tax),
            ..Self::units(code, event.instrument.uuid(), event.quantity)
        }
    }

    fn with_ratio(self, numerator: Decimal, denominator: Decimal) -> Self {
        Self { ratio_numerator: Some(numerator), ratio_denominator: Some(denominator), ..self }
    }

    fn converted(self, conversion: Option<Conversion>) -> Self {
        Self {
            counter_currency: conversion.map(|booked| booked.currency),
            settlement_rate: conversion.map(|booked| booked.rate),
            ..self
        }
    }
}

fn of_source(source: InKindSource) -> &'static str {
    match source {
        InKindSource::StockDividend => "STOCK_DIVIDEND",
        InKindSource::Staking => "STAKING",
        InKindSource::Airdrop => "AIRDROP",
    }
}

/// A row by the names of the ledger's columns, as [`super::held`] reads it again.
pub(super) fn stored(row: &LedgerRow) -> Value {
    let columns = RowColumns::of(&row.activity);
    let text = |value: Option<String>| value.map(Value::String);
    let decimal = |value: Option<Decimal>| text(value.map(|value| value.to_string()));
    let id = |value: Option<Uuid>| text(value.map(|id| id.to_string()));
    let day = |value: Option<NaiveDate>| text(value.map(|day| day.to_string()));
    let currency = |value: Option<Currency>| text(value.map(|currency| currency.to_string()));
    let members = [
        ("id", id(Some(row.id))),
        ("portfolio_id", id(Some(row.portfolio_id))),
        ("account_id", id(Some(row.account_id))),
        ("event_id", id(Some(row.event_id))),
        ("type", Some(Value::from(columns.code))),
        ("trade_date", day(Some(row.trade_date))),
        ("settlement_date", day(row.dates.settlement)),
        ("ex_date", day(row.dates.ex)),
        ("pay_date", day(row.dates.pay)),
        ("sequence", Some(Value::from(row.sequence))),
        ("instrument_id", id(columns.instrument)),
        ("quantity", decimal(columns.quantity)),
        ("price", decimal(columns.price)),
        ("total", decimal(columns.total)),
        ("amount", decimal(columns.amount)),
        ("fee", decimal(columns.fee)),
        ("tax", decimal(columns.tax)),
        ("accrued_interest", decimal(columns.accrued_interest)),
        ("currency", currency(columns.currency)),
        ("counter_amount", decimal(columns.counter_amount)),
        ("counter_currency", currency(columns.counter_currency)),
        ("settlement_rate", decimal(columns.settlement_rate)),
        ("ratio_numerator", decimal(columns.ratio_numerator)),
        ("ratio_denominator", decimal(columns.ratio_denominator)),
        ("counter_account_id", id(columns.counter_account)),
        ("counter_instrument_id", id(columns.counter_instrument)),
        ("counter_quantity", decimal(columns.counter_quantity)),
        ("counter_price", decimal(columns.counter_price)),
        ("cost_fraction", decimal(columns.cost_fraction)),
        ("opened_on", day(columns.opened_on)),
        ("lots", lots::written(&columns.lots)),
        ("import_batch_id", id(row.import_batch_id)),
        ("import_key", text(row.import_key.clone())),
        ("external_id", text(row.external_id.clone())),
        ("note", text(row.note.clone())),
        ("recorded_at", text(Some(row.recorded_at.to_rfc3339()))),
        ("recorded_by", id(Some(row.recorded_by))),
    ];
    let filled = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(filled.collect())
}

/// What a row says, by the names of its columns: for the audit log.
pub fn describe(activity: &Activity) -> Value {
    let columns = RowColumns::of(activity);
    let text = |value: Option<String>| value.map(Value::String);
    let decimal = |value: Option<Decimal>| text(value.map(|value| value.normalize().to_string()));
    let id = |value: Option<Uuid>| text(value.map(|id| id.to_string()));
    let currency = |value: Option<Currency>| text(value.map(|currency| currency.to_string()));
    let members = [
        ("type", Some(Value::from(columns.code))),
        ("reverses", id(columns.reverses_id)),
        ("instrument", id(columns.instrument)),
        ("quantity", decimal(columns.quantity)),
        ("price", decimal(columns.price)),
        ("total", decimal(columns.total)),
        ("amount", decimal(columns.amount)),
        ("fee", decimal(columns.fee)),
        ("tax", decimal(columns.tax)),
        ("accruedInterest", decimal(columns.accrued_interest)),
        ("currency", currency(columns.currency)),
        ("counterAmount", decimal(columns.counter_amount)),
        ("counterCurrency", currency(columns.counter_currency)),
        ("settlementRate", decimal(columns.settlement_rate)),
        ("ratioNumerator", decimal(columns.ratio_numerator)),
        ("ratioDenominator", decimal(columns.ratio_denominator)),
        ("counterAccount", id(columns.counter_account)),
        ("counterInstrument", id(columns.counter_instrument)),
        ("counterQuantity", decimal(columns.counter_quantity)),
        ("counterPrice", decimal(columns.counter_price)),
        ("costFraction", decimal(columns.cost_fraction)),
        ("openedOn", text(columns.opened_on.map(|day| day.to_string()))),
        ("lots", lots::written(&columns.lots)),
    ];
    let filled = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(filled.collect())
}

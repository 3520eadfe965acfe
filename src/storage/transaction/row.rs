//! Which columns of a ledger row each type fills.

use domain::ledger::{CashMovement, Conversion, FxConversion, Trade, TransactionKind};
use domain::money::Currency;
use entity::tenant::fact_portfolio_transactions::Model;
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

use super::{Activity, LedgerRow};
use crate::tenancy::DatabaseError;

/// A row's typed columns; `None` is NULL.
#[derive(Default)]
pub(super) struct Columns {
    pub code: &'static str,
    pub reverses_id: Option<Uuid>,
    pub instrument: Option<Uuid>,
    pub quantity: Option<Decimal>,
    pub price: Option<Decimal>,
    pub amount: Option<Decimal>,
    pub fee: Option<Decimal>,
    pub tax: Option<Decimal>,
    pub currency: Option<Currency>,
    pub counter_amount: Option<Decimal>,
    pub counter_currency: Option<Currency>,
    pub settlement_rate: Option<Decimal>,
    pub ratio_numerator: Option<Decimal>,
    pub ratio_denominator: Option<Decimal>,
}

impl Columns {
    pub(super) fn of(activity: &Activity) -> Self {
        match activity {
            Activity::Reversal { of } => Self { code: "REVERSAL", reverses_id: Some(*of), ..Self::default() },
            Activity::Event(kind) => Self::of_event(kind),
        }
    }

    fn of_event(kind: &TransactionKind) -> Self {
        match kind {
            TransactionKind::Buy(trade) => Self::of_trade("BUY", trade),
            TransactionKind::Sell(trade) => Self::of_trade("SELL", trade),
            &TransactionKind::Dividend { instrument, amount, withheld, fee, currency } => Self {
                instrument: Some(instrument.uuid()),
                tax: Some(withheld),
                fee: Some(fee),
                ..Self::cash("DIVIDEND", amount, currency)
            },
            &TransactionKind::Interest { amount, tax, currency, instrument } => Self {
                instrument: instrument.map(|id| id.uuid()),
                tax: Some(tax),
                ..Self::cash("INTEREST", amount, currency)
            },
            &TransactionKind::Fee { amount, currency, instrument } => {
                Self { instrument: instrument.map(|id| id.uuid()), ..Self::cash("FEE", amount, currency) }
            }
            &TransactionKind::Tax { amount, currency, instrument } => {
                Self { instrument: instrument.map(|id| id.uuid()), ..Self::cash("TAX", amount, currency) }
            }
            TransactionKind::Deposit(moved) => Self::cash("DEPOSIT", moved.amount, moved.currency),
            TransactionKind::Withdrawal(moved) => Self::cash("WITHDRAWAL", moved.amount, moved.currency),
            &TransactionKind::Split { instrument, numerator, denominator } => Self {
                code: "SPLIT",
                instrument: Some(instrument.uuid()),
                ratio_numerator: Some(numerator),
                ratio_denominator: Some(denominator),
                ..Self::default()
            },
            TransactionKind::FxConversion(conversion) => Self {
                counter_amount: Some(conversion.bought_amount),
                counter_currency: Some(conversion.bought_currency),
                fee: Some(conversion.fee),
                ..Self::cash("FX_CONVERSION", conversion.sold_amount, conversion.sold_currency)
            },
            _ => Self::default(),
        }
    }

    fn cash(code: &'static str, amount: Decimal, currency: Currency) -> Self {
        Self { code, amount: Some(amount), currency: Some(currency), ..Self::default() }
    }

    fn of_trade(code: &'static str, trade: &Trade) -> Self {
        Self {
            code,
            instrument: Some(trade.instrument.uuid()),
            quantity: Some(trade.quantity),
            price: trade.price(),
            fee: Some(trade.fee),
            tax: Some(trade.tax),
            currency: Some(trade.currency),
            counter_currency: trade.conversion.map(|booked| booked.currency),
            settlement_rate: trade.conversion.map(|booked| booked.rate),
            ..Self::default()
        }
    }
}

/// What a row says, by the names of its columns: for the audit log.
pub fn describe(activity: &Activity) -> Value {
    let columns = Columns::of(activity);
    let text = |value: Option<String>| value.map(Value::String);
    let decimal = |value: Option<Decimal>| text(value.map(|value| value.normalize().to_string()));
    let members = [
        ("type", Some(Value::from(columns.code))),
        ("reverses", text(columns.reverses_id.map(|id| id.to_string()))),
        ("instrument", text(columns.instrument.map(|id| id.to_string()))),
        ("quantity", decimal(columns.quantity)),
        ("price", decimal(columns.price)),
        ("amount", decimal(columns.amount)),
        ("fee", decimal(columns.fee)),
        ("tax", decimal(columns.tax)),
        ("currency", text(columns.currency.map(|currency| currency.to_string()))),
        ("counterAmount", decimal(columns.counter_amount)),
        ("counterCurrency", text(columns.counter_currency.map(|currency| currency.to_string()))),
        ("settlementRate", decimal(columns.settlement_rate)),
        ("ratioNumerator", decimal(columns.ratio_numerator)),
        ("ratioDenominator", decimal(columns.ratio_denominator)),
    ];
    let filled = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(filled.collect())
}

/// The row that a table's row stands for.
pub(super) fn read(row: Model) -> Result<LedgerRow, DatabaseError> {
    Ok(LedgerRow {
        id: row.id,
        portfolio_id: row.portfolio_id,
        account_id: row.account_id,
        event_id: row.event_id,
        trade_date: row.trade_date,
        sequence: row.sequence,
        activity: activity(&row)?,
        import_batch_id: row.import_batch_id,
        import_key: row.import_key,
        external_id: row.external_id,
        note: row.note,
        recorded_at: row.recorded_at,
        recorded_by: row.recorded_by,
    })
}

fn activity(row: &Model) -> Result<Activity, DatabaseError> {
    let zero = Decimal::ZERO;
    let kind = match row.r#type.as_str() {
        "REVERSAL" => return Ok(Activity::Reversal { of: filled(row, row.reverses_id, "reverses_id")? }),
        "BUY" => TransactionKind::Buy(trade(row)?),
        "SELL" => TransactionKind::Sell(trade(row)?),
        "DIVIDEND" => TransactionKind::Dividend {
            instrument: instrument(row)?.into(),
            amount: amount(row)?,
            withheld: row.tax.unwrap_or(zero),
            fee: row.fee.unwrap_or(zero),
            currency: currency(row)?,
        },
        "INTEREST" => TransactionKind::Interest {
            instrument: row.instrument_id.map(Into::into),
            amount: amount(row)?,
            tax: row.tax.unwrap_or(zero),
            currency: currency(row)?,
        },
        "FEE" => TransactionKind::Fee {
            amount: amount(row)?,
            currency: currency(row)?,
            instrument: row.instrument_id.map(Into::into),
        },
        "TAX" => TransactionKind::Tax {
            amount: amount(row)?,
            currency: currency(row)?,
            instrument: row.instrument_id.map(Into::into),
        },
        "DEPOSIT" => TransactionKind::Deposit(CashMovement::new(amount(row)?, currency(row)?)),
        "WITHDRAWAL" => TransactionKind::Withdrawal(CashMovement::new(amount(row)?, currency(row)?)),
        "SPLIT" => TransactionKind::Split {
            instrument: instrument(row)?.into(),
            numerator: filled(row, row.ratio_numerator, "ratio_numerator")?,
            denominator: filled(row, row.ratio_denominator, "ratio_denominator")?,
        },
        "FX_CONVERSION" => TransactionKind::FxConversion(FxConversion {
            sold_amount: amount(row)?,
            sold_currency: currency(row)?,
            bought_amount: filled(row, row.counter_amount, "counter_amount")?,
            bought_currency: code(row, row.counter_currency.as_deref(), "counter_currency")?,
            fee: row.fee.unwrap_or(zero),
        }),
        other => return Err(DatabaseError::Corrupt(format!("transaction {} is of the unknown type {other}", row.id))),
    };
    Ok(Activity::Event(kind))
}

fn trade(row: &Model) -> Result<Trade, DatabaseError> {
    let conversion = match row.settlement_rate {
        Some(rate) => {
            Some(Conversion { currency: code(row, row.counter_currency.as_deref(), "counter_currency")?, rate })
        }
        None => None,
    };
    let (quantity, price) = (filled(row, row.quantity, "quantity")?, filled(row, row.price, "price")?);
    Ok(Trade {
        fee: row.fee.unwrap_or(Decimal::ZERO),
        tax: row.tax.unwrap_or(Decimal::ZERO),
        conversion,
        ..Trade::at_price(instrument(row)?.into(), quantity, price, currency(row)?)
    })
}

fn instrument(row: &Model) -> Result<Uuid, DatabaseError> {
    filled(row, row.instrument_id, "instrument_id")
}

fn amount(row: &Model) -> Result<Decimal, DatabaseError> {
    filled(row, row.amount, "amount")
}

fn currency(row: &Model) -> Result<Currency, DatabaseError> {
    code(row, row.currency.as_deref(), "currency")
}

fn code(row: &Model, value: Option<&str>, column: &str) -> Result<Currency, DatabaseError> {
    crate::storage::currency(filled(row, value, column)?)
}

fn filled<T>(row: &Model, value: Option<T>, column: &str) -> Result<T, DatabaseError> {
    value
        .ok_or_else(|| DatabaseError::Corrupt(format!("transaction {} of type {} has no {column}", row.id, row.r#type)))
}

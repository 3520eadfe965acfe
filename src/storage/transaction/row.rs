//! A row of the table as what it says.

use chrono::DateTime;
use domain::id::InstrumentId;
use domain::ledger::{
    Boot, BootTreatment, CashMovement, Conversion, Detachment, Exchange, FxConversion, InKindSource, Merger,
    OptionEvent, RightsExercise, Trade, TradeValue, TransactionKind,
};
use domain::money::Currency;
use entity::tenant::fact_portfolio_transactions::Model;
use rust_decimal::Decimal;
use sea_orm::QueryResult;
use uuid::Uuid;

use super::{Activity, Dates, LedgerRow, lots};
use crate::tenancy::DatabaseError;

/// The row that a table's row stands for.
pub(super) fn read(row: Model) -> Result<LedgerRow, DatabaseError> {
    Ok(LedgerRow {
        id: row.id,
        portfolio_id: row.portfolio_id,
        account_id: row.account_id,
        event_id: row.event_id,
        trade_date: row.trade_date,
        dates: Dates {
            settlement: row.settlement_date,
            ex: row.ex_date,
            pay: row.pay_date,
            action_ex: row.action_ex_date,
            action: row.action_id,
        },
        sequence: row.sequence,
        booking_sequence: row.booking_sequence,
        supersedes: row.supersedes_id,
        activity: Cells(&row).activity()?,
        import_batch_id: row.import_batch_id,
        import_key: row.import_key,
        external_id: row.external_id,
        note: row.note,
        recorded_at: row.recorded_at,
        recorded_by: row.recorded_by,
    })
}

/// What booking takes of a row, by the order of the columns: its sequence, its id and so on. Nothing else is read.
pub(super) fn booked(result: &QueryResult) -> Result<LedgerRow, DatabaseError> {
    let model = Model {
        sequence: result.try_get_by_index(0)?,
        id: result.try_get_by_index(1)?,
        account_id: result.try_get_by_index(2)?,
        r#type: result.try_get_by_index(3)?,
        trade_date: result.try_get_by_index(4)?,
        instrument_id: result.try_get_by_index(5)?,
        quantity: result.try_get_by_index(6)?,
        price: result.try_get_by_index(7)?,
        amount: result.try_get_by_index(8)?,
        fee: result.try_get_by_index(9)?,
        tax: result.try_get_by_index(10)?,
        currency: result.try_get_by_index(11)?,
        counter_amount: result.try_get_by_index(12)?,
        counter_currency: result.try_get_by_index(13)?,
        settlement_rate: result.try_get_by_index(14)?,
        ratio_numerator: result.try_get_by_index(15)?,
        ratio_denominator: result.try_get_by_index(16)?,
        settlement_date: result.try_get_by_index(17)?,
        opened_on: result.try_get_by_index(18)?,
        counter_account_id: result.try_get_by_index(19)?,
        counter_instrument_id: result.try_get_by_index(20)?,
        counter_quantity: result.try_get_by_index(21)?,
        counter_price: result.try_get_by_index(22)?,
        total: result.try_get_by_index(23)?,
        accrued_interest: result.try_get_by_index(24)?,
        cost_fraction: result.try_get_by_index(25)?,
        lots: result.try_get_by_index(26)?,
        // No booking asks for these.
        portfolio_id: Uuid::nil(),
        event_id: Uuid::nil(),
        ex_date: None,
        pay_date: None,
        action_ex_date: None,
        action_id: None,
        reverses_id: None,
        supersedes_id: None,
        booking_sequence: None,
        import_batch_id: None,
        import_key: None,
        external_id: None,
        note: None,
        recorded_at: DateTime::UNIX_EPOCH,
        recorded_by: Uuid::nil(),
    };
    read(model)
}

/// Reads the columns that a type must fill.
struct Cells<'a>(&'a Model);

impl Cells<'_> {
    fn activity(&self) -> Result<Activity, DatabaseError> {
        let row = self.0;
        let kind = match row.r#type.as_str() {
            "REVERSAL" => return Ok(Activity::Reversal { of: self.filled(row.reverses_id, "reverses_id")? }),
            "BUY" => TransactionKind::Buy(self.trade()?),
            "SELL" => TransactionKind::Sell(self.trade()?),
            "SHORT_SELL" => TransactionKind::ShortSell(self.trade()?),
            "COVER" => TransactionKind::Cover(self.trade()?),
            "MATURITY" => TransactionKind::Maturity(self.trade()?),
            "CALL" => TransactionKind::Call(self.trade()?),
            "TRANSFER_IN" => TransactionKind::TransferIn { trade: self.trade()?, opened_on: row.opened_on },
            "DIVIDEND" => TransactionKind::Dividend {
                instrument: self.instrument()?,
                amount: self.amount()?,
                withheld: self.tax(),
                fee: self.fee(),
                currency: self.currency()?,
            },
            "STOCK_DIVIDEND" => self.in_kind(InKindSource::StockDividend)?,
            "STAKING" => self.in_kind(InKindSource::Staking)?,
            "AIRDROP" => self.in_kind(InKindSource::Airdrop)?,
            "INTEREST" => TransactionKind::Interest {
                instrument: self.instrument_if_any(),
                amount: self.amount()?,
                tax: self.tax(),
                currency: self.currency()?,
            },
            "FEE" => TransactionKind::Fee {
                amount: self.amount()?,
                currency: self.currency()?,
                instrument: self.instrument_if_any(),
            },
            "TAX" => TransactionKind::Tax {
                amount: self.amount()?,
                currency: self.currency()?,
                instrument: self.instrument_if_any(),
            },
            "DEPOSIT" => TransactionKind::Deposit(self.cash_movement()?),
            "WITHDRAWAL" => TransactionKind::Withdrawal(self.cash_movement()?),
            "CASH_TRANSFER" => TransactionKind::CashTransfer {
                amount: self.amount()?,
                currency: self.currency()?,
                to: self.filled(row.counter_account_id, "counter_account_id")?.into(),
            },
            "FX_CONVERSION" => TransactionKind::FxConversion(FxConversion {
                sold_amount: self.amount()?,
                sold_currency: self.currency()?,
                bought_amount: self.filled(row.counter_amount, "counter_amount")?,
                bought_currency: self.counter_currency()?,
                fee: self.fee(),
            }),
            "TRANSFER_OUT" => TransactionKind::TransferOut {
                instrument: self.instrument()?,
                quantity: self.quantity()?,
                fee: self.fee(),
                currency: self.currency()?,
                lots: self.lots()?,
            },
            "TRANSFER" => TransactionKind::Transfer {
                instrument: self.instrument()?,
                quantity: self.quantity()?,
                to: self.filled(row.counter_account_id, "counter_account_id")?.into(),
                lots: self.lots()?,
            },
            _ => self.corporate_action()?,
        };
        Ok(Activity::Event(kind))
    }

    fn corporate_action(&self) -> Result<TransactionKind, DatabaseError> {
        let row = self.0;
        Ok(match row.r#type.as_str() {
            "SPLIT" => {
                let (numerator, denominator) = self.ratio()?;
                TransactionKind::Split { instrument: self.instrument()?, numerator, denominator }
            }
            "BONUS_ISSUE" => TransactionKind::BonusIssue { instrument: self.instrument()?, quantity: self.quantity()? },
            "SPIN_OFF" => TransactionKind::SpinOff(self.detachment()?),
            "RIGHTS_ISSUE" => TransactionKind::RightsIssue(self.detachment()?),
            "RIGHTS_EXERCISE" => TransactionKind::RightsExercise(RightsExercise {
                instrument: self.instrument()?,
                quantity: self.quantity()?,
                into: self.counter_instrument()?,
                received: self.filled(row.counter_quantity, "counter_quantity")?,
                amount: self.amount()?,
                fee: self.fee(),
                currency: self.currency()?,
            }),
            "MERGER" => TransactionKind::Merger(self.merger()?),
            "INSTRUMENT_CHANGE" => {
                TransactionKind::InstrumentChange { instrument: self.instrument()?, into: self.counter_instrument()? }
            }
            "RETURN_OF_CAPITAL" => TransactionKind::ReturnOfCapital {
                instrument: self.instrument()?,
                amount: self.amount()?,
                currency: self.currency()?,
            },
            "OPTION_EXPIRY" => {
                TransactionKind::OptionExpiry { instrument: self.instrument()?, quantity: self.quantity()? }
            }
            "OPTION_EXERCISE" => TransactionKind::OptionExercise(self.option_event()?),
            "OPTION_ASSIGNMENT" => TransactionKind::OptionAssignment(self.option_event()?),
            other => {
                return Err(DatabaseError::Corrupt(format!("transaction {} is of the unknown type {other}", row.id)));
            }
        })
    }

    fn trade(&self) -> Result<Trade, DatabaseError> {
        let row = self.0;
        Ok(Trade {
            instrument: self.instrument()?,
            quantity: self.quantity()?,
            value: match row.total {
                Some(total) => TradeValue::Total(total),
                None => TradeValue::Price(self.filled(row.price, "price")?),
            },
            fee: self.fee(),
            tax: self.tax(),
            accrued_interest: row.accrued_interest.unwrap_or_default(),
            currency: self.currency()?,
            conversion: self.conversion()?,
            lots: self.lots()?,
        })
    }

    fn in_kind(&self, source: InKindSource) -> Result<TransactionKind, DatabaseError> {
        Ok(TransactionKind::InKindIncome {
            source,
            instrument: self.instrument()?,
            quantity: self.quantity()?,
            value: self.amount()?,
            currency: self.currency()?,
        })
    }

    fn cash_movement(&self) -> Result<CashMovement, DatabaseError> {
        Ok(CashMovement {
            fee: self.fee(),
            conversion: self.conversion()?,
            ..CashMovement::new(self.amount()?, self.currency()?)
        })
    }

    fn conversion(&self) -> Result<Option<Conversion>, DatabaseError> {
        let booked = |rate| Ok(Conversion { currency: self.counter_currency()?, rate });
        self.0.settlement_rate.map(booked).transpose()
    }

    fn detachment(&self) -> Result<Detachment, DatabaseError> {
        Ok(Detachment {
            instrument: self.instrument()?,
            child: self.counter_instrument()?,
            quantity: self.filled(self.0.counter_quantity, "counter_quantity")?,
            cost_fraction: self.filled(self.0.cost_fraction, "cost_fraction")?,
        })
    }

    fn merger(&self) -> Result<Merger, DatabaseError> {
        let row = self.0;
        let into = match row.counter_instrument_id {
            Some(received) => {
                let (numerator, denominator) = self.ratio()?;
                Some(Exchange { instrument: received.into(), numerator, denominator })
            }
            None => None,
        };
        let cash = match row.amount {
            Some(amount) => Some(Boot {
                amount,
                currency: self.currency()?,
                treatment: match row.counter_price {
                    Some(price) => BootTreatment::GainUpToCash { price },
                    None => BootTreatment::PartialSale { cost_fraction: row.cost_fraction.unwrap_or(Decimal::ONE) },
                },
            }),
            None => None,
        };
        Ok(Merger { instrument: self.instrument()?, into, cash })
    }

    fn option_event(&self) -> Result<OptionEvent, DatabaseError> {
        let (instrument, quantity) = (self.instrument()?, self.quantity()?);
        Ok(OptionEvent { instrument, quantity, fee: self.fee(), tax: self.tax() })
    }

    fn ratio(&self) -> Result<(Decimal, Decimal), DatabaseError> {
        let numerator = self.filled(self.0.ratio_numerator, "ratio_numerator")?;
        Ok((numerator, self.filled(self.0.ratio_denominator, "ratio_denominator")?))
    }

    fn lots(&self) -> Result<Vec<domain::ledger::LotPick>, DatabaseError> {
        let corrupt = |reason| DatabaseError::Corrupt(format!("the lots of transaction {}: {reason}", self.0.id));
        lots::read(self.0.lots.as_ref()).map_err(corrupt)
    }

    fn instrument(&self) -> Result<InstrumentId, DatabaseError> {
        Ok(self.filled(self.0.instrument_id, "instrument_id")?.into())
    }

    fn instrument_if_any(&self) -> Option<InstrumentId> {
        self.0.instrument_id.map(Into::into)
    }

    fn counter_instrument(&self) -> Result<InstrumentId, DatabaseError> {
        Ok(self.filled(self.0.counter_instrument_id, "counter_instrument_id")?.into())
    }

    fn quantity(&self) -> Result<Decimal, DatabaseError> {
        self.filled(self.0.quantity, "quantity")
    }

    fn amount(&self) -> Result<Decimal, DatabaseError> {
        self.filled(self.0.amount, "amount")
    }

    fn fee(&self) -> Decimal {
        self.0.fee.unwrap_or_default()
    }

    fn tax(&self) -> Decimal {
        self.0.tax.unwrap_or_default()
    }

    fn currency(&self) -> Result<Currency, DatabaseError> {
        self.code(self.0.currency.as_deref(), "currency")
    }

    fn counter_currency(&self) -> Result<Currency, DatabaseError> {
        self.code(self.0.counter_currency.as_deref(), "counter_currency")
    }

    fn code(&self, value: Option<&str>, column: &str) -> Result<Currency, DatabaseError> {
        crate::storage::currency(self.filled(value, column)?)
    }

    fn filled<T>(&self, value: Option<T>, column: &str) -> Result<T, DatabaseError> {
        let Model { id, r#type, .. } = self.0;
        value.ok_or_else(|| DatabaseError::Corrupt(format!("transaction {id} of type {} has no {column}", r#type)))
    }
}

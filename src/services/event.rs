//! What the legs of one event must come to: a reinvested dividend buys for what it brings, and units that leave one account
//! arrive in another.

use chrono::NaiveDate;
use domain::ledger::{Instruments, Trade, TradeValue, TransactionKind};
use domain::money::{ArithmeticError, Currency, add, mul, round_to_minor, sub};
use rust_decimal::Decimal;
use uuid::Uuid;

/// A leg of an event.
#[derive(Clone, Copy)]
pub(super) struct LegOf<'a> {
    pub account: Uuid,
    pub date: NaiveDate,
    pub kind: &'a TransactionKind,
}

/// What the legs come to.
#[derive(Debug)]
pub(super) enum Shape {
    /// A row for each.
    AsGiven,
    /// A delivery out of one account and one into another are one transfer, recorded in the place of the first.
    Transfer { out: usize, into: usize, kind: TransactionKind },
}

/// Legs that do not fit together.
#[derive(Debug)]
pub(super) struct Unbalanced {
    /// The leg to blame.
    pub leg: usize,
    pub message: String,
}

/// Checks the legs of an event.
///
/// An event of a dividend and purchases is a reinvestment. Deliveries out and in come as a pair. Other legs are free.
pub(super) fn shape(legs: &[LegOf<'_>], instruments: &Instruments) -> Result<Shape, Unbalanced> {
    let is_delivery = |kind: &TransactionKind| {
        matches!(kind, TransactionKind::TransferOut { .. } | TransactionKind::TransferIn { .. })
    };
    if let Some(leg) = legs.iter().position(|leg| is_delivery(leg.kind)) {
        return pair(legs, leg);
    }
    let dividend = legs.iter().position(|leg| matches!(leg.kind, TransactionKind::Dividend { .. }));
    let buys = legs.iter().filter(|leg| matches!(leg.kind, TransactionKind::Buy(_))).count();
    match dividend {
        Some(dividend) if buys > 0 && buys + 1 == legs.len() => reinvestment(legs, dividend, instruments)?,
        _ => {}
    }
    Ok(Shape::AsGiven)
}

fn pair(legs: &[LegOf<'_>], leg: usize) -> Result<Shape, Unbalanced> {
    let wrong = |leg, message: String| Err(Unbalanced { leg, message });
    let [first, second] = legs else {
        let message = format!("a delivery from one account to another has two legs, this event has {}", legs.len());
        return wrong(leg, message);
    };
    let (out, into) = match (first.kind, second.kind) {
        (TransactionKind::TransferOut { .. }, TransactionKind::TransferIn { .. }) => (0, 1),
        (TransactionKind::TransferIn { .. }, TransactionKind::TransferOut { .. }) => (1, 0),
        _ => return wrong(leg, "a delivery has one leg out and one in".to_owned()),
    };
    let (
        TransactionKind::TransferOut { instrument, quantity, fee, lots, .. },
        TransactionKind::TransferIn { trade, .. },
    ) = (legs[out].kind, legs[into].kind)
    else {
        return wrong(leg, "a delivery has one leg out and one in".to_owned());
    };
    if trade.instrument != *instrument {
        return wrong(into, "what leaves is another instrument than what arrives".to_owned());
    }
    if trade.quantity != *quantity {
        return wrong(into, format!("{quantity} leave, {} arrive", trade.quantity));
    }
    if legs[out].date != legs[into].date {
        return wrong(into, format!("they leave on {} and arrive on {}", legs[out].date, legs[into].date));
    }
    if let Some(charge) = [*fee, trade.fee, trade.tax].iter().find(|charge| !charge.is_zero()) {
        return wrong(out, format!("a transfer has no charges, this one has {charge}: record a FEE"));
    }
    let (instrument, quantity, to) = (*instrument, *quantity, legs[into].account.into());
    Ok(Shape::Transfer { out, into, kind: TransactionKind::Transfer { instrument, quantity, to, lots: lots.clone() } })
}

fn reinvestment(legs: &[LegOf<'_>], dividend: usize, instruments: &Instruments) -> Result<(), Unbalanced> {
    let too_large = |leg| move |error: ArithmeticError| Unbalanced { leg, message: error.to_string() };
    let TransactionKind::Dividend { amount, withheld, fee, currency, .. } = *legs[dividend].kind else {
        return Ok(());
    };
    let net = net_of(amount, withheld, fee, currency).map_err(too_large(dividend))?;
    let mut spent = Decimal::ZERO;
    let mut last = dividend;
    for (at, leg) in legs.iter().enumerate() {
        let TransactionKind::Buy(trade) = leg.kind else {
            continue;
        };
        if trade.currency != currency {
            let message = format!("the dividend is in {currency}, the purchase in {}", trade.currency);
            return Err(Unbalanced { leg: at, message });
        }
        let multiplier = instruments.get(&trade.instrument).map_or(Decimal::ONE, |terms| terms.multiplier());
        let total = paid(trade, multiplier).map_err(too_large(at))?;
        spent = add(spent, total).map_err(too_large(at))?;
        last = at;
    }
    if spent != net {
        let message = format!("the dividend brings {net} {currency}, the purchase costs {spent} {currency}");
        return Err(Unbalanced { leg: last, message });
    }
    Ok(())
}

/// What a dividend brings in the end.
pub(super) fn net_of(
    amount: Decimal,
    withheld: Decimal,
    fee: Decimal,
    currency: Currency,
) -> Result<Decimal, ArithmeticError> {
    Ok(round_to_minor(sub(sub(amount, withheld)?, fee)?, currency))
}

fn paid(trade: &Trade, multiplier: Decimal) -> Result<Decimal, ArithmeticError> {
    let total = match trade.value {
        TradeValue::Total(total) => total,
        TradeValue::Price(price) => {
            let gross = mul(mul(trade.quantity, price)?, multiplier)?;
            add(gross, add(trade.fee, trade.tax)?)?
        }
    };
    Ok(round_to_minor(add(total, trade.accrued_interest)?, trade.currency))
}

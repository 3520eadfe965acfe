//! Deciding about market data that is held.

use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, OneofObject, Result, SimpleObject};

use crate::graphql::context::Operation;
use crate::graphql::id::Kind;
use crate::graphql::rules::Ruled;
use crate::graphql::scalars::{Currency, Date, Decimal, Instant};
use crate::graphql::types::market_data::HeldMarketRow;
use crate::graphql::types::user_error::UserError;
use crate::services::held_market_row::{Decision, DividendRepair, IndicatorRepair, NewsRepair, Repair, SplitRepair};

/// What becomes of a held row: one of these. A repair is of the row's kind of data; what it does not give is as delivered.
#[derive(Debug, OneofObject)]
pub enum HeldMarketRowDecideInput {
    /// It is stored as it was delivered, marked as estimated.
    Accept(HeldMarketRowNote),
    /// It is not stored. The same row again does not bring it back.
    Reject(HeldMarketRowNote),
    /// Another close or another rate is stored in its place, marked as estimated.
    Repair(HeldMarketRowRepair),
    /// A split is stored as it is right, marked as estimated. The books of its holders are made anew.
    RepairSplit(HeldSplitRepair),
    /// A cash dividend is stored as it is right, marked as estimated.
    RepairDividend(HeldDividendRepair),
    /// A value of a market indicator is stored as it is right, marked as estimated.
    RepairIndicator(HeldIndicatorRepair),
    /// A headline is stored as it is right, once, and linked with the instruments that it names.
    RepairNews(HeldNewsRepair),
}

/// What is said of a decision.
#[derive(Debug, InputObject)]
pub struct HeldMarketRowNote {
    /// Why, at most 500 characters.
    note: Option<String>,
}

/// What is right in place of a close or a rate.
#[derive(Debug, InputObject)]
pub struct HeldMarketRowRepair {
    /// The close as traded, in the instrument's currency, or the rate; above zero, at most 12 digits behind the point.
    value: Decimal,
    /// Why, at most 500 characters.
    note: Option<String>,
}

/// What is right of a split; what is not given is as delivered.
#[derive(Debug, InputObject)]
pub struct HeldSplitRepair {
    /// The instrument.
    instrument_id: Option<ID>,
    /// The first day on which it is traded after the split.
    ex_date: Option<Date>,
    /// New units, 4 of 4:1; above zero, at most 12 digits behind the point.
    numerator: Option<Decimal>,
    /// Old units, 1 of 4:1; above zero, at most 12 digits behind the point.
    denominator: Option<Decimal>,
    /// Why, at most 500 characters.
    note: Option<String>,
}

/// Kinds of cash dividends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum HeldDividendType {
    /// An ordinary one.
    CashDividend,
    /// A special one, which may have the same ex-date as an ordinary one.
    SpecialDividend,
}

/// What is right of a cash dividend; what is not given is as delivered.
#[derive(Debug, InputObject)]
pub struct HeldDividendRepair {
    /// The instrument.
    instrument_id: Option<ID>,
    /// The kind.
    r#type: Option<HeldDividendType>,
    /// The first day on which it is traded without the dividend.
    ex_date: Option<Date>,
    /// The day of payment, not before the ex-date; null says that none is known.
    pay_date: MaybeUndefined<Date>,
    /// The amount a unit, in the currency and not in hundredths of it; above zero, at most 12 digits behind the point. Given with the
    /// currency.
    amount: Option<Decimal>,
    /// The currency. Given with the amount.
    currency: Option<Currency>,
    /// Why, at most 500 characters.
    note: Option<String>,
}

/// What is right of a value of a market indicator; what is not given is as delivered.
#[derive(Debug, InputObject)]
pub struct HeldIndicatorRepair {
    /// The code of the series.
    code: Option<String>,
    /// The day, today at the latest.
    date: Option<Date>,
    /// The value in the series' unit; above zero for points, above −100 % for a rate, at most 12 digits behind the point.
    value: Option<Decimal>,
    /// Why, at most 500 characters.
    note: Option<String>,
}

/// What is right of a headline; what is not given is as delivered.
#[derive(Debug, InputObject)]
pub struct HeldNewsRepair {
    /// The headline, at most 500 characters.
    headline: Option<String>,
    /// Its first lines; what is longer than 2,000 characters is cut.
    summary: Option<String>,
    /// Its address, `http` or `https`; null says that it has none.
    url: MaybeUndefined<String>,
    /// When it was published.
    published_at: Option<Instant>,
    /// The symbols of the instruments that it is about, with spaces between.
    symbols: Option<String>,
    /// Why, at most 500 characters.
    note: Option<String>,
}

/// What was given, or that there is none; nothing where it stays as delivered.
fn given<T>(value: MaybeUndefined<T>) -> Option<Option<T>> {
    match value {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

impl HeldMarketRowDecideInput {
    /// The decision, and what is said of it.
    fn read(self) -> Result<(Decision, Option<String>)> {
        let number = |number: Option<Decimal>| number.map(|number| number.0);
        let day = |day: Option<Date>| day.map(|day| day.0);
        let instrument = |id: Option<ID>, path: &str| id.map(|id| Kind::Instrument.parse(&id, path)).transpose();
        let (repair, note) = match self {
            Self::Accept(said) => return Ok((Decision::Accept, said.note)),
            Self::Reject(said) => return Ok((Decision::Reject, said.note)),
            Self::Repair(repair) => (Repair::Value(repair.value.0), repair.note),
            Self::RepairSplit(repair) => {
                let split = SplitRepair {
                    instrument: instrument(repair.instrument_id, "input.repairSplit.instrumentId")?,
                    ex_date: day(repair.ex_date),
                    numerator: number(repair.numerator),
                    denominator: number(repair.denominator),
                };
                (Repair::Split(split), repair.note)
            }
            Self::RepairDividend(repair) => {
                let dividend = DividendRepair {
                    instrument: instrument(repair.instrument_id, "input.repairDividend.instrumentId")?,
                    kind: repair.r#type.map(|kind| match kind {
                        HeldDividendType::CashDividend => "CASH_DIVIDEND",
                        HeldDividendType::SpecialDividend => "SPECIAL_DIVIDEND",
                    }),
                    ex_date: day(repair.ex_date),
                    pay_date: given(repair.pay_date).map(day),
                    amount: number(repair.amount),
                    currency: repair.currency.map(|currency| currency.0.to_string()),
                };
                (Repair::Dividend(dividend), repair.note)
            }
            Self::RepairIndicator(repair) => {
                let HeldIndicatorRepair { code, date, value, note } = repair;
                (Repair::Indicator(IndicatorRepair { code, date: day(date), value: number(value) }), note)
            }
            Self::RepairNews(repair) => {
                let HeldNewsRepair { headline, summary, url, published_at, symbols, note } = repair;
                let published_at = published_at.map(|at| at.0);
                (Repair::News(NewsRepair { headline, summary, url: given(url), published_at, symbols }), note)
            }
        };
        Ok((Decision::Repair(repair), note))
    }
}

/// What a decision gives.
#[derive(SimpleObject)]
pub struct HeldMarketRowPayload {
    /// The row as it stands since; null where the decision was refused.
    held_market_row: Option<HeldMarketRow>,
    /// Why it was refused.
    user_errors: Vec<UserError>,
}

#[derive(Default)]
pub struct HeldMarketRowMutation;

#[Object(guard = "Ruled")]
impl HeldMarketRowMutation {
    /// Decides about a row of market data that a check held back; for operators of the platform. It is decided once, a second decision is
    /// refused as `ALREADY_DECIDED`. What it stores is in force at once, and every tenant's figures that use it are computed again.
    async fn held_market_row_decide(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the held row.")] id: ID,
        #[graphql(desc = "The decision.")] input: HeldMarketRowDecideInput,
    ) -> Result<Option<HeldMarketRowPayload>> {
        let operation = Operation::of(ctx);
        let id = Kind::HeldMarketRow.parse(&id, "id")?;
        let (decision, note) = input.read()?;
        let outcome = async {
            let caller = operation.changing().await?;
            operation.services.held_market_row_decide(caller, id, &decision, note).await
        };
        let (decided, user_errors) = operation.payload(outcome.await)?;
        Ok(Some(HeldMarketRowPayload { held_market_row: decided.map(HeldMarketRow::from), user_errors }))
    }
}

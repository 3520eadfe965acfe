//! What a decision stores, if it may: what was delivered, with what the decision says otherwise.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Decision, DividendRepair, IndicatorRepair, NewsRepair, Repair, SplitRepair};
use crate::market_data::delivery::NewsRow;
use crate::market_data::news;
use crate::services::{RefusalCode, ServiceError, Services};
use crate::storage::market_indicator::{self, Point};
use crate::storage::news::Item;
use crate::storage::pipeline::Dataset;
use crate::storage::pipeline::actions::{Action, Terms};
use crate::storage::pipeline::held::{self, HeldRow};
use crate::tenancy::{Market, Session};

/// The most digits behind the point of a number that is stored.
const MAX_SCALE: u32 = 12;

/// What a decision stores.
pub(super) enum Content {
    /// A close or a rate.
    Value {
        /// Which of them.
        name: &'static str,
        /// Its day.
        day: NaiveDate,
        /// The number.
        value: Decimal,
    },
    /// A split or a dividend.
    Action(Action),
    /// A value of a market indicator.
    Indicator(Point),
    /// A headline.
    News {
        /// As it is stored.
        item: Box<Item>,
        /// What it names.
        symbols: String,
    },
}

impl Content {
    /// The number, where it is one.
    pub fn value(&self) -> Option<Decimal> {
        match self {
            Self::Value { value, .. } => Some(*value),
            Self::Indicator(point) => Some(point.value),
            Self::Action(_) | Self::News { .. } => None,
        }
    }

    /// All of it by name; numbers as text.
    pub fn by_name(&self) -> Value {
        match self {
            Self::Value { name, day, value } => json!({ "date": day, *name: value.to_string() }),
            Self::Action(Action { instrument, ex_date, terms: Terms::Split { numerator, denominator } }) => json!({
                "instrument": instrument,
                "exDate": ex_date,
                "numerator": numerator.to_string(),
                "denominator": denominator.to_string(),
            }),
            Self::Action(Action {
                instrument,
                ex_date,
                terms: Terms::Dividend { kind, pay_date, amount, currency },
            }) => json!({
                "instrument": instrument,
                "type": kind,
                "exDate": ex_date,
                "payDate": pay_date,
                "amount": amount.to_string(),
                "currency": currency,
            }),
            Self::Indicator(point) => {
                json!({ "code": point.code, "date": point.date, "value": point.value.to_string() })
            }
            Self::News { item, symbols } => json!({
                "guid": item.guid,
                "headline": item.headline,
                "summary": item.summary,
                "url": item.url,
                "publishedAt": item.published_at,
                "symbols": symbols,
            }),
        }
    }
}

impl Services {
    /// What a decision stores; nothing for one that rejects.
    pub(super) async fn content_of(
        &self,
        session: &Session<Market>,
        held: &HeldRow,
        decision: &Decision,
    ) -> Result<Option<Content>, ServiceError> {
        let is = |dataset: Dataset| held.dataset == dataset.name();
        let repair = match decision {
            Decision::Reject => return Ok(None),
            Decision::Accept => None,
            Decision::Repair(repair) => Some(repair),
        };
        let content = match repair {
            Some(Repair::Value(value)) if is(Dataset::Prices) || is(Dataset::Rates) => {
                self.value_of(held, decision, Some(*value))?
            }
            None if is(Dataset::Prices) || is(Dataset::Rates) => self.value_of(held, decision, held.value)?,
            Some(Repair::Split(repair)) if is(Dataset::Splits) => split(session, held, decision, repair).await?,
            None if is(Dataset::Splits) => split(session, held, decision, &SplitRepair::default()).await?,
            Some(Repair::Dividend(repair)) if is(Dataset::Dividends) => {
                dividend(session, held, decision, repair).await?
            }
            None if is(Dataset::Dividends) => dividend(session, held, decision, &DividendRepair::default()).await?,
            Some(Repair::Indicator(repair)) if is(Dataset::Indicators) => {
                self.held_indicator(session, held, decision, repair).await?
            }
            None if is(Dataset::Indicators) => {
                self.held_indicator(session, held, decision, &IndicatorRepair::default()).await?
            }
            Some(Repair::News(repair)) if is(Dataset::News) => self.held_news(held, decision, repair)?,
            None if is(Dataset::News) => self.held_news(held, decision, &NewsRepair::default())?,
            _ => {
                let message = format!("the row is of {}: this repairs other data", held.dataset);
                let field = ["input", decision.field()];
                return Err(ServiceError::refused(RefusalCode::InvalidInput, &field, message));
            }
        };
        Ok(Some(content))
    }

    fn value_of(&self, held: &HeldRow, decision: &Decision, value: Option<Decimal>) -> Result<Content, ServiceError> {
        let name = if held.dataset == Dataset::Prices.name() { "close" } else { "rate" };
        let is_known = held.instrument_id.is_some() || held.base.is_some() && held.quote.is_some();
        let Some(day) = held.date.filter(|_| is_known) else {
            let message = format!("it cannot be told what to store: {}; it can be rejected", held.reason);
            return Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", decision.field()], message));
        };
        self.has_come(day, decision, "value")?;
        let Some(value) = value else {
            return Err(decision.invalid("value", "no positive number was delivered: repair it"));
        };
        Ok(Content::Value { name, day, value: positive(decision, "value", value)? })
    }

    fn has_come(&self, day: NaiveDate, decision: &Decision, field: &str) -> Result<(), ServiceError> {
        let today = self.environment.clock.today();
        if day > today {
            return Err(decision.refuse(RefusalCode::FutureDate, field, format!("{day} is after today, {today}")));
        }
        Ok(())
    }

    /// A value of an index or a volatility is above zero, a rate above −100 %: beyond that nothing can be computed with it. That it is
    /// far from others is for the operator to judge.
    async fn held_indicator(
        &self,
        session: &Session<Market>,
        held: &HeldRow,
        decision: &Decision,
        repair: &IndicatorRepair,
    ) -> Result<Content, ServiceError> {
        let code = repair.code.clone().unwrap_or_else(|| cell(held, "code").to_owned());
        let Some(unit) = market_indicator::unit(session, &code).await? else {
            return Err(decision.invalid("code", format!("no series is called `{code}`")));
        };
        let Some(date) = repair.date.or(held.date) else {
            return Err(decision.invalid("date", format!("the date `{}` is no day", cell(held, "date"))));
        };
        self.has_come(date, decision, "date")?;
        let Some(value) = repair.value.or(held.value) else {
            return Err(decision.invalid("value", format!("the value `{}` is no number", cell(held, "value"))));
        };
        let floor = match unit.as_str() {
            "POINTS" => Decimal::ZERO,
            "PERCENT" => -Decimal::ONE_HUNDRED,
            _ => -Decimal::ONE,
        };
        if value <= floor {
            return Err(decision.invalid("value", format!("{value} is not above {floor}")));
        }
        Ok(Content::Indicator(Point { code, date, value: short(decision, "value", value)? }))
    }

    fn held_news(&self, held: &HeldRow, decision: &Decision, repair: &NewsRepair) -> Result<Content, ServiceError> {
        let given = |given: &Option<String>, name: &str| given.clone().unwrap_or_else(|| cell(held, name).to_owned());
        let row = NewsRow {
            guid: cell(held, "guid").to_owned(),
            headline: given(&repair.headline, "headline"),
            summary: given(&repair.summary, "summary"),
            url: given(&repair.url.clone().map(Option::unwrap_or_default), "url"),
            published: given(&repair.published_at.map(|at| at.to_rfc3339()), "published"),
            symbols: given(&repair.symbols, "symbols"),
        };
        let read = news::read(&row, self.environment.ids.next(), self.environment.clock.now());
        let item = read.map_err(|(finding, detail)| {
            let (code, field) = match finding {
                "FUTURE_TIME" => (RefusalCode::FutureDate, "publishedAt"),
                "INVALID_TIME" => (RefusalCode::InvalidInput, "publishedAt"),
                "INVALID_URL" => (RefusalCode::InvalidInput, "url"),
                _ => (RefusalCode::InvalidInput, "headline"),
            };
            decision.refuse(code, field, format!("{finding}: {detail}"))
        })?;
        Ok(Content::News { item: Box::new(item), symbols: row.symbols })
    }
}

async fn split(
    session: &Session<Market>,
    held: &HeldRow,
    decision: &Decision,
    repair: &SplitRepair,
) -> Result<Content, ServiceError> {
    let delivered = held::action(session, held.id).await?;
    let instrument = instrument(session, decision, repair.instrument, delivered.instrument_id).await?;
    let ex_date = ex_date(held, decision, repair.ex_date.or(delivered.ex_date))?;
    let part = |name: &'static str, given: Option<Decimal>| {
        let number = given.ok_or_else(|| decision.invalid(name, format!("`{}` is no number", cell(held, name))))?;
        positive(decision, name, number)
    };
    let numerator = part("numerator", repair.numerator.or(delivered.numerator))?;
    let denominator = part("denominator", repair.denominator.or(delivered.denominator))?;
    Ok(Content::Action(Action { instrument, ex_date, terms: Terms::Split { numerator, denominator } }))
}

async fn dividend(
    session: &Session<Market>,
    held: &HeldRow,
    decision: &Decision,
    repair: &DividendRepair,
) -> Result<Content, ServiceError> {
    let delivered = held::action(session, held.id).await?;
    let instrument = instrument(session, decision, repair.instrument, delivered.instrument_id).await?;
    let kind = match (repair.kind, delivered.kind.as_deref()) {
        (Some(kind), _) => kind,
        (None, Some("CASH_DIVIDEND")) => "CASH_DIVIDEND",
        (None, Some("SPECIAL_DIVIDEND")) => "SPECIAL_DIVIDEND",
        _ => return Err(decision.invalid("type", format!("`{}` is no kind of dividend", cell(held, "type")))),
    };
    let ex_date = ex_date(held, decision, repair.ex_date.or(delivered.ex_date))?;
    let pay_date = match repair.pay_date {
        Some(given) => given,
        None if delivered.has_pay_date && delivered.pay_date.is_none() => {
            return Err(decision.invalid("payDate", format!("the pay date `{}` is no day", cell(held, "payDate"))));
        }
        None => delivered.pay_date,
    };
    if let Some(pay_date) = pay_date.filter(|pay_date| *pay_date < ex_date) {
        return Err(decision.invalid("payDate", format!("{pay_date} is before the ex-date, {ex_date}")));
    }
    // An amount may have been delivered in hundredths: neither of both means anything without the other.
    let (amount, currency) = match (repair.amount, repair.currency.clone()) {
        (None, None) => (delivered.amount, delivered.currency),
        (Some(_), None) => return Err(decision.invalid("currency", "an amount is given with its currency")),
        (None, Some(_)) => return Err(decision.invalid("amount", "a currency is given with its amount")),
        given => given,
    };
    let amount =
        amount.ok_or_else(|| decision.invalid("amount", format!("`{}` is no number", cell(held, "amount"))))?;
    let amount = positive(decision, "amount", amount)?;
    let unknown = |code: &str| decision.invalid("currency", format!("`{code}` is no currency that is known"));
    let currency = currency.ok_or_else(|| unknown(cell(held, "currency")))?;
    if !market_indicator::currencies(session).await?.contains(&currency) {
        return Err(unknown(&currency));
    }
    Ok(Content::Action(Action { instrument, ex_date, terms: Terms::Dividend { kind, pay_date, amount, currency } }))
}

async fn instrument(
    session: &Session<Market>,
    decision: &Decision,
    given: Option<Uuid>,
    delivered: Option<Uuid>,
) -> Result<Uuid, ServiceError> {
    let Some(id) = given.or(delivered) else {
        return Err(decision.invalid("instrumentId", "it cannot be told which instrument it is of: name one"));
    };
    if !held::is_instrument(session, id).await? {
        return Err(decision.refuse(RefusalCode::NotFound, "instrumentId", "there is no such instrument"));
    }
    Ok(id)
}

/// It may lie ahead: what is announced is known before.
fn ex_date(held: &HeldRow, decision: &Decision, day: Option<NaiveDate>) -> Result<NaiveDate, ServiceError> {
    day.ok_or_else(|| decision.invalid("exDate", format!("the ex-date `{}` is no day", cell(held, "exDate"))))
}

fn positive(decision: &Decision, field: &str, value: Decimal) -> Result<Decimal, ServiceError> {
    if value <= Decimal::ZERO {
        return Err(decision.invalid(field, format!("{value} is not above zero")));
    }
    short(decision, field, value)
}

/// What was delivered may be longer by the conversion of hundredths.
fn short(decision: &Decision, field: &str, value: Decimal) -> Result<Decimal, ServiceError> {
    let value = value.normalize();
    if value.scale() > MAX_SCALE && matches!(decision, Decision::Repair(_)) {
        return Err(decision.invalid(field, format!("{value} has more than {MAX_SCALE} digits behind the point")));
    }
    Ok(value)
}

/// A cell as it was delivered.
fn cell<'a>(held: &'a HeldRow, name: &str) -> &'a str {
    held.cells.get(name).and_then(Value::as_str).unwrap_or_default()
}

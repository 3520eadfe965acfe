//! What a scenario or a window of history would do to what is held at the end of a range.

mod bond;
mod moves;
mod option;

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::analytics::BondFigures;
use domain::analytics::policy::Withheld;
use domain::analytics::stress::{self, Cause, InvalidShock, Move, Scenario, ShockOn, Stress};
use domain::money::{self, Currency};
use domain::pricing::Lookup;
use domain::region::Region;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::super::price::missing_code;
use super::super::{ServiceError, Services};
use super::Book;
use crate::storage::instrument::{self, sector};
use crate::tenancy::{Session, Tenant};

/// A reason without a figure: its code and its words.
pub type Reason = (&'static str, String);

/// What a line does, and by what.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Moved {
    /// In its own currency, as a fraction; nothing where it is not known.
    pub local: Option<f64>,
    /// Its currency against that of the figures; nothing where it is not known.
    pub currency: Option<f64>,
    /// Which shock moved it in its own currency; nothing where none did.
    pub cause: Option<Cause>,
    /// Its beta, where the market moved it.
    pub beta: Option<f64>,
    /// What it is as a bond and by how much its yield shifted, as a fraction a year, where rates moved it.
    pub bond: Option<(BondFigures, f64)>,
    /// The volatility a year that explains an option's price, where its underlying moved it.
    pub volatility: Option<f64>,
    /// Why a move is not known.
    pub reasons: Vec<Reason>,
}

impl Moved {
    fn unknown(code: &'static str, message: String) -> Self {
        Self { reasons: vec![(code, message)], ..Self::default() }
    }

    fn total(&self) -> Option<Move> {
        let (local, currency) = self.local.zip(self.currency)?;
        Some(Move { local, currency })
    }
}

/// What is held of an instrument or a currency, over all accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct StressedLine {
    /// The instrument; nothing for cash.
    pub instrument: Option<Uuid>,
    /// What it is called: a symbol or a currency.
    pub name: String,
    /// Its currency.
    pub currency: Currency,
    /// Its value before; nothing where a price or a rate is missing.
    pub before: Option<Decimal>,
    /// What it gains, in whole minor units; below zero for a loss.
    pub effect: Option<Decimal>,
    /// What it does.
    pub moved: Moved,
}

/// What is held, stressed.
#[derive(Clone, Debug, PartialEq)]
pub struct StressTest {
    /// Each instrument and each currency, the largest loss first; what is not known comes last.
    pub lines: Vec<StressedLine>,
    /// What everything is worth before; nothing where a value is unknown.
    pub before: Option<Decimal>,
    /// What everything gains; nothing where a part of it is unknown.
    pub effect: Option<Decimal>,
    /// What everything of which it is known gains.
    pub known: Decimal,
}

/// What is wrong with a scenario: the part that names it, and what is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct WrongScenario {
    /// `sectors`, say.
    pub field: &'static str,
    /// With the value that was wrong.
    pub message: String,
}

impl From<InvalidShock> for WrongScenario {
    fn from(error: InvalidShock) -> Self {
        let message = error.to_string();
        match error {
            InvalidShock::Change { on, .. } | InvalidShock::Twice { on, .. } => {
                let message = match &on {
                    ShockOn::AssetType(code) | ShockOn::Sector(code) | ShockOn::Country(code) => {
                        format!("{code}: {message}")
                    }
                    ShockOn::Currency(currency) => format!("{currency}: {message}"),
                    ShockOn::RatesAt(tenor) => format!("{tenor}: {message}"),
                    ShockOn::Instrument(_) | ShockOn::Market(_) | ShockOn::Rates => message,
                };
                Self { field: field_of(&on), message }
            }
            InvalidShock::Shift { .. } => Self { field: field_of(&ShockOn::Rates), message },
        }
    }
}

/// The part of a scenario that a shock stands in.
fn field_of(on: &ShockOn) -> &'static str {
    match on {
        ShockOn::AssetType(_) => "assetTypes",
        ShockOn::Country(_) => "countries",
        ShockOn::Sector(_) => "sectors",
        ShockOn::Instrument(_) => "instruments",
        ShockOn::Currency(_) => "currencies",
        ShockOn::Market(_) => "market",
        ShockOn::Rates => "rateShift",
        ShockOn::RatesAt(_) => "rateShifts",
    }
}

impl Services {
    /// What a scenario or a window of history would do to what a book holds at its end.
    pub async fn analytics_stress(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        stress: &Stress,
    ) -> Result<StressTest, ServiceError> {
        let lines = lines(book)?;
        let moves = match stress {
            Stress::Scenario(scenario) => {
                if let Some(wrong) = self.wrong_in(session, scenario).await? {
                    return Err(ServiceError::BadInput(format!("{}: {}", wrong.field, wrong.message)));
                }
                self.moves_of_scenario(session, book, &lines, scenario).await?
            }
            Stress::Window(window) => self.moves_of_window(session, book, &lines, window.days()).await?,
        };
        stressed(book, lines, moves)
    }

    /// What of a scenario names something that is not there.
    pub async fn wrong_in(
        &self,
        session: &Session<Tenant>,
        scenario: &Scenario,
    ) -> Result<Option<WrongScenario>, ServiceError> {
        let wrong = |on: &ShockOn, message: String| Ok(Some(WrongScenario { field: field_of(on), message }));
        let shocked = || scenario.shocks().iter().map(|shock| &shock.on);
        let sectors: Vec<String> =
            shocked().filter_map(|on| if let ShockOn::Sector(code) = on { Some(code.clone()) } else { None }).collect();
        let known_sectors: BTreeSet<String> = match sectors.is_empty() {
            true => BTreeSet::new(),
            false => sector::paths(session, sectors).await?.into_iter().map(|(leaf, _)| leaf).collect(),
        };
        let currencies: BTreeSet<Currency> =
            shocked().filter_map(|on| if let ShockOn::Currency(one) = on { Some(*one) } else { None }).collect();
        let known_currencies = instrument::known_currencies(session, &currencies).await?;
        let instruments = shocked().filter_map(|on| match on {
            ShockOn::Instrument(id) | ShockOn::Market(id) => Some(id.uuid()),
            _ => None,
        });
        let known = self.market.view(session).await?.instruments(session, instruments).await?;
        for on in shocked() {
            match on {
                ShockOn::Sector(code) if !known_sectors.contains(code) => {
                    return wrong(on, format!("there is no sector {code}"));
                }
                ShockOn::Country(code) if Region::of(code).is_none() => {
                    return wrong(on, format!("{code} is no country's code of ISO 3166"));
                }
                ShockOn::Currency(currency) if !known_currencies.contains(currency) => {
                    return wrong(on, format!("{currency} is no currency that is known here"));
                }
                ShockOn::Instrument(id) | ShockOn::Market(id) if !known.contains_key(&id.uuid()) => {
                    return wrong(on, "there is no such instrument".to_owned());
                }
                _ => {}
            }
        }
        Ok(None)
    }
}

impl Held {
    /// The price as quoted.
    fn price(&self) -> Option<Decimal> {
        self.price.and_then(Lookup::value)
    }
}

/// A line before anything moves it.
#[derive(Clone, Debug)]
struct Held {
    instrument: Option<Uuid>,
    name: String,
    currency: Currency,
    value: Option<Decimal>,
    /// The price as quoted; nothing for cash.
    price: Option<Lookup>,
    reasons: Vec<Reason>,
}

/// What is held at the end, an instrument or a currency a line.
fn lines(book: &Book) -> Result<Vec<Held>, ServiceError> {
    let [_, end] = &book.ends;
    let mut of_instruments: BTreeMap<Uuid, Held> = BTreeMap::new();
    let plus = |held: &mut Held, value: Option<Decimal>| {
        held.value = held.value.zip(value).map(|(sum, value)| money::add(sum, value)).transpose()?;
        Ok::<(), ServiceError>(())
    };
    for line in &end.positions {
        let id = line.instrument.uuid();
        let name = || book.instruments.get(&id).map_or_else(|| id.to_string(), |known| known.symbol.clone());
        let held = of_instruments.entry(id).or_insert_with(|| Held {
            instrument: Some(id),
            name: name(),
            currency: line.local_currency,
            value: Some(Decimal::ZERO),
            price: Some(line.price),
            reasons: Vec::new(),
        });
        plus(held, line.market_value)?;
    }
    let mut of_currencies: BTreeMap<Currency, Held> = BTreeMap::new();
    for line in &end.cash {
        let held = of_currencies.entry(line.currency).or_insert_with(|| Held {
            instrument: None,
            name: line.currency.to_string(),
            currency: line.currency,
            value: Some(Decimal::ZERO),
            price: None,
            reasons: Vec::new(),
        });
        plus(held, line.value)?;
    }
    let day = end.as_of;
    let told = |mut held: Held| {
        if held.value.is_none() {
            held.reasons.push(match held.price {
                Some(Lookup::Missing { reason }) => {
                    (missing_code(reason), format!("no price of {} on {day}: {reason}", held.name))
                }
                _ => ("NO_RATE", format!("no {} rate in {} on {day}", held.currency, book.currency)),
            });
        }
        held
    };
    Ok(of_instruments.into_values().chain(of_currencies.into_values()).map(told).collect())
}

fn stressed(book: &Book, lines: Vec<Held>, moves: Vec<Moved>) -> Result<StressTest, ServiceError> {
    let values: Vec<_> = lines.iter().zip(&moves).map(|(line, moved)| (line.value, moved.total())).collect();
    let effects = stress::effects(&values, book.currency)?;
    let lines = lines.into_iter().zip(moves).zip(effects.lines);
    let mut lines: Vec<StressedLine> = lines
        .map(|((held, mut moved), effect)| {
            let has_inputs = held.value.is_some() && moved.total().is_some();
            moved.reasons = [held.reasons, moved.reasons].concat();
            if has_inputs && effect.is_none() {
                moved
                    .reasons
                    .push((Withheld::NoSolution.code(), format!("{}: its move is beyond all numbers", held.name)));
            }
            let Held { instrument, name, currency, value, .. } = held;
            StressedLine { instrument, name, currency, before: value, effect, moved }
        })
        .collect();
    lines.sort_by_key(|line| (line.effect.is_none(), line.effect));
    Ok(StressTest { lines, before: book.ends[1].value, effect: effects.total, known: effects.known })
}

impl StressTest {
    /// The effect over the value before; nothing unless both are known and the value is above zero.
    pub fn fraction(&self) -> Option<f64> {
        fraction(self.effect, self.before)
    }

    /// The share of lines, by count, of which the effect is known: 1 where there are none.
    pub fn coverage(&self) -> f64 {
        match self.lines.len() {
            0 => 1.0,
            count => self.lines.iter().filter(|line| line.effect.is_some()).count() as f64 / count as f64,
        }
    }
}

/// A gain over a value above zero.
pub fn fraction(effect: Option<Decimal>, before: Option<Decimal>) -> Option<f64> {
    let before = before.filter(|before| *before > Decimal::ZERO)?;
    money::div(effect?, before).ok()?.to_f64()
}

/// The last day of a book, on which it is stressed.
fn end_of(book: &Book) -> NaiveDate {
    book.ends[1].as_of
}

//! What each line does.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use domain::analytics::policy::{RATIOS_FROM_OBSERVATIONS, Withheld};
use domain::analytics::regression;
use domain::analytics::stress::{Cause, Scenario, ShockOn, Traits, market_move, rate_move};
use domain::id::InstrumentId;
use domain::pricing::FxRates;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::super::super::{ServiceError, Services};
use super::super::{Book, Growth};
use super::{Held, Moved, bond, end_of};
use crate::storage::instrument::{Instrument, sector};
use crate::tenancy::{Session, Tenant};

/// What moves lines in their own currencies.
struct Forces<'a> {
    scenario: &'a Scenario,
    /// Sectors with the parts that they are in, by code.
    sectors: HashMap<String, Vec<String>>,
    /// What stands for the market, with what it and the holdings have grown to, each in its own currency.
    market: Option<(Uuid, f64, HashMap<Uuid, Growth>)>,
    settlement: NaiveDate,
}

impl Services {
    /// The moves of lines by shocks.
    pub(super) async fn moves_of_scenario(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        lines: &[Held],
        scenario: &Scenario,
    ) -> Result<Vec<Moved>, ServiceError> {
        let own = |on: &ShockOn| matches!(on, ShockOn::Currency(currency) if *currency == book.currency);
        if scenario.shocks().iter().any(|shock| own(&shock.on)) {
            let message = format!(
                "currencies: {} is the currency of the figures, which does nothing against itself: ask for them in another",
                book.currency
            );
            return Err(ServiceError::BadInput(message));
        }
        let held = || lines.iter().filter_map(|line| line.instrument);
        let market = match scenario.market() {
            None => None,
            Some((benchmark, change)) => {
                let benchmark = benchmark.uuid();
                let ids: BTreeSet<Uuid> = held().chain([benchmark]).collect();
                let grown = self.growth_in(session, ids, &book.history.daily.dates, None).await?;
                Some((benchmark, change, grown))
            }
        };
        let sectors = self.sectors_of(session, book, scenario).await?;
        let forces = Forces { scenario, sectors, market, settlement: end_of(book) };
        let moved = |line: &Held| {
            let instrument = line.instrument.and_then(|id| book.instruments.get(&id));
            let local = match instrument {
                Some(instrument) => forces.local(line, instrument),
                None => Moved { local: Some(0.0), ..Moved::default() },
            };
            Moved { currency: Some(scenario.currency(line.currency)), ..local }
        };
        Ok(lines.iter().map(moved).collect())
    }

    async fn sectors_of(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        scenario: &Scenario,
    ) -> Result<HashMap<String, Vec<String>>, ServiceError> {
        let mut paths: HashMap<String, Vec<String>> = HashMap::new();
        if scenario.shocks().iter().any(|shock| matches!(shock.on, ShockOn::Sector(_))) {
            let codes: BTreeSet<String> =
                book.instruments.values().filter_map(|instrument| narrowest(instrument).cloned()).collect();
            for (leaf, part) in sector::paths(session, codes.into_iter().collect()).await? {
                paths.entry(leaf).or_default().push(part.code);
            }
        }
        Ok(paths)
    }

    /// The moves of lines between the closes of two days, with what they paid put back.
    pub(super) async fn moves_of_window(
        &self,
        session: &Session<Tenant>,
        book: &Book,
        lines: &[Held],
        days: [NaiveDate; 2],
    ) -> Result<Vec<Moved>, ServiceError> {
        let held = lines.iter().filter_map(|line| line.instrument).collect();
        let grown = self.growth_in(session, held, &days, None).await?;
        let fx = self.market.view(session).await?.fx(session).await?;
        let moved = |line: &Held| {
            let mut moved = match line.instrument {
                Some(id) => over(grown.get(&id), &line.name, days),
                None => Moved { local: Some(0.0), ..Moved::default() },
            };
            match rate_over(&fx, line, book, days) {
                Ok(change) => moved.currency = Some(change),
                Err(day) => {
                    moved.reasons.push(("NO_RATE", format!("no {} rate in {} on {day}", line.currency, book.currency)));
                }
            }
            moved
        };
        Ok(lines.iter().map(moved).collect())
    }
}

fn narrowest(instrument: &Instrument) -> Option<&String> {
    instrument.industry_code.as_ref().or(instrument.sector_code.as_ref())
}

/// What an instrument returned from the one close to the other.
fn over(grown: Option<&Growth>, name: &str, days: [NaiveDate; 2]) -> Moved {
    let values = grown.map(|grown| grown.values.as_slice()).unwrap_or_default();
    let on = |at: usize| values.get(at).copied().flatten().ok_or(days[at]);
    match on(0).and_then(|first| Ok((first, on(1)?))) {
        // What was worth nothing has no return.
        Ok((first, last)) if first > 0.0 => Moved { local: Some(last / first - 1.0), ..Moved::default() },
        Ok(_) => Moved::unknown("NO_PRICE", format!("no price of {name} above zero on {}", days[0])),
        Err(day) => Moved::unknown("NO_PRICE", format!("no price of {name} on {day}")),
    }
}

/// What a line's currency did against that of the figures, or the day without a rate.
fn rate_over(fx: &FxRates, line: &Held, book: &Book, days: [NaiveDate; 2]) -> Result<f64, NaiveDate> {
    let mut rates = fx.cursor(line.currency, book.currency);
    let mut on = |day: NaiveDate| rates.at(day).ok().and_then(|rate| rate.value().ok()?.to_f64()).ok_or(day);
    let [first, last] = [on(days[0])?, on(days[1])?];
    Ok(last / first - 1.0)
}

impl Forces<'_> {
    /// What a holding does in its own currency: by the most specific shock that names it or what it shares, else a bond by the shift of
    /// the curve, else by its beta to the market.
    fn local(&self, line: &Held, instrument: &Instrument) -> Moved {
        let sectors = narrowest(instrument).and_then(|code| self.sectors.get(code)).map(Vec::as_slice);
        let traits = Traits {
            instrument: InstrumentId::from(instrument.id),
            asset_type: &instrument.asset_type,
            sectors: sectors.unwrap_or_default(),
            country: instrument.country.as_deref(),
        };
        let by = |cause, local| Moved { local: Some(local), cause: Some(cause), ..Moved::default() };
        if let Some((cause, size)) = self.scenario.named(&traits) {
            return by(cause, size);
        }
        if let Some(shift) = self.scenario.shift().filter(|_| instrument.asset_type == "BOND") {
            return self.by_rates(line, instrument, shift);
        }
        match &self.market {
            Some((benchmark, change, grown)) => match beta(grown, instrument, *benchmark) {
                Ok(beta) => Moved { beta: Some(beta), ..by(Cause::Market, market_move(beta, *change)) },
                Err(withheld) => {
                    let message = format!("the beta of {}: {withheld}", instrument.symbol);
                    Moved::unknown(withheld.code(), message)
                }
            },
            None => Moved { local: Some(0.0), ..Moved::default() },
        }
    }

    fn by_rates(&self, line: &Held, instrument: &Instrument, shift: f64) -> Moved {
        // Without a price there is no value either, and the reason is told with that.
        let Some(price) = line.price else { return Moved::default() };
        let figures = bond::figures(instrument, price, self.settlement);
        let moved = figures.and_then(|figures| match rate_move(&figures, shift) {
            Some(local) => Ok((local, figures)),
            None => Err(format!("{}: a price of {price} is not above zero", instrument.symbol)),
        });
        match moved {
            Ok((local, figures)) => {
                Moved { local: Some(local), cause: Some(Cause::Rates), bond: Some(figures), ..Moved::default() }
            }
            Err(message) => Moved::unknown("NO_DURATION", message),
        }
    }
}

/// The beta of a holding to what stands for the market, by the days that both have a value on.
fn beta(grown: &HashMap<Uuid, Growth>, instrument: &Instrument, benchmark: Uuid) -> Result<f64, Withheld> {
    let values = |id: Uuid| grown.get(&id).map(|grown| grown.values.as_slice()).unwrap_or_default();
    let both = values(instrument.id).iter().zip(values(benchmark)).filter_map(|(own, other)| own.zip(*other));
    let (own, other): (Vec<f64>, Vec<f64>) = both.unzip();
    let steps = |values: &[f64]| values.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect::<Vec<f64>>();
    let (own, other) = (steps(&own), steps(&other));
    if own.len() < RATIOS_FROM_OBSERVATIONS {
        return Err(Withheld::TooFewObservations { count: own.len() });
    }
    regression(&own, &other, 0.0).map(|line| line.beta).ok_or(Withheld::NoSolution)
}

//! What each line does.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::analytics::policy::{RATIOS_FROM_OBSERVATIONS, Withheld};
use domain::analytics::regression;
use domain::analytics::stress::{Cause, Scenario, ShockOn, Traits, market_move, rate_move};
use domain::id::InstrumentId;
use domain::pricing::FxRates;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::super::super::valuation::load_calendars;
use super::super::super::{ServiceError, Services};
use super::super::{Book, Growth};
use super::{Held, Moved, bond, end_of, option};
use crate::storage::instrument::{Instrument, sector};
use crate::tenancy::{Session, Tenant};

/// What moves lines in their own currencies.
struct Forces<'a> {
    scenario: &'a Scenario,
    /// Sectors with the parts that they are in, by code.
    sectors: HashMap<String, Vec<String>>,
    /// What stands for the market, with what it and the holdings have grown to, each in its own currency.
    market: Option<(Uuid, f64, HashMap<Uuid, Growth>)>,
    /// What the options are on, with its price on the day.
    underlyings: HashMap<Uuid, (Arc<Instrument>, Option<Decimal>)>,
    day: NaiveDate,
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
        let underlyings = self.underlyings(session, book).await?;
        let held = || lines.iter().filter_map(|line| line.instrument).chain(underlyings.keys().copied());
        let market = match scenario.market() {
            None => None,
            Some((benchmark, change)) => {
                let benchmark = benchmark.uuid();
                let ids: BTreeSet<Uuid> = held().chain([benchmark]).collect();
                let is_asked = !ids.is_subset(&BTreeSet::from([benchmark]));
                let grown = self.growth_in(session, book, ids, &book.history.daily.dates, None).await?;
                let values = grown.get(&benchmark).map(|grown| grown.values.as_slice()).unwrap_or_default();
                if is_asked && values.iter().all(Option::is_none) {
                    let message = "market: what stands for it has no price on the days of the range";
                    return Err(ServiceError::BadInput(message.to_owned()));
                }
                Some((benchmark, change, grown))
            }
        };
        let looked_at = book.instruments.values().chain(underlyings.values().map(|(instrument, _)| instrument));
        let sectors = self.sectors_of(session, looked_at, scenario).await?;
        let forces = Forces { scenario, sectors, market, underlyings, day: end_of(book) };
        let moved = |line: &Held| {
            let instrument = line.instrument.and_then(|id| book.instruments.get(&id));
            let local = match instrument {
                Some(instrument) => forces.local(line.price(), instrument),
                None => Moved { local: Some(0.0), ..Moved::default() },
            };
            Moved { currency: Some(scenario.currency(line.currency)), ..local }
        };
        Ok(lines.iter().map(moved).collect())
    }

    /// What the options at the end are on, with its price then.
    async fn underlyings(
        &self,
        session: &Session<Tenant>,
        book: &Book,
    ) -> Result<HashMap<Uuid, (Arc<Instrument>, Option<Decimal>)>, ServiceError> {
        let held = book.ends[1].positions.iter().filter_map(|line| book.instruments.get(&line.instrument.uuid()));
        let ids: BTreeSet<Uuid> = held.filter_map(|held| Some(held.option.as_ref()?.underlying.uuid())).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let view = self.market.view(session).await?.at(book.known_at);
        let fx = view.fx(session).await?;
        let market = load_calendars(session, &view, fx, ids.clone()).await?.with_prices(session, &view).await?;
        let priced = |id: Uuid| {
            let price = market.quote(id, end_of(book)).and_then(|lookup| lookup.value());
            Some((id, (market.instrument(id)?, price)))
        };
        Ok(ids.into_iter().filter_map(priced).collect())
    }

    async fn sectors_of(
        &self,
        session: &Session<Tenant>,
        instruments: impl Iterator<Item = &Arc<Instrument>>,
        scenario: &Scenario,
    ) -> Result<HashMap<String, Vec<String>>, ServiceError> {
        let mut paths: HashMap<String, Vec<String>> = HashMap::new();
        if scenario.shocks().iter().any(|shock| matches!(shock.on, ShockOn::Sector(_))) {
            let codes: BTreeSet<String> = instruments.filter_map(|instrument| narrowest(instrument).cloned()).collect();
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
        let grown = self.growth_in(session, book, held, &days, None).await?;
        let fx = self.market.view(session).await?.at(book.known_at).fx(session).await?;
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
    /// the curve, an option by what it is on, the rest by its beta to the market.
    fn local(&self, price: Option<Decimal>, instrument: &Instrument) -> Moved {
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
        if instrument.asset_type == "BOND" {
            // What has no known maturity has no duration either, and that is told.
            let maturity = instrument.bond.as_ref().map_or(self.day, |terms| terms.maturity);
            if let Some(shift) = self.scenario.shift((maturity - self.day).num_days() as f64) {
                return self.by_rates(price, instrument, shift);
            }
        }
        if instrument.asset_type == "OPTION" {
            return self.by_underlying(price, instrument);
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

    fn by_underlying(&self, price: Option<Decimal>, instrument: &Instrument) -> Moved {
        let symbol = &instrument.symbol;
        let Some(contract) = &instrument.option else {
            return Moved::unknown("NO_TERMS", format!("{symbol}: what it is an option on is not known"));
        };
        let underlying = self.underlyings.get(&contract.underlying.uuid());
        let Some((underlying, spot)) = underlying.filter(|(underlying, _)| underlying.asset_type != "OPTION") else {
            return Moved::unknown("NO_TERMS", format!("{symbol}: what it is an option on is not known"));
        };
        let of_underlying = self.local(*spot, underlying);
        // What nothing moves needs no price.
        let (Some(change), Some(_)) = (of_underlying.local, of_underlying.cause) else { return of_underlying };
        let Some(spot) = *spot else {
            return Moved::unknown("NO_PRICE", format!("no price of {} on {}", underlying.symbol, self.day));
        };
        // Without a price there is no value either, and the reason is told with that.
        let Some(price) = price else { return Moved::default() };
        match option::moved(contract, price, spot, self.day, change) {
            Ok((local, volatility)) => {
                Moved { local: Some(local), volatility: Some(volatility.0), bond: None, ..of_underlying }
            }
            Err(message) => Moved::unknown("NO_VOLATILITY", format!("{symbol}: {message}")),
        }
    }

    fn by_rates(&self, price: Option<Decimal>, instrument: &Instrument, shift: f64) -> Moved {
        // Without a price there is no value either, and the reason is told with that.
        let Some(price) = price else { return Moved::default() };
        let figures = bond::figures(instrument, price, self.day);
        let moved = figures.and_then(|figures| match rate_move(&figures, shift) {
            Some(local) => Ok((local, figures)),
            None => Err(format!("{}: a price of {price} is not above zero", instrument.symbol)),
        });
        match moved {
            Ok((local, figures)) => Moved {
                local: Some(local),
                cause: Some(Cause::Rates),
                bond: Some((figures, shift)),
                ..Moved::default()
            },
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

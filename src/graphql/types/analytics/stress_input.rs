//! What holdings are stressed by.

use async_graphql::{Enum, ID, InputObject, Result};
use domain::analytics::stress::{Scenario, Shock, ShockOn, Window};
use domain::id::InstrumentId;

use crate::graphql::error::ErrorCode;
use crate::graphql::id::Kind;
use crate::graphql::scalars::Currency;
use crate::graphql::types::instrument::AssetType;
use crate::services::analytics::stress::WrongScenario;

/// Shocks that one scenario may have.
const MAX_SHOCKS: usize = 200;

/// A stretch of history that is known for what it did: from the close of one day to that of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "Window")]
pub enum StressWindow {
    /// Russia's default and the fall of Long-Term Capital Management: 1998-07-17 to 1998-08-31.
    #[graphql(name = "RUSSIA_1998")]
    Russia1998,
    /// The end of the technology boom: 2000-03-24 to 2002-10-09.
    #[graphql(name = "TECHNOLOGY_2000")]
    Technology2000,
    /// The financial crisis: 2007-10-09 to 2009-03-09.
    #[graphql(name = "FINANCIAL_2008")]
    Financial2008,
    /// The euro area's debt and the downgrade of the United States: 2011-04-29 to 2011-10-03.
    #[graphql(name = "DEBT_2011")]
    Debt2011,
    /// The end of bond purchases is announced and yields rise: 2013-05-02 to 2013-09-05.
    #[graphql(name = "TAPER_2013")]
    Taper2013,
    /// The last quarter of 2018: 2018-09-20 to 2018-12-24.
    #[graphql(name = "QUARTER_2018")]
    Quarter2018,
    /// The first weeks of the pandemic: 2020-02-19 to 2020-03-23.
    #[graphql(name = "PANDEMIC_2020")]
    Pandemic2020,
    /// Inflation and rising rates: 2022-01-03 to 2022-10-12.
    #[graphql(name = "INFLATION_2022")]
    Inflation2022,
}

/// A shock on everything of a kind.
#[derive(Clone, Debug, InputObject)]
pub struct AssetTypeShockInput {
    /// The kind of instrument.
    asset_type: AssetType,
    /// A fraction of the value, −1 to 10: −0.3 is a fall of 30 %.
    change: f64,
}

/// A shock on everything in a sector.
#[derive(Clone, Debug, InputObject)]
pub struct SectorShockInput {
    /// The code of a `Sector`, or of a part of one.
    sector: String,
    /// A fraction of the value, −1 to 10: −0.3 is a fall of 30 %.
    change: f64,
}

/// A shock on everything in a country.
#[derive(Clone, Debug, InputObject)]
pub struct CountryShockInput {
    /// The country by ISO 3166, two capital letters.
    country: String,
    /// A fraction of the value, −1 to 10: −0.3 is a fall of 30 %.
    change: f64,
}

/// A shock on a currency.
#[derive(Clone, Debug, InputObject)]
pub struct CurrencyShockInput {
    /// The currency: another than that of the figures.
    currency: Currency,
    /// What its value in the currency of the figures changes by, a fraction of −1 to 10: −0.1 is a fall of 10 %.
    change: f64,
}

/// A shock on one instrument.
#[derive(Clone, Debug, InputObject)]
pub struct InstrumentShockInput {
    /// The instrument.
    instrument_id: ID,
    /// A fraction of the price, −1 to 10: −0.3 is a fall of 30 %.
    change: f64,
}

/// A shock on the market, by which holdings move as far as their betas say.
#[derive(Clone, Debug, InputObject)]
pub struct MarketShockInput {
    /// The instrument or index that stands for the market.
    benchmark_id: ID,
    /// What that does, a fraction of −1 to 10: −0.3 is a fall of 30 %.
    change: f64,
}

/// A shift of the curve of yields at one tenor.
#[derive(Clone, Debug, InputObject)]
pub struct RateShiftInput {
    /// The tenor: a number with D, W, M or Y, such as `2Y`.
    tenor: String,
    /// In basis points, −2,000 to 2,000.
    shift: f64,
}

/// Shocks that come together, 200 at the most. In its own currency a holding moves by the most specific that is named: on itself, on the
/// narrowest part of its sector, on its country, on its kind; else a bond by the shift of rates, an option by what it is on, the rest by
/// its beta to the market; they are not added. What its currency does comes on top: × (1 + change).
#[derive(Clone, Debug, InputObject)]
pub struct StressShocksInput {
    /// By kind of instrument.
    #[graphql(default)]
    asset_types: Vec<AssetTypeShockInput>,
    /// By sector.
    #[graphql(default)]
    sectors: Vec<SectorShockInput>,
    /// By country.
    #[graphql(default)]
    countries: Vec<CountryShockInput>,
    /// By currency; cash in it moves too.
    #[graphql(default)]
    currencies: Vec<CurrencyShockInput>,
    /// By instrument.
    #[graphql(default)]
    instruments: Vec<InstrumentShockInput>,
    /// Of the market as a whole, by beta.
    market: Option<MarketShockInput>,
    /// Of all yields together, in basis points, −2,000 to 2,000: bonds move by −D·Δy + ½·C·Δy².
    rate_shift: Option<f64>,
    /// Of the curve at some tenors, in place of `rateShift`: a bond's yield shifts as the curve does at its maturity, in a line between the
    /// tenors, and beyond them as at the nearest.
    #[graphql(default)]
    rate_shifts: Vec<RateShiftInput>,
}

impl StressShocksInput {
    /// The shocks, not yet looked at.
    pub fn shocks(self, argument: &str) -> Result<Vec<Shock>> {
        let instrument =
            |id: &ID, field: &str| Kind::Instrument.parse(id, &format!("{argument}.{field}")).map(InstrumentId::from);
        let mut shocks = Vec::new();
        let mut add = |on: ShockOn, size: f64| shocks.push(Shock { on, size });
        for AssetTypeShockInput { asset_type, change } in self.asset_types {
            add(ShockOn::AssetType(asset_type.code().to_owned()), change);
        }
        for SectorShockInput { sector, change } in self.sectors {
            add(ShockOn::Sector(sector), change);
        }
        for CountryShockInput { country, change } in self.countries {
            add(ShockOn::Country(country), change);
        }
        for CurrencyShockInput { currency, change } in self.currencies {
            add(ShockOn::Currency(currency.0), change);
        }
        for InstrumentShockInput { instrument_id, change } in self.instruments {
            add(ShockOn::Instrument(instrument(&instrument_id, "instruments.instrumentId")?), change);
        }
        if let Some(MarketShockInput { benchmark_id, change }) = self.market {
            add(ShockOn::Market(instrument(&benchmark_id, "market.benchmarkId")?), change);
        }
        if let Some(shift) = self.rate_shift {
            add(ShockOn::Rates, shift);
        }
        for RateShiftInput { tenor, shift } in self.rate_shifts {
            let read = if tenor.len() > 8 { None } else { tenor.parse().ok() };
            let Some(tenor) = read else {
                let shown: String = tenor.chars().take(8).collect();
                let message = format!("{argument}.rateShifts.tenor: `{shown}` is no tenor, such as 3M or 10Y");
                return Err(ErrorCode::BadUserInput.error(message));
            };
            add(ShockOn::RatesAt(tenor), shift);
        }
        if shocks.len() > MAX_SHOCKS {
            let message = format!("{argument}: {} shocks are given, {MAX_SHOCKS} at the most", shocks.len());
            return Err(ErrorCode::BadUserInput.error(message));
        }
        Ok(shocks)
    }

    /// The scenario of a query.
    pub fn scenario(self) -> Result<Scenario> {
        let shocks = self.shocks("shocks")?;
        Scenario::new(shocks).map_err(|error| {
            let WrongScenario { field, message } = error.into();
            ErrorCode::BadUserInput.error(format!("shocks.{field}: {message}"))
        })
    }
}

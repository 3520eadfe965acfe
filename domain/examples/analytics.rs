//! The analytics on their own, for comparing them with those of others.
//!
//!     cargo run --release -p domain --example analytics -- figures RETURNS FLOWS
//!     cargo run --release -p domain --example analytics -- times
//!
//! RETURNS has lines `date,return,benchmark`, FLOWS lines `date,amount` with the investor's sign. Figures are printed as `name,value`,
//! times as `name,microseconds`, the median of several runs, on one thread where no other number is named. `bench/compare_analytics.py` runs both.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::analytics::{
    AnnualReturn, DatedReturn, Estimator, Moments, MonteCarlo, NoSimulation, Revaluation, Side, Simulation, Terms,
    calmar, capture, compound_annual, covariance, downside_deviation, information_ratio, max_drawdown, omega,
    per_period, regression, rolling_sharpe, sharpe, simulated_tail_risk, sortino, tail_risk, tracking_error,
    ulcer_index, volatility, xirr,
};
use domain::id::{AccountId, InstrumentId};
use domain::ledger::{InstrumentTerms, Instruments, PositionPeriod};
use domain::money::Currency;
use domain::pricing::{FxRates, MaxAge, Series};
use domain::valuation::{Inputs, PriceSource, daily};
use rust_decimal::Decimal;
use uuid::Uuid;

/// Trading days a year.
const YEAR: f64 = 252.0;
/// Without risk, a year.
const RISK_FREE: AnnualReturn = AnnualReturn(0.02);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["figures", returns, flows] => figures(returns, flows),
        ["times"] => times(),
        _ => Err("figures RETURNS FLOWS, or times, is expected".into()),
    }
}

fn figures(returns: &str, flows: &str) -> Result<(), Box<dyn Error>> {
    let rows = read(returns, 2)?;
    let (own, benchmark): (Vec<f64>, Vec<f64>) = rows.iter().map(|(_, values)| (values[0], values[1])).unzip();
    let flows: Vec<(NaiveDate, f64)> = read(flows, 1)?.into_iter().map(|(day, values)| (day, values[0])).collect();
    let steps: Vec<DatedReturn> =
        rows.iter().map(|(day, values)| DatedReturn { from: *day, date: *day, value: values[0] }).collect();
    let target = per_period(RISK_FREE, YEAR);
    let annual = compound_annual(&own, YEAR);
    let line = regression(&own, &benchmark, target);
    let tail = |estimator| tail_risk(&own, estimator, Terms { confidence: 0.95, horizon: 1.0 });
    let historical = tail(Estimator::Historical)?;
    let linear = tail(Estimator::HistoricalLinear)?;
    let normal = tail(Estimator::ParametricNormal)?;
    let rolled = rolling_sharpe(&own, RISK_FREE, 126, YEAR)?;
    let named = [
        ("xirr", xirr(&flows).rate().map(|rate| rate.0)),
        ("annual_return", annual.map(|rate| rate.0)),
        ("volatility", volatility(&own, YEAR).map(|figure| figure.0)),
        ("downside_deviation", downside_deviation(&own, target).map(|figure| figure * YEAR.sqrt())),
        ("sharpe", sharpe(&own, RISK_FREE, YEAR).map(|figure| figure.0)),
        ("sortino", sortino(&own, target, YEAR)),
        ("omega", omega(&own, target)),
        ("max_drawdown", max_drawdown(&steps).map(|fall| fall.depth)),
        ("calmar", annual.zip(max_drawdown(&steps)).and_then(|(annual, fall)| calmar(annual, &fall))),
        ("ulcer_index", ulcer_index(&steps)),
        ("skewness", Moments::of(&own).and_then(|moments| moments.skewness())),
        ("excess_kurtosis", Moments::of(&own).and_then(|moments| moments.excess_kurtosis())),
        ("var_historical", Some(historical.value_at_risk)),
        ("es_historical", Some(historical.expected_shortfall)),
        ("var_linear", Some(linear.value_at_risk)),
        ("es_linear", Some(linear.expected_shortfall)),
        ("var_parametric", Some(normal.value_at_risk)),
        ("es_parametric", Some(normal.expected_shortfall)),
        ("alpha", line.map(|line| line.alpha * YEAR)),
        ("beta", line.map(|line| line.beta)),
        ("r_squared", line.and_then(|line| line.r_squared())),
        ("tracking_error", tracking_error(&own, &benchmark, YEAR)),
        ("information_ratio", information_ratio(&own, &benchmark, YEAR)),
        ("up_capture", capture(&own, &benchmark, Side::Up, YEAR)),
        ("down_capture", capture(&own, &benchmark, Side::Down, YEAR)),
        ("rolling_sharpe", rolled.last().copied().flatten()),
    ];
    for (name, value) in named {
        println!("{name},{}", value.map_or_else(String::new, |value| value.to_string()));
    }
    Ok(())
}

/// A date and numbers.
type Line = (NaiveDate, Vec<f64>);

/// Lines of a date and so many numbers.
fn read(path: &str, numbers: usize) -> Result<Vec<Line>, Box<dyn Error>> {
    let row = |line: &str| -> Result<Line, Box<dyn Error>> {
        let (day, rest) = line.split_once(',').ok_or_else(|| format!("`{line}` is no date and numbers"))?;
        let values = rest.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
        if values.len() == numbers {
            Ok((day.parse()?, values))
        } else {
            Err(format!("`{line}` is not of {numbers}").into())
        }
    };
    std::fs::read_to_string(path)?.lines().map(row).collect()
}

fn times() -> Result<(), Box<dyn Error>> {
    let first: NaiveDate = "2015-01-02".parse()?;
    let day = |after: usize| first.checked_add_days(Days::new(after as u64)).unwrap_or(first);
    let holdings: Vec<Vec<(NaiveDate, f64)>> = (0..18).map(|holding| flows(29, |at| day(at * 91 + holding))).collect();
    timed("xirr_18_holdings", 200, || holdings.iter().map(|flows| xirr(flows)).collect::<Vec<_>>());
    let many = flows(1_000_000, |at| day(at * 3_650 / 1_000_000));
    timed("xirr_million_flows", 5, || xirr(&many));

    daily_values()?;

    let columns = columns(500, 2_520);
    let (own, benchmark) = (&columns[0], &columns[1]);
    let steps: Vec<DatedReturn> = own
        .iter()
        .enumerate()
        .map(|(at, value)| DatedReturn { from: day(at), date: day(at + 1), value: *value })
        .collect();
    let six = || {
        let fall = max_drawdown(&steps);
        let annual = compound_annual(own, YEAR);
        (
            volatility(own, YEAR),
            sharpe(own, RISK_FREE, YEAR),
            sortino(own, 0.0, YEAR),
            annual.zip(fall).and_then(|(annual, fall)| calmar(annual, &fall)),
            fall,
            regression(own, benchmark, 0.0),
        )
    };
    timed("six_risk_figures", 500, six);
    timed("rolling_sharpe", 100, || rolling_sharpe(own, RISK_FREE, 126, YEAR));
    timed("covariance_500", 5, || covariance(&columns));
    let fifty = covariance(&columns[..50])?;
    let simulation = Simulation { paths: 100_000, seed: 7, horizon: 1.0, revaluation: Revaluation::Linear };
    let (weights, means) = ([0.02; 50], [0.0; 50]);
    timed("monte_carlo", 5, || simulated_tail_risk(&weights, &means, &fifty, 0.95, simulation));
    let market = MonteCarlo::of(&weights, &means, &fifty, simulation)?;
    if on_threads(&market, 2) != market.outcomes() {
        return Err("two threads simulate other outcomes than one".into());
    }
    timed("monte_carlo_two_threads", 5, || on_threads(&market, 2));
    let lognormal = Simulation { revaluation: Revaluation::Lognormal, ..simulation };
    timed("monte_carlo_lognormal", 5, || simulated_tail_risk(&weights, &means, &fifty, 0.95, lognormal));
    Ok(())
}

/// The outcomes of all paths, each thread simulating a stretch of blocks.
fn on_threads(market: &MonteCarlo<'_>, threads: usize) -> Result<Vec<f64>, NoSimulation> {
    let blocks: Vec<usize> = (0..market.blocks()).collect();
    let stretch = |blocks: &[usize]| blocks.iter().map(|block| market.block(*block)).collect::<Result<Vec<_>, _>>();
    std::thread::scope(|scope| {
        let shares: Vec<_> = blocks
            .chunks(blocks.len().div_ceil(threads).max(1))
            .map(|share| scope.spawn(move || stretch(share)))
            .collect();
        let mut all = Vec::new();
        for share in shares {
            // A thread ends without an answer only where it panics, and so does this one.
            all.extend(share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?.concat());
        }
        Ok(all)
    })
}

/// Purchases, the last of all a value that makes them worth a little more.
fn flows(count: usize, day: impl Fn(usize) -> NaiveDate) -> Vec<(NaiveDate, f64)> {
    let amount = |at: usize| if at + 1 == count { 1_100.0 * (count - 1) as f64 } else { -1_000.0 - (at % 7) as f64 };
    (0..count).map(|at| (day(at), amount(at))).collect()
}

/// Returns that share a market, from a fixed sequence.
fn columns(size: usize, count: usize) -> Vec<Vec<f64>> {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as f64 / f64::from(1_u32 << 31) - 0.5) * 0.03
    };
    let market: Vec<f64> = (0..count).map(|_| next()).collect();
    (0..size).map(|_| market.iter().map(|value| value + next()).collect()).collect()
}

/// Values 500 instruments that are traded on each of 2,609 business days, from the rows that a ledger keeps of them: one a day and instrument.
fn daily_values() -> Result<(), Box<dyn Error>> {
    let usd = Currency::new("USD")?;
    let first: NaiveDate = "2015-01-01".parse()?;
    let is_business = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let days: Vec<NaiveDate> = first.iter_days().filter(is_business).take(2_609).collect();
    let account = AccountId::from(Uuid::from_u128(1));
    let (mut positions, mut instruments, mut closes) = (Vec::new(), Instruments::new(), Vec::new());
    for number in 0..500_usize {
        let id = InstrumentId::from(Uuid::from_u128(number as u128));
        instruments.insert(id, InstrumentTerms::new(format!("I{number}"), usd, Decimal::ONE)?);
        for (at, day) in days.iter().enumerate() {
            positions.push(PositionPeriod {
                valid_from: *day,
                valid_until: days.get(at + 1).copied(),
                quantity: Decimal::from(100 + (at * 7 + number * 13) % 500),
                ..PositionPeriod::empty(account, id)
            });
        }
        let prices = (0..days.len()).map(|at| Decimal::new(10_000 + ((at * 31 + number * 17) % 3_000) as i64, 2));
        closes.push((id, Series::new(days.clone(), prices.collect())?));
    }
    let source = |series| PriceSource { series, max_age: MaxAge::Days(5) };
    let inputs = Inputs {
        positions: &positions,
        cash: &[],
        flows: &[],
        instruments: &instruments,
        prices: &closes.iter().map(|(id, series)| (*id, source(series))).collect(),
        fx: &FxRates::default(),
        base: usd,
        currency: usd,
    };
    timed("daily_values", 5, || daily(&inputs, &days));
    Ok(())
}

fn timed<T>(name: &str, runs: usize, work: impl Fn() -> T) {
    let mut spans: Vec<f64> = (0..runs)
        .map(|_| {
            let begun = Instant::now();
            black_box(work());
            begun.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    spans.sort_by(f64::total_cmp);
    println!("{name},{:.1}", spans[runs / 2]);
}

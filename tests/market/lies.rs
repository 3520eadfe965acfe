//! A provider that lies, a lie at a time: what is held for what, that nothing clean is overwritten, and that the rest goes on.

use portfolio_analyzer::market_data::delivery::{Basis, Delivery, PriceRow, RateRow};
use portfolio_analyzer::market_data::pipeline;
use portfolio_analyzer::storage::pipeline::{Dataset, Outcome};

use super::administration;
use crate::support::{App, Superuser};

/// As the provider of what is stored: its own word counts.
const PROVIDER: &str = "directory";
const NOON: &str = "2024-03-15T12:00:00Z";
const DAY: &str = "2024-03-14";

/// A kind of lie: what is delivered, and the findings that each of its rows is held for.
type Lie<R> = (&'static str, Vec<R>, &'static [&'static str]);

fn acme(change: impl Fn(&mut PriceRow)) -> PriceRow {
    let none = String::new;
    let mut row = PriceRow {
        instrument: None,
        symbol: "ACME".to_owned(),
        mic: none(),
        date: DAY.to_owned(),
        open: none(),
        high: none(),
        low: none(),
        close: "257".to_owned(),
        adjusted_close: none(),
        volume: none(),
        currency: none(),
        basis: Basis::Raw,
    };
    change(&mut row);
    row
}

fn close(text: &str) -> PriceRow {
    acme(|row| row.close = text.to_owned())
}

fn delivery<R>(rows: Vec<R>) -> Delivery<R> {
    let fetched_at = NOON.parse().expect("an instant");
    Delivery { provider: PROVIDER.to_owned(), asked: "some".to_owned(), fetched_at, rows }
}

/// What rows of the latest run are held for, each row's findings with commas between.
async fn held(inside: &mut Superuser) -> Vec<String> {
    let of_run = "SELECT array_to_string(findings, ',') FROM market.stg_held_row \
                  WHERE last_run_id = (SELECT id FROM market.meta_refresh_log ORDER BY id DESC LIMIT 1) ORDER BY line, id";
    inside.texts(of_run).await
}

#[tokio::test]
async fn each_lie_about_a_price_is_held_with_its_reason() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let id = inside.text("SELECT id::text FROM market.dim_stock WHERE symbol = 'ACME'").await;
    let id = id.parse().expect("an id");
    let clean = "SELECT count(*) || ' ' || md5(string_agg(f.date || ' ' || f.close || ' ' || f.status, ',' ORDER BY f.date)) \
                 FROM market.fact_stock_price f JOIN market.dim_stock i ON i.id = f.instrument_id WHERE i.symbol = 'ACME'";
    let before = inside.text(clean).await;
    let lies: Vec<Lie<PriceRow>> = vec![
        ("no number", vec![close("NaN")], &["INVALID_PRICE"]),
        ("an infinite number", vec![close("Infinity")], &["INVALID_PRICE"]),
        ("nothing", vec![close("")], &["INVALID_PRICE"]),
        ("negative", vec![close("-256.5")], &["NOT_POSITIVE"]),
        ("zero", vec![close("0.00")], &["NOT_POSITIVE"]),
        ("a day ahead", vec![acme(|row| row.date = "2024-06-03".to_owned())], &["FUTURE_DATE"]),
        ("no day", vec![acme(|row| row.date = "2024-02-30".to_owned())], &["INVALID_DATE"]),
        ("a Sunday", vec![acme(|row| row.date = "2024-03-10".to_owned())], &["NO_SESSION"]),
        ("a day twice", vec![close("257"), close("258")], &["DUPLICATE", "DUPLICATE"]),
        (
            "another symbol",
            vec![acme(|row| (row.instrument, row.symbol) = (Some(id), "GLOBEX".to_owned()))],
            &["WRONG_SYMBOL"],
        ),
        ("another currency", vec![acme(|row| row.currency = "EUR".to_owned())], &["CURRENCY_MISMATCH"]),
        (
            "the high below the low",
            vec![acme(|row| {
                (row.open, row.high, row.low) = ("257".to_owned(), "255".to_owned(), "259".to_owned());
            })],
            &["OHLC_INCONSISTENT"],
        ),
        ("a hundred times", vec![close("25650")], &["UNIT_ERROR"]),
        ("a hundredth", vec![close("2.565")], &["UNIT_ERROR"]),
        (
            "a page in place of a table",
            vec![acme(|row| {
                let cells = ["<html>", "<body>", "<h1>Too many requests</h1>"].map(str::to_owned);
                [row.symbol, row.date, row.close] = cells;
            })],
            &["INVALID_DATE,INVALID_PRICE,UNKNOWN_SYMBOL"],
        ),
    ];
    let administration = administration(&app).await;
    for (round, (lie, rows, expected)) in (1_u32..).zip(lies) {
        let environment = &app.services.environment;
        let run = pipeline::begin(&administration, environment, Dataset::Prices, PROVIDER, lie).await.expect("a run");
        let lied = u64::try_from(rows.len()).expect("a count");
        let truth = format!("97.{round:02}");
        let good = acme(|row| (row.symbol, row.close) = ("GLOBEX".to_owned(), truth.clone()));
        let all = delivery(rows.into_iter().chain([good]).collect());
        let outcome = pipeline::prices(&administration, environment, run, &all).await.expect("taken in");
        assert_eq!(outcome, Outcome { delivered: lied + 1, promoted: 1, held: lied, revised: 1 }, "{lie}");
        assert_eq!(held(&mut inside).await, expected, "{lie}");
        assert_eq!(inside.text(clean).await, before, "{lie}: nothing clean is overwritten");
        let stored = "SELECT f.close::text FROM market.fact_stock_price f JOIN market.dim_stock i ON i.id = f.instrument_id \
                      WHERE i.symbol = 'GLOBEX' AND f.date = '2024-03-14'";
        assert_eq!(inside.text(stored).await, truth, "{lie}: the rest goes on");
    }
    administration.close().await;
}

#[tokio::test]
async fn each_lie_about_a_rate_is_held_with_its_reason() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let clean = "SELECT count(*) || ' ' || md5(string_agg(base || quote || date || ' ' || rate || ' ' || status, ',' \
                 ORDER BY base, quote, date)) FROM market.fact_fx_rate WHERE base <> 'KWD'";
    let before = inside.text(clean).await;
    let rate = "SELECT trim_scale(rate)::text FROM market.fact_fx_rate WHERE (base, quote, date) = ('EUR', 'USD', '2024-03-14')";
    let stored: f64 = inside.text(rate).await.parse().expect("a rate");
    let row = |quote: &str, date: &str, rate: &str| RateRow {
        base: "EUR".to_owned(),
        quote: quote.to_owned(),
        date: date.to_owned(),
        rate: rate.to_owned(),
    };
    let dollars = |rate: &str| row("USD", DAY, rate);
    let lies: Vec<Lie<RateRow>> = vec![
        ("no number", vec![dollars("NaN")], &["INVALID_RATE"]),
        ("negative", vec![dollars("-1.09")], &["NOT_POSITIVE"]),
        ("zero", vec![dollars("0")], &["NOT_POSITIVE"]),
        ("a day ahead", vec![row("USD", "2024-06-03", "1.09")], &["FUTURE_DATE"]),
        ("no day", vec![row("USD", "14 March", "1.09")], &["INVALID_DATE"]),
        ("a day twice", vec![dollars("1.0901"), dollars("1.0902")], &["DUPLICATE", "DUPLICATE"]),
        ("against itself", vec![row("EUR", DAY, "1")], &["SAME_CURRENCY"]),
        ("of no currency", vec![row("<b>", DAY, "1.09")], &["UNKNOWN_CURRENCY"]),
        ("a hundred times", vec![dollars(&(stored * 100.0).to_string())], &["UNIT_ERROR"]),
        ("a jump", vec![dollars(&(stored * 2.0).to_string())], &["OUTLIER"]),
    ];
    let administration = administration(&app).await;
    for (round, (lie, rows, expected)) in (1_u32..).zip(lies) {
        let environment = &app.services.environment;
        let run = pipeline::begin(&administration, environment, Dataset::Rates, PROVIDER, lie).await.expect("a run");
        let lied = u64::try_from(rows.len()).expect("a count");
        let truth = format!("3.25{round:02}");
        let good = RateRow { base: "KWD".to_owned(), ..row("USD", DAY, &truth) };
        let all = delivery(rows.into_iter().chain([good]).collect());
        let outcome = pipeline::rates(&administration, environment, run, &all).await.expect("taken in");
        let revised = u64::from(round > 1);
        assert_eq!(outcome, Outcome { delivered: lied + 1, promoted: 1, held: lied, revised }, "{lie}");
        assert_eq!(held(&mut inside).await, expected, "{lie}");
        assert_eq!(inside.text(clean).await, before, "{lie}: nothing clean is overwritten");
        let dinar = "SELECT rate::text FROM market.fact_fx_rate WHERE base = 'KWD'";
        assert_eq!(inside.text(dinar).await, truth, "{lie}: the rest goes on");
    }
    administration.close().await;
}

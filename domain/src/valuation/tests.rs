//! Daily columns and holdings of a small portfolio, worked out by hand.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::*;
use crate::id::InstrumentId;
use crate::ledger::{
    Booking, CashMovement, InstrumentTerms, Instruments, Policy, Trade, Transaction, TransactionKind, book,
};
use crate::pricing::{Certainty, Doubt, FxRates, MaxAge, MissingReason, Series, Status};
use crate::testing::{account, currency, day, instrument, rates, series, transaction};

const ACME: u128 = 1;
const APPLE: u128 = 2;

/// 2,000 EUR in on Tuesday, 10 ACME at 100 and 5 Apple at 125 USD on Wednesday; 100 USD in on Saturday.
struct Portfolio {
    booking: Booking,
    instruments: Instruments,
    prices: BTreeMap<InstrumentId, Series>,
    fx: FxRates,
}

fn portfolio() -> Portfolio {
    let terms = |name: &str, code| InstrumentTerms::new(name.to_owned(), currency(code), dec!(1)).unwrap();
    let instruments =
        Instruments::from([(instrument(ACME), terms("ACME", "EUR")), (instrument(APPLE), terms("Apple", "USD"))]);
    let fx = rates(&[(
        "USD",
        &[("2024-01-03", "1.25"), ("2024-01-04", "1.25"), ("2024-01-05", "1.00"), ("2024-01-08", "1.20")],
    )]);
    let trade = |what, quantity, price, code| Trade::at_price(instrument(what), quantity, price, currency(code));
    let kinds = [
        ("2024-01-02", TransactionKind::Deposit(CashMovement::new(dec!(2000), currency("EUR")))),
        ("2024-01-03", TransactionKind::Buy(trade(ACME, dec!(10), dec!(100), "EUR"))),
        ("2024-01-03", TransactionKind::Buy(trade(APPLE, dec!(5), dec!(125), "USD"))),
        ("2024-01-06", TransactionKind::Deposit(CashMovement::new(dec!(100), currency("USD")))),
    ];
    let entry = |(n, (date, kind)): (usize, (&str, TransactionKind))| Transaction {
        id: transaction(n as u128),
        account: account(1),
        trade_date: day(date),
        settlement_date: None,
        sequence: n as i64,
        kind,
    };
    let entries: Vec<_> = kinds.into_iter().enumerate().map(entry).collect();
    let prices = BTreeMap::from([
        (instrument(ACME), series(&[("2024-01-03", "100"), ("2024-01-04", "102"), ("2024-01-08", "104")])),
        (instrument(APPLE), series(&[("2024-01-04", "130"), ("2024-01-05", "132")])),
    ]);
    let booking = book(&Policy::new(currency("EUR")), &entries, &[], &instruments, &fx).unwrap();
    Portfolio { booking, instruments, prices, fx }
}

impl Portfolio {
    fn with<T>(&self, code: &str, run: impl FnOnce(&Inputs<'_>) -> T) -> T {
        let source = |series| PriceSource { series, max_age: MaxAge::Days(2) };
        let prices = self.prices.iter().map(|(id, series)| (*id, source(series))).collect();
        run(&Inputs {
            positions: &self.booking.positions,
            cash: &self.booking.cash,
            flows: &self.booking.flows,
            instruments: &self.instruments,
            prices: &prices,
            fx: &self.fx,
            base: self.booking.base,
            currency: currency(code),
        })
    }
}

fn week() -> Vec<NaiveDate> {
    ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"].map(day).to_vec()
}

#[test]
fn daily_values_add_cash_and_securities_in_one_currency() {
    let columns = portfolio().with("EUR", |inputs| daily(inputs, &week())).unwrap();
    let expected = [
        // 2,000 EUR of cash.
        Some(dec!(2000)),
        // Apple has no price yet. Known: 1,000 cash + 1,000 ACME − 625 USD ÷ 1.25.
        None,
        // 1,000 + 10 × 102 + (5 × 130 − 625) ÷ 1.25 = 2,040.
        Some(dec!(2040)),
        // ACME still at 102: 1,000 + 1,020 + (660 − 625) ÷ 1.00 = 2,055.
        Some(dec!(2055)),
        // Apple's last price is three days old, too old. Known: 1,000 + 1,040 + (−625 + 100) ÷ 1.20 = 1,602.5.
        None,
    ];
    assert_eq!(columns.values, expected);
    assert_eq!(columns.known_values, [dec!(2000), dec!(1500), dec!(2040), dec!(2055), dec!(1602.5)]);
    // Saturday's 100 USD at Saturday's rate, which is Friday's: 100 ÷ 1.00, on Monday.
    assert_eq!(columns.flows, [dec!(2000), dec!(0), dec!(0), dec!(0), dec!(100)]);
    let [span] = columns.missing.as_slice() else { panic!("{:?}", columns.missing) };
    assert_eq!((span.first, span.last, span.days), (day("2024-01-03"), day("2024-01-08"), 2));
    assert_eq!(span.input.subject, Subject::Instrument(instrument(APPLE)));
}

#[test]
fn a_missing_rate_hides_its_currency_and_no_more() {
    let columns = portfolio().with("USD", |inputs| daily(inputs, &week()[1..3])).unwrap();
    // 2,000 × 1.25 − 625 is known on the first day; 2,020 × 1.25 + 650 − 625 = 2,550 in full on the second.
    assert_eq!(columns.values, [None, Some(dec!(2550))]);
    assert_eq!(columns.known_values, [dec!(1875), dec!(2550)]);
    let mut portfolio = portfolio();
    portfolio.fx = FxRates::default();
    let columns = portfolio.with("EUR", |inputs| daily(inputs, &week()[2..3])).unwrap();
    assert_eq!((columns.values, columns.known_values), (vec![None], vec![dec!(2020)]));
    let missing = columns.missing.first().unwrap().input;
    assert_eq!(missing.to_string(), "no USD rate: there is no observation");
}

#[test]
fn a_flow_without_a_rate_and_days_out_of_order_are_errors() {
    let mut portfolio = portfolio();
    let days = [day("2024-01-04"), day("2024-01-04")];
    let error = portfolio.with("EUR", |inputs| daily(inputs, &days)).unwrap_err();
    assert_eq!(error, ValuationError::DaysNotAscending { previous: days[0], date: days[1] });
    portfolio.fx = FxRates::default();
    let error = portfolio.with("EUR", |inputs| daily(inputs, &week())).unwrap_err();
    assert!(matches!(error, ValuationError::Flow(_)), "{error}");
    portfolio.instruments.clear();
    assert!(portfolio.with("EUR", |inputs| holdings(inputs, day("2024-01-04"))).is_err());
}

#[test]
fn holdings_show_value_weight_and_gain() {
    let day_of = day("2024-01-05");
    let lines = portfolio().with("EUR", |inputs| holdings(inputs, day_of)).unwrap();
    let [acme, apple] = lines.positions.as_slice() else { panic!("{:?}", lines.positions) };
    // 10 × 102 = 1,020 of 2,055; cost 1,000.
    assert_eq!((acme.market_value, acme.unrealized_gain), (Some(dec!(1020)), Some(dec!(20))));
    assert!((acme.weight.unwrap() - 1020.0 / 2055.0).abs() < 1e-12);
    assert!(matches!(acme.price, crate::pricing::Lookup::Known { status: Status::Stale { days: 1 }, .. }));
    // 5 × 132 = 660 USD at 1.00 = 660 EUR; cost 625 USD at 1.25 = 500 EUR.
    assert_eq!((apple.market_value_local, apple.market_value), (Some(dec!(660)), Some(dec!(660))));
    assert_eq!((apple.unrealized_gain_local, apple.unrealized_gain), (Some(dec!(35)), Some(dec!(160))));
    assert_eq!(apple.rate.unwrap().date(), day_of);
    let cash: Vec<_> = lines.cash.iter().map(|line| line.value).collect();
    assert_eq!(cash, [Some(dec!(1000)), Some(dec!(-625))]);
    assert_eq!((lines.value, lines.known.coverage), (Some(dec!(2055)), 1.0));
}

#[test]
fn an_unpriced_line_leaves_the_rest_known() {
    let lines = portfolio().with("EUR", |inputs| holdings(inputs, day("2024-01-08"))).unwrap();
    // Three of four lines: 1,040 + 1,000 − 525 ÷ 1.20.
    assert_eq!((lines.value, lines.known.value, lines.known.coverage), (None, dec!(1602.5), 0.75));
    let [missing] = lines.known.missing.as_slice() else { panic!("{:?}", lines.known.missing) };
    assert_eq!(missing.line, Subject::Instrument(instrument(APPLE)));
    assert_eq!(missing.input.reason, MissingReason::TooOld { last_date: day("2024-01-05") });
    assert!(lines.positions.iter().all(|line| line.weight.is_none()));
}

#[test]
fn cost_in_another_currency_than_the_books_is_not_made_up() {
    let lines = portfolio().with("USD", |inputs| holdings(inputs, day("2024-01-05"))).unwrap();
    let apple = lines.positions.last().unwrap();
    assert_eq!((apple.market_value, apple.unrealized_gain), (Some(dec!(660)), None));
    assert_eq!(apple.unrealized_gain_local, Some(dec!(35)));
}

#[test]
fn what_stands_in_for_later_days_is_told_by_what_it_is_of() {
    let spans = portfolio().with("EUR", |inputs| doubtful_inputs(inputs, &week())).unwrap();
    // ACME has no price of Friday: Thursday's stands in. Apple's are of their days, or missing; dollars have a rate on each day that
    // they are held on.
    let friday = day("2024-01-05");
    let acme = Subject::Instrument(instrument(ACME));
    let doubt = Doubt::Stale { days: 1 };
    assert_eq!(spans, [DoubtfulSpan { subject: acme, doubt, first: friday, last: friday, days: 1 }]);
    // On Tuesday the 9th the dollar's rate and ACME's price are of Monday.
    let days = [day("2024-01-08"), day("2024-01-09")];
    let spans = portfolio().with("EUR", |inputs| doubtful_inputs(inputs, &days)).unwrap();
    let subjects: Vec<Subject> = spans.iter().map(|span| span.subject).collect();
    assert_eq!(subjects, [acme, Subject::Currency(currency("USD"))]);
    assert!(spans.iter().all(|span| (span.first, span.days, span.doubt) == (day("2024-01-09"), 1, doubt)), "{spans:?}");
}

#[test]
fn what_is_not_final_is_told_beside_what_is_old() {
    let mut portfolio = portfolio();
    let [thursday, friday, monday] = ["2024-01-04", "2024-01-05", "2024-01-08"].map(day);
    let acme = portfolio.prices.get_mut(&instrument(ACME)).unwrap();
    *acme = std::mem::take(acme).uncertain_on(vec![(monday, Certainty::Provisional), (thursday, Certainty::Estimated)]);
    let spans = portfolio.with("EUR", |inputs| doubtful_inputs(inputs, &week())).unwrap();
    // Thursday's estimate stands in on Friday, which has no price.
    let span = |doubt, first, last, days| {
        let subject = Subject::Instrument(instrument(ACME));
        DoubtfulSpan { subject, doubt, first, last, days }
    };
    let told = [
        span(Doubt::Provisional, monday, monday, 1),
        span(Doubt::Stale { days: 1 }, friday, friday, 1),
        span(Doubt::Estimated, thursday, friday, 2),
    ];
    assert_eq!(spans, told);
    // Day by day the worst of them: an estimate that stands in is one still.
    let worst = portfolio.with("EUR", |inputs| worst_doubts(inputs, &week())).unwrap();
    let on = |date: NaiveDate| week().iter().position(|day| *day == date).and_then(|at| worst[at]);
    let estimated = Some(Doubt::Estimated);
    assert_eq!([thursday, friday, monday].map(on), [estimated, estimated, Some(Doubt::Provisional)]);
    assert_eq!(worst.iter().flatten().count(), 3);
}

#[test]
fn a_gain_is_split_into_what_prices_and_what_rates_did() {
    let days = [day("2024-01-04"), day("2024-01-05")];
    let (lines, whole) = portfolio().with("EUR", |inputs| {
        let lines = lines(inputs, &days).unwrap();
        let whole = gain(inputs, &daily(inputs, &days).unwrap(), &lines).unwrap();
        (lines, whole.unwrap())
    });
    let apple = lines.iter().find(|line| line.instrument == instrument(APPLE)).unwrap();
    // 650 USD at 1.25 become 660 USD at 1.00: 10 USD at Thursday's rate are 8, the rest of 140 is the dollar's.
    assert_eq!(apple.gains, [Some(dec!(0)), Some(dec!(140))]);
    assert_eq!(
        apple.split,
        Some(GainSplit { price: dec!(8), fx: dec!(132), total: dec!(140), ..GainSplit::default() })
    );
    // The dollars that are owed cost 125 more: of 15 together, 7 are the rates'.
    assert_eq!((whole.price, whole.fx, whole.total), (dec!(8), dec!(7), dec!(15)));
}

#[test]
fn a_gain_over_days_without_a_price_waits_for_the_next_one() {
    let days: Vec<NaiveDate> = ["2024-01-02", "2024-01-03", "2024-01-04"].map(day).to_vec();
    let lines = portfolio().with("EUR", |inputs| lines(inputs, &days)).unwrap();
    let apple = lines.iter().find(|line| line.instrument == instrument(APPLE)).unwrap();
    // Bought for 500 on a day without a price, worth 520 on the next.
    assert_eq!(apple.values, [Some(dec!(0)), None, Some(dec!(520))]);
    assert_eq!(apple.flows, [dec!(0), dec!(500), dec!(0)]);
    assert_eq!(apple.gains, [Some(dec!(0)), None, Some(dec!(20))]);
    assert_eq!(apple.split.map(|split| split.total), Some(dec!(20)));
}

#[test]
fn a_step_at_the_rates_that_it_opens_with_is_what_was_earned_in_local_currencies() {
    let days = [day("2024-01-04"), day("2024-01-05")];
    let within = std::slice::from_ref(&(0..1));
    let (lines, whole, apple) = portfolio().with("EUR", |inputs| {
        let lines = lines(inputs, &days).unwrap();
        let whole = scope_steps(inputs, &days, &lines, within).unwrap();
        let apple = lines.iter().find(|line| line.instrument == instrument(APPLE)).unwrap();
        let apple = line_steps(inputs, &days, apple, within).unwrap();
        (lines, whole, apple)
    });
    let line = lines.iter().find(|line| line.instrument == instrument(APPLE)).unwrap();
    // 650 USD become 660, 10 USD more; at Thursday's 1.25 they are 8 EUR. The dollars that are owed earn nothing.
    assert_eq!(line.local_values(), [Some(dec!(650)), Some(dec!(660))]);
    assert_eq!(line.local_gains(), [Some(dec!(0)), Some(dec!(10))]);
    let step = LocalStep { gain: dec!(8), ..LocalStep::default() };
    assert_eq!((whole, apple), (vec![Some(step)], vec![Some(step)]));
}

#[test]
fn what_is_paid_in_counts_at_the_rates_that_its_step_opens_with() {
    let mut portfolio = portfolio();
    // Dollars that come in on Saturday count at Friday's 1.00, though Monday's rate is 1.20.
    portfolio.prices.insert(instrument(APPLE), series(&[("2024-01-05", "132"), ("2024-01-08", "132")]));
    let days = [day("2024-01-05"), day("2024-01-08")];
    let steps = std::slice::from_ref(&(0..1));
    let whole = portfolio.with("EUR", |inputs| scope_steps(inputs, &days, &lines(inputs, &days).unwrap(), steps));
    // ACME from 102 to 104 is all that was earned.
    assert_eq!(whole.unwrap(), [Some(LocalStep { gain: dec!(20), flow: dec!(100), ..LocalStep::default() })]);
    // Without any rate nothing in dollars can be told.
    portfolio.fx = FxRates::default();
    portfolio.booking.flows.clear();
    let whole = portfolio.with("EUR", |inputs| scope_steps(inputs, &days, &lines(inputs, &days).unwrap(), steps));
    assert_eq!(whole.unwrap(), [None]);
}

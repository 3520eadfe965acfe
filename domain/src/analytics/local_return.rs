//! A return taken apart into what happened in local currencies and what exchange rates did.

use super::PeriodReturn;

/// A return and its two factors: (1 + local)·(1 + currency) − 1 is the return.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalAndCurrency {
    /// What was earned had no exchange rate moved.
    pub local: PeriodReturn,
    /// What exchange rates did with it.
    pub currency: PeriodReturn,
}

/// (1 + total)/(1 + local) − 1; `None` where nothing is left in local currency, of which no rate makes something.
pub fn currency_return(total: f64, local: f64) -> Option<f64> {
    let rest = (1.0 + total) / (1.0 + local) - 1.0;
    (local > -1.0 && rest.is_finite()).then_some(rest)
}

/// Links steps of total and local return, each geometrically: ∏(1 + local) − 1, and ∏(1 + total)/(1 + local) − 1. No steps are no return.
///
/// The local return of a step in many currencies is Σ w·local, w being each one's share of the capital at the rates that the step opens
/// with. `None` as [`currency_return`] for any step. Source: Karnosky and Singer 1994, with the cross term in the currency's part.
pub fn local_and_currency(steps: impl IntoIterator<Item = (f64, f64)>) -> Option<LocalAndCurrency> {
    let mut growth = (1.0, 1.0);
    for (total, local) in steps {
        growth = (growth.0 * (1.0 + local), growth.1 * (1.0 + currency_return(total, local)?));
    }
    Some(LocalAndCurrency { local: PeriodReturn(growth.0 - 1.0), currency: PeriodReturn(growth.1 - 1.0) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_share_that_rises_while_its_currency_falls() {
        // 650 USD at 1.25 become 660 USD at 1.00: 520 EUR become 660. 660/650 − 1 = 1.538 %, 1.25/1.00 − 1 = 25 %.
        let split = local_and_currency([(660.0 / 520.0 - 1.0, 660.0 / 650.0 - 1.0)]).unwrap();
        assert!((split.local.0 - 10.0 / 650.0).abs() < 1e-15);
        assert!((split.currency.0 - 0.25).abs() < 1e-15);
        // Two such steps: 1.25² = 1.5625.
        let step = (660.0 / 520.0 - 1.0, 660.0 / 650.0 - 1.0);
        assert!((local_and_currency([step, step]).unwrap().currency.0 - 0.5625).abs() < 1e-14);
    }

    #[test]
    fn no_rate_makes_something_of_nothing() {
        assert_eq!(currency_return(-1.0, -1.0), None);
        assert_eq!(local_and_currency([(0.1, 0.0), (0.2, -1.5)]), None);
        assert_eq!(local_and_currency([]).unwrap().local, PeriodReturn(0.0));
    }

    proptest! {
        #[test]
        fn local_and_currency_come_to_the_total(steps in prop::collection::vec((-0.5..0.9_f64, -0.5..0.9_f64), 0..200)) {
            let split = local_and_currency(steps.iter().copied()).unwrap();
            let total: f64 = steps.iter().map(|(total, _)| 1.0 + total).product();
            let local: f64 = steps.iter().map(|(_, local)| 1.0 + local).product();
            let both = (1.0 + split.local.0) * (1.0 + split.currency.0);
            let scale = total.max(local).max(1.0);
            prop_assert!((both - total).abs() < 1e-11 * scale, "{} and {}", both, total);
            prop_assert!((1.0 + split.local.0 - local).abs() < 1e-11 * scale);
        }
    }
}

//! Whom to ask for which instrument, and whom next when that one does not answer.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use super::{Capability, History, Provider, ProviderError, Registry, Span, Wanted};
use crate::config::RouteConfig;

/// An instrument whose prices are wanted, whoever has them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// Which one.
    pub instrument: Uuid,
    /// What it is traded as.
    pub ticker: String,
    /// Where, by ISO 10383 code; empty where there is no market.
    pub mic: String,
    /// The currency it is kept in.
    pub currency: String,
    /// What it is, e.g. `CRYPTO`.
    pub asset_class: String,
    /// What providers know it by, where no rule makes that from the ticker.
    pub symbols: BTreeMap<String, String>,
    /// The last day whose price is known.
    pub since: Option<NaiveDate>,
}

/// What one provider was asked in a run, and how that went: for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Who.
    pub provider: String,
    /// Instruments that it was asked for.
    pub asked: usize,
    /// Instruments that rows came for.
    pub answered: usize,
    /// Prices that came.
    pub rows: usize,
    /// Why instruments were not answered: how many, by code.
    pub failures: BTreeMap<&'static str, usize>,
    /// The first of them in words.
    pub error: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// An instrument that nobody answered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    /// Which one.
    pub instrument: Uuid,
    /// Who was asked, and why there was no answer; empty if there was nobody to ask.
    pub reasons: Vec<(String, ProviderError)>,
}

/// What came from whom.
#[derive(Debug, Default)]
pub struct Collected {
    /// The answers, as they came.
    pub histories: Vec<History>,
    /// Each provider that was asked, in the order in which they first were.
    pub attempts: Vec<Attempt>,
    /// Instruments that nobody answered for.
    pub unanswered: Vec<Unanswered>,
}

/// A subject on its way through its providers.
struct Pending<'a> {
    subject: &'a Subject,
    order: Vec<&'a dyn Provider>,
    reasons: Vec<(String, ProviderError)>,
}

/// What one provider had to say in one round.
struct Round<'a> {
    histories: Vec<History>,
    failed: Vec<(Pending<'a>, ProviderError)>,
    attempt: Attempt,
}

impl Registry {
    /// Asks for the prices of `subjects` until `until`: each one's providers one after the other, until one has rows.
    ///
    /// All that comes is held until the end, so whoever asks for many years of many instruments asks for some at a time.
    pub async fn prices(&self, subjects: &[Subject], until: Option<NaiveDate>) -> Collected {
        let mut collected = Collected::default();
        let mut pending: Vec<Pending<'_>> = subjects.iter().map(|subject| self.pending(subject)).collect();
        while !pending.is_empty() {
            let mut groups: BTreeMap<String, (&dyn Provider, Vec<Pending<'_>>)> = BTreeMap::new();
            for mut subject in pending.drain(..) {
                if subject.order.is_empty() {
                    let Pending { subject, reasons, .. } = subject;
                    collected.unanswered.push(Unanswered { instrument: subject.instrument, reasons });
                    continue;
                }
                let provider = subject.order.remove(0);
                groups.entry(provider.name().to_owned()).or_insert((provider, Vec::new())).1.push(subject);
            }
            let rounds = groups.into_values().map(|(provider, group)| self.round(provider, group, until));
            for round in join_all(rounds).await {
                collected.histories.extend(round.histories);
                let provider = round.attempt.provider.clone();
                collected.note(round.attempt);
                pending.extend(round.failed.into_iter().map(|(mut subject, error)| {
                    subject.reasons.push((provider.clone(), error));
                    subject
                }));
            }
        }
        collected
    }

    /// The providers of a subject that give prices, the first one first.
    #[must_use]
    pub fn order(&self, subject: &Subject) -> Vec<&dyn Provider> {
        let route = self.routes.iter().rev().max_by_key(|route| specific(route, subject));
        let gives = |provider: &&dyn Provider| provider.offers().contains(&Capability::Prices);
        match route.filter(|route| specific(route, subject).is_some()) {
            Some(route) => {
                route.providers.iter().filter_map(|name| self.get(name)).map(AsRef::as_ref).filter(gives).collect()
            }
            None => self.that_give(Capability::Prices).map(AsRef::as_ref).collect(),
        }
    }

    /// Providers that do not know the subject by any symbol are not asked.
    fn pending<'a>(&'a self, subject: &'a Subject) -> Pending<'a> {
        let mut order = self.order(subject);
        order.retain(|provider| symbol(*provider, subject).is_some());
        Pending { subject, order, reasons: Vec::new() }
    }

    async fn round<'a>(
        &self,
        provider: &'a dyn Provider,
        group: Vec<Pending<'a>>,
        until: Option<NaiveDate>,
    ) -> Round<'a> {
        let began = self.times.timer.elapsed();
        let wanted: Vec<Wanted> = group.iter().map(|pending| wanted(provider, pending.subject, until)).collect();
        let questions: Vec<&[Wanted]> = wanted.chunks(provider.batch().max(1)).collect();
        // In their order, so that a run can be compared with another.
        let asked: Vec<_> = questions.iter().map(|question| provider.prices(question)).collect();
        let answers: Vec<_> = stream::iter(asked).buffered(provider.concurrency().max(1)).collect().await;
        let mut errors: BTreeMap<Uuid, ProviderError> = BTreeMap::new();
        let mut histories = Vec::new();
        for (question, answer) in questions.iter().zip(answers) {
            match answer {
                Ok(history) => {
                    errors.extend(without_rows(question, &history));
                    histories.push(history);
                }
                Err(error) => errors.extend(question.iter().map(|wanted| (wanted.instrument, error.clone()))),
            }
        }
        let took = self.times.timer.elapsed().saturating_sub(began);
        let attempt = attempt(provider.name(), group.len(), &histories, &errors, took);
        let failed = group.into_iter().filter_map(|pending| {
            let error = errors.remove(&pending.subject.instrument)?;
            Some((pending, error))
        });
        Round { failed: failed.collect(), histories, attempt }
    }
}

fn attempt(
    provider: &str,
    asked: usize,
    histories: &[History],
    errors: &BTreeMap<Uuid, ProviderError>,
    took: Duration,
) -> Attempt {
    let mut failures = BTreeMap::new();
    for error in errors.values() {
        *failures.entry(error.code()).or_insert(0) += 1;
    }
    Attempt {
        provider: provider.to_owned(),
        asked,
        answered: asked.saturating_sub(errors.len()),
        rows: histories.iter().map(|history| history.prices.rows.len()).sum(),
        failures,
        error: errors.values().next().map(ToString::to_string),
        took,
    }
}

impl Collected {
    /// A provider that is asked in several rounds is one line.
    fn note(&mut self, attempt: Attempt) {
        let Some(known) = self.attempts.iter_mut().find(|known| known.provider == attempt.provider) else {
            return self.attempts.push(attempt);
        };
        known.asked += attempt.asked;
        known.answered += attempt.answered;
        known.rows += attempt.rows;
        known.took += attempt.took;
        known.error = known.error.take().or(attempt.error);
        for (code, count) in attempt.failures {
            *known.failures.entry(code).or_insert(0) += count;
        }
    }
}

/// How closely a route names a subject; none where it names another.
fn specific(route: &RouteConfig, subject: &Subject) -> Option<u8> {
    let fits = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(is));
    let all = fits(&route.symbol, &subject.ticker)
        && fits(&route.mic, &subject.mic)
        && fits(&route.asset_class, &subject.asset_class);
    let weight = |given: bool, weight: u8| if given { weight } else { 0 };
    all.then(|| {
        weight(route.symbol.is_some(), 4) + weight(route.mic.is_some(), 2) + weight(route.asset_class.is_some(), 1)
    })
}

fn symbol(provider: &dyn Provider, subject: &Subject) -> Option<String> {
    let given = subject.symbols.get(provider.name()).cloned();
    given.or_else(|| provider.symbol(&subject.ticker, &subject.mic))
}

fn wanted(provider: &dyn Provider, subject: &Subject, until: Option<NaiveDate>) -> Wanted {
    Wanted {
        instrument: subject.instrument,
        symbol: symbol(provider, subject).unwrap_or_default(),
        currency: subject.currency.clone(),
        mic: subject.mic.clone(),
        span: Span { since: subject.since, until },
    }
}

fn without_rows(question: &[Wanted], history: &History) -> Vec<(Uuid, ProviderError)> {
    let answered: std::collections::HashSet<_> = history.prices.rows.iter().filter_map(|row| row.instrument).collect();
    let missing = question.iter().filter(|wanted| !answered.contains(&wanted.instrument));
    missing.map(|wanted| (wanted.instrument, ProviderError::NoRows { symbol: wanted.symbol.clone() })).collect()
}

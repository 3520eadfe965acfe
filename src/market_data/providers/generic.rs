//! Providers that the operator describes: an address with places to fill, CSV or JSON, and where in a row what is.

mod rows;

use std::collections::HashMap;

use async_trait::async_trait;
use chrono::NaiveDate;
use url::Url;

use super::client::{Client, Question, Reply};
use super::{Capability, History, Provider, ProviderError, Span, Wanted, registry};
use crate::config::{BasisName, ReaderConfig, ReaderKind};
use crate::market_data::delivery::{Basis, Delivery, IndicatorRow, PriceRow, RateRow};

/// The first day that is asked for where all there are are wanted.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(1970, 1, 1).expect("a day of the calendar");

/// A reader of the configuration.
#[derive(Debug)]
pub(super) struct Generic {
    client: Client,
    config: ReaderConfig,
    offers: [Capability; 1],
}

impl Generic {
    pub(super) fn new(client: Client, config: ReaderConfig) -> Self {
        let offers = match config.kind {
            ReaderKind::Prices => [Capability::Prices],
            ReaderKind::Rates => [Capability::Rates],
            ReaderKind::Indicators => [Capability::Indicators],
        };
        Self { client, config, offers }
    }

    /// The template with its places filled. What is filled in is escaped, so that it stays what it is within the address.
    fn address(&self, symbols: &[&str], span: Span) -> Result<Url, ProviderError> {
        let escaped: Vec<String> = symbols.iter().map(|symbol| registry::escaped(symbol)).collect();
        let day = |day: NaiveDate| day.format(&self.config.date_format).to_string();
        let text = self
            .config
            .url
            .replace("{symbol}", escaped.first().map_or("", String::as_str))
            .replace("{symbols}", &escaped.join(","))
            .replace("{from}", &registry::escaped(&day(span.first_day().unwrap_or(FIRST))))
            .replace("{to}", &registry::escaped(&day(span.until.unwrap_or_else(|| self.client.clock().today()))));
        Url::parse(&text).map_err(|error| ProviderError::unreadable("an address", error.to_string()))
    }

    async fn ask<R>(
        &self,
        symbols: &[&str],
        span: Span,
        read: impl FnOnce(&rows::Rows, &Reply) -> Result<Vec<R>, ProviderError>,
    ) -> Result<Delivery<R>, ProviderError> {
        let url = self.address(symbols, span)?;
        let asked = url.to_string();
        let read = |reply: &Reply| Ok((read(&rows::Rows::read(reply, &self.config)?, reply)?, reply.fetched_at));
        let (rows, fetched_at) = self.client.read(&Question::get(url), read).await?;
        Ok(Delivery { provider: self.config.name.clone(), asked, fetched_at, rows })
    }

    fn basis(&self) -> Basis {
        match self.config.basis {
            BasisName::Raw => Basis::Raw,
            BasisName::SplitAdjusted => Basis::SplitAdjusted { as_of: self.client.clock().today() },
        }
    }

    fn price(&self, rows: &rows::Rows, at: usize, wanted: &Wanted) -> Result<PriceRow, ProviderError> {
        let columns = &self.config.columns;
        let number = |column: &Option<String>| rows.number(at, column.as_deref());
        let currency = rows.text(at, columns.currency.as_deref())?;
        Ok(PriceRow {
            date: rows.day(at)?,
            open: number(&columns.open)?,
            high: number(&columns.high)?,
            low: number(&columns.low)?,
            close: number(&columns.close)?,
            adjusted_close: number(&columns.adjusted_close)?,
            volume: number(&columns.volume)?,
            currency: match (currency.is_empty(), &self.config.currency) {
                (true, Some(constant)) => constant.clone(),
                _ => currency,
            },
            ..wanted.row(self.basis())
        })
    }

    /// Rows of a symbol that was not asked for are of no use where many are told apart, and a lie where one was asked for.
    fn prices_of(&self, rows: &rows::Rows, wanted: &[Wanted]) -> Result<Vec<PriceRow>, ProviderError> {
        let column = self.config.columns.symbol.as_deref();
        let by_symbol: HashMap<String, &Wanted> =
            wanted.iter().map(|wanted| (wanted.symbol.to_lowercase(), wanted)).collect();
        let mut prices = Vec::with_capacity(rows.len());
        for at in 0..rows.len() {
            let symbol = rows.text(at, column)?;
            let found = match column {
                Some(_) => by_symbol.get(&symbol.to_lowercase()).copied(),
                None => wanted.first(),
            };
            match (found, wanted) {
                (Some(wanted), _) => {
                    prices.extend(Some(self.price(rows, at, wanted)?).filter(|row| wanted.span.holds(&row.date)));
                }
                (None, [single]) if self.config.batch == 1 => {
                    return Err(ProviderError::OtherSymbol { asked: single.symbol.clone(), came: symbol });
                }
                (None, _) => {}
            }
        }
        Ok(prices)
    }
}

#[async_trait]
impl Provider for Generic {
    fn name(&self) -> &str {
        &self.config.name
    }

    fn offers(&self) -> &[Capability] {
        &self.offers
    }

    fn batch(&self) -> usize {
        self.config.batch as usize
    }

    fn concurrency(&self) -> usize {
        self.client.concurrency()
    }

    async fn prices(&self, wanted: &[Wanted]) -> Result<History, ProviderError> {
        self.must_give(ReaderKind::Prices)?;
        let symbols: Vec<&str> = wanted.iter().map(|wanted| wanted.symbol.as_str()).collect();
        let since = |wanted: &Wanted| wanted.span.since;
        // One instrument of which nothing is known asks for everything.
        let span = Span {
            since: wanted.iter().map(since).collect::<Option<Vec<_>>>().and_then(|days| days.into_iter().min()),
            until: wanted
                .iter()
                .map(|wanted| wanted.span.until)
                .collect::<Option<Vec<_>>>()
                .and_then(|days| days.into_iter().max()),
        };
        Ok(History::of(self.ask(&symbols, span, |rows, _| self.prices_of(rows, wanted)).await?))
    }

    async fn rates(&self, span: Span) -> Result<Delivery<RateRow>, ProviderError> {
        self.must_give(ReaderKind::Rates)?;
        let columns = &self.config.columns;
        let row = |rows: &rows::Rows, at| {
            let base = rows.text(at, columns.base.as_deref())?;
            Ok(RateRow {
                base: if base.is_empty() { self.config.base.clone().unwrap_or_default() } else { base },
                quote: rows.text(at, columns.quote.as_deref())?,
                date: rows.day(at)?,
                rate: rows.number(at, columns.value.as_deref())?,
            })
        };
        let mut rates = self.ask(&[], span, |rows, _| (0..rows.len()).map(|at| row(rows, at)).collect()).await?;
        rates.rows.retain(|row| span.holds(&row.date));
        Ok(rates)
    }

    async fn indicator(&self, code: &str, series: &str, span: Span) -> Result<Delivery<IndicatorRow>, ProviderError> {
        self.must_give(ReaderKind::Indicators)?;
        let value = self.config.columns.value.as_deref();
        let row = |rows: &rows::Rows, at| {
            Ok(IndicatorRow { code: code.to_owned(), date: rows.day(at)?, value: rows.number(at, value)? })
        };
        let mut values = self.ask(&[series], span, |rows, _| (0..rows.len()).map(|at| row(rows, at)).collect()).await?;
        values.rows.retain(|row| span.holds(&row.date));
        Ok(values)
    }
}

impl Generic {
    fn must_give(&self, kind: ReaderKind) -> Result<(), ProviderError> {
        let what = match kind {
            ReaderKind::Prices => Capability::Prices,
            ReaderKind::Rates => Capability::Rates,
            ReaderKind::Indicators => Capability::Indicators,
        };
        if self.config.kind == kind { Ok(()) } else { Err(ProviderError::NotOffered { what: what.noun() }) }
    }
}

//! Loaders of lots and disposals.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_graphql::dataloader::Loader;
use chrono::NaiveDate;
use domain::ledger::{Lot, LotMatch};
use uuid::Uuid;

use super::{Failure, Reads};
use crate::services::lot::{Part, Standing};
use crate::services::valuation::View;
use crate::storage::Page;
use crate::storage::instrument::Instrument;
use crate::storage::lot::{LotFilter, MatchFilter, Place};

/// Where a portfolio's lots as of a day are found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StandingKey {
    /// The portfolio and its currency.
    pub view: View,
    /// The day.
    pub as_of: NaiveDate,
}

/// A page of the stored lots of a portfolio.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LotPageKey {
    /// The portfolio.
    pub portfolio: Uuid,
    /// What is wanted of its lots.
    pub list: (LotFilter, ListPart),
}

/// A page of the stored disposals of a portfolio.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MatchPageKey {
    /// The portfolio.
    pub portfolio: Uuid,
    /// What is wanted of its disposals.
    pub list: (MatchFilter, ListPart),
}

/// A part of a list: the place after which it begins, how many rows, and whether the whole is to be counted.
pub type ListPart = (Option<Place>, u64, bool);

/// All stored disposals of a portfolio that the filter leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MatchesKey {
    /// The portfolio.
    pub portfolio: Uuid,
    /// Which disposals.
    pub filter: MatchFilter,
}

/// The stored disposals by this transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SaleMatchesKey(pub Uuid);

/// The stored disposals of what this transaction opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LotMatchesKey(pub Uuid);

/// The stored lots that this transaction opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LotsOpenedKey(pub Uuid);

/// The instrument of a lot that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LotInstrumentKey(pub Uuid);

loader!(StandingKey => Result<Standing, Failure>, |operation, session, keys| {
    let mut loaded = HashMap::new();
    let days: HashSet<NaiveDate> = keys.iter().map(|key| key.as_of).collect();
    for as_of in days {
        let views: Vec<View> = keys.iter().filter(|key| key.as_of == as_of).map(|key| key.view.clone()).collect();
        let standings = operation.services.standings(&session, &views, as_of).await?;
        let answer = |outcome: Result<_, _>| outcome.map_err(|error| Failure(operation.fail(error)));
        loaded.extend(standings.into_iter().map(|(view, outcome)| (StandingKey { view, as_of }, answer(outcome))));
    }
    Ok(loaded)
});

loader!(LotPageKey => Part<Lot>, |operation, session, keys| {
    let mut loaded = HashMap::new();
    let lists: HashSet<(LotFilter, ListPart)> = keys.iter().map(|key| key.list).collect();
    for list in lists {
        let portfolios: Vec<Uuid> = keys.iter().filter(|key| key.list == list).map(|key| key.portfolio).collect();
        let (filter, (after, limit, count)) = list;
        let page = Page { after, limit };
        let parts = operation.services.lot_pages(&session, &portfolios, &filter, page, count).await?;
        loaded.extend(parts.into_iter().map(|(portfolio, part)| (LotPageKey { portfolio, list }, part)));
    }
    Ok(loaded)
});

loader!(MatchPageKey => Part<LotMatch>, |operation, session, keys| {
    let mut loaded = HashMap::new();
    let lists: HashSet<(MatchFilter, ListPart)> = keys.iter().map(|key| key.list).collect();
    for list in lists {
        let portfolios: Vec<Uuid> = keys.iter().filter(|key| key.list == list).map(|key| key.portfolio).collect();
        let (filter, (after, limit, count)) = list;
        let page = Page { after, limit };
        let parts = operation.services.match_pages(&session, &portfolios, &filter, page, count).await?;
        loaded.extend(parts.into_iter().map(|(portfolio, part)| (MatchPageKey { portfolio, list }, part)));
    }
    Ok(loaded)
});

loader!(MatchesKey => Vec<LotMatch>, |operation, session, keys| {
    let mut loaded = HashMap::new();
    let filters: HashSet<MatchFilter> = keys.iter().map(|key| key.filter).collect();
    for filter in filters {
        let portfolios: Vec<Uuid> = keys.iter().filter(|key| key.filter == filter).map(|key| key.portfolio).collect();
        let matches = operation.services.matches(&session, &portfolios, &filter).await?;
        loaded.extend(matches.into_iter().map(|(portfolio, rows)| (MatchesKey { portfolio, filter }, rows)));
    }
    Ok(loaded)
});

loader!(SaleMatchesKey => Vec<LotMatch>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let mut loaded: HashMap<SaleMatchesKey, Vec<LotMatch>> = HashMap::new();
    for part in operation.services.matches_of_sales(&session, &ids).await? {
        loaded.entry(SaleMatchesKey(part.sale.uuid())).or_default().push(part);
    }
    Ok(loaded)
});

loader!(LotMatchesKey => Vec<LotMatch>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let mut loaded: HashMap<LotMatchesKey, Vec<LotMatch>> = HashMap::new();
    for part in operation.services.matches_of_lots(&session, &ids).await? {
        if let Some(lot) = part.lot {
            loaded.entry(LotMatchesKey(lot.uuid())).or_default().push(part);
        }
    }
    Ok(loaded)
});

loader!(LotsOpenedKey => Vec<Lot>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let mut loaded: HashMap<LotsOpenedKey, Vec<Lot>> = HashMap::new();
    for lot in operation.services.lots_opened_by(&session, &ids).await? {
        loaded.entry(LotsOpenedKey(lot.opened_by.uuid())).or_default().push(lot);
    }
    Ok(loaded)
});

loader!(LotInstrumentKey => Arc<Instrument>, |operation, session, keys| {
    let ids: Vec<Uuid> = keys.iter().map(|key| key.0).collect();
    let instruments = operation.services.instruments_of_lots(&session, &ids).await?;
    Ok(instruments.into_iter().map(|(id, instrument)| (LotInstrumentKey(id), instrument)).collect())
});

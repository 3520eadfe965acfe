//! Lots and what was disposed of them.
//!
//! What is stored is computed from the whole ledger in the portfolio's base currency. It answers for a day after which
//! nothing was recorded and nothing split; for an earlier day, and in another currency, the ledger until that day is booked
//! again, since a lot that is closed today was open then.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::ledger::{Booking, Lot, LotMatch, TaxYear, tax_years};
use uuid::Uuid;

use super::valuation::{OfViews, View, by_moment};
use super::{ServiceError, Services};
use crate::storage;
use crate::storage::Page;
use crate::storage::instrument::Instrument;
use crate::storage::lot::{LotFilter, MatchFilter, Place};
use crate::tenancy::{Session, Tenant};

/// Where a portfolio's lots as of a day are found.
#[derive(Clone, Debug)]
pub enum Standing {
    /// In the database: nothing was recorded for a later day.
    Stored,
    /// Here: the ledger until the day was booked.
    Booked(Arc<Booking>),
}

/// A part of a list, and how many the whole list has; 0 where that was not asked.
#[derive(Clone, Debug)]
pub struct Part<T> {
    /// The rows, one more than is shown where there is a next page.
    pub rows: Vec<T>,
    /// How many there are in all.
    pub total: u64,
}

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), total: 0 }
    }
}

impl Services {
    /// Where each view's lots as of a day are found. A view that cannot be booked does not keep the others from it.
    pub async fn standings(
        &self,
        session: &Session<Tenant>,
        views: &[View],
        as_of: NaiveDate,
    ) -> Result<OfViews<Standing>, ServiceError> {
        let ids: Vec<Uuid> = views.iter().map(|view| view.portfolio).collect();
        let last: HashMap<Uuid, NaiveDate> =
            storage::transaction::last_dates(session, &ids).await?.into_iter().collect();
        let split_since = self.split_since(session, &ids, as_of).await?;
        let is_stored = |view: &&View| {
            view.is_stored()
                && last.get(&view.portfolio).is_none_or(|last| *last <= as_of)
                && !split_since.contains(&view.portfolio)
        };
        let (stored, booked): (Vec<&View>, Vec<&View>) = views.iter().partition(is_stored);
        let mut standings: OfViews<Standing> =
            stored.into_iter().map(|view| (view.clone(), Ok(Standing::Stored))).collect();
        for (moment, booked) in by_moment(booked) {
            let fx = self.market.view(session).await?.at(moment).fx(session).await?;
            let bookings = self.bookings(session, &booked.iter().collect::<Vec<_>>(), as_of, &fx).await?;
            let booked = |booking| Standing::Booked(Arc::new(booking));
            standings.extend(bookings.into_iter().map(|(view, booking)| (view, booking.map(booked))));
        }
        Ok(standings)
    }

    /// Those of these portfolios of whose open lots the market splits one after a day.
    async fn split_since(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
        day: NaiveDate,
    ) -> Result<BTreeSet<Uuid>, ServiceError> {
        let held = storage::lot::open_instruments(session, portfolios).await?;
        let market = self.market.view(session).await?;
        let instruments: BTreeSet<Uuid> = held.iter().map(|(_, instrument)| *instrument).collect();
        let splits = market.splits(session, instruments).await?;
        let is_split = |instrument: &Uuid| {
            splits.get(instrument).is_some_and(|splits| splits.iter().any(|split| split.ex_date > day))
        };
        Ok(held.into_iter().filter(|(_, instrument)| is_split(instrument)).map(|(portfolio, _)| portfolio).collect())
    }

    /// A page of the stored lots of each portfolio that the caller has been shown, the oldest first.
    pub async fn lot_pages(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
        filter: &LotFilter,
        page: Page<Place>,
        count: bool,
    ) -> Result<HashMap<Uuid, Part<Lot>>, ServiceError> {
        let totals = match count {
            true => storage::lot::lot_counts(session, portfolios, filter).await?,
            false => HashMap::new(),
        };
        Ok(parts(storage::lot::lot_pages(session, portfolios, filter, page).await?, &totals))
    }

    /// A page of the stored disposals of each portfolio that the caller has been shown, the earliest first.
    pub async fn match_pages(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
        filter: &MatchFilter,
        page: Page<Place>,
        count: bool,
    ) -> Result<HashMap<Uuid, Part<LotMatch>>, ServiceError> {
        let totals = match count {
            true => storage::lot::match_counts(session, portfolios, filter).await?,
            false => HashMap::new(),
        };
        Ok(parts(storage::lot::match_pages(session, portfolios, filter, page).await?, &totals))
    }

    /// All stored disposals of each portfolio that the caller has been shown, the earliest first.
    pub async fn matches(
        &self,
        session: &Session<Tenant>,
        portfolios: &[Uuid],
        filter: &MatchFilter,
    ) -> Result<HashMap<Uuid, Vec<LotMatch>>, ServiceError> {
        Ok(storage::lot::matches(session, portfolios, filter).await?)
    }

    /// The stored disposals by transactions that the caller has been shown.
    pub async fn matches_of_sales(
        &self,
        session: &Session<Tenant>,
        sales: &[Uuid],
    ) -> Result<Vec<LotMatch>, ServiceError> {
        Ok(storage::lot::matches_of_sales(session, sales).await?)
    }

    /// The stored disposals of what transactions opened that the caller has been shown.
    pub async fn matches_of_lots(
        &self,
        session: &Session<Tenant>,
        opened_by: &[Uuid],
    ) -> Result<Vec<LotMatch>, ServiceError> {
        Ok(storage::lot::matches_of_lots(session, opened_by).await?)
    }

    /// The stored lots that transactions opened that the caller has been shown.
    pub async fn lots_opened_by(
        &self,
        session: &Session<Tenant>,
        transactions: &[Uuid],
    ) -> Result<Vec<Lot>, ServiceError> {
        Ok(storage::lot::lots_opened_by(session, transactions).await?)
    }

    /// Instruments of lots that the caller has been shown.
    pub async fn instruments_of_lots(
        &self,
        session: &Session<Tenant>,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Arc<Instrument>>, ServiceError> {
        Ok(self.market.view(session).await?.instruments(session, ids.iter().copied()).await?)
    }

    /// All disposals of a portfolio that the caller has been shown until a day, the earliest first, in the view's currency.
    pub async fn disposals(
        &self,
        session: &Session<Tenant>,
        view: &View,
        as_of: NaiveDate,
        filter: &MatchFilter,
    ) -> Result<Vec<LotMatch>, ServiceError> {
        let standing = self.standings(session, std::slice::from_ref(view), as_of).await?.remove(view).transpose()?;
        match standing {
            Some(Standing::Booked(booking)) => Ok(filtered_matches(&booking, filter)),
            _ => {
                Ok(self.matches(session, &[view.portfolio], filter).await?.remove(&view.portfolio).unwrap_or_default())
            }
        }
    }
}

fn parts<T>(pages: HashMap<Uuid, Vec<T>>, totals: &HashMap<Uuid, u64>) -> HashMap<Uuid, Part<T>> {
    let mut parts: HashMap<Uuid, Part<T>> =
        totals.iter().map(|(portfolio, total)| (*portfolio, Part { rows: Vec::new(), total: *total })).collect();
    for (portfolio, rows) in pages {
        parts.entry(portfolio).or_default().rows = rows;
    }
    parts
}

/// A page of the lots of a booking, the oldest first.
pub fn booked_lots(booking: &Booking, filter: &LotFilter, page: Page<Place>) -> Part<Lot> {
    let lots = booking.lots.iter().filter(|lot| filter.takes(lot)).cloned().collect();
    paged(lots, Place::of_lot, page)
}

/// A page of the disposals of a booking, the earliest first.
pub fn booked_matches(booking: &Booking, filter: &MatchFilter, page: Page<Place>) -> Part<LotMatch> {
    paged(filtered_matches(booking, filter), Place::of_match, page)
}

/// All disposals of a booking, the earliest first.
pub fn filtered_matches(booking: &Booking, filter: &MatchFilter) -> Vec<LotMatch> {
    let mut matches: Vec<LotMatch> = booking.matches.iter().filter(|part| filter.takes(part)).cloned().collect();
    matches.sort_by_key(Place::of_match);
    matches
}

/// A page of a list that is known as a whole.
pub fn paged<T>(mut rows: Vec<T>, place: impl Fn(&T) -> Place, page: Page<Place>) -> Part<T> {
    let total = rows.len() as u64;
    rows.retain(|row| page.after.is_none_or(|after| place(row) > after));
    rows.sort_by_key(place);
    rows.truncate(usize::try_from(page.limit).unwrap_or(usize::MAX));
    Part { rows, total }
}

/// Sums of disposals by the calendar year of their closing, the earliest first.
pub fn by_year(matches: &[LotMatch]) -> Result<BTreeMap<i32, TaxYear>, ServiceError> {
    Ok(tax_years(matches)?)
}

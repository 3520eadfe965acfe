//! Prices entered by hand, portfolios and their transactions.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context as _, bail};
use domain::money::Currency;
use uuid::Uuid;

use super::{
    sample::{PortfolioRow, Sample},
    seed::{FirmRecord, in_step},
    step_ids,
};
use crate::{
    cli::{import::describe, progress::Progress},
    services::{Services, import::ImportMode, manual_price::NewPrice, period_lock::LockTerms, portfolio::NewPortfolio},
    storage::{self, Page, portfolio::Portfolio},
};

const MANUAL_PRICES: u32 = 30;
/// A portfolio takes two places: one for itself and one for its transactions.
const FIRST_PORTFOLIO: u32 = 40;
/// More than there are, or can reasonably be made by trying the demo out.
const ALL: u64 = 10_000;

/// Enters the prices of what no exchange prices, unless there are some.
pub(super) async fn manual_prices(
    services: &Services,
    firm: &FirmRecord,
    sample: &Sample,
    progress: Progress,
) -> anyhow::Result<()> {
    let rows = sample.manual_prices()?;
    let caller = &firm.administrator;
    let session = services.read(caller).await?;
    let symbols: BTreeSet<String> = rows.iter().map(|row| row.symbol.clone()).collect();
    let found = storage::instrument::by_symbols(&session, &symbols.into_iter().collect::<Vec<_>>()).await?;
    let by_hand = found.into_iter().filter(|listing| listing.instrument.manually_priced);
    let ids: HashMap<_, _> = by_hand.map(|listing| (listing.symbol, listing.instrument.id)).collect();
    let new = rows.iter().map(|row| {
        let unknown = || format!("{} of manual_prices.csv is not in instruments.csv", row.symbol);
        let instrument = *ids.get(&row.symbol).with_context(unknown)?;
        Ok(NewPrice { instrument, date: row.date, price: row.price })
    });
    let new = new.collect::<anyhow::Result<Vec<_>>>()?;
    let first = new.first().context("manual_prices.csv holds no price")?.instrument;
    let known = services.prices(&session, first, None, None).await?;
    session.close().await?;
    if known.is_none_or(|(_, columns)| columns.dates.is_empty()) {
        progress.say(format_args!("entering {} prices by hand for {}", new.len(), firm.tenant.slug));
        in_step(services, MANUAL_PRICES, "manual prices").manual_prices_record(caller, new, None).await?;
    }
    Ok(())
}

/// Makes the portfolios and imports their transactions. Returns the first one.
pub(super) async fn import_all(
    services: &Services,
    firms: &[FirmRecord],
    sample: &Sample,
    progress: Progress,
) -> anyhow::Result<Option<Uuid>> {
    let mut existing = HashMap::new();
    for firm in firms {
        let session = services.read(&firm.administrator).await?;
        let portfolios = services.portfolio_page(&session, Page { after: None, limit: ALL }).await?;
        session.close().await?;
        existing.insert(firm.tenant.slug.as_str(), portfolios);
    }
    let mut first = None;
    for (index, row) in (0..).zip(sample.portfolios()?) {
        let firm = firms.iter().find(|firm| firm.tenant.slug == row.tenant);
        let firm = firm.with_context(|| format!("portfolios.csv: the demo has no tenant {}", row.tenant))?;
        let of_firm = existing.get(row.tenant.as_str()).map(Vec::as_slice).unwrap_or_default();
        let order = FIRST_PORTFOLIO + 2 * index;
        let portfolio = match find(of_firm, order, &row) {
            Some(portfolio) => portfolio.clone(),
            None => create(services, firm, order, &row).await?,
        };
        first = first.or(Some(portfolio.id));
        // Whoever tries the demo may have recorded more since, so any row means that the file was imported.
        if portfolio.last_sequence == 0 {
            import(services, firm, order + 1, &row, &portfolio, sample, progress).await?;
        }
    }
    Ok(first)
}

fn step_name(row: &PortfolioRow) -> String {
    format!("{}/{}", row.tenant, row.name)
}

/// By its id, since it may have been renamed since; or by its name.
fn find<'a>(portfolios: &'a [Portfolio], order: u32, row: &PortfolioRow) -> Option<&'a Portfolio> {
    // The id of a portfolio is the first one that its step draws.
    let id = step_ids::environment(order, &step_name(row)).ids.next();
    let same_id = portfolios.iter().find(|portfolio| portfolio.id == id);
    same_id.or_else(|| portfolios.iter().find(|portfolio| portfolio.name == row.name))
}

async fn create(services: &Services, firm: &FirmRecord, order: u32, row: &PortfolioRow) -> anyhow::Result<Portfolio> {
    let person = |email: &String| {
        firm.people.get(email).copied().with_context(|| format!("portfolios.csv: {} has no {email}", row.tenant))
    };
    let new = NewPortfolio {
        name: row.name.clone(),
        description: row.description.clone(),
        base_currency: Currency::new(&row.base_currency)?,
        bookkeeping: Default::default(),
        owner: Some(person(&row.owner_email)?),
        advisor: row.advisor_email.as_ref().map(person).transpose()?,
        accounts: vec![row.account.clone()],
    };
    let step = in_step(services, order, &step_name(row));
    step.portfolio_create(&firm.administrator, new, None).await.with_context(|| format!("portfolio {}", row.name))
}

async fn import(
    services: &Services,
    firm: &FirmRecord,
    order: u32,
    row: &PortfolioRow,
    portfolio: &Portfolio,
    sample: &Sample,
    progress: Progress,
) -> anyhow::Result<()> {
    let csv = sample.transactions(&row.file)?;
    let step = in_step(services, order, &row.file);
    let imported = step
        .transactions_import(
            &firm.administrator,
            portfolio.id,
            &csv,
            ImportMode::AllOrNothing,
            LockTerms::default(),
            None,
        )
        .await;
    let imported = imported.with_context(|| row.file.clone())?;
    if let Some(error) = imported.counts.row_errors.first() {
        bail!("{}: {}", row.file, describe(error));
    }
    progress.say(format_args!("{}: {}, {} transactions", row.tenant, row.name, imported.counts.rows_recorded));
    Ok(())
}

//! Fills the demo's database. Each step looks in the database whether it is done, so that a start that was interrupted is
//! continued by the next one; each is one transaction, so that it is done wholly or not at all.

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use chrono::NaiveDate;
use domain::money::Currency;
use uuid::Uuid;

use super::{
    people::{FIRMS, Firm, OPERATOR, PASSWORD},
    portfolios,
    sample::Sample,
    step_ids,
};
use crate::{
    auth::{Actor, ActorKind},
    cli::{database::Database, open, progress::Progress},
    config::Config,
    market_data::load_directory,
    services::{Caller, Services, user::NewUser},
    storage::{self, Page, instrument::search::Search},
    tenancy::{Access, Administration, InstallationTag, NewTenant, TenantRecord},
};

/// The steps' places in the order of their ids.
mod order {
    pub(super) const TENANTS: u32 = 1;
    pub(super) const OPERATOR: u32 = 10;
    pub(super) const PEOPLE: u32 = 11;
    pub(super) const MARKET: u32 = 20;
}

/// What the announcement and the playground say about the data.
pub(in crate::cli) struct Seeded {
    pub(in crate::cli) services: Services,
    /// The last complete market day.
    pub(in crate::cli) as_of: Option<NaiveDate>,
    /// A portfolio to look at first.
    pub(in crate::cli) portfolio: Option<Uuid>,
}

/// A firm with those of its people that the seeding speaks of, by address.
pub(super) struct FirmRecord {
    pub(super) tenant: TenantRecord,
    pub(super) administrator: Caller,
    pub(super) people: HashMap<String, Uuid>,
}

/// Does what is left to do.
pub(in crate::cli) async fn run(
    database: &Database,
    config: &Config,
    tag: InstallationTag,
    sample: &Sample,
    progress: Progress,
) -> anyhow::Result<Seeded> {
    let administration = database.administration().await?;
    let result = fill(&administration, database, config, tag, sample, progress).await;
    administration.close().await;
    result
}

async fn fill(
    administration: &Administration,
    database: &Database,
    config: &Config,
    tag: InstallationTag,
    sample: &Sample,
    progress: Progress,
) -> anyhow::Result<Seeded> {
    migrate(administration, database, tag, progress).await?;
    let tenants = tenants(administration, progress).await?;
    let gateway = database.gateway().await?;
    if !gateway.is_demo() {
        bail!("this database is an installation for real data; the demo, whose passwords are published, needs another");
    }
    let services = open::on_gateway(gateway, config).await?;
    operator(&services, progress).await?;
    let mut firms = Vec::new();
    for (index, (firm, tenant)) in (0..).zip(FIRMS.iter().zip(tenants)) {
        firms.push(people(&services, index, firm, tenant, progress).await?);
    }
    let first = firms.first().context("the demo has no firm")?;
    let as_of = market(administration, &services, first, sample, progress).await?;
    portfolios::manual_prices(&services, first, sample, progress).await?;
    let portfolio = portfolios::import_all(&services, &firms, sample, progress).await?;
    Ok(Seeded { services, as_of, portfolio })
}

async fn migrate(
    administration: &Administration,
    database: &Database,
    tag: InstallationTag,
    progress: Progress,
) -> anyhow::Result<()> {
    let summary = administration.migrate(&database.api_settings()?, tag, true).await?;
    if !summary.migrated.is_empty() {
        progress.say(format_args!("brought {} schemas up to date", summary.migrated.len()));
    }
    match summary.failed.into_iter().next() {
        Some((slug, error)) => Err(error).with_context(|| format!("the tenant {slug} cannot be migrated")),
        None => Ok(()),
    }
}

async fn tenants(administration: &Administration, progress: Progress) -> anyhow::Result<Vec<TenantRecord>> {
    let existing = administration.tenants().await?;
    let mut tenants = Vec::new();
    for (index, firm) in (0..).zip(&FIRMS) {
        if let Some(tenant) = existing.iter().find(|tenant| tenant.slug == firm.slug) {
            tenants.push(tenant.clone());
            continue;
        }
        progress.say(format_args!("creating the tenant {} ({})", firm.slug, firm.name));
        let environment = step_ids::environment(order::TENANTS + index, firm.slug);
        let new = NewTenant { id: environment.ids.next(), slug: firm.slug.to_owned(), name: firm.name.to_owned() };
        tenants.push(administration.create_tenant(&new, environment.clock.now()).await?);
    }
    Ok(tenants)
}

/// The services with a step's ids.
pub(super) fn in_step(services: &Services, order: u32, name: &str) -> Services {
    let mut services = services.clone();
    services.environment = step_ids::environment(order, name);
    services
}

async fn operator(services: &Services, progress: Progress) -> anyhow::Result<()> {
    let (email, name) = OPERATOR;
    let session = services.gateway.platform(Access::Read).await?;
    let known = storage::user::by_email(&session, email).await?;
    session.close().await?;
    if known.is_none() {
        progress.say("creating the platform's operator");
        in_step(services, order::OPERATOR, email).operator_create(email, name, &PASSWORD.into()).await?;
    }
    Ok(())
}

async fn people(
    services: &Services,
    index: u32,
    firm: &Firm,
    tenant: TenantRecord,
    progress: Progress,
) -> anyhow::Result<FirmRecord> {
    let system = services.system(tenant.clone(), "demo");
    let known = by_email(services, &system).await?;
    let missing: Vec<_> = firm.people.iter().filter(|person| !known.contains_key(&firm.email(person))).collect();
    if !missing.is_empty() {
        progress.say(format_args!("creating the people of {}", firm.slug));
        // Those who are missing are part of the name: what makes other people must not use the same ids.
        let name: Vec<_> = missing.iter().map(|person| firm.email(person)).collect();
        let new = missing.iter().map(|person| {
            Ok(NewUser {
                email: firm.email(person),
                name: person.name.to_owned(),
                role: person.role,
                password: PASSWORD.into(),
                currency: Currency::new(person.currency)?,
            })
        });
        let new = new.collect::<anyhow::Result<Vec<_>>>()?;
        let step = in_step(services, order::PEOPLE + index, &name.join(" "));
        for result in step.users_create(&system, new, None).await? {
            result.map_err(|refusal| anyhow::anyhow!("{}: {}", firm.slug, refusal.message))?;
        }
    }
    let people = if missing.is_empty() { known } else { by_email(services, &system).await? };
    let email = format!("admin@{}.example", firm.slug);
    let id = *people.get(&email).with_context(|| format!("{email} is missing"))?;
    // What the seeding does is recorded as the administrator's, so that every row of the demo has an author to show.
    let actor = Actor { user_id: id, kind: ActorKind::System, ..system.actor };
    Ok(FirmRecord { tenant, administrator: Caller { actor, name: email, ..system }, people })
}

async fn by_email(services: &Services, caller: &Caller) -> anyhow::Result<HashMap<String, Uuid>> {
    let session = services.read(caller).await?;
    let page = services.user_page(&session, Page { after: None, limit: 1_000 }).await?;
    session.close().await?;
    Ok(page.into_iter().map(|user| (user.email, user.id)).collect())
}

async fn market(
    administration: &Administration,
    services: &Services,
    firm: &FirmRecord,
    sample: &Sample,
    progress: Progress,
) -> anyhow::Result<Option<NaiveDate>> {
    let state = async || {
        let session = services.read(&firm.administrator).await?;
        let day = services.market.view(&session).await?.last_complete_day();
        let instruments = services.instrument_count(&session, &Search::default()).await?;
        session.close().await?;
        anyhow::Ok((day, instruments))
    };
    let (day, instruments) = state().await?;
    if day.is_some() {
        return Ok(day);
    }
    // A load that goes on draws ids for its runs only: those must be new ones, and nothing refers to them.
    let environment = match instruments {
        0 => step_ids::environment(order::MARKET, "market"),
        _ => services.environment.clone(),
    };
    let say = |text: &str| progress.say(text);
    let report = load_directory(administration, &sample.market(), &environment, &say).await?;
    progress
        .say(format_args!("{} new prices and {} new exchange rates", report.prices.promoted, report.rates.promoted));
    Ok(state().await?.0)
}

//! Portfolios and their accounts.

use domain::ledger::{LotMethod, LotScope, Oversell, TradeCharges};
use domain::money::Currency;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

use super::error::ledger_refusal;
use super::idempotency::IdempotencyKey;
use super::ledger::PostError;
use super::period_lock::{LockTerms, Overridden};
use super::{Caller, Done, Refusal, RefusalCode, ServiceError, Services, access, settle};
use crate::auth::{Permission, Role};
use crate::storage;
use crate::storage::account::Account;
use crate::storage::bookkeeping::{Bookkeeping, code_of};
use crate::storage::portfolio::Portfolio;
use crate::tenancy::{Session, Tenant};

const MAX_NAME: usize = 120;
const MAX_DESCRIPTION: usize = 2_000;
const MAX_ACCOUNTS: usize = 50;

/// A portfolio to make.
#[derive(Clone, Debug)]
pub struct NewPortfolio {
    /// Its name, 1 to 120 characters.
    pub name: String,
    /// What it is for, at most 2,000 characters.
    pub description: String,
    /// The currency that its books are kept in.
    pub base_currency: Currency,
    /// What it decides about its books.
    pub bookkeeping: BookkeepingChanges,
    /// Whose it is; the caller's where nobody is named.
    pub owner: Option<Uuid>,
    /// Who advises on it.
    pub advisor: Option<Uuid>,
    /// Names of its accounts, each once, at least one.
    pub accounts: Vec<String>,
}

/// What to change of a portfolio; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct PortfolioChanges {
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// Another advisor, or none.
    pub advisor: Option<Option<Uuid>>,
    /// What to change of the decisions about its books.
    pub bookkeeping: BookkeepingChanges,
    /// Accounts that get a lot method of their own, or give theirs up.
    pub account_methods: Vec<(Uuid, Option<LotMethod>)>,
    /// What to do where other books would change a locked period.
    pub terms: LockTerms,
}

/// What to change of a portfolio's decisions about its books; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct BookkeepingChanges {
    /// Another lot method.
    pub method: Option<LotMethod>,
    /// Other queues of lots.
    pub scope: Option<LotScope>,
    /// Another place for the fees and taxes of trades.
    pub charges: Option<TradeCharges>,
    /// Another meaning of a sale of more than is held.
    pub oversell: Option<Oversell>,
    /// Another rest of units that is none: zero or more, below one.
    pub dust: Option<Decimal>,
}

impl BookkeepingChanges {
    fn applied(&self, before: Bookkeeping) -> Result<Bookkeeping, ServiceError> {
        let dust = self.dust.unwrap_or(before.dust);
        if !(Decimal::ZERO..Decimal::ONE).contains(&dust) {
            let message = format!("{dust} units: 0 or more, and less than 1");
            let field = &["input", "bookkeeping", "quantityDust"];
            return Err(ServiceError::refused(RefusalCode::InvalidInput, field, message));
        }
        Ok(Bookkeeping {
            method: self.method.unwrap_or(before.method),
            scope: self.scope.unwrap_or(before.scope),
            charges: self.charges.unwrap_or(before.charges),
            oversell: self.oversell.unwrap_or(before.oversell),
            dust,
        })
    }
}

impl Services {
    /// What tells the books of a portfolio from others, for a command that makes them anew; nothing where it has none.
    pub async fn books_digest(&self, caller: &Caller, portfolio: Uuid) -> Result<Option<String>, ServiceError> {
        let session = self.read(caller).await?;
        let digest = storage::books::digest(&session, portfolio).await;
        settle(session, digest.map_err(ServiceError::from)).await
    }

    /// Makes a portfolio with its accounts.
    pub async fn portfolio_create(
        &self,
        caller: &Caller,
        new: NewPortfolio,
        key: Option<IdempotencyKey>,
    ) -> Result<Portfolio, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        let owner = new.owner.unwrap_or(caller.actor.user_id);
        let is_own = visible.owned_by == Some(owner);
        let is_clients = new.advisor.is_some() && visible.advised_by == new.advisor;
        if !(visible.all || is_own || is_clients) {
            return Err(ServiceError::Forbidden("portfolios are made for oneself or for one's clients".to_owned()));
        }
        let session = self.write(caller).await?;
        let result = async {
            if let Some(answer) = self.earlier_answer(&session, key.as_ref()).await? {
                let id = answer["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
                let found = storage::portfolio::by_ids(&session, access::readable(&caller.actor), &[id]).await?.pop();
                return found.ok_or_else(|| ServiceError::Internal("a stored answer names no portfolio".to_owned()));
            }
            let name = check_length(&new.name, 1, MAX_NAME, "name")?;
            let description = check_length(&new.description, 0, MAX_DESCRIPTION, "description")?;
            let accounts = check_accounts(&new.accounts)?;
            let known = [new.base_currency].into();
            if storage::instrument::known_currencies(&session, &known).await?.is_empty() {
                let message = format!("{} is no currency that is known here", new.base_currency);
                return Err(ServiceError::refused(RefusalCode::NotFound, &["input", "baseCurrency"], message));
            }
            self.check_people(&session, Some(owner), new.advisor).await?;
            let now = self.environment.clock.now();
            let portfolio = Portfolio {
                id: self.environment.ids.next(),
                owner_id: owner,
                advisor_id: new.advisor,
                name,
                description,
                base_currency: new.base_currency,
                bookkeeping: new.bookkeeping.applied(Bookkeeping::default())?,
                version: 1,
                last_sequence: 0,
                created_at: now,
                updated_at: now,
            };
            storage::portfolio::insert(&session, &portfolio).await?;
            self.note_bookkeeping(&session, &portfolio, &[]).await?;
            let version = self.market.view(&session).await?.version();
            storage::booked::put(&session, portfolio.id, version).await?;
            for name in accounts {
                let id = self.environment.ids.next();
                let account = Account { id, portfolio_id: portfolio.id, name, lot_method: None, created_at: now };
                storage::account::insert(&session, &account).await?;
            }
            let done = Done {
                action: "portfolioCreate",
                entity_type: "Portfolio",
                entity_id: portfolio.id,
                before: None,
                after: Some(shown(&portfolio, &[])),
            };
            self.audit(&session, caller, done).await?;
            self.remember(&session, key.as_ref(), json!({ "id": portfolio.id })).await?;
            Ok(portfolio)
        }
        .await;
        let portfolio = settle(session, result).await?;
        self.announce(caller, portfolio.id, portfolio.version);
        Ok(portfolio)
    }

    /// Changes a portfolio's record, if it is still at the version that the caller has seen.
    pub async fn portfolio_update(
        &self,
        caller: &Caller,
        id: Uuid,
        expected_version: i64,
        changes: PortfolioChanges,
        key: Option<IdempotencyKey>,
    ) -> Result<Portfolio, ServiceError> {
        let visible = access::require_some_writable(&caller.actor)?;
        changes.terms.require(&caller.actor)?;
        let session = self.write(caller).await?;
        let result = async {
            let unknown = || ServiceError::refused(RefusalCode::NotFound, &["id"], "no such portfolio");
            let before = storage::portfolio::lock(&session, visible, id).await?.ok_or_else(unknown)?;
            if self.earlier_answer(&session, key.as_ref()).await?.is_some() {
                return Ok(before);
            }
            if before.version != expected_version {
                let message = format!(
                    "the portfolio is at version {} since {}, not at {expected_version}: read it again",
                    before.version, before.updated_at
                );
                return Err(ServiceError::refused(RefusalCode::VersionConflict, &["expectedVersion"], message));
            }
            let mut after = before.clone();
            if let Some(name) = changes.name {
                after.name = check_length(&name, 1, MAX_NAME, "name")?;
            }
            if let Some(description) = changes.description {
                after.description = check_length(&description, 0, MAX_DESCRIPTION, "description")?;
            }
            if let Some(advisor) = changes.advisor {
                self.check_people(&session, None, advisor).await?;
                after.advisor_id = advisor;
            }
            after.bookkeeping = changes.bookkeeping.applied(before.bookkeeping)?;
            after.version += 1;
            after.updated_at = self.environment.clock.now();
            storage::portfolio::update(&session, &after).await?;
            let accounts_before = storage::account::of_portfolios(&session, &[id]).await?;
            let accounts_after = self.set_methods(&session, &accounts_before, &changes.account_methods).await?;
            let methods = |accounts: &[Account]| accounts.iter().map(|account| account.lot_method).collect::<Vec<_>>();
            let mut overridden = Overridden::default();
            let is_other = after.bookkeeping != before.bookkeeping;
            if is_other || methods(&accounts_after) != methods(&accounts_before) {
                let field = if is_other { "bookkeeping" } else { "accountLotMethods" };
                let refused = |error| impossible(error, &["input", field]);
                // Gains of the past change with the rules that they are booked by.
                self.note_bookkeeping(&session, &after, &accounts_after).await?;
                let first =
                    storage::transaction::first_dates(&session, &[id], None).await?.pop().map(|(_, first)| first);
                overridden = self.check_lock(&session, id, first, changes.terms).await.map_err(refused)?;
                self.rebook(&session, &after, None).await.map_err(refused)?;
            }
            let done = Done {
                action: "portfolioUpdate",
                entity_type: "Portfolio",
                entity_id: id,
                before: Some(shown(&before, &accounts_before)),
                after: Some(shown(&after, &accounts_after)),
            };
            self.audit(&session, caller, done.past(overridden)).await?;
            self.remember(&session, key.as_ref(), json!({ "id": id })).await?;
            Ok(after)
        }
        .await;
        let portfolio = settle(session, result).await?;
        self.announce(caller, portfolio.id, portfolio.version);
        Ok(portfolio)
    }

    /// The portfolios with these ids that the caller may read.
    pub async fn portfolios(&self, session: &Session<Tenant>, ids: &[Uuid]) -> Result<Vec<Portfolio>, ServiceError> {
        Ok(storage::portfolio::by_ids(session, access::readable(session.actor()), ids).await?)
    }

    /// The accounts of portfolios that the caller has been shown.
    pub async fn accounts(&self, session: &Session<Tenant>, portfolios: &[Uuid]) -> Result<Vec<Account>, ServiceError> {
        Ok(storage::account::of_portfolios(session, portfolios).await?)
    }

    /// Portfolios that the caller may read, in the order of their making.
    pub async fn portfolio_page(
        &self,
        session: &Session<Tenant>,
        page: storage::Page<Uuid>,
    ) -> Result<Vec<Portfolio>, ServiceError> {
        Ok(storage::portfolio::page(session, access::readable(session.actor()), page).await?)
    }

    /// How many portfolios the caller may read.
    pub async fn portfolio_count(&self, session: &Session<Tenant>) -> Result<u64, ServiceError> {
        Ok(storage::portfolio::count(session, access::readable(session.actor())).await?)
    }

    /// Gives accounts of a portfolio lot methods of their own, or takes them away; returns the accounts since.
    async fn set_methods(
        &self,
        session: &Session<Tenant>,
        accounts: &[Account],
        methods: &[(Uuid, Option<LotMethod>)],
    ) -> Result<Vec<Account>, ServiceError> {
        let mut accounts = accounts.to_vec();
        for (index, (id, method)) in methods.iter().enumerate() {
            let field = &["input", "accountLotMethods", &index.to_string(), "accountId"];
            let account = accounts.iter_mut().find(|account| account.id == *id);
            let account = account.ok_or_else(|| {
                ServiceError::refused(RefusalCode::NotFound, field, "no such account in the portfolio")
            })?;
            if methods[..index].iter().any(|(other, _)| other == id) {
                let message = format!("the account \"{}\" is given twice", account.name);
                return Err(ServiceError::refused(RefusalCode::InvalidInput, field, message));
            }
            if account.lot_method != *method {
                storage::account::set_lot_method(session, *id, *method).await?;
                account.lot_method = *method;
            }
        }
        Ok(accounts)
    }

    /// Refuses people who do not exist or cannot have that part: owners are investors, advisors advise.
    async fn check_people(
        &self,
        session: &Session<Tenant>,
        owner: Option<Uuid>,
        advisor: Option<Uuid>,
    ) -> Result<(), ServiceError> {
        let ids: Vec<Uuid> = owner.into_iter().chain(advisor).collect();
        let people = storage::user::by_ids(session, &ids).await?;
        let find = |id: Uuid| people.iter().find(|person| person.id == id && person.active);
        if owner.is_some_and(|id| find(id).is_none()) {
            return Err(ServiceError::refused(RefusalCode::NotFound, &["input", "ownerId"], "no such person"));
        }
        let advises = |id: Uuid| find(id).is_some_and(|person| matches!(person.role, Role::Advisor | Role::Admin));
        if advisor.is_some_and(|id| !advises(id)) {
            let message = "no such person, or not an advisor";
            return Err(ServiceError::refused(RefusalCode::NotFound, &["input", "advisorId"], message));
        }
        Ok(())
    }
}

/// Refuses a caller who may not read market data.
pub fn require_market(caller: &Caller) -> Result<(), ServiceError> {
    access::require(&caller.actor, Permission::MarketRead)
}

fn check_accounts(names: &[String]) -> Result<Vec<String>, ServiceError> {
    let field = &["input", "accounts"];
    if names.is_empty() || names.len() > MAX_ACCOUNTS {
        let message = format!("{} accounts: 1 to {MAX_ACCOUNTS} are needed", names.len());
        return Err(ServiceError::refused(RefusalCode::InvalidInput, field, message));
    }
    let mut accounts: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let name = check_length(name, 1, MAX_NAME, "accounts")?;
        if accounts.contains(&name) {
            let message = format!("the account name \"{name}\" is given twice");
            return Err(ServiceError::refused(RefusalCode::InvalidInput, field, message));
        }
        accounts.push(name);
    }
    Ok(accounts)
}

/// The text without the blanks around it, if it is of such a length.
pub(super) fn check_length(text: &str, min: usize, max: usize, field: &str) -> Result<String, ServiceError> {
    let text = text.trim();
    let length = text.chars().count();
    if (min..=max).contains(&length) {
        return Ok(text.to_owned());
    }
    let message = format!("{length} characters: {min} to {max} are allowed");
    Err(ServiceError::refused(RefusalCode::InvalidInput, &["input", field], message))
}

/// The refusal of settings under which a transaction of the past would not have been possible.
fn impossible(error: PostError, field: &[&str]) -> ServiceError {
    match error {
        PostError::Service(error) => error,
        PostError::Locked(locked) => locked.refused(field.iter().map(|&part| part.to_owned()).collect()),
        PostError::Ledger(error) => {
            let refusal = ledger_refusal(&error, field);
            let message = format!("under these settings a transaction would not be possible: it {}", refusal.message);
            ServiceError::Refused(vec![Refusal { message, ..refusal }])
        }
    }
}

fn shown(portfolio: &Portfolio, accounts: &[Account]) -> serde_json::Value {
    let bookkeeping = &portfolio.bookkeeping;
    let own = accounts.iter().filter_map(|account| Some((account.id.to_string(), account.lot_method?)));
    let own: serde_json::Map<_, _> = own.map(|(id, method)| (id, code_of(method).into())).collect();
    json!({
        "name": portfolio.name,
        "description": portfolio.description,
        "baseCurrency": portfolio.base_currency.to_string(),
        "bookkeeping": {
            "lotMethod": code_of(bookkeeping.method),
            "lotScope": code_of(bookkeeping.scope),
            "tradeCharges": code_of(bookkeeping.charges),
            "oversell": code_of(bookkeeping.oversell),
            "quantityDust": bookkeeping.dust.normalize().to_string(),
            "accountLotMethods": own,
        },
        "owner": portfolio.owner_id,
        "advisor": portfolio.advisor_id,
        "version": portfolio.version,
    })
}

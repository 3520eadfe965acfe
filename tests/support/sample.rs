//! A person's portfolio to try things on, a valid call of every root field, and a look inside the database.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use portfolio_analyzer::clock::{Ids, SystemIds};
use portfolio_analyzer::graphql::{Api, GraphqlService, RequestContext, sdl};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::app::{App, NOW, PASSWORD};
use super::client::Client;

/// See [`Superuser::hold_market_row`].
const HELD_MARKET_ROW: &str = "00000000-0000-0000-0000-000000000001";

/// What a person of a tenant has: a portfolio of two transactions, advised on by the tenant's advisor.
#[derive(Clone, Debug)]
pub struct Sample {
    pub slug: String,
    pub email: String,
    pub portfolio: String,
    pub account: String,
    pub transaction: String,
    /// Another one.
    pub deposit: String,
    pub user: String,
    pub advisor: String,
    pub tenant: String,
    pub audit_entry: String,
    pub instrument: String,
    pub unlisted: String,
    /// An instrument of the tenant's own.
    pub private: String,
    /// A scenario of the tenant's.
    pub scenario: String,
    /// A rule of the tenant's.
    pub rule: String,
    /// An imported row that waits for a decision.
    pub held: String,
    /// What was known an hour before.
    pub replay: String,
    /// What may be lost.
    pub simulation: String,
    /// Jobs: two dead letters and one that waits.
    pub dead: [String; 2],
    pub waiting: String,
    /// A run that has ended.
    pub run: String,
    /// Schedules of the tenant's own: two.
    pub schedules: [String; 2],
    pub refresh_token: String,
    /// A log-in of the person's that nothing uses.
    pub session: String,
    /// An invitation of the tenant's that waits.
    pub invitation: String,
    /// A key of a program of the tenant's.
    pub api_key: String,
    /// The code of a role of the tenant's own.
    pub role: String,
    /// Tokens that came by mail: of an invitation, of a password reset of somebody else, of a change of address of theirs.
    pub mail_tokens: [String; 3],
}

/// The id of a person as clients see it.
async fn person(inside: &mut Superuser, schema: &str, email: &str) -> String {
    let id = inside.text(&format!("SELECT id::text FROM {schema}.dim_user WHERE email = '{email}'")).await;
    format!("usr_{}", id.replace('-', ""))
}

impl Sample {
    /// Makes a portfolio for this person, with the tenant's advisor.
    pub async fn of(app: &App, tenant: &str, name: &str) -> Self {
        Self::advised(app, tenant, name, Some("advisor")).await
    }

    /// Makes a portfolio for this person, with an advisor or none.
    pub async fn advised(app: &App, tenant: &str, name: &str, advisor: Option<&str>) -> Self {
        let client = app.client(tenant, name).await;
        let mut inside = Superuser::of(app).await;
        let schema = inside.schema(tenant).await;
        let email = format!("{name}@{tenant}.example");
        let adviser = person(&mut inside, &schema, &format!("advisor@{tenant}.example")).await;
        let made = client
            .run_with(
                r"mutation($input: PortfolioCreateInput!) { portfolioCreate(input: $input) {
                    portfolio { id accounts { id } } userErrors { code message } } }",
                json!({ "input": { "name": format!("Savings of {email}"), "baseCurrency": "EUR",
                    "advisorId": advisor.map(|_| &adviser) } }),
            )
            .await;
        let account = made.text("/portfolioCreate/portfolio/accounts/0/id");
        let instrument = |symbol: &str| format!("{{ instruments(search: \"{symbol}\") {{ nodes {{ id }} }} }}");
        let acme = client.run(&instrument("ACME")).await.text("/instruments/nodes/0/id");
        let deposit = json!({ "deposit": { "amount": "1000", "currency": "USD" } });
        let buy = json!({ "buy": { "instrumentId": acme, "quantity": "2", "price": "250", "currency": "USD" } });
        let mut recorded_ids = Vec::new();
        for activity in [deposit, buy] {
            let recorded = client
                .run_with(
                    r"mutation($input: TransactionRecordInput!) { transactionRecord(input: $input) {
                        transaction { id } userErrors { code message } } }",
                    json!({ "input": { "accountId": account, "tradeDate": "2024-03-01", "activity": activity } }),
                )
                .await;
            recorded_ids.push(recorded.text("/transactionRecord/transaction/id"));
        }
        let [deposit, transaction] = <[String; 2]>::try_from(recorded_ids).expect("two rows");
        // GLOBEX split 2 for 1.
        let csv = "date,type,symbol,quantity,price,amount,fee,tax,currency,counter_amount,counter_currency,ratio,\
                   account,external_id,note\n2024-02-01,SPLIT,GLOBEX,,,,,,,,,3:1,,,\n";
        let portfolio = made.text("/portfolioCreate/portfolio/id");
        let held = client
            .run_with(
                "mutation($input: TransactionsImportInput!) { transactionsImport(input: $input) {
                    portfolio { heldTransactions { nodes { id } } } } }",
                json!({ "input": { "portfolioId": portfolio, "csv": csv } }),
            )
            .await;
        let replay = client.run_with(Call::of("replayRequest").document, replay_of(&portfolio)).await;
        let simulation = client.run_with(Call::of("simulationRequest").document, simulation_of(&portfolio)).await;
        let viewer = client.run("{ viewer { user { id } tenant { id } } }").await;
        let log_in = json!({ "input": { "tenant": tenant, "email": email, "password": PASSWORD } });
        let login = "mutation($input: LoginInput!) { login(input: $input) { refreshToken } }";
        let admin = app.client(tenant, "admin").await;
        let [dead, other_dead, waiting, run, schedule, other_schedule] = inside.background(tenant).await;
        Self {
            dead: [dead, other_dead],
            waiting,
            run,
            schedules: [schedule, other_schedule],
            slug: tenant.to_owned(),
            portfolio,
            held: held.text("/transactionsImport/portfolio/heldTransactions/nodes/0/id"),
            replay: replay.text("/replayRequest/replay/id"),
            simulation: simulation.text("/simulationRequest/simulation/id"),
            account,
            transaction,
            deposit,
            user: viewer.text("/viewer/user/id"),
            advisor: adviser,
            tenant: viewer.text("/viewer/tenant/id"),
            audit_entry: admin.run("{ auditLog { nodes { id } } }").await.text("/auditLog/nodes/0/id"),
            private: private_instrument(&admin).await,
            scenario: scenario(&admin, &acme).await,
            rule: rule(&admin).await,
            instrument: acme,
            unlisted: client.run(&instrument("COIN")).await.text("/instruments/nodes/0/id"),
            api_key: api_key(&admin).await,
            role: role(&admin, name).await,
            invitation: invitation(&admin, &format!("waiting-{name}@{tenant}.example")).await,
            mail_tokens: mail_tokens(app, &admin, tenant, name).await,
            session: unused_session(app, &client, tenant, name).await,
            refresh_token: app.anonymous().run_with(login, log_in).await.text("/login/refreshToken"),
            email,
        }
    }
}

/// Makes a key for a program; the key's id.
async fn api_key(admin: &Client) -> String {
    let call = Call::of("apiKeyCreate");
    let input =
        json!({ "input": { "name": "Reporting", "scopes": ["MARKET_READ"], "expiresAt": "2024-06-01T00:00:00Z" } });
    admin.run_with(call.document, input).await.text("/apiKeyCreate/apiKey/id")
}

/// Makes a role for this person; its code.
async fn role(admin: &Client, name: &str) -> String {
    let code = format!("OF_{}", name.to_uppercase());
    let input = json!({ "input": { "code": code, "name": name, "permissions": ["MARKET_READ"] } });
    admin.run_with(Call::of("roleCreate").document, input).await.text("/roleCreate/role/code")
}

/// Invites somebody; the invitation's id.
async fn invitation(admin: &Client, email: &str) -> String {
    let input = json!({ "input": { "email": email, "role": "INVESTOR" } });
    admin.run_with(Call::of("userInvite").document, input).await.text("/userInvite/invitation/id")
}

/// Tokens as they come by mail, of somebody who is invited for it.
async fn mail_tokens(app: &App, admin: &Client, tenant: &str, name: &str) -> [String; 3] {
    let (unused, helper) = (format!("unused-{name}@{tenant}.example"), format!("helper-{name}@{tenant}.example"));
    for email in [&unused, &helper] {
        invitation(admin, email).await;
    }
    app.send_mail(tenant).await;
    let accept = json!({ "input": { "token": app.token_in_mail(&helper), "name": "Ida", "password": PASSWORD } });
    app.anonymous().run_with(Call::of("invitationAccept").document, accept).await.text("/invitationAccept/email");
    let reset = json!({ "input": { "tenant": tenant, "email": helper } });
    app.anonymous().run_with(Call::of("passwordResetRequest").document, reset).await.at("/passwordResetRequest");
    let changed = format!("changed-{name}@{tenant}.example");
    let change = json!({ "input": { "email": changed, "password": PASSWORD } });
    let client = app.client(tenant, &format!("helper-{name}")).await;
    assert_eq!(client.run_with(Call::of("emailChange").document, change).await.user_errors("emailChange"), [""; 0]);
    app.send_mail(tenant).await;
    [app.token_in_mail(&unused), app.token_in_mail(&helper), app.token_in_mail(&changed)]
}

/// A log-in that nothing uses, by its id.
async fn unused_session(app: &App, client: &Client, tenant: &str, name: &str) -> String {
    app.client(tenant, name).await;
    client.run("{ sessions(first: 1) { nodes { id } } }").await.text("/sessions/nodes/0/id")
}

/// An instrument of the tenant's own; the one that is there, where there is one.
async fn private_instrument(admin: &Client) -> String {
    let input = json!({ "input": { "symbol": "STAKE", "name": "A stake", "assetType": "PRIVATE", "currency": "EUR" } });
    let made = admin.run_with(Call::of("instrumentCreate").document, input).await;
    match made.body.pointer("/data/instrumentCreate/instrument/id").and_then(Value::as_str) {
        Some(id) => id.to_owned(),
        None => admin.run(r#"{ instruments(search: "STAKE") { nodes { id } } }"#).await.text("/instruments/nodes/0/id"),
    }
}

/// A scenario of the tenant's, with a shock on an instrument.
async fn scenario(admin: &Client, instrument: &str) -> String {
    let shocks = json!({ "instruments": [{ "instrumentId": instrument, "change": -0.5 }] });
    let input = json!({ "input": { "name": "A fall", "shocks": shocks } });
    admin.run_with(Call::of("stressScenarioSave").document, input).await.text("/stressScenarioSave/scenario/id")
}

/// A rule of the tenant's.
async fn rule(admin: &Client) -> String {
    let input = json!({ "input": { "name": "Holdings", "measure": "HOLDING_SHARE", "atMost": 0.1 } });
    admin.run_with(Call::of("xrayRuleSet").document, input).await.text("/xrayRuleSet/rule/id")
}

/// The variables that ask for a replay of what was known an hour before.
fn replay_of(portfolio: &str) -> Value {
    json!({ "input": { "portfolioId": portfolio, "knownAt": "2024-03-15T11:00:00Z", "asOf": "2024-03-14" } })
}

/// The variables that ask for a simulation.
fn simulation_of(portfolio: &str) -> Value {
    json!({ "input": { "portfolioId": portfolio, "to": "2024-03-14", "paths": 200_000 } })
}

/// Which root type a field belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    Query,
    Mutation,
    Subscription,
}

/// A valid call of a root field, by the owner of a sample or the administrator, with an id in every place for one.
pub struct Call {
    pub field: &'static str,
    pub root: Root,
    pub document: &'static str,
    pub variables: fn(&Sample) -> Value,
}

const fn query(field: &'static str, document: &'static str, variables: fn(&Sample) -> Value) -> Call {
    Call { field, root: Root::Query, document, variables }
}

const fn mutation(field: &'static str, document: &'static str, variables: fn(&Sample) -> Value) -> Call {
    Call { field, root: Root::Mutation, document, variables }
}

/// A call of every root field.
pub const CALLS: &[Call] = &[
    query("viewer", "{ viewer { user { id email } tenant { id slug name } permissions } }", |_| json!({})),
    query("sessions", "{ sessions { nodes { id userAgent isCurrent } totalCount } }", |_| json!({})),
    query("tenant", "{ tenant { id slug name } }", |_| json!({})),
    query("tenants", "{ tenants { id slug name } }", |_| json!({})),
    query("users", "{ users(first: 100) { nodes { id email } totalCount } }", |_| json!({})),
    query("invitations", "{ invitations(first: 100) { nodes { id email invitedBy { id } } totalCount } }", |_| json!({})),
    query("roles", "{ roles { code permissions } }", |_| json!({})),
    query("permissions", "{ permissions { code description fields } }", |_| json!({})),
    query("apiKeys", "{ apiKeys(first: 100) { nodes { id name scopes program { id } createdBy { id } } totalCount } }", |_| json!({})),
    query(
        "portfolios",
        "{ portfolios(first: 100) { nodes { id name owner { id email } accounts { id } transactions { nodes { id } } }
            totalCount } }",
        |_| json!({}),
    ),
    query(
        "portfolio",
        "query($id: ID!) { portfolio(id: $id) { id name owner { id } accounts { id } transactions { nodes { id } }
            heldTransactions { nodes { id rows { account { id } } } } replays { nodes { id portfolio { id } } }
            lots { nodes { id openedBy { id } } } disposals { nodes { sale { id } } } } }",
        |sample| json!({ "id": sample.portfolio }),
    ),
    query(
        "analytics",
        "query($id: ID!) { analytics(currency: \"EUR\", portfolioIds: [$id]) { days explain { openingHoldings { accountId } } } }",
        |sample| json!({ "id": sample.portfolio }),
    ),
    query(
        "stressScenarios",
        "{ stressScenarios { id name shocks { kind key change } savedBy { id } } }",
        |_| json!({}),
    ),
    query("xrayRules", "{ xrayRules { id name measure atMost setBy { id } } }", |_| json!({})),
    query(
        "replay",
        "query($id: ID!) { replay(id: $id) { id portfolio { id } requestedBy { id } lots { nodes { id } }
            positions { nodes { account { id } } } } }",
        |sample| json!({ "id": sample.replay }),
    ),
    query(
        "simulation",
        "query($id: ID!) { simulation(id: $id) { id portfolioId requestedBy { id } status paths } }",
        |sample| json!({ "id": sample.simulation }),
    ),
    query("instruments", "{ instruments { nodes { id symbol } totalCount } }", |_| json!({})),
    query("instrument", "query($id: ID!) { instrument(id: $id) { id price { amount } prices { dates } news { nodes { id } } } }", |sample| json!({ "id": sample.instrument })),
    query(
        "instrumentsByIdentifier",
        r#"{ instrumentsByIdentifier(scheme: TICKER, value: "ACME", mic: "XNYS") { id identifiers { value } } }"#,
        |_| json!({}),
    ),
    query("sectors", "{ sectors { code name } }", |_| json!({})),
    query(
        "prices",
        "query($id: ID!) { prices(instrumentId: $id) { dates } }",
        |sample| json!({ "id": sample.instrument }),
    ),
    query("exchangeRate", r#"{ exchangeRate(base: "EUR", quote: "USD") { rate legs { date } } }"#, |_| json!({})),
    query("exchangeRates", r#"{ exchangeRates(base: "EUR", quote: "USD") { dates } }"#, |_| json!({})),
    query("exchanges", "{ exchanges { mic isOpen } }", |_| json!({})),
    query("exchange", r#"{ exchange(mic: "XNYS") { mic nextOpen } }"#, |_| json!({})),
    query("marketIndicators", "{ marketIndicators { nodes { code valueAt { observed } } totalCount } }", |_| json!({})),
    query("marketIndicator", r#"{ marketIndicator(code: "GBP_ON") { code } }"#, |_| json!({})),
    query("riskFreeRate", r#"{ riskFreeRate(currency: "GBP", tenor: "ON") { effectiveAnnual } }"#, |_| json!({})),
    query("heldMarketRows", "{ heldMarketRows { nodes { id reason decidedBy } totalCount } }", |_| json!({})),
    query("refreshRuns", "{ refreshRuns { nodes { id provider asked error } totalCount } }", |_| json!({})),
    query("dataQualityFindings", "{ dataQualityFindings { nodes { id message } totalCount } }", |_| json!({})),
    query(
        "auditLog",
        "query($filter: AuditFilter) { auditLog(first: 100, filter: $filter) { nodes { id actor entityId after }
            totalCount } }",
        |sample| json!({ "filter": { "actorId": sample.user } }),
    ),
    query("auditCheckpoints", "{ auditCheckpoints { nodes { sequence hash signature } totalCount } }", |_| json!({})),
    query(
        "jobs",
        "{ jobs(first: 100) { nodes { id kind key state attempts error progress { done } cancelRequestedBy } totalCount } }",
        |_| json!({}),
    ),
    query("jobRuns", "{ jobRuns(first: 100) { nodes { id kind outcome error cancelledBy } totalCount } }", |_| json!({})),
    query("schedules", "{ schedules { id name kind cron lastRun { outcome } } }", |_| json!({})),
    query("node", "query($id: ID!) { node(id: $id) { id } }", |sample| json!({ "id": sample.portfolio })),
    query(
        "nodes",
        "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Portfolio { name } ... on Transaction { tradeDate } } }",
        |sample| json!({ "ids": [sample.transaction] }),
    ),
    mutation(
        "login",
        "mutation($input: LoginInput!) { login(input: $input) { accessToken viewer { user { id } } userErrors { code } } }",
        |sample| json!({ "input": { "tenant": sample.slug, "email": sample.email, "password": PASSWORD } }),
    ),
    mutation(
        "tokenRefresh",
        "mutation($input: RefreshTokenInput!) { tokenRefresh(input: $input) { accessToken userErrors { code } } }",
        |sample| json!({ "input": { "refreshToken": sample.refresh_token } }),
    ),
    mutation(
        "logout",
        "mutation($input: RefreshTokenInput!) { logout(input: $input) { userErrors { code } } }",
        |sample| json!({ "input": { "refreshToken": sample.refresh_token } }),
    ),
    mutation(
        "invitationAccept",
        "mutation($input: InvitationAcceptInput!) { invitationAccept(input: $input) { email userErrors { code message } } }",
        |sample| json!({ "input": { "token": sample.mail_tokens[0], "name": "Noa", "password": PASSWORD } }),
    ),
    mutation(
        "passwordResetRequest",
        "mutation($input: PasswordResetRequestInput!) { passwordResetRequest(input: $input) { userErrors { code message } } }",
        |sample| json!({ "input": { "tenant": sample.slug, "email": sample.email } }),
    ),
    mutation(
        "passwordReset",
        "mutation($input: PasswordResetInput!) { passwordReset(input: $input) { userErrors { code message } } }",
        |sample| json!({ "input": { "token": sample.mail_tokens[1], "password": "a heron in the shallow water" } }),
    ),
    mutation(
        "emailChange",
        "mutation($input: EmailChangeInput!) { emailChange(input: $input) { userErrors { code message } } }",
        |sample| json!({ "input": { "email": format!("elsewhere@{}.example", sample.slug), "password": PASSWORD } }),
    ),
    mutation(
        "emailChangeConfirm",
        "mutation($input: EmailChangeConfirmInput!) { emailChangeConfirm(input: $input) { userErrors { code message } } }",
        |sample| json!({ "input": { "token": sample.mail_tokens[2] } }),
    ),
    mutation(
        "sessionEnd",
        "mutation($id: ID!) { sessionEnd(id: $id) { session { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.session }),
    ),
    mutation(
        "sessionsEndAll",
        "mutation($input: SessionsEndAllInput!) { sessionsEndAll(input: $input) { count userErrors { code message } } }",
        |_| json!({ "input": {} }),
    ),
    mutation(
        "passwordChange",
        "mutation($input: PasswordChangeInput!) { passwordChange(input: $input) { sessionsEnded userErrors { code message } } }",
        |_| json!({ "input": { "oldPassword": PASSWORD, "newPassword": "a sparrow beneath the roof" } }),
    ),
    mutation(
        "portfolioCreate",
        "mutation($input: PortfolioCreateInput!) { portfolioCreate(input: $input) {
            portfolio { id owner { id } } userErrors { code message } } }",
        |sample| {
            json!({ "input": { "name": "Another", "baseCurrency": "EUR",
                "ownerId": sample.user, "advisorId": sample.advisor } })
        },
    ),
    mutation(
        "portfolioUpdate",
        "mutation($id: ID!, $input: PortfolioUpdateInput!) { portfolioUpdate(id: $id, expectedVersion: 3, input: $input) {
            portfolio { id advisor { id } } userErrors { code message } } }",
        |sample| {
            json!({ "id": sample.portfolio, "input": { "name": "Renamed", "advisorId": sample.advisor,
                "accountLotMethods": [{ "accountId": sample.account, "lotMethod": "LIFO" }] } })
        },
    ),
    mutation(
        "portfolioShare",
        "mutation($id: ID!, $input: PortfolioShareInput!) { portfolioShare(id: $id, input: $input) {
            portfolio { id shares { user { id } level } } userErrors { code message } } }",
        |sample| json!({ "id": sample.portfolio, "input": { "with": { "userId": sample.advisor }, "level": "VIEW" } }),
    ),
    mutation(
        "portfolioUnshare",
        "mutation($id: ID!, $input: PortfolioUnshareInput!) { portfolioUnshare(id: $id, input: $input) {
            portfolio { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.portfolio, "input": { "with": { "userId": sample.advisor } } }),
    ),
    mutation(
        "transactionRecord",
        "mutation($input: TransactionRecordInput!) { transactionRecord(input: $input) {
            transaction { id } portfolio { id } userErrors { code message } } }",
        |sample| {
            json!({ "input": { "accountId": sample.account, "tradeDate": "2024-03-04", "activity": { "buy": {
                "instrumentId": sample.instrument, "quantity": "1", "price": "251", "currency": "USD" } } } })
        },
    ),
    mutation(
        "transactionsRecord",
        "mutation($input: TransactionsRecordInput!) { transactionsRecord(input: $input) {
            transactions { id } portfolio { id } userErrors { code message } } }",
        |sample| {
            json!({ "input": { "transactions": [{ "accountId": sample.account, "tradeDate": "2024-03-04", "activity": { "buy": {
                "instrumentId": sample.instrument, "quantity": "1", "price": "251", "currency": "USD" } } }] } })
        },
    ),
    mutation(
        "transactionCorrect",
        "mutation($id: ID!, $input: TransactionRecordInput!) { transactionCorrect(id: $id, input: $input) {
            transaction { id } portfolio { id } userErrors { code message } } }",
        |sample| {
            json!({ "id": sample.deposit, "input": { "accountId": sample.account, "tradeDate": "2024-03-04",
                "activity": { "deposit": { "amount": "7", "currency": "USD" } } } })
        },
    ),
    mutation(
        "transactionReverse",
        "mutation($id: ID!) { transactionReverse(id: $id) { transaction { id } portfolio { id }
            userErrors { code message } } }",
        |sample| json!({ "id": sample.transaction }),
    ),
    mutation(
        "transactionsImport",
        "mutation($input: TransactionsImportInput!) { transactionsImport(input: $input) { rowsRecorded
            rowErrors { message } portfolio { id } userErrors { code message } } }",
        |sample| {
            let csv = "date,type,symbol,quantity,price,amount,fee,tax,currency,counter_amount,counter_currency,ratio,\
                       account,external_id,note\n2024-03-05,DEPOSIT,,,,10,,,USD,,,,,,\n";
            json!({ "input": { "portfolioId": sample.portfolio, "csv": csv } })
        },
    ),
    mutation(
        "heldTransactionDecide",
        "mutation($id: ID!, $input: HeldTransactionDecideInput!) { heldTransactionDecide(id: $id, input: $input) {
            transactions { id } portfolio { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.held, "input": { "decision": "DISCARD" } }),
    ),
    mutation(
        "portfolioPeriodLock",
        "mutation($id: ID!, $input: PortfolioPeriodLockInput!) { portfolioPeriodLock(id: $id, input: $input) {
            portfolio { id periodLock { lockedThrough lockedBy { name } } } userErrors { code message } } }",
        |sample| json!({ "id": sample.portfolio, "input": { "lockedThrough": "2024-02-01", "note": "closed" } }),
    ),
    mutation(
        "performanceMetricsCompute",
        "mutation($id: ID!) { performanceMetricsCompute(portfolioId: $id) { portfolio { id }
            userErrors { code message } } }",
        |sample| json!({ "id": sample.portfolio }),
    ),
    mutation(
        "replayRequest",
        "mutation($input: ReplayRequestInput!) { replayRequest(input: $input) { replay { id portfolio { id } }
            userErrors { code message } } }",
        |sample| replay_of(&sample.portfolio),
    ),
    mutation(
        "simulationRequest",
        "mutation($input: SimulationRequestInput!) { simulationRequest(input: $input) { simulation { id portfolioId }
            userErrors { code message } } }",
        |sample| simulation_of(&sample.portfolio),
    ),
    mutation(
        "manualPricesRecord",
        "mutation($input: [ManualPriceInput!]!) { manualPricesRecord(input: $input) { count userErrors { code message } } }",
        |sample| json!({ "input": [{ "instrumentId": sample.unlisted, "date": "2024-03-01", "price": "3" }] }),
    ),
    mutation(
        "manualPricesImport",
        "mutation($input: ManualPricesImportInput!) { manualPricesImport(input: $input) { rowsRecorded userErrors { code message } } }",
        |_| json!({ "input": { "csv": "symbol,date,price,currency\nCOIN,2024-03-01,3,USD\n" } }),
    ),
    mutation(
        "heldMarketRowDecide",
        "mutation($id: ID!) { heldMarketRowDecide(id: $id, input: { reject: {} }) { heldMarketRow { id } userErrors { code } } }",
        |_| json!({ "id": format!("hmr_{}", HELD_MARKET_ROW.replace('-', "")) }),
    ),
    mutation(
        "instrumentListingSet",
        r#"mutation($day: Date!) { instrumentListingSet(input: { instrument: { listed: { symbol: "ACME", mic: "XNYS" } }, listedOn: $day }) {
            listing { symbol } userErrors { code } } }"#,
        |_| json!({ "day": "1990-01-02" }),
    ),
    mutation(
        "instrumentSuccessionRecord",
        r#"mutation($day: Date!) { instrumentSuccessionRecord(input: { kind: MERGER, effectiveOn: $day,
            predecessor: { listed: { symbol: "GLOBEX", mic: "XNYS" } }, successor: { listed: { symbol: "ACME", mic: "XNYS" } } }) {
            succession { id } userErrors { code } } }"#,
        |_| json!({ "day": "2030-01-02" }),
    ),
    mutation(
        "instrumentSuccessionRemove",
        "mutation($id: ID!) { instrumentSuccessionRemove(id: $id) { succession { id } userErrors { code } } }",
        |_| json!({ "id": format!("suc_{}", HELD_MARKET_ROW.replace('-', "")) }),
    ),
    mutation(
        "instrumentCreate",
        "mutation($input: InstrumentCreateInput!) { instrumentCreate(input: $input) {
            instrument { id symbol } userErrors { code message } } }",
        |_| json!({ "input": { "symbol": "HOUSE", "name": "A house", "assetType": "PRIVATE", "currency": "EUR" } }),
    ),
    mutation(
        "instrumentUpdate",
        "mutation($id: ID!, $input: InstrumentUpdateInput!) { instrumentUpdate(id: $id, expectedVersion: 1, input: $input) {
            instrument { id symbol } userErrors { code message } } }",
        |sample| json!({ "id": sample.private, "input": { "symbol": "STAKE", "name": "A larger stake" } }),
    ),
    mutation(
        "priceOverrideSet",
        "mutation($input: PriceOverrideSetInput!) { priceOverrideSet(input: $input) {
            overrides { from to price } userErrors { code message } } }",
        |sample| {
            json!({ "input": { "instrumentId": sample.instrument, "from": "2024-03-01", "price": "200", "reason": "halted" } })
        },
    ),
    mutation(
        "priceOverrideRemove",
        "mutation($input: PriceOverrideRemoveInput!) { priceOverrideRemove(input: $input) {
            overrides { from } userErrors { code message } } }",
        |sample| {
            json!({ "input": { "instrumentId": sample.instrument, "from": "2024-03-01", "reason": "resumed" } })
        },
    ),
    mutation(
        "stressScenarioSave",
        "mutation($input: StressScenarioSaveInput!) { stressScenarioSave(input: $input) {
            scenario { id name shocks { key } } userErrors { code message } } }",
        |sample| {
            json!({ "input": { "name": "A rise", "shocks": {
                "instruments": [{ "instrumentId": sample.instrument, "change": 0.5 }],
                "market": { "benchmarkId": sample.private, "change": 0.1 } } } })
        },
    ),
    mutation(
        "stressScenarioRemove",
        "mutation($id: ID!) { stressScenarioRemove(id: $id) { scenario { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.scenario }),
    ),
    mutation(
        "xrayRuleSet",
        "mutation($input: XrayRuleSetInput!) { xrayRuleSet(input: $input) { rule { id name } userErrors { code message } } }",
        |_| json!({ "input": { "name": "Cash", "measure": "CASH_SHARE", "atLeast": 0.05 } }),
    ),
    mutation(
        "xrayRuleRemove",
        "mutation($id: ID!) { xrayRuleRemove(id: $id) { rule { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.rule }),
    ),
    mutation(
        "usersCreate",
        "mutation($input: [UserCreateInput!]!) { usersCreate(input: $input) { results { user { id } userErrors { code } }
            userErrors { code message } } }",
        |sample| {
            json!({ "input": [{ "email": format!("new@{}.example", sample.slug), "name": "New", "role": "INVESTOR",
                "password": PASSWORD }] })
        },
    ),
    mutation(
        "userInvite",
        "mutation($input: UserInviteInput!) { userInvite(input: $input) { invitation { id email } userErrors { code message } } }",
        |sample| json!({ "input": { "email": format!("invited@{}.example", sample.slug), "role": "INVESTOR" } }),
    ),
    mutation(
        "usersInvite",
        "mutation($input: UsersInviteInput!) { usersInvite(input: $input) { rowsRead invitations { id } rowErrors { message }
            userErrors { code message } } }",
        |sample| {
            let csv = format!("email,name,role,currency\none@{0}.example,One,INVESTOR,EUR\n", sample.slug);
            json!({ "input": { "csv": csv } })
        },
    ),
    mutation(
        "invitationResend",
        "mutation($id: ID!) { invitationResend(id: $id) { invitation { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.invitation }),
    ),
    mutation(
        "invitationWithdraw",
        "mutation($id: ID!) { invitationWithdraw(id: $id) { invitation { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.invitation }),
    ),
    mutation(
        "userUpdate",
        "mutation($id: ID!, $input: UserUpdateInput!) { userUpdate(id: $id, expectedVersion: 1, input: $input) {
            user { id active } userErrors { code message } } }",
        |sample| json!({ "id": sample.advisor, "input": { "active": true } }),
    ),
    mutation(
        "roleCreate",
        "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { code permissions } userErrors { code message } } }",
        |_| json!({ "input": { "code": "ASSISTANT", "name": "Assistant", "permissions": ["USERS_READ"] } }),
    ),
    mutation(
        "roleUpdate",
        "mutation($code: String!, $input: RoleUpdateInput!) { roleUpdate(code: $code, input: $input) { role { code permissions }
            userErrors { code message } } }",
        |sample| json!({ "code": sample.role, "input": { "name": "Another", "permissions": ["MARKET_READ"] } }),
    ),
    mutation(
        "roleDelete",
        "mutation($code: String!) { roleDelete(code: $code) { role { code } userErrors { code message } } }",
        |sample| json!({ "code": sample.role }),
    ),
    mutation(
        "apiKeyCreate",
        "mutation($input: ApiKeyCreateInput!) { apiKeyCreate(input: $input) { apiKey { id } secret userErrors { code message } } }",
        |_| json!({ "input": { "name": "Reporting", "scopes": ["MARKET_READ"], "expiresAt": "2024-06-01T00:00:00Z" } }),
    ),
    mutation(
        "apiKeyEnd",
        "mutation($id: ID!) { apiKeyEnd(id: $id) { apiKey { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.api_key }),
    ),
    mutation(
        "userSettingsUpdate",
        r#"mutation { userSettingsUpdate(expectedVersion: 1, input: { locale: "de-CH" }) { user { id } userErrors { code } } }"#,
        |_| json!({}),
    ),
    mutation(
        "auditCheckpointCreate",
        "mutation { auditCheckpointCreate { checkpoint { sequence } userErrors { code } } }",
        |_| json!({}),
    ),
    mutation(
        "auditReadsSet",
        "mutation { auditReadsSet(reads: NONE) { reads userErrors { code } } }",
        |_| json!({}),
    ),
    mutation(
        "auditPersonalErase",
        "mutation($id: ID!) { auditPersonalErase(userId: $id) { erased userErrors { code } } }",
        |sample| json!({ "id": sample.user }),
    ),
    mutation("jobRetry", "mutation($id: ID!) { jobRetry(id: $id) { job { id } userErrors { code message } } }", |sample| {
        json!({ "id": sample.dead[0] })
    }),
    mutation(
        "jobDiscard",
        "mutation($id: ID!) { jobDiscard(id: $id) { job { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.dead[1] }),
    ),
    mutation(
        "jobCancel",
        "mutation($id: ID!) { jobCancel(id: $id) { job { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.waiting }),
    ),
    mutation(
        "scheduleCreate",
        "mutation($input: ScheduleCreateInput!) { scheduleCreate(input: $input) { schedule { id } userErrors { code } } }",
        |_| json!({ "input": { "name": "At noon", "kind": "daily_facts", "cron": "0 12 * * *" } }),
    ),
    mutation(
        "scheduleUpdate",
        "mutation($id: ID!, $input: ScheduleUpdateInput!) { scheduleUpdate(id: $id, expectedVersion: 1, input: $input) {
            schedule { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.schedules[0], "input": { "timeZone": "Europe/Zurich" } }),
    ),
    mutation(
        "scheduleDelete",
        "mutation($id: ID!) { scheduleDelete(id: $id) { schedule { id } userErrors { code message } } }",
        |sample| json!({ "id": sample.schedules[1] }),
    ),
    mutation(
        "tenantSuspend",
        "mutation($id: ID!) { tenantSuspend(id: $id) { tenant { id } userErrors { code } } }",
        // The next call takes it back.
        |sample| json!({ "id": sample.tenant }),
    ),
    mutation(
        "tenantResume",
        "mutation($id: ID!) { tenantResume(id: $id) { tenant { id } userErrors { code } } }",
        |sample| json!({ "id": sample.tenant }),
    ),
    mutation(
        "tenantUpdate",
        "mutation($id: ID!) { tenantUpdate(id: $id, input: { residency: \"CH\" }) { tenant { id } userErrors { code } } }",
        |sample| json!({ "id": sample.tenant }),
    ),
    Call {
        field: "portfolioChanged",
        root: Root::Subscription,
        document: "subscription($id: ID!) { portfolioChanged(id: $id) { portfolioId version } }",
        variables: |sample| json!({ "id": sample.portfolio }),
    },
];

impl Call {
    /// The call of this field.
    pub fn of(field: &str) -> &'static Self {
        CALLS.iter().find(|call| call.field == field).unwrap_or_else(|| panic!("no call of {field}"))
    }

    /// Sends the call. A subscription is answered by its first event, which `owner` causes, or by its refusal.
    pub async fn send(&self, app: &App, client: &Client, variables: Value, sample: &Sample, owner: &Client) -> Value {
        if self.root != Root::Subscription {
            return client.run_with(self.document, variables).await.body;
        }
        let deposit = json!({ "input": { "accountId": sample.account, "tradeDate": "2024-03-01",
            "activity": { "deposit": { "amount": "1", "currency": "USD" } } } });
        let cause = async {
            loop {
                let done = owner.run_with(Self::of("transactionRecord").document, deposit.clone()).await;
                done.text("/transactionRecord/transaction/id");
            }
        };
        tokio::select! {
            answer = follow(app, client, self.document, variables) => answer,
            () = cause => unreachable!("the owner goes on until there is an answer"),
        }
    }
}

/// The first answer of a subscription, run without a socket.
pub async fn follow(app: &App, client: &Client, document: &str, variables: Value) -> Value {
    let api = Api::new(app.services.clone());
    let now = NOW.parse().expect("an instant");
    let actor = api.authenticate(client.token(), now).await.expect("a token or none").map(|who| who.actor);
    let context = RequestContext {
        actor,
        request_id: "followed".to_owned(),
        whence: Default::default(),
        started_at: now,
        cost: Default::default(),
    };
    let request = async_graphql::Request::new(document).variables(async_graphql::Variables::from_json(variables));
    let answer = api.subscribe(request, context).next().await.expect("an answer before the end");
    serde_json::to_value(answer).expect("an answer in JSON")
}

/// The fields of a root type, as the schema has them.
pub fn root_fields(root: Root) -> Vec<String> {
    let sdl = sdl();
    let start = sdl.find(&format!("\ntype {root:?} {{")).expect("the root type");
    let body = &sdl[start..];
    let body = &body[..body.find("\n}").expect("its end")];
    body.lines()
        .filter(|line| line.starts_with('\t') && !line.starts_with("\t\t"))
        .filter_map(|line| line.trim().split(['(', ':']).next())
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()))
        .map(str::to_owned)
        .collect()
}

/// A superuser's connection to the test's database.
pub struct Superuser(PgConnection);

impl Superuser {
    /// Connects.
    pub async fn of(app: &App) -> Self {
        let options = app.database.superuser.connect_options();
        Self(PgConnection::connect_with(&options).await.expect("the superuser's connection"))
    }

    /// Runs statements.
    pub async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.0).await.expect("a statement");
    }

    /// Holds a row of market data, and notes a succession, of the id that the sample's calls name.
    pub async fn hold_market_row(&mut self) {
        self.run(&format!(
            "INSERT INTO market.meta_refresh_log (id, dataset, provider, started_at, finished_at) \
             VALUES ('{HELD_MARKET_ROW}', 'prices', 'sample', '{NOW}', '{NOW}'); \
             INSERT INTO market.stg_held_row (id, dataset, provider, run_id, line, held_at, last_run_id, cells, findings, reason, \
                 state) \
             VALUES ('{HELD_MARKET_ROW}', 'prices', 'sample', '{HELD_MARKET_ROW}', 1, '{NOW}', '{HELD_MARKET_ROW}', '{{}}', \
                 ARRAY['INVALID_DATE'], 'the date is no day', 'OPEN'); \
             INSERT INTO market.dim_succession (id, predecessor_id, successor_id, kind, effective_on, created_at) \
             SELECT '{HELD_MARKET_ROW}', a.id, b.id, 'MERGER', '2029-01-02', '{NOW}' FROM market.dim_stock a, market.dim_stock b \
             WHERE a.symbol = 'GLOBEX' AND b.symbol = 'ACME'"
        ))
        .await;
    }

    /// Puts two dead letters, a job that waits, a run that has ended and two schedules of a tenant into the queue, of a kind that no
    /// handler has; their ids as clients see them.
    pub async fn background(&mut self, tenant: &str) -> [String; 6] {
        let id = || SystemIds.next();
        let ids = [id(), id(), id(), id(), id(), id()];
        let [dead, other_dead, waiting, run, schedule, other_schedule] = ids;
        self.run(&format!(
            "INSERT INTO platform.job (id, tenant_id, kind, key, state, enqueued_at, run_at, attempts, last_error, last_message) \
             SELECT j.id::uuid, t.id, 'sampled', j.id, j.state, '{NOW}', '{NOW}', 3, 'SELECT failed at 10.0.0.1', 'it failed' \
             FROM platform.tenant t, (VALUES ('{dead}', 'DEAD'), ('{other_dead}', 'DEAD'), ('{waiting}', 'WAITING')) j (id, state) \
             WHERE t.slug = '{tenant}'; \
             INSERT INTO platform.job_run (id, job_id, tenant_id, kind, key, outcome, attempt, ended_at) \
             SELECT '{run}', '{run}', id, 'sampled', '', 'DONE', 1, '{NOW}' FROM platform.tenant WHERE slug = '{tenant}'; \
             INSERT INTO platform.schedule (id, tenant_id, name, kind, is_standing, cron, time_zone, is_enabled, next_run_at, \
             created_at) SELECT s::uuid, t.id, s, 'sampled', false, '0 6 * * *', 'UTC', true, '2024-03-16T06:00:00Z', '{NOW}' \
             FROM platform.tenant t, unnest(ARRAY['{schedule}', '{other_schedule}']) s WHERE t.slug = '{tenant}'"
        ))
        .await;
        let prefixes = ["job", "job", "job", "run", "sch", "sch"];
        std::array::from_fn(|index| format!("{}_{}", prefixes[index], ids[index].simple()))
    }

    /// Makes dividends of instruments known: symbol, type, ex-date, pay date and amount in dollars of each.
    pub async fn know_dividends(&mut self, dividends: &[(&str, &str, &str, Option<&str>, &str)]) {
        for (symbol, kind, ex_date, pay_date, amount) in dividends {
            let pay_date = pay_date.map_or("NULL".to_owned(), |day| format!("'{day}'"));
            self.run(&format!(
                "INSERT INTO market.fact_corporate_action (instrument_id, type, ex_date, pay_date, amount, currency) \
                 SELECT id, '{kind}', '{ex_date}', {pay_date}, {amount}, 'USD' FROM market.dim_stock \
                 WHERE symbol = '{symbol}'; UPDATE market.meta_market_version \
                 SET version = version + 1, actions_version = version + 1"
            ))
            .await;
        }
    }

    /// Makes an exchange rate of a day known.
    pub async fn know_rate(&mut self, base: &str, quote: &str, day: &str, rate: &str) {
        self.run(&format!(
            "INSERT INTO market.fact_fx_rate (base, quote, date, rate) VALUES ('{base}', '{quote}', '{day}', {rate}); \
             UPDATE market.meta_market_version SET version = version + 1, rates_version = version + 1"
        ))
        .await;
    }

    /// The texts of the first column.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.0).await.expect("an answer");
        rows.iter().map(|row| row.try_get(0).expect("a text")).collect()
    }

    /// The one text that is answered.
    pub async fn text(&mut self, sql: &str) -> String {
        let mut texts = self.texts(sql).await;
        assert_eq!(texts.len(), 1, "one row: {sql}");
        texts.remove(0)
    }

    /// The schema of a tenant.
    pub async fn schema(&mut self, tenant: &str) -> String {
        self.text(&format!("SELECT schema_name FROM platform.tenant WHERE slug = '{tenant}'")).await
    }

    /// The tables of a schema.
    pub async fn tables(&mut self, schema: &str) -> Vec<String> {
        let tables = format!("SELECT tablename::text FROM pg_tables WHERE schemaname = '{schema}' ORDER BY 1");
        self.texts(&tables).await
    }

    /// How many rows each table of a schema has, and a checksum of what they hold.
    pub async fn contents(&mut self, schema: &str) -> BTreeMap<String, String> {
        let mut contents = BTreeMap::new();
        for table in self.tables(schema).await {
            let sum = format!(
                "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') \
                 FROM {schema}.{table} t"
            );
            let sum = self.text(&sum).await;
            contents.insert(table, sum);
        }
        assert!(contents.len() > 10, "{schema} has tables: {contents:?}");
        contents
    }
}

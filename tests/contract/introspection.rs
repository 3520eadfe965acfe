//! The schema's own description: complete, and by the rules.

use portfolio_analyzer::graphql::limits::is_counted;
use serde_json::Value;

use crate::support::{App, CALLS, Call, Root, Sample, Superuser};

/// The query that GraphiQL sends.
const GRAPHIQL: &str = r"query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind }
  subscriptionType { name kind } types { ...FullType } directives { name description isRepeatable locations
  args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL isOneOf
  fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef }
    isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
  enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
  ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

/// The schema's types, the language's own left out.
async fn types() -> Vec<Value> {
    let app = App::start().await;
    let answer = app.anonymous().run(GRAPHIQL).await;
    let types = answer.at("/__schema/types").as_array().expect("a list").clone();
    let own = |kind: &Value| {
        !name(kind).starts_with("__") && !["Int", "Float", "String", "Boolean", "ID"].contains(&name(kind))
    };
    types.into_iter().filter(own).collect()
}

fn shown(kind: &Value) -> String {
    match kind["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", shown(&kind["ofType"])),
        Some("LIST") => format!("[{}]", shown(&kind["ofType"])),
        _ => name(kind).to_owned(),
    }
}

#[tokio::test]
async fn everything_is_described() {
    let mut silent = Vec::new();
    let mut count = 0;
    for kind in types().await {
        let mut check = |path: String, value: &Value| {
            count += 1;
            if value["description"].as_str().is_none_or(|text| text.trim().len() < 4) {
                silent.push(path);
            }
        };
        let of = name(&kind).to_owned();
        check(of.clone(), &kind);
        for field in list(&kind["fields"]) {
            check(format!("{of}.{}", name(field)), field);
            for argument in list(&field["args"]) {
                check(format!("{of}.{}({})", name(field), name(argument)), argument);
            }
        }
        for member in ["inputFields", "enumValues"] {
            for value in list(&kind[member]) {
                check(format!("{of}.{}", name(value)), value);
            }
        }
    }
    assert_eq!(silent, [""; 0], "without a description");
    assert!(count > 400, "{count}");
}

#[tokio::test]
async fn every_connection_has_the_same_shape_and_arguments() {
    let types = types().await;
    let find = |wanted: &str| types.iter().find(|kind| name(kind) == wanted).expect("a type");
    let mut connections = 0;
    for kind in &types {
        for field in list(&kind["fields"]) {
            let target = shown(&field["type"]).replace(['!', '[', ']'], "");
            let Some(noun) = target.strip_suffix("Connection") else { continue };
            connections += 1;
            let path = format!("{}.{}", name(kind), name(field));
            let fields: Vec<String> = list(&find(&target)["fields"])
                .iter()
                .map(|field| format!("{}: {}", name(field), shown(&field["type"])))
                .collect();
            let mut expected = vec![
                format!("edges: [{noun}Edge!]!"),
                format!("nodes: [{noun}!]!"),
                "pageInfo: PageInfo!".to_owned(),
                "totalCount: Int!".to_owned(),
            ];
            expected.sort();
            let mut sorted = fields.clone();
            sorted.sort();
            assert_eq!(sorted, expected, "{target}");
            let argument = |wanted: &str| list(&field["args"]).iter().find(|argument| name(argument) == wanted);
            assert_eq!(argument("first").map(|first| first["defaultValue"].clone()), Some(Value::from("20")), "{path}");
            assert_eq!(argument("after").map(|after| shown(&after["type"])), Some("String".to_owned()), "{path}");
        }
    }
    assert!(connections >= 6, "{connections}");
}

/// Lists that are no connections are bounded by what they are of; a new one is to be thought about here.
const BOUNDED: &[&str] = &[
    "Analytics.allocation",
    "Analytics.contributions",
    "Analytics.doubtfulInputs",
    "Analytics.drawdowns",
    "ApiKey.scopes",
    "ApiKeyCreatePayload.userErrors",
    "ApiKeyPayload.userErrors",
    "AuditCheckpointPayload.userErrors",
    "AuditEntry.erased",
    "AuditPersonalErasePayload.userErrors",
    "AuditReadsPayload.userErrors",
    "BenchmarkComparison.growth",
    "CashBalance.reasons",
    "Correlations.correlations",
    "Correlations.counts",
    "Correlations.firstIds",
    "Correlations.secondIds",
    "DailyChange.contributions",
    "DailyChange.doubtfulInputs",
    "DailyChange.reasons",
    "Diversification.clusters",
    "Diversification.riskContributions",
    "EmailChangePayload.userErrors",
    "Exchange.days",
    "Exchange.sessions",
    "ExchangeRate.legs",
    "ExchangeRate.reasons",
    "ExchangeRateHistory.dates",
    "ExchangeRateHistory.rates",
    "ExchangeRateHistory.statuses",
    "ExpectedIncome.amounts",
    "ExpectedIncome.months",
    "ExpectedIncome.reasons",
    "Explanation.dates",
    "Explanation.endHoldings",
    "Explanation.flowAmounts",
    "Explanation.flowDates",
    "Explanation.flows",
    "Explanation.localReturns",
    "Explanation.missing",
    "Explanation.openingHoldings",
    "Explanation.returns",
    "Explanation.values",
    "HeldMarketRow.findings",
    "HeldMarketRowPayload.userErrors",
    "HeldPrice.findings",
    "HeldTransaction.rows",
    "Holding.reasons",
    "HoldingCluster.instrumentIds",
    "Income.amounts",
    "Income.months",
    "IndicatorValue.reasons",
    "IndicatorValues.dates",
    "IndicatorValues.reasons",
    "IndicatorValues.statuses",
    "IndicatorValues.values",
    "Instrument.dividends",
    "Instrument.identifiers",
    "Instrument.predecessors",
    "Instrument.priceOverrides",
    "Instrument.priceRevisions",
    "Instrument.sectorPath",
    "Instrument.splits",
    "Instrument.successors",
    "InstrumentListingPayload.userErrors",
    "InstrumentPayload.userErrors",
    "InstrumentSuccessionPayload.userErrors",
    "InvitationAcceptPayload.userErrors",
    "InvitationPayload.userErrors",
    "JobPayload.userErrors",
    "KnownPart.missing",
    "LogoutPayload.userErrors",
    "ManualPricesImportPayload.rowErrors",
    "ManualPricesImportPayload.userErrors",
    "ManualPricesPayload.userErrors",
    "Metric.conventions",
    "Metric.reasons",
    "Metrics.doubtfulInputs",
    "MoneyFigure.reasons",
    "NewsItem.instruments",
    "NewsItem.revisions",
    "PasswordChangePayload.userErrors",
    "PasswordResetPayload.userErrors",
    "PeriodReturns.ends",
    "PeriodReturns.returns",
    "PeriodReturns.starts",
    "Permission.fields",
    "Portfolio.accounts",
    "Portfolio.cash",
    "Portfolio.realizedGains",
    "Portfolio.salePreview",
    "Portfolio.shares",
    "Portfolio.simulations",
    "PortfolioPayload.userErrors",
    "PriceHistory.closes",
    "PriceHistory.dates",
    "PriceHistory.statuses",
    "PriceOverridePayload.overrides",
    "PriceOverridePayload.userErrors",
    "PriceSeries.dates",
    "PriceSeries.reasons",
    "PriceSeries.statuses",
    "PriceSeries.values",
    "Query.exchanges",
    "Query.instrumentsByIdentifier",
    "Query.nodes",
    "Query.permissions",
    "Query.roles",
    "Query.schedules",
    "Query.sectors",
    "Query.stressScenarios",
    "Query.tenants",
    "Query.xrayRules",
    "Quote.reasons",
    "Replay.cash",
    "ReplayPayload.userErrors",
    "ReturnAttribution.reasons",
    "ReturnAttribution.segments",
    "Role.permissions",
    "RolePayload.userErrors",
    "RollingFigures.beta",
    "RollingFigures.calmar",
    "RollingFigures.correlation",
    "RollingFigures.dates",
    "RollingFigures.downsideDeviation",
    "RollingFigures.excessKurtosis",
    "RollingFigures.maxDrawdown",
    "RollingFigures.omega",
    "RollingFigures.reasons",
    "RollingFigures.returns",
    "RollingFigures.sharpe",
    "RollingFigures.skewness",
    "RollingFigures.sortino",
    "RollingFigures.ulcerIndex",
    "RollingFigures.volatility",
    "SchedulePayload.userErrors",
    "SessionPayload.userErrors",
    "SessionsEndAllPayload.userErrors",
    "SignInPayload.userErrors",
    "SimulationPayload.userErrors",
    "StressScenario.shocks",
    "StressScenarioPayload.userErrors",
    "StressTest.conventions",
    "StressTest.holdings",
    "StressTest.reasons",
    "StressedHolding.reasons",
    "TailRisk.parts",
    "TailRisk.partsReasons",
    "TailRisk.reasons",
    "TenantPayload.userErrors",
    "Transaction.lots",
    "TransactionPayload.transactions",
    "TransactionPayload.userErrors",
    "TransactionsImportPayload.rowErrors",
    "TransactionsImportPayload.userErrors",
    "UserCreateResult.userErrors",
    "UserError.field",
    "UserSettingsPayload.userErrors",
    "UserUpdatePayload.userErrors",
    "UsersCreatePayload.results",
    "UsersCreatePayload.userErrors",
    "UsersInvitePayload.invitations",
    "UsersInvitePayload.rowErrors",
    "UsersInvitePayload.userErrors",
    "ValuationHistory.dates",
    "ValuationHistory.doubtfulInputs",
    "ValuationHistory.flows",
    "ValuationHistory.reasons",
    "ValuationHistory.values",
    "Viewer.permissions",
    "Xray.rules",
    "XrayRulePayload.userErrors",
];

/// A day without a value and an id without a thing are null in their places.
const HOLED: &[&str] = &[
    "BenchmarkComparison.growth",
    "Correlations.correlations",
    "Explanation.localReturns",
    "Explanation.returns",
    "Explanation.values",
    "PeriodReturns.returns",
    "PriceSeries.values",
    "Query.nodes",
    "RollingFigures.beta",
    "RollingFigures.calmar",
    "RollingFigures.correlation",
    "RollingFigures.downsideDeviation",
    "RollingFigures.excessKurtosis",
    "RollingFigures.maxDrawdown",
    "RollingFigures.omega",
    "RollingFigures.returns",
    "RollingFigures.sharpe",
    "RollingFigures.skewness",
    "RollingFigures.sortino",
    "RollingFigures.ulcerIndex",
    "RollingFigures.volatility",
    "ValuationHistory.values",
];

#[tokio::test]
async fn a_list_is_a_connection_or_bounded_and_its_items_are_not_null() {
    let mut plain = Vec::new();
    for kind in types().await {
        if name(&kind).ends_with("Connection") {
            continue;
        }
        for field in list(&kind["fields"]) {
            let of = shown(&field["type"]);
            if !of.contains('[') {
                continue;
            }
            let path = format!("{}.{}", name(&kind), name(field));
            let holes = HOLED.contains(&path.as_str());
            assert_eq!(of.contains("!]"), !holes, "{path}: {of}");
            plain.push(path);
        }
    }
    plain.sort();
    assert_eq!(plain, BOUNDED);
}

#[tokio::test]
async fn a_bounded_list_of_objects_costs_more_than_one_of_them() {
    let types = types().await;
    let is_object =
        |of: &str| types.iter().any(|kind| name(kind) == of && kind["kind"] != "ENUM" && kind["kind"] != "SCALAR");
    let mut free = Vec::new();
    for path in BOUNDED {
        let (of, field) = path.split_once('.').expect("a field of a type");
        let kind = types.iter().find(|kind| name(kind) == of).expect("a type");
        let found = list(&kind["fields"]).iter().find(|found| name(found) == field).expect("a field");
        let by_ids = list(&found["args"]).iter().any(|argument| name(argument) == "ids");
        let target = shown(&found["type"]).replace(['!', '[', ']'], "");
        if is_object(&target) && !by_ids && !is_counted(field) {
            free.push(path);
        }
    }
    assert!(free.is_empty(), "src/graphql/limits/cost.rs assumes no length of {free:?}");
}

#[tokio::test]
async fn the_schema_speaks_of_the_business() {
    for kind in types().await {
        let of = name(&kind);
        for word in ["Fact", "Dim", "Meta", "Stg", "Row", "Table", "Entity", "Model", "Projection"] {
            let starts = of.strip_prefix(word).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
            assert!(!starts, "{of} is named after a table");
        }
        for field in list(&kind["fields"]).iter().chain(list(&kind["inputFields"])) {
            assert!(!name(field).contains('_'), "{of}.{}", name(field));
            let of_type = shown(&field["type"]);
            let money = ["amount", "price", "cost", "fee", "tax", "value"].contains(&name(field));
            let is_metric = of == "Metric";
            assert!(!(money && of_type.contains("Float")) || is_metric, "{of}.{}: money is no float", name(field));
        }
    }
}

#[tokio::test]
async fn every_mutation_answers_with_user_errors_and_can_be_null() {
    let types = types().await;
    let mutation = types.iter().find(|kind| name(kind) == "Mutation").expect("mutations");
    for field in list(&mutation["fields"]) {
        let payload = shown(&field["type"]);
        assert!(payload.ends_with("Payload"), "{}: {payload}", name(field));
        let payload = types.iter().find(|kind| name(kind) == payload).expect("a payload");
        let errors = list(&payload["fields"]).iter().find(|field| name(field) == "userErrors").expect("userErrors");
        assert_eq!(shown(&errors["type"]), "[UserError!]!");
    }
}

/// A root query with its arguments, as the samples call it, and the fields that lead on from there.
#[derive(Clone)]
struct Route {
    call: &'static Call,
    fields: Vec<String>,
}

impl Route {
    /// The document that asks for a number of items of the last field.
    fn document(&self, first: u32, is_object: bool) -> String {
        let field = self.call.field;
        let document = self.call.document;
        let root = document.find(&format!("{{ {field}")).expect("the field") + 2 + field.len();
        let arguments = match document[root..].starts_with('(') {
            true => &document[root..=root + document[root..].find(')').expect("the end of the arguments")],
            false => "",
        };
        let mut text = document[..root].to_owned();
        let leaf = if is_object { " { __typename }" } else { "" };
        let Some((last, between)) = self.fields.split_last() else {
            let others = arguments.trim_matches(['(', ')']).split(',').filter(|argument| !argument.contains("first:"));
            let others: Vec<&str> = others.filter(|argument| !argument.trim().is_empty()).collect();
            let all = [vec![format!("first: {first}")], others.into_iter().map(str::to_owned).collect()].concat();
            return format!("{text}({}){leaf} }}", all.join(", "));
        };
        text.push_str(arguments);
        for field in between {
            text.push_str(&format!(" {{ {field}"));
        }
        format!("{text} {{ {last}(first: {first}){leaf}{}", " }".repeat(between.len() + 2))
    }
}

/// Every field that takes a number of items, with a way to it.
fn counted(types: &[Value]) -> Vec<(String, Route, bool)> {
    let find = |wanted: &str| types.iter().find(|kind| name(kind) == wanted && kind["kind"] == "OBJECT");
    let takes_first = |field: &Value| list(&field["args"]).iter().any(|argument| name(argument) == "first");
    let target = |field: &Value| shown(&field["type"]).replace(['!', '[', ']'], "");
    let needs_more = |field: &Value| {
        list(&field["args"])
            .iter()
            .any(|argument| argument["type"]["kind"] == "NON_NULL" && argument["defaultValue"].is_null())
    };
    let query = find("Query").expect("queries");
    let mut found = Vec::new();
    let mut waiting = std::collections::VecDeque::new();
    let mut roots: Vec<&Value> = list(&query["fields"]).iter().collect();
    // One thing rather than a list of them where both lead there: it costs less.
    roots.sort_by_key(|field| takes_first(field));
    for field in roots {
        let call = CALLS.iter().find(|call| call.root == Root::Query && call.field == name(field)).expect("a call");
        let route = Route { call, fields: Vec::new() };
        if takes_first(field) {
            found.push((format!("Query.{}", name(field)), route.clone(), find(&target(field)).is_some()));
        }
        waiting.push_back((target(field), route));
    }
    let mut seen = std::collections::BTreeSet::new();
    while let Some((of, route)) = waiting.pop_front() {
        let Some(kind) = find(&of).filter(|_| seen.insert(of.clone())) else { continue };
        for field in list(&kind["fields"]).iter().filter(|field| !needs_more(field)) {
            let mut on = route.clone();
            on.fields.push(name(field).to_owned());
            if takes_first(field) {
                found.push((format!("{of}.{}", name(field)), on.clone(), find(&target(field)).is_some()));
            }
            waiting.push_back((target(field), on));
        }
    }
    found
}

#[tokio::test]
async fn a_number_of_items_is_at_least_one_and_at_most_a_hundred_wherever_it_is_asked_for() {
    let app = App::start().await;
    let sample = Sample::of(&app, "alpha", "investor1").await;
    let (admin, operator) = (app.client("alpha", "admin").await, app.operator().await);
    Superuser::of(&app).await.hold_market_row().await;
    let fields = counted(&types().await);
    assert!(fields.len() > 20, "{}", fields.len());
    let mut unbounded = Vec::new();
    for (path, route, is_object) in fields {
        for first in [0, 101] {
            let document = route.document(first, is_object);
            let variables = (route.call.variables)(&sample);
            let mut answer = admin.run_with(&document, variables.clone()).await;
            if answer.body["errors"][0]["extensions"]["code"] == "FORBIDDEN" {
                answer = operator.run_with(&document, variables).await;
            }
            if answer.body["errors"][0]["extensions"]["code"] != "BAD_USER_INPUT" {
                unbounded.push(format!("{path} with {first}: {document}: {}", answer.body));
            }
        }
    }
    assert!(unbounded.is_empty(), "{}", unbounded.join("\n"));
}

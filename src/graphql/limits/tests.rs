//! Bombs, and the honest documents that must not be mistaken for one.

use std::time::{Duration, Instant};

use async_graphql::Variables;
use serde_json::json;

use super::*;

fn admit(query: &str) -> Result<Admitted, Refusal> {
    Limits::default().admit(&mut Request::new(query))
}

fn complexity(query: &str, variables: serde_json::Value) -> u64 {
    let mut request = Request::new(query).variables(Variables::from_json(variables));
    Limits { max_complexity: u64::MAX, ..Limits::default() }.admit(&mut request).unwrap().cost.complexity
}

/// Asserts which limit refused the document, and that refusing it was cheap even in an unoptimised build.
fn assert_refused(query: &str, limit: &str) {
    let started = Instant::now();
    let refusal = admit(query).unwrap_err();
    let spent = started.elapsed();
    assert!(spent < Duration::from_millis(50), "refusing took {spent:?}");
    let Refusal::Exceeded { what, actual, maximum } = refusal else { panic!("{refusal:?}") };
    assert_eq!(what, limit);
    assert!(actual > maximum);
}

#[test]
fn thirty_levels_of_fragment_doubling_are_refused_at_once() {
    let mut query = "{ ...F0 }".to_owned();
    for level in 0..30 {
        query += &format!(" fragment F{level} on Q {{ a {{ ...F{0} }} b {{ ...F{0} }} }}", level + 1);
    }
    query += " fragment F30 on Q { a }";
    assert_refused(&query, "selections with its fragments expanded");
}

#[test]
fn doubling_without_fields_between_is_refused_as_well() {
    let mut query = "{ ...F0 }".to_owned();
    for level in 0..30 {
        query += &format!(" fragment F{level} on Q {{ ...F{0} ... {{ ...F{0} }} }}", level + 1);
    }
    query += " fragment F30 on Q { a }";
    assert_refused(&query, "selections with its fragments expanded");
}

#[test]
fn ten_thousand_aliases_are_refused() {
    let fields: String = (0..10_000).map(|number| format!("a{number}: b ")).collect();
    assert_refused(&format!("{{ {fields} }}"), "bytes");
    let fields: String = (0..5_000).map(|number| format!("a{number}: b ")).collect();
    assert_refused(&format!("{{ {fields} }}"), "tokens");
    let fields: String = (0..101).map(|number| format!("a{number}: b ")).collect();
    assert_refused(&format!("{{ {fields} }}"), "aliases");
}

#[test]
fn ten_thousand_braces_do_not_reach_the_parser() {
    let deep = |open: &str, close: &str, times: usize| format!("{}{}", open.repeat(times), close.repeat(times));
    assert_refused(&deep("{", "}", 10_000), "tokens");
    assert_refused(&deep("{a", "}", 33), "levels of nesting");
    assert_refused(&format!("{{ a(b: {}) }}", deep("[", "]", 40)), "levels of nesting");
    assert_refused(&format!("query($a: {}) {{ a }}", deep("[", "]", 40)), "levels of nesting");
    assert_refused(&format!("{{ a(b: {}1{}) }}", "{c: ".repeat(40), "}".repeat(40)), "levels of nesting");
}

#[test]
fn the_deepest_text_that_is_allowed_parses_quickly() {
    let started = Instant::now();
    let query = format!("{{ a(b: {}1{}) }}", "{c: [".repeat(15), "]}".repeat(15));
    assert!(admit(&query).is_ok());
    assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
}

#[test]
fn what_books_a_ledger_again_counts_as_many_fields() {
    let none = json!({});
    let plain = complexity("{ portfolio(id: 1) { id } }", none.clone());
    for (query, variables, more) in [
        ("{ portfolio(id: 1, currency: \"USD\") { id } }", none.clone(), 100),
        (
            "query($at: DateTime) { portfolio(id: 1, knownAt: $at) { id } }",
            json!({ "at": "2024-03-01T00:00:00Z" }),
            100,
        ),
        ("query($at: DateTime) { portfolio(id: 1, knownAt: $at) { id } }", json!({ "at": null }), 0),
        ("query($at: DateTime) { portfolio(id: 1, knownAt: $at) { id } }", none.clone(), 0),
        ("{ portfolio(id: 1, currency: null) { id } }", none.clone(), 0),
    ] {
        assert_eq!(complexity(query, variables), plain + more, "{query}");
    }
    let listed = |list: &str| complexity(&format!("{{ portfolios({list}) {{ nodes {{ id }} }} }}"), json!({}));
    assert_eq!(listed("first: 50, currency: \"USD\""), listed("first: 50") + 5_000);
    let previews = |count: usize| -> String {
        let fields: String = (0..count).map(|at| format!("p{at}: salePreview(input: {{}}) {{ method }} ")).collect();
        format!("{{ portfolio(id: 1) {{ {fields} }} }}")
    };
    assert!(admit(&previews(10)).is_ok());
    assert_refused(&previews(25), "fields to resolve");
    let options =
        |first: usize| format!("{{ instruments(first: {first}) {{ nodes {{ optionFigures {{ asOf }} }} }} }}");
    assert!(admit(&options(100)).is_ok());
    assert_refused(
        "{ instruments(first: 100) { nodes { a: optionFigures { asOf } b: optionFigures { asOf } c: optionFigures { asOf } } } }",
        "fields to resolve",
    );
}

#[test]
fn long_chains_of_fragments_do_not_recurse_deeply() {
    let mut query = "{ ...F0 }".to_owned();
    for level in 0..99 {
        query += &format!(" fragment F{level} on Q {{ ...F{} }}", level + 1);
    }
    query += " fragment F99 on Q { a }";
    // The fragments stand in a hash map, whose order changes from one run to the next.
    for _ in 0..50 {
        assert_refused(&query, "levels of nesting with its fragments");
    }
    assert_refused(&(query + " fragment G on Q { a }"), "fragments");
}

#[test]
fn cyclic_fragments_are_refused_spread_or_not() {
    for query in [
        "{ ...A } fragment A on Q { ...A }",
        "{ ...A } fragment A on Q { a { ...B } } fragment B on Q { ... { ...A } }",
        "{ a } fragment A on Q { ...B } fragment B on Q { ...A }",
        "{ __schema { ...A } } fragment A on __Schema { types { ...A } }",
    ] {
        assert!(matches!(admit(query), Err(Refusal::FragmentCycle(_))), "{query}");
    }
}

#[test]
fn directives_repetition_roots_depth_and_operations_are_limited() {
    assert_refused(&format!("{{ a {} }}", "@include(if: true) ".repeat(51)), "directives");
    assert_refused(&format!("{{ {} }}", "a ".repeat(52)), "repeated fields");
    let roots: String = (0..21).map(|number| format!("f{number} ")).collect();
    assert_refused(&format!("{{ ...F }} fragment F on Q {{ {roots} }}"), "root fields");
    assert_refused(&format!("{}{}", "{a ".repeat(17), "}".repeat(17)), "levels of fields");
    let operations: String = (0..11).map(|number| format!("query Q{number} {{ a }} ")).collect();
    let mut request = Request::new(operations).operation_name("Q1");
    assert!(matches!(Limits::default().admit(&mut request), Err(Refusal::Exceeded { what: "operations", .. })));
}

#[test]
fn lists_multiply_what_is_below_them() {
    assert_eq!(complexity("{ a { b c } }", json!({})), 3);
    assert_eq!(
        complexity("{ a(first: 50) { nodes { b c } totalCount pageInfo { endCursor } } }", json!({})),
        1 + 50 * 3 + 3
    );
    assert_eq!(
        complexity("{ a(first: 10) { nodes { b(last: 5) { edges { node { c } } } } } }", json!({})),
        1 + 10 * (1 + 1 + 5 * 3)
    );
    assert_eq!(complexity("{ a { nodes { b } } }", json!({})), 1 + 20 * 2, "the default page");
    assert_eq!(complexity("{ nodes(ids: [\"a\", \"b\", \"c\"]) { id } }", json!({})), 1 + 3);
}

#[test]
fn variables_and_their_defaults_are_resolved() {
    let query = "query($n: Int = 7) { a(first: $n) { nodes { b } } }";
    assert_eq!(complexity(query, json!({ "n": 3 })), 1 + 3 * 2);
    assert_eq!(complexity(query, json!({})), 1 + 7 * 2);
    for unknown in [json!({ "n": null }), json!({ "n": "x" }), json!({ "n": -1 }), json!({ "n": [1] })] {
        assert_eq!(complexity(query, unknown), 1 + 20 * 2);
    }
    let ids = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    assert_eq!(complexity(ids, json!({ "ids": ["a", "b"] })), 1 + 2);
    assert_eq!(complexity("{ a(first: $missing) { b } }", json!({})), 1 + 20);
    assert_eq!(complexity("{ a(first: 0) { b } }", json!({})), 2);
}

#[test]
fn sizes_cannot_overflow_the_sum() {
    let huge = u64::MAX;
    let query = format!("{{ a(first: {huge}) {{ b(first: {huge}) {{ c d }} }} }}");
    assert_refused(&query, "fields to resolve");
}

#[test]
fn a_fragment_costs_wherever_it_is_spread() {
    let query = "{ a(first: 10) { ...F } b { ...F } } fragment F on T { nodes { c } totalCount }";
    assert_eq!(complexity(query, json!({})), (1 + 10 * 2 + 1) + (1 + 20 * 2 + 1));
}

#[test]
fn long_lists_of_values_are_limited() {
    let query = format!("{{ nodes(ids: [{}]) {{ id }} }}", "\"a\" ".repeat(5_000));
    assert_refused(&query, "tokens");
    let variables = Variables::from_json(json!({ "ids": vec!["a"; 20_001] }));
    let mut request = Request::new("query($ids: [ID!]!) { nodes(ids: $ids) { id } }").variables(variables);
    let refused = Limits::default().admit(&mut request);
    assert!(matches!(refused, Err(Refusal::Exceeded { what: "values in its variables", actual: 20_002, .. })));
}

#[test]
fn the_operation_that_runs_is_the_one_that_is_reported() {
    let document = "query A { a } mutation B { b { c } } subscription C { c }";
    let admit = |name: Option<&str>| {
        let mut request = Request::new(document);
        request.operation_name = name.map(str::to_owned);
        Limits::default().admit(&mut request)
    };
    let admitted = admit(Some("B")).unwrap();
    assert_eq!((admitted.kind, admitted.cost.depth), (OperationKind::Mutation, 2));
    assert_eq!(admit(Some("C")).unwrap().kind, OperationKind::Subscription);
    assert_eq!(admit(Some("D")), Err(Refusal::OperationUnknown("D".into())));
    assert_eq!(admit(None), Err(Refusal::OperationNameMissing));
}

#[test]
fn a_variable_that_must_be_given_is_missed_before_execution() {
    let admit = |variables| {
        let query = "query($a: Int!, $b: Int! = 1, $c: Int) { a(a: $a, b: $b, c: $c) }";
        Limits::default().admit(&mut Request::new(query).variables(Variables::from_json(variables)))
    };
    assert!(admit(json!({ "a": 1 })).is_ok());
    for missing in [json!({}), json!({ "a": null })] {
        assert_eq!(admit(missing), Err(Refusal::VariableMissing("a".into(), "Int!".into())));
    }
    assert_eq!(admit(json!({ "a": 1, "b": null })), Err(Refusal::VariableMissing("b".into(), "Int!".into())));
}

#[test]
fn the_document_is_parsed_once() {
    let mut request = Request::new("{ a }");
    Limits::default().admit(&mut request).unwrap();
    // Were it parsed again, this would be an error.
    request.query = "{".into();
    assert!(request.parsed_query().is_ok());
}

#[test]
fn a_refusal_names_the_limit_and_the_number() {
    let error = admit(&format!("{{ {} }}", "a ".repeat(52))).unwrap_err().into_server_error();
    assert_eq!(error.message, "the request has 51 repeated fields; at most 50 are allowed");
    let extensions = error.extensions.unwrap();
    assert_eq!(extensions.get("code"), Some(&"QUERY_TOO_COMPLEX".into()));
    assert_eq!(extensions.get("actual"), Some(&51.into()));
    assert_eq!(extensions.get("maximum"), Some(&50.into()));
}

#[test]
fn a_syntax_error_has_its_place() {
    let error = admit("{\n  a(\n}").unwrap_err().into_server_error();
    assert_eq!(error.extensions.unwrap().get("code"), Some(&"BAD_USER_INPUT".into()));
    assert_eq!(error.locations[0].line, 3);
}

/// What GraphiQL 5 sends, with every option of graphql-js turned on.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description queryType { name kind }
mutationType { name kind } subscriptionType { name kind } types { ...FullType } directives { name description
isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL isOneOf fields(includeDeprecated: true) { name
description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) {
name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType {
kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[test]
fn the_introspection_of_graphiql_passes() {
    let admitted = admit(INTROSPECTION).unwrap();
    assert_eq!(admitted.cost.complexity, 0);
}

#[test]
fn introspection_is_bounded() {
    let field = "fields { type { ";
    let query = format!("{{ __schema {{ types {{ {}name{} }} }} }}", field.repeat(5), "} } ".repeat(5));
    assert_refused(&query, "introspection fields to resolve");
    let roots: String = (0..10).map(|number| format!("a{number}: __schema {{ ...S }} ")).collect();
    let rest = INTROSPECTION.split_once("types {").unwrap().1;
    let fragments = &rest[rest.find("fragment").unwrap()..];
    let query = format!("{{ {roots} }} fragment S on __Schema {{ types {{ ...FullType }} }} {fragments}");
    assert_refused(&query, "introspection fields to resolve");
}

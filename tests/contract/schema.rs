//! `schema.graphql` is what the server answers.

use portfolio_analyzer::graphql::{rules, sdl};

#[test]
fn the_committed_schema_is_the_servers() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == sdl(), "schema.graphql is not current: run `cargo run -- schema print > schema.graphql`");
}

/// The names of a root type's fields.
fn fields_of(root: &str) -> Vec<String> {
    let sdl = sdl();
    let start = sdl.find(&format!("\ntype {root} {{")).expect("the root type");
    let body = &sdl[start..];
    let body = &body[..body.find("\n}").expect("its end")];
    body.lines()
        .filter(|line| line.starts_with('\t') && !line.starts_with("\t\t"))
        .filter_map(|line| line.trim().split(['(', ':']).next())
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_root_field_has_a_rule_and_every_rule_a_root_field() {
    let mut fields: Vec<String> =
        ["Query", "Mutation", "Subscription"].iter().flat_map(|root| fields_of(root)).collect();
    assert!(fields.len() > 20, "the schema was not read: {fields:?}");
    let mut ruled: Vec<String> = rules::RULES.iter().map(|(name, _)| (*name).to_owned()).collect();
    fields.sort();
    ruled.sort();
    assert_eq!(fields, ruled);
}

//! `schema`: the public contract, as text.

use std::process::ExitCode;

use crate::graphql;

/// What to do with the schema.
#[derive(Debug, clap::Subcommand)]
pub enum SchemaCommand {
    /// Print the GraphQL schema, as schema.graphql holds it
    Print,
}

pub(super) fn run(command: SchemaCommand) -> anyhow::Result<ExitCode> {
    let SchemaCommand::Print = command;
    super::print(graphql::sdl().trim_end())?;
    Ok(ExitCode::SUCCESS)
}

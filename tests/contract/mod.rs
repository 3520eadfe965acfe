//! What the API promises whatever it is asked.

mod audit;
mod errors;
mod introspection;
mod limits;
mod schema;

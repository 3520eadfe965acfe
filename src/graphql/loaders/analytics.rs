//! What figures over a scope are computed from.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::Result;
use async_graphql::dataloader::Loader;

use super::{Failure, Reads};
use crate::services::analytics::{Book, Range, Scope};
use crate::services::performance_metrics::{MetricsOf, PerformanceMetrics};

/// A scope over a range, valued.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BookKey {
    /// What it is over.
    pub scope: Arc<Scope>,
    /// From when to when.
    pub range: Range,
}

loader!(BookKey => Result<Arc<Book>, Failure>, |operation, session, keys| {
    let asked: Vec<_> = keys.iter().map(|key| (Arc::clone(&key.scope), key.range)).collect();
    let books = operation.services.analytics_books(&session, &asked).await?;
    let answer = |outcome: Result<_, _>| outcome.map_err(|error| Failure(operation.fail(error)));
    Ok(keys.iter().cloned().zip(books.into_iter().map(answer)).collect::<HashMap<_, _>>())
});

/// The figures of a portfolio over a range, stored or computed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MetricsKey(pub MetricsOf);

loader!(MetricsKey => Result<Arc<PerformanceMetrics>, Failure>, |operation, session, keys| {
    let asked: Vec<MetricsOf> = keys.iter().map(|key| key.0.clone()).collect();
    let found = operation.services.performance_metrics(&session, &asked).await?;
    let answer = |outcome: Result<_, _>| outcome.map_err(|error| Failure(operation.fail(error)));
    Ok(found.into_iter().map(|(of, outcome)| (MetricsKey(of), answer(outcome))).collect::<HashMap<_, _>>())
});

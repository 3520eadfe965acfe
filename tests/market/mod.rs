//! Market data as clients read it, and how it comes in.

mod calendars;
mod certainty;
mod held;
mod held_kinds;
mod house;
mod indicators;
mod instruments;
mod lies;
mod listings;
mod news;
mod pipeline;
mod prices;
mod private;
mod rates;
mod refresh;
mod search_plans;
mod staging;

use std::fs;
use std::io::Write;
use std::path::Path;

use portfolio_analyzer::market_data::{LoadError, LoadReport, load_directory};
use portfolio_analyzer::tenancy::{Access, Administration, Market, MarketDoor, Session};

use crate::support::App;

/// Loads a directory of these files.
pub async fn load(app: &App, files: &[(&str, &str)]) -> Result<LoadReport, LoadError> {
    let directory = tempfile::tempdir().expect("a directory");
    write(directory.path(), files);
    let administration = administration(app).await;
    let loaded = load_directory(&administration, directory.path(), &app.services.environment, &|_| {}).await;
    administration.close().await;
    loaded
}

fn write(directory: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = directory.join(name);
        if !name.ends_with(".gz") {
            fs::write(path, text).expect("written");
            continue;
        }
        let file = fs::File::create(path).expect("a file");
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        packed.write_all(text.as_bytes()).expect("written");
        packed.finish().expect("written");
    }
}

async fn administration(app: &App) -> Administration {
    Administration::connect(&app.database.owner, &app.database.api).await.expect("the owner's connection")
}

/// A session that writes market data.
async fn market(administration: &Administration) -> Session<Market> {
    administration.market(Access::Write).await.expect("a session")
}

/// The findings of a dataset, as `LINE CODE`.
async fn findings(app: &App, dataset: &str) -> Vec<String> {
    let mut inside = crate::support::Superuser::of(app).await;
    let all = format!(
        "SELECT coalesce(string_agg(line || ' ' || finding, ',' ORDER BY line), '') FROM market.meta_data_quality WHERE dataset = '{dataset}'"
    );
    let text = inside.text(&all).await;
    text.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

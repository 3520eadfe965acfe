//! What deliveries staged: how long it is kept, and that nothing is forgotten with it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::load;
use crate::support::{App, Client, Superuser};

const STAGED: [&str; 3] = ["stg_stock_price", "stg_market_data", "stg_financial_news"];

/// How many rows are staged in each of the tables.
async fn staged(app: &App) -> [String; 3] {
    let mut inside = Superuser::of(app).await;
    let mut counts = STAGED.map(str::to_owned);
    for count in &mut counts {
        *count = inside.text(&format!("SELECT count(*)::text FROM market.{count}")).await;
    }
    counts
}

async fn open(operator: &Client) -> Vec<Value> {
    let query = "{ heldMarketRows(filter: { state: OPEN }, first: 100) { nodes { id dataset findings } } }";
    operator.run(query).await.at("/heldMarketRows/nodes").as_array().expect("rows").clone()
}

async fn reject(operator: &Client, row: &Value) {
    let mutation = "mutation($id: ID!) { heldMarketRowDecide(id: $id, input: { reject: {} }) { userErrors { code } } }";
    let answer = operator.run_with(mutation, json!({ "id": row["id"] })).await;
    assert_eq!(answer.user_errors("heldMarketRowDecide"), [""; 0]);
}

#[tokio::test]
async fn staged_rows_go_after_their_days_but_not_those_that_wait() {
    let app = App::start().await;
    let files = [
        ("prices.csv", "symbol,date,close\nGLOBEX,2024-03-14,97.5\nACME,2024-03-14,-1\nACME,2024-03-13,-2\n"),
        (
            "indicators.csv",
            "code,name,kind,currency,tenor,unit,day_count,compounding,is_risk_free,max_age_days,source\nVOL,Volatility,VOLATILITY,USD,,POINTS,,,false,7,Somebody\n",
        ),
        ("indicator_values.csv.gz", "code,date,value\nVOL,2024-03-11,14\nVOL,2024-03-12,-3\n"),
        (
            "news.csv",
            "source_id,published_at,entity,headline,source,url,licence,provenance\n\
            f-1,2024-03-13T08:00:00Z,ACME,Fine,,,,\nf-2,soon,ACME,At no time,,,,\n",
        ),
    ];
    let first = load(&app, &files).await.expect("loaded");
    assert_eq!((first.prices.promoted, first.indicators.promoted, first.news.promoted), (1, 1, 1));
    let operator = app.operator().await;
    let rows = open(&operator).await;
    assert_eq!(rows.len(), 4, "{rows:?}");
    let of = |dataset: &str| rows.iter().find(|row| row["dataset"] == dataset).expect("a row");
    reject(&operator, of("PRICES")).await;
    let before = staged(&app).await;
    app.clock.advance(TimeDelta::days(29));
    app.services.platform_housekeeping().await.expect("kept");
    assert_eq!(staged(&app).await, before, "nothing is older than 30 days");
    app.clock.advance(TimeDelta::days(2));
    // As many days as are set, not those that are built in.
    app.services.clone().with_staging_kept(TimeDelta::days(40)).platform_housekeeping().await.expect("kept");
    assert_eq!(staged(&app).await, before);
    app.services.platform_housekeeping().await.expect("cleared");
    assert_eq!(staged(&app).await, ["1", "1", "1"], "what waits is there");
    // The same again is known: the clean values, what waits, and what was rejected.
    let again = load(&app, &files).await.expect("loaded");
    assert_eq!((again.prices.promoted, again.indicators.promoted, again.news.promoted), (0, 0, 0));
    let operator = app.operator().await;
    let waiting = open(&operator).await;
    assert_eq!(waiting.len(), 3, "{waiting:?}");
    for row in &waiting {
        assert!(rows.contains(row), "{row}");
        reject(&operator, row).await;
    }
    app.services.platform_housekeeping().await.expect("cleared");
    assert_eq!(
        staged(&app).await,
        ["3", "2", "2"],
        "those of the first delivery are gone, those of the second are not"
    );
    let cleared = "SELECT count(*)::text FROM market.meta_refresh_log WHERE cleared_at IS NULL";
    let left = Superuser::of(&app).await.text(cleared).await;
    assert_eq!(left, "3", "runs of the second delivery");
}

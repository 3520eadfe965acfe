use chrono::NaiveDate;
use secrecy::SecretString;
use uuid::Uuid;

use super::{sample::Sample, seed};
use crate::{
    cli::{
        database::Database,
        demo_secrets::{api_url, private_tag},
        open,
        progress::Progress,
    },
    config::Config,
    local_postgres::{Durability, LocalPostgres, SqlName},
    services::{Caller, Services, portfolio::PortfolioChanges},
    storage::Page,
};

/// What a start could do twice: the portfolios with their last transaction, and how many people there are.
async fn state(services: &Services, caller: &Caller) -> (Vec<(Uuid, String, i64)>, u64) {
    let session = services.read(caller).await.expect("a session");
    let portfolios = services.portfolio_page(&session, Page { after: None, limit: 100 }).await.expect("portfolios");
    let people = services.user_count(&session).await.expect("people");
    session.close().await.expect("closed");
    (portfolios.into_iter().map(|one| (one.id, one.name, one.last_sequence)).collect(), people)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_finds_everything_done_whatever_it_is_called_by_now() {
    let server = LocalPostgres::ephemeral(Durability::Volatile).await.expect("a server");
    let name = |text| SqlName::new(text).expect("a name");
    let owner = server.ensure_owner(&name("portfolio_owner"), &name("portfolio")).await.expect("an owner").url();
    let api = api_url(&owner, &SecretString::from("secret")).expect("a login");
    let config = Config::default();
    let database = Database::new(&config, Some(owner), Some(api), None);
    let sample = Sample::find(None).expect("sample data");
    let seed = async || {
        let tag = private_tag().expect("a tag");
        seed::run(&database, &config, tag, &sample, Progress::begin()).await.expect("seeded")
    };

    let first = seed().await;
    assert_eq!(first.as_of, NaiveDate::from_ymd_opt(2022, 12, 28));
    let tenant = open::tenant(&first.services, "alpine").await.expect("a tenant");
    let caller = first.services.system(tenant, "test");
    let (portfolios, people) = state(&first.services, &caller).await;
    let names: Vec<_> = portfolios.iter().map(|(_, name, _)| name.as_str()).collect();
    assert_eq!(names, ["Growth and income", "Euro retirement", "Sterling savings", "Private wealth"]);
    assert_eq!(portfolios.iter().map(|(.., rows)| rows).sum::<i64>(), 522 + 143 + 131 + 104);
    assert_eq!(people, 5);

    let id = first.portfolio.expect("a first portfolio");
    assert_eq!(portfolios.first().map(|one| one.0), Some(id));
    let version = {
        let session = first.services.read(&caller).await.expect("a session");
        let found = first.services.portfolios(&session, &[id]).await.expect("read").pop().expect("there");
        session.close().await.expect("closed");
        found.version
    };
    let renamed = PortfolioChanges { name: Some("Renamed".to_owned()), ..PortfolioChanges::default() };
    first.services.portfolio_update(&caller, id, version, renamed, None).await.expect("renamed");
    let before = state(&first.services, &caller).await;
    let second = seed().await;
    assert_eq!(second.portfolio, Some(id));
    assert_eq!(state(&second.services, &caller).await, before);

    first.services.gateway.close().await;
    second.services.gateway.close().await;
    server.stop().await.expect("stopped");
}

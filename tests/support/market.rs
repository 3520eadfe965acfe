//! What the template database holds: two tenants with their people, and a small market.

use std::path::Path;
use std::sync::Arc;

use portfolio_analyzer::auth::Role;
use portfolio_analyzer::clock::{CountingIds, Environment};
use portfolio_analyzer::market_data::load_directory;
use portfolio_analyzer::services::Services;
use portfolio_analyzer::services::user::NewUser;
use portfolio_analyzer::tenancy::{Administration, DatabaseSettings, Gateway, InstallationTag, NewTenant};

use super::app::{self, FixedClock, NOW, PASSWORD};

/// Fills the template. Every test sees the same ids.
pub async fn fill_template(owner: &DatabaseSettings, api: &DatabaseSettings) {
    let clock = Arc::new(FixedClock::at(NOW));
    let environment = Environment { clock, ids: Arc::new(CountingIds::new(1)) };
    let administration = Administration::connect(owner, api).await.expect("an owner's connection");
    let tag = InstallationTag::new("tests1").expect("a tag");
    administration.migrate(api, tag, true).await.expect("a migration");
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/market");
    load_directory(&administration, &directory, &environment, &|_| {}).await.expect("market data");
    for (index, slug) in ["alpha", "beta"].into_iter().enumerate() {
        let id = environment.ids.next();
        let new = NewTenant { id, slug: slug.to_owned(), name: format!("Tenant {index}") };
        administration.create_tenant(&new, environment.clock.now()).await.expect("a tenant");
    }
    administration.close().await;
    let gateway = Gateway::connect(api).await.expect("the API's connection");
    let services = Services::open(gateway, environment, app::auth_settings()).await.expect("services");
    for slug in ["alpha", "beta"] {
        let tenant = services.gateway.tenant_by_slug(slug).await.expect("a read").expect("a tenant");
        let people = [
            ("admin", Role::Admin),
            ("advisor", Role::Advisor),
            ("investor1", Role::Investor),
            ("investor2", Role::Investor),
            ("auditor", Role::Auditor),
        ];
        let people = people.map(|(name, role)| NewUser {
            email: format!("{name}@{slug}.example"),
            name: name.to_owned(),
            role,
            password: PASSWORD.into(),
            currency: domain::money::Currency::EUR,
        });
        let made = services.users_create(&services.system(tenant, "template"), people.into(), None).await;
        assert!(made.expect("people").iter().all(Result::is_ok));
    }
    services.operator_create("operator@platform.example", "operator", &PASSWORD.into()).await.expect("an operator");
    services.gateway.close().await;
}

//! The suite of the GraphQL-over-HTTP specification, as its authors publish it, against this server.

use std::path::Path;

use tokio::process::Command;

use crate::support::App;

/// Where this is set, a machine without Node or without the suite is a failure.
const REQUIRE_NODE: &str = "PORTFOLIO_REQUIRE_NODE";

#[expect(clippy::disallowed_methods, reason = "how the tests are run is no setting of the server")]
fn is_required() -> bool {
    std::env::var_os(REQUIRE_NODE).is_some_and(|value| !value.is_empty())
}

#[tokio::test]
async fn every_audit_of_the_specification_passes() {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("web");
    let has_node = Command::new("node").arg("--version").output().await.is_ok_and(|answer| answer.status.success());
    if !has_node || !web.join("node_modules/graphql-http").is_dir() {
        let missing = "the audits of GraphQL over HTTP need Node and `npm ci` in web/";
        assert!(!is_required(), "{missing}");
        eprintln!("not run: {missing}");
        return;
    }
    let app = App::start().await;
    let url = format!("http://{}/graphql", app.listen().await);
    let audits = Command::new("node").arg("check/audits.mjs").arg(&url).current_dir(&web).output().await.expect("Node");
    let said = String::from_utf8_lossy(&audits.stdout);
    assert!(audits.status.success(), "{said}{}", String::from_utf8_lossy(&audits.stderr));
    assert!(said.lines().any(|line| line.ends_with("audits pass")), "{said}");
}

//! What is secret stands in no log and in no error.

use serde_json::json;

use super::{exchange, log_in, log_out};
use crate::support::{App, Call, PASSWORD, logged};

const WRONG: &str = "nine wrong lanterns";
const NEW: &str = "a sparrow beneath the roof";

#[test]
fn no_log_and_no_error_repeats_a_password_or_a_token() {
    let (mut secrets, mut errors) = (vec![PASSWORD.to_owned(), WRONG.to_owned(), NEW.to_owned()], Vec::new());
    let log = logged(async {
        let app = App::start().await;
        let (anonymous, email) = (app.anonymous(), "investor1@alpha.example");
        let signed_in = log_in(&anonymous, "alpha", email, PASSWORD).await;
        let [access, refresh] = ["accessToken", "refreshToken"].map(|token| signed_in.text(&format!("/login/{token}")));
        errors.push(log_in(&anonymous, "alpha", email, WRONG).await);
        errors.push(log_in(&anonymous, "nowhere", email, WRONG).await);
        let renewed = exchange(&anonymous, &refresh).await.text("/tokenRefresh/refreshToken");
        // Used twice.
        errors.push(exchange(&anonymous, &refresh).await);
        let forged = format!("{}x", access.rsplit_once('.').expect("three parts").0);
        for token in [forged.as_str(), access.as_str(), &"t".repeat(5_000)] {
            errors.push(app.with_token(token).run("{ viewer { user { id } } }").await);
        }
        errors
            .push(anonymous.get(&format!("/graphql?query=%7Bviewer%7Buser%7Bid%7D%7D%7D&access_token={access}")).await);
        let person = app.client("alpha", "investor1").await;
        let change = |old: &str| json!({ "input": { "oldPassword": old, "newPassword": NEW } });
        errors.push(person.run_with(Call::of("passwordChange").document, change(WRONG)).await);
        errors.push(person.run_with(Call::of("passwordChange").document, change(PASSWORD)).await);
        let admin = app.client("alpha", "admin").await;
        let key =
            json!({ "input": { "name": "Reporting", "scopes": ["MARKET_READ"], "expiresAt": "2024-06-01T00:00:00Z" } });
        let key = admin.run_with(Call::of("apiKeyCreate").document, key).await.text("/apiKeyCreate/secret");
        errors.push(app.with_token(&key).run("{ auditLog { totalCount } }").await);
        let forgotten = json!({ "input": { "tenant": "alpha", "email": email } });
        errors.push(anonymous.run_with(Call::of("passwordResetRequest").document, forgotten).await);
        app.send_mail("alpha").await;
        let mailed = app.token_in_mail(email);
        let reset = json!({ "input": { "token": mailed, "password": "short" } });
        errors.push(anonymous.run_with(Call::of("passwordReset").document, reset).await);
        log_out(&anonymous, &renewed).await;
        secrets.extend([access, refresh, renewed, key, mailed]);
    });
    assert!(log.contains("loginFailed") || log.contains("audit_append"), "statements are logged at this level");
    // What signs an access token is its last part.
    let secret_part =
        |secret: &String| secret.rsplit_once('.').map_or(secret.clone(), |(_, signature)| signature.to_owned());
    for secret in secrets.iter().map(secret_part) {
        assert!(!log.contains(&secret), "{secret} is in the log");
        assert!(errors.iter().all(|answer| !answer.body.to_string().contains(&secret)), "{secret} is in an answer");
    }
}

//! What people do by mail: accept invitations, get back in, change their address.

use chrono::TimeDelta;
use portfolio_analyzer::jobs::{self, Worker};
use serde_json::{Value, json};

use super::{entries, exchange, log_in, refresh_token, refused};
use crate::support::{Answer, App, Call, Client, PASSWORD, Superuser, working::SETTINGS};

const NEW: &str = "vier Igel queren nachts";

async fn invite(client: &Client, email: &str, role: &str) -> Answer {
    let input = json!({ "input": { "email": email, "name": "Noa Baum", "role": role } });
    client.run_with(Call::of("userInvite").document, input).await
}

async fn accept(app: &App, token: &str, password: &str) -> Vec<String> {
    let input = json!({ "input": { "token": token, "name": "Noa", "password": password } });
    app.anonymous().run_with(Call::of("invitationAccept").document, input).await.user_errors("invitationAccept")
}

async fn request_reset(app: &App, tenant: &str, email: &str) -> Answer {
    let input = json!({ "input": { "tenant": tenant, "email": email } });
    app.anonymous().run_with(Call::of("passwordResetRequest").document, input).await
}

async fn reset(app: &App, token: &str, password: &str) -> Vec<String> {
    let input = json!({ "input": { "token": token, "password": password } });
    app.anonymous().run_with(Call::of("passwordReset").document, input).await.user_errors("passwordReset")
}

async fn confirm(app: &App, token: &str) -> Vec<String> {
    let input = json!({ "input": { "token": token } });
    app.anonymous().run_with(Call::of("emailChangeConfirm").document, input).await.user_errors("emailChangeConfirm")
}

const NONE: [&str; 0] = [];

/// Every text that a schema holds.
async fn everything(app: &App, tenant: &str) -> String {
    let mut inside = Superuser::of(app).await;
    let schema = inside.schema(tenant).await;
    let mut texts = Vec::new();
    for schema in [schema.as_str(), "platform"] {
        for table in inside.tables(schema).await {
            texts.extend(inside.texts(&format!("SELECT t::text FROM {schema}.{table} t")).await);
        }
    }
    texts.join("\n")
}

#[tokio::test]
async fn an_invitation_makes_a_person_once() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    let email = "noa@alpha.example";
    let invited = invite(&admin, email, "ADVISOR").await;
    assert_eq!(invited.user_errors("userInvite"), NONE);
    // The job sends it.
    let worker = Worker::new(app.services.clone(), jobs::handlers(), SETTINGS);
    assert!(worker.drain().await.expect("a worker").done >= 1);
    let token = app.token_in_mail(email);
    assert!(token.starts_with("inv_"), "{token}");
    assert!(app.mails(email)[0].contains("https://portfolio.example/invitation#token="));
    // The token is in the mail and nowhere else.
    let secret = token.rsplit('_').next().expect("a secret");
    assert!(!everything(&app, "alpha").await.contains(secret));
    assert_eq!(accept(&app, &token, "noabaum1").await, ["WEAK_PASSWORD"]);
    assert_eq!(accept(&app, &token, NEW).await, NONE);
    assert_eq!(accept(&app, &token, NEW).await, ["INVALID_TOKEN"], "a token is good once");
    let answer = log_in(&app.anonymous(), "alpha", email, NEW).await;
    let client = app.with_token(&answer.text("/login/accessToken"));
    let viewer = client.run("{ viewer { user { name role roleCode emailVerified } } }").await;
    let expected = json!({ "name": "Noa", "role": "ADVISOR", "roleCode": "ADVISOR", "emailVerified": true });
    assert_eq!(*viewer.at("/viewer/user"), expected);
    assert_eq!(admin.run("{ invitations { totalCount } }").await.at("/invitations/totalCount"), 0);
    for action in ["userInvite", "invitationAccept"] {
        let entries = entries(&app, "alpha", action).await;
        assert_eq!(entries.len(), 1, "{action}");
        assert!(!format!("{entries:?}").contains(secret));
    }
}

#[tokio::test]
async fn an_invitation_is_sent_again_withdrawn_and_expires() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    let email = "noa@alpha.example";
    let id = invite(&admin, email, "INVESTOR").await.text("/userInvite/invitation/id");
    app.send_mail("alpha").await;
    let first = app.token_in_mail(email);
    assert_eq!(invite(&admin, "NOA@alpha.example", "INVESTOR").await.user_errors("userInvite"), ["ALREADY_EXISTS"]);
    let again = admin.run_with(Call::of("invitationResend").document, json!({ "id": id })).await;
    assert_eq!(again.user_errors("invitationResend"), NONE);
    assert_eq!(accept(&app, &first, NEW).await, ["INVALID_TOKEN"], "from when it is asked to be sent again");
    app.send_mail("alpha").await;
    let second = app.token_in_mail(email);
    assert_ne!(first, second);
    let withdrawn = admin.run_with(Call::of("invitationWithdraw").document, json!({ "id": id })).await;
    assert_eq!(withdrawn.user_errors("invitationWithdraw"), NONE);
    assert_eq!(accept(&app, &second, NEW).await, ["INVALID_TOKEN"]);
    let twice = admin.run_with(Call::of("invitationWithdraw").document, json!({ "id": id })).await;
    assert_eq!(twice.user_errors("invitationWithdraw"), ["NOT_FOUND"]);
    // One that has expired makes room for another.
    invite(&admin, email, "INVESTOR").await.text("/userInvite/invitation/id");
    app.send_mail("alpha").await;
    let third = app.token_in_mail(email);
    app.clock.advance(TimeDelta::days(7));
    assert_eq!(accept(&app, &third, NEW).await, ["INVALID_TOKEN"]);
    let admin = app.client("alpha", "admin").await;
    invite(&admin, email, "INVESTOR").await.text("/userInvite/invitation/id");
    app.send_mail("alpha").await;
    assert_eq!(accept(&app, &app.token_in_mail(email), NEW).await, NONE);
    assert_eq!(invite(&admin, email, "INVESTOR").await.user_errors("userInvite"), ["ALREADY_EXISTS"]);
}

#[tokio::test]
async fn nobody_invites_into_a_role_that_is_not_theirs_to_give() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    for role in ["PLATFORM_OPERATOR", "SERVICE", "ROOT", ""] {
        assert_eq!(invite(&admin, "noa@alpha.example", role).await.user_errors("userInvite"), ["NOT_FOUND"], "{role}");
    }
    // Whoever manages people and may do little else.
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    inside.run(&format!("INSERT INTO {schema}.role_permission VALUES ('AUDITOR', 'USERS_MANAGE')")).await;
    let auditor = app.client("alpha", "auditor").await;
    for role in ["ADMIN", "ADVISOR", "INVESTOR"] {
        let answer = invite(&auditor, "noa@alpha.example", role).await;
        assert_eq!(answer.user_errors("userInvite"), ["EXCEEDS_OWN_PERMISSIONS"], "{role}");
        let made = json!({ "input": [{ "email": "noa@alpha.example", "name": "Noa", "role": role, "password": NEW }] });
        let answer = auditor.run_with(Call::of("usersCreate").document, made).await;
        let code = answer.at("/usersCreate/results/0/userErrors/0/code");
        assert_eq!(code, "EXCEEDS_OWN_PERMISSIONS", "{role}");
    }
    assert_eq!(invite(&auditor, "noa@alpha.example", "AUDITOR").await.user_errors("userInvite"), NONE);
}

#[tokio::test]
async fn a_file_invites_many_and_says_what_is_wrong_with_the_others() {
    let app = App::start().await;
    let admin = app.client("alpha", "admin").await;
    let csv = "email,name,role,currency\nfirst@alpha.example,First,investor,CHF\nnobody,X,INVESTOR,\n\
               admin@alpha.example,,INVESTOR,\nsecond@alpha.example,,ADVISOR,\nfirst@alpha.example,,INVESTOR,\n\
               third@alpha.example,,KING,\nfourth@alpha.example,,INVESTOR,euro\n";
    let document =
        "mutation($input: UsersInviteInput!) { usersInvite(input: $input) { rowsRead invitations { email roleCode }
        rowErrors { line column code } userErrors { code message } } }";
    let answer = admin.run_with(document, json!({ "input": { "csv": csv } })).await;
    let expected = json!({
        "rowsRead": 7,
        "invitations": [{ "email": "first@alpha.example", "roleCode": "INVESTOR" },
            { "email": "second@alpha.example", "roleCode": "ADVISOR" }],
        "rowErrors": [
            { "line": 3, "column": "email", "code": "INVALID_INPUT" },
            { "line": 4, "column": "email", "code": "ALREADY_EXISTS" },
            { "line": 6, "column": "email", "code": "ALREADY_EXISTS" },
            { "line": 7, "column": "role", "code": "NOT_FOUND" },
            { "line": 8, "column": "currency", "code": "INVALID_INPUT" }],
        "userErrors": [],
    });
    assert_eq!(*answer.at("/usersInvite"), expected);
    app.send_mail("alpha").await;
    assert_eq!((app.mails("first@alpha.example").len(), app.mails("second@alpha.example").len()), (1, 1));
    let rows = "a@b.example,,INVESTOR,\n".repeat(501);
    for bad in [
        "",
        "email,name\n",
        "email,name,role,currency\n",
        &format!("email,name,role,currency\n{rows}"),
        &format!("email,name,role,currency\n{}", "x".repeat(270_000)),
    ] {
        let answer = admin.run_with(document, json!({ "input": { "csv": bad } })).await;
        assert_eq!(answer.user_errors("usersInvite"), ["INVALID_INPUT"]);
        assert_eq!(*answer.at("/usersInvite/invitations"), json!([]));
    }
}

#[tokio::test]
async fn a_reset_sets_the_password_once_and_ends_all_sessions() {
    let app = App::start().await;
    let email = "investor1@alpha.example";
    let session = refresh_token(&app, "alpha", "investor1").await;
    let client = app.client("alpha", "investor1").await;
    client.run("{ viewer { user { id } } }").await.at("/viewer/user/id");
    assert_eq!(
        request_reset(&app, "alpha", " Investor1@Alpha.example").await.user_errors("passwordResetRequest"),
        NONE
    );
    app.send_mail("alpha").await;
    let mails = app.mails("Investor1@Alpha.example");
    assert_eq!(mails.len(), 1);
    let token = app.token_in_mail("Investor1@Alpha.example");
    let secret = token.rsplit('_').next().expect("a secret").to_owned();
    assert!(!everything(&app, "alpha").await.contains(&secret));
    assert_eq!(reset(&app, &token, "investor1").await, ["WEAK_PASSWORD"]);
    assert_eq!(reset(&app, &token, NEW).await, NONE);
    assert_eq!(reset(&app, &token, NEW).await, ["INVALID_TOKEN"]);
    assert!(refused(&exchange(&app.anonymous(), &session).await));
    assert_eq!(client.run("{ viewer { user { id } } }").await.status.as_u16(), 401);
    assert_eq!(log_in(&app.anonymous(), "alpha", email, PASSWORD).await.user_errors("login"), ["INVALID_CREDENTIALS"]);
    log_in(&app.anonymous(), "alpha", email, NEW).await.text("/login/accessToken");
    app.send_mail("alpha").await;
    assert!(app.mails(email).iter().any(|mail| mail.contains("was changed")));
    let entries = entries(&app, "alpha", "passwordReset").await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["actor"], email);
}

#[tokio::test]
async fn a_request_for_a_reset_tells_nothing() {
    let app = App::start().await;
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    let disable = format!("UPDATE {schema}.dim_user SET status = 'DISABLED' WHERE email = 'investor2@alpha.example'");
    inside.run(&disable).await;
    let mut answers: Vec<(u64, Value)> = Vec::new();
    for email in
        ["investor1@alpha.example", "investor2@alpha.example", "nobody@alpha.example", "investor1@beta.example"]
    {
        let before = app.services.gateway.statements();
        let answer = request_reset(&app, "alpha", email).await;
        answers.push((app.services.gateway.statements() - before, answer.at("/passwordResetRequest").clone()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "as many statements, the same answer: {answers:?}");
    let nowhere = request_reset(&app, "nowhere", "investor1@alpha.example").await;
    assert_eq!(*nowhere.at("/passwordResetRequest"), answers[0].1);
    app.send_mail("alpha").await;
    assert_eq!(app.mails("investor1@alpha.example").len(), 1);
    for email in ["investor2@alpha.example", "nobody@alpha.example", "investor1@beta.example"] {
        assert!(app.mails(email).is_empty(), "{email}");
    }
    for _ in 0..5 {
        request_reset(&app, "alpha", "investor1@alpha.example").await;
    }
    for email in ["investor1@alpha.example", "INVESTOR1@alpha.example"] {
        let held = request_reset(&app, "alpha", email).await;
        assert_eq!(held.user_errors("passwordResetRequest"), ["TOO_MANY_ATTEMPTS"]);
    }
    // Log-ins are not held back by it.
    log_in(&app.anonymous(), "alpha", "investor1@alpha.example", PASSWORD).await.text("/login/accessToken");
}

#[tokio::test]
async fn a_token_is_good_for_its_hour_its_purpose_and_its_firm() {
    let app = App::start().await;
    let email = "investor1@alpha.example";
    request_reset(&app, "alpha", email).await;
    app.send_mail("alpha").await;
    let first = app.token_in_mail(email);
    request_reset(&app, "alpha", email).await;
    app.send_mail("alpha").await;
    let second = app.token_in_mail(email);
    assert_ne!(first, second);
    let mut inside = Superuser::of(&app).await;
    let id = async |inside: &mut Superuser, slug: &str| {
        inside.text(&format!("SELECT replace(id::text, '-', '') FROM platform.tenant WHERE slug = '{slug}'")).await
    };
    let (alpha, beta) = (id(&mut inside, "alpha").await, id(&mut inside, "beta").await);
    let elsewhere = second.replace(&alpha, &beta);
    assert_ne!(elsewhere, second);
    for bad in [first.as_str(), &elsewhere, &second.replace("pwr_", "inv_"), "", "pwr_", &second[..second.len() - 1]] {
        assert_eq!(reset(&app, bad, NEW).await, ["INVALID_TOKEN"], "{bad}");
    }
    assert_eq!(accept(&app, &second.replace("pwr_", "inv_"), NEW).await, ["INVALID_TOKEN"]);
    assert_eq!(confirm(&app, &second.replace("pwr_", "emc_")).await, ["INVALID_TOKEN"]);
    assert!(refused(&exchange(&app.anonymous(), &second.replace("pwr_", "rt_")).await));
    app.clock.advance(TimeDelta::hours(1));
    assert_eq!(reset(&app, &second, NEW).await, ["INVALID_TOKEN"], "an hour later");
    log_in(&app.anonymous(), "alpha", email, PASSWORD).await.text("/login/accessToken");
    // Of two uses at once, one counts.
    request_reset(&app, "alpha", email).await;
    app.send_mail("alpha").await;
    let token = app.token_in_mail(email);
    let (left, right) = tokio::join!(reset(&app, &token, NEW), reset(&app, &token, "another long sentence"));
    assert!(left.is_empty() != right.is_empty(), "{left:?} {right:?}");
}

#[tokio::test]
async fn an_address_changes_once_it_is_proved() {
    let app = App::start().await;
    let client = app.client("alpha", "investor1").await;
    let (old, new) = ("investor1@alpha.example", "mara@elsewhere.example");
    let change = async |email: &str, password: &str| {
        let input = json!({ "input": { "email": email, "password": password } });
        client.run_with(Call::of("emailChange").document, input).await.user_errors("emailChange")
    };
    assert_eq!(change(new, "a wrong password").await, ["INVALID_CREDENTIALS"]);
    assert_eq!(change("nobody", PASSWORD).await, ["INVALID_INPUT"]);
    assert_eq!(change("x@y.example\r\nBcc: z@y.example", PASSWORD).await, ["INVALID_INPUT"]);
    assert_eq!(change("investor2@alpha.example", PASSWORD).await, NONE, "that it is taken is not told");
    app.send_mail("alpha").await;
    assert_eq!(confirm(&app, &app.token_in_mail("investor2@alpha.example")).await, ["ALREADY_EXISTS"]);
    assert_eq!(change(new, PASSWORD).await, NONE);
    app.send_mail("alpha").await;
    let token = app.token_in_mail(new);
    log_in(&app.anonymous(), "alpha", old, PASSWORD).await.text("/login/accessToken");
    assert_eq!(confirm(&app, &token).await, NONE);
    assert_eq!(confirm(&app, &token).await, ["INVALID_TOKEN"]);
    let answer = log_in(&app.anonymous(), "alpha", new, PASSWORD).await;
    assert_eq!(answer.text("/login/viewer/user/email"), new);
    assert_eq!(log_in(&app.anonymous(), "alpha", old, PASSWORD).await.user_errors("login"), ["INVALID_CREDENTIALS"]);
    app.send_mail("alpha").await;
    assert!(app.mails(old).iter().any(|mail| mail.contains("not the address of your account")));
    let entries = entries(&app, "alpha", "emailChangeConfirm").await;
    assert!(entries[0]["before"].to_string().contains(old));
}

#[tokio::test]
async fn without_a_mail_server_what_needs_mail_is_refused_and_nothing_else() {
    let app = App::start().await;
    let environment = app.services.environment.clone();
    let services = portfolio_analyzer::services::Services::open(
        app.services.gateway.clone(),
        environment,
        crate::support::auth_settings(),
    );
    let silent = app.with_services(services.await.expect("services"));
    let input = json!({ "input": { "tenant": "alpha", "email": "investor1@alpha.example" } });
    let answer = silent.run_with(Call::of("passwordResetRequest").document, input).await;
    assert_eq!(answer.user_errors("passwordResetRequest"), ["MAIL_NOT_CONFIGURED"]);
    log_in(&silent, "alpha", "investor1@alpha.example", PASSWORD).await.text("/login/accessToken");
    let mut inside = Superuser::of(&app).await;
    let schema = inside.schema("alpha").await;
    assert_eq!(inside.text(&format!("SELECT count(*)::text FROM {schema}.mail_outbox")).await, "0");
}

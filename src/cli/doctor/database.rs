//! Whether both logins reach the database, and whether the API's login is as weak as it has to be.

use std::time::Duration;

use sqlx::{Connection, PgConnection, Row};

use super::Finding;
use crate::{
    config::{DatabaseConfig, DatabaseUrl},
    local_postgres::MINIMUM_MAJOR,
};

const OWNER: &str = "database owner";
const API: &str = "database API login";
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn findings(config: &DatabaseConfig) -> Vec<Finding> {
    vec![
        check(OWNER, "database.url", config.url.as_ref(), judge_owner).await,
        check(API, "database.api_url", config.api_url.as_ref(), judge_api).await,
    ]
}

/// What the server says about the role that logged in.
#[derive(Debug)]
struct Role {
    version: i32,
    name: String,
    superuser: bool,
    bypasses_row_security: bool,
    creates_roles: bool,
    inherits: bool,
    /// May make schemas in this database.
    creates_schemas: bool,
    /// How many databases, schemas and tables belong to it here.
    owned: i64,
}

const ROLE: &str = "
SELECT current_setting('server_version_num')::int AS version,
       rolname::text AS name, rolsuper AS superuser, rolbypassrls AS bypasses_row_security,
       rolcreaterole AS creates_roles, rolinherit AS inherits,
       has_database_privilege(current_database(), 'CREATE') AS creates_schemas,
       (SELECT count(*) FROM pg_database WHERE datdba = r.oid)
     + (SELECT count(*) FROM pg_namespace WHERE nspowner = r.oid)
     + (SELECT count(*) FROM pg_class WHERE relowner = r.oid) AS owned
FROM pg_roles r WHERE rolname = current_user";

async fn check(subject: &'static str, key: &str, url: Option<&DatabaseUrl>, judge: fn(&Role) -> Finding) -> Finding {
    let Some(url) = url else {
        let needs_it = if subject == OWNER { "`migrate`, `tenant`" } else { "`serve`" };
        return Finding::ok(subject, format!("{key} is not set; `demo` needs none, {needs_it} and others do"));
    };
    match tokio::time::timeout(PATIENCE, role(url)).await {
        Ok(Ok(role)) if role.version < i32::try_from(MINIMUM_MAJOR * 10_000).unwrap_or(i32::MAX) => {
            let found = role.version / 10_000;
            Finding::fail(subject, format!("the server is PostgreSQL {found}; upgrade it to {MINIMUM_MAJOR} or newer"))
        }
        Ok(Ok(role)) => judge(&role),
        Ok(Err(error)) => Finding::fail(subject, format!("{} cannot be used ({error}); check {key}", url.masked())),
        Err(_) => Finding::fail(
            subject,
            format!("{} does not answer within {} s; check {key} and the network", url.masked(), PATIENCE.as_secs()),
        ),
    }
}

async fn role(url: &DatabaseUrl) -> Result<Role, sqlx::Error> {
    let mut connection = PgConnection::connect(url.expose()).await?;
    let row = sqlx::query(ROLE).fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(Role {
        version: row.try_get("version")?,
        name: row.try_get("name")?,
        superuser: row.try_get("superuser")?,
        bypasses_row_security: row.try_get("bypasses_row_security")?,
        creates_roles: row.try_get("creates_roles")?,
        inherits: row.try_get("inherits")?,
        creates_schemas: row.try_get("creates_schemas")?,
        owned: row.try_get("owned")?,
    })
}

fn judge_owner(role: &Role) -> Finding {
    let name = &role.name;
    if role.superuser {
        Finding::warn(
            OWNER,
            format!("`{name}` is a superuser; a role with CREATEROLE that owns the database is enough"),
        )
    } else if !role.creates_roles {
        Finding::fail(
            OWNER,
            format!("`{name}` cannot make roles, and a tenant is one; run ALTER ROLE {name} CREATEROLE"),
        )
    } else if !role.creates_schemas {
        Finding::fail(OWNER, format!("`{name}` cannot make schemas; run ALTER DATABASE … OWNER TO {name}"))
    } else {
        Finding::ok(OWNER, format!("`{name}` can make roles and schemas"))
    }
}

fn judge_api(role: &Role) -> Finding {
    let name = &role.name;
    let too_strong = [
        (role.superuser, "is a superuser (ALTER ROLE … NOSUPERUSER)"),
        (role.bypasses_row_security, "bypasses row security (ALTER ROLE … NOBYPASSRLS)"),
        (role.creates_roles, "can make roles (ALTER ROLE … NOCREATEROLE)"),
        (role.creates_schemas, "can make schemas (REVOKE CREATE ON DATABASE …)"),
        (role.owned > 0, "owns databases, schemas or tables (REASSIGN OWNED BY …)"),
    ];
    let found: Vec<_> = too_strong.into_iter().filter(|(is, _)| *is).map(|(_, what)| what).collect();
    if !found.is_empty() {
        Finding::fail(API, format!("`{name}` {}; tenants would not be kept apart", found.join(", ")))
    } else if role.inherits {
        Finding::warn(
            API,
            format!(
                "`{name}` inherits the rights of its tenants' roles; run ALTER ROLE {name} NOINHERIT and grant them again"
            ),
        )
    } else {
        Finding::ok(API, format!("`{name}` is neither superuser nor owner"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Verdict;

    fn weak() -> Role {
        Role {
            version: 150_000,
            name: "api".to_owned(),
            superuser: false,
            bypasses_row_security: false,
            creates_roles: false,
            inherits: false,
            creates_schemas: false,
            owned: 0,
        }
    }

    #[test]
    fn the_api_login_has_to_be_weak() {
        assert_eq!(judge_api(&weak()).verdict, Verdict::Ok);
        assert_eq!(judge_api(&Role { inherits: true, ..weak() }).verdict, Verdict::Warn);
        for strong in [
            Role { superuser: true, ..weak() },
            Role { bypasses_row_security: true, ..weak() },
            Role { creates_roles: true, ..weak() },
            Role { creates_schemas: true, ..weak() },
            Role { owned: 1, ..weak() },
        ] {
            assert_eq!(judge_api(&strong).verdict, Verdict::Fail, "{strong:?}");
        }
    }

    #[test]
    fn the_owner_has_to_make_roles_and_schemas() {
        let owner = Role { creates_roles: true, creates_schemas: true, owned: 9, ..weak() };
        assert_eq!(judge_owner(&owner).verdict, Verdict::Ok);
        assert_eq!(judge_owner(&Role { superuser: true, ..owner }).verdict, Verdict::Warn);
        assert_eq!(judge_owner(&weak()).verdict, Verdict::Fail);
    }
}

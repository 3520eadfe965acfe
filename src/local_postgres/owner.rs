//! Makes the database of the application and the login that owns it.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use secrecy::ExposeSecret;

use super::{LocalPostgresError, Login, SqlName};

/// The role may make other roles, since a tenant is one, but is bound by their rights like anyone else.
const ATTRIBUTES: &str = "LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS NOCREATEDB NOREPLICATION";

/// Makes what is missing and corrects what differs, so that it can run at every start.
pub(super) async fn ensure(superuser: &Login, owner: &Login, database: &SqlName) -> Result<(), LocalPostgresError> {
    let name = SqlName::new(owner.user.clone())?;
    let mut connection = PgConnection::connect_with(&superuser.connect_options())
        .await
        .map_err(LocalPostgresError::sql("let the superuser connect"))?;
    let role_exists = exists(&mut connection, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", &name).await?;
    let verb = if role_exists { "ALTER" } else { "CREATE" };
    let password = owner.password.expose_secret();
    let role = format!("{verb} ROLE {name} {ATTRIBUTES} PASSWORD '{password}'");
    execute(&mut connection, role, format!("make the role {name}")).await?;

    let query = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)";
    let statement = if exists(&mut connection, query, database).await? {
        format!("ALTER DATABASE {database} OWNER TO {name}")
    } else {
        format!("CREATE DATABASE {database} OWNER {name}")
    };
    execute(&mut connection, statement, format!("make the database {database}")).await?;
    // The work is done; a connection that does not close cleanly changes nothing about it.
    let _ = connection.close().await;
    Ok(())
}

async fn exists(
    connection: &mut PgConnection,
    query: &'static str,
    name: &SqlName,
) -> Result<bool, LocalPostgresError> {
    sqlx::query_scalar(query)
        .bind(name.as_str())
        .fetch_one(connection)
        .await
        .map_err(LocalPostgresError::sql(format!("look up {name}")))
}

/// The text holds nothing but constants, [`SqlName`]s and a password in hexadecimal.
async fn execute(connection: &mut PgConnection, sql: String, action: String) -> Result<(), LocalPostgresError> {
    let statement = sqlx::raw_sql(AssertSqlSafe(sql));
    statement.execute(connection).await.map(drop).map_err(LocalPostgresError::sql(action))
}

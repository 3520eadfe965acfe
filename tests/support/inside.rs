//! A look inside a test's database, past every guard.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

use super::App;

/// A superuser's connection to the database of one app.
pub struct Inside {
    connection: PgConnection,
    schema: String,
}

impl Inside {
    /// Of the schema of a tenant.
    pub async fn of(app: &App, tenant: &str) -> Self {
        let record = app.services.gateway.tenant_by_slug(tenant).await.expect("a read").expect("a tenant");
        let options = app.database.superuser.connect_options();
        let connection = PgConnection::connect_with(&options).await.expect("a connection");
        Self { connection, schema: record.schema.as_str().to_owned() }
    }

    /// Runs a statement in which `SCHEMA` stands for the tenant's schema, and so for its role.
    pub async fn execute(&mut self, statement: &str) {
        let statement = statement.replace("SCHEMA", &format!("\"{}\"", self.schema));
        self.connection.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await.expect("a statement");
    }

    /// How many rows each table of the tenant holds.
    pub async fn row_counts(&mut self) -> BTreeMap<String, i64> {
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = $1";
        let tables = sqlx::query(tables).bind(&self.schema).fetch_all(&mut self.connection).await.expect("tables");
        let mut counts = BTreeMap::new();
        for table in tables {
            let table: String = table.get(0);
            let count = format!("SELECT count(*) FROM \"{}\".\"{table}\"", self.schema);
            let row = sqlx::query(AssertSqlSafe(count)).fetch_one(&mut self.connection).await.expect("a count");
            counts.insert(table, row.get(0));
        }
        assert!(counts.len() > 10, "{counts:?}");
        counts
    }
}

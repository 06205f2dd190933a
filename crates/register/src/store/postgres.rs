//! A register in a PostgreSQL database.

use postgres::types::{ToSql, Type};
use postgres::{Client, Config, NoTls};

use super::{Backend, Cell, StoreError};

pub(super) struct Postgres {
    client: Client,
}

/// What went wrong, with PostgreSQL's own words: the client's alone are only `db error`.
pub(super) fn say(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(told) => told.message().to_owned(),
        None => std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |source| format!("{error}: {source}")),
    }
}

impl Postgres {
    pub(super) fn connect(url: &str) -> Result<Self, StoreError> {
        let config: Config = url.parse()?;
        Ok(Postgres { client: config.connect(NoTls)? })
    }
}

fn parameters(cells: &[Cell]) -> Vec<&(dyn ToSql + Sync)> {
    cells
        .iter()
        .map(|cell| match cell {
            Cell::Number(number) => number as &(dyn ToSql + Sync),
            Cell::Text(text) => text as &(dyn ToSql + Sync),
            Cell::Null => &None::<String> as &(dyn ToSql + Sync),
        })
        .collect()
}

impl Backend for Postgres {
    fn begin(&mut self) -> Result<(), StoreError> {
        // One writer at a time, whichever tables exist yet; the lock goes with the transaction. The number is arbitrary.
        Ok(self.client.batch_execute("BEGIN; SELECT pg_advisory_xact_lock(7305804402566492517);")?)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        Ok(self.client.batch_execute("COMMIT")?)
    }

    fn rollback(&mut self) {
        // If this fails the connection is gone, and the transaction with it.
        let _ = self.client.batch_execute("ROLLBACK");
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        Ok(self.client.batch_execute(sql)?)
    }

    fn run(&mut self, sql: &str, cells: &[Cell]) -> Result<(), StoreError> {
        self.client.execute(sql, &parameters(cells))?;
        Ok(())
    }

    fn rows(&mut self, sql: &str, cells: &[Cell]) -> Result<Vec<Vec<Cell>>, StoreError> {
        let rows = self.client.query(sql, &parameters(cells))?;
        rows.iter()
            .map(|row| {
                (0..row.len())
                    .map(|column| match *row.columns()[column].type_() {
                        Type::INT8 => {
                            Ok(row.try_get::<_, Option<i64>>(column)?.map_or(Cell::Null, Cell::Number))
                        }
                        _ => Ok(row.try_get::<_, Option<String>>(column)?.map_or(Cell::Null, Cell::Text)),
                    })
                    .collect()
            })
            .collect()
    }

    fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1";
        Ok(!self.rows(sql, &[Cell::Text(name.to_owned())])?.is_empty())
    }
}

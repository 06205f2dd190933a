//! A register in an SQLite file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, params_from_iter};

use super::{Backend, Cell, StoreError};

/// How long to wait for another writer.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Sqlite {
    connection: Connection,
    path: PathBuf,
}

impl Sqlite {
    pub(super) fn connect(path: &Path, create: bool) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        match (create, path.exists()) {
            (false, false) => return Err(StoreError::Missing(place)),
            (true, true) => return Err(StoreError::Exists(place)),
            _ => {}
        }
        let fail = |source| StoreError::Sqlite { path: path.to_owned(), source };
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        if create {
            flags |= OpenFlags::SQLITE_OPEN_CREATE;
        }
        let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
        connection.busy_timeout(PATIENCE).map_err(fail)?;
        let sqlite = Sqlite { connection, path: path.to_owned() };
        // A rollback journal rather than a write-ahead log: one file to copy, and it works on network file systems.
        sqlite
            .tell(sqlite.connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"))?;
        Ok(sqlite)
    }

    fn tell<T>(&self, result: rusqlite::Result<T>) -> Result<T, StoreError> {
        result.map_err(|source| match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
            Some(ErrorCode::NotADatabase) => StoreError::NotARegister(self.path.display().to_string()),
            _ => StoreError::Sqlite { path: self.path.clone(), source },
        })
    }
}

fn values(cells: &[Cell]) -> impl Iterator<Item = Value> {
    cells.iter().map(|cell| match cell {
        Cell::Number(number) => Value::Integer(*number),
        Cell::Text(text) => Value::Text(text.clone()),
        Cell::Null => Value::Null,
    })
}

impl Backend for Sqlite {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.tell(self.connection.execute_batch("BEGIN IMMEDIATE"))
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.tell(self.connection.execute_batch("COMMIT"))
    }

    fn rollback(&mut self) {
        // If this fails the connection is gone, and the transaction with it.
        let _ = self.connection.execute_batch("ROLLBACK");
    }

    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.tell(self.connection.execute_batch(sql))
    }

    fn run(&mut self, sql: &str, cells: &[Cell]) -> Result<(), StoreError> {
        self.tell(self.connection.execute(sql, params_from_iter(values(cells))).map(|_| ()))
    }

    fn rows(&mut self, sql: &str, cells: &[Cell]) -> Result<Vec<Vec<Cell>>, StoreError> {
        let read = || {
            let mut statement = self.connection.prepare(sql)?;
            let columns = statement.column_count();
            let rows = statement.query_map(params_from_iter(values(cells)), |row| {
                (0..columns)
                    .map(|column| {
                        Ok(match row.get_ref(column)? {
                            ValueRef::Integer(number) => Cell::Number(number),
                            ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
                            ValueRef::Null | ValueRef::Real(_) | ValueRef::Blob(_) => Cell::Null,
                        })
                    })
                    .collect()
            })?;
            rows.collect()
        };
        self.tell(read())
    }

    fn has_table(&mut self, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name = $1";
        Ok(!self.rows(sql, &[Cell::Text(name.to_owned())])?.is_empty())
    }
}

//! Keeps a register's log in a database: SQLite in a file, or PostgreSQL by its URL. All SQL is here, and there are two kinds of
//! tables: `entry` is the log, and `derived_…` can be deleted and rebuilt from it ([`Store::rebuild`]).
//!
//! A [`Store`] reads the whole log, checks its chain and adds to it in one transaction that no other writer gets into; a
//! process that dies on the way leaves nothing behind. Logs of foundations have thousands of entries, not millions.

mod postgres;
mod sqlite;

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::domain::fact::Draft;
use crate::domain::log::{Digest, Log, LogError};
use crate::domain::register::{Refusal, Register};
use crate::domain::state::Violation;

/// A value in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Number(i64),
    Text(String),
    Null,
}

impl Cell {
    fn number(&self) -> i64 {
        match self {
            Cell::Number(number) => *number,
            Cell::Text(_) | Cell::Null => 0,
        }
    }

    fn into_text(self) -> String {
        match self {
            Cell::Text(text) => text,
            Cell::Number(number) => number.to_string(),
            Cell::Null => String::new(),
        }
    }
}

/// What both databases do. Parameters are written `$1`, `$2` … in the order of the cells.
pub(crate) trait Backend: Send {
    /// Begins a transaction that keeps other writers out until it ends.
    fn begin(&mut self) -> Result<(), StoreError>;
    fn commit(&mut self) -> Result<(), StoreError>;
    fn rollback(&mut self);
    /// Runs statements without parameters.
    fn batch(&mut self, sql: &str) -> Result<(), StoreError>;
    fn run(&mut self, sql: &str, cells: &[Cell]) -> Result<(), StoreError>;
    fn rows(&mut self, sql: &str, cells: &[Cell]) -> Result<Vec<Vec<Cell>>, StoreError>;
    /// Whether there is a table of this name.
    fn has_table(&mut self, name: &str) -> Result<bool, StoreError>;
}

/// The steps from nothing to today's tables, in SQL that both databases know. Steps are only ever added.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE entry (number BIGINT PRIMARY KEY, text TEXT NOT NULL, digest TEXT NOT NULL);",
    "CREATE TABLE derived_project (id TEXT PRIMARY KEY, name TEXT NOT NULL, stage TEXT, since TEXT, json TEXT NOT NULL);
     CREATE TABLE derived_vote (id TEXT PRIMARY KEY, body TEXT NOT NULL, motion TEXT NOT NULL, outcome TEXT, json TEXT NOT NULL);
     CREATE TABLE derived_head (entries BIGINT NOT NULL, digest TEXT NOT NULL);",
];

/// Why a store cannot be used, or nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no register.
    #[error("there is no register at {0}")]
    Missing(String),
    /// There is one already.
    #[error("there is a register at {0} already")]
    Exists(String),
    /// It is something else.
    #[error("{0} is a database, but no register")]
    NotARegister(String),
    /// It was written by a later version.
    #[error("the register's tables are of version {found}; this eyrie knows version {known}")]
    Newer {
        /// Its version.
        found: usize,
        /// The last that is known.
        known: usize,
    },
    /// Another process is writing and does not end.
    #[error("another process is writing to the register")]
    Busy,
    /// Its log is not what was written.
    #[error(transparent)]
    Log(#[from] LogError),
    /// Rules forbid it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The tables derived from the log are not what it comes to.
    #[error("the derived tables are not what the log comes to: {0}")]
    Derived(String),
    /// What SQLite says.
    #[error("{path}: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// What PostgreSQL says.
    #[error("PostgreSQL: {}", postgres::say(.0))]
    Postgres(#[from] ::postgres::Error),
    /// Something cannot be written as JSON, which would be a mistake of ours.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// A register in a database.
pub struct Store {
    backend: Box<dyn Backend>,
    place: String,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("place", &self.place).finish_non_exhaustive()
    }
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The register with it.
    pub register: Register,
    /// The number of the first new entry.
    pub first: u64,
    /// What is to be said about it though it was taken.
    pub notes: Vec<Violation>,
}

/// Whether a place is PostgreSQL's URL rather than a file.
pub fn is_url(place: &str) -> bool {
    place.starts_with("postgres://") || place.starts_with("postgresql://")
}

/// The URL without its password, for messages.
fn shown(place: &str) -> String {
    let Some((scheme, rest)) = place.split_once("://").filter(|_| is_url(place)) else {
        return place.to_owned();
    };
    let authority = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest[..authority].rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host))) {
        Some((user, host)) => format!("{scheme}://{user}@{host}{}", &rest[authority..]),
        None => place.to_owned(),
    }
}

impl Store {
    /// Makes an empty register in a new file, or in a PostgreSQL database that has none.
    ///
    /// # Errors
    /// If there is one already, or the database cannot be used.
    pub fn create(place: &str) -> Result<Store, StoreError> {
        let mut store = Store::connect(place, true)?;
        store.transaction(|store| {
            if store.backend.has_table("eyrie_schema")? {
                return Err(StoreError::Exists(store.place.clone()));
            }
            store.backend.batch("CREATE TABLE eyrie_schema (version BIGINT NOT NULL);")?;
            store.backend.batch("INSERT INTO eyrie_schema (version) VALUES (0);")?;
            store.migrate()?;
            store.derive(&Register::default())
        })?;
        Ok(store)
    }

    /// Opens a register, and brings its tables up to date.
    ///
    /// # Errors
    /// If there is none, if a later version wrote it, or the database cannot be used.
    pub fn open(place: &str) -> Result<Store, StoreError> {
        let mut store = Store::connect(place, false)?;
        store.transaction(|store| {
            if !store.backend.has_table("eyrie_schema")? {
                return Err(match is_url(place) {
                    true => StoreError::Missing(store.place.clone()),
                    false => StoreError::NotARegister(store.place.clone()),
                });
            }
            if store.migrate()? {
                let register = store.read()?;
                store.derive(&register)?;
            }
            Ok(())
        })?;
        Ok(store)
    }

    fn connect(place: &str, create: bool) -> Result<Store, StoreError> {
        let backend: Box<dyn Backend> = match is_url(place) {
            true => Box::new(postgres::Postgres::connect(place)?),
            false => Box::new(sqlite::Sqlite::connect(Path::new(place), create)?),
        };
        Ok(Store { backend, place: shown(place) })
    }

    /// Does something wholly or not at all.
    fn transaction<T>(
        &mut self,
        act: impl FnOnce(&mut Store) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.backend.begin()?;
        match act(self) {
            Ok(value) => {
                self.backend.commit()?;
                Ok(value)
            }
            Err(error) => {
                self.backend.rollback();
                Err(error)
            }
        }
    }

    /// Takes the steps that are lacking; says whether there were any.
    fn migrate(&mut self) -> Result<bool, StoreError> {
        let rows = self.backend.rows("SELECT version FROM eyrie_schema", &[])?;
        let version = rows.first().and_then(|row| row.first()).map_or(0, Cell::number);
        let found = usize::try_from(version).unwrap_or(0);
        if found > MIGRATIONS.len() {
            return Err(StoreError::Newer { found, known: MIGRATIONS.len() });
        }
        for step in &MIGRATIONS[found..] {
            self.backend.batch(step)?;
        }
        let now = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        self.backend.run("UPDATE eyrie_schema SET version = $1", &[Cell::Number(now)])?;
        Ok(found < MIGRATIONS.len())
    }

    /// The stored entries: number, text, hash.
    fn stored(&mut self) -> Result<Vec<(u64, String, Digest)>, StoreError> {
        let rows = self.backend.rows("SELECT number, text, digest FROM entry ORDER BY number", &[])?;
        rows.into_iter()
            .map(|row| {
                let [number, text, digest] =
                    <[Cell; 3]>::try_from(row).map_err(|_| StoreError::NotARegister(self.place.clone()))?;
                let number = u64::try_from(number.number()).unwrap_or(0);
                let digest = digest
                    .into_text()
                    .parse()
                    .map_err(|message| LogError::Unreadable { entry: number, message })?;
                Ok((number, text.into_text(), digest))
            })
            .collect()
    }

    fn read(&mut self) -> Result<Register, StoreError> {
        Ok(Register::new(Log::verified(self.stored()?)?))
    }

    /// The register as it is now.
    ///
    /// # Errors
    /// If its log is not what was written, or the database cannot be used.
    pub fn load(&mut self) -> Result<Register, StoreError> {
        self.read()
    }

    /// Writes facts, all of them or none.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with every rule that forbids it; otherwise as [`Store::load`].
    pub fn append(&mut self, drafts: Vec<Draft>, now: Timestamp) -> Result<Written, StoreError> {
        self.transaction(|store| {
            // Read again inside the transaction: another writer may have been faster.
            let old = store.read()?;
            let (register, notes) = old.with(drafts, now)?;
            store.write(&old, &register)?;
            Ok(Written { first: old.log().next_number(), register, notes })
        })
    }

    /// Takes over a register that was made elsewhere and begins with what is here, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::Exists`] if what is here is not its beginning; otherwise as [`Store::load`].
    pub fn adopt(&mut self, register: &Register) -> Result<(), StoreError> {
        self.transaction(|store| {
            let old = store.read()?;
            if !register.log().entries().starts_with(old.log().entries()) {
                return Err(StoreError::Exists(store.place.clone()));
            }
            store.write(&old, register)
        })
    }

    fn write(&mut self, old: &Register, new: &Register) -> Result<(), StoreError> {
        for entry in &new.log().entries()[old.log().entries().len()..] {
            let cells = [
                Cell::Number(i64::try_from(entry.body.entry).unwrap_or(i64::MAX)),
                Cell::Text(entry.text.clone()),
                Cell::Text(entry.digest.to_string()),
            ];
            self.backend.run("INSERT INTO entry (number, text, digest) VALUES ($1, $2, $3)", &cells)?;
        }
        self.derive(new)
    }

    /// The derived tables, as they should be.
    fn derived(register: &Register) -> Result<Derived, StoreError> {
        let mut projects = Vec::new();
        for project in register.state().projects.values() {
            let last = project.stages.last();
            projects.push(vec![
                Cell::Text(project.id.to_string()),
                Cell::Text(project.name.clone()),
                last.map_or(Cell::Null, |span| Cell::Text(span.stage.to_string())),
                last.map_or(Cell::Null, |span| Cell::Text(span.entered.to_string())),
                Cell::Text(serde_json::to_string(project)?),
            ]);
        }
        let mut votes = Vec::new();
        for vote in register.state().votes.values() {
            let outcome = vote.result.as_ref().map(|result| result.count.outcome.name().to_owned());
            votes.push(vec![
                Cell::Text(vote.id.to_string()),
                Cell::Text(vote.body.to_string()),
                Cell::Text(vote.motion.to_string()),
                outcome.map_or(Cell::Null, Cell::Text),
                Cell::Text(serde_json::to_string(vote)?),
            ]);
        }
        let entries = i64::try_from(register.log().entries().len()).unwrap_or(i64::MAX);
        let head = vec![vec![Cell::Number(entries), Cell::Text(register.log().head().to_string())]];
        // In the order of the keys' bytes, whatever the database sorts by.
        projects.sort_by_key(|row| row.first().cloned().map(Cell::into_text));
        votes.sort_by_key(|row| row.first().cloned().map(Cell::into_text));
        Ok([("derived_project", projects), ("derived_vote", votes), ("derived_head", head)])
    }

    fn derive(&mut self, register: &Register) -> Result<(), StoreError> {
        for (table, rows) in Store::derived(register)? {
            self.backend.batch(&format!("DELETE FROM {table};"))?;
            for row in rows {
                let places: Vec<String> = (1..=row.len()).map(|at| format!("${at}")).collect();
                let sql = format!("INSERT INTO {table} VALUES ({})", places.join(", "));
                self.backend.run(&sql, &row)?;
            }
        }
        Ok(())
    }

    /// Makes the derived tables anew from the log.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn rebuild(&mut self) -> Result<(), StoreError> {
        self.transaction(|store| {
            let register = store.read()?;
            store.derive(&register)
        })
    }

    /// Checks the whole log, that it ends with `head` if that is given, and that the derived tables are what it comes to.
    ///
    /// # Errors
    /// The first bad entry, or what is wrong with the rest.
    pub fn verify(&mut self, head: Option<Digest>) -> Result<Register, StoreError> {
        self.transaction(|store| {
            let register = store.read()?;
            let found = register.log().head();
            if let Some(expected) = head.filter(|expected| *expected != found) {
                // The log may have grown since the head was noted.
                if !register.log().entries().iter().any(|entry| entry.digest == expected) {
                    return Err(LogError::Head { expected, found }.into());
                }
            }
            for (table, expected) in Store::derived(&register)? {
                let mut rows = store.backend.rows(&format!("SELECT * FROM {table}"), &[])?;
                rows.sort_by_key(|row| row.first().cloned().map(Cell::into_text));
                if rows != expected {
                    return Err(StoreError::Derived(table.to_owned()));
                }
            }
            Ok(register)
        })
    }
}

type Derived = [(&'static str, Vec<Vec<Cell>>); 3];

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(shown("postgres://eyrie:secret@db:5432/r?x=y"), "postgres://eyrie@db:5432/r?x=y");
        assert_eq!(shown("postgres://eyrie@db/r"), "postgres://eyrie@db/r");
        assert_eq!(shown("postgres:///r?host=/run"), "postgres:///r?host=/run");
        assert_eq!(shown("a:b@c.db"), "a:b@c.db");
    }
}

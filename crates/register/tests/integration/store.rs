//! The store, the same on SQLite and on PostgreSQL.
//!
//! For PostgreSQL a cluster of its own is started where its programs are; as root in the name of `postgres` or `nobody`, since
//! PostgreSQL refuses root. Without the programs the test says so and passes.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use eyrie_register::domain::fact::*;
use eyrie_register::domain::log::{Digest, LogError};
use eyrie_register::store::{Store, StoreError};

use crate::fixture::*;

/// A database that tests can do to what nobody should.
trait Database {
    /// The place of a register that is not there yet.
    fn place(&self, name: &str) -> String;
    /// Runs SQL past the store.
    fn sql(&self, place: &str, sql: &str);
    /// The first column of the first row.
    fn ask(&self, place: &str, sql: &str) -> String;
}

struct Files(tempfile::TempDir);

impl Database for Files {
    fn place(&self, name: &str) -> String {
        self.0.path().join(format!("{name}.db")).to_string_lossy().into_owned()
    }

    fn sql(&self, place: &str, sql: &str) {
        rusqlite::Connection::open(place).unwrap().execute_batch(sql).unwrap();
    }

    fn ask(&self, place: &str, sql: &str) -> String {
        let connection = rusqlite::Connection::open(place).unwrap();
        connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
    }
}

/// A PostgreSQL cluster that lives as long as this.
struct Cluster {
    folder: tempfile::TempDir,
    programs: PathBuf,
    user: Option<(u32, u32)>,
}

impl Cluster {
    fn start() -> Option<Cluster> {
        let programs = programs()?;
        let folder = tempfile::tempdir().unwrap();
        let user = unprivileged();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let cluster = Cluster { folder, programs, user };
        let data = cluster.folder.path().join("data");
        cluster.run(
            "initdb",
            &["-D", &data.to_string_lossy(), "-U", "eyrie", "--auth=trust", "--no-sync", "-E", "UTF8"],
        );
        let sockets = cluster.folder.path().to_string_lossy().into_owned();
        let options = format!("-k {sockets} -c listen_addresses= -c fsync=off");
        let log = cluster.folder.path().join("log");
        cluster.run(
            "pg_ctl",
            &["-D", &data.to_string_lossy(), "-w", "-l", &log.to_string_lossy(), "-o", &options, "start"],
        );
        Some(cluster)
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        use std::os::unix::process::CommandExt as _;
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.gid(gid).uid(uid);
        }
        let status = command.status().unwrap();
        assert!(status.success(), "{program}: {status}");
    }

    fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?user=eyrie&host={}", self.folder.path().display())
    }

    fn client(&self, url: &str) -> postgres::Client {
        postgres::Client::connect(url, postgres::NoTls).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.folder.path().join("data");
        self.run("pg_ctl", &["-D", &data.to_string_lossy(), "-m", "immediate", "stop"]);
    }
}

impl Database for Cluster {
    fn place(&self, name: &str) -> String {
        self.client(&self.url("postgres")).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        self.url(name)
    }

    fn sql(&self, place: &str, sql: &str) {
        self.client(place).batch_execute(sql).unwrap();
    }

    fn ask(&self, place: &str, sql: &str) -> String {
        self.client(place).query_one(sql, &[]).unwrap().get(0)
    }
}

/// The folder with PostgreSQL's programs: Debian's, newest first, or wherever `initdb` is on the path.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&path));
    folders.into_iter().find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
}

/// Whom to run PostgreSQL as, if we are root: user and group.
fn unprivileged() -> Option<(u32, u32)> {
    let probe = tempfile::tempdir().unwrap();
    if std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(probe.path()).unwrap()) != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    ids("postgres").or_else(|| ids("nobody"))
}

#[test]
fn the_store_on_sqlite() {
    suite(&Files(tempfile::tempdir().unwrap()));
}

#[test]
fn the_store_on_postgresql() {
    match Cluster::start() {
        Some(cluster) => suite(&cluster),
        None => eprintln!("skipped: PostgreSQL's programs (initdb, pg_ctl) are not here"),
    }
}

fn suite(database: &dyn Database) {
    what_is_written_is_there(database);
    refused_facts_leave_nothing(database);
    two_writers_at_once(database);
    a_killed_writer(database);
    tampering_is_found(database);
    derived_tables_can_be_lost(database);
    old_tables_are_brought_up_to_date(database);
}

/// The facts of a register, to be written anew.
fn drafts(book: &Book) -> Vec<Draft> {
    book.register.log().entries().iter().map(|entry| entry.body.draft.clone()).collect()
}

fn stored(database: &dyn Database, name: &str, book: &Book) -> String {
    let place = database.place(name);
    Store::create(&place).unwrap().append(drafts(book), now()).unwrap();
    place
}

fn what_is_written_is_there(database: &dyn Database) {
    let place = database.place("written");
    assert!(matches!(Store::open(&place), Err(StoreError::Missing(_))));
    let mut store = Store::create(&place).unwrap();
    assert!(matches!(Store::create(&place), Err(StoreError::Exists(_))));
    let book = Book::incubating("enarx");
    let written = store.append(drafts(&book), now()).unwrap();
    assert_eq!((written.first, &written.register), (1, &book.register));
    drop(store);
    assert_eq!(Store::open(&place).unwrap().load().unwrap(), book.register);
    let stage = database.ask(&place, "SELECT stage FROM derived_project WHERE id = 'enarx'");
    assert_eq!(stage, "incubation");
    assert_eq!(
        database.ask(&place, "SELECT outcome FROM derived_vote WHERE id = 'vote-board-2025-08-20'"),
        "passed"
    );
}

fn refused_facts_leave_nothing(database: &dyn Database) {
    let place = stored(database, "refused", &Book::incubating("enarx"));
    let mut store = Store::open(&place).unwrap();
    let before = store.load().unwrap();
    let good = ProjectRenamed { project: id("enarx"), name: "Enarx 2".into() };
    let bad = StageEntered { project: id("enarx"), stage: id("sandbox") };
    let both = vec![Draft::new("mona", day("2026-01-01"), good), Draft::new("mona", day("2026-01-01"), bad)];
    let Err(StoreError::Refused(refusal)) = store.append(both, now()) else { panic!("it was taken") };
    assert_eq!(refusal.violations()[0].rule, "I1");
    assert_eq!(store.load().unwrap(), before);
    store.verify(None).unwrap();
}

fn person(number: usize, writer: usize) -> Draft {
    let name = format!("Person {writer} {number}");
    let person = id(&format!("p{writer}-{number}"));
    Draft::new("mona", day("2026-01-01"), PersonKnown { person, name, aliases: vec![] })
}

fn two_writers_at_once(database: &dyn Database) {
    let place = stored(database, "writers", &Book::ccc());
    let before = Store::open(&place).unwrap().load().unwrap().log().entries().len();
    std::thread::scope(|scope| {
        for writer in 0..2 {
            let place = &place;
            scope.spawn(move || {
                let mut store = Store::open(place).unwrap();
                for number in 0..10 {
                    store.append(vec![person(number, writer)], now()).unwrap();
                }
            });
        }
    });
    let register = Store::open(&place).unwrap().verify(None).unwrap();
    assert_eq!(register.log().entries().len(), before + 20);
    // Both want to be the first to write the same: one is, the other is told.
    let results: Vec<_> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let seat = SeatCreated { body: id("tac"), seat: id("s10"), organisation: None };
                    Store::open(&place)
                        .unwrap()
                        .append(vec![Draft::new("mona", day("2026-01-01"), seat)], now())
                })
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().any(|result| matches!(result, Err(StoreError::Refused(_)))));
}

/// The place at which [`writes_until_killed`] writes.
const PLACE: &str = "EYRIE_TEST_WRITES_TO";

/// Not a test of its own: what [`a_killed_writer`] starts, and kills.
#[test]
fn writes_until_killed() {
    let Ok(place) = std::env::var(PLACE) else { return };
    let writer = std::process::id() as usize;
    let mut store = Store::open(&place).unwrap();
    for number in 0.. {
        store.append(vec![person(number, writer)], now()).unwrap();
        eprintln!("wrote {number}");
    }
}

fn a_killed_writer(database: &dyn Database) {
    let place = stored(database, "killed", &Book::empty());
    let mut certain = 0;
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::writes_until_killed", "--nocapture"])
            .env(PLACE, &place)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let told = BufReader::new(child.stderr.take().unwrap());
        let written =
            told.lines().take_while(|line| line.is_ok()).flatten().filter(|line| line.starts_with("wrote"));
        certain += written.take(2 + round).count();
        child.kill().unwrap();
        child.wait().unwrap();
        let register = Store::open(&place).unwrap().verify(None).unwrap();
        let entries = register.log().entries().len();
        // Whatever it said it wrote is there; what it was about to write is there wholly or not at all.
        assert!(entries >= certain, "{entries} of {certain}");
        certain = entries;
        // And whoever comes next can write.
        Store::open(&place).unwrap().append(vec![person(round, 0)], now()).unwrap();
        certain += 1;
    }
}

fn tampering_is_found(database: &dyn Database) {
    let book = Book::incubating("enarx");
    let head = book.register.log().head();
    let place = stored(database, "tampered", &book);
    Store::open(&place).unwrap().verify(Some(head)).unwrap();
    database
        .sql(&place, "UPDATE entry SET text = replace(text, 'incubation', 'graduation') WHERE number >= 50");
    let error = Store::open(&place).unwrap().verify(None).unwrap_err();
    let first = book
        .register
        .log()
        .entries()
        .iter()
        .find(|entry| entry.body.entry >= 50 && entry.text.contains("incubation"))
        .unwrap();
    assert!(
        matches!(error, StoreError::Log(LogError::Changed { entry, .. }) if entry == first.body.entry),
        "{error}"
    );
    // Nothing is added to such a log.
    assert!(matches!(
        Store::open(&place).unwrap().append(vec![person(1, 1)], now()),
        Err(StoreError::Log(_))
    ));

    // Who takes entries from the end leaves a good chain; who noted its head sees it.
    let place = stored(database, "cut", &book);
    let last = book.register.log().entries().len();
    database.sql(&place, &format!("DELETE FROM entry WHERE number = {last}"));
    Store::open(&place).unwrap().rebuild().unwrap();
    Store::open(&place).unwrap().verify(None).unwrap();
    let error = Store::open(&place).unwrap().verify(Some(head)).unwrap_err();
    assert!(matches!(error, StoreError::Log(LogError::Head { .. })), "{error}");
    // A head that was noted earlier is still in a log that has grown.
    let earlier = book.register.log().entries()[20].digest;
    Store::open(&place).unwrap().verify(Some(earlier)).unwrap();

    let place = stored(database, "hole", &book);
    database.sql(&place, "DELETE FROM entry WHERE number = 30");
    let error = Store::open(&place).unwrap().verify(None).unwrap_err();
    assert!(matches!(error, StoreError::Log(LogError::Gap { expected: 30, found: 31 })), "{error}");

    let place = stored(database, "nonsense", &book);
    let digest = Digest::of(b"nonsense");
    database
        .sql(&place, &format!("UPDATE entry SET text = 'nonsense', digest = '{digest}' WHERE number = 30"));
    let error = Store::open(&place).unwrap().verify(None).unwrap_err();
    assert!(matches!(error, StoreError::Log(LogError::Unreadable { entry: 30, .. })), "{error}");
}

fn derived_tables_can_be_lost(database: &dyn Database) {
    let book = Book::incubating("enarx");
    let place = stored(database, "derived", &book);
    database.sql(
        &place,
        "DELETE FROM derived_project; DELETE FROM derived_vote; UPDATE derived_head SET entries = 1",
    );
    // Nothing that is asked rests on them.
    assert_eq!(Store::open(&place).unwrap().load().unwrap(), book.register);
    let error = Store::open(&place).unwrap().verify(None).unwrap_err();
    assert!(matches!(error, StoreError::Derived(_)), "{error}");
    Store::open(&place).unwrap().rebuild().unwrap();
    Store::open(&place).unwrap().verify(None).unwrap();
    database.sql(&place, "UPDATE derived_project SET stage = 'graduation'");
    assert!(matches!(Store::open(&place).unwrap().verify(None), Err(StoreError::Derived(_))));
}

fn old_tables_are_brought_up_to_date(database: &dyn Database) {
    let book = Book::incubating("enarx");
    let place = stored(database, "old", &book);
    database.sql(
        &place,
        "DROP TABLE derived_project; DROP TABLE derived_vote; DROP TABLE derived_head; UPDATE eyrie_schema SET version = 1",
    );
    assert_eq!(Store::open(&place).unwrap().verify(None).unwrap(), book.register);
    database.sql(&place, "UPDATE eyrie_schema SET version = 99");
    assert!(matches!(Store::open(&place), Err(StoreError::Newer { found: 99, .. })));
}

/// What is no register is not written to.
#[test]
fn other_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    std::fs::write(
        place("notes.txt"),
        "not a database, though long enough that its first bytes are read as a header of one",
    )
    .unwrap();
    assert!(matches!(Store::open(&place("notes.txt")), Err(StoreError::NotARegister(_))));
    rusqlite::Connection::open(place("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x INTEGER)")
        .unwrap();
    assert!(matches!(Store::open(&place("other.db")), Err(StoreError::NotARegister(_))));
    assert!(matches!(Store::open(&place("none.db")), Err(StoreError::Missing(_))));
    assert!(!Path::new(&place("none.db")).exists());
}

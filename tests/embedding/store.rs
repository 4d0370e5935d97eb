//! What a server keeps on disk, in tables of `SQLite`.
//!
//! | table    | a row is                                                                  |
//! |----------|---------------------------------------------------------------------------|
//! | `pdu`    | an event's JSON, in the form in which the room took it up                 |
//! | `event`  | what the room knows of an event                                           |
//! | `state`  | a state, as what differs from its parent                                  |
//! | `waiting` | an event that waits in the room                                          |
//! | `head`   | the room itself: one row                                                  |
//! | `outbox` | an event that another server has not acknowledged                         |
//!
//! The process can be killed before any statement: see [`Store::arm`].

use std::fs;
use std::path::{Path, PathBuf};

use roomdag::EventId;
use roomdag::room::{Admitted, Changes, Checkpoint, Head, Loading, Room, Rows, Setup};
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

/// The process was killed in the middle of its work on the database.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Killed;

/// A database file.
pub(crate) struct Store {
    connection: Connection,
    path: PathBuf,
    /// How many statements are left before the process is killed.
    fuse: Option<u32>,
}

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS pdu (id TEXT PRIMARY KEY, json TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS event (id TEXT PRIMARY KEY, row TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS state (number INTEGER PRIMARY KEY, row TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS waiting (number INTEGER PRIMARY KEY, row TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS head (only INTEGER PRIMARY KEY CHECK (only = 0), row TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS outbox (
        number INTEGER PRIMARY KEY AUTOINCREMENT, server INTEGER NOT NULL, id TEXT NOT NULL
    );
";

impl Store {
    /// Opens a database, which may be new, or left behind by a process that was killed.
    pub(crate) fn open(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        // Kept files are looked at after a kill, not after a loss of power.
        connection
            .pragma_update(None, "synchronous", "OFF")
            .unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        Self {
            connection,
            path: path.to_owned(),
            fuse: None,
        }
    }

    /// Has the process killed before the statement that comes after `statements` more; never, if
    /// `None`.
    pub(crate) fn arm(&mut self, statements: Option<u32>) {
        self.fuse = statements;
    }

    /// What is on disk at this moment, journal included, as another file: what a process finds
    /// that starts after this one was killed.
    pub(crate) fn left_behind(&self, path: &Path) {
        for ending in ["", "-journal"] {
            let name = |path: &Path| PathBuf::from(format!("{}{ending}", path.display()));
            let _ = fs::remove_file(name(path));
            let _ = fs::copy(name(&self.path), name(path));
        }
    }

    /// Keeps what the room has taken up, and what has changed in it, all or nothing. An event of
    /// the server's own goes out to `recipients`.
    pub(crate) fn keep(
        &mut self,
        own: Option<&Admitted>,
        others: &[Admitted],
        recipients: &[usize],
        changes: &Changes,
    ) -> Result<(), Killed> {
        self.execute("BEGIN", params![])?;
        for event in others.iter().chain(own) {
            let Some(json) = &event.json else {
                continue;
            };
            let (id, json) = (event.id.as_str(), json.as_text());
            self.execute(
                "INSERT OR REPLACE INTO pdu VALUES (?, ?)",
                params![id, json],
            )?;
        }
        for server in own.iter().flat_map(|_| recipients) {
            let id = own.map(|event| event.id.as_str());
            let sql = "INSERT INTO outbox (server, id) VALUES (?, ?)";
            self.execute(sql, params![*server as i64, id])?;
        }
        for row in &changes.rows.events {
            let json = serde_json::to_string(row).unwrap();
            let sql = "INSERT OR REPLACE INTO event VALUES (?, ?)";
            self.execute(sql, params![row.event, json])?;
        }
        for row in &changes.rows.states {
            let json = serde_json::to_string(row).unwrap();
            let sql = "INSERT OR REPLACE INTO state VALUES (?, ?)";
            self.execute(sql, params![row.state, json])?;
        }
        for row in &changes.rows.waiting {
            let json = serde_json::to_string(row).unwrap();
            let sql = "INSERT OR REPLACE INTO waiting VALUES (?, ?)";
            self.execute(sql, params![row.number as i64, json])?;
        }
        for number in &changes.settled {
            let sql = "DELETE FROM waiting WHERE number = ?";
            self.execute(sql, params![*number as i64])?;
        }
        let head = serde_json::to_string(&changes.head).unwrap();
        self.execute("INSERT OR REPLACE INTO head VALUES (0, ?)", params![head])?;
        self.execute("COMMIT", params![])
    }

    /// The room as it was kept last; `None` before it was.
    pub(crate) fn room(&self) -> Option<Room> {
        let rows = Rows {
            events: self.rows("SELECT row FROM event", &[]),
            states: self.rows("SELECT row FROM state", &[]),
            waiting: self.rows("SELECT row FROM waiting", &[]),
        };
        let head = self.head()?;
        Some(Room::restore(Checkpoint { head, rows }, &Setup::default()).unwrap())
    }

    /// Of the room as much as it takes to go on, and in how many rounds that was loaded.
    pub(crate) fn part_of_room(&self) -> (Room, usize) {
        let mut loading = Loading::new(self.head().unwrap(), &Setup::default()).unwrap();
        let mut rounds = 0;
        loop {
            let needs = loading.needs().unwrap();
            if needs.is_empty() {
                return (loading.finish().unwrap(), rounds);
            }
            rounds += 1;
            let events: Vec<String> = needs.events.iter().map(ToString::to_string).collect();
            let states: Vec<String> = needs.states.iter().map(ToString::to_string).collect();
            let rows = Rows {
                events: self.rows(CLOSURE_OF_EVENTS, &events),
                states: self.rows(CLOSURE_OF_STATES, &states),
                waiting: self.rows("SELECT row FROM waiting", &[]),
            };
            loading.add(rows).unwrap();
        }
    }

    fn head(&self) -> Option<Head> {
        self.rows("SELECT row FROM head", &[]).pop()
    }

    /// How many events are kept.
    pub(crate) fn events(&self) -> usize {
        let sql = "SELECT count(*) FROM event";
        let count: i64 = self
            .connection
            .query_row(sql, [], |row| row.get(0))
            .unwrap();
        usize::try_from(count).unwrap()
    }

    /// An event's JSON.
    pub(crate) fn pdu(&self, id: &EventId) -> Option<String> {
        let sql = "SELECT json FROM pdu WHERE id = ?";
        let found = self
            .connection
            .query_row(sql, [id.as_str()], |row| row.get(0));
        found.optional().unwrap()
    }

    /// What has not been sent to a server, the oldest first.
    pub(crate) fn outbox(&self, server: usize) -> Vec<(i64, String)> {
        let sql =
            "SELECT number, json FROM outbox JOIN pdu USING (id) WHERE server = ? ORDER BY number";
        let mut statement = self.connection.prepare(sql).unwrap();
        let rows = statement.query_map([server as i64], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Another server has what was sent.
    pub(crate) fn sent(&mut self, number: i64) -> Result<(), Killed> {
        self.execute("DELETE FROM outbox WHERE number = ?", params![number])
    }

    /// Nobody answers: of what has not been sent to a server, only the last is kept.
    pub(crate) fn give_up(&mut self, server: usize) {
        let sql = "DELETE FROM outbox WHERE server = ?1 AND number <
            (SELECT max(number) FROM outbox WHERE server = ?1)";
        self.connection.execute(sql, [server as i64]).unwrap();
    }

    /// The rows that a query finds, of those that `keys` lead to.
    fn rows<T: DeserializeOwned>(&self, sql: &str, keys: &[String]) -> Vec<T> {
        let mut statement = self.connection.prepare(sql).unwrap();
        let keys = serde_json::to_string(keys).unwrap();
        let keys: &[&dyn rusqlite::ToSql] = match statement.parameter_count() {
            0 => &[],
            _ => &[&keys],
        };
        let rows = statement.query_map(keys, |row| row.get::<_, String>(0));
        let rows = rows.unwrap().map(Result::unwrap);
        rows.map(|row| serde_json::from_str(&row).unwrap())
            .collect()
    }

    fn execute(&mut self, sql: &str, params: impl rusqlite::Params) -> Result<(), Killed> {
        match &mut self.fuse {
            Some(0) => return Err(Killed),
            Some(left) => *left -= 1,
            None => {}
        }
        self.connection
            .prepare_cached(sql)
            .unwrap()
            .execute(params)
            .unwrap();
        Ok(())
    }
}

/// Events, what is in their auth chains, and what those follow that were not accepted.
const CLOSURE_OF_EVENTS: &str = "
    WITH RECURSIVE found (id) AS (
        SELECT value FROM json_each(?1)
        UNION
        SELECT cited.value FROM found JOIN event USING (id), json_each(event.row, '$.auth_events') AS cited
        UNION
        SELECT prev.value FROM found JOIN event USING (id), json_each(event.row, '$.prev_events') AS prev
            WHERE event.row LIKE '%reject%' OR event.row LIKE '%withheld%'
    )
    SELECT event.row FROM found JOIN event USING (id)";

/// States, and all that they differ from.
const CLOSURE_OF_STATES: &str = "
    WITH RECURSIVE found (number) AS (
        SELECT CAST(value AS INTEGER) FROM json_each(?1)
        UNION
        SELECT state.row ->> '$.parent' FROM found JOIN state USING (number)
            WHERE state.row ->> '$.parent' IS NOT NULL
    )
    SELECT state.row FROM found JOIN state USING (number)";

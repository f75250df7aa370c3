//! What the file looks like: a table for each collection, brought up to date whenever a store is
//! opened.
//!
//! | in the file | what it is |
//! | --- | --- |
//! | `{collection}` | id, version, body, and a column for each field: `i_` integers, `s_` texts, `w_` words |
//! | `{collection}:{field}` | the words of a `Terms` field, each with the documents that have it |
//! | `{collection}:{field},{field}` | an index; the id ends it, as it is the table's primary key |
//! | `:probe` | what is written to prove that a write reaches the disk |
//!
//! The tables have no rowid: tried with and without, writing costs the same and finding less
//! without.
//!
//! Columns have no declared type, so that SQLite converts nothing and compares numbers and texts as
//! [`Value`] does. The kind is part of a column's name: a field that changes its kind becomes a
//! new, empty column. Fields and indexes that are no longer declared are dropped: a column that is
//! not written would be wrong when it is declared again.
//!
//! [`Value`]: crate::store::Value

use std::collections::HashSet;

use rusqlite::{Connection, Result};

use crate::store::{Collection, Field, Kind};

/// Raised when a program that reads the file as described above would read it wrongly.
pub(super) const FORMAT: i64 = 1;

/// Most fields of a collection: a change to its documents is described by 64 bits.
pub(super) const MAX_FIELDS: usize = 64;

/// A collection with the statements that read and write its documents.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) collection: &'static Collection,
    /// Where it stands among the store's tables.
    pub(super) number: u16,
    /// Whether its documents go through the cache.
    pub(super) cached: bool,
    /// The table's name, quoted.
    pub(super) name: String,
    /// The column of each field, quoted.
    pub(super) columns: Vec<String>,
    /// The side table of each field that holds words.
    pub(super) words: Vec<Option<Words>>,
    /// (id) → version, body.
    pub(super) get: String,
    /// (id) → version and all columns.
    pub(super) current: String,
    /// (id, version, body, columns…); nothing happens where there is such a document.
    pub(super) insert: String,
    /// (id, version).
    pub(super) delete: String,
}

/// The side table of a `Terms` field.
#[derive(Debug)]
pub(super) struct Words {
    /// Its name, quoted.
    pub(super) name: String,
    /// (word, id).
    pub(super) insert: String,
    /// (word, id).
    pub(super) delete: String,
}

impl Table {
    pub(super) fn new(collection: &'static Collection, number: u16, cached: bool) -> Self {
        let name = quoted(collection.name);
        let columns: Vec<_> = collection.fields.iter().map(column_of).collect();
        let all: String = columns.iter().map(|column| format!(", {column}")).collect();
        let marks: String = (0..columns.len()).map(|n| format!(", ?{}", n + 4)).collect();
        let words = collection.fields.iter().map(|field| {
            let name = quoted(&format!("{}:{}", collection.name, field.name));
            (field.kind == Kind::Terms).then(|| Words {
                insert: format!("INSERT OR IGNORE INTO {name} (word, id) VALUES (?1, ?2)"),
                delete: format!("DELETE FROM {name} WHERE word = ?1 AND id = ?2"),
                name,
            })
        });
        Self {
            words: words.collect(),
            get: format!("SELECT version, body FROM {name} WHERE id = ?1"),
            current: format!("SELECT version{all} FROM {name} WHERE id = ?1"),
            insert: format!(
                "INSERT INTO {name} (id, version, body{all}) VALUES (?1, ?2, ?3{marks}) \
                 ON CONFLICT (id) DO NOTHING"
            ),
            delete: format!("DELETE FROM {name} WHERE id = ?1 AND version = ?2"),
            collection,
            number,
            cached,
            name,
            columns,
        }
    }

    /// The statement (id, expected version, version, body, columns…) that writes the columns named
    /// by the bits of `changed`: SQLite rewrites only the indexes in which one of them stands.
    pub(super) fn update(&self, changed: u64) -> String {
        let columns = self.columns.iter().enumerate();
        let columns = columns.filter(|(position, _)| changed >> position & 1 == 1);
        let sets = columns.zip(5..).map(|((_, column), mark)| format!(", {column} = ?{mark}"));
        format!(
            "UPDATE {} SET version = ?3, body = ?4{} WHERE id = ?1 AND version = ?2",
            self.name,
            sets.collect::<String>()
        )
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn column_of(field: &Field) -> String {
    let kind = match field.kind {
        Kind::Integer => 'i',
        Kind::Text => 's',
        Kind::Terms => 'w',
    };
    quoted(&format!("{kind}_{}", field.name))
}

/// Whether names in `collection` are such that they can stand in the file.
pub(super) fn is_well_formed(collection: &Collection) -> bool {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|letter| letter == b'_' || letter.is_ascii_lowercase())
    };
    let mut names = HashSet::new();
    let known = |field: &str| {
        let position = collection.position(field);
        position.is_some_and(|position| collection.fields[position].kind != Kind::Terms)
    };
    is_name(collection.name)
        && !collection.name.starts_with("sqlite")
        && collection.fields.len() <= MAX_FIELDS
        && collection.fields.iter().all(|field| is_name(field.name) && names.insert(field.name))
        && collection
            .indexes
            .iter()
            .all(|fields| !fields.is_empty() && fields.iter().all(|f| known(f)))
}

/// The format of the file: 0 for an empty one.
pub(super) fn format_of(connection: &Connection) -> Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Makes what is missing and drops what is no longer declared.
pub(super) fn migrate(connection: &mut Connection, tables: &[Table]) -> Result<()> {
    let transaction = connection.transaction()?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS \":probe\" (id INTEGER PRIMARY KEY, filler BLOB)",
    )?;
    for table in tables {
        bring_up_to_date(&transaction, table)?;
    }
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

fn bring_up_to_date(connection: &Connection, table: &Table) -> Result<()> {
    let name = &table.name;
    let columns: String = table.columns.iter().map(|column| format!("{column}, ")).collect();
    // The body comes last, so that reading a field does not lead through the pages of a long body.
    connection.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS {name} (id TEXT PRIMARY KEY NOT NULL, \
         version INTEGER NOT NULL, {columns}body BLOB NOT NULL) WITHOUT ROWID"
    ))?;
    let indexes = indexes_of(table);
    let owned = format!("{}:", table.collection.name);
    for (kind, existing) in schema_objects(connection)? {
        let declared = match kind.as_str() {
            "index" => indexes.iter().any(|(name, _)| *name == existing),
            _ => table.words.iter().flatten().any(|words| words.name == quoted(&existing)),
        };
        if existing.starts_with(&owned) && !declared {
            connection.execute_batch(&format!("DROP {kind} {}", quoted(&existing)))?;
        }
    }
    let existing = columns_in_file(connection, table)?;
    for column in existing.iter().filter(|column| !table.columns.contains(column)) {
        connection.execute_batch(&format!("ALTER TABLE {name} DROP COLUMN {column}"))?;
    }
    for column in table.columns.iter().filter(|column| !existing.contains(column)) {
        connection.execute_batch(&format!("ALTER TABLE {name} ADD COLUMN {column}"))?;
    }
    for words in table.words.iter().flatten() {
        connection.execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {} (word TEXT NOT NULL, id TEXT NOT NULL, \
             PRIMARY KEY (word, id)) WITHOUT ROWID",
            words.name
        ))?;
    }
    for (index, definition) in indexes {
        let index = quoted(&index);
        connection
            .execute_batch(&format!("CREATE INDEX IF NOT EXISTS {index} ON {name} {definition}"))?;
    }
    Ok(())
}

/// Names and definitions. A document without the first field is in no such index: whoever uses it
/// filters or orders by that field, and so does not look for such documents.
fn indexes_of(table: &Table) -> Vec<(String, String)> {
    let column = |field: &str| {
        let position = table.collection.position(field);
        position.map(|position| table.columns[position].as_str())
    };
    let indexes = table.collection.indexes.iter();
    let indexes = indexes.map(|fields| {
        let columns: Vec<_> = fields.iter().filter_map(|field| column(field)).collect();
        // The columns' names say their kinds, so an index over a field of another kind is another
        // index.
        let name = format!("{}:{}", table.collection.name, columns.join(",").replace('"', ""));
        let first = columns.first().copied().unwrap_or("id");
        let definition = format!("({}, id) WHERE {first} IS NOT NULL", columns.join(", "));
        (name, definition)
    });
    indexes.collect()
}

/// Kind and name of every table and index that the program made.
fn schema_objects(connection: &Connection) -> Result<Vec<(String, String)>> {
    let mut statement = connection.prepare(
        "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL \
         ORDER BY type",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// The columns of fields, quoted.
fn columns_in_file(connection: &Connection, table: &Table) -> Result<Vec<String>> {
    let mut statement = connection
        .prepare("SELECT name FROM pragma_table_info(?1) WHERE name LIKE '_\\_%' ESCAPE '\\'")?;
    let rows = statement.query_map([table.collection.name], |row| {
        row.get::<_, String>(0).map(|name| quoted(&name))
    })?;
    rows.collect()
}

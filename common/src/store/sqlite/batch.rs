//! One batch in the writer's open transaction: every condition is checked before anything is
//! written, so that a batch that fails leaves nothing to roll back and the others of its
//! transaction go on. The one exception costs nothing: the first document that must be absent is
//! inserted before all else, and its own insertion tells.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection, Error, Result, ToSql};

use super::Shared;
use super::cache::Content;
use super::schema::{Table, Words};
use super::terms;
use crate::store::{Action, Batch, Expect, Value, Write};

/// What the open transaction has written so far: for each table, each document's content, `None`
/// for a deletion. Only of tables that go through the cache, whose entries it outdates; of the
/// others the file tells.
#[derive(Debug, Default)]
pub(super) struct Written {
    tables: Vec<HashMap<String, Option<Content>>>,
}

impl Written {
    pub(super) fn new(tables: usize) -> Self {
        let tables = (0..tables).map(|_| HashMap::new()).collect();
        Self { tables }
    }

    /// Everything, for the cache. Leaves nothing, but the room.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (u16, String, Option<Content>)> + '_ {
        let tables = (0_u16..).zip(&mut self.tables);
        tables.flat_map(|(table, documents)| {
            documents.drain().map(move |(id, content)| (table, id, content))
        })
    }

    fn version(&self, table: &Table, id: &str) -> Option<Option<u64>> {
        let content = self.tables[usize::from(table.number)].get(id)?;
        Some(content.as_ref().map(|content| content.version))
    }

    fn record(&mut self, table: &Table, id: String, content: Option<Content>) {
        if table.cached {
            self.tables[usize::from(table.number)].insert(id, content);
        }
    }
}

/// The texts of the update statements met so far, by table and changed columns.
pub(super) type Updates = HashMap<(u16, u64), String>;

/// An open transaction.
pub(super) struct Transaction<'a> {
    pub(super) connection: &'a Connection,
    pub(super) shared: &'a Shared,
    pub(super) written: &'a mut Written,
    pub(super) updates: &'a mut Updates,
}

/// A write whose condition holds, with what must be known of the document to do it.
enum Step {
    Insert,
    /// The columns to write, and the words that the document has had in those that hold words.
    Update(u64, Vec<(usize, Vec<String>)>),
    Delete(Vec<(usize, Vec<String>)>),
    /// It is gone, as wanted.
    Nothing,
}

impl Transaction<'_> {
    /// Writes the batch, or nothing where a condition does not hold. Whether it did.
    ///
    /// # Errors
    /// When SQLite fails. The transaction is then of no further use.
    pub(super) fn write(&mut self, batch: Batch) -> Result<bool> {
        let inserts = |write: &Write| {
            write.expect == Expect::Absent && matches!(write.action, Action::Put { .. })
        };
        let first = batch.iter().position(inserts);
        let mut steps = Vec::with_capacity(batch.len());
        for (place, write) in batch.iter().enumerate() {
            let Some(step) = self.check(write, Some(place) == first)? else {
                return Ok(false);
            };
            steps.push(step);
        }
        let mut writes: Vec<_> = batch.into_iter().zip(steps).collect();
        if let Some(first) = first {
            let (write, step) = writes.swap_remove(first);
            if !self.apply(write, step)? {
                return Ok(false);
            }
        }
        for (write, step) in writes {
            if !self.apply(write, step)? {
                // Its condition was checked, and nobody else writes: what the writer believes is
                // wrong.
                return Err(Error::StatementChangedRows(0));
            }
        }
        Ok(true)
    }

    /// What to do for `write`; `None` where its condition does not hold. `unproved` leaves it to
    /// the insertion.
    fn check(&self, write: &Write, unproved: bool) -> Result<Option<Step>> {
        let table = self.shared.table_of(write);
        let known = match self.written.version(table, &write.id) {
            Some(version) => Some(version),
            None => self.shared.documents.version(table.number, &write.id).map(Some),
        };
        let holds = match (write.expect, known) {
            (_, None) => true,
            (Expect::Absent, Some(version)) => version.is_none(),
            (Expect::Version(expected), Some(version)) => version == Some(expected),
        };
        if !holds {
            return Ok(None);
        }
        let fields = match &write.action {
            Action::Put { fields, .. } => Some(fields.as_slice()),
            Action::Delete => None,
        };
        match write.expect {
            Expect::Absent => {
                let step = if fields.is_some() { Step::Insert } else { Step::Nothing };
                if unproved || known.is_some() {
                    return Ok(Some(step));
                }
                let mut current = self.connection.prepare_cached(&table.current)?;
                Ok((!current.exists([&write.id])?).then_some(step))
            }
            Expect::Version(_) if known.is_some() && table.columns.is_empty() => {
                Ok(Some(match fields {
                    Some(_) => Step::Update(0, Vec::new()),
                    None => Step::Delete(Vec::new()),
                }))
            }
            Expect::Version(expected) => self.compare(table, write, expected, fields),
        }
    }

    /// Reads the document's version and columns, and finds which of them `write` changes.
    fn compare(
        &self,
        table: &Table,
        write: &Write,
        expected: u64,
        fields: Option<&[Value]>,
    ) -> Result<Option<Step>> {
        let mut statement = self.connection.prepare_cached(&table.current)?;
        let mut rows = statement.query([&write.id])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        if row.get::<_, i64>(0)?.cast_unsigned() != expected {
            return Ok(None);
        }
        let (mut changed, mut words) = (0_u64, Vec::new());
        for position in 0..table.columns.len() {
            let old = row.get_ref(position + 1)?;
            let same = fields.is_some_and(|fields| is_same(old, &fields[position]));
            if same {
                continue;
            }
            changed |= 1 << position;
            if let (Some(_), ValueRef::Blob(bytes)) = (&table.words[position], old) {
                let had = terms::decode(bytes).map(|word| String::from_utf8_lossy(word).into());
                words.push((position, had.collect()));
            }
        }
        Ok(Some(match fields {
            Some(_) => Step::Update(changed, words),
            None => Step::Delete(words),
        }))
    }

    /// Does a step. `false`, and nothing done, where the document is not as the write expects.
    fn apply(&mut self, write: Write, step: Step) -> Result<bool> {
        let shared = self.shared;
        let table = shared.table_of(&write);
        let content = match (write.action, step) {
            (Action::Put { version, body, fields }, Step::Insert) => {
                let statement = self.connection.prepare_cached(&table.insert)?;
                if !insert(statement, &write.id, version, &body, &fields)? {
                    return Ok(false);
                }
                for (words, value) in table.words.iter().zip(&fields) {
                    self.add_words(words.as_ref(), &write.id, value, &[])?;
                }
                Some(Content { version, body })
            }
            (Action::Put { version, body, fields }, Step::Update(changed, had)) => {
                let document = (write.id.as_str(), write.expect);
                if !self.update(table, document, changed, version, &body, &fields)? {
                    return Ok(false);
                }
                self.update_words(table, &write.id, changed, &had, &fields)?;
                Some(Content { version, body })
            }
            (Action::Delete, Step::Delete(had)) => {
                let mut statement = self.connection.prepare_cached(&table.delete)?;
                if statement.execute((&write.id, version_of(write.expect)))? != 1 {
                    return Ok(false);
                }
                for (position, words) in &had {
                    self.remove_words(table.words[*position].as_ref(), &write.id, words.iter())?;
                }
                None
            }
            (Action::Delete, Step::Nothing) => return Ok(true),
            (Action::Put { .. }, Step::Delete(_) | Step::Nothing) | (Action::Delete, _) => {
                return Ok(false);
            }
        };
        self.written.record(table, write.id, content);
        Ok(true)
    }

    fn update(
        &mut self,
        table: &Table,
        (id, expect): (&str, Expect),
        changed: u64,
        version: u64,
        body: &Bytes,
        fields: &[Value],
    ) -> Result<bool> {
        let text =
            self.updates.entry((table.number, changed)).or_insert_with(|| table.update(changed));
        let mut statement = self.connection.prepare_cached(text)?;
        statement.raw_bind_parameter(1, id)?;
        statement.raw_bind_parameter(2, version_of(expect))?;
        statement.raw_bind_parameter(3, version.cast_signed())?;
        statement.raw_bind_parameter(4, &**body)?;
        let changed =
            fields.iter().enumerate().filter(|(position, _)| changed >> position & 1 == 1);
        for ((_, value), mark) in changed.zip(5_usize..) {
            statement.raw_bind_parameter(mark, Column(value))?;
        }
        Ok(statement.raw_execute()? == 1)
    }

    /// Writes the difference between the words that the document has had and those it has now.
    fn update_words(
        &self,
        table: &Table,
        id: &str,
        changed: u64,
        had: &[(usize, Vec<String>)],
        fields: &[Value],
    ) -> Result<()> {
        for (position, value) in fields.iter().enumerate() {
            let words = table.words[position].as_ref();
            if words.is_none() || changed >> position & 1 == 0 {
                continue;
            }
            let old = had.iter().find(|(place, _)| *place == position);
            let old = old.map_or(&[][..], |(_, words)| words);
            let new: HashSet<&String> = words_in(value).iter().collect();
            self.remove_words(words, id, old.iter().filter(|word| !new.contains(word)))?;
            self.add_words(words, id, value, old)?;
        }
        Ok(())
    }

    /// Adds the words of `value` that are not among `old`.
    fn add_words(
        &self,
        words: Option<&Words>,
        id: &str,
        value: &Value,
        old: &[String],
    ) -> Result<()> {
        let Some(words) = words else {
            return Ok(());
        };
        let old: HashSet<&String> = old.iter().collect();
        let mut statement = self.connection.prepare_cached(&words.insert)?;
        for word in words_in(value).iter().filter(|word| !old.contains(word)) {
            statement.execute((word, id))?;
        }
        Ok(())
    }

    fn remove_words<'w>(
        &self,
        words: Option<&Words>,
        id: &str,
        gone: impl Iterator<Item = &'w String>,
    ) -> Result<()> {
        let Some(words) = words else {
            return Ok(());
        };
        let mut statement = self.connection.prepare_cached(&words.delete)?;
        for word in gone {
            statement.execute((word, id))?;
        }
        Ok(())
    }
}

fn insert(
    mut statement: CachedStatement<'_>,
    id: &str,
    version: u64,
    body: &Bytes,
    fields: &[Value],
) -> Result<bool> {
    statement.raw_bind_parameter(1, id)?;
    statement.raw_bind_parameter(2, version.cast_signed())?;
    statement.raw_bind_parameter(3, &**body)?;
    for (value, mark) in fields.iter().zip(4_usize..) {
        statement.raw_bind_parameter(mark, Column(value))?;
    }
    Ok(statement.raw_execute()? == 1)
}

fn words_in(value: &Value) -> &[String] {
    match value {
        Value::Terms(words) => words,
        Value::Absent | Value::Integer(_) | Value::Text(_) => &[],
    }
}

fn version_of(expect: Expect) -> Option<i64> {
    match expect {
        Expect::Absent => None,
        Expect::Version(version) => Some(version.cast_signed()),
    }
}

/// Whether a column holds what it would be given for `value`.
fn is_same(column: ValueRef<'_>, value: &Value) -> bool {
    match (column, value) {
        (ValueRef::Null, Value::Absent) => true,
        (ValueRef::Integer(old), Value::Integer(new)) => old == *new,
        (ValueRef::Text(old), Value::Text(new)) => old == new.as_bytes(),
        (ValueRef::Blob(old), Value::Terms(new)) => {
            terms::decode(old).eq(new.iter().map(|word| word.as_bytes()))
        }
        _ => false,
    }
}

/// A field's value as its column holds it.
struct Column<'a>(&'a Value);

impl ToSql for Column<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            Value::Absent => ToSqlOutput::Borrowed(ValueRef::Null),
            Value::Integer(number) => ToSqlOutput::Borrowed(ValueRef::Integer(*number)),
            Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Value::Terms(words) => terms::encode(words).into(),
        })
    }
}

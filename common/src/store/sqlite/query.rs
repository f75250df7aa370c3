//! A [`Query`] as SQL.
//!
//! An index is of use as it stands for filters by equality, one range and the order. Words are
//! different: a rare word should be looked up and its few documents sorted, a common one should be
//! checked while the order's index is walked, which meets enough such documents soon. SQLite does
//! not know which is which, so the reader counts the word's documents up to [`COMMON_WORD`] and
//! says ([`Plan`]).

use rusqlite::types::Value as SqlValue;

use super::schema::{Table, Words};
use super::terms;
use crate::store::{Filter, MAX_PAGE, Position, Query, Value};

/// A word with this many documents is common. Sorting fewer takes some milliseconds, as does
/// walking a million documents until a page of those with the word is full.
pub(super) const COMMON_WORD: u32 = 5_000;

/// A statement with its parameters.
#[derive(Debug, PartialEq)]
pub(super) struct Sql {
    pub(super) text: String,
    pub(super) parameters: Vec<SqlValue>,
}

/// How the documents of a query are come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// Through the table's indexes.
    Indexes,
    /// From those that have the word of the filter at this place in [`Query::filters`].
    Word(usize),
}

impl Sql {
    /// A number for the next parameter.
    fn mark(&mut self, value: impl Into<SqlValue>) -> String {
        self.parameters.push(value.into());
        format!("?{}", self.parameters.len())
    }
}

/// The condition that `word` is (or, with `prefix`, starts with) this one.
fn word_condition(sql: &mut Sql, word: &str, prefix: bool) -> String {
    if !prefix {
        return format!("word = {}", sql.mark(word.to_owned()));
    }
    let mut condition = format!("word >= {}", sql.mark(word.to_owned()));
    if let Some(end) = terms::end_of_prefix(word) {
        condition += &format!(" AND word < {}", sql.mark(end));
    }
    condition
}

/// The side table that a filter by word looks in.
fn words_of<'a>(table: &'a Table, field: &str) -> Option<&'a Words> {
    let position = table.collection.position(field)?;
    table.words.get(position)?.as_ref()
}

/// For each filter by word: its place, and a statement that counts what it finds, up to
/// [`COMMON_WORD`].
pub(super) fn counts(table: &Table, query: &Query) -> Vec<(usize, Sql)> {
    let filters = query.filters.iter().enumerate();
    let counts = filters.filter_map(|(place, filter)| {
        let Filter::Term { field, word, prefix } = filter else {
            return None;
        };
        let words = words_of(table, field)?;
        let mut sql = Sql { text: String::new(), parameters: Vec::new() };
        let condition = word_condition(&mut sql, word, *prefix);
        sql.text = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} WHERE {condition} LIMIT {COMMON_WORD})",
            words.name
        );
        Some((place, sql))
    });
    counts.collect()
}

/// The statement whose rows are id, version, body and the order's value; `None` where nothing can
/// be found.
pub(super) fn select(table: &Table, query: &Query, plan: Plan) -> Option<Sql> {
    let limit = i64::try_from(query.limit.min(MAX_PAGE)).ok()?;
    if limit == 0 {
        return None;
    }
    let order = match query.order.field {
        None => None,
        Some(field) => Some(column_of(table, field)?),
    };
    let mut sql = Sql { text: String::new(), parameters: Vec::new() };
    let mut from = format!("{} AS t", table.name);
    let mut conditions = Vec::new();
    for (place, filter) in query.filters.iter().enumerate() {
        if plan == Plan::Word(place) {
            from = driven_by(&mut sql, table, filter)?;
        } else {
            conditions.push(condition(&mut sql, table, filter)?);
        }
    }
    if let Some(column) = &order {
        conditions.push(format!("{column} IS NOT NULL"));
    }
    let (sign, direction) = if query.order.descending { ('<', "DESC") } else { ('>', "ASC") };
    if let Some(after) = &query.after {
        conditions.extend(position_condition(&mut sql, order.as_deref(), sign, after)?);
    }
    let wanted = order.as_deref().unwrap_or("NULL");
    let mut text = format!("SELECT t.id, t.version, t.body, {wanted} FROM {from}");
    if !conditions.is_empty() {
        text += " WHERE ";
        text += &conditions.join(" AND ");
    }
    text += " ORDER BY ";
    if let Some(column) = &order {
        text += &format!("{column} {direction}, ");
    }
    text += &format!("t.id {direction} LIMIT {}", sql.mark(limit));
    sql.text = text;
    Some(sql)
}

/// The column of a field that is a single value.
fn column_of(table: &Table, field: &str) -> Option<String> {
    let position = table.collection.position(field)?;
    let is_single = table.words.get(position)?.is_none();
    is_single.then(|| format!("t.{}", table.columns[position]))
}

/// The documents with a word, in whichever order, and only then their rows: CROSS JOIN keeps it
/// that way round.
fn driven_by(sql: &mut Sql, table: &Table, filter: &Filter) -> Option<String> {
    let Filter::Term { field, word, prefix } = filter else {
        return None;
    };
    let words = &words_of(table, field)?.name;
    let condition = word_condition(sql, word, *prefix);
    // Two words with the same start may find the same document.
    let select = if *prefix { "SELECT DISTINCT" } else { "SELECT" };
    Some(format!(
        "({select} id FROM {words} WHERE {condition}) AS w CROSS JOIN {} AS t ON t.id = w.id",
        table.name
    ))
}

/// A filter as a condition on `t`; `None` where nothing can meet it.
fn condition(sql: &mut Sql, table: &Table, filter: &Filter) -> Option<String> {
    match filter {
        Filter::Equals(field, value) => compare(sql, table, field, "=", value),
        // Whatever is there is at least nothing.
        Filter::AtLeast(field, Value::Absent) => {
            Some(format!("{} IS NOT NULL", column_of(table, field)?))
        }
        Filter::AtLeast(field, value) => compare(sql, table, field, ">=", value),
        Filter::AtMost(field, value) => compare(sql, table, field, "<=", value),
        Filter::Term { field, word, prefix } => {
            words_of(table, field)?;
            let column = &table.columns[table.collection.position(field)?];
            let (word, prefix) = (sql.mark(word.clone()), sql.mark(*prefix));
            Some(format!("has_word(t.{column}, {word}, {prefix})"))
        }
        Filter::Ids(from, to) => {
            let (from, to) = (sql.mark(from.clone()), sql.mark(to.clone()));
            Some(format!("t.id >= {from} AND t.id < {to}"))
        }
    }
}

fn compare(sql: &mut Sql, table: &Table, field: &str, sign: &str, value: &Value) -> Option<String> {
    let column = column_of(table, field)?;
    Some(format!("{column} {sign} {}", sql.mark(single(value)?)))
}

/// What a page after `after` must meet: nothing (`Some(None)`), a condition, or the impossible
/// (`None`).
fn position_condition(
    sql: &mut Sql,
    order: Option<&str>,
    sign: char,
    after: &Position,
) -> Option<Option<String>> {
    let Some(column) = order else {
        return Some(Some(format!("t.id {sign} {}", sql.mark(after.id.clone()))));
    };
    if after.value == Value::Absent {
        // Before all that have a value: where the greatest come first, nothing follows.
        return (sign == '>').then_some(None);
    }
    let value = sql.mark(single(&after.value)?);
    let id = sql.mark(after.id.clone());
    Some(Some(format!("({column}, t.id) {sign} ({value}, {id})")))
}

/// A value that a column can be compared with.
fn single(value: &Value) -> Option<SqlValue> {
    match value {
        Value::Integer(number) => Some(SqlValue::Integer(*number)),
        Value::Text(text) => Some(SqlValue::Text(text.clone())),
        Value::Absent | Value::Terms(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Collection, Field, Kind, Order};
    use rusqlite::{Connection, params_from_iter};

    static SHOP: Collection = Collection {
        name: "shop",
        fields: &[
            Field { name: "seller", kind: Kind::Text },
            Field { name: "sale", kind: Kind::Integer },
            Field { name: "created", kind: Kind::Integer },
            Field { name: "price", kind: Kind::Integer },
            Field { name: "due", kind: Kind::Integer },
            Field { name: "words", kind: Kind::Terms },
        ],
        indexes: &[
            &["sale", "created"],
            &["sale", "price"],
            &["seller", "created"],
            &["seller"],
            &["due"],
        ],
    };

    /// What SQLite says it would do, in one line.
    fn explained(filters: &[Filter], field: Option<&'static str>, page: u8, plan: Plan) -> String {
        let table = Table::new(&SHOP, 0, true);
        let mut connection = Connection::open_in_memory().unwrap();
        terms::define(&connection).unwrap();
        crate::store::sqlite::schema::migrate(&mut connection, &[table]).unwrap();
        let value = if field.is_some() { Value::Integer(7) } else { Value::Absent };
        let query = Query {
            collection: &SHOP,
            filters: filters.to_vec(),
            order: Order { field, descending: page % 2 == 1 },
            after: (page > 1).then(|| Position { value, id: "x".to_owned() }),
            limit: 50,
        };
        let sql = select(&Table::new(&SHOP, 0, true), &query, plan).unwrap();
        let mut statement =
            connection.prepare(&format!("EXPLAIN QUERY PLAN {}", sql.text)).unwrap();
        let rows = statement
            .query_map(params_from_iter(sql.parameters), |row| row.get::<_, String>("detail"));
        rows.unwrap().collect::<Result<Vec<_>, _>>().unwrap().join("; ")
    }

    fn number(number: i64) -> Value {
        Value::Integer(number)
    }

    fn word(prefix: bool) -> Filter {
        Filter::Term { field: "words", word: "rock".to_owned(), prefix }
    }

    /// First pages and later ones, in both directions, come from the index in its order: nothing is
    /// sorted and nothing is read that is not asked for.
    #[test]
    fn filters_and_orders_that_an_index_covers_walk_it() {
        let seller = Filter::Equals("seller", Value::Text("me".to_owned()));
        let on_sale = Filter::Equals("sale", number(1));
        let between = [Filter::AtLeast("price", number(1)), Filter::AtMost("price", number(9))];
        let priced = [on_sale.clone(), between[0].clone(), between[1].clone()];
        let ids = [Filter::Ids("a".to_owned(), "b".to_owned())];
        let one = std::slice::from_ref;
        let cases: [(&[Filter], Option<&'static str>, &str, &str); 8] = [
            (one(&on_sale), Some("created"), "INDEX shop:i_sale,i_created", "i_sale=?"),
            (&priced, Some("price"), "INDEX shop:i_sale,i_price", "i_sale=? AND"),
            (one(&seller), Some("created"), "INDEX shop:s_seller,i_created", "s_seller=?"),
            (one(&seller), None, "INDEX shop:s_seller", "s_seller=?"),
            (&[Filter::AtMost("due", number(5))], Some("due"), "INDEX shop:i_due", "i_due"),
            (&[], Some("due"), "INDEX shop:i_due", "i_due"),
            (&ids, None, "PRIMARY KEY", "id>? AND id<?"),
            (&[on_sale.clone(), word(true)], Some("created"), "shop:i_sale,i_created", "i_sale=?"),
        ];
        for (filters, field, index, range) in cases {
            for page in 0..4 {
                let plan = explained(filters, field, page, Plan::Indexes);
                let how = format!("{filters:?} by {field:?}, page {page}: {plan}");
                assert!(plan.starts_with("SEARCH t USING"), "{how}");
                assert!(plan.contains(&format!("{index} (")) && plan.contains(range), "{how}");
                assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{how}");
            }
        }
    }

    #[test]
    fn a_rare_word_is_looked_up_and_its_documents_with_it() {
        for prefix in [false, true] {
            let filters = [Filter::Equals("sale", number(1)), word(prefix)];
            for field in [None, Some("created")] {
                let plan = explained(&filters, field, 3, Plan::Word(1));
                assert!(plan.contains("SEARCH shop:words USING PRIMARY KEY (word"), "{plan}");
                assert!(plan.contains("SEARCH t USING"), "{plan}");
                assert!(plan.contains("id=?") && !plan.contains("SCAN t"), "{plan}");
            }
        }
    }
}

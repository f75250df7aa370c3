import { addressOf, narrowed, type Search } from '@/lib/browse'
import styles from './browse.module.css'

/** The top of the front page: a plain GET form, so that every search has an address and needs no scripts. */
export function SearchForm({ search }: { search: Search }) {
  const filtered = Boolean(search.from || search.to || search.min || search.max)
  return (
    <section className={styles.curtain} aria-labelledby="browse-title">
      <h1 className={styles.title} id="browse-title">
        Find your seat.
      </h1>
      <p className={styles.lead}>Pick a ticket, and it is held for you while you pay.</p>
      <search className={styles.search}>
        <form action="/" method="get">
          <div className={styles.words}>
            <label className="hidden" htmlFor="browse-q">
              Event or venue
            </label>
            <input
              className={styles.input}
              id="browse-q"
              name="q"
              type="search"
              placeholder="Event or venue"
              defaultValue={search.q}
              maxLength={200}
              enterKeyHint="search"
            />
            <button className={styles.go} type="submit">
              Search
            </button>
          </div>
          <details className={styles.filters} open={filtered}>
            <summary className={styles.summary}>Date and price</summary>
            <div className={styles.fields}>
              <Filter label="From" name="from" type="date" value={search.from} />
              <Filter label="Until" name="to" type="date" value={search.to} />
              <Filter label="Lowest price" name="min" value={search.min} />
              <Filter label="Highest price" name="max" value={search.max} />
            </div>
          </details>
          {search.sort ? <input type="hidden" name="sort" value={search.sort} /> : null}
        </form>
      </search>
      {narrowed(search) ? (
        <a
          className={styles.clear}
          href={addressOf(search, { q: '', from: '', to: '', min: '', max: '' })}
        >
          Show all tickets
        </a>
      ) : null}
    </section>
  )
}

function Filter({
  label,
  name,
  value,
  type = 'text',
}: {
  label: string
  name: string
  value: string
  type?: 'text' | 'date'
}) {
  return (
    <div className={styles.filter}>
      <label htmlFor={`browse-${name}`}>{label}</label>
      <input
        className={styles.input}
        id={`browse-${name}`}
        name={name}
        type={type}
        inputMode={type === 'text' ? 'decimal' : undefined}
        pattern={type === 'text' ? '\\d{1,7}([.,]\\d{1,3})?' : undefined}
        title={type === 'text' ? 'An amount, such as 20 or 20.50' : undefined}
        autoComplete="off"
        defaultValue={value}
      />
    </div>
  )
}

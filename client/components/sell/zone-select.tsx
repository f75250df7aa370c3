'use client'

import { useEffect, useId, useRef } from 'react'
import { zoneParts } from '@/lib/zones'
import { useForm } from '../form/form'
import styles from '../form/form.module.css'

/**
 * The time zone of the place. Where nothing is chosen yet, the browser's own; without scripts one has to say it, since
 * a guess that nobody looks at would be worse.
 */
export function ZoneSelect({
  name,
  zones,
  renamed,
}: {
  name: string
  zones: string
  /** Names that a browser may still say, and what the places go by now. */
  renamed: Record<string, string>
}) {
  const { state } = useForm()
  const id = useId()
  const select = useRef<HTMLSelectElement>(null)
  const fault = state.fields[name]
  const value = state.values[name] ?? ''
  const known = zones.split(' ')

  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt makes the select anew
  useEffect(() => {
    if (select.current?.value !== '') return
    const said = Intl.DateTimeFormat().resolvedOptions().timeZone
    const own = renamed[said] ?? said
    if (!zones.split(' ').includes(own)) return
    select.current.value = own
    select.current.dispatchEvent(new Event('change', { bubbles: true }))
  }, [zones, renamed, state.attempt])

  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        Time zone of the place
      </label>
      <select
        key={state.attempt}
        ref={select}
        className={styles.input}
        id={id}
        name={name}
        defaultValue={value}
        aria-invalid={fault ? true : undefined}
        aria-describedby={fault ? `${id}-fault` : undefined}
      >
        <option value="">Choose…</option>
        {value && !known.includes(value) ? <option value={value}>{value}</option> : null}
        {regionsOf(known).map(([region, places]) => (
          <optgroup key={region} label={region}>
            {places.map((zone) => (
              <option key={zone} value={zone}>
                {zoneParts(zone).place}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      {fault ? (
        <p className={styles.fault} id={`${id}-fault`}>
          <span aria-hidden="true" className={styles.faultMark}>
            !
          </span>
          {fault}
        </p>
      ) : null}
    </div>
  )
}

function regionsOf(zones: string[]): [region: string, zones: string[]][] {
  const regions = new Map<string, string[]>()
  for (const zone of zones) {
    const { region } = zoneParts(zone)
    regions.set(region, [...(regions.get(region) ?? []), zone])
  }
  return [...regions]
}

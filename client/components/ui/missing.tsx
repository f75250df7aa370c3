import { ButtonLink } from './button-link'
import { Empty } from './empty'

/**
 * What is not there, or not any more. Pages show this instead of calling `notFound()`, whose page is built by scripts
 * alone; the status 404 is set by `proxy.ts`.
 */
export function Missing() {
  return (
    <Empty title="There is nothing here" level={1}>
      <p>The page may have moved, or the ticket was withdrawn by its seller.</p>
      <ButtonLink href="/">Browse tickets</ButtonLink>
    </Empty>
  )
}

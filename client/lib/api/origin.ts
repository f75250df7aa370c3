/** Where the API is. Read at each call, since one build runs anywhere. */
export function apiOrigin(): string {
  return process.env.TICKETING_API ?? 'http://127.0.0.1:3000'
}

/** What the list marks its rows with, so that `Watch` finds them. */
export const WATCHED = 'data-watched'

import localFont from 'next/font/local'

/*
 * Both come from packages and are served by ourselves. `optional`: where they are not there at once, the page keeps the
 * system's own type rather than shift under the reader.
 */
export const display = localFont({
  src: '../node_modules/@fontsource-variable/bricolage-grotesque/files/bricolage-grotesque-latin-wght-normal.woff2',
  weight: '200 800',
  display: 'optional',
  variable: '--font-display',
  adjustFontFallback: 'Arial',
})

export const text = localFont({
  src: '../node_modules/@fontsource-variable/instrument-sans/files/instrument-sans-latin-wght-normal.woff2',
  weight: '400 700',
  display: 'optional',
  variable: '--font-text',
  adjustFontFallback: 'Arial',
})

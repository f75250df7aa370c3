import type { MetadataRoute } from 'next'

export default function manifest(): MetadataRoute.Manifest {
  return {
    name: 'Ticketing',
    short_name: 'Ticketing',
    description: 'Tickets from people to people.',
    start_url: '/',
    display: 'standalone',
    background_color: '#fdf7f3',
    theme_color: '#2b1220',
    icons: [{ src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' }],
  }
}

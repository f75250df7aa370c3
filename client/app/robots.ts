import type { MetadataRoute } from 'next'
import { siteOrigin } from '@/lib/site'

export default async function robots(): Promise<MetadataRoute.Robots> {
  return {
    rules: {
      userAgent: '*',
      disallow: ['/api/', '/orders', '/account', '/my-tickets', '/sell', '/signin', '/signup'],
    },
    sitemap: new URL('/sitemap.xml', await siteOrigin()).href,
  }
}

import type { Metadata } from 'next'
import { Results } from '@/components/browse/results'
import { SearchForm } from '@/components/browse/search-form'
import { addressOf, narrowed, searchOf } from '@/lib/browse'

export async function generateMetadata({ searchParams }: PageProps<'/'>): Promise<Metadata> {
  const search = searchOf(await searchParams)
  return {
    ...(search.q ? { title: `Tickets for “${search.q}”` } : {}),
    alternates: { canonical: addressOf({ ...search, cursor: '' }) },
    robots: narrowed(search) || search.cursor ? { index: false, follow: true } : undefined,
  }
}

export default async function BrowsePage({ searchParams }: PageProps<'/'>) {
  const search = searchOf(await searchParams)
  return (
    <>
      <SearchForm search={search} />
      <Results search={search} />
    </>
  )
}

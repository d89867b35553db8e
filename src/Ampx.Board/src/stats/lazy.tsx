import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';

/** Few look at it, so it comes when it is asked for. */
export function Statistics() {
  const [Page, setPage] = useState<FunctionComponent | null>(null);
  useEffect(() => { void import('./StatisticsPage').then(page => setPage(() => page.StatisticsPage)); }, []);
  return Page ? <Page /> : <p class="dim loading" role="status">Loading…</p>;
}

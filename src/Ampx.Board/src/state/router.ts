import { computed, signal } from '@preact/signals';

const here = signal(new URL(location.href));

addEventListener('popstate', () => { here.value = new URL(location.href); });

export type Place = { page: 'list' } | { page: 'statistics' } | { page: 'task'; id: string };

export const place = computed<Place>(() => {
  const path = here.value.pathname;
  if (path.startsWith('/t/')) return { page: 'task', id: decodeURIComponent(path.slice(3)) };
  return path === '/statistics' ? { page: 'statistics' } : { page: 'list' };
});

/** The query, kept in the URL so that it can be linked to. */
export const query = computed(() => here.value.searchParams);

export function go(to: string): void {
  if (to === here.value.pathname + here.value.search) return;
  history.pushState(null, '', to);
  here.value = new URL(location.href);
  scrollTo(0, 0);
}

/** Changes parts of the query in place; an empty one goes. */
export function put(changes: Record<string, string | null>): void {
  const url = new URL(here.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }

  history.replaceState(null, '', url);
  here.value = url;
}

/** Links of the board are followed without loading the page anew. */
export function followLinks(click: MouseEvent): void {
  if (click.defaultPrevented || click.button !== 0 || click.metaKey || click.ctrlKey || click.shiftKey || click.altKey) return;
  const link = (click.target as Element).closest('a');
  if (!link || link.target || link.origin !== location.origin || !/^\/($|t\/|statistics$)/.test(link.pathname)) return;
  click.preventDefault();
  go(link.pathname + link.search);
}

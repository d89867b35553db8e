import { useEffect } from 'preact/hooks';
import { reconnecting } from './api/stream';
import { AbortDialog, ContinueDialog, MergeDialog, StartDialog } from './dialogs/orders';
import { Help } from './dialogs/Help';
import { dialog, told } from './dialogs/open';
import { ListPage } from './list/ListPage';
import { SignIn } from './SignIn';
import { ask, caller, signOut, trouble, whyNotAllowed } from './state/session';
import { followLinks, go, place } from './state/router';
import { nextTheme, theme } from './state/theme';
import { Statistics } from './stats/lazy';
import { TaskPage } from './task/TaskPage';
import { Action, Trouble } from './ui/parts';
import { useKeys } from './ui/keys';

export function App() {
  useEffect(() => {
    document.addEventListener('click', followLinks);
    return () => document.removeEventListener('click', followLinks);
  }, []);
  useEffect(() => {
    if (!trouble.value) return;
    const again = setTimeout(() => void ask(), 2000);
    return () => clearTimeout(again);
  }, [trouble.value]);

  if (caller.value === undefined) return trouble.value ? <main class="plain"><h1>Ampx</h1><Trouble problem={trouble.value} /><p class="dim">Trying again…</p></main> : null;
  if (caller.value === null) return <SignIn />;
  return <Board />;
}

function Board() {
  const at = place.value;
  useKeys({
    n: () => { if (!whyNotAllowed()) dialog.value = { name: 'start' }; },
    '?': () => { dialog.value = { name: 'help' }; },
    t: nextTheme,
    Escape: () => { if (at.page !== 'list') go(backToList()); },
  });
  return (
    <>
      <a class="skip" href="#main">To the content</a>
      <Header />
      <main id="main" tabIndex={-1}>
        {at.page === 'list' ? <ListPage /> : at.page === 'statistics' ? <Statistics /> : <TaskPage key={at.id} id={at.id} />}
      </main>
      <OpenDialog />
      <div class="toast" role="status" aria-live="polite">{told.value}</div>
    </>
  );
}

let lastList = '/';

/** The list as it was filtered. */
export function backToList(): string {
  return lastList;
}

function Header() {
  const at = place.value;
  if (at.page === 'list') lastList = location.pathname + location.search;
  const page = (name: typeof at.page) => (at.page === name ? 'page' : undefined);
  return (
    <header class="top">
      <a class="brand" href={at.page === 'list' ? '/' : lastList} aria-label="Ampx, to the tasks"><Logo /><span>Ampx</span></a>
      <nav aria-label="Pages">
        <a href={at.page === 'list' ? '/' : lastList} aria-current={page('list')}>Tasks</a>
        <a href="/statistics" aria-current={page('statistics')}>Statistics</a>
      </nav>
      <span class="quiet" role="status">{reconnecting.value > 0 && <><span class="pulse" aria-hidden="true" />Reconnecting…</>}</span>
      <Action label="New task" kind="primary" keys="n" why={whyNotAllowed()} onClick={() => { dialog.value = { name: 'start' }; }} />
      <button type="button" class="icon" aria-label={`Colours: ${theme.value}. Change`} title={`Colours: ${theme.value} (t)`} onClick={nextTheme}>{theme.value === 'auto' ? '◐' : theme.value === 'dark' ? '☾' : '☀'}</button>
      <button type="button" class="icon" aria-label="Keys" title="Keys (?)" onClick={() => { dialog.value = { name: 'help' }; }}>?</button>
      <details class="menu">
        <summary aria-label={`Signed in as ${caller.value?.name}`}>{caller.value?.name.slice(0, 1).toUpperCase()}</summary>
        <div>
          <p><strong>{caller.value?.name}</strong><br /><span class="dim">{caller.value?.role}</span></p>
          <a href="/dashboard">Orleans Dashboard</a>
          <a href="/docs">REST interface</a>
          <button type="button" class="link" onClick={() => void signOut()}>Sign out</button>
        </div>
      </details>
    </header>
  );
}

const Logo = () => (
  <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true"><rect width="32" height="32" rx="8" /><path d="M8 22 16 8l8 14M11.5 18h9" /></svg>
);

function OpenDialog() {
  const open = dialog.value;
  switch (open?.name) {
    case 'start': return <StartDialog />;
    case 'help': return <Help />;
    case 'continue': return <ContinueDialog task={open.task} />;
    case 'abort': return <AbortDialog task={open.task} />;
    case 'merge': return <MergeDialog task={open.task} />;
    default: return null;
  }
}

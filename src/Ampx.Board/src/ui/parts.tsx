import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/client';
import type { Status as StatusName } from '../api/types';
import { now } from '../state/clock';
import { exact, relative, safeLink, word } from './words';

const marks: Record<StatusName, string> = { queued: '○', running: '▶', retrying: '↻', needs_review: '!', success: '✓', aborted: '■', error: '✕' };

/** A status, told by shape and word as well as by colour. */
export const StatusPill = ({ status, text }: { status: StatusName; text?: string }) => (
  <span class={`pill status-${status}`}><span aria-hidden="true" class="mark">{marks[status]}</span>{text ?? word(status)}</span>
);

/** How long ago, exactly on hover. */
export function Ago({ time }: { time: string }) {
  return <time dateTime={time} title={exact(time)}>{relative(Date.parse(time), now.value)}</time>;
}

/** A link to elsewhere. */
export function Away({ href, children, label }: { href: string | null | undefined; children: ComponentChildren; label?: string }) {
  const link = safeLink(href);
  return link ? <a href={link} target="_blank" rel="noreferrer noopener" aria-label={label}>{children}<span aria-hidden="true" class="away">↗</span></a> : <span>{children}</span>;
}

/** What went wrong, in place. */
export const Trouble = ({ problem, children }: { problem: Problem; children?: ComponentChildren }) => (
  <div class="trouble" role="alert"><strong>{word(problem.code)}</strong><span>{problem.message}</span>{children}</div>
);

/** A button that says why it can't be used, to the mouse and to screen readers. */
export function Action(props: { label: string; why: string | null; onClick: () => void; kind?: 'primary' | 'danger'; keys?: string }) {
  const { label, why, onClick, kind = '', keys } = props;
  return (
    <button type="button" class={`button ${kind}`} aria-disabled={why !== null} aria-keyshortcuts={keys}
      title={why ?? undefined} aria-description={why ?? undefined} onClick={() => { if (why === null) onClick(); }}>
      {label}
    </button>
  );
}

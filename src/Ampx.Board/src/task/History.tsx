import type { TimelineEntry } from '../api/types';
import { StatusPill } from '../ui/parts';
import { capital, exact, phaseWords, span, word } from '../ui/words';

/** Every change, newest first. */
export const History = ({ timeline }: { timeline: TimelineEntry[] }) => (
  <ol class="history" reversed>
    {timeline.map((entry, i) => ({ entry, after: i > 0 ? Date.parse(entry.time) - Date.parse(timeline[i - 1].time) : null })).reverse().map(({ entry, after }) => (
      <li key={entry.seq}>
        <time dateTime={entry.time} title={exact(entry.time)}>{new Date(entry.time).toLocaleTimeString('en-GB')}</time>
        <span class="dim after">{after === null ? '' : `+${span(after)}`}</span>
        <StatusPill status={entry.status} />
        <span class="cause"><strong>{capital(word(entry.cause))}</strong> <span class="dim">by {entry.by} · {phaseWords[entry.phase]}{entry.attempt > 0 && ` · attempt ${entry.attempt}`}</span>{entry.detail && <span class="detail">{entry.detail}</span>}</span>
      </li>
    ))}
  </ol>
);

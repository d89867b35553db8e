import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { api, Problem } from '../../api/client';
import { follow } from '../../api/stream';
import type { LogEntry, Status } from '../../api/types';
import { perFrame } from '../../state/frames';
import { Trouble } from '../../ui/parts';
import { count, exact, word } from '../../ui/words';
import { useKeys } from '../../ui/keys';
import { Lines, sources, type LineFilter } from './lines';

const rowHeight = 20, firstPage = 1000, olderPage = 5000, most = 250_000;

/** A task's log as it grows; only the rows in sight are there. */
export function LogView({ id, attempts, live }: { id: string; attempts: number; live: boolean }) {
  const [lines] = useState(() => new Lines());
  const [, draw] = useState(0);
  const redraw = () => draw(n => n + 1);
  const [filter, setFilter] = useState<LineFilter>({ sources, attempt: 0, text: '' });
  const [following, setFollowing] = useState(true);
  const [wrapped, setWrapped] = useState(true);
  const [state, setState] = useState<'loading' | 'live' | Status>('loading');
  const [problem, setProblem] = useState<Problem | null>(null);
  const [followed, setFollowed] = useState(0);
  const scroller = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const lastTop = useRef(0);

  useEffect(() => {
    const over = new AbortController();
    const take = perFrame<LogEntry[]>(batches => {
      for (const batch of batches) lines.append(batch);
      redraw();
    });
    const older = async () => {
      // From the end backwards, so that what is looked at first is there first.
      while (!over.signal.aborted && lines.first !== null && lines.first > 1 && lines.total < most) {
        const after = Math.max(0, lines.first - 1 - olderPage);
        const page = await api.logs(id, `after=${after}&limit=${lines.first - 1 - after}`, over.signal);
        if (over.signal.aborted || page.length === 0) return;
        const added = lines.prepend(page);
        const at = scroller.current;
        redraw();
        if (at) { lastTop.current = at.scrollTop + added * rowHeight; keep.current = lastTop.current; }
        await new Promise(go => setTimeout(go));
      }
    };
    const run = async () => {
      take(await api.logs(id, `tail=${firstPage}`, over.signal));
      await new Promise(go => requestAnimationFrame(go));
      if (over.signal.aborted) return;
      setFollowed(1);
      await older();
    };
    run().catch(no => {
      if (over.signal.aborted) return;
      if (no instanceof Problem) setProblem(no);
      else throw no;
    });
    return () => over.abort();
  }, [id]);

  useEffect(() => {
    if (followed === 0) return;
    setState('live');
    const take = perFrame<LogEntry[]>(batches => {
      for (const batch of batches) lines.append(batch);
      redraw();
    });
    return follow(lastId => `/tasks/${encodeURIComponent(id)}/logs/stream?after=${lastId ?? lines.last}`, events => {
      const entries: LogEntry[] = [];
      let ended = false;
      for (const { event, data } of events) {
        if (event === 'log') entries.push(JSON.parse(data));
        else if (event === 'end') { ended = true; setState(JSON.parse(data).status); }
      }

      if (entries.length > 0) take(entries);
      return ended;
    }, setProblem);
  }, [id, followed]);

  // A task that is continued goes on where its log has ended.
  useEffect(() => { if (live && state !== 'live' && state !== 'loading') setFollowed(followed + 1); }, [live, state]);

  // Where the older lines that came push it to; set once the height is there.
  const keep = useRef<number | null>(null);

  useLayoutEffect(() => {
    const box = scroller.current!;
    const measure = () => {
      const letter = probe.current!.getBoundingClientRect().width / 100;
      const room = box.clientWidth - probe.current!.offsetLeft - 12;
      lines.wrap(wrapped && letter > 0 ? Math.max(20, Math.floor(room / letter)) : 0);
      redraw();
    };
    measure();
    const sized = new ResizeObserver(measure);
    sized.observe(box);
    return () => sized.disconnect();
  }, [wrapped]);

  useLayoutEffect(() => {
    const box = scroller.current!;
    if (following) box.scrollTop = box.scrollHeight;
    else if (keep.current !== null) box.scrollTop = keep.current;
    keep.current = null;
    lastTop.current = box.scrollTop;
  });

  function onScroll() {
    const box = scroller.current!;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < rowHeight * 2;
    if (atEnd && box.scrollTop >= lastTop.current) setFollowing(true);
    else if (box.scrollTop < lastTop.current - 1) setFollowing(false);
    lastTop.current = box.scrollTop;
    redraw();
  }

  const choose = (change: Partial<LineFilter>) => {
    const next = { ...filter, ...change };
    lines.select(next);
    setFilter(next);
  };
  const toggle = (source: string) => {
    const on = filter.sources.includes(source) ? filter.sources.filter(other => other !== source) : [...filter.sources, source];
    choose({ sources: on });
  };
  useKeys({ f: () => setFollowing(!following), '/': () => document.querySelector<HTMLInputElement>('#log-search')?.focus() });

  const view = scroller.current;
  const height = view?.clientHeight ?? 600;
  const top = following ? Math.max(0, lines.rows * rowHeight - height) : keep.current ?? view?.scrollTop ?? 0;
  const first = Math.max(0, Math.floor(top / rowHeight) - 10);
  const last = Math.min(lines.rows, Math.ceil((top + height) / rowHeight) + 10);
  const rows = [];
  for (let i = first; i < last; i++) rows.push(<Row key={i} index={i} {...lines.row(i)} />);

  return (
    <div class="log">
      <div class="log-tools">
        <div class="chips" role="group" aria-label="Sources">
          {sources.map(source => <button key={source} type="button" class={`chip source-${source}`} aria-pressed={filter.sources.includes(source)} onClick={() => toggle(source)}>{source}</button>)}
        </div>
        {attempts > 1 && (
          <label><span class="visually-hidden">Attempt</span>
            <select value={filter.attempt} onChange={event => choose({ attempt: Number(event.currentTarget.value) })}>
              <option value={0}>All attempts</option>
              {Array.from({ length: attempts }, (_, i) => <option key={i} value={i + 1}>Attempt {i + 1}</option>)}
            </select>
          </label>
        )}
        <input id="log-search" type="search" placeholder="Only lines with  /" aria-label="Only lines with" onInput={event => choose({ text: event.currentTarget.value.toLowerCase() })} />
        <label class="check"><input type="checkbox" checked={wrapped} onChange={event => setWrapped(event.currentTarget.checked)} /><span>Wrap</span></label>
        <label class="check" title="f"><input type="checkbox" checked={following} onChange={event => setFollowing(event.currentTarget.checked)} /><span>Follow</span></label>
        <span class="dim log-count">{lines.matching === lines.total ? count.format(lines.total) : `${count.format(lines.matching)} of ${count.format(lines.total)}`} lines{state === 'live' ? <span class="live"><span class="pulse" aria-hidden="true" />live</span> : state === 'loading' ? '' : ` · ended: ${word(state)}`}</span>
      </div>
      {problem && <Trouble problem={problem} />}
      <div ref={scroller} class="log-rows" role="log" aria-live="off" aria-label="Log" tabIndex={0} onScroll={onScroll}>
        <div class="log-row probe" aria-hidden="true"><span class="seq">0</span><span class="at">00:00:00</span><span class="source">system</span><span class="text" ref={probe}>{'0'.repeat(100)}</span></div>
        <div class="log-space" style={{ height: `${lines.rows * rowHeight}px` }}>{rows}</div>
        {lines.rows === 0 && state !== 'loading' && <p class="empty dim">{lines.total === 0 ? 'Nothing has been said yet.' : 'No line is like this.'}</p>}
      </div>
      {!following && <button type="button" class="button to-end" onClick={() => setFollowing(true)}>To the end ↓</button>}
    </div>
  );
}

const Row = ({ index, entry, text, begins }: { index: number; entry: LogEntry; text: string; begins: boolean }) => (
  <div class={`log-row source-${entry.source}${entry.stream === 'err' ? ' err' : ''}`} style={{ top: `${index * rowHeight}px` }}>
    <span class="seq">{begins ? entry.seq : ''}</span>
    <span class="at" title={begins ? exact(entry.time) : undefined}>{begins ? clock(entry.time) : ''}</span>
    <span class="source">{begins ? entry.source : ''}</span>
    <span class="text">{text}</span>
  </div>
);

/** Local time of day; cheap, since each row in sight asks for it in every frame. */
function clock(time: string): string {
  const date = new Date(time);
  const two = (n: number) => (n < 10 ? `0${n}` : String(n));
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

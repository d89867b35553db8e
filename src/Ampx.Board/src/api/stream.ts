import { signal } from '@preact/signals';
import { call, Problem } from './client';

/** How many streams are waiting for their connection to come back; told quietly at the top of the page. */
export const reconnecting = signal(0);

export interface StreamEvent { event: string; id: string; data: string }

/**
 * Reads server-sent events and goes on where it stopped when the connection is lost. By fetch rather than EventSource, which hides the status
 * of a refusal and makes a task of each event: here those that came together are handed over together.
 * @param path Where, given the id of the last event; null when there is none.
 * @param take Takes what came; true: that was all.
 */
export function follow(path: (lastId: string | null) => string, take: (events: StreamEvent[]) => boolean | void, refused: (problem: Problem) => void): () => void {
  const over = new AbortController();
  let lastId: string | null = null;
  let failures = 0;
  let isAway = false;
  let opened: AbortController | null = null;
  let wake: (() => void) | null = null;

  const away = (now: boolean) => {
    if (now === isAway) return;
    isAway = now;
    reconnecting.value += now ? 1 : -1;
  };

  // Browsers have six connections for a service over plain HTTP: a page that nobody sees gives its own back.
  let hiding = 0;
  const onVisibility = () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = window.setTimeout(() => opened?.abort(), 20_000);
    else wake?.();
  };
  document.addEventListener('visibilitychange', onVisibility);

  async function once() {
    opened = new AbortController();
    const stop = () => opened?.abort();
    over.signal.addEventListener('abort', stop);
    try {
      const answer = await call(path(lastId), { signal: opened.signal, headers: { Accept: 'text/event-stream' } });
      away(false);
      failures = 0;
      let turn = performance.now();
      for await (const events of parsed(answer.body!)) {
        for (const { id } of events) if (id) lastId = id;
        if (events.length > 0 && take(events)) return true;
        // Pieces that wait already come one after the other without letting anybody else have a turn.
        if (performance.now() - turn > 12) {
          await new Promise(go => setTimeout(go));
          turn = performance.now();
        }
      }
    } finally {
      over.signal.removeEventListener('abort', stop);
    }

    return false;
  }

  async function run() {
    while (!over.signal.aborted) {
      try {
        if (await once()) break;
      } catch (failure) {
        if (over.signal.aborted) break;
        if (failure instanceof Problem && failure.status >= 400 && failure.status < 500 && failure.status !== 429 && failure.status !== 408) {
          refused(failure);
          break;
        }
      }

      if (document.hidden) await new Promise<void>(go => { wake = go; });
      else {
        failures++;
        if (failures > 1) away(true);
        const wait = Math.min(10_000, 250 * 2 ** Math.min(failures, 6)) * (0.7 + Math.random() * 0.6);
        await new Promise<void>(go => { wake = go; setTimeout(go, wait); });
      }

      wake = null;
    }

    away(false);
    document.removeEventListener('visibilitychange', onVisibility);
  }

  void run();
  return () => {
    over.abort();
    wake?.();
    away(false);
  };
}

/** The events of a body, those of each piece that came together. */
async function* parsed(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent[]> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += value;
    const end = rest.lastIndexOf('\n\n');
    if (end < 0) continue;
    const whole = rest.slice(0, end);
    rest = rest.slice(end + 2);
    yield whole.split('\n\n').map(eventOf).filter(event => event !== null);
  }
}

function eventOf(block: string): StreamEvent | null {
  let event = 'message', id = '', data: string | null = null;
  for (const line of block.split('\n')) {
    if (line.startsWith('data:')) data = (data === null ? '' : `${data}\n`) + line.slice(line[5] === ' ' ? 6 : 5);
    else if (line.startsWith('event:')) event = line.slice(6).trim();
    else if (line.startsWith('id:')) id = line.slice(3).trim();
  }

  return data === null ? null : { event, id, data };
}

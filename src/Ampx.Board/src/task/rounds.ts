import type { Phase, TimelineEntry } from '../api/types';

export interface Stretch { phase: Phase; from: number; to: number; open: boolean }

/** One way through the phases: a run of the agent with what came before and after it. */
export interface Round { label: string; stretches: Stretch[]; length: number }

/**
 * The timeline as rounds, oldest first. One begins where a run is asked for; what follows an end (a merge) stays with the last.
 * @param now Where a phase that goes on is cut, in milliseconds.
 */
export function roundsOf(timeline: TimelineEntry[], now: number): Round[] {
  const rounds: (Round & { attempt: number })[] = [];
  timeline.forEach((entry, i) => {
    const next = timeline[i + 1];
    const from = Date.parse(entry.time);
    const open = next === undefined && entry.phase !== 'done';
    const to = next ? Date.parse(next.time) : open ? Math.max(from, now) : from;
    const begins = entry.phase === 'waiting_for_worker' && timeline[i - 1]?.phase !== 'waiting_for_worker';
    if (rounds.length === 0 || begins) rounds.push({ label: '', stretches: [], length: 0, attempt: 0 });
    const round = rounds[rounds.length - 1];
    round.attempt = Math.max(round.attempt, entry.phase === 'waiting_for_worker' || entry.phase === 'done' ? 0 : entry.attempt);
    // Nobody worked between an end and what came after it.
    if (entry.phase === 'done') return;
    const last = round.stretches.at(-1);
    if (last?.phase === entry.phase) [last.to, last.open] = [to, open];
    else round.stretches.push({ phase: entry.phase, from, to, open });
  });
  let before = 0;
  for (const round of rounds) {
    round.length = round.stretches.reduce((sum, stretch) => sum + stretch.to - stretch.from, 0);
    round.label = round.attempt === 0 ? 'Waiting' : round.attempt === before ? `Attempt ${round.attempt}, again` : `Attempt ${round.attempt}`;
    before = round.attempt;
  }

  return rounds.filter(round => round.stretches.length > 0);
}

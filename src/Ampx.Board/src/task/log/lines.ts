import type { LogEntry } from '../../api/types';

export const sources = ['agent', 'git', 'ci', 'system'];

export interface LineFilter { sources: string[]; attempt: number; text: string }

const colours = /\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g;

/** A log as it is known so far: lines in order, those that match, and how many rows each takes. */
export class Lines {
  private all: LogEntry[] = [];
  private shown: LogEntry[] = [];

  /** The row at which each shown line begins, and one more: how many rows there are. Only where lines are wrapped. */
  private starts: number[] = [0];
  private filter: LineFilter = { sources, attempt: 0, text: '' };
  private columns = 0;

  get first(): number | null { return this.all.length > 0 ? this.all[0].seq : null; }
  get last(): number { return this.all.length > 0 ? this.all[this.all.length - 1].seq : 0; }
  get total(): number { return this.all.length; }
  get matching(): number { return this.shown.length; }
  get rows(): number { return this.columns === 0 ? this.shown.length : this.starts[this.starts.length - 1]; }

  append(entries: LogEntry[]): void {
    for (const entry of entries) {
      if (entry.seq <= this.last) continue;
      plain(entry);
      this.all.push(entry);
      if (this.matches(entry)) this.show(entry);
    }
  }

  /** @returns How many rows came before the others. */
  prepend(entries: LogEntry[]): number {
    const before = this.rows;
    const first = this.first ?? Infinity;
    const older = entries.filter(entry => entry.seq < first);
    older.forEach(plain);
    this.all = older.concat(this.all);
    this.shown = older.filter(entry => this.matches(entry)).concat(this.shown);
    this.measure();
    return this.rows - before;
  }

  select(filter: LineFilter): void {
    this.filter = filter;
    this.shown = this.all.filter(entry => this.matches(entry));
    this.measure();
  }

  /** @param columns Characters in a row; 0: lines aren't wrapped. */
  wrap(columns: number): void {
    if (columns === this.columns) return;
    this.columns = columns;
    this.measure();
  }

  /** What stands in a row: a line, or a piece of one. */
  row(index: number): { entry: LogEntry; text: string; begins: boolean } {
    if (this.columns === 0) return { entry: this.shown[index], text: this.shown[index].text, begins: true };
    let low = 0, high = this.shown.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= index) low = middle;
      else high = middle - 1;
    }

    const piece = index - this.starts[low];
    return { entry: this.shown[low], text: this.shown[low].text.slice(piece * this.columns, (piece + 1) * this.columns), begins: piece === 0 };
  }

  private matches(entry: LogEntry): boolean {
    const { sources, attempt, text } = this.filter;
    return sources.includes(entry.source) && (attempt === 0 || entry.attempt === attempt) && (text === '' || entry.text.toLowerCase().includes(text));
  }

  private show(entry: LogEntry): void {
    this.shown.push(entry);
    if (this.columns > 0) this.starts.push(this.starts[this.starts.length - 1] + Math.max(1, Math.ceil(entry.text.length / this.columns)));
  }

  private measure(): void {
    const { shown, columns } = this;
    const starts = [0];
    if (columns > 0) for (let i = 0; i < shown.length; i++) starts.push(starts[i] + Math.max(1, Math.ceil(shown[i].text.length / columns)));
    this.starts = starts;
  }
}

/** Terminal colours mean nothing here. */
function plain(entry: LogEntry): void {
  if (entry.text.includes('\x1b')) entry.text = entry.text.replace(colours, '');
  if (entry.text.includes('\t')) entry.text = entry.text.replaceAll('\t', '    ');
}

export interface DiffLine { kind: 'same' | 'added' | 'removed' | 'note'; old: number | null; new: number | null; text: string }

export interface Hunk { header: string; lines: DiffLine[] }

export interface DiffFile { path: string; from: string | null; what: string; added: number; removed: number; hunks: Hunk[] }

/** A unified diff as git writes it, by files. */
export function parseDiff(text: string): DiffFile[] {
  const files: DiffFile[] = [];
  let file: DiffFile | null = null;
  let hunk: Hunk | null = null;
  let oldAt = 0, newAt = 0, oldLeft = 0, newLeft = 0;
  for (const line of text.split('\n')) {
    if (hunk && (oldLeft > 0 || newLeft > 0)) {
      const body = line.slice(1);
      if (line.startsWith('+')) { hunk.lines.push({ kind: 'added', old: null, new: newAt++, text: body }); newLeft--; file!.added++; continue; }
      if (line.startsWith('-')) { hunk.lines.push({ kind: 'removed', old: oldAt++, new: null, text: body }); oldLeft--; file!.removed++; continue; }
      if (line.startsWith(' ') || line === '') { hunk.lines.push({ kind: 'same', old: oldAt++, new: newAt++, text: body }); oldLeft--; newLeft--; continue; }
    }

    if (line.startsWith('\\') && hunk) hunk.lines.push({ kind: 'note', old: null, new: null, text: line.slice(2) });
    else if (line.startsWith('diff --git ')) {
      file = { path: / b\/(.*)$/.exec(line)?.[1] ?? line.slice(11), from: null, what: 'changed', added: 0, removed: 0, hunks: [] };
      hunk = null;
      files.push(file);
    } else if (!file) continue;
    else if (line.startsWith('@@')) {
      const at = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line);
      if (!at) continue;
      [oldAt, oldLeft, newAt, newLeft] = [Number(at[1]), Number(at[2] ?? 1), Number(at[3]), Number(at[4] ?? 1)];
      file.hunks.push(hunk = { header: line, lines: [] });
    } else if (line.startsWith('new file')) file.what = 'new';
    else if (line.startsWith('deleted file')) file.what = 'deleted';
    else if (line.startsWith('rename from ')) { file.from = line.slice(12); file.what = 'renamed'; }
    else if (line.startsWith('Binary files')) file.what = `${file.what === 'changed' ? '' : `${file.what}, `}binary`;
    else if (line.startsWith('+++ b/')) file.path = line.slice(6).replace(/\t$/, '');
  }

  return files;
}

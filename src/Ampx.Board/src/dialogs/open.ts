import { signal } from '@preact/signals';
import type { Task } from '../api/types';

export type Dialog = { name: 'start' } | { name: 'help' } | { name: 'continue' | 'abort' | 'merge'; task: Task };

/** The dialog that is open; one at a time. */
export const dialog = signal<Dialog | null>(null);

/** Where this person was at last: the next task is often for the same place. */
export const lastUsed = signal({ repo: '', agent: '' });

/** Said once, to everybody: what an action has led to. */
export const told = signal('');

export function tell(text: string): void {
  told.value = text;
  setTimeout(() => { if (told.value === text) told.value = ''; }, 6000);
}

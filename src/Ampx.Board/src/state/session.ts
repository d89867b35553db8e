import { signal } from '@preact/signals';
import { api, onSignedOut, Problem } from '../api/client';
import type { Caller, Task } from '../api/types';

/** Who is signed in; null: nobody; undefined: not asked yet. */
export const caller = signal<Caller | null | undefined>(undefined);

/** Why it can't be asked. */
export const trouble = signal<Problem | null>(null);

onSignedOut.tell = () => { caller.value = null; };

export async function ask(): Promise<void> {
  try {
    caller.value = await api.whoami();
    trouble.value = null;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    if (problem.status !== 401) trouble.value = problem;
  }
}

export async function signIn(token: string): Promise<void> {
  await api.signIn(token);
  const to = new URLSearchParams(location.search).get('to');
  // A page of this service, and nobody else's.
  if (to !== null && /^\/(?![/\\])/.test(to)) location.assign(to);
  else await ask();
}

export async function signOut(): Promise<void> {
  await api.signOut();
  caller.value = null;
}

/** Why this person can't change the task (without one: start any); null if they can. */
export function whyNotAllowed(task?: Task): string | null {
  const who = caller.value;
  if (!who) return 'You are not signed in';
  if (who.role === 'viewer') return 'Your role, viewer, only reads';
  if (task && who.role === 'member' && task.owner !== who.name) return `This is ${task.owner}'s task: to change it takes the role lead`;
  return null;
}

import { signal } from '@preact/signals';

/** Now, in milliseconds, as often as anything relative needs it. */
export const now = signal(Date.now());

const tick = () => { if (!document.hidden) now.value = Date.now(); };

setInterval(tick, 1000);
document.addEventListener('visibilitychange', tick);

import { effect, signal } from '@preact/signals';

export type Theme = 'auto' | 'light' | 'dark';

const key = 'ampx.theme';

function kept(): Theme {
  try {
    const theme = localStorage.getItem(key);
    return theme === 'light' || theme === 'dark' ? theme : 'auto';
  } catch {
    // A browser that keeps nothing shows what the system has.
    return 'auto';
  }
}

export const theme = signal<Theme>(kept());

const system = matchMedia('(prefers-color-scheme: dark)');
const systemIsDark = signal(system.matches);
system.addEventListener('change', () => { systemIsDark.value = system.matches; });

effect(() => {
  // One place has the dark colours, whoever asked for them.
  document.documentElement.dataset.theme = theme.value === 'auto' ? (systemIsDark.value ? 'dark' : 'light') : theme.value;
});

effect(() => {
  try {
    if (theme.value === 'auto') localStorage.removeItem(key);
    else localStorage.setItem(key, theme.value);
  } catch {
    // As above.
  }
});

export const nextTheme = () => { theme.value = theme.value === 'auto' ? 'dark' : theme.value === 'dark' ? 'light' : 'auto'; };

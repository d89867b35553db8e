import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

/** What keys do while the component is there; not while somebody types, nor under an open dialog. */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
  // The next key may come before the page has been painted.
  const now = useRef(keys);
  useLayoutEffect(() => { now.current = keys; });
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target as HTMLElement;
      const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
      if (typing && event.key === 'Escape') target.blur();
      if (typing || document.querySelector('dialog[open]')) return;
      // Enter and Space are the focused control's own.
      if (event.key === 'Enter' && /^(A|BUTTON|SUMMARY)$/.test(target.tagName)) return;
      const act = now.current[event.key];
      if (!act) return;
      event.preventDefault();
      act(event);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}

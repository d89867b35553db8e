import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

interface Window { first: number; last: number }

/** Rows of one height, of which only those in sight are there. The page's or the element's own scrolling decides which. */
export function VirtualList(props: {
  count: number; height: number; row: (index: number) => ComponentChildren; keyOf: (index: number) => string; onEnd?: () => void; label: string; reveal?: number;
}) {
  const { count, height, row, keyOf, onEnd, label, reveal } = props;
  const element = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState<Window>({ first: 0, last: 30 });

  useLayoutEffect(() => {
    const list = element.current!;
    const scroller = scrollerOf(list);
    let asked = 0;
    const look = () => {
      asked = 0;
      const box = list.getBoundingClientRect();
      const top = scroller ? scroller.getBoundingClientRect().top : 0;
      const view = scroller ? scroller.clientHeight : innerHeight;
      const first = Math.max(0, Math.floor((top - box.top) / height) - 6);
      const last = Math.min(count, Math.ceil((top - box.top + view) / height) + 6);
      setSeen(before => (before.first === first && before.last === last ? before : { first, last }));
      if (last >= count && count > 0) onEnd?.();
    };
    const soon = () => { asked ||= requestAnimationFrame(look); };
    look();
    const target: EventTarget = scroller ?? window;
    target.addEventListener('scroll', soon, { passive: true });
    addEventListener('resize', soon);
    return () => {
      cancelAnimationFrame(asked);
      target.removeEventListener('scroll', soon);
      removeEventListener('resize', soon);
    };
  }, [count, height, onEnd]);

  useLayoutEffect(() => {
    if (reveal === undefined || reveal < 0) return;
    const list = element.current!;
    const scroller = scrollerOf(list);
    const box = list.getBoundingClientRect();
    const [top, view] = scroller ? [scroller.getBoundingClientRect().top, scroller.clientHeight] : [0, innerHeight];
    const from = box.top + reveal * height - top;
    const by = from < 120 ? from - 120 : from + height > view - 20 ? from + height - view + 20 : 0;
    if (by !== 0) (scroller ?? window).scrollBy({ top: by });
  }, [reveal]);

  const rows = [];
  const last = Math.min(count, seen.last);
  for (let i = Math.min(seen.first, last); i < last; i++) rows.push(<div key={keyOf(i)} class="virtual-row" role="listitem" aria-setsize={count} aria-posinset={i + 1} style={{ top: `${i * height}px`, height: `${height}px` }}>{row(i)}</div>);
  return <div ref={element} class="virtual" role="list" aria-label={label} style={{ height: `${count * height}px` }}>{rows}</div>;
}

/** The ancestor that scrolls it; null: the page. */
function scrollerOf(element: HTMLElement): HTMLElement | null {
  for (let parent = element.parentElement; parent && parent !== document.body; parent = parent.parentElement) {
    if (/auto|scroll/.test(getComputedStyle(parent).overflowY)) return parent;
  }

  return null;
}

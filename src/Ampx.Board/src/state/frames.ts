/** Gathers what comes and hands it over once in a frame; at once where no frames come because nobody looks. */
export function perFrame<T>(take: (items: T[]) => void): (item: T) => void {
  let waiting: T[] = [];
  let asked = false;
  const hand = () => {
    asked = false;
    const items = waiting;
    waiting = [];
    take(items);
  };
  return item => {
    waiting.push(item);
    if (asked) return;
    asked = true;
    if (document.hidden) setTimeout(hand);
    else requestAnimationFrame(hand);
  };
}

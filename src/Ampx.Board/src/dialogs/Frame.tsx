import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from '../api/client';
import { Trouble } from '../ui/parts';
import { dialog } from './open';

export const close = () => { dialog.value = null; };

/** A modal dialog; Escape and the close button leave it. */
export function Frame({ title, children }: { title: string; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const modal = element.current!;
    modal.showModal();
    modal.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => { if (before?.isConnected) before.focus(); };
  }, []);
  return (
    <dialog ref={element} aria-labelledby="dialog-title" onClose={close}>
      <header><h2 id="dialog-title">{title}</h2><button type="button" class="icon" aria-label="Close" onClick={close}>✕</button></header>
      {children}
    </dialog>
  );
}

/** A form that sends, tells in place what was refused, and closes when it is done. */
export function OrderForm(props: {
  submit: string; kind?: 'primary' | 'danger'; send: (form: FormData) => Promise<void>; children: (errors: Record<string, string[]>) => ComponentChildren; fields: string[];
}) {
  const { submit, kind = 'primary', send, children, fields } = props;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const errors = problem?.errors ?? {};
  const elsewhere = problem !== null && !(Object.keys(errors).length > 0 && Object.keys(errors).every(field => fields.includes(field)));

  async function onSubmit(event: SubmitEvent) {
    event.preventDefault();
    if (busy) return;
    const form = event.currentTarget as HTMLFormElement;
    setBusy(true);
    setProblem(null);
    try {
      await send(new FormData(form));
      close();
    } catch (no) {
      if (!(no instanceof Problem)) throw no;
      setProblem(no);
      const field = Object.keys(no.errors)[0];
      if (field) (form.elements.namedItem(field) as HTMLElement | null)?.focus();
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={onSubmit} noValidate>
      {children(errors)}
      {elsewhere && <Trouble problem={problem} />}
      <footer>
        <button type="button" class="button" onClick={close}>Cancel</button>
        <button type="submit" class={`button ${kind}`} aria-disabled={busy}>{busy ? 'One moment…' : submit}</button>
      </footer>
    </form>
  );
}

/** A labelled field with its hint and what is wrong with it. */
export function Field(props: { name: string; label: string; hint?: string; errors: Record<string, string[]>; children: (attributes: object) => ComponentChildren }) {
  const { name, label, hint, errors, children } = props;
  const wrong = errors[name];
  const about = [hint && `${name}-hint`, wrong && `${name}-wrong`].filter(Boolean).join(' ') || undefined;
  return (
    <div class="field">
      <label for={`field-${name}`}>{label}</label>
      {children({ id: `field-${name}`, name, 'aria-describedby': about, 'aria-invalid': wrong ? true : undefined })}
      {hint && <small id={`${name}-hint`}>{hint}</small>}
      {wrong && <small id={`${name}-wrong`} class="wrong">{wrong.join('; ')}</small>}
    </div>
  );
}

export const Check = ({ name, label, hint, value }: { name: string; label: string; hint?: string; value?: boolean }) => (
  <label class="check"><input type="checkbox" name={name} defaultChecked={value} /><span>{label}{hint && <small>{hint}</small>}</span></label>
);

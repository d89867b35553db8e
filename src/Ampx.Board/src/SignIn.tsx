import { useState } from 'preact/hooks';
import { Problem } from './api/client';
import { signIn } from './state/session';

/** For who isn't signed in; then the page that was asked for. */
export function SignIn() {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);

  async function onSubmit(event: SubmitEvent) {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget as HTMLFormElement).get('token') ?? '').trim();
    setBusy(true);
    setProblem(null);
    try {
      await signIn(token);
    } catch (no) {
      if (!(no instanceof Problem)) throw no;
      setProblem(no);
    } finally {
      setBusy(false);
    }
  }

  return (
    <main class="sign-in">
      <h1>Sign in to Ampx</h1>
      <p>In a terminal where ampx is signed in (on the machine that runs it, it is by itself):</p>
      <p><code>ampx board</code></p>
      <p>It opens this page with a sign-in link that works once. Or paste a token:</p>
      <form onSubmit={onSubmit}>
        <label for="token">Token</label>
        <input id="token" name="token" type="password" autocomplete="current-password" required aria-describedby={problem ? 'token-wrong' : undefined} aria-invalid={problem ? true : undefined} />
        <p id="token-wrong" class="wrong" role="alert">{problem?.message}</p>
        <button class="button primary" type="submit" aria-disabled={busy}>Sign in</button>
      </form>
    </main>
  );
}

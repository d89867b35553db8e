namespace Ampx.FakeAgent;

internal static class Help
{
    public const string Text = """
        fake-amp: stands in for the Amp CLI in tests. Flags, stream and error texts are Amp's; nothing leaves this machine.

          fake-amp threads new
          fake-amp threads continue T-… -x --stream-json [Amp's other options]   (the prompt on stdin)
          fake-amp --version

        Environment
          AMP_API_KEY      must be set, to anything; without it -x waits for a login for ever, as Amp does
          FAKE_AMP_HOME    where threads are kept (~/.fake-amp): threads/ID.jsonl has a line for each run
                           {run, thread, pid, cwd, prompt, arguments, environment (names)}
          FAKE_AMP_SCRIPT  a file that tells what to do: directives, one a line, in blocks that begin with "== N" (the thread's
                           run number, from 1) or "== *" (all other runs)

        Without a script, directives stand in the prompt: lines "fake: DIRECTIVE", or "fake[2]: DIRECTIVE" for the thread's second run only.

        Directives
          write PATH TEXT     or: write PATH <<END, then lines up to END
          append PATH TEXT    likewise
          delete PATH
          run CMD             by sh; shown as the tool Bash
          commit MESSAGE      all changes, with git
          say TEXT            a message; the last one is the result
          fix-from-feedback   does what the prompt's lines "… fake-fix: DIRECTIVE" say: a failing check prints them, so they come back
                              only if CI's output really reaches the agent
          tool NAME S         a tool that takes S seconds
          usage IN OUT [CACHED]   tokens of each following message (100 20 0)
          sleep S             silence
          print N · print-err N   N bytes of plain lines on stdout, stderr
          half-utf8           a character whose two halves come 300 ms apart
          grandchild [S]      a process that leaves the family, ignores SIGTERM and sleeps S seconds (600); pid in FAKE_AMP_HOME/grandchildren
          ignore-sigterm
          stall               silence for ever
          hang                the same, before the first event
          error TEXT          an error result, exit 1
          no-result           ends without a result line
          exit N              ends at once, without a result line
        """;
}

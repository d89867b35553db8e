using System.Collections.Concurrent;
using Ampx.Core.Ci;

namespace Ampx.Core.Secrecy;

/// <summary>The secrets that this process knows of, and the one place where text is freed of them before it is stored, logged or answered.</summary>
public sealed class Redactor
{
    /// <summary>Tokens of an hour come with each push: those of the last hours are many enough.</summary>
    private const int PassingKept = 256;

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, byte> _known = new(StringComparer.Ordinal);
    private readonly Queue<string> _passing = new();
    private volatile Redaction _now = Redaction.WellKnown;

    /// <summary>Masks what is known by now and the well-known forms.</summary>
    public Redaction Now => _now;

    /// <summary>From now on <paramref name="secret"/> is masked wherever text leaves.</summary>
    public void Know(string? secret) => Add(secret, passing: false);

    /// <summary>The same for one of many that live for an hour.</summary>
    public void KnowForAWhile(string? secret) => Add(secret, passing: true);

    /// <summary><paramref name="text"/> without its secrets.</summary>
    [return: System.Diagnostics.CodeAnalysis.NotNullIfNotNull(nameof(text))]
    public string? Mask(string? text) => string.IsNullOrEmpty(text) ? text : _now.Apply(text);

    private void Add(string? secret, bool passing)
    {
        if (secret is not { Length: >= Redaction.Shortest } || _known.ContainsKey(secret)) return;
        lock (_gate)
        {
            if (!_known.TryAdd(secret, 0)) return;
            if (passing) _passing.Enqueue(secret);
            if (_passing.Count > PassingKept) _known.TryRemove(_passing.Dequeue(), out _);
            _now = new Redaction(_known.Keys);
        }
    }
}

namespace Ampx.Chaos.Faults;

/// <summary>A silo went away for long: what waited then, to see how soon others went on with it.</summary>
/// <param name="Waiting">Repositories with tasks that waited for CI.</param>
internal sealed record Death(int Silo, DateTimeOffset At, TimeSpan Length, IReadOnlyList<string> Waiting);

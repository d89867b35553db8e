using Ampx.Core;
using Ampx.Core.Tasks;
using Xunit;
using static Ampx.Tests.Tasks.Story;

namespace Ampx.Tests.Tasks;

/// <summary>Every event in every phase: what the task becomes, or that the news means nothing there.</summary>
public class EveryPairTests
{
    private const string Table = "Tasks/every-pair.txt";

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Every_event_in_every_phase(string task, string news)
    {
        Assert.True(Expected.TryGetValue((task, news), out var expected), $"{Table} doesn't say what {news} does to a task in {task}");
        Assert.Equal(expected, What(Samples.Tasks[task], news));
    }

    [Fact]
    public void The_table_names_nothing_that_doesnt_exist() =>
        Assert.Empty(Expected.Keys.Except(Pairs().Select(row => row.Data)));

    [Fact]
    public void Every_phase_has_a_sample_that_is_in_it()
    {
        Assert.All(Samples.Tasks, sample => Assert.Equal(Samples.PhaseOf(sample.Key), sample.Value.Phase));
        Assert.Equal(Enum.GetValues<Phase>(), Samples.Tasks.Values.Select(task => task.Phase).Distinct().Order());
    }

    public static IEnumerable<TheoryDataRow<string, string>> Pairs() =>
        from task in Samples.Tasks.Keys
        from type in Samples.EventTypes
        select new TheoryDataRow<string, string>(task, type.Name);

    /// <summary>The first form of the event is the one in the table; the examples have the others.</summary>
    internal static string What(TaskState task, string news)
    {
        var sample = Samples.Events(task, 1).FirstOrDefault(e => e.GetType().Name == news);
        Assert.True(sample is not null, $"Samples.Events has no {news}");
        try
        {
            var next = TaskMachine.Apply(task, sample with { At = task.UpdatedAt.AddMinutes(1) }, Rules);
            return $"{AmpxJson.Word(next.Phase)} {AmpxJson.Word(next.Status)}";
        }
        catch (IllegalTransitionException)
        {
            return "illegal";
        }
    }

    /// <summary>A task's name stands alone on its line; below it, indented, event and outcome, or <c>illegal:</c> and events.</summary>
    private static readonly Dictionary<(string Task, string News), string> Expected = Read();

    private static Dictionary<(string, string), string> Read()
    {
        var rows = new Dictionary<(string, string), string>();
        var task = "";
        var illegal = false;
        foreach (var line in File.ReadLines(Checkout.File($"tests/Ampx.Tests/{Table}")).Where(line => line.Trim().Length > 0 && line[0] != '#'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!char.IsWhiteSpace(line[0])) (task, illegal) = (line.Trim(), false);
            else if (words[0] == "illegal:" || illegal)
            {
                illegal = true;
                foreach (var news in words.Where(word => word != "illegal:")) rows.Add((task, news), "illegal");
            }
            else rows.Add((task, words[0]), string.Join(' ', words[1..]));
        }

        return rows;
    }
}

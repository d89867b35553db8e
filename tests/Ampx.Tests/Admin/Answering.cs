using System.Reflection;

namespace Ampx.Tests.Admin;

/// <summary>Somebody who answers the calls that he was taught, by the method's name, and no others: for interfaces of which a test needs one or two methods.</summary>
public class Answering : DispatchProxy
{
    private Dictionary<string, Func<MethodInfo, object?[], object?>> answers = [];

    public static T By<T>(params (string Method, Func<MethodInfo, object?[], object?> Answer)[] answers) where T : class
    {
        var one = Create<T, Answering>();
        ((Answering)(object)one).answers = answers.ToDictionary(answer => answer.Method, answer => answer.Answer);
        return one;
    }

    /// <summary>A factory of these grains, whatever their keys.</summary>
    public static IGrainFactory Grains(params object[] grains) => By<IGrainFactory>(("GetGrain", (method, _) => grains.Single(method.GetGenericArguments()[0].IsInstanceOfType)));

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        answers.TryGetValue(targetMethod!.Name, out var answer) ? answer(targetMethod, args ?? []) : throw new NotSupportedException($"{targetMethod.Name} was not expected");
}

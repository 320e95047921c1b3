using Microsoft.CodeAnalysis;

namespace Nub.Memory.Generators.Flow;

/// <summary>
/// Goes through the methods of one type, each with the helpers that it calls, as deep as there is time for: somebody types, and waits.
/// </summary>
/// <remarks>
/// A method's own code is gone through in any case, and takes as long as it is. To follow what is called from there may take any time: an
/// interpreter's methods call dozens of helpers, which call the same few again, in loops. So for that a type has a number of steps. The
/// methods of which the least has to be followed come first, and none gets more than half of what is left. So most are followed to the
/// end, and those that call everything else are followed less deep, or not at all.
/// </remarks>
internal sealed class TypeFlow(MethodBodies bodies, CancellationToken cancellation)
{
    /// <summary>A helper of a helper of a helper; deeper than that nobody could make sense of the message.</summary>
    public const int DeepestFrame = 3;

    // Some milliseconds; and twice as much as all there is to go through anyway, so that a file may be as long as it likes.
    internal const int LeastSteps = 6_000;
    internal const int StepsForOperation = 2;

    // What half of the methods need for each operation that is called.
    private const int StepsForCalled = 4;

    private readonly Sizes _sizes = new();
    private long _stepsLeft;

    /// <summary>Goes through methods, and the functions that stand in them.</summary>
    /// <param name="found">Is given each that came to its end, and what was found.</param>
    public void Run(IEnumerable<MethodBody> methods, Action<MethodBody, FlowSession> found)
    {
        // Local functions have to be known before what calls them is followed.
        var all = new List<(MethodBody Body, IOperation? Creation)>();
        foreach (MethodBody method in methods)
        {
            all.Add((method, null));
            Depth.Run(() => all.AddRange(bodies.AddNested(method, cancellation)));
        }

        var waiting = new List<Function>();
        foreach ((MethodBody body, IOperation? creation) in all)
        {
            Depth.Run(() => waiting.Add(new Function(body, creation, CalledBy(body, DeepestFrame))));
        }

        _stepsLeft = LeastSteps + (StepsForOperation * waiting.Sum(static one => (long)one.Body.Operations));
        foreach (Function one in waiting.OrderBy(static one => one.Called).ThenBy(static one => one.File, StringComparer.Ordinal).ThenBy(static one => one.Start))
        {
            Depth.Run(() =>
            {
                if (Run(one) is { } session)
                {
                    found(one.Body, session);
                }
            });
        }
    }

    private FlowSession? Run(Function function)
    {
        long failed = long.MaxValue;
        for (int depth = DeepestFrame; ; depth--)
        {
            long called = CalledBy(function.Body, depth);
            long most = _stepsLeft / 2;
            if (called > 0 && (called >= failed || called * StepsForCalled > most))
            {
                continue;
            }

            var session = new FlowSession(bodies, _sizes, called == 0 ? 0 : depth, most, cancellation);
            bool isDone = ValueAnalysis.Run(session, function.Body, function.Creation);
            _stepsLeft = Math.Max(0, _stepsLeft - session.StepsInHelpers);
            if (isDone || called == 0)
            {
                return isDone ? session : null;
            }

            failed = called;
        }
    }

    // How much there is in what a method calls.
    private long CalledBy(MethodBody body, int depth) => bodies.CostOf(body, depth) - body.Operations;

    /// <summary>Something to go through.</summary>
    /// <param name="Creation">Of a lambda: the delegate that it becomes.</param>
    /// <param name="Called">How much there is in what it calls.</param>
    private sealed record Function(MethodBody Body, IOperation? Creation, long Called)
    {
        private readonly Location _place = Body.Method.Locations[0];

        // What comes in no order of its own is put into the same one each time.
        public string? File => _place.SourceTree?.FilePath;

        public int Start => _place.SourceSpan.Start;
    }
}

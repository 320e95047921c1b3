using Microsoft.CodeAnalysis;
using Nub.Memory.Generators.Dataflow.Solver;

namespace Nub.Memory.Generators.Taint;

/// <summary>
/// Goes through the methods of one type, each with the helpers that it calls, as deep as an editor can wait for.
/// </summary>
/// <remarks>
/// A method's own code is gone through in any case, and takes as long as it is. To follow what is called from there may take any time: an
/// interpreter's methods call dozens of helpers, which call the same few again, in loops. So for that a type has a number of steps. The
/// methods of which the least has to be followed come first, and each has half of what is left. So most are followed to the end, and
/// those that call everything else are followed less deep, or not at all.
/// </remarks>
internal sealed class TypeFlow(MethodBodies bodies, CancellationToken cancellation)
{
    /// <summary>A helper of a helper of a helper; a message about a deeper one would not be understood.</summary>
    public const int DeepestFrame = 3;

    // Some milliseconds; and as much as there is to go through anyway, so that a file may be as long as it likes.
    internal const int LeastSteps = 1_000;
    internal const int StepsForOperation = 1;

    // What three of four methods need for each operation that is called; ten times as much where there are loops in loops.
    private const int StepsForCalled = 3;

    // What seems to take so many times what there is does take more, however wrong that is.
    private const int FarTooMuch = 4;

    private readonly Sizes _sizes = new();
    private readonly HashSet<IFieldSymbol> _kept = new(SymbolEqualityComparer.Default);
    private long _stepsLeft;

    /// <summary>How many steps were taken, those included that came to nothing.</summary>
    public long Steps { get; private set; }

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
            Depth.Run(() => waiting.Add(new Function(body, creation, bodies.CostOf(body, DeepestFrame, isExact: false) - body.Operations)));
        }

        _stepsLeft = LeastSteps + (StepsForOperation * waiting.Sum(static one => (long)one.Body.Operations));
        int left = waiting.Count;
        foreach (Function one in waiting.OrderBy(static one => one.Called).ThenBy(static one => one.File, StringComparer.Ordinal).ThenBy(static one => one.Start))
        {
            left--;
            Depth.Run(() =>
            {
                if (Run(one, isLast: left == 0) is { } session)
                {
                    _kept.UnionWith(session.Kept);
                    found(one.Body, session);
                }
            });
        }
    }

    /// <summary>Goes through the methods in which fields are used that others have left a guest's number in, once all that read have been gone through.</summary>
    /// <param name="found">Is given each that came to its end, and what was found.</param>
    /// <param name="declared">Fields that are said to hold what is the guest's.</param>
    public void RunFields(IEnumerable<IFieldSymbol> declared, Action<FlowSession> found)
    {
        _kept.UnionWith(declared);
        if (_kept.Count == 0)
        {
            return;
        }

        MethodBody[] methods = [.. bodies.Own.OrderBy(static one => one.Code!.SyntaxTree.FilePath, StringComparer.Ordinal).ThenBy(static one => one.Code!.SpanStart)];
        foreach (MethodBody method in methods.Where(static one => one.IsShort))
        {
            IFieldSymbol[] fields = [.. _kept.Where(field => FieldUses.IsUsed(method.Code!, field) && !methods.Any(other => other != method && FieldUses.IsChecked(other.Code!, field)))];
            if (fields.Length == 0)
            {
                continue;
            }

            Depth.Run(() =>
            {
                var session = new FlowSession(bodies, _sizes, 1, Math.Max(LeastSteps / 4, _stepsLeft / 2), cancellation);
                bool isDone = ValueAnalysis.Run(session, method, null, fields);
                _stepsLeft = Math.Max(0, _stepsLeft - session.StepsInHelpers);
                Steps += session.Steps;
                session.UncheckedUses.RemoveWhere(use => !session.Given.Any(given => given.Key is IFieldSymbol && use.Value.Mentions(given)));
                if (isDone)
                {
                    found(session);
                }
            });
        }
    }

    private FlowSession? Run(Function function, bool isLast)
    {
        int depth = DeepestFrame;
        for (bool isExact = false; ; isExact = true)
        {
            // The last one may use all that is left.
            long share = isLast ? _stepsLeft : _stepsLeft / 2;
            while (IsTooMuch(function, depth, share, isExact))
            {
                depth--;
            }

            if (!MeetsBytes(function, depth))
            {
                return null;
            }

            FlowSession session = Try(function, depth, share, followsOthers: true, out bool isDone);
            if (!isDone && session.HasFollowedOthers && session.Steps - session.StepsInHelpers <= FlowSession.MostSteps)
            {
                session = Try(function, depth, share, followsOthers: false, out isDone);
            }

            if (isDone || depth == 0 || session.Steps - session.StepsInHelpers > FlowSession.MostSteps)
            {
                return isDone ? session : null;
            }

            // There may be more in a helper than its length shows. Else it is loops in loops: what was thought to be enough was far from it,
            // and would hardly ever be for a little less.
            depth = !isExact && IsTooMuch(function, depth, share, isExact: true) ? depth - 1 : 0;
        }
    }

    // Some read only in a lambda, which is looked at by itself, or deeper than there is time for: there is nothing to find in them.
    private bool MeetsBytes(Function function, int depth) => bodies.IsParser(function.Body, function.Creation) || !bodies.DeclaredOf(function.Body.Method).Given.IsEmpty || bodies.MayRead(function.Body, depth);

    private FlowSession Try(Function function, int depth, long most, bool followsOthers, out bool isDone)
    {
        var session = new FlowSession(bodies, _sizes, depth, most, cancellation, followsOthers);
        try
        {
            isDone = ValueAnalysis.Run(session, function.Body, function.Creation);
        }
        finally
        {
            _stepsLeft = Math.Max(0, _stepsLeft - session.StepsInHelpers);
            Steps += session.Steps;
        }

        return session;
    }

    // Whether it will take more steps than there are, as far as that can be known.
    private bool IsTooMuch(Function function, int depth, long share, bool isExact)
    {
        long most = function.Body.Operations + (share / StepsForCalled);
        long cost = bodies.CostOf(function.Body, depth, isExact);
        return cost > most && (isExact || cost > FarTooMuch * most || bodies.CostOf(function.Body, depth, isExact: true) > most);
    }

    /// <summary>Something to go through.</summary>
    /// <param name="Creation">Of a lambda: the delegate that it becomes.</param>
    /// <param name="Called">About how much there is in what it calls.</param>
    private sealed record Function(MethodBody Body, IOperation? Creation, long Called)
    {
        // What comes in no order of its own is put into the same one each time. Several initializers belong to one constructor.
        private readonly SyntaxNode? _code = Body.Graph?.Blocks?.OriginalOperation.Syntax;

        public string? File => _code?.SyntaxTree.FilePath;

        public int Start => _code?.SpanStart ?? 0;
    }
}

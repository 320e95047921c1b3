using Nub.Tool.CTypes;

namespace Nub.Tool.Import;

/// <summary>Decides how each struct of C is written in C#, or why it cannot be.</summary>
internal sealed class Planner
{
    // What the generator refuses to copy as a value.
    private const long MaximumSize = 1 << 20;

    private readonly Dictionary<CStruct, StructPlan?> _plans = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<CStruct, string> _reasons = new(ReferenceEqualityComparer.Instance);
    private readonly TakenNames _names = new();
    private readonly List<StructPlan> _written = [];

    /// <summary>The structs to be written, each after those that it needs.</summary>
    public IReadOnlyList<StructPlan> Written => _written;

    /// <summary>The structs that are left out, and why.</summary>
    public IEnumerable<(CStruct Struct, string Reason)> LeftOut => _reasons.Select(static pair => (pair.Key, pair.Value));

    /// <summary>Plans a struct that has a name, and all that it needs.</summary>
    /// <returns>Null when it is left out.</returns>
    public StructPlan? Add(CStruct c)
    {
        if (_plans.TryGetValue(c, out StructPlan? known))
        {
            return known;
        }

        StructPlan? plan = null;
        try
        {
            plan = Plan(c, Names.Pascal(c.Name), this);
            plan = plan with { Name = _names.Take(plan.Name) };
            _written.Add(plan);
        }
        catch (NotInCSharpException e)
        {
            _reasons.Add(c, e.Message);
        }

        _plans.Add(c, plan);
        return plan;
    }

    private static StructPlan Plan(CStruct c, string name, Planner planner)
    {
        if (c.Size <= 0)
        {
            throw new NotInCSharpException("it has no bytes");
        }

        if (c.Size > MaximumSize)
        {
            throw new NotInCSharpException($"it has {c.Size} bytes, more than the {MaximumSize} that a value may have");
        }

        return new StructBuilder(c, name, planner.Add).Build();
    }

    /// <summary>Plans a struct without a name, for the one that it stands in.</summary>
    public static StructPlan PlanNested(CStruct c, string name, Func<CStruct, StructPlan?> named) => new StructBuilder(c, name, named).Build();
}

/// <summary>What keeps a struct of C from being one of C#.</summary>
internal sealed class NotInCSharpException(string reason) : Exception(reason);

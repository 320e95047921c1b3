using Nub.Fuzz.Engine;

namespace Nub.Fuzz.Targets;

/// <summary>The targets, in the order in which they run.</summary>
internal static class AllTargets
{
    private static readonly (string Name, Func<FuzzTarget> Make)[] s_all =
    [
        ("stack", static () => new StackTarget()),
        ("memory", static () => new MemoryTarget()),
        ("decoders", static () => new DecoderTarget()),
        ("queue", static () => new QueueTarget()),
        ("ring", static () => new RingTarget()),
        ("vhost-user", static () => new VhostTarget()),
        ("snapshot", static () => new SnapshotTarget()),
        ("types", static () => new TypesTarget()),
        ("layout", static () => new LayoutTarget()),
    ];

    private static readonly (string Name, Func<FuzzTarget> Make)[] s_ofTests = [("maze", static () => new MazeTarget(isEndless: false)), ("endless", static () => new MazeTarget(isEndless: true))];

    public static IEnumerable<string> Names => s_all.Select(static one => one.Name);

    public static FuzzTarget Named(string name) => Array.Find([.. s_all, .. s_ofTests], one => one.Name == name) is { Make: { } make }
        ? make() : throw new ArgumentException($"There is no target '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
}

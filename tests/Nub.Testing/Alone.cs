namespace Nub.Testing;

/// <summary>Tests that need the processors, or look at something of the whole process (its maps, its slots, its listeners), run alone, after the others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}

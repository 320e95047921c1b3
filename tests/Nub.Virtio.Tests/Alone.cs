namespace Nub.Virtio.Tests;

/// <summary>Tests that look at something of the whole process run alone, after the others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}

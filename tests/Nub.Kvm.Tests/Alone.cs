namespace Nub.Kvm.Tests;

/// <summary>The tests that no other may run beside.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}

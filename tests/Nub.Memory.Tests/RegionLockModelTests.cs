using Xunit.Abstractions;

namespace Nub.Memory.Tests;

/// <summary>Runs the exhaustive search of the locking protocol's model (tests/models), where spin and a C compiler are.</summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public class RegionLockModelTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void The_protocol_holds_and_every_mutation_of_it_fails() => Model.Search("run.sh", output);
}

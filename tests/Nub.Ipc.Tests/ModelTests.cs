using Xunit.Abstractions;

namespace Nub.Ipc.Tests;

/// <summary>Runs the exhaustive search of the protocols' models (tests/models), where spin and a C compiler are.</summary>
[Trait("Kind", "slow")]
[Collection(Alone.Name)]
public class ModelTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void The_protocols_hold_and_every_mutation_of_them_fails() => Model.Search("run-ipc.sh", output);
}

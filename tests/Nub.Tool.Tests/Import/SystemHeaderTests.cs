using Nub.Tool.Headers;
using Nub.Tool.Import;
using Nub.Tool.Tests.Harness;
using Xunit.Abstractions;

namespace Nub.Tool.Tests.Import;

/// <summary>Headers as they are installed, imported, compiled, loaded, and compared with what GCC says of them.</summary>
[Trait("Kind", "slow")]
public class SystemHeaderTests(ITestOutputHelper output)
{
    private const double LeastShare = 0.95;

    public static TheoryData<string> Sets => [.. HeaderSet.All];

    [SkippableTheory]
    [MemberData(nameof(Sets))]
    public void What_is_imported_compiles_and_lies_where_another_compiler_puts_it(string set)
    {
        Agreement.SkipWithoutLibclang();
        HeaderOptions headers = HeaderSet.Find(set);
        Gcc.SkipWithout();
        Imported imported = Agreement.Assert(headers, output);
        Assert.InRange(imported.Structs.Count, LeastShare * (imported.Structs.Count + imported.LeftOut.Count), double.MaxValue);
    }
}

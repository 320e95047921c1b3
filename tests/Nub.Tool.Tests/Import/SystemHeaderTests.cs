using Nub.Tool.CTypes;
using Nub.Tool.Headers;
using Nub.Tool.Import;
using Nub.Tool.Tests.Harness;
using Xunit.Abstractions;

namespace Nub.Tool.Tests.Import;

/// <summary>Headers as they are installed, imported, compiled, loaded, and compared with what GCC says of them.</summary>
public class SystemHeaderTests(ITestOutputHelper output)
{
    private const double LeastShare = 0.95;

    public static TheoryData<string> Sets => [.. HeaderSet.All];

    [SkippableTheory]
    [MemberData(nameof(Sets))]
    public void What_is_imported_compiles_and_lies_where_another_compiler_puts_it(string set)
    {
        HeaderOptions headers = HeaderSet.Find(set);
        Gcc.SkipWithout();
        IReadOnlyList<CStruct> all = HeaderReader.Read(headers);
        Imported imported = Importer.Import(all, headers.Headers, types: null, set, "Wire", isInternal: false);
        output.WriteLine($"{set}: {imported.Structs.Count} structs, {imported.LeftOut.Count} left out");
        foreach ((CStruct left, string reason) in imported.LeftOut)
        {
            output.WriteLine($"  {left.Display}: {reason}");
        }

        Assert.Empty(Compiler.Compile(imported.Text, out byte[] assembly));
        Dictionary<string, LoadedStruct> loaded = LoadedStruct.AllOf(assembly);
        Assert.InRange(imported.Structs.Count, LeastShare * (imported.Structs.Count + imported.LeftOut.Count), double.MaxValue);
        Assert.Equal(imported.Structs.Count, loaded.Count);

        List<GccMember> expected = Gcc.Ask(headers, all.Where(one => loaded.ContainsKey(one.Name)));
        Assert.Equal(loaded.Count, expected.Count(static member => member.Member.Length == 0));
        Assert.All(expected, member => Assert.True(Agrees(loaded[member.Struct], member), $"{member} is not where GCC has it."));
    }

    private static bool Agrees(LoadedStruct loaded, GccMember member) =>
        member.Member.Length == 0 ? loaded.Size == member.Size : member.Size == 0 || loaded.Has(member.Member, member.Offset, member.Size);
}

using System.Runtime.InteropServices;
using Nub.Tool.CTypes;
using Nub.Tool.Headers;
using Nub.Tool.Import;
using Xunit.Abstractions;

namespace Nub.Tool.Tests.Harness;

/// <summary>Imports, compiles, loads and checks headers, and compares with another compiler.</summary>
internal static class Agreement
{
    public static void SkipWithoutLibclang() => Skip.IfNot(
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "The package brings libclang for Linux on x64 only.");

    /// <summary>Asserts that every struct of the headers that is written lies where C has it, by all who can be asked.</summary>
    public static Imported Assert(HeaderOptions headers, ITestOutputHelper output)
    {
        IReadOnlyList<CStruct> all = HeaderReader.Read(headers);
        Imported imported = Importer.Import(all, headers.Headers, types: null, "headers", "Wire", isInternal: false);
        output.WriteLine($"{string.Join(' ', headers.Headers)}: {imported.Structs.Count} structs written, {imported.LeftOut.Count} left out");
        foreach ((CStruct left, string reason) in imported.LeftOut)
        {
            output.WriteLine($"  {left.Display}: {reason}");
        }

        Xunit.Assert.Empty(Compiler.Compile(imported.Text, out byte[] assembly));
        Dictionary<string, LoadedStruct> loaded = LoadedStruct.AllOf(assembly);
        Xunit.Assert.Equal(imported.Structs.Count, loaded.Count);

        List<GccMember> expected = Gcc.Ask(headers, all.Where(one => loaded.ContainsKey(one.Name)));
        Xunit.Assert.Equal(loaded.Count, expected.Count(static member => member.Member.Length == 0));
        Xunit.Assert.All(expected, member => Xunit.Assert.True(Agrees(loaded[member.Struct], member), $"{member} is not where GCC has it."));

        using var file = new TemporaryFile(".dll", assembly);
        NubRun check = NubTool.Run(["check", file.Path, .. headers.Headers.SelectMany(static header => new[] { "--header", header })]);
        Xunit.Assert.Contains($"{loaded.Count} of {loaded.Count} structs agree", check.Output + check.Error, StringComparison.Ordinal);
        Xunit.Assert.Equal(0, check.ExitCode);
        return imported;
    }

    // Bits that no one integer holds have no property.
    private static bool Agrees(LoadedStruct loaded, GccMember member) =>
        member.IsBits ? loaded.BitsOf(member.Member) is not { } bits || bits == (member.Offset, member.Size)
        : member.Member.Length == 0 ? loaded.Size == member.Size : member.Size == 0 || loaded.Has(member.Member, member.Offset, member.Size);
}

using System.CommandLine;
using Nub.Tool.Assemblies;
using Nub.Tool.Btf;
using Nub.Tool.Check;
using Nub.Tool.CTypes;
using Nub.Tool.Dwarf;
using Nub.Tool.Headers;

namespace Nub.Tool.Commands;

/// <summary><c>nub check</c>: structs of an assembly beside those of C that they say they are.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        Argument<string> assembly = new("assembly") { Description = "The assembly whose structs say [Layout(Of = \"…\")]." };
        Option<string?> btf = new("--btf") { Description = "A kernel's type information: /sys/kernel/btf/vmlinux, or an ELF file with a section .BTF.", HelpName = "FILE" };
        Option<string?> dwarf = new("--dwarf") { Description = "Debugging information: an ELF file that was compiled with -g.", HelpName = "FILE" };
        Option<string[]> headers = new("--header") { Description = "A header: a file, or a name as between < and >. As often as needed.", HelpName = "HEADER" };
        var compiler = new CompilerOptions();
        var command = new Command("check", "Compares structs with the layouts of a header, a kernel or a program. Ends with 1 where they differ.") { assembly, btf, dwarf, headers };
        compiler.AddTo(command);
        command.SetAction(parsed => Tool.Run(parsed, () =>
        {
            HeaderOptions options = compiler.Of(parsed, parsed.GetValue(headers) ?? []);
            return Check(parsed.GetValue(assembly)!, parsed.GetValue(btf), parsed.GetValue(dwarf), options, parsed.InvocationConfiguration);
        }));
        return command;
    }

    private static int Check(string path, string? btf, string? dwarf, HeaderOptions options, InvocationConfiguration console)
    {
        if ((btf is null ? 0 : 1) + (dwarf is null ? 0 : 1) + (options.Headers.Count == 0 ? 0 : 1) != 1)
        {
            throw new ToolException("Give one of --btf, --dwarf and --header to compare with.");
        }

        using var assembly = new AssemblyReader(path);
        List<NetStruct> structs = [.. assembly.Read().Where(static one => one.Of is not null)];
        if (structs.Count == 0)
        {
            throw new ToolException($"No struct of {path} says [Layout(Of = \"…\")], so there is nothing to compare.");
        }

        string source = btf ?? dwarf ?? string.Join(", ", options.Headers);
        Func<string, IReadOnlyList<CStruct>> find = btf is not null ? BtfFile.Open(btf).Find : dwarf is not null ? new DwarfReader(dwarf).Find : FinderOf(HeaderReader.Read(options));
        int agree = 0;
        int missing = 0;
        foreach (NetStruct one in structs)
        {
            IReadOnlyList<CStruct> candidates = find(one.Of!);
            missing += candidates.Count == 0 ? 1 : 0;
            agree += Report(one, candidates, source, console.Output) ? 1 : 0;
        }

        string rest = agree == structs.Count ? "" : $", {structs.Count - agree - missing} differ, {missing} are not there";
        console.Output.WriteLine(Printable.Of($"{agree} of {structs.Count} structs agree with {source}{rest}."));
        return agree == structs.Count ? Tool.Success : Tool.Failure;
    }

    private static Func<string, IReadOnlyList<CStruct>> FinderOf(IReadOnlyList<CStruct> all)
    {
        ILookup<string, CStruct> named = all.ToLookup(static one => one.Name);
        return name => [.. named[name]];
    }

    // Of several C structs of one name, in different parts of a kernel, one is meant: that which agrees, if one does.
    private static bool Report(NetStruct net, IReadOnlyList<CStruct> candidates, string source, TextWriter output)
    {
        Comparison? best = candidates.Select(c => Comparer.Compare(net, c)).MinBy(static comparison => comparison.Differences);
        if (best is { Differences: 0 })
        {
            return true;
        }

        output.WriteLine(best is null ? Printable.Of($"{net.Name}: {source} has no '{net.Of}'.") : Printable.Of($"{net.Name} differs from {best.C.Display}:") + "\n" + ComparisonTable.Draw(best, source));
        return false;
    }
}

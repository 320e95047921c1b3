using System.CommandLine;
using Nub.Tool.Assemblies;

namespace Nub.Tool.Commands;

/// <summary><c>nub layout</c>: what the structs of an assembly look like.</summary>
internal static class LayoutCommand
{
    public static Command Create()
    {
        Argument<string> assembly = new("assembly") { Description = "The assembly." };
        Argument<string?> type = new("type") { Description = "One of its structs, by its own name or that of C; all of them when not given.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("layout", "Draws the layouts of [AllValid] and [ValidateOnRead] structs.") { assembly, type };
        command.SetAction(parsed => Tool.Run(parsed, () => Draw(parsed.GetValue(assembly)!, parsed.GetValue(type), parsed.InvocationConfiguration.Output)));
        return command;
    }

    private static int Draw(string path, string? type, TextWriter output)
    {
        using var assembly = new AssemblyReader(path);
        List<NetStruct> structs = [.. assembly.Read().Where(one => type is null || one.Name == type || one.Of == type)];
        if (structs.Count == 0)
        {
            throw new ToolException(type is null ? $"{path} has no struct that is marked." : $"{path} has no marked struct '{type}'.");
        }

        output.Write(Printable.Lines(string.Join('\n', structs.Select(LayoutPicture.Draw))));
        return Tool.Success;
    }
}

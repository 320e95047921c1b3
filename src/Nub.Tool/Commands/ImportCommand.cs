using System.CommandLine;
using Nub.Tool.CTypes;
using Nub.Tool.Headers;
using Nub.Tool.Import;

namespace Nub.Tool.Commands;

/// <summary><c>nub import</c>: structs of C as structs of C#.</summary>
internal static class ImportCommand
{
    public static Command Create()
    {
        Argument<string[]> headers = new("header") { Description = "The headers: files, or names as between < and >, such as linux/virtio_ring.h.", Arity = ArgumentArity.OneOrMore };
        Option<string?> types = new("--types") { Description = "Which structs and unions: a regular expression that the whole name matches. Those that they need come along. Without it those that the headers define.", HelpName = "REGEX" };
        Option<string> name = new("--namespace") { Description = "The namespace of the structs.", Required = true, HelpName = "NAME" };
        Option<string?> output = new("--output", "-o") { Description = "The file to write; standard output when not given.", HelpName = "FILE" };
        Option<bool> isInternal = new("--internal") { Description = "The structs are internal, not public." };
        var compiler = new CompilerOptions();
        var command = new Command("import", "Writes [AllValid] structs from C headers.") { headers, types, name, output, isInternal };
        compiler.AddTo(command);
        command.SetAction(parsed => Tool.Run(parsed, () =>
        {
            HeaderOptions options = compiler.Of(parsed, parsed.GetValue(headers)!);
            IReadOnlyList<CStruct> structs = HeaderReader.Read(options);
            string origin = $"{string.Join(", ", options.Headers.Select(Path.GetFileName))} for {options.Target}";
            Imported imported = Importer.Import(structs, options.Headers, parsed.GetValue(types), origin, parsed.GetValue(name)!, parsed.GetValue(isInternal));
            return Write(imported, parsed.GetValue(output), parsed.InvocationConfiguration);
        }));
        return command;
    }

    private static int Write(Imported imported, string? file, InvocationConfiguration console)
    {
        if (file is null)
        {
            console.Output.Write(imported.Text);
        }
        else
        {
            File.WriteAllText(file, imported.Text);
        }

        foreach ((CStruct left, string reason) in imported.LeftOut)
        {
            console.Error.WriteLine(Printable.Of($"nub: {left.Display} is left out: {reason}."));
        }

        console.Error.WriteLine($"nub: {imported.Structs.Count} structs written, {imported.LeftOut.Count} left out.");
        return imported.Structs.Count > 0 ? Tool.Success : Tool.Failure;
    }
}

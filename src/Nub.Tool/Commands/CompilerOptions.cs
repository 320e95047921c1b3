using System.CommandLine;
using Nub.Tool.Headers;

namespace Nub.Tool.Commands;

/// <summary>The options of each command that reads headers.</summary>
internal sealed class CompilerOptions
{
    private readonly Option<string[]> _directories = new("-I") { Description = "Where to look for headers. As often as needed.", HelpName = "DIR" };
    private readonly Option<string[]> _macros = new("-D") { Description = "A macro that is defined: NAME or NAME=VALUE.", HelpName = "NAME" };
    private readonly Option<string[]> _before = new("--include") { Description = "A header that stands before the others.", HelpName = "HEADER" };
    private readonly Option<string> _target = new("--target") { Description = "The machine whose layouts they are, as Clang names it.", HelpName = "TRIPLE", DefaultValueFactory = _ => HeaderOptions.DefaultTarget };

    public void AddTo(Command command)
    {
        command.Add(_directories);
        command.Add(_macros);
        command.Add(_before);
        command.Add(_target);
    }

    public HeaderOptions Of(ParseResult parsed, IReadOnlyList<string> headers) => new()
    {
        Headers = headers,
        Before = parsed.GetValue(_before) ?? [],
        Directories = parsed.GetValue(_directories) ?? [],
        Macros = parsed.GetValue(_macros) ?? [],
        Target = parsed.GetValue(_target)!,
    };
}

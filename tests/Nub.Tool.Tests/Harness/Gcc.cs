using System.Diagnostics;
using System.Globalization;
using System.Text;
using Nub.Tool.CTypes;
using Nub.Tool.Headers;

namespace Nub.Tool.Tests.Harness;

/// <summary>A member as GCC has it; of the struct itself when it has no name.</summary>
internal sealed record GccMember(string Struct, string Member, long Offset, long Size);

/// <summary>Another compiler's word on the same headers.</summary>
internal static class Gcc
{
    private static readonly Lazy<bool> s_isThere = new(IsThere);

    public static void SkipWithout() => Skip.IfNot(s_isThere.Value, "There is no gcc here to compare with (or it does not compile for this machine).");

    /// <summary>Compiles and runs a program that prints sizes and offsets.</summary>
    public static List<GccMember> Ask(HeaderOptions headers, IEnumerable<CStruct> structs)
    {
        var source = new StringBuilder("#include <stdio.h>\n#include <stddef.h>\n").Append(headers.Source).Append("int main(void) {\n");
        foreach (CStruct one in structs)
        {
            source.AppendLine(CultureInfo.InvariantCulture, $"printf(\"{one.Name}  0 %zu\\n\", sizeof({one.Display}));");
            foreach (CPlace place in one.Places.Where(static place => place.Member is { Name.Length: > 0, BitWidth: null, IsFlexibleArray: false }))
            {
                string member = place.Member.Name;
                source.AppendLine(CultureInfo.InvariantCulture, $"printf(\"{one.Name} {member} %zu %zu\\n\", offsetof({one.Display}, {member}), sizeof((({one.Display} *)0)->{member}));");
            }
        }

        string program = Path.Combine(Path.GetTempPath(), "nub-layouts-" + Guid.NewGuid().ToString("N"));
        try
        {
            Run("gcc", ["-xc", "-w", "-o", program, "-"], source.Append("return 0; }\n").ToString());
            return [.. Run(program, [], "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' '))
                .Select(static part => new GccMember(part[0], part[1], Number(part[2]), Number(part[3])))];
        }
        finally
        {
            File.Delete(program);
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static bool IsThere()
    {
        try
        {
            return Run("gcc", ["-dumpmachine"], "").StartsWith("x86_64", StringComparison.Ordinal);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            return false;
        }
    }

    private static string Run(string file, string[] arguments, string input)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode == 0 ? output.Result : throw new InvalidOperationException($"{file} ended with {process.ExitCode}: {errors.Result}");
    }
}

using System.Globalization;
using System.Text;
using Nub.Tool.CTypes;
using Nub.Tool.Headers;

namespace Nub.Tool.Tests.Harness;

/// <summary>A member as GCC has it; of the struct itself when it has no name. Offset and size are bytes, and of a bit field bits.</summary>
internal sealed record GccMember(string Struct, string Member, long Offset, long Size, bool IsBits);

/// <summary>Another compiler's word on the same headers.</summary>
internal static class Gcc
{
    private static readonly Lazy<bool> s_isThere = new(IsThere);

    public static void SkipWithout() => Skip.IfNot(s_isThere.Value, "There is no gcc here to compare with (or it does not compile for this machine).");

    // Which bits a bit field has is seen when all of them are set.
    private const string Scan = """
        static void scan(const char *name, const unsigned char *bytes, size_t size)
        {
            size_t first = 0, count = 0;
            for (size_t i = 0; i < size * 8; i++) if (bytes[i / 8] >> (i % 8) & 1) { if (!count) first = i; count++; }
            printf("%s %zu %zu bits\n", name, first, count);
        }

        """;

    /// <summary>Compiles and runs a program that prints sizes and offsets.</summary>
    public static List<GccMember> Ask(HeaderOptions headers, IEnumerable<CStruct> structs)
    {
        var source = new StringBuilder("#include <stdio.h>\n#include <stddef.h>\n#include <string.h>\n").Append(headers.Source).Append(Scan).Append("int main(void) {\n");
        foreach (CStruct one in structs)
        {
            source.AppendLine(CultureInfo.InvariantCulture, $"printf(\"{one.Name}  0 %zu\\n\", sizeof({one.Display}));");
            foreach (CPlace place in one.Places.Where(static place => place.Member is { Name.Length: > 0, BitWidth: null, IsFlexibleArray: false }))
            {
                string member = place.Member.Name;
                source.AppendLine(CultureInfo.InvariantCulture, $"printf(\"{one.Name} {member} %zu %zu\\n\", offsetof({one.Display}, {member}), sizeof((({one.Display} *)0)->{member}));");
            }

            foreach (string member in one.Places.Where(static place => place.Member is { Name.Length: > 0, BitWidth: not null }).Select(static place => place.Member.Name))
            {
                source.AppendLine(CultureInfo.InvariantCulture, $"{{ {one.Display} v; memset(&v, 0, sizeof(v)); v.{member} = -1; scan(\"{one.Name} {member}\", (void *)&v, sizeof(v)); }}");
            }
        }

        string program = CCompiler.Compile("gcc", source.Append("return 0; }\n").ToString(), "-w");
        try
        {
            return [.. ChildProcess.RunWell(program, []).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' '))
                .Select(static part => new GccMember(part[0], part[1], Number(part[2]), Number(part[3]), part.Length > 4))];
        }
        finally
        {
            File.Delete(program);
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static bool IsThere() =>
        Installed.Find("gcc") is not null && ChildProcess.RunWell("gcc", ["-dumpmachine"]).StartsWith("x86_64", StringComparison.Ordinal);
}

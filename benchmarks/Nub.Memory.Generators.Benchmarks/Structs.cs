using System.Globalization;
using System.Text;

namespace Nub.Memory.Generators.Benchmarks;

/// <summary>A project's worth of structs, as a device model has them.</summary>
internal static class Structs
{
    public static string Source(int count)
    {
        var text = new StringBuilder("using Nub.Memory;\nnamespace Wire;\n");
        for (int i = 0; i < count; i++)
        {
            string nested = i % 5 == 1 ? $" public S{i - 1} Inner;" : "";
            text.AppendLine(CultureInfo.InvariantCulture, $"[AllValid] public partial struct S{i} {{ public ulong Address; public uint Length; public ushort Flags; public byte Queue; public byte Kind; [BigEndian] public uint Port; public int Status; public long Time; public double Rate;{nested} }}");
        }

        return text.ToString();
    }

    /// <summary>Something else in the project, which somebody types in.</summary>
    public static string Other(int version) =>
        $"namespace Wire; public static class Other {{ public static int Version => {version.ToString(CultureInfo.InvariantCulture)}; }}\n";
}

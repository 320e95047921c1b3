using System.Reflection;
using System.Runtime.CompilerServices;
using Nub.Memory.Generators.Tests.Harness;
using Nub.Memory.StrictConsumer;
using Xunit.Abstractions;

namespace Nub.Memory.Generators.Tests.Kernel;

/// <summary>Generated layouts against a C compiler's: layouts.txt is what layouts.c printed.</summary>
public sealed class KernelLayoutTests(ITestOutputHelper output)
{
    private sealed record CStruct(string Name, int Size, int Alignment, List<(string Field, int Offset, int Size)> Fields);

    [Fact]
    public void Every_struct_and_field_stands_where_C_puts_it()
    {
        List<CStruct> table = [.. ReadTable().Where(static one => one.Name != "blkif_response")];
        int fields = 0;
        foreach (CStruct one in table)
        {
            Type type = typeof(Endpoint).Assembly.GetType($"Nub.Memory.StrictConsumer.Kernel.{one.Name}", throwOnError: true)!;
            Type layout = type.GetNestedType("Layout")!;
            // A packed C struct has alignment 1; ours says the same.
            Assert.Equal((one.Name, one.Size, one.Alignment), (one.Name, Constant(layout, "Size"), Constant(layout, "Alignment")));
            Assert.Equal((one.Name, one.Size), (one.Name, SizeInRuntime(type)));
            foreach ((string field, int offset, int size) in one.Fields)
            {
                Assert.Equal((one.Name, field, offset), (one.Name, field, Constant(layout, field + "Offset")));
                Assert.Equal((one.Name, field, size), (one.Name, field, SizeInRuntime(type.GetField(field)!.FieldType)));
                fields++;
            }
        }

        Assert.True(table.Count >= 15);
        output.WriteLine($"{table.Count} structs with {fields} fields stand where the C compiler puts them");
    }

    [Fact]
    public async Task The_padding_of_XSA_216_is_refused_where_C_has_it()
    {
        CStruct c = ReadTable().Single(static one => one.Name == "blkif_response");
        Assert.Equal((16, 9, 10), (c.Size, c.Fields[1].Offset + c.Fields[1].Size, c.Fields[2].Offset));

        string[] messages = await Markup.CheckAsync("""
            [AllValid] public partial struct blkif_response { public ulong id; public byte {|NUB0005:operation|}; public short {|NUB0005:status|}; }
            """);
        Assert.Contains("1 byte of implicit padding at offset 9", messages[0], StringComparison.Ordinal);
        Assert.Contains("4 bytes of implicit padding at offset 12", messages[1], StringComparison.Ordinal);
    }

    private static int Constant(Type layout, string name) => (int)layout.GetField(name, BindingFlags.Public | BindingFlags.Static)!.GetRawConstantValue()!;

    private static int SizeInRuntime(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static List<CStruct> ReadTable()
    {
        using var reader = new StreamReader(typeof(KernelLayoutTests).Assembly.GetManifestResourceStream("layouts.txt")!);
        var table = new List<CStruct>();
        while (reader.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            if (words[0] == "struct")
            {
                table.Add(new CStruct(words[1], Number(words[2]), Number(words[3]), []));
            }
            else
            {
                table[^1].Fields.Add((words[0], Number(words[1]), Number(words[2])));
            }
        }

        return table;
    }

    private static int Number(string text) => int.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}

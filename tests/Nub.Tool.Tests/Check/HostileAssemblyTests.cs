using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using System.Text;
using Nub.Memory;
using Nub.Tool.Tests.Btf;
using Nub.Tool.Tests.Harness;

namespace Nub.Tool.Tests.Check;

/// <summary>Assemblies that no compiler would write are refused.</summary>
public class HostileAssemblyTests
{
    [Fact]
    public void Structs_that_multiply_their_fields_are_refused()
    {
        // Each has the one before twice, on the same bytes: thirty structs that would become a billion fields.
        var source = new StringBuilder("using System.Runtime.InteropServices; using Nub.Memory; namespace T; public struct S0 { public uint F; }\n");
        for (int i = 1; i <= 30; i++)
        {
            source.Append(i == 30 ? "[Layout(Of = \"bomb\")] " : "").Append(
                System.Globalization.CultureInfo.InvariantCulture, $"[StructLayout(LayoutKind.Explicit)] public struct S{i} {{ [FieldOffset(0)] public S{i - 1} A; [FieldOffset(0)] public S{i - 1} B; }}\n");
        }

        _ = Compiler.Compile(source.ToString(), out byte[] assembly);
        Assert.Contains("more than 100000 fields", Refusal(assembly, "bomb"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_array_of_itself_is_refused()
    {
        var builder = new PersistedAssemblyBuilder(new AssemblyName("Hostile"), typeof(object).Assembly);
        ModuleBuilder module = builder.DefineDynamicModule("Hostile");
        TypeBuilder array = Define(module, "Array");
        array.SetCustomAttribute(new CustomAttributeBuilder(typeof(InlineArrayAttribute).GetConstructor([typeof(int)])!, [1]));
        array.DefineField("_element", array, FieldAttributes.Private);
        TypeBuilder outer = Define(module, "Outer");
        outer.DefineField("Inside", array, FieldAttributes.Public);
        outer.SetCustomAttribute(new CustomAttributeBuilder(typeof(LayoutAttribute).GetConstructor([])!, [], [typeof(LayoutAttribute).GetProperty("Of")!], ["loop"]));
        array.CreateType();
        outer.CreateType();
        using var stream = new MemoryStream();
        builder.Save(stream);
        Assert.Contains("contains itself", Refusal(stream.ToArray(), "loop"), StringComparison.Ordinal);
    }

    private static TypeBuilder Define(ModuleBuilder module, string name) =>
        module.DefineType(name, TypeAttributes.Public | TypeAttributes.Sealed | TypeAttributes.SequentialLayout, typeof(ValueType));

    private static string Refusal(byte[] assembly, string name)
    {
        var image = new BtfImage();
        image.Struct(name, 4, ("z", image.Int("unsigned short", 2), 0, 0));
        using var file = new TemporaryFile(".dll", assembly);
        using var btf = new TemporaryFile(".btf", image.ToBytes());
        NubRun run = NubTool.Run("check", file.Path, "--btf", btf.Path);
        Assert.Equal(1, run.ExitCode);
        return run.Error;
    }
}

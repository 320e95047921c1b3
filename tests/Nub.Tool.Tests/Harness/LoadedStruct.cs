using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;
using Nub.Memory;
using Nub.Tool.Import;

namespace Nub.Tool.Tests.Harness;

/// <summary>A struct as the runtime has laid it out: asked of the runtime itself, not computed.</summary>
internal sealed class LoadedStruct(Type type)
{
    public string? Of { get; } = type.GetCustomAttribute<LayoutAttribute>()?.Of;

    public int Size { get; } = SizeOf(type);

    public IReadOnlyList<(string Name, long Offset, int Size)> Fields { get; } =
    [
        .. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Select(field => (field.GetCustomAttribute<LayoutAttribute>()?.Of ?? field.Name, OffsetOf(type, field), SizeOf(field.FieldType))),
    ];

    /// <summary>The structs of an assembly that say what they are of.</summary>
    public static Dictionary<string, LoadedStruct> AllOf(byte[] assembly) =>
        Assembly.Load(assembly).GetTypes().Where(static type => type.IsDefined(typeof(LayoutAttribute))).Select(static type => new LoadedStruct(type))
            .ToDictionary(static one => one.Of!);

    /// <summary>Whether it has a field of the name, there.</summary>
    public bool Has(string name, long offset, long size) =>
        Fields.Any(field => Names.Fold(field.Name) == Names.Fold(name) && field.Offset == offset && field.Size == size);

    /// <summary>Where the bits of a bit field stand, and how many they are; null when there is no such property.</summary>
    public (long Offset, long Bits)? BitsOf(string name)
    {
        PropertyInfo? found = type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .FirstOrDefault(property => Names.Fold(property.GetCustomAttribute<LayoutAttribute>()?.Of ?? property.Name) == Names.Fold(name));
        return found?.GetCustomAttribute<BitFieldAttribute>() is not { } bits ? null : ((8 * OffsetOf(type, type.GetField(bits.Unit)!)) + bits.Offset, bits.Bits);
    }

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static long OffsetOf(Type type, FieldInfo field)
    {
        var method = new DynamicMethod("OffsetOf", typeof(long), null, type.Module, skipVisibility: true);
        ILGenerator code = method.GetILGenerator();
        LocalBuilder value = code.DeclareLocal(type);
        code.Emit(OpCodes.Ldloca, value);
        code.Emit(OpCodes.Ldflda, field);
        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Ldloca, value);
        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Sub);
        code.Emit(OpCodes.Conv_I8);
        code.Emit(OpCodes.Ret);
        return (long)method.Invoke(null, null)!;
    }
}

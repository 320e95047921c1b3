using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using Nub.Tool.Import;

namespace Nub.Tool.Assemblies;

/// <summary>Computes where the runtime puts the fields of structs that are only read, not loaded.</summary>
internal sealed class StructReader : IDisposable
{
    // Structs in structs; more are a damaged assembly's, where one contains itself.
    private const int MaximumDepth = 64;

    // Of a struct with those of its structs; on the same bytes they can be had in any number.
    private const long MaximumFields = 100_000;

    private static readonly Dictionary<string, (string Name, int Size)> s_primitives = new(StringComparer.Ordinal)
    {
        ["System.Boolean"] = ("bool", 1),
        ["System.Byte"] = ("byte", 1),
        ["System.SByte"] = ("sbyte", 1),
        ["System.Char"] = ("char", 2),
        ["System.Int16"] = ("short", 2),
        ["System.UInt16"] = ("ushort", 2),
        ["System.Half"] = ("Half", 2),
        ["System.Int32"] = ("int", 4),
        ["System.UInt32"] = ("uint", 4),
        ["System.Single"] = ("float", 4),
        ["System.Int64"] = ("long", 8),
        ["System.UInt64"] = ("ulong", 8),
        ["System.Double"] = ("double", 8),
        ["System.IntPtr"] = ("nint", 8),
        ["System.UIntPtr"] = ("nuint", 8),
        ["System.Int128"] = ("Int128", 16),
        ["System.UInt128"] = ("UInt128", 16),
    };

    private readonly Dictionary<Type, NetStruct> _known = [];
    private readonly Dictionary<string, PEReader> _files = new(StringComparer.Ordinal);

    /// <exception cref="ToolException">It contains itself, as only a damaged assembly says.</exception>
    public NetStruct Read(Type type, int depth = 0)
    {
        if (_known.TryGetValue(type, out NetStruct? known))
        {
            return known;
        }

        LimitDepth(type, depth);
        TypeLayout declared = DeclaredOf(type);
        bool isBigEndian = Has(type.GetCustomAttributesData(), "Nub.Memory.BigEndianAttribute");
        List<(NetField Field, int Alignment, int? Offset)> fields =
        [
            .. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .OrderBy(static field => field.MetadataToken).Select(field => Describe(field, isBigEndian, depth)),
        ];

        long[] offsets = [.. fields.Select(static field => (long)(field.Offset ?? 0))];
        long size;
        int alignment;
        if (type.IsExplicitLayout)
        {
            (size, alignment) = ManagedLayout.Explicit([.. fields.Select(static field => ((field.Offset ?? 0) + field.Field.Size, field.Alignment))], declared.PackingSize, declared.Size);
        }
        else
        {
            (offsets, size, alignment) = ManagedLayout.Sequential([.. fields.Select(static field => (field.Field.Size, field.Alignment))], declared.PackingSize, declared.Size);
        }

        long count = fields.Sum(static field => field.Field is { Struct: { } inside, Count: 1 } ? inside.AllFields : 1);
        if (count > MaximumFields)
        {
            throw new ToolException($"'{type.FullName}' has more than {MaximumFields} fields.");
        }

        // An inline array declares one field and has it as often as it says.
        int length = LengthOf(type) ?? 1;
        Limit(type, size * length);
        var read = new NetStruct(NameOf(type), OfName(type.GetCustomAttributesData()), size * length, alignment)
        {
            AllFields = count,
            Fields = [.. fields.Select((field, i) => Repeat(field.Field, length) with { Offset = offsets[i] }).OrderBy(static field => field.Offset)],
        };
        read = read with { Bits = [.. BitsOf(type, read.Fields)], Aligned = AlignedOf(type.GetCustomAttributesData()) };
        _known.Add(type, read);
        return read;
    }

    public void Dispose()
    {
        foreach (PEReader file in _files.Values)
        {
            file.Dispose();
        }
    }

    private static void LimitDepth(Type type, int depth)
    {
        if (depth > MaximumDepth)
        {
            throw new ToolException($"The assembly is damaged: '{type.FullName}' contains itself.");
        }
    }

    // The runtime's own limit of a value; beyond it nothing that is computed here means anything.
    private static void Limit(Type type, long size)
    {
        if (size is < 0 or > int.MaxValue)
        {
            throw new ToolException($"The assembly is damaged: '{type.FullName}' has {size} bytes.");
        }
    }

    private static NetField Repeat(NetField field, int count) =>
        count == 1 ? field : field with { Size = field.Size * count, Count = field.Count * count, Type = $"{field.Type}[{count}]" };

    private static string NameOf(Type type) => type.DeclaringType is { } outer ? $"{NameOf(outer)}.{type.Name}" : type.Name;

    private static bool Has(IList<CustomAttributeData> attributes, string name) => attributes.Any(one => one.AttributeType.FullName == name);

    private static string? OfName(IList<CustomAttributeData> attributes) =>
        LayoutArgument(attributes, "Of") as string;

    private static int AlignedOf(IList<CustomAttributeData> attributes) => LayoutArgument(attributes, "Alignment") as int? ?? 0;

    private static object? LayoutArgument(IList<CustomAttributeData> attributes, string name) =>
        attributes.FirstOrDefault(static one => one.AttributeType.FullName == "Nub.Memory.LayoutAttribute")?.NamedArguments.FirstOrDefault(one => one.MemberName == name).TypedValue.Value;

    private static int? LengthOf(Type type) =>
        type.GetCustomAttributesData().FirstOrDefault(static one => one.AttributeType.FullName == "System.Runtime.CompilerServices.InlineArrayAttribute")
            is { ConstructorArguments: [{ Value: int length }] } && length > 0 ? length : null;

    // Of a field that stands big-endian the bits have no place that C would name in the same way.
    private static IEnumerable<NetBits> BitsOf(Type type, IReadOnlyList<NetField> fields)
    {
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
        {
            IList<CustomAttributeData> attributes = property.GetCustomAttributesData();
            if (attributes.FirstOrDefault(static one => one.AttributeType.FullName == "Nub.Memory.BitFieldAttribute")
                is { ConstructorArguments: [{ Value: string unit }, { Value: int offset }, { Value: int bits }] }
                && fields.FirstOrDefault(field => field.Name == unit || field.Name == $"<{unit}>k__BackingField") is { IsBigEndian: false } holder)
            {
                string name = s_primitives.TryGetValue(property.PropertyType.FullName ?? "", out (string Name, int Size) primitive) ? primitive.Name : property.PropertyType.Name;
                yield return new NetBits(property.Name, OfName(attributes), (holder.Offset * 8) + offset, bits, name);
            }
        }
    }

    private (NetField Field, int Alignment, int? Offset) Describe(FieldInfo field, bool isBigEndian, int depth)
    {
        IList<CustomAttributeData> attributes = field.GetCustomAttributesData();
        int? offset = attributes.FirstOrDefault(static one => one.AttributeType.FullName == "System.Runtime.InteropServices.FieldOffsetAttribute")
            is { ConstructorArguments: [{ Value: int given }] } ? given : null;
        Limit(field.DeclaringType!, offset ?? 0);
        (Type element, long count) = ElementOf(field, attributes);
        (string name, long size, int alignment, NetStruct? inside) = TypeOf(element, depth);
        bool isTurned = inside is null && (isBigEndian || Has(attributes, "Nub.Memory.BigEndianAttribute") || (element != field.FieldType && IsBigEndianArray(field.FieldType)));
        return (new NetField(field.Name, OfName(attributes), 0, size * count, count == 1 && element == field.FieldType ? name : $"{name}[{count}]")
        {
            IsBigEndian = isTurned,
            Struct = inside,
            Count = count,
        }, alignment, offset);
    }

    private static bool IsBigEndianArray(Type array) =>
        Has(array.GetCustomAttributesData(), "Nub.Memory.BigEndianAttribute")
        || array.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Any(static one => Has(one.GetCustomAttributesData(), "Nub.Memory.BigEndianAttribute"));

    // An inline array, or a fixed buffer, which the compiler makes a struct of.
    private static (Type Element, long Count) ElementOf(FieldInfo field, IList<CustomAttributeData> attributes)
    {
        if (attributes.FirstOrDefault(static one => one.AttributeType.FullName == "System.Runtime.CompilerServices.FixedBufferAttribute")
            is { ConstructorArguments: [{ Value: Type element }, { Value: int length }] })
        {
            return (element, Math.Max(1, length));
        }

        Type type = field.FieldType;
        long count = 1;
        for (int depth = 1; LengthOf(type) is { } own && type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic) is [{ } only]; depth++)
        {
            LimitDepth(type, depth);
            count *= own;
            Limit(type, count);
            type = only.FieldType;
        }

        return (type, count);
    }

    private (string Name, long Size, int Alignment, NetStruct? Inside) TypeOf(Type type, int depth)
    {
        if (type.IsEnum)
        {
            (_, long size, int alignment, _) = TypeOf(type.GetEnumUnderlyingType(), depth);
            return (type.Name, size, alignment, null);
        }

        if (type.FullName is { } name && s_primitives.TryGetValue(name, out (string Name, int Size) primitive))
        {
            return (primitive.Name, primitive.Size, primitive.Size, null);
        }

        if (!type.IsValueType)
        {
            return (type.Name, 8, 8, null);
        }

        NetStruct inside = Read(type, depth + 1);
        return (inside.Name, inside.Size, inside.Alignment, inside);
    }

    // Reflection says a packing of 8 where nothing is said, which differs for integers of 16 bytes.
    private TypeLayout DeclaredOf(Type type)
    {
        string path = type.Assembly.Location;
        if (!_files.TryGetValue(path, out PEReader? file))
        {
            file = new PEReader(File.OpenRead(path));
            _files.Add(path, file);
        }

        Type definition = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        return file.GetMetadataReader().GetTypeDefinition((TypeDefinitionHandle)MetadataTokens.EntityHandle(definition.MetadataToken)).GetLayout();
    }
}

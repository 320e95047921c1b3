using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// The element of a bare <see cref="InlineArrayAttribute"/> type: the one AllValid shape that carries no generated code, so
/// that its one field must be looked at by reflection, once for a type.
/// </summary>
internal sealed class InlineArrayElement
{
    private readonly int _size;
    private readonly FieldLayout? _layout;

    private InlineArrayElement(int size) => _size = size;

    private InlineArrayElement(FieldLayout layout)
    {
        _size = layout.Size;
        _layout = layout;
    }

    /// <summary>Whether the bytes of an element in shared memory stand in another order than this host's.</summary>
    public bool IsForeign => _layout is not null ? _layout.HasForeignFields : !BitConverter.IsLittleEndian && _size > 1;

    /// <summary>Finds the element of <paramref name="type"/>, of an inline array in an inline array the innermost.</summary>
    /// <returns>The element, or <see langword="null"/> when the type is no inline array, or its element is not AllValid or does not fill it.</returns>
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "The generator keeps the field; where it was trimmed all the same the type is refused.")]
    [UnconditionalSuppressMessage("Trimming", "IL2072", Justification = "The element is a value type that lives inside the array's; it needs no constructor.")]
    public static InlineArrayElement? Of(Type type)
    {
        // One that says [ValidateOnRead] may have a Validate, which would not be asked.
        if (type.GetCustomAttribute<InlineArrayAttribute>() is not { } array || type.IsDefined(typeof(ValidateOnReadAttribute), inherit: false))
        {
            return null;
        }

        FieldInfo[] fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        if (fields.Length == 0)
        {
            // Left out by a native compilation: the generator keeps it for types that can be named from outside.
            return null;
        }

        Type element = fields[0].FieldType;
        if (!element.IsValueType || (element.IsEnum && !fields[0].IsDefined(typeof(WireEnumAttribute))))
        {
            return null;
        }

        // Of an element whose size is not a multiple of its alignment, bytes are left over behind the last: padding, which a write would carry out.
        if (RuntimeHelpers.SizeOf(type.TypeHandle) != array.Length * (long)RuntimeHelpers.SizeOf(element.TypeHandle))
        {
            return null;
        }

        int primitive = SizeOfPrimitive(element);
        if (primitive != 0)
        {
            return new InlineArrayElement(primitive);
        }

        if (!IsMarked(element))
        {
            return Of(element);
        }

        // As in Representation: of an element that has changed the layout is of another type.
        FieldLayout layout = FieldLayout.Parse(((ISharedLayout)RuntimeHelpers.GetUninitializedObject(element)).Fields);
        return layout.Size == RuntimeHelpers.SizeOf(element.TypeHandle) ? new InlineArrayElement(layout) : null;
    }

    /// <summary>
    /// Whether the type itself is marked. Asked of the type and not of an instance: of <c>Nullable&lt;S&gt;</c> the runtime makes an S, and a
    /// Nullable's flag is a bool.
    /// </summary>
    [UnconditionalSuppressMessage("Trimming", "IL2070", Justification = "The marker is what is looked for: where it was trimmed no value of the type can be read.")]
    private static bool IsMarked(Type element) => Array.Exists(element.GetInterfaces(), one =>
        one.IsGenericType && one.GetGenericTypeDefinition() == typeof(IAllValid<>) && one.GenericTypeArguments[0] == element);

    /// <summary>Reverses the bytes of each element that stands in another order than this host's.</summary>
    public void ReverseAll(Span<byte> bytes)
    {
        for (; !bytes.IsEmpty; bytes = bytes[_size..])
        {
            if (_layout is not null)
            {
                _layout.ReverseForeignFields(bytes[.._size]);
            }
            else
            {
                bytes[.._size].Reverse();
            }
        }
    }

    // Of an enum, the integer behind it.
    private static int SizeOfPrimitive(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte or TypeCode.SByte => 1,
        TypeCode.Int16 or TypeCode.UInt16 or TypeCode.Char => 2,
        TypeCode.Int32 or TypeCode.UInt32 or TypeCode.Single => 4,
        TypeCode.Int64 or TypeCode.UInt64 or TypeCode.Double => 8,
        _ => type == typeof(Half) ? 2 : type == typeof(Int128) || type == typeof(UInt128) ? 16 : 0,
    };
}

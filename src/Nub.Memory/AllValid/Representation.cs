using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// What the runtime knows of a type that is to cross the boundary: whether it may, and how its bytes become a value of this
/// host. Everything here is a constant to the optimizing compiler, so the check costs nothing.
/// </summary>
internal static class Representation<T> where T : unmanaged
{
    // An interface is found on a boxed value, without reflection, so that trimming cannot break it.
    private static readonly FieldLayout? s_declared = Once.Make(static () => default(T) is IAllValid<T> marked ? FieldLayout.Parse(marked.Fields) : null);

    // A struct in it that stands in another assembly may have changed since this one was generated for: then the layout is of another type, and neither fields nor padding are where it says.
    private static readonly FieldLayout? s_layout = s_declared?.Size == Unsafe.SizeOf<T>() ? s_declared : null;
    private static readonly InlineArrayElement? s_element = s_declared is null && !IsPrimitive ? Once.Make(static () => InlineArrayElement.Of(typeof(T))) : null;
    private static readonly bool s_isAllValid = s_layout is not null || s_element is not null;
    private static readonly bool s_isForeign = s_layout is { HasForeignFields: true } || s_element is { IsForeign: true };

    /// <summary>
    /// Whether every bit pattern is a legal value: a primitive, a generated struct, or an inline array of these. It asks a field, so that all that is known
    /// of a type is found out here, before an access begins: the initializer allocates, runs a static constructor of the user's, and may throw.
    /// </summary>
    public static bool IsAllValid
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsPrimitive || s_isAllValid;
    }

    /// <summary>The fields of a generated struct; null for any other type.</summary>
    public static FieldLayout? Layout => s_layout;

    private static bool IsPrimitive
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => typeof(T) == typeof(byte) || typeof(T) == typeof(sbyte)
            || typeof(T) == typeof(ushort) || typeof(T) == typeof(short) || typeof(T) == typeof(char) || typeof(T) == typeof(Half)
            || typeof(T) == typeof(uint) || typeof(T) == typeof(int) || typeof(T) == typeof(float)
            || typeof(T) == typeof(ulong) || typeof(T) == typeof(long) || typeof(T) == typeof(double)
            || typeof(T) == typeof(UInt128) || typeof(T) == typeof(Int128);
    }

    /// <summary>Refuses a type that no analyzer saw.</summary>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> is not AllValid.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void ThrowIfNotAllValid()
    {
        if (!IsAllValid)
        {
            Throw();
        }
    }

    /// <summary>Turns a value whose bytes stand as in shared memory into one of this host; or back, which is the same.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Convert(T value)
    {
        if (IsPrimitive)
        {
            return BitConverter.IsLittleEndian ? value : ByteOrder.Reverse(value);
        }

        return s_isForeign ? ConvertFields(value) : value;
    }

    /// <summary>Whether values stand otherwise in shared memory than on this host.</summary>
    public static bool IsForeign
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => IsPrimitive ? !BitConverter.IsLittleEndian && Unsafe.SizeOf<T>() > 1 : s_isForeign;
    }

    /// <summary>Turns values whose bytes stand as in shared memory into those of this host; or back, which is the same.</summary>
    public static void ConvertAll(Span<T> values)
    {
        if (IsForeign)
        {
            foreach (ref T value in values)
            {
                value = Convert(value);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static T ConvertFields(T value)
    {
        // Sound: value is a private copy of sizeof(T) bytes, and T is AllValid, so whatever the bytes become is legal.
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref value));
        if (s_layout is not null)
        {
            s_layout.ReverseForeignFields(bytes);
        }
        else
        {
            s_element!.ReverseAll(bytes);
        }

        return value;
    }

    private static void Throw() => throw (s_declared is null ? new NotAllValidException(typeof(T)) : new NotAllValidException(typeof(T), s_declared.Size, Unsafe.SizeOf<T>()));
}

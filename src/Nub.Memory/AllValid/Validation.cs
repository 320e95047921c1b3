using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>The generated check of a type, found once.</summary>
internal static class Validation<T> where T : unmanaged
{
    private static readonly IValidateOnRead<T>? s_validator = Once.Make(static () => default(T) as IValidateOnRead<T>);
    private static readonly FieldLayout? s_layout = Once.Make(static () => s_validator is null ? null : FieldLayout.Parse(s_validator.Fields));

    // As in Representation: of a type that has changed the check would look at the bytes of another.
    private static readonly bool s_isOfLayout = s_layout?.Size == Unsafe.SizeOf<T>();

    /// <summary>The check.</summary>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> was not generated as <c>[ValidateOnRead]</c>, or has changed since.</exception>
    public static IValidateOnRead<T> Validator => s_isOfLayout ? s_validator! : throw Refusal();

    /// <summary>The fields, for code that formats the bytes; null when the type was not generated.</summary>
    public static FieldLayout? Layout => s_layout;

    /// <summary>Turns a value into its shared bytes, in place, and checks them.</summary>
    /// <param name="copy">A private copy of the value, of which nothing is left but the bytes.</param>
    /// <exception cref="ArgumentException">The value is not legal.</exception>
    /// <exception cref="NotAllValidException"><typeparamref name="T"/> was not generated as <c>[ValidateOnRead]</c>, or has changed since.</exception>
    public static ReadOnlySpan<byte> Encode(ref T copy)
    {
        IValidateOnRead<T> validator = Validator;

        // Sound: the bytes of a private copy, which is not read as a T any more. Padding holds whatever was in the host's memory.
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref copy));
        s_layout!.ClearGaps(bytes);
        s_layout.ReverseForeignFields(bytes);
        if (!validator.TryDecode(bytes, out _))
        {
            ThrowIllegal(bytes, "value");
        }

        return bytes;
    }

    private static NotAllValidException Refusal() =>
        s_layout is null ? new NotAllValidException(typeof(T), "ValidateOnRead") : new NotAllValidException(typeof(T), s_layout.Size, Unsafe.SizeOf<T>());

    [DoesNotReturn]
    private static void ThrowIllegal(ReadOnlySpan<byte> bytes, string name) =>
        throw new ArgumentException($"The value is not legal, and nothing was written: {FieldText.Of<T>(bytes)}.", name);
}

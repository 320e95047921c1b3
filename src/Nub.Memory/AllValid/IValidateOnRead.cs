using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Nub.Memory;

/// <summary>
/// What the generator implements on <see cref="ValidateOnReadAttribute"/> structs. To write it by hand is an error (NUB0006).
/// </summary>
/// <typeparam name="TSelf">The struct itself.</typeparam>
public interface IValidateOnRead<TSelf> : ISharedLayout where TSelf : unmanaged
{
    /// <summary>Whether the bytes of each field are a legal value of it: asked <em>before</em> a value of the struct exists.</summary>
    /// <param name="source">A private copy of the shared bytes, at least as many as the struct has.</param>
    /// <returns>Whether they are.</returns>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    bool IsLegal(ReadOnlySpan<byte> source);

    /// <summary>What the struct's own <c>Validate</c> says of a value whose fields are legal.</summary>
    /// <param name="value">The value, in this host's byte order.</param>
    /// <returns>Whether it accepts the value.</returns>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    bool Accepts(in TSelf value) => true;

    /// <summary>Decodes a private copy of the shared bytes: <see cref="IsLegal"/>, then the byte orders, then <see cref="Accepts"/>.</summary>
    /// <param name="bytes">A private copy of the shared bytes, of the struct's size.</param>
    /// <param name="value">The decoded value; <see langword="default"/> when the bytes are not legal.</param>
    /// <returns>Whether the bytes are a legal value.</returns>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    sealed bool TryDecode(ReadOnlySpan<byte> bytes, out TSelf value)
    {
        value = default;
        if (!IsLegal(bytes))
        {
            return false;
        }

        // Sound: the bytes are private and were found legal, and turning the byte order back is how a legal value was stored.
        TSelf copy = MemoryMarshal.Read<TSelf>(bytes);
        Validation<TSelf>.Layout!.ReverseForeignFields(MemoryMarshal.AsBytes(new Span<TSelf>(ref copy)));
        if (!Accepts(in copy))
        {
            return false;
        }

        value = copy;
        return true;
    }
}

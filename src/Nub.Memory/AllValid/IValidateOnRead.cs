using System.ComponentModel;

namespace Nub.Memory;

/// <summary>
/// What the generator implements on <see cref="ValidateOnReadAttribute"/> structs. To write it by hand is an error (NUB0006).
/// </summary>
/// <typeparam name="TSelf">The struct itself.</typeparam>
public interface IValidateOnRead<TSelf> where TSelf : unmanaged
{
    /// <summary>
    /// Decodes a private copy of the shared bytes: checks that each field's bytes are a legal value <em>before</em> a value of
    /// the struct exists, converts big-endian fields, and asks the struct's own <c>Validate</c>.
    /// </summary>
    /// <param name="bytes">A private copy of the shared bytes, of the struct's size.</param>
    /// <param name="value">The decoded value; <see langword="default"/> when the bytes are not legal.</param>
    /// <returns>Whether the bytes are a legal value.</returns>
    [EditorBrowsable(EditorBrowsableState.Advanced)]
    bool TryDecode(ReadOnlySpan<byte> bytes, out TSelf value);
}

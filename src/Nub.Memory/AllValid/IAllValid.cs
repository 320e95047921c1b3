using System.ComponentModel;

namespace Nub.Memory;

/// <summary>
/// The marker of a struct that may cross the boundary unchecked: every bit pattern of its size is legal. The generator
/// implements it on <see cref="AllValidAttribute"/> structs; to write it by hand is an error (NUB0006), because nobody would
/// have proved anything.
/// </summary>
/// <typeparam name="TSelf">The struct itself.</typeparam>
public interface IAllValid<TSelf> : ISharedLayout where TSelf : unmanaged;

/// <summary>How the fields of a generated struct stand in shared memory, for code that has the struct's bytes and not its type.</summary>
[EditorBrowsable(EditorBrowsableState.Advanced)]
public interface ISharedLayout
{
    /// <summary>The size of the struct in bytes.</summary>
    int Size { get; }

    /// <summary>
    /// Whether a field's bytes in shared memory stand in another order than this host's, so that every value must go through
    /// <see cref="ReverseForeignFields"/>. Constant for a struct on a host.
    /// </summary>
    bool HasForeignFields { get; }

    /// <summary>
    /// Reverses the bytes of each field whose order in shared memory is not this host's: big-endian fields on a little-endian
    /// host, the others on a big-endian one. Its own inverse, so it decodes and encodes.
    /// </summary>
    /// <param name="bytes">The bytes of one value, in private memory; exactly the struct's size.</param>
    void ReverseForeignFields(Span<byte> bytes);
}

using System.ComponentModel;

namespace Nub.Memory;

/// <summary>
/// The marker of a struct that may cross the boundary unchecked: every bit pattern of its size is legal. The generator
/// implements it on <see cref="AllValidAttribute"/> structs; to write it by hand is an error (NUB0006), because nothing would
/// have been proved.
/// </summary>
/// <typeparam name="TSelf">The struct itself.</typeparam>
public interface IAllValid<TSelf> : ISharedLayout where TSelf : unmanaged;

/// <summary>How the fields of a generated struct stand in shared memory, for code that has the struct's bytes and not its type.</summary>
[EditorBrowsable(EditorBrowsableState.Advanced)]
public interface ISharedLayout
{
    /// <summary>
    /// The size of the struct and its fields, as one string that this library reads once for a type:
    /// <c>16 Address:u8 Length:u4 Port:U2 Next:u2</c>.
    /// </summary>
    /// <remarks>
    /// <para>The size in bytes; then <c>!</c> where a big-endian host could not turn a union's bytes for one field without spoiling
    /// another; then each field behind a space: its name, a colon, its type, and what is not as usual.</para>
    /// <para>A type is a letter and a size in bytes (<c>u</c> unsigned, <c>i</c> signed, <c>f</c> floating point, <c>c</c> UTF-16
    /// character, <c>b</c> bool; a capital where the bytes stand most significant first), or a struct in braces. Behind it stand
    /// <c>*</c> and the number of elements of an array, <c>@</c> and the offset of a field that does not begin where the one before
    /// it ends, and <c>=</c> where another field turns these bytes already. No field leaves the struct's size.</para>
    /// </remarks>
    string Fields { get; }

    /// <summary>
    /// Whether a field's bytes in shared memory stand in another order than this host's, so that a value is not its shared bytes. It is read from
    /// <see cref="Fields"/>: ask once for a type.
    /// </summary>
    sealed bool HasForeignFields => FieldLayout.Parse(Fields).HasForeignFields;
}

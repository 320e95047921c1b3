namespace Nub.Memory;

/// <summary>
/// On an <see cref="AllValidAttribute"/> or <see cref="ValidateOnReadAttribute"/> struct: elements follow it in shared memory, as a flexible array member of C does. The
/// generator writes <c>TryTail</c> in the view, which judges their number and gives a view of them.
/// </summary>
/// <remarks>
/// <para>With a count, <c>TryTail(max, out tail)</c> reads that field once; it is <see langword="false"/> where the field is more than <c>max</c>, and where that many elements would leave the
/// memory, or the guest's region, in which the struct stands. Without one, <c>TryTail(count, out tail)</c> takes the number that the host knows.</para>
/// <para>What stands behind is known of a view that was bound by <c>At</c> or <c>TryAt</c>. Of one that is an element of an array, or a part of another struct, there is nothing: only a tail of no elements is given.</para>
/// </remarks>
/// <typeparam name="T">An element: a primitive, an <see cref="AllValidAttribute"/> struct, or an inline array of these.</typeparam>
/// <param name="count">The name of the integer field that says how many elements there are: <c>nameof(Count)</c>. Null when none does.</param>
[AttributeUsage(AttributeTargets.Struct, Inherited = false)]
public sealed class TailAttribute<[AllValid] T>(string? count = null) : Attribute where T : unmanaged
{
    /// <summary>The name of the field that says how many elements there are; null when none does.</summary>
    public string? Count { get; } = count;

    /// <summary>Where the first element begins, in bytes from the start of the struct, from 1 to its size: C may put it where the struct has padding. 0 stands for the size.</summary>
    public int Offset { get; set; }

    /// <summary>Whether primitive elements are stored most significant byte first. Where the struct is <see cref="BigEndianAttribute"/>, they are; structs and inline arrays must be marked so themselves then.</summary>
    public bool BigEndian { get; set; }
}

using System.Globalization;
using System.Runtime.CompilerServices;
using Nub.Memory;

namespace Nub.Ipc;

/// <summary>Whether the values of a type stand in shared memory as they do in this process, so that many can be copied at once.</summary>
internal static class ValueBytes<[AllValid] T> where T : unmanaged
{
    /// <summary>
    /// A constant to the optimizing compiler. <see langword="false"/> for what may have to be reversed: fields in another byte order, inline arrays, of which
    /// it cannot be seen from outside, and everything on a big-endian host.
    /// </summary>
    public static readonly bool AreHostBytes = BitConverter.IsLittleEndian
        && (typeof(T).IsPrimitive || typeof(T) == typeof(Int128) || typeof(T) == typeof(UInt128) || typeof(T) == typeof(Half)
            || (default(T) is IAllValid<T> { HasForeignFields: false } marked && IsOfSize(marked.Fields)));

    // A struct that has changed since its layout was generated goes the way on which Nub.Memory refuses it.
    private static bool IsOfSize(string fields)
    {
        int digits = fields.AsSpan().IndexOfAnyExceptInRange('0', '9');
        return int.Parse(digits < 0 ? fields : fields.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture) == Unsafe.SizeOf<T>();
    }
}

namespace Nub.Tool.CTypes;

/// <summary>The typedefs of the kernel whose names say a byte order. To the compiler they are plain integers.</summary>
internal static class ByteOrderNames
{
    private static readonly string[] s_sizes = ["16", "32", "64"];

    public static COrder Of(string typedef) =>
        Is(typedef, "__be") ? COrder.Big : Is(typedef, "__le") || IsVirtio(typedef) ? COrder.Little : COrder.Native;

    /// <summary>Whether it is one of virtio's, which are little-endian since version 1.0 and of the guest's order before.</summary>
    public static bool IsVirtio(string typedef) => Is(typedef, "__virtio");

    private static bool Is(string typedef, string prefix) =>
        typedef.StartsWith(prefix, StringComparison.Ordinal) && s_sizes.Contains(typedef[prefix.Length..]);
}
